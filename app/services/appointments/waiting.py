"""The waiting list: a freed place is offered to the first who waits, held for them a while, and goes on to the next.

`slots` keeps free places back for those who wait, so that whoever reloads the page fastest gains nothing by it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import Problem
from app.services import cases
from app.services.appointments import bookings, days, grid, records
from app.services.appointments.days import Plan, Reader, offer_until
from app.services.appointments.grid import DayState, Slot
from app.services.appointments.models import AppointmentWait
from app.services.appointments.problems import ALREADY_BOOKED, NOT_WAITING, WAIT_RANGE

SLOT_OFFERED = "applications.slot_offered"
"""The job that tells somebody, by the case's id, that a place is held for them: offered from the list, or drawn."""

NOTHING_DRAWN = "applications.nothing_drawn"
"""The job that tells somebody, by the day and the case's id, that the lot brought them no place on it, and that they wait now."""

WAIT_DAYS = 60
MOST_WEIGHED = 200
"""Waiting people that one offer looks at, the first ones."""


@dataclass(frozen=True, slots=True)
class WaitView:
    """Somebody waits between two days; `ahead` wait before them for days that overlap. ``offered``: a place is held."""

    id: UUID
    case_id: UUID
    unit: str
    kind: str
    first: date
    last: date
    state: str
    ahead: int


async def wait(tx: Tx, case_id: UUID, *, unit: str, kind: str, first: date, last: date) -> WaitView:
    """Wait for a place between these days, both included. Other days than before begin at the end of the list again.

    Locks the case. Raises `appointments-already-booked`, `appointments-wait-range`, `reference-unit-not-found`.
    """
    zone = await days.zone_of(tx.session, unit)
    in_order = grid.day_of(tx.now, zone) <= first <= last and days.within_reach(last, tx.now)
    if not in_order or (last - first).days >= WAIT_DAYS:
        raise WAIT_RANGE(days=WAIT_DAYS)
    await cases.get_locked(tx, case_id)
    booked = await bookings.find_place(tx, case_id)
    if booked is not None:
        raise ALREADY_BOOKED(starts_at=booked.starts_at.astimezone(zone).strftime("%d-%m-%Y %H.%M"))
    for known in await bookings.open_waits(tx, case_id):
        if (known.unit, known.kind, known.first_on, known.last_on) == (unit, kind, first, last):
            return await _view(tx.session, known)
        known.state, known.ended_at = "left", tx.now
    await tx.session.flush()
    made = await join(tx, case_id, unit=unit, kind=kind, first=first, last=last)
    await tx.enqueue(bookings.OFFER_PLACES, unit, kind)
    return await _view(tx.session, made)


async def stop_waiting(tx: Tx, case_id: UUID) -> None:
    """Leave the list; an offered place goes to the next. Raises `appointments-not-waiting`."""
    await cases.get_locked(tx, case_id)
    waits = await bookings.open_waits(tx, case_id)
    if not waits:
        raise NOT_WAITING()
    if any(each.state == "offered" for each in waits):
        await bookings.release(tx, case_id, why="declined")
        return
    for each in waits:
        each.state, each.ended_at = "left", tx.now
        await records.note_wait(tx, each, "left")
    await tx.session.flush()


async def wait_of(reader: Reader, case_id: UUID) -> WaitView | None:
    """What a case waits for, if it does."""
    query = select(*AppointmentWait.__table__.c).where(  # type: ignore[attr-defined]
        col(AppointmentWait.case_id) == case_id, col(AppointmentWait.state).in_(("waiting", "offered"))
    )
    row = (await reader.execute(query)).mappings().one_or_none()
    return None if row is None else await _view(reader, AppointmentWait(**row))


async def join(
    tx: Tx, case_id: UUID, *, unit: str, kind: str, first: date, last: date, rank: int = 0
) -> AppointmentWait:
    """Put a case that waits for nothing at the end of the list; `rank` orders those who come at the same instant."""
    made = AppointmentWait(
        id=new_id(),
        case_id=case_id,
        unit=unit,
        kind=kind,
        first_on=first,
        last_on=last,
        state="waiting",
        since=tx.now,
        rank=rank,
    )
    tx.session.add(made)
    await tx.session.flush()
    await records.note_wait(tx, made, "waits")
    return made


async def offer_places(house: House, unit: str, kind: str) -> int:
    """Offer what is free to those who wait, one after the other; how many offers were made. May run twice at once.

    One transaction for each person: it holds the lock of one case alone, and so never waits in a circle.
    """
    made, tried = 0, set[UUID]()
    while len(tried) < MOST_WEIGHED:
        async with house.db.begin(SYSTEM) as tx:
            chosen = await _next_to_offer(tx, unit, kind, tried)
            if chosen is None:
                return made
            made += await _offer(tx, *chosen)
            tried.add(chosen[0].id)
    return made


async def lists_that_wait(reader: Reader) -> list[tuple[str, str]]:
    """The units and kinds for which somebody waits."""
    wait = AppointmentWait
    query = select(col(wait.unit), col(wait.kind)).where(col(wait.state) == "waiting").distinct()
    return [(row.unit, row.kind) for row in await reader.execute(query)]


async def _next_to_offer(
    tx: Tx, unit: str, kind: str, tried: Collection[UUID]
) -> tuple[AppointmentWait, Slot, datetime] | None:
    """The first who waits and for whom there is a place, with the place and until when it would be held."""
    await tx.serialise(f"waits:{unit}:{kind}")
    await _end_past(tx, unit, kind)
    waiting = [each for each in await _first_waiting(tx, unit, kind) if each.id not in tried]
    if not waiting:
        return None
    first, last = min(each.first_on for each in waiting), max(each.last_on for each in waiting)
    plan = await days.load_plan(tx.session, unit, kind, first=first, last=last, now=tx.now)
    until = offer_until(tx.now, plan.zone)
    for each in waiting:
        slot = _first_offerable(plan, each, until)
        if slot is not None:
            return each, slot, until
    return None


async def _offer(tx: Tx, waiting: AppointmentWait, slot: Slot, until: datetime) -> bool:
    """Hold this slot for who waits, if they still do and it is still free; ends the waiting of a case that is over."""
    case = await cases.get_locked(tx, waiting.case_id)
    row = await tx.lock(AppointmentWait, waiting.id)
    if row is None or row.state != "waiting":
        return False
    if case.closed_at is not None or await bookings.find_place(tx, case.id) is not None:
        row.state, row.ended_at = "left", tx.now
        await tx.session.flush()
        return False
    try:
        found = await bookings.find_free(tx, row.unit, row.kind, slot.starts_at, for_waiting=True)
    except Problem:
        return False
    booking = await bookings.give(tx, case.id, unit=row.unit, kind=row.kind, slot=found, until=until, offered=True)
    if booking is None:
        return False
    row.state, row.booking_id, row.offers = "offered", booking.id, row.offers + 1
    await tx.session.flush()
    await tx.enqueue(SLOT_OFFERED, str(case.id))
    return True


def _first_offerable(plan: Plan, waiting: AppointmentWait, until: datetime) -> Slot | None:
    """The first free slot between somebody's days that leaves them time to come."""
    today = grid.day_of(plan.now, plan.zone)
    for each in grid.days_between(max(waiting.first_on, today), waiting.last_on):
        day = plan.day(each, for_waiting=True)
        for slot in day.slots if day.state is DayState.OPEN else ():
            if slot.free and slot.starts_at > until + days.OFFER_NOTICE:
                return slot
    return None


async def _first_waiting(tx: Tx, unit: str, kind: str) -> Sequence[AppointmentWait]:
    wait = AppointmentWait
    query = (
        select(wait)
        .where(col(wait.unit) == unit, col(wait.kind) == kind, col(wait.state) == "waiting")
        .order_by(col(wait.since), col(wait.rank), col(wait.id))
        .limit(MOST_WEIGHED)
    )
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def _end_past(tx: Tx, unit: str, kind: str) -> None:
    """Nobody waits for days that are over."""
    today = grid.day_of(tx.now, await days.zone_of(tx.session, unit))
    wait = AppointmentWait
    query = select(wait).where(
        col(wait.unit) == unit, col(wait.kind) == kind, col(wait.state) == "waiting", col(wait.last_on) < today
    )
    for each in (await tx.session.execute(query.limit(MOST_WEIGHED).with_for_update())).scalars().all():
        each.state, each.ended_at = "ended", tx.now
        await records.note_wait(tx, each, "ended")
    await tx.session.flush()


async def _view(reader: Reader, row: AppointmentWait) -> WaitView:
    wait = AppointmentWait
    before = or_(
        col(wait.since) < row.since,
        and_(col(wait.since) == row.since, or_(col(wait.rank) < row.rank, _smaller_id(row))),
    )
    query = select(func.count()).where(
        col(wait.unit) == row.unit,
        col(wait.kind) == row.kind,
        col(wait.state) == "waiting",
        col(wait.first_on) <= row.last_on,
        col(wait.last_on) >= row.first_on,
        before,
    )
    ahead = (await reader.execute(query)).scalar_one()
    return WaitView(row.id, row.case_id, row.unit, row.kind, row.first_on, row.last_on, row.state, ahead)


def _smaller_id(row: AppointmentWait) -> ColumnElement[bool]:
    return and_(col(AppointmentWait.rank) == row.rank, col(AppointmentWait.id) < row.id)
