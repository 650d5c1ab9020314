"""What holds for every service file that is shipped: the thirteen are there, sound, priced, and in plain words."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.core.texts import Text
from app.services.catalogue import (
    DocumentRule,
    Facts,
    FeeRule,
    Field,
    Law,
    Outcome,
    Rule,
    Service,
    appointment_for,
    fee_codes,
    form_faults,
    needs_presence,
    prefilled,
    price_waits,
    valid_until,
    verdicts,
)
from app.services.documents.issued_kinds import issued_kinds
from tests.services.catalogue_files.worlds import TODAY, applicant, example_form, service, shipped, vehicle

DATA = Path(__file__).parents[3] / "app" / "data"
CODES = (
    "sim-international", "sim-new", "sim-renewal", "sim-replacement", "sim-upgrade", "skck-new", "skck-renewal",
    "stnk-annual", "stnk-new", "stnk-renewal", "stnk-replacement", "stnk-sale-report", "stnk-transfer",
)  # fmt: skip
every_service = pytest.mark.parametrize("code", CODES)
APPOINTMENTS = {"vehicle_check", "sim_test", "sim_biometrics", "skck_fingerprints"}


def test_exactly_the_services_of_the_contract_are_shipped() -> None:
    assert sorted(each.code for each in shipped().all()) == sorted(CODES)


@every_service
def test_the_example_form_is_complete_and_right(code: str) -> None:
    assert form_faults(service(code), example_form(code), complete=True) == []


@every_service
def test_an_empty_form_lacks_exactly_what_is_always_required(code: str) -> None:
    always = [f"/form/{each.name}" for each in service(code).fields if each.required.source == "true"]
    assert [each.pointer for each in form_faults(service(code), {}, complete=True)] == always


@every_service
def test_nothing_a_silent_register_would_say_refuses(code: str) -> None:
    asks = service(code).asks
    facts = Facts(today=TODAY, form=example_form(code), down=frozenset(asks))
    found = verdicts(service(code), facts)
    assert {each.outcome for each in found} <= {Outcome.GOOD, Outcome.UNKNOWN}
    assert {name for each in found for name in each.down} <= set(asks)


@every_service
def test_an_empty_form_is_refused_for_nothing_and_has_no_price_that_an_answer_decides(code: str) -> None:
    facts = Facts(today=TODAY, form={}, applicant=applicant())
    refused = {each.name for each in verdicts(service(code), facts) if each.outcome is Outcome.REFUSED}
    told = {"licence", "vehicle", "chassis", "tax", "insurance"}
    roots = {each.name: each.when.roots for each in service(code).eligibility}
    assert not {name for name in refused if roots[name] <= {*told, "form", "applicant"}}, "nobody looked for it yet"
    decided = any(each.when.roots & {*told, "form"} for each in service(code).fees)
    assert price_waits(service(code), facts) is (decided or bool(service(code).other_lines))
    assert not price_waits(service(code), Facts(today=TODAY, form=example_form(code), applicant=applicant()))


@every_service
def test_what_a_register_knows_is_filled_in(code: str) -> None:
    known = prefilled(service(code), Facts(today=TODAY, form=example_form(code), applicant=applicant()))
    if code.startswith(("sim", "skck")) and code != "sim-replacement":
        assert known["citizenship"] == "WNI"
    assert known.get("address", applicant()["address"]) == applicant()["address"]


@every_service
def test_fees_are_codes_of_the_reference_data(code: str) -> None:
    with (DATA / "reference" / "pnbp_fees.csv").open(encoding="utf-8", newline="") as file:
        amounts = {row["code"]: row["fee_idr"] for row in csv.DictReader(file) if row["kind"] == "PNBP"}
    assert all(amounts[fee.code] for fee in service(code).fees)


def test_no_amount_stands_in_a_file() -> None:
    written = [
        line for path in _files() for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")
    ]
    assert [line for line in written if re.search(r"Rp\s?[1-9]|fee_idr|amount:", line)] == []


@every_service
def test_what_is_issued_is_a_kind_of_paper_that_there_is(code: str) -> None:
    issues = service(code).issues
    assert issues is not None
    assert issues.document in issued_kinds()


@every_service
def test_appointments_are_of_kinds_that_units_give(code: str) -> None:
    appointment = service(code).appointment
    assert appointment is None or appointment.kind in APPOINTMENTS


@every_service
def test_who_needs_an_appointment_is_told_why_they_must_come(code: str) -> None:
    facts = Facts(today=TODAY, form=example_form(code), applicant=applicant())
    if appointment_for(service(code), facts) is not None:
        assert needs_presence(service(code), facts)


@every_service
def test_money_may_be_waived_where_money_is_asked(code: str) -> None:
    paid = any(not fee.code.endswith("_VALIDATE") for fee in service(code).fees)
    assert bool(service(code).exemptions) is paid


@every_service
def test_law_steps_and_standard_are_published(code: str) -> None:
    found = service(code)
    assert any(each.rule.startswith(("UU", "Perpol")) for each in found.law)
    assert len(found.steps) >= 4
    assert {"product", "facilities", "complaints", "guarantee"} <= found.standard.keys()


@every_service
def test_sentences_are_short_enough_for_a_small_screen(code: str) -> None:
    long = [part for text in _texts(service(code)) for part in re.split(r"[.?;:]\s", text.id) if len(part.split()) > 22]
    assert long == []


@every_service
def test_both_languages_are_written_out(code: str) -> None:
    empty = [text for text in _texts(service(code)) if not text.id.strip() or not text.en.strip()]
    assert empty == []


def test_every_source_mark_leads_to_a_page() -> None:
    known = set(re.findall(r"^\| (S\d+) \|", (DATA / "catalogue" / "SOURCES.md").read_text("utf-8"), re.MULTILINE))
    used = {
        mark
        for path in [*_files(), DATA / "photo_rules.yaml"]
        for mark in re.findall(r"\[(S\d+)\]", path.read_text("utf-8"))
    }
    assert used == known


@pytest.mark.parametrize(
    ("code", "issued_on", "ends"),
    [
        ("stnk-new", date(2028, 2, 29), date(2033, 2, 28)),
        ("stnk-transfer", date(2026, 3, 2), date(2031, 3, 2)),
        ("stnk-sale-report", date(2026, 3, 2), None),
        ("sim-new", date(2026, 3, 2), date(2031, 3, 2)),
        ("sim-renewal", date(2026, 3, 2), date(2031, 3, 2)),
        ("sim-upgrade", date(2026, 3, 2), date(2031, 3, 2)),
        ("sim-international", date(2026, 3, 2), date(2029, 3, 2)),
        ("skck-new", date(2026, 8, 31), date(2027, 2, 28)),
        ("skck-renewal", date(2026, 3, 2), date(2026, 9, 2)),
    ],
)
def test_how_long_it_holds(code: str, issued_on: date, ends: date | None) -> None:
    assert valid_until(service(code), Facts(today=TODAY, form=example_form(code)), issued_on) == ends


@pytest.mark.parametrize("code", ["stnk-sale-report", "stnk-annual"])
def test_free_services_cost_nothing(code: str) -> None:
    with (DATA / "reference" / "pnbp_fees.csv").open(encoding="utf-8", newline="") as file:
        amounts = {row["code"]: row["fee_idr"] for row in csv.DictReader(file)}
    facts = Facts(today=TODAY, form=example_form(code), applicant=applicant(), vehicle=vehicle())
    assert [amounts[each] for each in fee_codes(service(code), facts)] in ([], ["0"])


def _files() -> list[Path]:
    return [path for path in sorted((DATA / "catalogue").glob("*.yaml")) if path.name != "offers.yaml"]


def _texts(found: Service) -> Iterator[Text]:
    yield from (found.title, found.summary, *found.steps, *found.standard.values())
    said: tuple[Law | Rule | FeeRule, ...] = (*found.law, *found.eligibility, *found.fees)
    yield from (each.says for each in said)
    yield from (each.why for each in found.presence)
    asked: tuple[Field | DocumentRule, ...] = (*found.fields, *found.documents)
    for each in asked:
        yield each.title
        if each.hint is not None:
            yield each.hint
    for field in found.fields:
        yield from field.labels.values()
