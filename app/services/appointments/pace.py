"""How fast a unit's day goes, from its real service times, and how long people really waited."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlmodel import col

from app.services.appointments import days
from app.services.appointments.days import Reader
from app.services.appointments.problems import DAYS_REFUSED
from app.services.appointments.queue_models import QueueEntry
from app.services.appointments.queue_order import ON_TIME_WITHIN

ASSUMED = timedelta(minutes=8)
"""For one person, as long as the day has not shown better."""
LEAST = timedelta(minutes=1)
LOOKED_AT = 30
"""People served last whose times count."""
OPEN_WITHIN = timedelta(minutes=45)
"""A counter that called somebody so recently is open."""
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Pace:
    """What one person takes, and at how many counters; `measured` says whether the day itself has shown it."""

    per_person: timedelta
    counters: int
    measured: bool

    @property
    def between_calls(self) -> timedelta:
        """The time from one call to the next."""
        return self.per_person / self.counters


@dataclass(frozen=True, slots=True)
class Waited:
    """How long people waited who were called in one hour (`hour` of the unit's zone) or on one whole day (`hour` is
    None): how many they were, the median, and what nine in ten did not exceed."""

    day: date
    hour: int | None
    called: int
    median_minutes: int
    most_minutes: int


async def pace_of(reader: Reader, unit: str, day: date, *, now: datetime) -> Pace:
    """The pace of the day by who was served last."""
    entry = QueueEntry
    query = (
        select(col(entry.called_at), col(entry.ended_at), col(entry.counter))
        .where(col(entry.unit) == unit, col(entry.day) == day, col(entry.called_at).is_not(None))
        .order_by(col(entry.called_at).desc())
        .limit(LOOKED_AT)
    )
    rows = (await reader.execute(query)).all()
    took = [row.ended_at - row.called_at for row in rows if row.ended_at is not None]
    counters = {row.counter for row in rows if row.counter is not None and now - row.called_at <= OPEN_WITHIN}
    return pace_from(took, counters=len(counters))


def pace_from(took: Sequence[timedelta], *, counters: int) -> Pace:
    """The pace that these service times show; an assumed one where there are none."""
    if not took:
        return Pace(ASSUMED, max(1, counters), measured=False)
    seconds = median(each.total_seconds() for each in took)
    return Pace(max(LEAST, timedelta(seconds=round(seconds))), max(1, counters), measured=True)


async def waiting_times(reader: Reader, unit: str, *, first: date, last: date) -> list[Waited]:
    """The real waiting times of these days: each day as a whole, then by hour. Raises `appointments-days-refused`,
    `reference-unit-not-found`."""
    if not 0 <= (last - first).days < MOST_DAYS:
        raise DAYS_REFUSED(days=MOST_DAYS)
    zone = await days.zone_of(reader, unit)
    entry = QueueEntry
    query = select(col(entry.day), col(entry.arrived_at), col(entry.slot_at), col(entry.first_called_at)).where(
        col(entry.unit) == unit,
        col(entry.day) >= first,
        col(entry.day) <= last,
        col(entry.first_called_at).is_not(None),
    )
    found: dict[tuple[date, int | None], list[float]] = {}
    for day, arrived_at, slot_at, called_at in await reader.execute(query):
        if called_at is None:
            continue
        waited = minutes_waited(arrived_at, slot_at, called_at)
        for hour in (None, called_at.astimezone(zone).hour):
            found.setdefault((day, hour), []).append(waited)
    keys = sorted(found, key=lambda key: (key[0], -1 if key[1] is None else key[1]))
    return [_waited(key[0], key[1], found[key]) for key in keys]


def minutes_waited(arrived_at: datetime, slot_at: datetime | None, called_at: datetime) -> float:
    """From arrival to the first call; who booked and came early waits from their slot on, and nobody less than nothing."""
    on_time = slot_at is not None and arrived_at <= slot_at + ON_TIME_WITHIN
    since = max(arrived_at, slot_at) if on_time and slot_at is not None else arrived_at
    return max(0.0, (called_at - since).total_seconds() / 60)


def _waited(day: date, hour: int | None, minutes: Iterable[float]) -> Waited:
    ordered = sorted(minutes)
    nine_in_ten = ordered[math.ceil(len(ordered) * 0.9) - 1]
    return Waited(day, hour, len(ordered), round(median(ordered)), math.ceil(nine_in_ten))
