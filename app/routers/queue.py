"""The doors of the queue: scans, tickets, calls and steps for staff; the list on the wall and real waiting times for all."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text
from app.routers.http.deps import TheHouse
from app.routers.http.etag import not_modified, weak_tag
from app.routers.http.guards import public, staff
from app.routers.http.idempotency import KEY_REQUIRED, begin_once
from app.routers.schemas.appointments import UnitCode
from app.routers.schemas.queue import (
    CallIn,
    CounterQueue,
    EntryOut,
    PublicQueue,
    ScanOut,
    Scans,
    ScansIn,
    StepIn,
    TicketIn,
    WaitingTimes,
)
from app.services import appointments
from app.services.appointments import EntryView, Step
from app.services.identity.roles import Role

router = APIRouter()
AtTheCounter = Annotated[Actor, staff(Role.COUNTER, Role.OFFICER, Role.SUPERVISOR)]
FRESH = {"Cache-Control": "no-cache"}
_WHY = Text("Pilih alasannya.", "Choose why.")


@router.post("/v1/counter/queue/scans", tags=["counter"])
async def take_scans(body: ScansIn, actor: AtTheCounter, house: TheHouse) -> Scans:
    """Check people in by the QR of their appointment. A device that was offline sends its scans later, and again if it got
    no answer: each is counted once by its `scan_id`, each person once. No Idempotency-Key is needed."""
    scans = [each.to_scan() for each in body.scans]
    results = await appointments.take_scans(house, actor, actor.unit or "", scans)
    return Scans(results=[ScanOut.of(each) for each in results])


@router.post(
    "/v1/counter/queue/tickets", tags=["counter"], status_code=201, response_model=EntryOut, openapi_extra=KEY_REQUIRED
)
async def take_ticket(body: TicketIn, request: Request, actor: AtTheCounter, house: TheHouse) -> JSONResponse:
    """A number for somebody who came. Needs an Idempotency-Key. Problems: `cases-not-found`, `queue-full`."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        entry = await appointments.take_ticket(
            once.tx, actor.unit or "", kind=body.kind, case_id=body.case_id, helped=body.helped
        )
        return await once.keep(EntryOut.of(entry).model_dump(mode="json"), 201)


@router.post("/v1/counter/queue/calls", tags=["counter"], response_model=EntryOut, openapi_extra=KEY_REQUIRED)
async def call_next(body: CallIn, request: Request, actor: AtTheCounter, house: TheHouse) -> JSONResponse:
    """Call who is next by the published order, or a number with a reason of the list. Needs an Idempotency-Key: pressed
    twice, one person is called. Problems: `queue-nobody-waits`, `queue-counter-busy`, `queue-number-not-found`,
    `queue-jump-needs-reason`."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        entry = await appointments.call_next(
            once.tx,
            actor.unit or "",
            counter=body.counter,
            kinds=body.kinds,
            number=body.number,
            reason=body.reason,
        )
        return await once.keep(EntryOut.of(entry).model_dump(mode="json"))


@router.post(
    "/v1/counter/queue/tickets/{id}/actions", tags=["counter"], response_model=EntryOut, openapi_extra=KEY_REQUIRED
)
async def take_step(id: UUID, body: StepIn, request: Request, actor: AtTheCounter, house: TheHouse) -> JSONResponse:
    """One step with a number of your unit's queue today. Needs an Idempotency-Key. Problems: `queue-number-not-found`,
    `queue-step-refused`."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        entry = await _carry_out(once.tx, actor.unit or "", id, body)
        return await once.keep(EntryOut.of(entry).model_dump(mode="json"))


@router.get("/v1/counter/queue", tags=["counter"])
async def show_queue(actor: AtTheCounter, house: TheHouse) -> CounterQueue:
    """Your unit's queue today, in the order in which people are called."""
    async with house.db.read() as connection:
        return CounterQueue.of(await appointments.board_of(connection, actor.unit or "", now=house.clock.now()))


@router.get("/v1/units/{code}/queue", dependencies=[public()], tags=["appointments"], response_model=PublicQueue)
async def show_board(code: UnitCode, request: Request, response: Response, house: TheHouse) -> PublicQueue | Response:
    """The queue as the wall shows it: numbers alone. Ask again with `If-None-Match`; a change of it is a change of the tag.

    Problems: `reference-unit-not-found`.
    """
    async with house.db.read() as connection:
        board = PublicQueue.of(await appointments.board_of(connection, code, now=house.clock.now()))
    tag = weak_tag(board.model_dump_json())
    if (unchanged := not_modified(request, tag)) is not None:
        unchanged.headers.update(FRESH)
        return unchanged
    response.headers.update({"ETag": tag, **FRESH})
    return board


@router.get("/v1/units/{code}/waiting-times", dependencies=[public()], tags=["appointments"])
async def show_waiting_times(
    code: UnitCode,
    first: Annotated[date, Query(alias="from", examples=["2026-11-24"])],
    last: Annotated[date, Query(alias="to", examples=["2026-11-30"], description="At most 31 days.")],
    response: Response,
    house: TheHouse,
) -> WaitingTimes:
    """How long people really waited, by day and by hour. Problems: `appointments-days-refused`, `reference-unit-not-found`."""
    async with house.db.read() as connection:
        found = await appointments.waiting_times(connection, code, first=first, last=last)
    response.headers["Cache-Control"] = "public, max-age=60"
    return WaitingTimes.of(code, found)


async def _carry_out(tx: Tx, unit: str, id: UUID, body: StepIn) -> EntryView:
    if isinstance(body.action, Step):
        return await appointments.take_step(tx, unit, id, body.action)
    if body.helped is None:
        raise INVALID_REQUEST(errors=[FieldError("/helped", _WHY)])
    return await appointments.help_person(tx, unit, id, body.helped)
