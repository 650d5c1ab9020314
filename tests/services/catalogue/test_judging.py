"""What a service says of one applicant, and that what nobody can tell refuses nobody."""

from datetime import date

import pytest

from app.core.problems import Problem
from app.services import catalogue
from app.services.catalogue import Facts, Outcome
from app.services.catalogue.judging import after
from app.services.catalogue.service import Validity
from app.services.registries.facts import midnight
from tests.services.catalogue.crowd import APPLICANT, FORM, TEXT, TODAY, facts, service_of

SERVICE = service_of()


def outcomes(known: Facts) -> dict[str, str]:
    return {each.name: str(each.outcome) for each in catalogue.verdicts(SERVICE, known)}


def test_who_meets_every_rule_is_good() -> None:
    assert set(outcomes(facts()).values()) == {"good"}


def test_a_rule_refuses_or_warns_with_its_sentence() -> None:
    found = catalogue.verdicts(SERVICE, facts(applicant=None, records={"open_case": True, "note": ""}))
    by_name = {each.name: each for each in found}
    assert by_name["applicant-known"].outcome is Outcome.REFUSED
    assert by_name["applicant-known"].says.en == "The NIK is unknown."
    assert by_name["no-open-case"].outcome is Outcome.WARNED
    assert by_name["of-age"].outcome is Outcome.GOOD, "who is unknown is not refused twice"


def test_age_is_counted_to_the_day() -> None:
    almost = APPLICANT | {"born_on": midnight(date(2005, 3, 3))}
    assert outcomes(facts(applicant=almost))["of-age"] == "refused"
    assert outcomes(facts(applicant=almost, today=date(2026, 3, 3)))["of-age"] == "good"


def test_a_register_that_is_down_makes_unknown_what_it_decides_and_nothing_else() -> None:
    down = facts(applicant=None, jkn=None, records=None, down=frozenset({"population", "jkn", "records"}))
    found = {each.name: each for each in catalogue.verdicts(SERVICE, down)}
    assert {name for name, each in found.items() if each.outcome is Outcome.UNKNOWN} == {
        "applicant-known", "of-age", "no-open-case", "insured",
    }  # fmt: skip
    assert found["insured"].down == {"jkn"}
    assert found["soon-enough"].outcome is Outcome.GOOD


def test_what_the_form_decides_alone_is_decided_though_a_register_is_down() -> None:
    small = facts(form={**FORM, "scale": "small"}, applicant=None, down=frozenset({"population"}))
    assert outcomes(small)["of-age"] == "good"


def test_a_required_answer_that_is_missing_leaves_a_rule_unknown_and_an_optional_one_is_null() -> None:
    found = {each.name: each for each in catalogue.verdicts(SERVICE, facts(form={"scale": "large", "held_on": ""}))}
    assert found["soon-enough"].outcome is Outcome.UNKNOWN
    assert found["soon-enough"].down == frozenset()
    assert found["of-age"].outcome is Outcome.GOOD


def test_papers_are_wanted_by_condition_and_when_nobody_can_tell() -> None:
    wanted = {each.name for each in catalogue.wanted_documents(SERVICE, facts())}
    assert wanted == {"photo", "site_plan"}
    assert catalogue.optional_documents(SERVICE) == (), "what a condition does not want is not asked for"
    down = facts(form={**FORM, "scale": "small"}, jkn=None, down=frozenset({"jkn"}))
    assert {each.name for each in catalogue.wanted_documents(SERVICE, down)} == {"photo", "jkn_card"}
    unknown = service_of(TEXT.replace("required: '\"jkn\" in down'", "required: jkn == null || !jkn.active"))
    assert "jkn_card" in {each.name for each in catalogue.wanted_documents(unknown, down)}


def test_questions_and_papers_of_a_condition_are_asked_while_it_holds() -> None:
    asked = {each.name for each in catalogue.asked_fields(SERVICE, {"scale": "small"})}
    assert "guests" not in asked
    assert {"scale", "story", "full_name"} <= asked
    assert "guests" in {each.name for each in catalogue.asked_fields(SERVICE, {"scale": "large"})}
    open_to_all = service_of(TEXT.replace("required: '\"jkn\" in down'", "required: false"))
    assert [each.name for each in catalogue.optional_documents(open_to_all)] == ["jkn_card"]


def test_fees_follow_the_conditions_and_are_never_guessed() -> None:
    assert catalogue.fee_codes(SERVICE, facts()) == ("SKCK_WNI", "SKUKP")
    foreign = facts(applicant=APPLICANT | {"citizenship": "WNA"}, form={**FORM, "scale": "small"})
    assert catalogue.fee_codes(SERVICE, foreign) == ("SKCK_WNA",)
    with pytest.raises(Problem, match="upstream-unavailable"):
        catalogue.fee_codes(SERVICE, facts(applicant=None, down=frozenset({"population"})))


def test_registers_fill_in_what_they_know_and_what_the_field_takes() -> None:
    assert catalogue.prefilled(SERVICE, facts()) == {"full_name": "Budi Contoh"}
    assert catalogue.prefilled(SERVICE, facts(applicant=APPLICANT | {"name": "B"})) == {}, "too short for the field"
    assert catalogue.prefilled(SERVICE, facts(applicant=None)) == {}
    assert catalogue.prefilled(SERVICE, facts(applicant=None, down=frozenset({"population"}))) == {}


def test_the_gateway_chooses_the_level() -> None:
    assert catalogue.level_for(SERVICE, facts()) == "POLDA"
    assert catalogue.level_for(SERVICE, facts(form={**FORM, "scale": "small"})) == "POLRES"
    assert catalogue.level_for(SERVICE, facts(form={})) is None


def test_presence_and_appointment_follow_the_case() -> None:
    assert [each.name for each in catalogue.needs_presence(SERVICE, facts())] == ["inspection"]
    appointment = catalogue.appointment_for(SERVICE, facts())
    assert appointment is not None
    assert (appointment.kind, appointment.minutes, appointment.retest_days) == ("site_inspection", 30, (7, 14))
    small = facts(form={**FORM, "scale": "small"})
    assert catalogue.needs_presence(SERVICE, small) == ()
    assert catalogue.appointment_for(SERVICE, small) is None


def test_what_is_issued_holds_as_the_file_says() -> None:
    assert catalogue.valid_until(SERVICE, facts(), TODAY) == date(2026, 4, 1)
    five = service_of(TEXT.replace("valid: {until: date(form.held_on)}", "valid: {years: 5}"))
    assert catalogue.valid_until(five, facts(), date(2028, 2, 29)) == date(2033, 2, 28)
    endless = service_of(TEXT.replace(", valid: {until: date(form.held_on)}", ""))
    assert catalogue.valid_until(endless, facts(), TODAY) is None


@pytest.mark.parametrize(
    ("due_on", "until"),
    [
        (date(2026, 4, 1), date(2027, 4, 1)),  # a month early
        (date(2026, 1, 15), date(2027, 1, 15)),  # late
        (date(2024, 12, 1), date(2026, 12, 1)),  # more than a year late
        (date(2025, 3, 2), date(2027, 3, 2)),  # a year late to the day
        (None, None),
    ],
)
def test_a_length_is_counted_from_the_day_that_the_file_names(due_on: date | None, until: date | None) -> None:
    text = TEXT.replace(
        "valid: {until: date(form.held_on)}", "valid: {years: 1, from: 'tax == null ? null : tax.due_on'}"
    ).replace("asks: [population", "asks: [tax, population")
    taxed = None if due_on is None else {"due_on": midnight(due_on), "stnk_valid_until": midnight(due_on)}
    assert catalogue.valid_until(service_of(text), facts(tax=taxed), date(2026, 3, 2)) == until


@pytest.mark.parametrize(
    ("valid", "day", "until"),
    [
        (Validity(months=6), date(2026, 8, 31), date(2027, 2, 28)),
        (Validity(months=6), date(2026, 3, 2), date(2026, 9, 2)),
        (Validity(years=3), date(2026, 12, 31), date(2029, 12, 31)),
        (Validity(days=90), date(2026, 12, 1), date(2027, 3, 1)),
    ],
)
def test_months_end_where_there_is_a_day(valid: Validity, day: date, until: date) -> None:
    assert after(day, valid) == until


def test_the_licence_is_that_of_the_class_applied_for() -> None:
    a = {
        "class": "A",
        "issued_on": midnight(date(2021, 1, 1)),
        "valid_until": midnight(date(2026, 1, 1)),
        "status": "active",
    }
    known = facts(licences=(a, a | {"class": "C", "held_since": midnight(date(2019, 1, 1))}), form={"sim_class": "C"})
    licence = known.variables["licence"]
    assert isinstance(licence, dict)
    assert (licence["class"], licence["held_since"]) == ("C", midnight(date(2019, 1, 1)))
    assert known.variables["licences"][0]["held_since"] == a["issued_on"]  # type: ignore[index]
    assert "licence" not in facts(down=frozenset({"licences"})).variables


@pytest.mark.parametrize(
    ("kind", "wheels"), [("Sepeda motor", 2), ("Kendaraan roda tiga", 2), ("Mobil penumpang", 4), ("", 4)]
)
def test_small_vehicles_have_their_own_fees(kind: str, wheels: int) -> None:
    vehicle = facts(vehicle={"plate": "B1234XYZ", "kind": kind}).variables["vehicle"]
    assert isinstance(vehicle, dict)
    assert vehicle["wheels"] == wheels
    assert vehicle["year"] is None
