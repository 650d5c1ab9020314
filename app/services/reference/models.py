"""Tables of reference data: one uniform shape, effective-dated, never overwritten.

A row holds from `valid_from` (inclusive) until `valid_until` (exclusive; empty means still open). A change closes the
open row and adds a new one, both under the `reference_revisions` row that brought it. A code has one open row at most,
which the database itself enforces.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, JsonValue, Table, UtcDateTime
from app.core.ids import new_id


def _effective_dated(table: str) -> tuple[UniqueConstraint | Index, ...]:
    """No two rows of a code from one revision; at most one open row per code."""
    still_open = text("valid_until IS NULL")
    return (
        UniqueConstraint("code", "valid_from", "revision_id"),
        Index(f"ix_{table}_open_code", "code", unique=True, sqlite_where=still_open, postgresql_where=still_open),
    )


class ReferenceRevision(Table, table=True):
    """One file applied to one reference table: who, when, which bytes, what it did."""

    __tablename__ = "reference_revisions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    number: int = Field(unique=True)
    table_name: str = Field(max_length=40, index=True)
    applied_at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(max_length=200)
    file_name: str = Field(max_length=200)
    file_sha256: str = Field(max_length=64)
    valid_from: date
    added: int
    changed: int
    removed: int
    changes: list[JsonValue] = Field(sa_type=JsonColumn)
    leaf_id: UUID = Field(foreign_key="leaves.id")


class ReferenceRow(Table):
    """What every reference row has. `source` says where the value was seen, `confidence` how far to trust it."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(max_length=60)
    valid_from: date
    valid_until: date | None = None
    revision_id: UUID = Field(foreign_key="reference_revisions.id")
    source: str = Field(sa_type=Text)
    confidence: str = Field(max_length=10)


class UnitRow(ReferenceRow, table=True):
    """A police unit: Mabes and its units, Polda, Polres."""

    __tablename__ = "units"
    __table_args__ = _effective_dated("units")

    level: str = Field(max_length=10)
    kind: str = Field(max_length=40)
    name: str = Field(max_length=200)
    polda_code: str | None = Field(default=None, max_length=20, index=True)
    province: str = Field(max_length=100)
    zone: str = Field(max_length=4)
    seat: str = Field(max_length=100)
    polda_type: str | None = Field(default=None, max_length=5)
    etle_phase1: bool | None = None
    etle_phase1_points: int | None = None
    polda_code_2023: str | None = Field(default=None, max_length=20)


class ViolationRow(ReferenceRow, table=True):
    """An article of UU 22/2009 that a driver can break, with its maximum fine in rupiah."""

    __tablename__ = "violations"
    __table_args__ = _effective_dated("violations")

    article: str = Field(max_length=100)
    title_id: str = Field(max_length=200)
    title_en: str = Field(max_length=200)
    max_fine: int = Field(sa_type=BigInteger)
    max_imprisonment: str = Field(max_length=60)
    vehicle_kinds: str = Field(max_length=100)
    camera_detectable: bool
    sim_points: int | None = None
    sim_points_confidence: str | None = Field(default=None, max_length=10)
    note: str = Field(default="", sa_type=Text)


class PlateRegionRow(ReferenceRow, table=True):
    """A plate's region code, or a region code with a first series letter (``B:U``), and the area it stands for."""

    __tablename__ = "plate_regions"
    __table_args__ = _effective_dated("plate_regions")

    region: str = Field(max_length=2)
    series_first_letter: str = Field(default="", max_length=1)
    level: str = Field(max_length=10)
    area: str = Field(max_length=200)
    province: str = Field(max_length=100)
    polda_code: str = Field(max_length=20)
    unit_code: str | None = Field(default=None, max_length=60)


class FeeRow(ReferenceRow, table=True):
    """A fee in rupiah; an empty amount is one that follows from another fee or that a third party sets."""

    __tablename__ = "fees"
    __table_args__ = _effective_dated("fees")

    service: str = Field(max_length=40)
    variant: str = Field(max_length=200)
    amount: int | None = Field(default=None, sa_type=BigInteger)
    unit: str = Field(max_length=60)
    kind: str = Field(max_length=20)
    note: str = Field(default="", sa_type=Text)


class PolicyRow(ReferenceRow, table=True):
    """One version of a Polda's ETLE policy (code ``NATIONAL`` is the default). `body` is complete and never edited."""

    __tablename__ = "policies"
    __table_args__ = _effective_dated("policies")

    version: int
    body: str = Field(sa_type=Text)


class HolidayRow(ReferenceRow, table=True):
    """A national holiday or day of collective leave; its code is the date."""

    __tablename__ = "holidays"
    __table_args__ = _effective_dated("holidays")

    name: str = Field(max_length=200)
