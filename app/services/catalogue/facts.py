"""What the conditions of a service may read: the applicant, the registers' answers, the form, the day. Pure.

One table (`SHAPES`) says which names there are, what each looks like, which values it can have where these are few, and
which register it comes from. The checker reads it before an expression ever runs; `Facts` fills it at run time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from types import MappingProxyType

import cel

from app.core.db import JsonValue
from app.core.texts import Text
from app.services.catalogue.conditions import EACH, MACROS, Path, context_of
from app.services.registries import facts as register_facts

Record = Mapping[str, JsonValue | datetime]
"""What one register says, by name; days are instants, midnight UTC."""

SEVERAL_CLASSES = ("A", "A_UMUM", "BI", "BI_UMUM", "BII", "BII_UMUM", "C", "CI", "CII", "D", "DI")
TWO_WHEELS, FOUR_WHEELS = 2, 4
_SMALL_VEHICLES = ("sepeda motor", "roda 2", "roda dua", "roda 3", "roda tiga", "motorcycle")


@dataclass(frozen=True)
class Leaf:
    """A value: how one looks, which there are where they can be counted, and whether it may be null."""

    example: JsonValue | datetime
    domain: tuple[JsonValue, ...] = ()
    nullable: bool = False


Shape = Leaf | Mapping[str, "Shape"] | tuple["Shape"]
"""A value, a record with names, or (a tuple of one) a list of such."""


def _day(year: int, month: int, day: int) -> datetime:
    return register_facts.midnight(date(year, month, day))


TODAY = date(2026, 3, 2)
_LICENCE: Mapping[str, Shape] = {
    "class": Leaf("A", domain=SEVERAL_CLASSES),
    "number": Leaf("3174011211879901"),
    "issued_on": Leaf(_day(2021, 4, 1)),
    "held_since": Leaf(_day(2016, 4, 1)),
    "valid_until": Leaf(_day(2026, 4, 1)),
    "status": Leaf("active", domain=("active", "withheld", "revoked")),
}
SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "applicant": {
            "nik": Leaf("3174011211879901"),
            "name": Leaf("Budi Contoh"),
            "born_on": Leaf(_day(1987, 11, 12)),
            "age": Leaf(38),
            "sex": Leaf("M", domain=("M", "F")),
            "address": Leaf("Jalan Contoh No. 1, Jakarta Selatan"),
            "citizenship": Leaf("WNI", domain=("WNI", "WNA")),
        },
        "unit": {
            "code": Leaf("PMJ-POLRESTRO-JAKARTA-PUSAT"),
            "name": Leaf("Polres Metro Jakarta Pusat"),
            "level": Leaf("POLRES", domain=("MABES", "POLDA", "POLRES")),
            "polda": Leaf("PMJ", nullable=True),
            "province": Leaf("DKI Jakarta"),
            "seat": Leaf("Jakarta Pusat"),
            "zone": Leaf("WIB", domain=("WIB", "WITA", "WIT")),
        },
        "vehicle": {
            "plate": Leaf("B1234XYZ"),
            "make": Leaf("Toyota"),
            "model": Leaf("Avanza 1.3 G"),
            "colour": Leaf("Hitam"),
            "kind": Leaf("Mobil penumpang"),
            "wheels": Leaf(FOUR_WHEELS, domain=(TWO_WHEELS, FOUR_WHEELS)),
            "year": Leaf(2018, nullable=True),
            "owner_nik": Leaf("3174011211879901", nullable=True),
            "owner_name": Leaf("Budi Contoh"),
            "blocked": Leaf(False, domain=(False, True)),
            "open_tickets": Leaf(0),
            "chassis_tail": Leaf("00001"),
        },
        "chassis": {"registered": Leaf(False, domain=(False, True))},
        "licences": (_LICENCE,),
        "licence": _LICENCE,
        "tax": {
            "due_on": Leaf(_day(2026, 4, 1)),
            "stnk_valid_until": Leaf(_day(2028, 4, 1)),
            "pkb": Leaf(1_850_000),
            "opsen": Leaf(120_000),
            "bbnkb": Leaf(0),
            "penalty": Leaf(0),
            "amount": Leaf(1_970_000),
        },
        "insurance": {"amount": Leaf(143_000), "penalty": Leaf(0), "due_on": Leaf(_day(2026, 4, 1))},
        "health": {
            "passed": Leaf(True, domain=(True, False)),
            "checked_on": Leaf(_day(2026, 2, 20)),
            "valid_until": Leaf(_day(2026, 8, 20)),
            "classes": (Leaf("A", domain=SEVERAL_CLASSES),),
        },
        "psychology": {
            "passed": Leaf(True, domain=(True, False)),
            "checked_on": Leaf(_day(2026, 2, 20)),
            "valid_until": Leaf(_day(2026, 8, 20)),
        },
        "jkn": {"active": Leaf(True, domain=(True, False))},
        "records": {"open_case": Leaf(False, domain=(False, True)), "note": Leaf("")},
        "today": Leaf(register_facts.midnight(TODAY)),
        "down": (Leaf("jkn"),),
    }
)
"""Every variable but `form`, which each service declares by itself."""

REGISTER_OF: Mapping[str, str] = MappingProxyType(
    {
        "applicant": "population",
        "vehicle": "vehicles",
        "chassis": "vehicles",
        "licences": "licences",
        "licence": "licences",
        "tax": "tax",
        "insurance": "insurance",
        "health": "health",
        "psychology": "psychology",
        "jkn": "jkn",
        "records": "records",
    }
)
"""Which register a variable comes from: while that is down, nobody can tell."""
FOUND_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "licence": ("sim_class",),
        "vehicle": ("plate", "chassis_tail"),
        "chassis": ("chassis_no",),
        "tax": ("plate", "chassis_tail"),
        "insurance": ("plate", "chassis_tail"),
    }
)
"""By which answers of the form a record is found: while one of them is missing, nobody can say that there is none."""
REGISTER_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        "population": Text("Register kependudukan", "The population register"),
        "vehicles": Text("Register kendaraan", "The vehicle register"),
        "licences": Text("Register SIM", "The register of driving licences"),
        "tax": Text("Register pajak kendaraan", "The vehicle tax register"),
        "insurance": Text("Register SWDKLLJ", "The register of SWDKLLJ"),
        "health": Text("Register pemeriksaan kesehatan", "The register of health checks"),
        "psychology": Text("Register tes psikologi", "The register of psychological tests"),
        "jkn": Text("Register JKN", "The register of JKN"),
        "records": Text("Register catatan kepolisian", "The register of criminal records"),
    }
)
REGISTERS = frozenset(REGISTER_TITLES)

DAY_FUNCTIONS = frozenset({"days_until", "months_since", "years_since"})
OUR_FUNCTIONS = DAY_FUNCTIONS | {"date", "lower"}
FUNCTIONS = OUR_FUNCTIONS | MACROS | frozenset(
    ["size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string", "type", "timestamp", "duration", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds"]
)  # fmt: skip
"""What a condition may call. `has` is not among them: every name is always there, null where nothing is known."""


@dataclass(frozen=True)
class Facts:
    """What is known when a service is judged: `form` as answered, and what each register says (`as_facts()` of its record).

    None is a register that knows nothing of the person or vehicle; one that did not answer is named in `down`. Age, the
    licence of the class applied for and the PNBP class of the vehicle are worked out here.
    """

    today: date
    form: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    applicant: Record | None = field(default=None, repr=False)
    unit: Record | None = None
    vehicle: Record | None = field(default=None, repr=False)
    chassis: Record | None = None
    """What the vehicle register says of `form.chassis_no`, the number of a vehicle that is to be registered."""
    licences: tuple[Record, ...] = field(default=(), repr=False)
    tax: Record | None = field(default=None, repr=False)
    insurance: Record | None = field(default=None, repr=False)
    health: Record | None = field(default=None, repr=False)
    psychology: Record | None = field(default=None, repr=False)
    jkn: Record | None = field(default=None, repr=False)
    records: Record | None = field(default=None, repr=False)
    down: frozenset[str] = frozenset()

    @cached_property
    def variables(self) -> Mapping[str, object]:
        """By name, as conditions read them, the form apart. What comes from a register that is down is not there."""
        licences = [_licence(each) for each in self.licences]
        values: dict[str, object] = {
            name: _complete(name, getattr(self, name))
            for name in SHAPES.keys() - {"applicant", "vehicle", "licences", "licence", "today", "down"}
        }
        values |= {
            "applicant": _applicant(self.applicant, self.today),
            "vehicle": _vehicle(self.vehicle),
            "licences": licences,
            "licence": _own_licence(licences, self.form.get("sim_class")),
            "today": register_facts.midnight(self.today),
            "down": sorted(self.down),
        }
        return {name: value for name, value in values.items() if REGISTER_OF.get(name) not in self.down}

    def context(self, form: Mapping[str, JsonValue], *, without: frozenset[str] = frozenset()) -> cel.Context:
        """What conditions are evaluated against, with the form as they shall see it; `without` these variables, whoever reads
        one cannot tell."""
        known = {name: value for name, value in self.variables.items() if name not in without}
        return context_of({**known, "form": dict(form)}, functions_of(self.today))

    def missing(self, roots: frozenset[str]) -> frozenset[str]:
        """The registers among `down` that these variables would have needed."""
        return frozenset(REGISTER_OF[root] for root in roots if REGISTER_OF.get(root) in self.down)


def functions_of(today: date) -> dict[str, Callable[[object], object]]:
    """The functions that conditions are given. Each says null of what is null or no day, and never fails."""

    def days_until(at: object) -> int | None:
        day = _as_day(at)
        return None if day is None else (day - today).days

    def months_since(at: object) -> int | None:
        day = _as_day(at)
        if day is None:
            return None
        return (today.year - day.year) * 12 + today.month - day.month - (today.day < day.day)

    def years_since(at: object) -> int | None:
        day = _as_day(at)
        return None if day is None else register_facts.years_between(day, today)

    return {
        "days_until": days_until,
        "months_since": months_since,
        "years_since": years_since,
        "date": _date,
        "lower": lambda text: text.lower() if isinstance(text, str) else None,
    }


def shape_at(path: Path, form: Mapping[str, Shape]) -> Shape | None:
    """What stands at a path; None where nothing does."""
    found: Shape | None = {**SHAPES, "form": form}.get(path[0])
    for step in path[1:]:
        if step == EACH and isinstance(found, tuple):
            found = found[0]
        elif isinstance(found, Mapping):
            found = found.get(step)
        else:
            return None
    return found


def example_of(shape: Shape) -> object:
    """A value of this shape, for trying conditions out."""
    if isinstance(shape, Leaf):
        return shape.example
    if isinstance(shape, tuple):
        return [example_of(shape[0])]
    return {name: example_of(each) for name, each in shape.items()}


def _date(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return register_facts.midnight(date.fromisoformat(text))
    except ValueError:
        return None


def _as_day(at: object) -> date | None:
    return at.astimezone(UTC).date() if isinstance(at, datetime) else None


def _complete(name: str, record: Record | None) -> Record | None:
    """The record with every name that conditions may read; what the register does not say is null."""
    shape = SHAPES[name]
    if record is None or not isinstance(shape, Mapping):
        return record
    return dict.fromkeys(shape, None) | dict(record)


def _applicant(record: Record | None, today: date) -> Record | None:
    if record is None:
        return None
    known = dict(_complete("applicant", record) or {})
    born_on = _as_day(known["born_on"])
    if born_on is not None:
        known["age"] = register_facts.years_between(born_on, today)
    return known


def _vehicle(record: Record | None) -> Record | None:
    if record is None:
        return None
    known = dict(_complete("vehicle", record) or {})
    kind = str(known["kind"] or "").casefold()
    known["wheels"] = TWO_WHEELS if any(each in kind for each in _SMALL_VEHICLES) else FOUR_WHEELS
    return known


def _licence(record: Record) -> Record:
    known = dict(_complete("licence", record) or {})
    known["held_since"] = known["held_since"] or known["issued_on"]
    return known


def _own_licence(licences: list[Record], sim_class: JsonValue) -> Record | None:
    """The licence of the class applied for; of several, the one that is good for longest."""
    own = [each for each in licences if each["class"] == sim_class]
    return max(own, key=lambda each: _as_day(each["valid_until"]) or date.min, default=None)
