"""The staff's door: what waits, a case on one page, one decision at a time. Every look and every decision is recorded."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.contacts import parse_mobile
from app.core.db import Tx
from app.core.house import House
from app.core.limits import Limits
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import Staff, staff
from app.routers.http.idempotency import KEY_OPTIONAL, KEY_REQUIRED, answer_once, begin_once, earlier_answer
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, cursor_part, read_cursor, read_time_and_id
from app.routers.schemas.counter import (
    ActionIn,
    ActionOut,
    BlockOut,
    Blocks,
    CaseOut,
    ConsentIn,
    ConsentOut,
    Signed,
    SignIn,
    TaskOut,
    Tasks,
    UndrawnOut,
)
from app.routers.schemas.counter_applications import ApplicationReview
from app.routers.schemas.tickets import AttachmentOut as HandedIn
from app.services import applications, cases, etle
from app.services.cases import Case
from app.services.identity.problems import CONSENT_REFUSED
from app.services.identity.roles import Role
from app.services.registries import Vehicle

router = APIRouter(tags=["counter"])
Investigator = Annotated[Actor, staff(Role.INVESTIGATOR)]
AtCounter = Annotated[Actor, staff(Role.COUNTER)]
FORM_AROUND_A_FILE = 65_536


@router.get("/v1/counter/tasks")
async def list_tasks(
    actor: Staff,
    house: TheHouse,
    limit: PageLimit = 50,
    after: PageAfter = None,
    late: Annotated[bool, Query(description="Only what is over its time.")] = False,
) -> Tasks:
    """Your open work, oldest first: drawn cases come to who was drawn, and four eyes keep out who must not.

    `being_drawn` is what waits in your unit for its lot.
    """
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    found = await etle.tasks_for(house, actor, limit=limit + 1, after=last, late=late)
    page = found[:limit]
    following = cursor_of(str(page[-1].id)) if len(found) > limit else None
    undrawn = [] if after or late else await etle.undrawn_for(house, actor, limit=limit)
    return Tasks(
        tasks=[TaskOut.of(each, actor.id) for each in page],
        being_drawn=[UndrawnOut(**asdict(each)) for each in undrawn],
        next=following,
    )


@router.get("/v1/counter/cases/{id}")
async def open_case(
    id: UUID,
    actor: Staff,
    house: TheHouse,
    lang: TheLang,
    purpose: Annotated[str | None, Query(min_length=5, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")] = None,
) -> CaseOut | ApplicationReview:
    """A case of your unit: a ticket or an application. The look is recorded and the citizen sees it; without work on it,
    `purpose` is needed."""
    if await _is_application(house, id):
        return ApplicationReview.of(
            await applications.open_for_review(house, actor, id, purpose=purpose), actor.id, lang
        )
    return CaseOut.of(await etle.open_for_review(house, actor, id, purpose=purpose), lang)


@router.post("/v1/counter/cases/{id}/actions", response_model=ActionOut, openapi_extra=KEY_REQUIRED)
async def act(id: UUID, body: ActionIn, request: Request, actor: Staff, house: TheHouse) -> JSONResponse:
    """One decision on a case. Needs an Idempotency-Key; a move that is not declared is refused with those that are.

    A citizen's own step needs the citizen's `consent`, the code that they were sent for it and told you.
    """
    vehicle, of_application = await etle.find_vehicle_for(house, body.plate), await _is_application(house, id)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        case = await (_decide_application if of_application else _carry_out)(once.tx, id, body, vehicle)
        if case is not None:
            answer = ActionOut(id=case.id, state=case.state, version=case.version)
            return await once.keep(answer.model_dump(mode="json"))
    raise CONSENT_REFUSED()  # after the commit: the failed try counts


@router.post("/v1/counter/cases/{id}/consents", status_code=201, response_model=ConsentOut, openapi_extra=KEY_OPTIONAL)
async def ask_consent(id: UUID, body: ConsentIn, request: Request, actor: AtCounter, house: TheHouse) -> JSONResponse:
    """Send the citizen whose step this is a code for it, by SMS or e-mail to the contact on record.

    The citizen tells you the code if they agree; it is good for five minutes, for this step alone, once.
    """
    await house[Limits].hit("consent-case", str(id))

    async def ask(tx: Tx) -> ConsentOut:
        asked = await etle.at_counter.ask_consent(tx, id, body.action)
        return ConsentOut(action=body.action, sent_to=asked.sent_to, good_until=asked.good_until)

    return await answer_once(house, actor, request, ask, status=201)


@router.post(
    "/v1/counter/cases/{id}/attachments",
    status_code=201,
    response_model=HandedIn,
    max_body_size=etle.attachments.MAX_BYTES + FORM_AROUND_A_FILE,
    openapi_extra=KEY_OPTIONAL,
)
async def attach(
    id: UUID, request: Request, actor: AtCounter, house: TheHouse, file: Annotated[UploadFile, File()]
) -> JSONResponse:
    """Keep a picture or PDF that the citizen brought; name its id in the answer that you take for them."""
    await house[Limits].hit("attachment-case", str(id))
    data = await file.read()
    if (earlier := await earlier_answer(house, actor, request, sent=data)) is not None:
        return earlier
    stored = await etle.at_counter.store_attachment(house, actor, id, data)

    async def keep(tx: Tx) -> HandedIn:
        return HandedIn.of(await etle.attachments.attach(tx, id, stored))

    return await answer_once(house, actor, request, keep, status=201, sent=data)


@router.get("/v1/counter/blocks")
async def list_blocks(actor: Investigator, house: TheHouse, limit: PageLimit = 50, after: PageAfter = None) -> Blocks:
    """STNK block proposals of your unit that wait for a signature, oldest first."""
    async with house.db.read() as connection:
        found = await etle.list_proposed(
            connection, actor.unit or "", now=house.clock.now(), limit=limit + 1, after=read_time_and_id(after)
        )
    page = found[:limit]
    following = cursor_of(page[-1].proposed_at.isoformat(), str(page[-1].id)) if len(found) > limit else None
    return Blocks(blocks=[BlockOut.of(each) for each in page], next=following)


@router.post("/v1/counter/blocks/sign", response_model=Signed, openapi_extra=KEY_REQUIRED)
async def sign_blocks(body: SignIn, request: Request, actor: Investigator, house: TheHouse) -> JSONResponse:
    """Sign proposals, all or none; the registry is asked at once (Perpol 7/2021 art. 87). Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        signed = await etle.sign(once.tx, body.blocks)
        return await once.keep(Signed(signed=signed).model_dump())


async def _is_application(house: House, id: UUID) -> bool:
    """Whether the case follows the lifecycle of applications; tickets and unknown cases go to the tickets' room."""
    async with house.db.read() as connection:
        return await cases.lifecycle_of(connection, id) == applications.LIFECYCLE


async def _decide_application(tx: Tx, id: UUID, body: ActionIn, _vehicle: Vehicle | None) -> Case | None:
    decision = applications.Decision(
        action=body.action,
        reason=body.reason,
        code=body.code,
        marks=tuple(each.to_mark() for each in body.marks),
        tracking_no=body.tracking_no,
        expected_version=body.version,
    )
    return await applications.decide(tx, id, decision)


async def _carry_out(tx: Tx, id: UUID, body: ActionIn, vehicle: Vehicle | None) -> Case | None:
    """The case after the decision; None where a citizen's code does not hold."""
    if body.action in etle.at_counter.STEPS:
        return await etle.at_counter.answer_for(
            tx, id, body.action, code=body.consent, answer=body.to_answer(), expected_version=body.version
        )
    if body.action == "correct_address":
        phone = parse_mobile(body.phone) if body.phone else None
        return await etle.correct_address(tx, id, address=body.address, phone=phone)
    if body.action == "enter_verdict" and body.fine is not None:
        return await etle.enter_verdict(tx, id, fine=body.fine, cost=body.cost or 0)
    decision = etle.Decision(
        action=body.action,
        reason=body.reason,
        expected_version=body.version,
        registry_matches=body.registry_matches,
        shield_matches=body.shield_matches,
        plate=body.plate,
        vehicle=vehicle,
        kind=body.kind,
    )
    return await etle.decide(tx, id, decision)
