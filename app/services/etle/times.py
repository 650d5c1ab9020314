"""Calendar days in the zone of the place, as people and police statements count them (`etle.md` 5)."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONES = {"WIB": ZoneInfo("Asia/Jakarta"), "WITA": ZoneInfo("Asia/Makassar"), "WIT": ZoneInfo("Asia/Jayapura")}


def end_of_day(start: datetime, days: int, zone: str) -> datetime:
    """The last second of the local day that is `days` calendar days after `start`: nobody loses hours of a day."""
    local = start.astimezone(ZONES[zone])
    return datetime.combine(local.date() + timedelta(days=days), time(23, 59, 59), ZONES[zone])


def end_of_year_after(start: datetime, zone: str) -> datetime:
    """The last second of the local day one calendar year after `start`, and never before it is full: of 29 February, 1 March."""
    day = start.astimezone(ZONES[zone]).date()
    leap = (day.month, day.day) == (2, 29)
    last = day.replace(year=day.year + 1, month=3, day=1) if leap else day.replace(year=day.year + 1)
    return datetime.combine(last, time(23, 59, 59), ZONES[zone])


def local_day(at: datetime, zone: str) -> datetime:
    """The instant as a local time of the place."""
    return at.astimezone(ZONES[zone])


def session_after(issued: datetime, *, weekday: int, lead_days: int, zone: str) -> datetime:
    """The court's next session: the first such weekday (ISO, Monday is 1) at least `lead_days` later, at 08:00 local
    time, when the amounts are read out (PERMA 12/2016)."""
    earliest = issued.astimezone(ZONES[zone]).date() + timedelta(days=lead_days)
    day = earliest + timedelta(days=(weekday - earliest.isoweekday()) % 7)
    return datetime.combine(day, time(8, 0), ZONES[zone])
