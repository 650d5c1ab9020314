"""What is free: the days of a unit with their slots, as windows, closures, bookings, waiting people and draws leave them.

Holds that have ended count as free at once, by the time that is passed in; the sweep only tidies up behind.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.services import reference
from app.services.appointments import grid
from app.services.appointments.grid import DayState, Slot, Taken, Window
from app.services.appointments.models import (
    AppointmentBooking,
    AppointmentClosure,
    AppointmentWait,
    AppointmentWindow,
    SlotDraw,
)
from app.services.appointments.problems import DAYS_REFUSED

Reader = AsyncSession | AsyncConnection

MOST_DAYS = 31
"""Days of slots that one question may ask for."""
REACH_DAYS = 400
"""Days before and after today that anybody can ask about."""
NEAREST = 3
NEAREST_WITHIN_DAYS = 14
ASKING = timedelta(hours=1)
"""How long asks for a drawn day are collected."""
OFFER_HELD = timedelta(minutes=30)
"""How long a freed place is held for who waits for it."""
OFFER_NOTICE = timedelta(hours=1)
"""What is left between the end of an offer and the slot, at least: time to come."""
QUIET_FROM, QUIET_UNTIL = time(21, 0), time(6, 0)
"""Nobody has to answer at night: an offer made then is held until the morning."""
_QUIET_HELD_UNTIL = time(7, 0)
TAKES_PLACE = ("held", "confirmed", "attended", "missed")
WINDOW_COLUMNS = tuple(col(getattr(AppointmentWindow, name)) for name in Window.__slots__)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a unit for one kind. `opens_at` is when it can first be booked or asked for; `closes_at` when the asks
    of a drawn day end. A closed day has no slots; a drawn one shows all its places, to wish from."""

    day: date
    state: DayState
    slots: tuple[Slot, ...] = ()
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """The hour of a drawn day, as its row has it."""

    opens_at: datetime
    closes_at: datetime
    drawn: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides about a unit's days for one kind, read in one go."""

    unit: str
    kind: str
    zone: ZoneInfo
    now: datetime
    windows: tuple[Window, ...]
    closed: frozenset[date]
    taken: Mapping[date, Sequence[Taken]]
    waiting: Mapping[date, int]
    draws: Mapping[date, Asking]

    def day(self, day: date, *, for_waiting: bool = False) -> Day:
        """One day as it stands; `for_waiting` shows what may be offered to those who wait, instead of what they leave."""
        opens_at = grid.opening_of(self.windows, day, self.zone)
        if opens_at is None or day in self.closed or day < grid.day_of(self.now, self.zone):
            return Day(day, DayState.CLOSED)
        slots = [each for each in grid.slots_of(self.windows, day, self.zone) if each.starts_at > self.now]
        left = grid.with_taken(slots, self.taken.get(day, ()))
        asking = self.asking_of(day)
        if asking is not None and not asking.drawn:
            early = self.now < asking.opens_at
            state = DayState.NOT_YET if early else DayState.DRAWN
            return Day(day, state, tuple(left), asking.opens_at, asking.closes_at)
        if self.now < opens_at:
            return Day(day, DayState.NOT_YET, (), opens_at)
        if not for_waiting:
            left = grid.with_waiting(left, self.waiting.get(day, 0), offered_after=self.offered_after)
        return Day(day, DayState.OPEN, tuple(left), opens_at)

    @property
    def offered_after(self) -> datetime:
        """Slots that begin later than this can still be offered to somebody who waits."""
        return offer_until(self.now, self.zone) + OFFER_NOTICE

    def asking_of(self, day: date) -> Asking | None:
        """The hour of a drawn day: as its row has it, else as planned; None for a day that is not drawn. A day that was
        made a drawn one when its hour was over gets a whole hour all the same, from now."""
        if day in self.draws:
            return self.draws[day]
        planned = grid.opening_of(self.windows, day, self.zone)
        if planned is None or not grid.is_drawn(self.windows, day):
            return None
        begins = planned if self.now < planned + ASKING else self.now
        return Asking(begins, begins + ASKING, drawn=False)


async def slots(reader: Reader, unit: str, kind: str, *, first: date, last: date, now: datetime) -> list[Day]:
    """The days from first to last with their free places. `Problem`s: reference-unit-not-found, appointments-days-refused."""
    if not 0 <= (last - first).days < MOST_DAYS or not within_reach(last, now):
        raise DAYS_REFUSED(days=MOST_DAYS)
    plan = await load_plan(reader, unit, kind, first=first, last=last, now=now)
    return [plan.day(day) for day in grid.days_between(first, last)]


async def nearest(reader: Reader, unit: str, kind: str, *, around: datetime, now: datetime) -> list[Slot]:
    """The free slots that lie closest to an instant, the closest first; none where a fortnight before and after is full."""
    if not within_reach(around, now):
        around = now
    zone = await zone_of(reader, unit)
    middle = max(grid.day_of(around, zone), grid.day_of(now, zone))
    first, last = (middle + timedelta(days=days) for days in (-NEAREST_WITHIN_DAYS, NEAREST_WITHIN_DAYS))
    plan = await load_plan(reader, unit, kind, first=first, last=last, now=now)
    open_days = [each for each in map(plan.day, grid.days_between(first, last)) if each.state is DayState.OPEN]
    free = [slot for day in open_days for slot in day.slots if slot.free]
    return sorted(free, key=lambda slot: (abs(slot.starts_at - around), slot.starts_at))[:NEAREST]


async def load_plan(
    reader: Reader,
    unit: str,
    kind: str,
    *,
    first: date,
    last: date,
    now: datetime,
    but: UUID | None = None,
) -> Plan:
    """Read what decides about these days. `but` is a booking that is being moved; it does not count."""
    zone = await zone_of(reader, unit)
    own = col(AppointmentWindow.unit) == unit, col(AppointmentWindow.kind) == kind
    rows = await reader.execute(select(*WINDOW_COLUMNS).where(*own))
    windows = tuple(Window(*row) for row in rows)
    counted = takes_place(now)
    if but is not None:
        counted = and_(counted, col(AppointmentBooking.id) != but)
    return await _plan(reader, _Days(unit, kind, zone, first, last), windows, now, counted)


async def load_locked(
    session: AsyncSession, unit: str, kind: str, *, day: date, now: datetime, but: UUID | None
) -> Plan:
    """The plan of one day for a booking that is about to be written: nobody changes its hours until the transaction ends.

    Holds that have ended but stand in the table still count here, save those of the slot, which `bookings` has ended
    before. `but` is the booking that is being moved; it does not count.
    """
    own = col(AppointmentWindow.unit) == unit, col(AppointmentWindow.kind) == kind
    query = select(*WINDOW_COLUMNS).where(*own, col(AppointmentWindow.weekday) == day.isoweekday())
    rows = await session.execute(query.order_by(col(AppointmentWindow.id)).with_for_update(read=True))
    windows = tuple(Window(*row) for row in rows)
    counted: ColumnElement[bool] = col(AppointmentBooking.state).in_(TAKES_PLACE)
    if but is not None:
        counted = and_(counted, col(AppointmentBooking.id) != but)
    span = _Days(unit, kind, await zone_of(session, unit), day, day)
    return await _plan(session, span, windows, now, counted)


def offer_until(now: datetime, zone: ZoneInfo) -> datetime:
    """Until when an offer made now is held: some minutes, and over the night until people are up."""
    local = now.astimezone(zone)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return now + OFFER_HELD
    morning = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
    return datetime.combine(morning, _QUIET_HELD_UNTIL, zone).astimezone(now.tzinfo)


def within_reach(at: date | datetime, now: datetime) -> bool:
    """Whether a day or instant is one that anybody could mean: far from it, calendars overflow."""
    day = at.date() if isinstance(at, datetime) else at
    return abs((day - now.date()).days) <= REACH_DAYS


async def zone_of(reader: Reader, unit: str) -> ZoneInfo:
    """The zone in which the unit's days are counted. `Problem`: reference-unit-not-found."""
    return reference.zone_of(await reference.unit(reader, unit))


async def closed_days(reader: Reader, unit: str, first: date, last: date) -> frozenset[date]:
    """National holidays, and what the unit has closed itself."""
    day = col(AppointmentClosure.day)
    own = select(day).where(col(AppointmentClosure.unit) == unit, day >= first, day <= last)
    return await reference.holidays(reader, first, last) | set((await reader.execute(own)).scalars())


@dataclass(frozen=True, slots=True)
class _Days:
    """Which days of whom are read."""

    unit: str
    kind: str
    zone: ZoneInfo
    first: date
    last: date


async def _plan(
    reader: Reader, days: _Days, windows: tuple[Window, ...], now: datetime, counted: ColumnElement[bool]
) -> Plan:
    return Plan(
        unit=days.unit,
        kind=days.kind,
        zone=days.zone,
        now=now,
        windows=windows,
        closed=await closed_days(reader, days.unit, days.first, days.last),
        taken=await _taken(reader, days, counted),
        waiting=await _waiting(reader, days),
        draws=await _draws(reader, days),
    )


async def _taken(reader: Reader, days: _Days, counted: ColumnElement[bool]) -> Mapping[date, Sequence[Taken]]:
    booking = AppointmentBooking
    query = select(col(booking.starts_at), col(booking.ends_at)).where(
        col(booking.unit) == days.unit,
        col(booking.kind) == days.kind,
        col(booking.starts_at) >= grid.day_begins(days.first, days.zone),
        col(booking.starts_at) < grid.day_begins(days.last + timedelta(days=1), days.zone),
        counted,
    )
    found: dict[date, list[Taken]] = {}
    for starts_at, ends_at in await reader.execute(query):
        found.setdefault(grid.day_of(starts_at, days.zone), []).append(Taken(starts_at, ends_at))
    return found


def takes_place(now: datetime) -> ColumnElement[bool]:
    """The clause for bookings that take a place at this time: holds that have ended do not."""
    state = col(AppointmentBooking.state)
    still_held = and_(state == "held", col(AppointmentBooking.held_until) > now)
    return or_(state.in_(("confirmed", "attended", "missed")), still_held)


async def _waiting(reader: Reader, days: _Days) -> Mapping[date, int]:
    wait = AppointmentWait
    query = select(col(wait.first_on), col(wait.last_on)).where(
        col(wait.unit) == days.unit,
        col(wait.kind) == days.kind,
        col(wait.state) == "waiting",
        col(wait.first_on) <= days.last,
        col(wait.last_on) >= days.first,
    )
    count: Counter[date] = Counter()
    for first_on, last_on in await reader.execute(query):
        count.update(grid.days_between(max(days.first, first_on), min(days.last, last_on)))
    return count


async def _draws(reader: Reader, days: _Days) -> Mapping[date, Asking]:
    day = col(SlotDraw.day)
    query = select(day, col(SlotDraw.opens_at), col(SlotDraw.closes_at), col(SlotDraw.status)).where(
        col(SlotDraw.unit) == days.unit, col(SlotDraw.kind) == days.kind, day >= days.first, day <= days.last
    )
    rows = await reader.execute(query)
    return {row.day: Asking(row.opens_at, row.closes_at, row.status == "drawn") for row in rows}
