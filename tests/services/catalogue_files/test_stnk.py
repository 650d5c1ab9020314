"""STNK: who may, when, for how much (services.md section 1), each limit on its very day."""

from datetime import date, timedelta

import pytest

from app.services.catalogue import (
    Facts,
    Outcome,
    appointment_for,
    fee_codes,
    level_for,
    valid_until,
    wanted_documents,
)
from tests.services.catalogue_files.worlds import (
    NIK,
    NOTHING,
    OTHER_NIK,
    TODAY,
    Form,
    Record,
    applicant,
    at,
    example_form,
    judged,
    refused,
    service,
    tax,
    vehicle,
    warned,
)

OF_OWNER = ("stnk-annual", "stnk-renewal", "stnk-replacement", "stnk-sale-report")
PAID = ("stnk-annual", "stnk-renewal", "stnk-replacement", "stnk-transfer")
TAX = {
    "stnk-annual": tax(),
    "stnk-renewal": tax(date(2026, 4, 1), date(2026, 4, 1)),
    "stnk-replacement": tax(),
    "stnk-sale-report": tax(),
    "stnk-transfer": tax(),
}


def world(code: str, form: Form = NOTHING, *, car: Record | None = None, taxed: Record | None = None) -> Facts:
    """A sound application, but for what is given."""
    owner = OTHER_NIK if code == "stnk-transfer" else NIK
    nobody_else: Form = {"owner_nik": None} if code == "stnk-annual" else NOTHING
    other: Form = {"buyer_nik": OTHER_NIK} if code == "stnk-sale-report" else nobody_else
    return Facts(
        today=TODAY,
        form={**example_form(code), **other, **form},
        applicant=applicant(),
        vehicle=vehicle(owner_nik=owner) | (car or {}),
        tax=taxed or TAX[code],
        insurance={"amount": 143_000, "penalty": 0, "due_on": at(date(2026, 4, 1))},
    )


@pytest.mark.parametrize("code", TAX)
def test_a_sound_application_is_neither_refused_nor_warned(code: str) -> None:
    assert refused(code, world(code)) == set() == warned(code, world(code))


@pytest.mark.parametrize("code", OF_OWNER)
def test_only_the_registered_owner(code: str) -> None:
    assert refused(code, world(code, car={"owner_nik": OTHER_NIK})) == {"registered-owner"}


def test_a_relatives_vehicle_goes_with_the_owners_nik_and_ktp() -> None:
    facts = world("stnk-annual", {"owner_nik": OTHER_NIK}, car={"owner_nik": OTHER_NIK})
    assert refused("stnk-annual", facts) == set()
    assert "owner_ktp" in {each.name for each in wanted_documents(service("stnk-annual"), facts)}
    assert "owner_ktp" not in {each.name for each in wanted_documents(service("stnk-annual"), world("stnk-annual"))}


def test_a_company_is_sent_to_the_counter_or_shows_a_power_of_attorney() -> None:
    company: Record = {"owner_nik": None}
    assert refused("stnk-annual", world("stnk-annual", car=company)) == {"owner-is-a-person"}
    for code in ("stnk-renewal", "stnk-replacement", "stnk-sale-report"):
        facts = world(code, car=company)
        assert refused(code, facts) == set()
        assert warned(code, facts) == {"owner-is-a-person"}
        assert "power_of_attorney" in {each.name for each in wanted_documents(service(code), facts)}


def test_the_buyer_renames_and_not_the_owner() -> None:
    assert refused("stnk-transfer", world("stnk-transfer", car={"owner_nik": NIK})) == {"buyer-is-not-owner"}


@pytest.mark.parametrize("code", TAX)
def test_a_wrong_chassis_number_is_said_once(code: str) -> None:
    facts = Facts(today=TODAY, form=example_form(code, buyer_nik=None), applicant=applicant())
    assert refused(code, facts) == {"vehicle-known"}


@pytest.mark.parametrize("code", ["stnk-annual", "stnk-renewal", "stnk-replacement"])
def test_a_block_refuses_before_anybody_pays(code: str) -> None:
    assert refused(code, world(code, car={"blocked": True})) == {"not-blocked"}


@pytest.mark.parametrize("code", ["stnk-transfer", "stnk-sale-report"])
def test_a_block_is_said_where_a_reported_sale_may_be_its_reason(code: str) -> None:
    facts = world(code, car={"blocked": True})
    assert (refused(code, facts), warned(code, facts)) == (set(), {"not-blocked"})


@pytest.mark.parametrize("code", PAID)
def test_an_open_ticket_refuses_before_anybody_pays(code: str) -> None:
    assert refused(code, world(code, car={"open_tickets": 1})) == {"no-open-tickets"}


def test_a_sale_can_be_reported_with_a_ticket_open() -> None:
    facts = world("stnk-sale-report", car={"open_tickets": 2})
    assert (refused("stnk-sale-report", facts), warned("stnk-sale-report", facts)) == (set(), {"no-open-tickets"})


@pytest.mark.parametrize(
    ("due_on", "stnk_valid_until", "right"),
    [
        (date(2026, 4, 1), date(2028, 4, 1), "stnk-annual"),
        (date(2026, 4, 1), date(2027, 4, 1), "stnk-annual"),
        (date(2026, 4, 1), date(2026, 4, 1), "stnk-renewal"),  # the fifth year
        (date(2025, 4, 1), date(2026, 4, 1), "stnk-annual"),  # last year's tax is still open
        (date(2025, 4, 1), TODAY, "stnk-annual"),  # the last day of the STNK
        (date(2025, 3, 1), TODAY - timedelta(days=1), "stnk-renewal"),  # it ended yesterday
    ],
)
def test_of_validation_and_renewal_exactly_one_is_right(due_on: date, stnk_valid_until: date, right: str) -> None:
    taxed = tax(due_on, stnk_valid_until)
    wrong = {"stnk-annual": "stnk-renewal", "stnk-renewal": "stnk-annual"}[right]
    sentence = {"stnk-annual": "not-the-fifth-year", "stnk-renewal": "renewal-is-due"}[wrong]
    assert refused(right, world(right, taxed=taxed)) == set()
    assert refused(wrong, world(wrong, taxed=taxed)) == {sentence}


@pytest.mark.parametrize("code", ["stnk-renewal", "stnk-transfer"])
def test_two_years_after_its_end_a_registration_is_no_longer_handled_here(code: str) -> None:
    last_good, first_bad = date(2024, 3, 3), date(2024, 3, 2)
    assert refused(code, world(code, taxed=tax(last_good, last_good))) == set()
    assert refused(code, world(code, taxed=tax(first_bad, first_bad))) == {"registration-not-lapsed"}


def test_an_stnk_that_has_ended_is_renewed_and_not_replaced() -> None:
    ended = tax(TODAY - timedelta(days=1), TODAY - timedelta(days=1))
    assert refused("stnk-replacement", world("stnk-replacement", taxed=ended)) == {"stnk-in-force"}
    assert refused("stnk-replacement", world("stnk-replacement", taxed=tax(TODAY, TODAY))) == set()


@pytest.mark.parametrize(
    ("code", "due_on", "stnk_valid_until", "ends"),
    [
        ("stnk-annual", date(2026, 4, 1), date(2028, 4, 1), date(2027, 4, 1)),  # a month early
        ("stnk-annual", date(2026, 1, 21), date(2028, 1, 21), date(2027, 1, 21)),  # late
        ("stnk-renewal", date(2026, 4, 1), date(2026, 4, 1), date(2031, 4, 1)),
        ("stnk-renewal", date(2025, 4, 1), date(2025, 4, 1), date(2030, 4, 1)),  # most of a year late
    ],
)
def test_validation_and_renewal_go_on_from_the_old_day(
    code: str, due_on: date, stnk_valid_until: date, ends: date
) -> None:
    facts = world(code, taxed=tax(due_on, stnk_valid_until))
    assert valid_until(service(code), facts, date(2026, 3, 2)) == ends


def test_a_replacement_holds_as_long_as_the_lost_one() -> None:
    assert valid_until(service("stnk-replacement"), world("stnk-replacement"), TODAY) == date(2028, 4, 1)


def test_a_tax_that_is_due_in_more_than_a_year_is_questioned() -> None:
    near, far = TODAY + timedelta(days=365), TODAY + timedelta(days=366)
    assert warned("stnk-annual", world("stnk-annual", taxed=tax(near, date(2030, 4, 1)))) == set()
    assert warned("stnk-annual", world("stnk-annual", taxed=tax(far, date(2030, 4, 1)))) == {"not-paid-already"}


MOTORCYCLE, CAR = "Sepeda motor", "Mobil penumpang"


@pytest.mark.parametrize(
    ("code", "kind", "form", "codes"),
    [
        ("stnk-annual", MOTORCYCLE, {}, "STNK_R2_VALIDATE"),
        ("stnk-annual", CAR, {}, "STNK_R4_VALIDATE"),
        ("stnk-renewal", MOTORCYCLE, {}, "STNK_R2_5Y TNKB_R2"),
        ("stnk-renewal", "KENDARAAN RODA TIGA", {}, "STNK_R2_5Y TNKB_R2"),
        ("stnk-renewal", "Mobil barang", {}, "STNK_R4_5Y TNKB_R4"),
        ("stnk-replacement", MOTORCYCLE, {}, "STNK_R2_REPLACE"),
        ("stnk-replacement", CAR, {}, "STNK_R4_REPLACE"),
        ("stnk-transfer", MOTORCYCLE, {}, "STNK_R2_NEW BPKB_R2_OWNER"),
        ("stnk-transfer", CAR, {"mutation": "same_region"}, "STNK_R4_NEW BPKB_R4_OWNER"),
        ("stnk-transfer", CAR, {"mutation": "letter_in_hand"}, "STNK_R4_NEW BPKB_R4_OWNER TNKB_R4"),
        ("stnk-transfer", MOTORCYCLE, {"mutation": "letter_needed"}, "STNK_R2_NEW BPKB_R2_OWNER TNKB_R2 MUTASI_R2"),
        ("stnk-transfer", CAR, {"mutation": "letter_needed"}, "STNK_R4_NEW BPKB_R4_OWNER TNKB_R4 MUTASI_R4"),
        ("stnk-sale-report", CAR, {}, ""),
    ],
)
def test_fees_by_kind_of_vehicle(code: str, kind: str, form: Form, codes: str) -> None:
    assert set(fee_codes(service(code), world(code, form, car={"kind": kind}))) == set(codes.split())


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("motorcycle", "STNK_R2_NEW TNKB_R2 BPKB_R2_NEW"),
        ("three_wheeler", "STNK_R2_NEW TNKB_R2 BPKB_R2_NEW"),
        ("passenger_car", "STNK_R4_NEW TNKB_R4 BPKB_R4_NEW"),
        ("bus", "STNK_R4_NEW TNKB_R4 BPKB_R4_NEW"),
    ],
)
def test_fees_of_a_new_vehicle(kind: str, codes: str) -> None:
    facts = Facts(today=TODAY, form=example_form("stnk-new", vehicle_kind=kind), applicant=applicant())
    assert set(fee_codes(service("stnk-new"), facts)) == set(codes.split())


@pytest.mark.parametrize(
    ("code", "form", "papers"),
    [
        ("stnk-annual", {}, "ktp stnk"),
        ("stnk-renewal", {}, "ktp stnk bpkb"),
        ("stnk-renewal", {"pledged": True}, "ktp stnk creditor_letter"),
        ("stnk-renewal", {"physical_check": "done_elsewhere"}, "ktp stnk bpkb physical_check_result"),
        ("stnk-replacement", {"reason": "lost"}, "ktp bpkb police_report statement"),
        ("stnk-replacement", {"reason": "damaged"}, "ktp bpkb damaged_stnk"),
        ("stnk-transfer", {}, "ktp stnk bpkb receipt"),
        ("stnk-transfer", {"mutation": "letter_in_hand"}, "ktp stnk bpkb receipt mutation_papers"),
        ("stnk-sale-report", {}, "ktp kk stnk_or_bpkb deed_or_receipt statement"),
    ],
)
def test_papers(code: str, form: Form, papers: str) -> None:
    assert {each.name for each in wanted_documents(service(code), world(code, form))} == set(papers.split())


@pytest.mark.parametrize(
    ("form", "papers"),
    [
        ({}, "ktp invoice type_approval"),
        ({"applied_by": "dealer"}, "ktp invoice type_approval power_of_attorney"),
        ({"physical_check": "dealer_rubbing"}, "ktp invoice type_approval physical_check_result"),
        ({"owner_kind": "company"}, "deed npwp_card domicile_letter power_of_attorney invoice type_approval"),
    ],
)
def test_papers_of_a_new_vehicle(form: Form, papers: str) -> None:
    facts = Facts(today=TODAY, form={**example_form("stnk-new"), **form}, applicant=applicant())
    assert {each.name for each in wanted_documents(service("stnk-new"), facts)} == set(papers.split())


@pytest.mark.parametrize(
    ("form", "sentences"),
    [
        ({}, set()),
        ({"owner_nik": OTHER_NIK}, {"buyer-is-applicant"}),
        ({"owner_nik": OTHER_NIK, "applied_by": "dealer"}, set()),
        ({"owner_kind": "company", "owner_nik": None}, set()),
    ],
)
def test_who_registers_a_new_vehicle(form: Form, sentences: set[str]) -> None:
    facts = Facts(today=TODAY, form={**example_form("stnk-new"), **form}, applicant=applicant())
    assert refused("stnk-new", facts) == sentences


@pytest.mark.parametrize(("registered", "sentences"), [(True, {"not-registered-yet"}), (False, set())])
def test_a_chassis_number_that_is_registered_is_for_an_officer_first(registered: bool, sentences: set[str]) -> None:
    facts = Facts(today=TODAY, form=example_form("stnk-new"), applicant=applicant(), chassis={"registered": registered})
    assert refused("stnk-new", facts) == set()
    assert judged("stnk-new", facts, Outcome.TO_CHECK) == sentences


def test_the_vehicle_comes_unless_another_samsat_has_looked_at_it() -> None:
    for code in ("stnk-renewal", "stnk-replacement", "stnk-transfer"):
        here = appointment_for(service(code), world(code, {"physical_check": "here"}))
        assert here is not None
        assert here.kind == "vehicle_check"
        assert appointment_for(service(code), world(code, {"physical_check": "done_elsewhere"})) is None
    for code in ("stnk-annual", "stnk-sale-report"):
        assert appointment_for(service(code), world(code)) is None


@pytest.mark.parametrize(
    ("code", "field", "sentence"),
    [
        ("stnk-sale-report", "sold_on", "sold-not-in-future"),
        ("stnk-transfer", "bought_on", "bought-not-in-future"),
        ("stnk-replacement", "lost_on", "loss-not-in-future"),
    ],
)
def test_a_day_that_must_have_been_is_not_tomorrow(code: str, field: str, sentence: str) -> None:
    tomorrow = TODAY + timedelta(days=1)
    assert refused(code, world(code, {field: TODAY.isoformat()})) == set()
    assert refused(code, world(code, {field: tomorrow.isoformat()})) == {sentence}


def test_nobody_sells_to_themselves() -> None:
    assert refused("stnk-sale-report", world("stnk-sale-report", {"buyer_nik": NIK})) == {"buyer-is-not-seller"}


def test_validation_is_paid_within_two_hours_with_tax_and_insurance_beside_it() -> None:
    found = service("stnk-annual")
    assert (found.pay_within_hours, found.other_lines) == (2, ("tax", "insurance"))


def test_every_stnk_service_is_a_polres_matter() -> None:
    assert {level_for(service(code), world(code)) for code in TAX} == {"POLRES"}
