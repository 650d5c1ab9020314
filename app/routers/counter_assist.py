"""The counter's door for people without a phone or computer: the officer types, each step needs the applicant's own code."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, JsonValue

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Lang, Text
from app.routers.application_papers import MAX_PAPER_BYTES, take_paper
from app.routers.applications import (
    IfMatch,
    application_json,
    read_version,
    with_etag,
)
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import staff
from app.routers.http.idempotency import (
    KEY_NO_TWICE,
    KEY_OPTIONAL,
    KEY_REQUIRED,
    answer_once,
    begin_once,
    need_key,
)
from app.routers.schemas.applications import Application, ApplicationPatch, CheckOut, DocumentOut
from app.routers.schemas.counter import ConsentGiven
from app.routers.schemas.refunds import RefundAccountIn, RefundAccountOut
from app.services import applications, billing
from app.services.applications import assisting
from app.services.catalogue import Catalogue
from app.services.identity.problems import CONSENT_REFUSED
from app.services.identity.roles import Role
from app.services.registries import Nik, parse_kk

router = APIRouter(tags=["counter"])
AtCounter = Annotated[Actor, staff(Role.COUNTER)]
NOT_A_NIK = Text("Bukan NIK: 16 angka, seperti di KTP.", "Not a NIK: 16 digits, as on the KTP.")
NOT_A_KK = Text("Bukan nomor KK: 16 angka.", "Not a family card number: 16 digits.")


class PersonIn(BaseModel):
    """Who stands at the counter, as on KTP and family card."""

    nik: Annotated[str, Field(max_length=40)]
    born_on: date
    kk_no: Annotated[str, Field(max_length=40)]

    def to_claim(self) -> assisting.Claim:
        """As the room takes it. Raises INVALID_REQUEST."""
        nik, kk_no = Nik.parse(self.nik), parse_kk(self.kk_no)
        faults = [FieldError("/nik", NOT_A_NIK)] if nik is None else []
        faults += [FieldError("/kk_no", NOT_A_KK)] if kk_no is None else []
        if nik is None or kk_no is None:
            raise INVALID_REQUEST(errors=faults)
        return assisting.Claim(str(nik), self.born_on, kk_no)


class AssistedIn(PersonIn):
    """An application that is begun for somebody, with the code that they were sent."""

    service: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
    form: dict[str, JsonValue] = Field(default_factory=dict, max_length=200)
    consent: ConsentGiven


class StepIn(BaseModel):
    """Which step the applicant is asked about: help, submit, resubmit, cancel, reopen, rebook or account."""

    step: Annotated[str, Field(pattern=r"^(help|submit|resubmit|cancel|reopen|rebook|account)$")]


class ConsentIn(BaseModel):
    """The code that the applicant told you, or the number of the form that they signed."""

    consent: ConsentGiven
    confirm_duplicate: bool = False


class AssistedAccountIn(RefundAccountIn):
    """The applicant's own account, with their code for the step account."""

    consent: ConsentGiven


class CodeSent(BaseModel):
    """Where the code went, covered, and until when it is good."""

    sent_to: str
    good_until: str


@router.post("/v1/counter/assisted/consents", status_code=201, response_model=CodeSent, openapi_extra=KEY_OPTIONAL)
async def ask_to_begin(body: PersonIn, request: Request, actor: AtCounter, house: TheHouse) -> JSONResponse:
    """Send the person a code for beginning an application, to the phone or e-mail of the population register."""
    claim = body.to_claim()
    await house[Limits].hit("consent-case", house.keys.blind_index("nik", claim.nik))
    person = await assisting.registered(house, claim)

    async def ask(tx: Tx) -> CodeSent:
        asked = await assisting.ask_to_begin(tx, person)
        return CodeSent(sent_to=asked.sent_to, good_until=asked.good_until.isoformat())

    return await answer_once(house, actor, request, ask, status=201)


@router.post(
    "/v1/counter/assisted/applications", status_code=201, response_model=Application, openapi_extra=KEY_REQUIRED
)
async def begin(body: AssistedIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang) -> JSONResponse:
    """Begin an application for the person who told you this code, at your own unit. Needs an Idempotency-Key."""
    need_key(request)
    service, person = house[Catalogue].get(body.service), await assisting.registered(house, body.to_claim())
    applicant = await applications.applicant_by_nik(
        house, person.nik, name=person.name, contact=person.phone or person.email, person_id=None
    )
    form = await applications.starting_form(house, service, applicant, unit=actor.unit or "", given=body.form)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        consent = await assisting.allowed_to_begin(once.tx, person, body.consent)
        if consent is not None:
            made = await applications.begin(
                once.tx, service, unit=actor.unit or "", applicant=applicant, form=form, lang=lang, consent=consent
            )
            return await once.keep(await application_json(once.tx, made.case_id, lang), 201)
    raise CONSENT_REFUSED()  # after the commit: the failed try counts


@router.post(
    "/v1/counter/assisted/applications/{id}/consents",
    status_code=201,
    response_model=CodeSent,
    openapi_extra=KEY_OPTIONAL,
)
async def ask(id: UUID, body: StepIn, request: Request, actor: AtCounter, house: TheHouse) -> JSONResponse:
    """Send the applicant a code for one step; they tell it to you if they agree."""
    await house[Limits].hit("consent-case", str(id))

    async def send(tx: Tx) -> CodeSent:
        asked = await assisting.ask(tx, id, body.step)
        return CodeSent(sent_to=asked.sent_to, good_until=asked.good_until.isoformat())

    return await answer_once(house, actor, request, send, status=201)


@router.post("/v1/counter/assisted/applications/{id}/help", response_model=Application, openapi_extra=KEY_REQUIRED)
async def help_with(
    id: UUID, body: ConsentIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Go on with an application that the person began elsewhere, on the same record. Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        if await assisting.use(once.tx, id, assisting.HELP, body.consent) is not None:
            return await once.keep(await application_json(once.tx, id, lang))
    raise CONSENT_REFUSED()


@router.get("/v1/counter/assisted/applications/{id}", response_model=Application)
async def get_application(id: UUID, actor: AtCounter, house: TheHouse, lang: TheLang) -> JSONResponse:
    """The application that you help with; its ETag is what a change must name. The look is recorded."""
    await assisting.check_helps(house, actor, id)
    async with house.db.begin(actor) as tx:
        view = await applications.view_in(tx, id)
        return with_etag(await application_json(tx, id, lang), view.version)


@router.patch("/v1/counter/assisted/applications/{id}", response_model=Application, openapi_extra=KEY_NO_TWICE)
async def change(
    id: UUID,
    body: ApplicationPatch,
    request: Request,
    actor: AtCounter,
    *,
    house: TheHouse,
    lang: TheLang,
    if_match: IfMatch = None,
) -> JSONResponse:
    """Change the draft for its applicant, who allowed this counter to; what registers know is filled in where a question
    is still open. Needs If-Match."""
    await assisting.check_helps(house, actor, id)
    version = read_version(if_match)
    await house[Limits].hit("application-person", actor.id)
    async with begin_once(house, actor, request) as once:
        if once.earlier is None:
            await applications.change(once.tx, id, body.form, expected_version=version, exemption=body.exemption)
            await once.keep(None)
        answer = await _with_version(once.tx, id, lang)
    if not await applications.fill_in(house, actor, id):
        return answer
    async with house.db.begin(actor) as tx:
        return await _with_version(tx, id, lang)


@router.put(
    "/v1/counter/assisted/applications/{id}/documents/{name}",
    response_model=DocumentOut,
    max_body_size=MAX_PAPER_BYTES,
    openapi_extra=KEY_OPTIONAL,
)
async def put_document(
    id: UUID,
    name: str,
    request: Request,
    actor: AtCounter,
    *,
    house: TheHouse,
    lang: TheLang,
    file: Annotated[UploadFile, File()],
) -> JSONResponse:
    """Hand in a paper that the applicant brought; checked as if they had sent it themselves."""
    await assisting.check_helps(house, actor, id)
    await house[Limits].hit("attachment-case", str(id))
    return await take_paper(house, actor, request, id, name, await file.read(), lang)


@router.post("/v1/counter/assisted/applications/{id}/check")
async def check(id: UUID, actor: AtCounter, house: TheHouse, lang: TheLang) -> CheckOut:
    """What the machine finds now, to be told to the applicant with the price before they agree."""
    await assisting.check_helps(house, actor, id)
    checked = await applications.check(house, id)
    return CheckOut.of(checked.result, checked.form_version, lang)


@router.post("/v1/counter/assisted/applications/{id}/submit", response_model=Application, openapi_extra=KEY_REQUIRED)
async def submit(
    id: UUID, body: ConsentIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Hand it in for the applicant who told you this code. Needs an Idempotency-Key."""
    need_key(request)
    await assisting.check_helps(house, actor, id)
    view = await applications.application_for(house, actor, id)
    checked = await applications.check(house, id)
    step = "resubmit" if view.state == "needs_correction" else "submit"
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        consent = await assisting.use(once.tx, id, step, body.consent)
        if consent is not None:
            submission = applications.Submission(view.version, body.confirm_duplicate, consent)
            await applications.submit(once.tx, id, checked, submission)
            return await once.keep(await application_json(once.tx, id, lang))
    raise CONSENT_REFUSED()


@router.put(
    "/v1/counter/assisted/applications/{id}/refund-account",
    response_model=RefundAccountOut,
    openapi_extra=KEY_REQUIRED,
)
async def put_account(
    id: UUID, body: AssistedAccountIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """The account of the applicant who told you this code, to which money comes home by itself if this is refused; the bank is
    asked whose it is. Needs an Idempotency-Key."""
    need_key(request)
    await assisting.check_helps(house, actor, id)
    await house[Limits].hit("refund-account-case", str(id))
    account = billing.parse_account(body.bank_code, body.number, body.holder)
    answer = await billing.ask_bank(house, account)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        consent = await assisting.use(once.tx, id, assisting.ACCOUNT, body.consent)
        if consent is not None:
            view = await applications.give_account(once.tx, id, account, answer, consent=consent)
            return await once.keep(RefundAccountOut.of(view, lang).model_dump(mode="json"))
    raise CONSENT_REFUSED()


@router.post("/v1/counter/assisted/applications/{id}/reopen", response_model=Application, openapi_extra=KEY_REQUIRED)
async def reopen(
    id: UUID, body: ConsentIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Back to the draft, for the applicant who told you this code. Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        consent = await assisting.use(once.tx, id, "reopen", body.consent)
        if consent is not None:
            await applications.reopen(once.tx, id, consent=consent)
            return await once.keep(await application_json(once.tx, id, lang))
    raise CONSENT_REFUSED()


@router.post("/v1/counter/assisted/applications/{id}/cancel", response_model=Application, openapi_extra=KEY_REQUIRED)
async def cancel(
    id: UUID, body: ConsentIn, request: Request, actor: AtCounter, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Cancel it for the applicant who told you this code. Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        consent = await assisting.use(once.tx, id, "cancel", body.consent)
        if consent is not None:
            await applications.discard(once.tx, id, consent=consent)
            return await once.keep(await application_json(once.tx, id, lang))
    raise CONSENT_REFUSED()


async def _with_version(tx: Tx, id: UUID, lang: Lang) -> JSONResponse:
    view = await applications.view_in(tx, id)
    return with_etag(await application_json(tx, id, lang), view.version)
