"""What the columns of each reference file mean: the one list that reading, comparing and writing follow."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from app.core.db import JsonValue
from app.services.reference.models import (
    FeeRow,
    HolidayRow,
    PlateRegionRow,
    PolicyRow,
    ReferenceRow,
    UnitRow,
    ViolationRow,
)
from app.services.reference.plates import region_codes

Cell = str | int | bool | None
Reader = Callable[[str], Cell]

CONFIDENCES = ("high", "medium", "low")
ZONES = ("WIB", "WITA", "WIT")
MAX_AMOUNT = 1_000_000_000


@dataclass(frozen=True)
class ReferenceTable:
    """One reference table: its file, and how each of the file's columns is read.

    `code_of` gives a row its code from the file's own cells; columns not in `columns` or in the three that every
    file has (source, confidence, valid_from) are refused, so that a misspelt heading is not silently ignored.
    """

    name: str
    file_name: str
    model: type[ReferenceRow]
    columns: Mapping[str, tuple[str, Reader]]
    code_of: Callable[[Mapping[str, str]], str]


def words(longest: int) -> Reader:
    """Text that must be there."""

    def read(cell: str) -> Cell:
        if not cell:
            raise ValueError("must not be empty")
        return _at_most(cell, longest)

    return read


def maybe_words(longest: int, *, empty: str | None = None) -> Reader:
    """Text that may be missing."""
    return lambda cell: _at_most(cell, longest) if cell else empty


def whole(lowest: int, highest: int) -> Reader:
    """A whole number within limits."""

    def read(cell: str) -> Cell:
        if not re.fullmatch(r"[0-9]{1,12}", cell) or not lowest <= int(cell) <= highest:
            raise ValueError(f"{cell!r} is not a whole number from {lowest} to {highest}")
        return int(cell)

    return read


def maybe(read: Reader) -> Reader:
    """The same, or nothing."""
    return lambda cell: read(cell) if cell else None


def one_of(*known: str) -> Reader:
    """One of a few words."""

    def read(cell: str) -> Cell:
        if cell not in known:
            raise ValueError(f"{cell!r} is none of {', '.join(known)}")
        return cell

    return read


def yes_or_no(cell: str) -> Cell:
    """``y`` or ``n``."""
    if cell not in ("y", "n"):
        raise ValueError(f"{cell!r} is neither y nor n")
    return cell == "y"


def unit_code(cell: str) -> Cell:
    """A unit's code: capitals, digits and dashes."""
    if not re.fullmatch(r"[A-Z0-9-]{2,60}", cell):
        raise ValueError(f"{cell!r} is no unit code (capitals, digits and dashes)")
    return cell


def region(cell: str) -> Cell:
    """A region code that the grammar of plates knows."""
    if cell not in region_codes():
        raise ValueError(f"{cell!r} is no region code of this version: no plate with it would be read")
    return cell


def _at_most(cell: str, longest: int) -> str:
    if len(cell) > longest:
        raise ValueError(f"is longer than {longest} characters")
    if not cell.isprintable():
        raise ValueError("holds a character that cannot be printed")
    return cell


def _iso_day(cell: Mapping[str, str]) -> str:
    return date.fromisoformat(cell["date"]).isoformat()


def _region_code(cell: Mapping[str, str]) -> str:
    return f"{cell['code']}:{cell['series_first_letter']}" if cell["series_first_letter"] else cell["code"]


UNITS = ReferenceTable(
    name="units",
    file_name="units.csv",
    model=UnitRow,
    columns={
        "code": ("code", unit_code),
        "level": ("level", one_of("MABES", "POLDA", "POLRES")),
        "kind": ("kind", words(40)),
        "name": ("name", words(200)),
        "polda_code": ("polda_code", maybe(unit_code)),
        "province": ("province", words(100)),
        "zone": ("zone", one_of(*ZONES)),
        "seat": ("seat", words(100)),
        "polda_type": ("polda_type", maybe_words(5)),
        "etle_phase1": ("etle_phase1", maybe(yes_or_no)),
        "etle_phase1_points": ("etle_phase1_points", maybe(whole(0, 10_000))),
        "polda_code_2023": ("polda_code_2023", maybe(unit_code)),
    },
    code_of=lambda cell: cell["code"],
)

VIOLATIONS = ReferenceTable(
    name="violations",
    file_name="violations.csv",
    model=ViolationRow,
    columns={
        "code": ("code", words(60)),
        "article": ("article", words(100)),
        "title_id": ("title_id", words(200)),
        "title_en": ("title_en", words(200)),
        "max_fine_idr": ("max_fine", whole(1, MAX_AMOUNT)),
        "max_imprisonment": ("max_imprisonment", words(60)),
        "vehicle_kinds": ("vehicle_kinds", words(100)),
        "camera_detectable": ("camera_detectable", yes_or_no),
        "sim_points": ("sim_points", maybe(whole(0, 18))),
        "sim_points_confidence": ("sim_points_confidence", maybe(one_of(*CONFIDENCES))),
        "note": ("note", maybe_words(1000, empty="")),
    },
    code_of=lambda cell: cell["code"],
)

PLATE_REGIONS = ReferenceTable(
    name="plate_regions",
    file_name="plate_regions.csv",
    model=PlateRegionRow,
    columns={
        "code": ("region", region),
        "series_first_letter": ("series_first_letter", maybe_words(1, empty="")),
        "level": ("level", one_of("PREFIX", "SERIES")),
        "area": ("area", words(200)),
        "province": ("province", maybe_words(100, empty="")),
        "polda_code": ("polda_code", unit_code),
        "unit_code": ("unit_code", maybe(unit_code)),
    },
    code_of=_region_code,
)

FEES = ReferenceTable(
    name="fees",
    file_name="pnbp_fees.csv",
    model=FeeRow,
    columns={
        "code": ("code", words(60)),
        "service": ("service", words(40)),
        "variant": ("variant", words(200)),
        "fee_idr": ("amount", maybe(whole(0, MAX_AMOUNT))),
        "unit": ("unit", words(60)),
        "kind": ("kind", one_of("PNBP", "JASA_RAHARJA", "THIRD_PARTY")),
        "note": ("note", maybe_words(1000, empty="")),
    },
    code_of=lambda cell: cell["code"],
)

HOLIDAYS = ReferenceTable(
    name="holidays",
    file_name="holidays.csv",
    model=HolidayRow,
    columns={"date": ("code", words(10)), "name": ("name", words(200))},
    code_of=_iso_day,
)

POLICIES = ReferenceTable(
    name="policies",
    file_name="etle_policies.yaml",
    model=PolicyRow,
    columns={},  # a tree, not a table: see `files.read_policies`
    code_of=lambda cell: cell["code"],
)

TABLES: tuple[ReferenceTable, ...] = (UNITS, VIOLATIONS, PLATE_REGIONS, FEES, HOLIDAYS, POLICIES)
"""In loading order: later files may name what earlier ones hold."""

NATIONAL = "NATIONAL"
"""The code of the policy that holds where a Polda has none of its own."""

Values = Mapping[str, JsonValue]
