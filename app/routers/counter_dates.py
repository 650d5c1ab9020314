"""The counter's door to the day and time to come, for who has no phone: whatever the applicant reaches on their own.

A draft is filled in with the consent to begin or help; once it was handed in, each step takes a code for the step rebook.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.routers.application_slots import ask_now, slot_now, wait_now
from app.routers.applications import appointment_out
from app.routers.http.deps import TheHouse
from app.routers.http.guards import staff
from app.routers.http.idempotency import KEY_REQUIRED, begin_once
from app.routers.schemas.applications import AppointmentOut
from app.routers.schemas.appointments import DayAskIn, DayAskOut, WaitIn, WaitOut
from app.routers.schemas.counter import ConsentGiven
from app.services import applications
from app.services.applications import assisting
from app.services.identity.problems import CONSENT_REFUSED
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"])
AtCounter = Annotated[Actor, staff(Role.COUNTER)]
PATH = "/v1/counter/assisted/applications/{id}/appointment"
NO_CONTENT = 204


class AssistedSlotIn(BaseModel):
    """The slot, and the applicant's code once the application was handed in."""

    starts_at: AwareDatetime
    consent: ConsentGiven | None = None


class AssistedWaitIn(WaitIn):
    """The days, and the applicant's code once the application was handed in."""

    consent: ConsentGiven | None = None


class AssistedAskIn(DayAskIn):
    """The drawn day, and the applicant's code once the application was handed in."""

    consent: ConsentGiven | None = None


class ReleaseIn(BaseModel):
    """What is given up: the place that is held or booked, the place on the waiting list, or the ask for a drawn day."""

    what: Literal["place", "wait", "ask"]
    consent: ConsentGiven | None = None


@router.post(PATH, response_model=AppointmentOut, openapi_extra=KEY_REQUIRED)
async def choose_slot(
    id: UUID, body: AssistedSlotIn, request: Request, actor: AtCounter, house: TheHouse
) -> JSONResponse:
    """Choose a slot for the applicant, or take the one that is offered to them. Once the application was handed in, each other
    date needs their code for the step rebook. Needs an Idempotency-Key."""

    async def choose(tx: Tx, consent: UUID | None) -> JsonValue:
        booking = await applications.choose_slot(tx, id, body.starts_at, consent=consent)
        return appointment_out(house, booking).model_dump(mode="json")

    return await _with_code(house, actor, request, id, body.consent, choose)


@router.get(PATH)
async def get_slot(id: UUID, actor: AtCounter, house: TheHouse) -> AppointmentOut:
    """The place that is held or booked for the applicant. The look is recorded."""
    await assisting.check_helps(house, actor, id)
    return await slot_now(house, await applications.application_for(house, actor, id))


@router.put(f"{PATH}/wait", response_model=WaitOut, openapi_extra=KEY_REQUIRED)
async def wait(id: UUID, body: AssistedWaitIn, request: Request, actor: AtCounter, house: TheHouse) -> JSONResponse:
    """Wait for a place for the applicant, where all are taken; a freed one is offered in turn, and they are told at once. Once
    handed in it needs their code for the step rebook. Needs an Idempotency-Key."""

    async def join(tx: Tx, consent: UUID | None) -> JsonValue:
        waits = await applications.wait_for_slot(tx, id, first=body.first, last=body.last, consent=consent)
        return WaitOut.of(waits).model_dump(mode="json")

    return await _with_code(house, actor, request, id, body.consent, join)


@router.get(f"{PATH}/wait")
async def get_wait(id: UUID, actor: AtCounter, house: TheHouse) -> WaitOut:
    """For which days the applicant waits, and how many wait before them. The look is recorded."""
    await assisting.check_helps(house, actor, id)
    return await wait_now(house, id)


@router.put(f"{PATH}/ask", response_model=DayAskOut, openapi_extra=KEY_REQUIRED)
async def ask_for_day(
    id: UUID, body: AssistedAskIn, request: Request, actor: AtCounter, house: TheHouse
) -> JSONResponse:
    """Take part in the draw of a scarce day for the applicant, while its hour runs. Once handed in it needs their code for the
    step rebook. Needs an Idempotency-Key."""

    async def ask(tx: Tx, consent: UUID | None) -> JsonValue:
        await applications.ask_for_day(tx, id, day=body.day, wishes=body.wishes, consent=consent)
        return (await ask_now(tx.session, id, now=tx.now)).model_dump(mode="json")

    return await _with_code(house, actor, request, id, body.consent, ask)


@router.get(f"{PATH}/ask")
async def get_ask(id: UUID, actor: AtCounter, house: TheHouse) -> DayAskOut:
    """The day that is asked for and not drawn yet. The look is recorded."""
    await assisting.check_helps(house, actor, id)
    async with house.db.read() as connection:
        return await ask_now(connection, id, now=house.clock.now())


@router.post(f"{PATH}/release", status_code=NO_CONTENT, response_class=Response, openapi_extra=KEY_REQUIRED)
async def release(id: UUID, body: ReleaseIn, request: Request, actor: AtCounter, house: TheHouse) -> Response:
    """Give up the applicant's place, their place on the waiting list, or their ask for a drawn day. Once handed in it needs their
    code for the step rebook. Needs an Idempotency-Key."""

    async def give_up(tx: Tx, consent: UUID | None) -> JsonValue:
        if body.what == "place":
            await applications.drop_slot(tx, id, consent=consent)
        elif body.what == "wait":
            await applications.stop_waiting(tx, id, consent=consent)
        else:
            await applications.withdraw_ask(tx, id, consent=consent)
        return None

    await _with_code(house, actor, request, id, body.consent, give_up, status=NO_CONTENT)
    return Response(status_code=NO_CONTENT)


async def _with_code(
    house: House,
    actor: Actor,
    request: Request,
    id: UUID,
    code: str | None,
    work: Callable[[Tx, UUID | None], Awaitable[JsonValue]],
    *,
    status: int = 200,
) -> JSONResponse:
    """The step, with the applicant's code where it takes one; a wrong code counts as a try."""
    await assisting.check_helps(house, actor, id)
    asks = (await applications.application_for(house, actor, id)).state != "draft"
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        consent = await assisting.use(once.tx, id, "rebook", code) if asks else None
        if consent is not None or not asks:
            return await once.keep(await work(once.tx, consent), status)
    raise CONSENT_REFUSED()
