"""What a unit's queue shows: the same list on the wall, on the phone and at the counter, in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from app.services.appointments import days, grid, pace
from app.services.appointments.days import Reader
from app.services.appointments.pace import Pace
from app.services.appointments.queue import EntryView
from app.services.appointments.queue_models import QueueEntry
from app.services.appointments.queue_order import Reason, Standing, order

SHOWN = ("waiting", "called", "serving")


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody who waits: how many are called before them, when that will be at today's pace, and why they stand here."""

    entry: EntryView
    before: int
    expected_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Board:
    """A unit's queue of one day: who is called or served now, the last called first, and who waits, in order."""

    unit: str
    day: date
    zone: ZoneInfo
    at: datetime
    pace: Pace
    at_counters: tuple[EntryView, ...]
    waiting: tuple[Line, ...]


async def board_of(reader: Reader, unit: str, *, now: datetime) -> Board:
    """The queue of the unit's day as it stands. Raises `reference-unit-not-found`."""
    zone = await days.zone_of(reader, unit)
    day = grid.day_of(now, zone)
    entry = QueueEntry
    query = select(*entry.__table__.c).where(  # type: ignore[attr-defined]
        col(entry.unit) == unit, col(entry.day) == day, col(entry.state).in_(SHOWN)
    )
    rows = (await reader.execute(query)).all()
    seen = await pace.pace_of(reader, unit, day, now=now)
    called = sorted((row for row in rows if row.state != "waiting"), key=lambda row: row.called_at, reverse=True)
    waiting = _lines([row for row in rows if row.state == "waiting"], now, seen.between_calls)
    return Board(unit, day, zone, now, seen, tuple(map(_view, called)), tuple(waiting))


async def line_of(reader: Reader, case_id: UUID, *, now: datetime) -> Line | EntryView | None:
    """Where a case stands in the queue today: its place among who waits, or the entry that is called or served; None where
    it stands in none."""
    entry = QueueEntry
    query = (
        select(col(entry.unit))
        .where(col(entry.case_id) == case_id, col(entry.state).in_(SHOWN))
        .order_by(col(entry.arrived_at).desc())
        .limit(1)
    )
    unit: str | None = (await reader.execute(query)).scalar_one_or_none()
    if unit is None:
        return None
    board = await board_of(reader, unit, now=now)
    waits = next((each for each in board.waiting if each.entry.case_id == case_id), None)
    return waits or next((each for each in board.at_counters if each.case_id == case_id), None)


def _lines(rows: Sequence[Any], now: datetime, between_calls: timedelta) -> list[Line]:
    by_place = {row.place: row for row in rows}
    standings = [
        Standing(row.place, row.arrived_at, row.slot_at, row.helped is not None, row.due_back_at) for row in rows
    ]
    return [
        Line(_view(by_place[turn.standing.place]), turn.before, turn.expected_at, turn.standing.reason)
        for turn in order(standings, now, pace=between_calls)
    ]


def _view(row: Any) -> EntryView:
    return EntryView(**{name: getattr(row, name) for name in EntryView.__slots__})
