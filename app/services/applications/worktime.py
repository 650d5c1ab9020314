"""Working time: the service level counts hours in which the counter is open, Monday to Friday 08-16 of the unit's place.

UU 25/2009 art. 21 wants a service's time in its standard; a clock that ran through a Sunday would promise what nobody can
keep. Pure: holidays and zone are arguments.
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(8), time(16)
DAY_SECONDS = 8 * 3600
_SATURDAY = 5
MOST_DAYS = 1_000
"""More working days ahead than any service promises; ends the loop if somebody enters a thousand holidays."""


def worked_seconds(start: datetime, end: datetime, zone: ZoneInfo, holidays: Collection[date] = ()) -> int:
    """Working seconds between two instants; 0 where the end comes first."""
    if end <= start:
        return 0
    total, day = timedelta(), start.astimezone(zone).date()
    last = end.astimezone(zone).date()
    while day <= last:
        if _works(day, holidays):
            opens, closes = _hours(day, zone)
            total += max(min(end, closes) - max(start, opens), timedelta())
        day += timedelta(days=1)
    return int(total.total_seconds())


def working_end(start: datetime, seconds: int, zone: ZoneInfo, holidays: Collection[date] = ()) -> datetime:
    """The instant at which so many working seconds after `start` have passed."""
    left, day = timedelta(seconds=max(seconds, 0)), start.astimezone(zone).date()
    for _ in range(MOST_DAYS):
        if _works(day, holidays):
            opens, closes = _hours(day, zone)
            begins = max(start, opens)
            if begins < closes and closes - begins >= left:
                return begins + left
            left -= max(closes - begins, timedelta())
        day += timedelta(days=1)
    return start + timedelta(days=MOST_DAYS)


def awake_end(start: datetime, minutes: int, zone: ZoneInfo, *, begins: time, ends: time) -> datetime:
    """The instant at which so many minutes between these local hours have passed, on any day of the week; where the hours are
    none (`ends` not after `begins`), all of them count."""
    left, day = timedelta(minutes=minutes), start.astimezone(zone).date()
    if ends <= begins:
        return start + left
    while True:
        opens, closes = datetime.combine(day, begins, zone), datetime.combine(day, ends, zone)
        first = max(start, opens)
        if first < closes and closes - first >= left:
            return first + left
        left -= max(closes - first, timedelta())
        day += timedelta(days=1)


def _works(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays


def _hours(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return datetime.combine(day, OPENS, zone), datetime.combine(day, CLOSES, zone)
