"""The slots of a day, worked out from windows, closures and what is taken. Pure: no table, no clock.

A day is counted in the unit's zone; instants are UTC.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

OPENS_AT = time(9, 0)
"""When a day that lies `opens_days_before` ahead can first be booked: in the morning, so that nobody sits up for it."""

MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """When people are taken: on a weekday (1 is Monday), `opens` to `closes` in minutes after midnight, in slots of
    `minutes`. A place needs a room and somebody in it. `valid_until` is the last day, None without an end."""

    weekday: int
    opens: int
    closes: int
    minutes: int
    rooms: int
    staff: int
    opens_days_before: int
    valid_from: date
    valid_until: date | None = None
    drawn: bool = False

    @property
    def places(self) -> int:
        """People at once."""
        return min(self.rooms, self.staff)

    def holds_on(self, day: date) -> bool:
        """Whether the window is open on this day, closures apart."""
        in_force = self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
        return in_force and day.isoweekday() == self.weekday


class DayState(StrEnum):
    """What can be done with a day: book a slot, ask for the draw, or wait until it opens."""

    OPEN = "open"
    DRAWN = "drawn"
    NOT_YET = "not_yet"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Slot:
    """One start on one day, with its places and how many of them anybody may still take."""

    starts_at: datetime
    ends_at: datetime
    places: int
    free: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The time that one living booking takes."""

    starts_at: datetime
    ends_at: datetime


def slots_of(windows: Iterable[Window], day: date, zone: ZoneInfo) -> list[Slot]:
    """Every slot of a day with all its places free, in the order of time. A rest shorter than a slot is left over."""
    midnight = datetime.combine(day, time(0), zone)
    found = []
    for window in windows:
        if window.holds_on(day):
            length = timedelta(minutes=window.minutes)
            for minute in range(window.opens, window.closes - window.minutes + 1, window.minutes):
                # Indonesia has no summer time: minutes after midnight are minutes on the clock.
                starts_at = (midnight + timedelta(minutes=minute)).astimezone(UTC)
                found.append(Slot(starts_at, starts_at + length, window.places, window.places))
    return sorted(found, key=lambda slot: slot.starts_at)


def with_taken(slots: Iterable[Slot], taken: Collection[Taken]) -> list[Slot]:
    """The same slots less what is booked. A booking takes a place in every slot that it touches: where hours were cut
    anew, an old booking may lie across two."""
    left = []
    for slot in slots:
        used = sum(each.starts_at < slot.ends_at and slot.starts_at < each.ends_at for each in taken)
        left.append(replace(slot, free=max(0, slot.places - used)))
    return left


def with_waiting(slots: Iterable[Slot], waiting: int, *, offered_after: datetime) -> list[Slot]:
    """The same slots less what is kept for those who wait for this day, the earliest first: a freed place is theirs, not
    the fastest's. Slots before `offered_after` are too near to be offered to anybody and are open to all."""
    left = []
    for slot in slots:
        kept = min(slot.free, waiting) if slot.starts_at > offered_after else 0
        waiting -= kept
        left.append(replace(slot, free=slot.free - kept))
    return left


def opening_of(windows: Iterable[Window], day: date, zone: ZoneInfo) -> datetime | None:
    """When a day can first be booked, by the window that opens it the earliest; None for a day without a window."""
    ahead = [window.opens_days_before for window in windows if window.holds_on(day)]
    if not ahead:
        return None
    return datetime.combine(day - timedelta(days=max(ahead)), OPENS_AT, zone).astimezone(UTC)


def is_drawn(windows: Iterable[Window], day: date) -> bool:
    """Whether the day is drawn by lot: as soon as one of its windows says so, all of it is."""
    return any(window.drawn for window in windows if window.holds_on(day))


def faults_of(windows: Sequence[Window]) -> Mapping[int, str]:
    """What is wrong with windows of one unit and kind, by their place in the list: a code of `problems.WINDOW_FAULTS`."""
    faults: dict[int, str] = {}
    for place, window in enumerate(windows):
        if not 0 <= window.opens < window.closes <= MINUTES_OF_DAY:
            faults[place] = "hours"
        elif window.minutes > window.closes - window.opens:
            faults[place] = "too_short"
        elif window.valid_until is not None and window.valid_until < window.valid_from:
            faults[place] = "order"
        elif any(_overlap(window, earlier) for earlier in windows[:place]):
            faults[place] = "overlap"
    return faults


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The day of the unit's zone that an instant lies in."""
    return at.astimezone(zone).date()


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """Midnight of the unit's zone, as UTC."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def days_between(first: date, last: date) -> list[date]:
    """Each day from first to last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _overlap(one: Window, other: Window) -> bool:
    same_days = (one.valid_until is None or other.valid_from <= one.valid_until) and (
        other.valid_until is None or one.valid_from <= other.valid_until
    )
    return one.weekday == other.weekday and same_days and one.opens < other.closes and other.opens < one.closes
