"""Counting events by day. A finished day is counted once and written down; what the log holds of it never changes again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import reference
from app.services.cases import Case, CaseEvent
from app.services.statistics.models import EventDay

Reader = AsyncConnection | AsyncSession
ONE_DAY = timedelta(days=1)
MOST_DAYS = 366
"""As many days as one question may span."""
LOCK = "statistics.roll_up"
DAYS_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class DayCount:
    """How often something happened on a day, over all units asked for."""

    day: date
    lifecycle: str
    subject: str
    action: str
    events: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of some days, oldest first. `today` is still running."""

    first: date
    last: date
    today: date
    counts: tuple[DayCount, ...]

    def total(self, lifecycle: str, *actions: str, subject: str | None = None) -> int:
        """How often any of these actions happened."""
        return sum(
            each.events
            for each in self.counts
            if each.lifecycle == lifecycle and each.action in actions and (subject is None or each.subject == subject)
        )


async def figures(house: House, first: date, last: date, *, unit: str | None = None) -> Figures:
    """What happened from `first` to `last` (both included, WIB days), of one unit or of all. Days not yet written down are
    counted from the events."""
    today = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
    last = min(last, today)
    first = max(first, last - timedelta(days=MOST_DAYS - 1))
    async with house.db.read() as connection:
        until = await _written_until(connection)
        counts = await _written(connection, first, last, unit)
        open_from = first if until is None else max(first, until + ONE_DAY)
        if open_from <= last:
            counts += [
                DayCount(day, *row) for day in _days(open_from, last) for row in await _of_day(connection, day, unit)
            ]
    return Figures(first, last, today, tuple(counts))


async def first_day(reader: Reader) -> date | None:
    """The first day on which anything happened; None before that."""
    at = (await reader.execute(select(func.min(CaseEvent.at)))).scalar_one()
    return None if at is None else _day_of(at)


async def roll_up(house: House) -> None:
    """The job: write down every finished day that is not yet. Two at once come one after the other."""
    async with house.db.begin(SYSTEM) as tx:
        await tx.serialise(LOCK)
        yesterday = tx.now.astimezone(reference.NATIONAL_ZONE).date() - ONE_DAY
        until, begun = await _written_until(tx.session), await first_day(tx.session)
        start = begun if until is None else until + ONE_DAY
        if start is None:
            return
        for day in _days(start, min(yesterday, start + timedelta(days=DAYS_AT_ONCE))):
            await _write(tx, day)


async def _write(tx: Tx, day: date) -> None:
    """One finished day; nothing is written of a day on which nothing happened."""
    rows = [
        {"day": day, "unit": unit, "lifecycle": lifecycle, "subject": subject, "action": action, "events": events}
        for unit, lifecycle, subject, action, events in await _units_of_day(tx.session, day)
    ]
    if rows:
        await tx.session.execute(insert(EventDay), rows)


async def _written_until(reader: Reader) -> date | None:
    found: date | None = (await reader.execute(select(func.max(EventDay.day)))).scalar_one()
    return found


async def _written(reader: Reader, first: date, last: date, unit: str | None) -> list[DayCount]:
    query = (
        select(
            col(EventDay.day),
            col(EventDay.lifecycle),
            col(EventDay.subject),
            col(EventDay.action),
            func.sum(EventDay.events),
        )
        .where(col(EventDay.day).between(first, last))
        .group_by(col(EventDay.day), col(EventDay.lifecycle), col(EventDay.subject), col(EventDay.action))
        .order_by(col(EventDay.day))
    )
    if unit is not None:
        query = query.where(col(EventDay.unit) == unit)
    rows = (await reader.execute(query)).all()
    return [DayCount(row[0], row[1], row[2], row[3], int(row[4])) for row in rows]


async def _of_day(reader: Reader, day: date, unit: str | None) -> Sequence[tuple[str, str, str, int]]:
    query = _events_of(day, col(Case.lifecycle), func.coalesce(col(Case.subject), ""), col(CaseEvent.action))
    if unit is not None:
        query = query.where(col(Case.unit) == unit)
    return [(row[0], row[1], row[2], int(row[3])) for row in (await reader.execute(query)).all()]


async def _units_of_day(reader: Reader, day: date) -> Sequence[tuple[str, str, str, str, int]]:
    columns = (col(Case.unit), col(Case.lifecycle), func.coalesce(col(Case.subject), ""), col(CaseEvent.action))
    rows = (await reader.execute(_events_of(day, *columns))).all()
    return [(row[0], row[1], row[2], row[3], int(row[4])) for row in rows]


def _events_of(day: date, *columns: Any) -> "Select[*tuple[Any, ...]]":
    return (
        select(*columns, func.count())
        .select_from(CaseEvent)
        .join(Case, col(Case.id) == col(CaseEvent.case_id))
        .where(col(CaseEvent.at) >= _begins(day), col(CaseEvent.at) < _begins(day + ONE_DAY))
        .group_by(*columns)
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), reference.NATIONAL_ZONE)


def _day_of(at: datetime) -> date:
    return at.astimezone(reference.NATIONAL_ZONE).date()
