"""What registers say: in the names of service files, moved on when paid, and unreadable when half of it is missing."""

import json
from datetime import UTC, date, datetime

import pytest

from app.services.registries import (
    KINDS,
    CriminalRecord,
    HealthCheck,
    Insurance,
    JknMembership,
    Licence,
    LicenceStatus,
    PsychologyTest,
    SimClass,
    VehicleTax,
)
from app.services.registries.demo import PEOPLE
from app.services.registries.nik import Nik, NikWarning, Sex

TAX = VehicleTax(date(2024, 2, 29), date(2024, 2, 29), 1_000, 660, 5_000, 20)  # type: ignore[arg-type]


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def test_facts_have_the_names_of_service_files_and_days_as_midnights() -> None:
    licence = Licence(SimClass.BI, "123456789012", date(2022, 5, 1), date(2027, 5, 1), LicenceStatus.WITHHELD)
    assert licence.as_facts() == {
        "class": "BI",
        "number": "123456789012",
        "issued_on": at(2022, 5, 1),
        "valid_until": at(2027, 5, 1),
        "status": "withheld",
    }
    assert TAX.as_facts() == {
        "due_on": at(2024, 2, 29),
        "stnk_valid_until": at(2024, 2, 29),
        "pkb": 1_000,
        "opsen": 660,
        "bbnkb": 5_000,
        "penalty": 20,
        "amount": 6_680,
    }
    days = (date(2026, 2, 1), date(2026, 8, 1))
    assert HealthCheck(True, *days, (SimClass.A,)).as_facts() == {
        "passed": True,
        "checked_on": at(2026, 2, 1),
        "valid_until": at(2026, 8, 1),
        "classes": ["A"],
    }
    assert set(PsychologyTest(True, *days).as_facts()) == {"passed", "checked_on", "valid_until"}
    assert CriminalRecord(open_case=False, note="").as_facts() == {"open_case": False, "note": ""}
    assert JknMembership(active=False).as_facts() == {"active": False}


def test_what_was_paid_is_due_a_year_later_without_penalty() -> None:
    paid = TAX.paid()
    assert (paid.due_on, paid.stnk_valid_until) == (date(2025, 2, 28), date(2024, 2, 29))
    assert (paid.amount, paid.penalty, paid.bbnkb) == (1_660, 0, 0)
    insurance = Insurance(40_000, 5_000, date(2026, 3, 1)).paid()  # type: ignore[arg-type]
    assert insurance == Insurance(35_000, 0, date(2027, 3, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("licences", {"class": "Z"}),
        ("licences", {"class": None}),
        ("licences", {"number": "1234"}),
        ("licences", {"number": "٣٦٠٢٠٤١٢١١٨٧٠٠٠١"}),
        ("licences", {"issued_on": "2031-01-02"}),
        ("licences", {"issued_on": "2026-02-30"}),
        ("licences", {"issued_on": "0001-01-01"}),
        ("licences", {"issued_on": "2026-01-01T00:00:00"}),
        ("licences", {"status": "expired"}),
    ],
)
def test_half_an_answer_is_none(name: str, changes: dict[str, object]) -> None:
    licence = Licence(SimClass.A, "1" * 16, date(2026, 1, 1), date(2031, 1, 1), LicenceStatus.ACTIVE)
    good = json.loads(KINDS[name].written(licence))
    assert KINDS[name].read(json.dumps({**good, "blood_group": "O"})) == licence, "what we do not ask for is left out"
    with pytest.raises(ValueError, match="validation error"):
        KINDS[name].read(json.dumps({**good, **changes}))


def test_a_record_does_not_show_itself_in_a_traceback() -> None:
    assert "True" not in repr(CriminalRecord(open_case=True, note="LP-1"))
    assert "LP-1" not in repr(CriminalRecord(open_case=True, note="LP-1"))


def test_a_nik_that_differs_from_the_form_warns_and_is_taken() -> None:
    siti = PEOPLE[1]
    nik = Nik.parse(siti.nik)
    assert nik is not None
    assert nik.warnings(born_on=siti.born_on, sex=Sex.FEMALE) == ()
    assert nik.warnings() == ()
    both = nik.warnings(born_on=date(1990, 3, 6), sex=Sex.MALE)
    assert both == (NikWarning.BIRTH_DATE, NikWarning.SEX)
    assert all(each.says.id and each.says.en for each in both)
    assert [Sex.FEMALE.letter, Sex.MALE.letter] == ["F", "M"]
