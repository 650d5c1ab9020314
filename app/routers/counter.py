"""The staff's door: what waits, a case on one page, one decision at a time. Every look and every decision is recorded."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.contacts import parse_mobile
from app.core.db import Tx
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import Staff, staff
from app.routers.http.idempotency import KEY_REQUIRED, begin_once
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, cursor_part, read_cursor, read_time_and_id
from app.routers.schemas.counter import (
    ActionIn,
    ActionOut,
    BlockOut,
    Blocks,
    CaseOut,
    Signed,
    SignIn,
    TaskOut,
    Tasks,
    UndrawnOut,
)
from app.services import etle
from app.services.cases import Case
from app.services.identity.roles import Role
from app.services.registries import Vehicle

router = APIRouter(tags=["counter"])
Investigator = Annotated[Actor, staff(Role.INVESTIGATOR)]


@router.get("/v1/counter/tasks")
async def list_tasks(actor: Staff, house: TheHouse, limit: PageLimit = 50, after: PageAfter = None) -> Tasks:
    """Your open work, oldest first: drawn cases come to who was drawn, and four eyes keep out who must not.

    `being_drawn` is what waits in your unit for its lot.
    """
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    found = await etle.tasks_for(house, actor, limit=limit + 1, after=last)
    page = found[:limit]
    following = cursor_of(str(page[-1].id)) if len(found) > limit else None
    undrawn = [] if after else await etle.undrawn_for(house, actor, limit=limit)
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
) -> CaseOut:
    """A case of your unit. The look is recorded and the citizen sees it; without work on it, `purpose` is needed."""
    return CaseOut.of(await etle.open_for_review(house, actor, id, purpose=purpose), lang)


@router.post("/v1/counter/cases/{id}/actions", response_model=ActionOut, openapi_extra=KEY_REQUIRED)
async def act(id: UUID, body: ActionIn, request: Request, actor: Staff, house: TheHouse) -> JSONResponse:
    """One decision on a case. Needs an Idempotency-Key; a move that is not declared is refused with those that are."""
    vehicle = await etle.find_vehicle_for(house, body.plate)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        case = await _carry_out(once.tx, id, body, vehicle)
        answer = ActionOut(id=case.id, state=case.state, version=case.version)
        return await once.keep(answer.model_dump(mode="json"))


@router.get("/v1/counter/blocks")
async def list_blocks(actor: Investigator, house: TheHouse, limit: PageLimit = 50, after: PageAfter = None) -> Blocks:
    """STNK block proposals of your unit that wait for a signature, oldest first."""
    async with house.db.read() as connection:
        found = await etle.list_proposed(connection, actor.unit or "", limit=limit + 1, after=read_time_and_id(after))
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


async def _carry_out(tx: Tx, id: UUID, body: ActionIn, vehicle: Vehicle | None) -> Case:
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
        plate=body.plate,
        vehicle=vehicle,
        kind=body.kind,
    )
    return await etle.decide(tx, id, decision)
