"""The queue at the counter: tickets, calls and what follows them, for one unit's day.

Every step is an event and a leaf of the log. Steps of one unit's day pass one after the other, so that two counters
never call the same number; where a case is involved it is locked first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.ids import new_id
from app.core.texts import Text
from app.services import cases
from app.services.appointments import days, grid, pace, records
from app.services.appointments.models import AppointmentBooking
from app.services.appointments.problems import (
    COUNTER_BUSY,
    JUMP_NEEDS_REASON,
    QUEUE_EMPTY,
    QUEUE_ENTRY_NOT_FOUND,
    QUEUE_FULL,
    QUEUE_STEP_REFUSED,
)
from app.services.appointments.queue_events import record
from app.services.appointments.queue_models import QueueEntry
from app.services.appointments.queue_order import (
    BACK_AFTER,
    MOST_CALLS,
    MOST_NUMBERS,
    Helped,
    Jump,
    Standing,
    Turn,
    number_of,
    order,
)
from app.services.cases.events import iso

ATTENDED = "applications.attended"
"""The job that tells a case, by its id, that its person has come."""
MISSED = "applications.missed"
"""The job that tells a case, by its id, that its person has not come, or was called in vain."""
QUEUE_NEAR = "applications.queue_near"
"""The job that tells a case, by its id, that few are left before it."""
NEAR = 3

GONE = ("missed", "left")
"""Numbers of people who may come back on the same day."""

_NOTHING = Text("tidak ada", "nothing")


class Step(StrEnum):
    """What can be done with a number. `call_again` says it once more; `absent`: nobody came; `leave`: they went home."""

    CALL_AGAIN = "call_again"
    SERVE = "serve"
    FINISH = "finish"
    ABSENT = "absent"
    LEAVE = "leave"


_STEPS_FROM: dict[str, tuple[Step, ...]] = {
    "waiting": (Step.LEAVE,),
    "called": (Step.CALL_AGAIN, Step.SERVE, Step.FINISH, Step.ABSENT, Step.LEAVE),
    "serving": (Step.FINISH,),
}


@dataclass(frozen=True, slots=True)
class EntryView:
    """A number of a unit's day. `state`: ``waiting``, ``called``, ``serving``, ``done``, ``missed``, ``left``."""

    id: UUID
    unit: str
    day: date
    number: str
    kind: str
    case_id: UUID | None
    slot_at: datetime | None
    arrived_at: datetime
    helped: str | None
    state: str
    counter: str | None
    calls: int


async def take_ticket(
    tx: Tx, unit: str, *, kind: str, case_id: UUID | None = None, helped: Helped | None = None
) -> EntryView:
    """A number for somebody who came: by arrival, or lifted when they are helped. A case that is booked here today is
    checked in instead, also when it was called in vain before, and one that has a number keeps it. A case of another unit that
    is not booked here is not found.

    Raises `cases-not-found`, `queue-full`.
    """
    case = await cases.get_locked(tx, case_id, bound=False) if case_id is not None else None
    day = await lock_day(tx, unit)
    booking = None
    if case is not None:
        known = await _entry_of_case(tx, unit, day, case.id)
        if known is not None:
            return await _with_help(tx, known, helped)
        booking = await _booking_today(tx, unit, day, case.id)
        if booking is None and case.unit != unit:
            raise cases.CASE_NOT_FOUND()
        earlier = await entry_of(tx, booking.id) if booking is not None else None
        if booking is not None and earlier is not None and earlier.state in GONE:
            return await _with_help(tx, await come_back(tx, earlier, booking, arrived_at=tx.now), helped)
        if earlier is not None:
            booking = None  # they were served, and are here about something else
    entry = await join(tx, unit, day, kind=kind, arrived_at=tx.now, case_id=case_id, booking=booking)
    return await _with_help(tx, entry, helped)


async def call_next(
    tx: Tx,
    unit: str,
    *,
    counter: str,
    kinds: Collection[str] = (),
    number: str | None = None,
    reason: Jump | None = None,
) -> EntryView:
    """Call to a counter who is next by the published order, among the kinds that the counter serves (all when none is
    named). With `number` that one; where it is not next, only for a `reason` of the list, which is recorded.

    Raises `queue-nobody-waits`, `queue-counter-busy`, `queue-number-not-found`, `queue-jump-needs-reason`.
    """
    day = await lock_day(tx, unit)
    busy = await _at_counter(tx, unit, day, counter)
    if busy is not None:
        raise COUNTER_BUSY(counter=counter, number=busy.number, extra={"number": busy.number, "id": str(busy.id)})
    waiting = await waiting_of(tx, unit, day)
    served = [each for each in waiting if not kinds or each.kind in kinds]
    line = order([standing_of(each) for each in served], tx.now)
    by_place = {each.place: each for each in waiting}
    if number is None and not line:
        raise QUEUE_EMPTY()
    first = by_place[line[0].standing.place] if line else None
    chosen = first if number is None else next((each for each in waiting if each.number == number), None)
    if chosen is None:
        raise QUEUE_ENTRY_NOT_FOUND()
    jumped = chosen is not first
    if jumped and reason is None:
        raise JUMP_NEEDS_REASON(
            number=first.number if first else "-",
            reasons=", ".join(Jump),
            extra={"next": first.number if first else None, "reasons": list(Jump)},
        )
    data: dict[str, JsonValue] = {"next": first.number if first else None, "kinds": list[JsonValue](sorted(kinds))}
    await _call(tx, chosen, counter, reason if jumped else None, data)
    await tell_near(tx, unit, day)
    return view(chosen)


async def take_step(tx: Tx, unit: str, entry_id: UUID, step: Step) -> EntryView:
    """One step with a number of the unit's day. Nobody came: it is called again a while later, and after three calls it
    counts as missed, which the case is told. Raises `queue-number-not-found`, `queue-step-refused`."""
    day = await lock_day(tx, unit)
    entry = await _entry(tx, unit, day, entry_id)
    if step not in _STEPS_FROM.get(entry.state, ()):
        raise _refused(entry)
    match step:
        case Step.CALL_AGAIN:
            entry.calls, entry.called_at = entry.calls + 1, tx.now
            await record(tx, entry, "called_again", data={"counter": entry.counter, "calls": entry.calls})
        case Step.SERVE:
            entry.state, entry.served_at = "serving", tx.now
            await record(tx, entry, "serving", data={"counter": entry.counter})
        case Step.FINISH:
            entry.state, entry.served_at, entry.ended_at = "done", entry.served_at or entry.called_at, tx.now
            await record(tx, entry, "done", data={"counter": entry.counter})
        case Step.ABSENT:
            await _absent(tx, entry)
        case Step.LEAVE:
            entry.state, entry.ended_at = "left", tx.now
            await record(tx, entry, "left")
    await tx.session.flush()
    await tell_near(tx, unit, day)
    return view(entry)


async def help_person(tx: Tx, unit: str, entry_id: UUID, why: Helped) -> EntryView:
    """Lift somebody who waits, and say why (UU 25/2009 art. 29). Raises `queue-number-not-found`, `queue-step-refused`."""
    day = await lock_day(tx, unit)
    entry = await _entry(tx, unit, day, entry_id)
    if entry.state != "waiting":
        raise _refused(entry)
    return await _with_help(tx, entry, why)


# --- steps that checking in takes too --------------------------------------------------------------------------------


async def lock_day(tx: Tx, unit: str) -> date:
    """Today in the unit's zone; others who change this unit's queue wait until the transaction ends."""
    day = grid.day_of(tx.now, await days.zone_of(tx.session, unit))
    await tx.serialise(f"queue:{unit}:{day}")
    return day


async def join(
    tx: Tx,
    unit: str,
    day: date,
    *,
    kind: str,
    arrived_at: datetime,
    case_id: UUID | None,
    booking: AppointmentBooking | None,
) -> QueueEntry:
    """Give the next number of the locked day; who is booked stands there with their slot, and has attended."""
    query = select(func.max(col(QueueEntry.place))).where(col(QueueEntry.unit) == unit, col(QueueEntry.day) == day)
    place = 1 + ((await tx.session.execute(query)).scalar_one() or 0)
    if place > MOST_NUMBERS:
        raise QUEUE_FULL(most=MOST_NUMBERS)
    entry = QueueEntry(
        id=new_id(),
        unit=unit,
        day=day,
        place=place,
        number=number_of(place),
        kind=booking.kind if booking else kind,
        case_id=case_id,
        booking_id=booking.id if booking else None,
        slot_at=booking.starts_at if booking else None,
        arrived_at=arrived_at,
        state="waiting",
    )
    tx.session.add(entry)
    await tx.session.flush()
    await record(tx, entry, "checked_in" if booking else "joined", data={"arrived_at": iso(arrived_at)})
    if booking is not None and booking.state != "attended":
        await attend(tx, booking)
    before = next(turn.before for turn in await _line(tx, unit, day) if turn.standing.place == place)
    entry.near_told_at = tx.now if before <= NEAR else None  # they stand there and see it
    await tx.session.flush()
    return entry


async def come_back(tx: Tx, entry: QueueEntry, booking: AppointmentBooking, *, arrived_at: datetime) -> QueueEntry:
    """Somebody who was called in vain, or had gone home, is here again on the same day: a new number, for the same booking."""
    if (
        entry.slot_at is not None
    ):  # how long they waited then is counted from the slot (`pace.minutes_waited`), and stays so
        entry.arrived_at = max(entry.arrived_at, entry.slot_at)
    entry.booking_id = entry.slot_at = None
    await tx.session.flush()
    return await join(
        tx, entry.unit, entry.day, kind=entry.kind, arrived_at=arrived_at, case_id=booking.case_id, booking=booking
    )


async def entry_of(tx: Tx, booking_id: UUID) -> QueueEntry | None:
    """The number that somebody got for this booking, the latest."""
    query = select(QueueEntry).where(col(QueueEntry.booking_id) == booking_id)
    found: QueueEntry | None = (
        await tx.session.execute(query.execution_options(populate_existing=True))
    ).scalar_one_or_none()
    return found


async def attend(tx: Tx, booking: AppointmentBooking) -> None:
    """The person of this booking has come; the case is told."""
    booking.state, booking.ended_at = "attended", tx.now
    await tx.session.flush()
    await records.note_booking(tx, booking, "attended")
    await tx.enqueue(ATTENDED, str(booking.case_id))


async def tell_near(tx: Tx, unit: str, day: date) -> None:
    """Tell the cases before which few are left, each once."""
    near = {turn.standing.place for turn in await _line(tx, unit, day) if turn.before <= NEAR}
    for entry in await waiting_of(tx, unit, day):
        if entry.place in near and entry.near_told_at is None:
            entry.near_told_at = tx.now
            if entry.case_id is not None:
                await tx.enqueue(QUEUE_NEAR, str(entry.case_id))
    await tx.session.flush()


async def waiting_of(tx: Tx, unit: str, day: date) -> Sequence[QueueEntry]:
    """Everybody who waits on the locked day."""
    query = select(QueueEntry).where(
        col(QueueEntry.unit) == unit, col(QueueEntry.day) == day, col(QueueEntry.state) == "waiting"
    )
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalars().all()


def standing_of(entry: QueueEntry) -> Standing:
    """The entry as the rule sees it."""
    return Standing(entry.place, entry.arrived_at, entry.slot_at, entry.helped is not None, entry.due_back_at)


def view(entry: QueueEntry) -> EntryView:
    """The entry as staff see it."""
    return EntryView(**{name: getattr(entry, name) for name in EntryView.__slots__})


async def close_entries(tx: Tx, unit: str, day: date) -> int:
    """A day is over: who still waits has left, who is being served is done. Gives how many there were."""
    await tx.serialise(f"queue:{unit}:{day}")
    query = select(QueueEntry).where(
        col(QueueEntry.unit) == unit,
        col(QueueEntry.day) == day,
        col(QueueEntry.state).in_(("waiting", "called", "serving")),
    )
    entries = (await tx.session.execute(query)).scalars().all()
    for entry in entries:
        entry.state, entry.ended_at = ("done" if entry.state == "serving" else "left"), tx.now
        await record(tx, entry, entry.state, reason="day_over")
    await tx.session.flush()
    return len(entries)


# --- helpers ---------------------------------------------------------------------------------------------------------


async def _call(tx: Tx, entry: QueueEntry, counter: str, reason: Jump | None, data: dict[str, JsonValue]) -> None:
    entry.state, entry.counter, entry.called_at = "called", counter, tx.now
    entry.calls += 1
    entry.first_called_at = entry.first_called_at or tx.now
    entry.jump = str(reason) if reason else entry.jump
    await tx.session.flush()
    about = {"counter": counter, "calls": entry.calls, **data}
    await record(tx, entry, "jumped" if reason else "called", reason=reason, data=about)


async def _absent(tx: Tx, entry: QueueEntry) -> None:
    entry.counter = None
    if entry.calls < MOST_CALLS:
        entry.state, entry.due_back_at = "waiting", tx.now + BACK_AFTER
        await record(tx, entry, "absent", data={"calls": entry.calls})
        return
    entry.state, entry.ended_at = "missed", tx.now
    await record(tx, entry, "missed", data={"calls": entry.calls})
    booking = await tx.lock(AppointmentBooking, entry.booking_id) if entry.booking_id is not None else None
    if (
        booking is not None
    ):  # who walked in was not expected: the case is told nothing, and keeps a date that is to come
        booking.state = "missed"
        await records.note_booking(tx, booking, "missed")
        await tx.enqueue(MISSED, str(booking.case_id))


async def _with_help(tx: Tx, entry: QueueEntry, why: Helped | None) -> EntryView:
    if why is not None and entry.helped != why and entry.state == "waiting":
        entry.helped = str(why)
        await tx.session.flush()
        await record(tx, entry, "helped", reason=why)
        await tell_near(tx, entry.unit, entry.day)
    return view(entry)


async def _line(tx: Tx, unit: str, day: date) -> list[Turn]:
    """The order of the day with its pace, as everybody sees it."""
    seen = await pace.pace_of(tx.session, unit, day, now=tx.now)
    return order([standing_of(each) for each in await waiting_of(tx, unit, day)], tx.now, pace=seen.between_calls)


async def _at_counter(tx: Tx, unit: str, day: date, counter: str) -> QueueEntry | None:
    query = select(QueueEntry).where(
        col(QueueEntry.unit) == unit,
        col(QueueEntry.day) == day,
        col(QueueEntry.counter) == counter,
        col(QueueEntry.state).in_(("called", "serving")),
    )
    found: QueueEntry | None = (await tx.session.execute(query)).scalar_one_or_none()
    return found


async def _entry(tx: Tx, unit: str, day: date, entry_id: UUID) -> QueueEntry:
    entry = await tx.lock(QueueEntry, entry_id)
    if entry is None or entry.unit != unit or entry.day != day:
        raise QUEUE_ENTRY_NOT_FOUND()
    return entry


async def _entry_of_case(tx: Tx, unit: str, day: date, case_id: UUID) -> QueueEntry | None:
    query = select(QueueEntry).where(
        col(QueueEntry.unit) == unit,
        col(QueueEntry.day) == day,
        col(QueueEntry.case_id) == case_id,
        col(QueueEntry.state).in_(("waiting", "called", "serving")),
    )
    found: QueueEntry | None = (await tx.session.execute(query.limit(1))).scalar_one_or_none()
    return found


async def _booking_today(tx: Tx, unit: str, day: date, case_id: UUID) -> AppointmentBooking | None:
    """The case's latest booking at this unit today that is firm, or that its person came for or missed; locked."""
    zone = await days.zone_of(tx.session, unit)
    booking = AppointmentBooking
    query = (
        select(booking)
        .where(
            col(booking.case_id) == case_id,
            col(booking.unit) == unit,
            col(booking.state).in_(("confirmed", "attended", "missed")),
            col(booking.starts_at) >= grid.day_begins(day, zone),
            col(booking.starts_at) < grid.day_begins(day + timedelta(days=1), zone),
        )
        .order_by(col(booking.made_at).desc(), col(booking.id).desc())
        .limit(1)
        .with_for_update()
    )
    found: AppointmentBooking | None = (
        await tx.session.execute(query.execution_options(populate_existing=True))
    ).scalar_one_or_none()
    return found


def _refused(entry: QueueEntry) -> Exception:
    allowed = [str(each) for each in _STEPS_FROM.get(entry.state, ())]
    return QUEUE_STEP_REFUSED(
        number=entry.number,
        state=entry.state,
        allowed=", ".join(allowed) or _NOTHING,
        extra={"state": entry.state, "allowed_actions": allowed},
    )
