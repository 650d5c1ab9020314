"""The counter's door to consent on paper, for a citizen without a phone: print, scan, and a second officer who confirms."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import JSONResponse, Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.routers.counter_assist import PersonIn
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import staff
from app.routers.http.idempotency import (
    KEY_OPTIONAL,
    KEY_REQUIRED,
    answer_once,
    begin_once,
    earlier_answer,
    need_key,
)
from app.routers.schemas.consent_forms import ConsentForm, ConsentForms
from app.routers.schemas.counter import ConsentIn
from app.services import applications, cases, etle
from app.services.applications import assisting
from app.services.cases import FormView, paper_consents
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"])
AtCounter = Annotated[Actor, staff(Role.COUNTER)]
Second = Annotated[Actor, staff(Role.COUNTER, Role.OFFICER, Role.SENIOR_OFFICER, Role.SUPERVISOR)]
FORM_AROUND_A_FILE = 65_536
NO_STORE = {"Cache-Control": "private, no-store"}


@router.post(
    "/v1/counter/cases/{id}/consent-forms", status_code=201, response_model=ConsentForm, openapi_extra=KEY_REQUIRED
)
async def print_form(
    id: UUID, body: ConsentIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """A form for the citizen who has no phone for a code: for one step of a ticket or an application of your unit, good for
    24 hours, once. Its number goes where the code would. Needs an Idempotency-Key."""
    need_key(request)
    await house[Limits].hit("consent-case", str(id))
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        form = await print_for(once.tx, id, body.action)
        return await once.keep(ConsentForm.of(form, lang).model_dump(mode="json"), 201)


@router.post(
    "/v1/counter/assisted/consent-forms", status_code=201, response_model=ConsentForm, openapi_extra=KEY_REQUIRED
)
async def print_to_begin(
    body: PersonIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """A form for beginning an application for this person, whom the population register must know. Needs an Idempotency-Key."""
    need_key(request)
    claim = body.to_claim()
    await house[Limits].hit("consent-case", house.keys.blind_index("nik", claim.nik))
    person = await assisting.registered(house, claim)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        form = await assisting.print_to_begin(once.tx, person)
        return await once.keep(ConsentForm.of(form, lang).model_dump(mode="json"), 201)


@router.get("/v1/counter/consent-forms")
async def list_forms(actor: Second, house: TheHouse, lang: TheLang) -> ConsentForms:
    """The forms of your unit that are good and were not used, the newest first, at most 100."""
    found = await paper_consents.list_open(house, actor)
    return ConsentForms(forms=[ConsentForm.of(each, lang) for each in found])


@router.get("/v1/counter/consent-forms/{id}/form.pdf", response_class=Response)
async def get_form(id: UUID, actor: AtCounter, house: TheHouse) -> Response:
    """The form for the printer. The look is recorded."""
    data = await paper_consents.form_pdf(house, actor, id)
    return Response(data, media_type="application/pdf", headers={"Content-Disposition": "inline", **NO_STORE})


@router.put(
    "/v1/counter/consent-forms/{id}/scan",
    response_model=ConsentForm,
    max_body_size=paper_consents.MAX_SCAN_BYTES + FORM_AROUND_A_FILE,
    openapi_extra=KEY_OPTIONAL,
)
async def put_scan(
    id: UUID, request: Request, actor: AtCounter, *, house: TheHouse, lang: TheLang, file: Annotated[UploadFile, File()]
) -> JSONResponse:
    """The signed form as a picture or PDF; a better scan replaces it until it is confirmed. The log names its hash."""
    await house[Limits].hit("attachment-case", str(id))
    data = await file.read()
    if (earlier := await earlier_answer(house, actor, request, sent=data)) is not None:
        return earlier
    scan = await paper_consents.store_scan(house, actor, id, data)

    async def keep(tx: Tx) -> ConsentForm:
        return ConsentForm.of(await paper_consents.keep_scan(tx, id, scan), lang)

    return await answer_once(house, actor, request, keep, sent=data)


@router.get("/v1/counter/consent-forms/{id}/scan", response_class=Response)
async def get_scan(id: UUID, actor: Second, house: TheHouse) -> Response:
    """The signed form, always as a download. The look is recorded."""
    data, media_type = await paper_consents.open_scan(house, actor, id)
    return Response(data, media_type=media_type, headers={"Content-Disposition": "attachment", **NO_STORE})


@router.post("/v1/counter/consent-forms/{id}/seen", response_model=ConsentForm, openapi_extra=KEY_REQUIRED)
async def confirm_seen(id: UUID, request: Request, actor: Second, house: TheHouse, lang: TheLang) -> JSONResponse:
    """You have seen the person, who says that signature and wish are theirs. Never by who printed or scanned the form: 403
    `cases-consent-form-four-eyes`. Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        form = await paper_consents.confirm_seen(once.tx, id)
        return await once.keep(ConsentForm.of(form, lang).model_dump(mode="json"))


async def print_for(tx: Tx, case_id: UUID, step: str) -> FormView:
    """A form for a step of this case, a ticket or an application."""
    if await cases.lifecycle_of(tx.session, case_id) == applications.LIFECYCLE:
        return await assisting.print_consent(tx, case_id, step)
    return await etle.at_counter.print_consent(tx, case_id, step)
