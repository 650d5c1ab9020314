"""The citizen's door to the day and time to come: a slot, the waiting list where all are taken, the draw of a scarce day."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.house import House
from app.core.limits import Limits
from app.routers.applications import appointment_out
from app.routers.http.deps import TheHouse
from app.routers.http.guards import Applicant
from app.routers.http.idempotency import KEY_OPTIONAL, KEY_REQUIRED, begin_once, do_once
from app.routers.schemas.applications import AppointmentOut, SlotIn
from app.routers.schemas.appointments import DayAskIn, DayAskOut, WaitIn, WaitOut
from app.routers.schemas.queue import MyTurn
from app.services import applications, appointments
from app.services.applications import ApplicationView
from app.services.appointments.problems import NOT_ASKED, NOT_WAITING, QUEUE_ENTRY_NOT_FOUND

router = APIRouter(tags=["applications"])


@router.post("/v1/applications/{id}/appointment", response_model=AppointmentOut, openapi_extra=KEY_REQUIRED)
async def choose_slot(id: UUID, body: SlotIn, request: Request, me: Applicant, house: TheHouse) -> JSONResponse:
    """Choose a slot, or another one. It is held while you finish and pay, and freed at once when let go.

    Needs an Idempotency-Key. 409 `appointments-slot-taken` names the nearest free ones.
    """
    await house[Limits].hit("appointment-person", me.id)
    async with begin_once(house, me, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        booking = await applications.choose_slot(once.tx, id, body.starts_at)
        return await once.keep(appointment_out(house, booking).model_dump(mode="json"))


@router.get("/v1/applications/{id}/appointment")
async def get_slot(id: UUID, me: Applicant, house: TheHouse) -> AppointmentOut:
    """The place that is held or booked, with the token of its check-in code; `misfit` where it cannot be kept any more."""
    return await slot_now(house, await applications.application_for(house, me, id))


@router.delete(
    "/v1/applications/{id}/appointment", status_code=204, response_class=Response, openapi_extra=KEY_OPTIONAL
)
async def drop_slot(id: UUID, request: Request, me: Applicant, house: TheHouse) -> Response:
    """Let the place go; somebody who waits gets it at once."""
    return await do_once(house, me, request, lambda tx: applications.drop_slot(tx, id))


@router.put("/v1/applications/{id}/appointment/wait", response_model=WaitOut, openapi_extra=KEY_OPTIONAL)
async def wait(id: UUID, body: WaitIn, request: Request, me: Applicant, house: TheHouse) -> JSONResponse:
    """Wait for a place between two days where all are taken. A freed one is held for who waits first, who is told at once:
    then `GET /v1/applications/{id}/appointment` shows it. The same days again keep your place in the line.

    Problems: `appointments-already-booked`, `appointments-wait-range`, `applications-no-appointment`.
    """
    await house[Limits].hit("appointment-person", me.id)
    async with begin_once(house, me, request) as once:
        if once.earlier is not None:
            return once.earlier
        waits = await applications.wait_for_slot(once.tx, id, first=body.first, last=body.last)
        return await once.keep(WaitOut.of(waits).model_dump(mode="json"))


@router.get("/v1/applications/{id}/appointment/wait")
async def get_wait(id: UUID, me: Applicant, house: TheHouse) -> WaitOut:
    """For which days you wait, and how many wait before you. 409 `appointments-not-waiting` where you do not."""
    await applications.must_own(house, me, id)
    return await wait_now(house, id)


@router.delete(
    "/v1/applications/{id}/appointment/wait", status_code=204, response_class=Response, openapi_extra=KEY_OPTIONAL
)
async def stop_waiting(id: UUID, request: Request, me: Applicant, house: TheHouse) -> Response:
    """Wait no longer; a place that was offered goes to the next. 409 `appointments-not-waiting` where you do not."""
    return await do_once(house, me, request, lambda tx: applications.stop_waiting(tx, id))


@router.put("/v1/applications/{id}/appointment/ask", response_model=DayAskOut, openapi_extra=KEY_OPTIONAL)
async def ask_for_day(id: UUID, body: DayAskIn, request: Request, me: Applicant, house: TheHouse) -> JSONResponse:
    """Take part in the draw of a scarce day (`drawn` in `GET /v1/units/{code}/slots`) while its hour runs. Again, it
    replaces your wishes. `id` is how the public draw (`/v1/transparency/slot-draws`) knows you.

    Problems: `appointments-day-is-not-drawn`, `appointments-not-asking`, `appointments-no-such-slot`,
    `appointments-already-booked`, `applications-no-appointment`.
    """
    await house[Limits].hit("appointment-person", me.id)
    async with begin_once(house, me, request) as once:
        if once.earlier is not None:
            return once.earlier
        await applications.ask_for_day(once.tx, id, day=body.day, wishes=body.wishes)
        asked = await ask_now(once.tx.session, id, now=once.tx.now)
        return await once.keep(asked.model_dump(mode="json"))


@router.get("/v1/applications/{id}/appointment/ask")
async def get_ask(id: UUID, me: Applicant, house: TheHouse) -> DayAskOut:
    """The day that you ask for and that is not drawn yet. 409 `appointments-not-asked` where you ask for none."""
    await applications.must_own(house, me, id)
    async with house.db.read() as connection:
        return await ask_now(connection, id, now=house.clock.now())


@router.delete(
    "/v1/applications/{id}/appointment/ask", status_code=204, response_class=Response, openapi_extra=KEY_OPTIONAL
)
async def withdraw_ask(id: UUID, request: Request, me: Applicant, house: TheHouse) -> Response:
    """Ask no longer, as long as the asks are not in the public log yet; where you ask for nothing, nothing changes."""
    return await do_once(house, me, request, lambda tx: applications.withdraw_ask(tx, id))


@router.get("/v1/applications/{id}/queue")
async def get_turn(id: UUID, me: Applicant, house: TheHouse) -> MyTurn:
    """Where you stand in the queue today: your number, how many are before you and when it will be your turn, or the counter
    that calls you. The whole list is at `GET /v1/units/{code}/queue`. 404 `queue-number-not-found` before you are checked in."""
    await applications.must_own(house, me, id)
    async with house.db.read() as connection:
        found = await appointments.line_of(connection, id, now=house.clock.now())
    if found is None:
        raise QUEUE_ENTRY_NOT_FOUND()
    return MyTurn.of(found)


# --- what is shown of it, here and at the counter -------------------------------------------------------------------


async def slot_now(house: House, view: ApplicationView) -> AppointmentOut:
    """The place that is held or booked. Raises NO_APPOINTMENT."""
    if view.booking is None:
        raise applications.NO_APPOINTMENT()
    async with house.db.read() as connection:
        conflict = await appointments.conflict_of(connection, view.id, now=house.clock.now())
    misfit = conflict.why if conflict else None
    return appointment_out(house, view.booking).model_copy(update={"misfit": misfit})


async def wait_now(house: House, id: UUID) -> WaitOut:
    """What an application waits for. Raises NOT_WAITING."""
    async with house.db.read() as connection:
        waits = await appointments.wait_of(connection, id)
    if waits is None:
        raise NOT_WAITING()
    return WaitOut.of(waits)


async def ask_now(source: AsyncConnection | AsyncSession, id: UUID, *, now: datetime) -> DayAskOut:
    """The drawn day that an application asks for. Raises NOT_ASKED."""
    asked = await appointments.ask_of(source, id, now=now)
    if asked is None:
        raise NOT_ASKED()
    return DayAskOut.of(asked)
