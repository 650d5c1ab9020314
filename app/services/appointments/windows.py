"""When a unit takes people: hours by kind of appointment, and days on which it takes nobody.

Set by the unit's supervisor; each change is a leaf of the log. Nobody who is booked is dropped by a change: whoever no
longer fits is told at once, and listed until they have moved.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.problems import FieldError
from app.services import reference
from app.services.appointments import days, grid, records
from app.services.appointments.days import WINDOW_COLUMNS, Reader
from app.services.appointments.grid import Window
from app.services.appointments.models import AppointmentBooking, AppointmentClosure, AppointmentWindow
from app.services.appointments.problems import CLOSURE_REFUSED, WINDOW_FAULTS, WINDOWS_CHANGED, WINDOWS_INVALID

MOST_WINDOWS = 100
CLOSED_AHEAD_DAYS = 400
SLOT_MISFITS = "applications.slot_misfits"
"""The job that tells people, by the unit and their cases' ids, that the hours have no place any more for what they booked."""
TOLD_AT_ONCE = 200
MOST_CONFLICTS = 500


@dataclass(frozen=True, slots=True)
class Closure:
    """A day on which the unit takes nobody, and why in its own words, which citizens read."""

    day: date
    why: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A living booking that the hours no longer have a place for. `why`: ``closed``, ``no_window`` or ``too_many``."""

    booking_id: UUID
    case_id: UUID
    kind: str
    starts_at: datetime
    why: str


async def set_windows(
    tx: Tx, unit: str, kind: str, *, windows: Sequence[Window], version: str | None = None
) -> list[Conflict]:
    """Put these hours in place of the unit's hours for this kind; gives the bookings that now stand outside of them.

    Waits for who is booking at this moment, so that they are among those. `version` is what `version_of` said of the
    hours that were looked at. Raises `appointments-windows-invalid`, `appointments-windows-changed`,
    `reference-unit-not-found`.
    """
    await reference.unit(tx.session, unit)
    faults = grid.faults_of(windows)
    if faults or len(windows) > MOST_WINDOWS:
        wrong = [FieldError(f"/windows/{place}", WINDOW_FAULTS[fault]) for place, fault in faults.items()]
        raise WINDOWS_INVALID(errors=wrong)
    await tx.serialise(f"windows:{unit}:{kind}")
    rows = await _locked_rows(tx, unit, kind)
    before = [_window(row) for row in rows]
    if version is not None and version != version_of(before):
        raise WINDOWS_CHANGED()
    known = await misfits_of(tx.session, unit, now=tx.now, kind=kind)
    if set(before) != set(windows):
        gone = [row.id for row, window in zip(rows, before, strict=True) if window not in windows]
        await tx.session.execute(delete(AppointmentWindow).where(col(AppointmentWindow.id).in_(gone)))
        tx.session.add_all(
            AppointmentWindow.model_validate({"unit": unit, "kind": kind, "set_at": tx.now, **asdict(each)})
            for each in windows
            if each not in before
        )
        await tx.session.flush()
        await records.note_windows(tx, unit, kind, before=_sorted(before), after=_sorted(windows))
    found = await _tell_who_misfits(tx, unit, known, await misfits_of(tx.session, unit, now=tx.now, kind=kind))
    return found[:MOST_CONFLICTS]


async def windows_of(reader: Reader, unit: str) -> Mapping[str, list[Window]]:
    """The unit's hours by kind, in the order of the week."""
    query = select(col(AppointmentWindow.kind), *WINDOW_COLUMNS).where(col(AppointmentWindow.unit) == unit)
    found: dict[str, list[Window]] = {}
    for kind, *values in await reader.execute(query.order_by(col(AppointmentWindow.kind))):
        found.setdefault(kind, []).append(Window(*values))
    return {kind: _sorted(each) for kind, each in found.items()}


def version_of(windows: Iterable[Window]) -> str:
    """A short name of these hours, the same for the same hours."""
    return hashlib.sha256(repr(_sorted(windows)).encode()).hexdigest()[:16]


async def close_day(tx: Tx, unit: str, day: date, *, why: str) -> list[Conflict]:
    """Take nobody on this day; gives the bookings of that day, of all kinds. Again, it changes only the words.

    Raises `appointments-closure-refused` for a day that has passed or lies too far ahead, `reference-unit-not-found`.
    """
    zone = await days.zone_of(tx.session, unit)
    today = grid.day_of(tx.now, zone)
    if not today <= day <= today + timedelta(days=CLOSED_AHEAD_DAYS):
        raise CLOSURE_REFUSED(days=CLOSED_AHEAD_DAYS)
    await tx.serialise(f"closure:{unit}")
    await _locked_rows(tx, unit)
    before = await misfits_of(tx.session, unit, now=tx.now)
    known = await _closure(tx, unit, day)
    if known is None:
        tx.session.add(AppointmentClosure(unit=unit, day=day, why=why))
    elif known.why != why:
        known.why = why
    await tx.session.flush()
    await records.note_closure(tx, unit, day, "closed", why)
    found = await _tell_who_misfits(tx, unit, before, await misfits_of(tx.session, unit, now=tx.now))
    return [each for each in found if grid.day_of(each.starts_at, zone) == day][:MOST_CONFLICTS]


async def reopen_day(tx: Tx, unit: str, day: date) -> None:
    """Take people again on a day that the unit had closed; nothing happens where it had not."""
    await tx.serialise(f"closure:{unit}")
    known = await _closure(tx, unit, day)
    if known is not None:
        await tx.session.delete(known)
        await tx.session.flush()
        await records.note_closure(tx, unit, day, "reopened", known.why)


async def closures_of(reader: Reader, unit: str, *, first: date) -> list[Closure]:
    """What the unit has closed itself, from a day on."""
    query = select(col(AppointmentClosure.day), col(AppointmentClosure.why)).where(
        col(AppointmentClosure.unit) == unit, col(AppointmentClosure.day) >= first
    )
    return [Closure(*row) for row in await reader.execute(query.order_by(col(AppointmentClosure.day)))]


async def conflicts_of(reader: Reader, unit: str, *, now: datetime, kind: str | None = None) -> list[Conflict]:
    """Living bookings of the time to come that the present hours have no place for, the nearest 500 first."""
    return (await misfits_of(reader, unit, now=now, kind=kind))[:MOST_CONFLICTS]


async def misfits_of(
    reader: Reader, unit: str, *, now: datetime, kind: str | None = None, of: Collection[UUID] | None = None
) -> list[Conflict]:
    """All of them, however many: nobody is left untold because others are before them. With `of` those of these cases alone,
    for which only the slots that they have booked are read."""
    clauses = [] if kind is None else [col(AppointmentBooking.kind) == kind]
    if of is None:
        return await _misfits(reader, unit, now, clauses)
    own = select(col(AppointmentBooking.kind), col(AppointmentBooking.starts_at)).where(
        col(AppointmentBooking.unit) == unit, col(AppointmentBooking.case_id).in_(of), days.takes_place(now)
    )
    in_their_slots = tuple_(col(AppointmentBooking.kind), col(AppointmentBooking.starts_at)).in_(own)
    found = await _misfits(reader, unit, now, [*clauses, in_their_slots])
    return [each for each in found if each.case_id in of]


async def conflict_of(reader: Reader, case_id: UUID, *, now: datetime) -> Conflict | None:
    """The case's booking, where the present hours have no place for it; None where they have, or where it has none."""
    booking = AppointmentBooking
    query = select(col(booking.unit)).where(
        col(booking.case_id) == case_id, col(booking.starts_at) > now, days.takes_place(now)
    )
    unit = (await reader.execute(query.limit(1))).scalar_one_or_none()
    return None if unit is None else next(iter(await misfits_of(reader, unit, now=now, of=[case_id])), None)


async def units_booked_on(reader: Reader, day: date, *, now: datetime) -> list[str]:
    """Units with a living booking on this day, and perhaps some on which it is another day: a day is the unit's own."""
    booking, far = AppointmentBooking, timedelta(days=1)
    around = datetime.combine(day, time(), UTC)
    query = select(col(booking.unit)).where(
        col(booking.starts_at) > around - far, col(booking.starts_at) < around + 2 * far, days.takes_place(now)
    )
    return sorted((await reader.execute(query.distinct())).scalars())


async def tell_of_holiday(tx: Tx, unit: str, day: date) -> None:
    """The day has become a national holiday: who is booked on it is told, but for those who fitted no more before.

    Waits for who is booking at this moment, so that they are among those; whoever books later sees the holiday.
    """
    zone = await days.zone_of(tx.session, unit)
    await _locked_rows(tx, unit)
    if day not in await reference.holidays(tx.session, day, day) or await _closure(tx, unit, day) is not None:
        return
    on_it = [
        col(AppointmentBooking.starts_at) >= grid.day_begins(day, zone),
        col(AppointmentBooking.starts_at) < grid.day_begins(day + timedelta(days=1), zone),
    ]
    before = await _misfits(tx.session, unit, tx.now, on_it, open_on=day)
    await _tell_who_misfits(tx, unit, before, await _misfits(tx.session, unit, tx.now, on_it))


async def _misfits(
    reader: Reader, unit: str, now: datetime, clauses: Sequence[ColumnElement[bool]], *, open_on: date | None = None
) -> list[Conflict]:
    """Among the bookings of these clauses, which must take slots whole: who booked first fits first. `open_on` is taken for no
    holiday."""
    booking = AppointmentBooking
    query = select(
        col(booking.id), col(booking.case_id), col(booking.kind), col(booking.starts_at), col(booking.ends_at)
    ).where(col(booking.unit) == unit, col(booking.starts_at) > now, days.takes_place(now), *clauses)
    rows = (await reader.execute(query.order_by(col(booking.starts_at), col(booking.made_at), col(booking.id)))).all()
    if not rows:
        return []
    zone = await days.zone_of(reader, unit)
    last = grid.day_of(rows[-1].starts_at, zone)
    closed = await days.closed_days(reader, unit, grid.day_of(now, zone), last) - {open_on}
    windows = await windows_of(reader, unit)
    places: dict[tuple[str, datetime, datetime], int] = {}
    for each_kind, day in {(row.kind, grid.day_of(row.starts_at, zone)) for row in rows}:
        for slot in grid.slots_of(windows.get(each_kind, ()), day, zone):
            places[each_kind, slot.starts_at, slot.ends_at] = slot.places
    found = []
    for row in rows:
        slot_key = row.kind, row.starts_at, row.ends_at
        why = "closed" if grid.day_of(row.starts_at, zone) in closed else _misfit(places, slot_key)
        if why is not None:
            found.append(Conflict(row.id, row.case_id, row.kind, row.starts_at, why))
    return found


async def _tell_who_misfits(tx: Tx, unit: str, before: Sequence[Conflict], found: list[Conflict]) -> list[Conflict]:
    """Have everybody told who fitted until this change; gives all who do not fit."""
    known = {each.booking_id for each in before}
    new: list[JsonValue] = [str(each.case_id) for each in found if each.booking_id not in known]
    for at in range(0, len(new), TOLD_AT_ONCE):
        await tx.enqueue(SLOT_MISFITS, unit, new[at : at + TOLD_AT_ONCE])
    return found


def _misfit(places: dict[tuple[str, datetime, datetime], int], slot: tuple[str, datetime, datetime]) -> str | None:
    """Why a slot has no place for one more booking; counts the booking where it has. Who booked first fits first."""
    left = places.get(slot)
    if left is None:
        return "no_window"
    places[slot] = left - 1
    return None if left > 0 else "too_many"


async def _locked_rows(tx: Tx, unit: str, kind: str | None = None) -> Sequence[AppointmentWindow]:
    """The unit's hours, locked against being changed and against bookings that rely on them."""
    query = select(AppointmentWindow).where(col(AppointmentWindow.unit) == unit)
    if kind is not None:
        query = query.where(col(AppointmentWindow.kind) == kind)
    rows = await tx.session.execute(query.order_by(col(AppointmentWindow.id)).with_for_update())
    return rows.scalars().all()


async def _closure(tx: Tx, unit: str, day: date) -> AppointmentClosure | None:
    own = col(AppointmentClosure.unit) == unit, col(AppointmentClosure.day) == day
    found: AppointmentClosure | None = (
        await tx.session.execute(select(AppointmentClosure).where(*own))
    ).scalar_one_or_none()
    return found


def _window(row: AppointmentWindow) -> Window:
    return Window(**{each.name: getattr(row, each.name) for each in fields(Window)})


def _sorted(windows: Iterable[Window]) -> list[Window]:
    return sorted(windows, key=lambda each: (each.valid_from, each.weekday, each.opens))
