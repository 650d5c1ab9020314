"""Looking things up in the reference data, as of a day. Hand-written selects: these stand on hot paths.

Lists that carry a whole table join by code and day instead, e.g. ``violations.code = tickets.violation_code``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.money import Rupiah
from app.core.texts import Text
from app.services.reference.models import (
    FeeRow,
    HolidayRow,
    PlateRegionRow,
    PolicyRow,
    ReferenceRevision,
    ReferenceRow,
    UnitRow,
    ViolationRow,
)
from app.services.reference.plates import Plate
from app.services.reference.policy import EtlePolicy, policy_from_text
from app.services.reference.problems import FEE_NOT_FOUND, POLICY_NOT_FOUND, UNIT_NOT_FOUND, VIOLATION_NOT_FOUND
from app.services.reference.tables import NATIONAL

Reading = AsyncConnection | AsyncSession

ZONE_INFO: Mapping[str, ZoneInfo] = {
    "WIB": ZoneInfo("Asia/Jakarta"),
    "WITA": ZoneInfo("Asia/Makassar"),
    "WIT": ZoneInfo("Asia/Jayapura"),
}
NATIONAL_ZONE = ZONE_INFO["WIB"]
"""The zone of Mabes, in which a national day begins."""

MOST_UNITS = 201  # a full page, and one more to know whether another follows


@dataclass(frozen=True, slots=True)
class Unit:
    """A police unit. `zone` is WIB, WITA or WIT; `polda_code` is empty for Mabes and its own units."""

    code: str
    level: str
    kind: str
    name: str
    polda_code: str | None
    province: str
    zone: str
    seat: str


@dataclass(frozen=True, slots=True)
class Violation:
    """An article with its maximum fine, which is the deposit (UU 22/2009 art. 267)."""

    id: UUID
    code: str
    article: str
    title: Text
    max_fine: Rupiah
    max_imprisonment: str
    vehicle_kinds: tuple[str, ...]
    camera_detectable: bool
    sim_points: int | None


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee; `amount` is None where it follows from another fee or a third party sets it (see `note`)."""

    id: UUID
    code: str
    service: str
    variant: str
    amount: Rupiah | None
    unit: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a Polda's policy. `id` is what a case is stamped with; `code` is the Polda's or ``NATIONAL``."""

    id: UUID
    code: str
    version: int
    valid_from: date
    etle: EtlePolicy


@dataclass(frozen=True, slots=True)
class Region:
    """Where a plate was registered; the Samsat's unit where the first series letter tells it."""

    code: str
    area: str
    province: str
    polda_code: str
    unit_code: str | None


async def unit(conn: Reading, code: str, on: date | None = None) -> Unit:
    """The unit with this code on a day; without a day, as last decided. `Problem`: reference-unit-not-found."""
    found = await find_unit(conn, code, on)
    if found is None:
        raise UNIT_NOT_FOUND(code=code)
    return found


async def find_unit(conn: Reading, code: str, on: date | None = None) -> Unit | None:
    """The unit with this code, or None."""
    row = await _first(conn, _in_force(UnitRow, on).where(_column(UnitRow, "code") == code))
    return _unit(row) if row is not None else None


async def list_units(
    conn: Reading,
    *,
    after: str | None = None,
    limit: int = 50,
    polda: str | None = None,
    level: str | None = None,
    name: str | None = None,
    on: date | None = None,
) -> list[Unit]:
    """Units by code, those after `after`, at most `limit` (and `MOST_UNITS`); `name` is a part of the name or seat, in any case."""
    table = UnitRow.__table__  # type: ignore[attr-defined]
    query = _in_force(UnitRow, on).order_by(table.c.code).limit(min(limit, MOST_UNITS))
    if after is not None:
        query = query.where(table.c.code > after)
    if polda is not None:
        query = query.where(table.c.polda_code == polda)
    if level is not None:
        query = query.where(table.c.level == level)
    if name is not None:
        part = name.lower()
        names = (func.lower(table.c.name), func.lower(table.c.seat))
        query = query.where(or_(*(column.contains(part, autoescape=True) for column in names)))
    return [_unit(row) for row in (await conn.execute(query)).mappings()]


def zone_of(unit: Unit) -> ZoneInfo:
    """The time zone of the unit's place; legal days are counted in it."""
    return ZONE_INFO[unit.zone]


def polda_of(unit: Unit) -> str | None:
    """The code of the unit's Polda, for `policy`; None for Mabes, which follows the national policy."""
    return unit.polda_code


async def violation(conn: Reading, code: str, on: date) -> Violation:
    """The violation as it stood on the day of the offence. `Problem`: reference-violation-not-found."""
    row = await _first(conn, _in_force(ViolationRow, on).where(_column(ViolationRow, "code") == code))
    if row is None:
        raise VIOLATION_NOT_FOUND(code=code, on=on)
    return _violation(row)


async def violation_by_id(conn: Reading, id: UUID) -> Violation:
    """The violation that a case was stamped with. `Problem`: reference-violation-not-found."""
    table = ViolationRow.__table__  # type: ignore[attr-defined]
    row = await _first(conn, select(table).where(table.c.id == id))
    if row is None:
        raise VIOLATION_NOT_FOUND(code=id, on="-")
    return _violation(row)


async def list_violations(conn: Reading, on: date) -> list[Violation]:
    """All violations in force on a day, by code."""
    query = _in_force(ViolationRow, on).order_by(_column(ViolationRow, "code"))
    return [_violation(row) for row in (await conn.execute(query)).mappings()]


async def fee(conn: Reading, code: str, on: date) -> Fee:
    """The fee as it stood on a day. `Problem`: reference-fee-not-found."""
    row = await _first(conn, _in_force(FeeRow, on).where(_column(FeeRow, "code") == code))
    if row is None:
        raise FEE_NOT_FOUND(code=code, on=on)
    return _fee(row)


async def list_fees(conn: Reading, on: date) -> dict[str, Fee]:
    """Every fee in force on a day, by code."""
    return {row["code"]: _fee(row) for row in (await conn.execute(_in_force(FeeRow, on))).mappings()}


async def policy(conn: Reading, polda_code: str | None, on: date) -> Policy:
    """The policy of a Polda on a day: its own, else the national one. `Problem`: reference-policy-not-found."""
    table = PolicyRow.__table__  # type: ignore[attr-defined]
    codes = [NATIONAL] if polda_code is None else [polda_code, NATIONAL]
    own_first = case((table.c.code == NATIONAL, 1), else_=0)
    row = await _first(conn, _in_force(PolicyRow, on).where(table.c.code.in_(codes)).order_by(own_first))
    if row is None:
        raise POLICY_NOT_FOUND(polda=polda_code or NATIONAL, on=on)
    return _policy(row)


async def list_policies(conn: Reading, on: date) -> list[Policy]:
    """The policies in force on a day: the national one, and those of each Polda that has its own; by code."""
    table = PolicyRow.__table__  # type: ignore[attr-defined]
    rows = await conn.execute(_in_force(PolicyRow, on).order_by(table.c.code))
    return [_policy(row) for row in rows.mappings()]


async def policy_by_id(conn: Reading, id: UUID) -> Policy:
    """The version that a case was stamped with, whatever holds today. `Problem`: reference-policy-not-found."""
    table = PolicyRow.__table__  # type: ignore[attr-defined]
    row = await _first(conn, select(table).where(table.c.id == id))
    if row is None:
        raise POLICY_NOT_FOUND(polda=id, on="-")
    return _policy(row)


async def plate_region(conn: Reading, plate: Plate, on: date) -> Region | None:
    """Where a civil plate was registered, by its first series letter where that is known, else by its region code."""
    table = PlateRegionRow.__table__  # type: ignore[attr-defined]
    codes = [plate.region, f"{plate.region}:{plate.series[:1]}"]
    finest_first = func.length(table.c.code).desc()
    row = await _first(conn, _in_force(PlateRegionRow, on).where(table.c.code.in_(codes)).order_by(finest_first))
    if row is None:
        return None
    return Region(row["code"], row["area"], row["province"], row["polda_code"], row["unit_code"])


async def plate_letters(conn: Reading, unit: Unit, on: date) -> str | None:
    """The region code of plates that are given at this unit: its own, else that of its Polda; None where neither has one."""
    table = PlateRegionRow.__table__  # type: ignore[attr-defined]
    polda = polda_of(unit)
    own_first = case((table.c.unit_code == unit.code, 0), else_=1)
    own = or_(table.c.unit_code == unit.code, table.c.polda_code == polda)
    row = await _first(conn, _in_force(PlateRegionRow, on).where(own).order_by(own_first, table.c.code))
    return None if row is None else str(row["region"])


async def holidays(conn: Reading, first: date, last: date) -> frozenset[date]:
    """National holidays from `first` to `last`, both included."""
    table = HolidayRow.__table__  # type: ignore[attr-defined]
    within = table.c.code.between(first.isoformat(), last.isoformat())
    query = select(table.c.code).where(within, table.c.valid_until.is_(None))
    return frozenset(date.fromisoformat(code) for code in (await conn.execute(query)).scalars())


async def revision_number(conn: Reading) -> int:
    """The number of the newest revision; what was read under one number is still right while it stands."""
    newest = select(func.max(ReferenceRevision.number))
    return (await conn.execute(newest)).scalar_one() or 0


# Helpers


def _column(model: type[ReferenceRow], name: str) -> Any:
    return model.__table__.c[name]  # type: ignore[attr-defined]


def _in_force(model: type[ReferenceRow], on: date | None) -> Select[Any]:
    """Rows that hold on a day; without a day the open ones, a change already planned included."""
    table = model.__table__  # type: ignore[attr-defined]
    if on is None:
        return select(table).where(table.c.valid_until.is_(None))
    not_over = or_(table.c.valid_until.is_(None), table.c.valid_until > on)
    return select(table).where(table.c.valid_from <= on, not_over)


async def _first(conn: Reading, query: Select[Any]) -> Mapping[str, Any] | None:
    row = (await conn.execute(query.limit(1))).mappings().first()
    return None if row is None else dict(row)


def _unit(row: Mapping[str, Any]) -> Unit:
    return Unit(**{name: row[name] for name in Unit.__slots__})


def _violation(row: Mapping[str, Any]) -> Violation:
    return Violation(
        id=row["id"],
        code=row["code"],
        article=row["article"],
        title=Text(row["title_id"], row["title_en"]),
        max_fine=Rupiah(row["max_fine"]),
        max_imprisonment=row["max_imprisonment"],
        vehicle_kinds=tuple(row["vehicle_kinds"].split(";")),
        camera_detectable=row["camera_detectable"],
        sim_points=row["sim_points"],
    )


def _fee(row: Mapping[str, Any]) -> Fee:
    return Fee(
        id=row["id"],
        code=row["code"],
        service=row["service"],
        variant=row["variant"],
        amount=None if row["amount"] is None else Rupiah(row["amount"]),
        unit=row["unit"],
        kind=row["kind"],
        note=row["note"],
    )


def _policy(row: Mapping[str, Any]) -> Policy:
    return Policy(row["id"], row["code"], row["version"], row["valid_from"], policy_from_text(row["body"]))
