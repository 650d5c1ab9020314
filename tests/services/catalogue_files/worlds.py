"""Made-up applicants, vehicles and licences, all sound on one day, from which each test takes away one thing."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache

from app.core.db import JsonValue
from app.services.catalogue import Catalogue, Facts, Outcome, Service, load_catalogue, verdicts

TODAY = date(2026, 3, 2)
NIK, OTHER_NIK = "3174011211879901", "3174014503909902"
Value = JsonValue | datetime
Record = dict[str, Value]
Form = Mapping[str, JsonValue]
NOTHING: Form = {}


@cache
def shipped() -> Catalogue:
    """The catalogue of this release."""
    return load_catalogue({"application"})


def service(code: str) -> Service:
    """One service of it."""
    return shipped().get(code)


def at(day: date) -> datetime:
    """A day as facts have it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def in_days(days: int) -> datetime:
    """So many days from today."""
    return at(TODAY + timedelta(days=days))


def applicant(**changes: Value) -> Record:
    """A citizen of 38 years in Jakarta Selatan."""
    return {
        "nik": NIK,
        "name": "Budi Contoh",
        "born_on": at(date(1987, 11, 12)),
        "sex": "M",
        "address": "Jalan Contoh No. 1, Kelurahan Rekaan, JAKARTA SELATAN",
        "citizenship": "WNI",
        **changes,
    }


def vehicle(**changes: Value) -> Record:
    """That citizen's car, with nothing against it."""
    return {
        "plate": "B1234XYZ",
        "make": "Toyota",
        "model": "Avanza 1.3 G",
        "colour": "Hitam",
        "kind": "Mobil penumpang",
        "year": 2018,
        "owner_nik": NIK,
        "owner_name": "Budi Contoh",
        "blocked": False,
        "open_tickets": 0,
        "chassis_tail": "00001",
        **changes,
    }


def tax(due_on: date = date(2026, 4, 1), stnk_valid_until: date = date(2028, 4, 1)) -> Record:
    """What Bapenda says of it."""
    amounts: Record = {"pkb": 1_850_000, "opsen": 120_000, "bbnkb": 0, "penalty": 0, "amount": 1_970_000}
    return {"due_on": at(due_on), "stnk_valid_until": at(stnk_valid_until), **amounts}


def licence(
    sim_class: str, *, ends_in: int = 60, held_since: date = date(2021, 5, 1), status: str = "active"
) -> Record:
    """A driving licence of this class."""
    return {
        "class": sim_class,
        "number": NIK,
        "issued_on": at(held_since),
        "held_since": at(held_since),
        "valid_until": in_days(ends_in),
        "status": status,
    }


def health(*classes: str, ends_in: int = 100, passed: bool = True) -> Record:
    """A result of e-Rikkes."""
    return {"passed": passed, "checked_on": in_days(-10), "valid_until": in_days(ends_in), "classes": list(classes)}


def psychology(*, ends_in: int = 100, passed: bool = True) -> Record:
    """A result of e-PPsi."""
    return {"passed": passed, "checked_on": in_days(-10), "valid_until": in_days(ends_in)}


def unit(code: str = "PMJ-POLRESTRO-JAKARTA-SELATAN", level: str = "POLRES", seat: str = "Jakarta Selatan") -> Record:
    """The unit that the citizen chose."""
    polda: Record = {"polda": "PMJ", "province": "DKI Jakarta", "zone": "WIB"}
    return {"code": code, "name": seat, "seat": seat, "level": level, **polda}


def example_form(code: str, **changes: JsonValue) -> dict[str, JsonValue]:
    """The form as the file's own examples fill it in, with these answers instead."""
    return {each.name: each.example for each in service(code).fields} | changes


def judged(code: str, facts: Facts, outcome: Outcome) -> set[str]:
    """The rules that came out so."""
    return {each.name for each in verdicts(service(code), facts) if each.outcome is outcome}


def refused(code: str, facts: Facts) -> set[str]:
    """The rules that refuse."""
    return judged(code, facts, Outcome.REFUSED)


def warned(code: str, facts: Facts) -> set[str]:
    """The rules that warn."""
    return judged(code, facts, Outcome.WARNED)
