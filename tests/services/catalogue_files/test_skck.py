"""SKCK: the level from the purpose, the address, JKN, fingerprints, the year of grace (services.md section 3)."""

from datetime import date, timedelta

import pytest

from app.services.catalogue import (
    Facts,
    Outcome,
    appointment_for,
    fee_codes,
    level_for,
    needs_presence,
    wanted_documents,
)
from tests.services.catalogue_files.worlds import (
    NOTHING,
    TODAY,
    Form,
    Record,
    applicant,
    example_form,
    judged,
    refused,
    service,
    unit,
    warned,
)

LEVELS = {
    "POLRES": (
        "private_employer village_office moving_house school civil_servant pppk tni_polri state_company district_office firearm"
    ),
    "POLDA": "government_body passport_or_visa work_abroad notary province_office",
    "MABES": "national_office study_abroad visit_abroad permanent_residence naturalisation adoption",
}
PURPOSES = [(purpose, level) for level, purposes in LEVELS.items() for purpose in purposes.split()]
BOTH = ("skck-new", "skck-renewal")


def world(code: str, form: Form = NOTHING, *, person: Record | None = None, at_unit: Record | None = None) -> Facts:
    """A sound application, but for what is given."""
    return Facts(
        today=TODAY,
        form={**example_form(code), **form},
        applicant=person or applicant(),
        unit=at_unit or unit(),
        jkn={"active": True},
        records=None,
    )


@pytest.mark.parametrize("code", BOTH)
def test_a_sound_application_is_neither_refused_nor_warned(code: str) -> None:
    assert refused(code, world(code)) == set() == warned(code, world(code))


@pytest.mark.parametrize("code", BOTH)
def test_every_purpose_has_its_level(code: str) -> None:
    purpose = service(code).find_field("purpose")
    assert purpose is not None
    assert set(purpose.choices) == {each for each, _ in PURPOSES}
    for each, level in PURPOSES:
        assert level_for(service(code), world(code, {"purpose": each})) == level


@pytest.mark.parametrize("code", BOTH)
def test_foreigners_go_to_mabes_whatever_it_is_for(code: str) -> None:
    found = {level_for(service(code), world(code, {"purpose": each, "citizenship": "WNA"})) for each, _ in PURPOSES}
    assert (found, service(code).mabes) == ({"MABES"}, "BAINTELKAM")


@pytest.mark.parametrize("code", BOTH)
def test_no_level_before_the_purpose_is_said(code: str) -> None:
    assert level_for(service(code), world(code, {"purpose": None})) is None


@pytest.mark.parametrize("code", BOTH)
def test_a_polres_of_another_district_is_questioned_and_not_refused(code: str) -> None:
    elsewhere = unit("JABAR-POLRES-BOGOR", seat="Bogor")
    assert warned(code, world(code, at_unit=elsewhere)) == {"address-in-district"}
    assert refused(code, world(code, at_unit=elsewhere)) == set()
    assert warned(code, world(code, at_unit=unit("JABAR", "POLDA", "Bandung"))) == set()


@pytest.mark.parametrize("code", BOTH)
def test_an_open_case_is_for_an_officer_to_read(code: str) -> None:
    facts = _with(world(code), records={"open_case": True, "note": "LP"})
    assert (refused(code, facts), warned(code, facts)) == (set(), {"no-open-case"})
    assert warned(code, _with(world(code), records={"open_case": False, "note": ""})) == set()


@pytest.mark.parametrize("code", BOTH)
def test_jkn_is_active(code: str) -> None:
    for member in (None, {"active": False}):
        assert refused(code, _with(world(code), jkn=member)) == {"jkn-active"}
    foreigner = world(code, {"citizenship": "WNA"}, person=applicant(citizenship="WNA"))
    assert refused(code, _with(foreigner, jkn=None)) == set()


@pytest.mark.parametrize("code", BOTH)
def test_silent_records_are_unknown_and_never_clean(code: str) -> None:
    facts = _with(world(code), down=frozenset({"records"}))
    assert judged(code, facts, Outcome.UNKNOWN) == {"no-open-case"}


@pytest.mark.parametrize(
    ("ended_on", "sentences"),
    [
        (date(2025, 3, 2), set()),  # a year ago to the day
        (date(2025, 3, 1), {"old-one-recent"}),
        (date(2026, 9, 2), set()),  # issued today
        (TODAY + timedelta(days=185), {"old-one-plausible"}),
    ],
)
def test_renewal_up_to_a_year_after_the_end(ended_on: date, sentences: set[str]) -> None:
    assert refused("skck-renewal", world("skck-renewal", {"old_skck_valid_until": ended_on.isoformat()})) == sentences


@pytest.mark.parametrize(
    ("code", "form", "codes"),
    [
        ("skck-new", {}, "SKCK_WNI FINGERPRINT"),
        ("skck-new", {"prints_on_file": True}, "SKCK_WNI"),
        ("skck-new", {"citizenship": "WNA"}, "SKCK_WNA FINGERPRINT"),
        ("skck-renewal", {}, "SKCK_WNI"),
        ("skck-renewal", {"citizenship": "WNA"}, "SKCK_WNA"),
    ],
)
def test_fees(code: str, form: Form, codes: str) -> None:
    assert fee_codes(service(code), world(code, form)) == tuple(codes.split())


@pytest.mark.parametrize("purpose", [each for each, _ in PURPOSES])
def test_the_fee_is_the_same_at_every_level(purpose: str) -> None:
    assert fee_codes(service("skck-renewal"), world("skck-renewal", {"purpose": purpose})) == ("SKCK_WNI",)


def test_fingerprints_are_taken_once_and_in_person() -> None:
    first = world("skck-new")
    appointment = appointment_for(service("skck-new"), first)
    assert appointment is not None
    assert appointment.kind == "skck_fingerprints"
    assert [each.name for each in needs_presence(service("skck-new"), first)] == ["fingerprints"]
    for facts in (world("skck-new", {"prints_on_file": True}), world("skck-renewal")):
        code = "skck-renewal" if "old_skck_no" in facts.form else "skck-new"
        assert appointment_for(service(code), facts) is None
        assert needs_presence(service(code), facts) == ()


def test_a_printed_sheet_is_picked_up() -> None:
    names = [
        each.name for each in needs_presence(service("skck-renewal"), world("skck-renewal", {"delivery": "pickup"}))
    ]
    assert names == ["pickup"]


WNI_PAPERS = "ktp kk birth_certificate photo"
WNA_PAPERS = "photo_foreigner passport sponsor_letter stay_permit work_permit stm"


@pytest.mark.parametrize(
    ("code", "form", "papers"),
    [
        ("skck-new", {}, WNI_PAPERS),
        ("skck-new", {"prints_on_file": True}, f"{WNI_PAPERS} fingerprint_card"),
        ("skck-new", {"purpose": "work_abroad"}, f"{WNI_PAPERS} passport"),
        ("skck-new", {"purpose": "adoption"}, f"{WNI_PAPERS} passport"),
        ("skck-new", {"purpose": "passport_or_visa"}, WNI_PAPERS),
        ("skck-new", {"citizenship": "WNA"}, WNA_PAPERS),
        ("skck-renewal", {}, f"{WNI_PAPERS} old_skck"),
        ("skck-renewal", {"citizenship": "WNA"}, f"{WNA_PAPERS} old_skck"),
    ],
)
def test_papers(code: str, form: Form, papers: str) -> None:
    assert {each.name for each in wanted_documents(service(code), world(code, form))} == set(papers.split())


def test_the_form_has_the_sections_of_the_official_one() -> None:
    names = [each.name for each in service("skck-new").sections]
    assert names == ["purpose", "personal", "family", "education", "criminal", "marks", "remarks", "delivery"]


def test_what_stands_on_file_is_not_asked_again_at_a_renewal() -> None:
    asked = {each.name for each in service("skck-renewal").fields}
    assert not asked & {"father_name", "siblings", "schools", "hair", "fingerprint_formula"}


def _with(facts: Facts, **changes: object) -> Facts:
    known = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    return Facts(**known | changes)
