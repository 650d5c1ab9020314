"""Bookings: a place is held, confirmed, moved or let go. Overbooking is impossible, whoever comes at once.

Three locks stand behind each other: the case (one person's two tabs), the slot (everybody who wants it), and the unique
indexes of the table, which need no discipline. Locks are always taken in this order: case, slot, hours, bookings, waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_id
from app.core.problems import Problem, ProblemType
from app.services import cases
from app.services.appointments import days, grid, records
from app.services.appointments.days import Day, Plan, Reader
from app.services.appointments.grid import DayState, Slot
from app.services.appointments.models import AppointmentBooking, AppointmentWait, SlotAsk, SlotDraw
from app.services.appointments.problems import (
    ALREADY_BOOKED,
    DAY_IS_DRAWN,
    DAY_NOT_OPEN,
    HOLD_ENDED,
    NO_BOOKING,
    NO_SUCH_SLOT,
    SLOT_TAKEN,
)

OFFER_PLACES = "appointments.offer_places"
MOST_OFFERS = 3
LIVING = ("held", "confirmed")
EXPIRED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class BookingView:
    """A place of a slot for a case. `state` is judged by the time: ``held``, ``confirmed``, ``attended``, ``missed``,
    ``released`` or ``expired``. `offered`: it was freed and is held for who waited."""

    id: UUID
    case_id: UUID
    unit: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    place: int
    state: str
    held_until: datetime | None
    offered: bool
    moves: int


async def hold(tx: Tx, case_id: UUID, *, unit: str, kind: str, starts_at: datetime, until: datetime) -> BookingView:
    """Hold a place until an instant (while paying, say). The same slot again is the same place, held until the new end;
    another slot lets the place held so far go. Ends waiting for a place.

    Locks case and slot. Raises `appointments-slot-taken` and `appointments-no-such-slot` with the nearest free slots in
    `nearest`, `appointments-day-not-open`, `appointments-day-is-drawn`, `appointments-already-booked`.
    """
    if until <= tx.now:
        raise ValueError("a place is held until some time to come")
    await cases.get_locked(tx, case_id)
    until = min(until, starts_at)
    own = await find_living(tx, case_id)
    if own is not None and own.state == "confirmed":
        raise ALREADY_BOOKED(starts_at=await _shown(tx, own.unit, own.starts_at))
    if own is not None and (own.unit, own.kind, own.starts_at) == (unit, kind, starts_at):
        if await _change(tx, own, held_until=until):
            await _end_wait(tx, case_id)
            return view(own, tx.now)
    elif own is not None:
        await let_go(tx, own, state="released", why="replaced")
    await _end_wait(tx, case_id)
    await withdraw_asks(tx, case_id)
    slot = await find_free(tx, unit, kind, starts_at)
    booking = await give(tx, case_id, unit=unit, kind=kind, slot=slot, until=until)
    if booking is None:
        raise SLOT_TAKEN(extra=await _nearest(tx, unit, kind, starts_at))
    return view(booking, tx.now)


async def confirm(tx: Tx, case_id: UUID) -> BookingView:
    """Make the held place a firm one; again, it changes nothing. A hold whose end has passed is confirmed all the same
    as long as nobody else has got the place. Raises `appointments-hold-ended`, `appointments-no-booking`."""
    await cases.get_locked(tx, case_id, bound=False)
    own = await find_living(tx, case_id)
    if own is not None and own.state == "confirmed":
        return view(own, tx.now)
    if own is None or not await _change(tx, own, state="confirmed", held_until=None):
        raise await _ended_or_none(tx, case_id)
    await _end_wait(tx, case_id)
    await records.note_booking(tx, own, "confirmed")
    return view(own, tx.now)


async def move(tx: Tx, case_id: UUID, *, starts_at: datetime) -> BookingView:
    """Take the case's place, held or confirmed, to another slot of the same unit and kind, or leave it where it is.

    Locks case and slot. Raises what `hold` does, and `appointments-no-booking`.
    """
    await cases.get_locked(tx, case_id)
    own = await find_living(tx, case_id)
    if own is None:
        raise await _ended_or_none(tx, case_id)
    if own.starts_at == starts_at:
        return view(own, tx.now)
    slot = await find_free(tx, own.unit, own.kind, starts_at, but=own.id)
    place = await _free_place(tx, own.unit, own.kind, slot)
    new = {"starts_at": slot.starts_at, "ends_at": slot.ends_at, "place": place, "moves": own.moves + 1}
    if own.held_until is not None:
        new["held_until"] = min(own.held_until, slot.starts_at)
    if not await _change(tx, own, **new):
        raise await _ended_or_none(tx, case_id)
    await records.note_booking(tx, own, "moved")
    await tell_who_waits(tx, own.unit, own.kind)
    return view(own, tx.now)


async def release(tx: Tx, case_id: UUID, *, why: str) -> BookingView | None:
    """Let the case's place go: it is free with the commit, and offered to who waits. `why` is a short code. None, and
    nothing changed, where there was none. Who lets an offered place go has declined it and waits no longer."""
    await cases.get_locked(tx, case_id, bound=False)
    await withdraw_asks(tx, case_id)
    own = await find_living(tx, case_id)
    if own is None:
        return None
    await let_go(tx, own, state="released", why=why)
    return view(own, tx.now)


async def settle(tx: Tx, case_id: UUID, state: Literal["attended", "missed"]) -> None:
    """The case's person has come, or has not: the firm place of a day that has begun is used up. One that was only held, or is
    on a later day, is let go: who came earlier needs it no more, and who did not come chooses anew. Nothing without a place."""
    await cases.get_locked(tx, case_id, bound=False)
    own = await find_living(tx, case_id)
    if own is None:
        return
    zone = await days.zone_of(tx.session, own.unit)
    begun = grid.day_of(own.starts_at, zone) <= grid.day_of(tx.as_of, zone)
    if own.state != "confirmed" or not begun:
        await let_go(tx, own, state="released", why=state)
    elif await _change(tx, own, state=state, ended_at=tx.now):
        await records.note_booking(tx, own, state)


async def booking_of(reader: Reader, case_id: UUID, *, now: datetime) -> BookingView | None:
    """The place that a case has, or has had and used or missed; None where none is held, booked or used."""
    query = (
        select(*(col(getattr(AppointmentBooking, name)) for name in BookingView.__slots__))
        .where(col(AppointmentBooking.case_id) == case_id, days.takes_place(now))
        .order_by(col(AppointmentBooking.made_at).desc(), col(AppointmentBooking.id).desc())
        .limit(1)
    )
    row = (await reader.execute(query)).one_or_none()
    return None if row is None else BookingView(*row)


async def expire_holds(tx: Tx) -> int:
    """Give back the places of holds that have ended, some at a time; how many. The time alone has freed them already."""
    query = (
        select(AppointmentBooking)
        .where(col(AppointmentBooking.state) == "held", col(AppointmentBooking.held_until) <= tx.now)
        .order_by(col(AppointmentBooking.held_until), col(AppointmentBooking.id))
        .limit(EXPIRED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ended = list((await tx.session.execute(query)).scalars())
    for booking in ended:
        await let_go(tx, booking, state="expired", why="hold_ended")
    return len(ended)


# --- steps that the waiting list and the draw take too -------------------------------------------------------------


async def find_living(tx: Tx, case_id: UUID) -> AppointmentBooking | None:
    """The case's booking that is held or confirmed as its row has it, fresh; the case is locked by who calls."""
    query = select(AppointmentBooking).where(
        col(AppointmentBooking.case_id) == case_id, col(AppointmentBooking.state).in_(LIVING)
    )
    found: AppointmentBooking | None = (
        await tx.session.execute(query.execution_options(populate_existing=True))
    ).scalar_one_or_none()
    return found


async def find_place(tx: Tx, case_id: UUID) -> AppointmentBooking | None:
    """The case's place that is held or firm at this time. A hold that has ended is ended here, before the sweep comes by: else
    its owner would seem to have a place, and could neither wait nor ask for another."""
    own = await find_living(tx, case_id)
    if own is None or view(own, tx.now).state != "expired":
        return own
    await let_go(tx, own, state="expired", why="hold_ended")
    return None


async def find_free(
    tx: Tx, unit: str, kind: str, starts_at: datetime, *, but: UUID | None = None, for_waiting: bool = False
) -> Slot:
    """The slot, with a place free that nobody can take before this transaction ends. Raises why there is none."""
    zone = await days.zone_of(tx.session, unit)
    if not days.within_reach(starts_at, tx.now):
        raise NO_SUCH_SLOT(unit=unit, kind=kind, extra=await _nearest(tx, unit, kind, tx.now))
    day = grid.day_of(starts_at, zone)
    # A look before the lock: of a crowd that wants what is gone, nobody has to stand in line to hear it.
    seen = await days.load_plan(tx.session, unit, kind, first=day, last=day, now=tx.now, but=but)
    await _pick(tx, seen, day, starts_at, for_waiting=for_waiting)
    await tx.serialise(f"slot:{unit}:{kind}:{starts_at.astimezone(UTC).isoformat()}")
    # First this, then counting: a hold past its end may be confirmed at this very moment. After it, that hold is either
    # ended by us, so that nobody can confirm it any more, or it still stands in the table and counts.
    await _expire_stale(tx, unit, kind, starts_at)
    plan = await days.load_locked(tx.session, unit, kind, day=day, now=tx.now, but=but)
    return await _pick(tx, plan, day, starts_at, for_waiting=for_waiting)


async def give(
    tx: Tx, case_id: UUID, *, unit: str, kind: str, slot: Slot, until: datetime, offered: bool = False
) -> AppointmentBooking | None:
    """Write a held booking into a slot that is known to be free. None where the table says that somebody else has the
    place, or that the case has another one: nobody gets there past the locks, but a new caller may forget them."""
    booking = AppointmentBooking(
        id=new_id(),
        case_id=case_id,
        unit=unit,
        kind=kind,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        place=await _free_place(tx, unit, kind, slot),
        state="held",
        held_until=until,
        offered=offered,
        made_at=tx.now,
    )
    try:
        async with tx.session.begin_nested():
            tx.session.add(booking)
    except IntegrityError:
        return None
    await records.note_booking(tx, booking, "offered" if offered else "held")
    return booking


async def let_go(tx: Tx, booking: AppointmentBooking, *, state: str, why: str) -> None:
    """Give a living booking's place back, and tell those who wait. An offer that was declined or not taken ends here."""
    if not await _change(tx, booking, state=state, held_until=None, ended_at=tx.now, why=why):
        return
    await records.note_booking(tx, booking, state)
    if booking.offered:
        await _end_offer(tx, booking, declined=state == "released")
    await tell_who_waits(tx, booking.unit, booking.kind)


async def tell_who_waits(tx: Tx, unit: str, kind: str) -> None:
    """Have freed places offered, if somebody waits at all."""
    wait = AppointmentWait
    query = select(col(wait.id)).where(col(wait.unit) == unit, col(wait.kind) == kind, col(wait.state) == "waiting")
    if (await tx.session.execute(query.limit(1))).first() is not None:
        await tx.enqueue(OFFER_PLACES, unit, kind)


async def open_waits(tx: Tx, case_id: UUID) -> Sequence[AppointmentWait]:
    """What the case waits for now, one at most; the case is locked by who calls."""
    query = select(AppointmentWait).where(
        col(AppointmentWait.case_id) == case_id, col(AppointmentWait.state).in_(("waiting", "offered"))
    )
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def withdraw_asks(tx: Tx, case_id: UUID) -> None:
    """Who has taken another place is not drawn for a scarce day, as long as its asks are not in the log yet."""
    asking = select(col(SlotDraw.id)).where(col(SlotDraw.status) == "asking")
    await tx.session.execute(
        update(SlotAsk)
        .where(
            col(SlotAsk.case_id) == case_id,
            col(SlotAsk.withdrawn_at).is_(None),
            col(SlotAsk.draw_id).in_(asking),
        )
        .values(withdrawn_at=tx.now)
        .execution_options(synchronize_session=False)
    )


def view(booking: AppointmentBooking, now: datetime) -> BookingView:
    """The booking as others see it at this time."""
    ended = booking.state == "held" and booking.held_until is not None and booking.held_until <= now
    values = {name: getattr(booking, name) for name in BookingView.__slots__}
    return BookingView(**{**values, "state": "expired" if ended else booking.state})


# --- helpers --------------------------------------------------------------------------------------------------------


async def _change(tx: Tx, booking: AppointmentBooking, **values: object) -> bool:
    """Set columns of a booking that still lives in the state that was seen; False when it was ended meanwhile.

    The state in the WHERE decides between a hold that is confirmed and the sweep that ends it: one of them finds no row.
    """
    changed = await tx.session.execute(
        update(AppointmentBooking)
        .where(col(AppointmentBooking.id) == booking.id, col(AppointmentBooking.state) == booking.state)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not isinstance(changed, CursorResult) or changed.rowcount != 1:
        return False
    await tx.session.refresh(booking)
    return True


async def _expire_stale(tx: Tx, unit: str, kind: str, starts_at: datetime) -> None:
    """End the holds in this slot whose time is over: their place numbers are wanted.

    One whose owner does something with it right now is left alone. Waiting for them could be waiting in a circle, where
    two people whose holds have ended want each other's slots.
    """
    booking = AppointmentBooking
    query = select(booking).where(
        col(booking.unit) == unit,
        col(booking.kind) == kind,
        col(booking.starts_at) == starts_at,
        col(booking.state) == "held",
        col(booking.held_until) <= tx.now,
    )
    stale = (await tx.session.execute(query.with_for_update(skip_locked=True))).scalars().all()
    for each in stale:
        await let_go(tx, each, state="expired", why="hold_ended")


async def _free_place(tx: Tx, unit: str, kind: str, slot: Slot) -> int:
    """The lowest number that no living booking of the slot has."""
    booking = AppointmentBooking
    query = select(col(booking.place)).where(
        col(booking.unit) == unit,
        col(booking.kind) == kind,
        col(booking.starts_at) == slot.starts_at,
        col(booking.state).in_(days.TAKES_PLACE),
    )
    used = set((await tx.session.execute(query)).scalars())
    return next(number for number in range(1, len(used) + 2) if number not in used)


async def _pick(tx: Tx, plan: Plan, day: date, starts_at: datetime, *, for_waiting: bool) -> Slot:
    """The slot of a plan, if it has a place free; raises why it has none."""
    shown = plan.day(day, for_waiting=for_waiting)
    slot = next((each for each in shown.slots if each.starts_at == starts_at), None)
    if shown.state is not DayState.OPEN or slot is None or not slot.free:
        raise await _refusal(tx, plan, shown, slot, starts_at)
    return slot


async def _refusal(tx: Tx, plan: Plan, day: Day, slot: Slot | None, starts_at: datetime) -> Problem:
    if day.state is DayState.DRAWN or (day.state is DayState.NOT_YET and day.closes_at is not None):
        return refused(DAY_IS_DRAWN, plan.zone, opens_at=day.opens_at, closes_at=day.closes_at)
    if day.state is DayState.NOT_YET:
        return refused(DAY_NOT_OPEN, plan.zone, opens_at=day.opens_at)
    near = await _nearest(tx, plan.unit, plan.kind, starts_at)
    if slot is None:
        return NO_SUCH_SLOT(unit=plan.unit, kind=plan.kind, extra=near)
    return SLOT_TAKEN(extra=near)


def refused(kind: ProblemType, zone: ZoneInfo, **times: datetime | None) -> Problem:
    """A refusal that names instants: in words of the unit's zone, and for programs."""
    local = {name: at.astimezone(zone) for name, at in times.items() if at is not None}
    shown: dict[str, Any] = {name: at.strftime("%d-%m-%Y %H.%M") for name, at in local.items()}
    return kind(**shown, extra={name: at.isoformat() for name, at in local.items()})


async def _nearest(tx: Tx, unit: str, kind: str, around: datetime) -> dict[str, object]:
    zone = await days.zone_of(tx.session, unit)
    found = await days.nearest(tx.session, unit, kind, around=around, now=tx.now)
    return {"nearest": [each.starts_at.astimezone(zone).isoformat() for each in found]}


async def _ended_or_none(tx: Tx, case_id: UUID) -> Problem:
    """Why there is nothing to confirm or move: the place went to somebody else, or there never was one."""
    query = (
        select(AppointmentBooking)
        .where(col(AppointmentBooking.case_id) == case_id)
        .order_by(col(AppointmentBooking.made_at).desc(), col(AppointmentBooking.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    last = (await tx.session.execute(query)).scalar_one_or_none()
    if last is None or last.state != "expired":
        return NO_BOOKING()
    ended = await _shown(tx, last.unit, last.ended_at or tx.now)
    return HOLD_ENDED(ended_at=ended, extra=await _nearest(tx, last.unit, last.kind, last.starts_at))


async def _shown(tx: Tx, unit: str, at: datetime) -> str:
    return at.astimezone(await days.zone_of(tx.session, unit)).strftime("%d-%m-%Y %H.%M")


async def _end_wait(tx: Tx, case_id: UUID) -> None:
    """Whoever has a place waits no longer: an offered one is taken by holding or confirming it."""
    for wait in await open_waits(tx, case_id):
        wait.state, wait.ended_at = ("taken" if wait.state == "offered" else "left"), tx.now
    await tx.session.flush()


async def _end_offer(tx: Tx, booking: AppointmentBooking, *, declined: bool) -> None:
    """An offer was not taken: who declined waits no longer, who did not answer goes behind the others, thrice at most."""
    for wait in await open_waits(tx, booking.case_id):
        if wait.booking_id != booking.id or wait.state != "offered":
            continue
        if declined or wait.offers >= MOST_OFFERS:
            wait.state, wait.ended_at = ("declined" if declined else "ended"), tx.now
        else:
            wait.state, wait.since, wait.rank = "waiting", tx.now, 0
    await tx.session.flush()
