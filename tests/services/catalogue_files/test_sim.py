"""SIM: ages, months held, the 90 days, the one day late (services.md section 2), each limit on its very day."""

from datetime import date, timedelta

import pytest

from app.services.catalogue import (
    Facts,
    Outcome,
    appointment_for,
    fee_codes,
    level_for,
    needs_presence,
    valid_until,
    wanted_documents,
)
from tests.services.catalogue_files.worlds import (
    NOTHING,
    TODAY,
    Form,
    Record,
    applicant,
    at,
    example_form,
    health,
    judged,
    licence,
    psychology,
    refused,
    service,
)

AGES = {
    "A": 17, "C": 17, "D": 17, "DI": 17, "CI": 18, "CII": 19, "A_UMUM": 20, "BI": 20, "BII": 21, "BI_UMUM": 22, "BII_UMUM": 23,
}  # fmt: skip
BEFORE = {
    "CI": ("C",), "CII": ("CI",), "A_UMUM": ("A",), "BI": ("A", "A_UMUM"), "BII": ("BI",), "BI_UMUM": ("A_UMUM", "BI"),
    "BII_UMUM": ("BI_UMUM", "BII"),
}  # fmt: skip
HEAVY = {"A_UMUM", "BI", "BI_UMUM", "BII", "BII_UMUM"}
STEPS = [(sim_class, old) for sim_class, olds in BEFORE.items() for old in olds]


def world(code: str, sim_class: str, *licences: Record, person: Record | None = None, form: Form = NOTHING) -> Facts:
    """A sound application for this class, with these licences in the register."""
    return Facts(
        today=TODAY,
        form={**example_form(code, sim_class=sim_class), **form},
        applicant=person or applicant(),
        licences=licences,
        health=health(*AGES),
        psychology=psychology(),
        jkn={"active": True},
    )


def earlier(sim_class: str) -> tuple[Record, ...]:
    """The licence that this class builds on, held for years."""
    return tuple(licence(old) for old in BEFORE.get(sim_class, ())[:1])


def born(years: int, *, days_later: int = 0) -> Record:
    """Somebody whose so-manieth birthday is today, or so many days from now."""
    return applicant(born_on=at(date(TODAY.year - years, TODAY.month, TODAY.day) + timedelta(days=days_later)))


@pytest.mark.parametrize("sim_class", AGES)
def test_the_lowest_age_is_reached_on_the_birthday(sim_class: str) -> None:
    age = AGES[sim_class]
    codes = ["sim-new", *(["sim-upgrade"] if sim_class in BEFORE else [])]
    for code in codes:
        assert refused(code, world(code, sim_class, *earlier(sim_class), person=born(age))) == set()
        too_young = world(code, sim_class, *earlier(sim_class), person=born(age, days_later=1))
        assert refused(code, too_young) == {f"age-{age}"}


@pytest.mark.parametrize(("sim_class", "old"), STEPS)
def test_the_class_before_is_held_for_twelve_months_to_the_day(sim_class: str, old: str) -> None:
    rule = f"held-before-{sim_class.lower().replace('_', '-')}"
    enough, too_short = date(2025, 3, 2), date(2025, 3, 3)
    for code in ("sim-new", "sim-upgrade"):
        assert refused(code, world(code, sim_class, licence(old, held_since=enough))) == set()
        assert refused(code, world(code, sim_class, licence(old, held_since=too_short))) == {rule}
        assert refused(code, world(code, sim_class)) == {rule}


@pytest.mark.parametrize("spoilt", [{"ends_in": -1}, {"status": "withheld"}, {"status": "revoked"}])
def test_the_class_before_is_still_good(spoilt: dict[str, object]) -> None:
    old = licence("C", **spoilt)  # type: ignore[arg-type]
    assert refused("sim-upgrade", world("sim-upgrade", "CI", old)) == {"held-before-ci"}


def test_an_unrelated_licence_does_not_count() -> None:
    assert refused("sim-upgrade", world("sim-upgrade", "BI", licence("C"))) == {"held-before-bi"}


@pytest.mark.parametrize(
    ("ends_in", "sentences"),
    [(91, {"renewal-is-open"}), (90, set()), (1, set()), (0, set()), (-1, {"not-late"}), (-400, {"not-late"})],
)
def test_renewal_opens_90_days_before_and_one_day_late_is_too_late(ends_in: int, sentences: set[str]) -> None:
    assert refused("sim-renewal", world("sim-renewal", "A", licence("A", ends_in=ends_in))) == sentences


def test_who_is_late_may_have_a_new_one() -> None:
    assert refused("sim-new", world("sim-new", "A", licence("A", ends_in=-1))) == set()


def test_who_holds_a_good_one_is_not_sold_a_new_one() -> None:
    assert refused("sim-new", world("sim-new", "A", licence("A", ends_in=0))) == {"not-held-already"}


@pytest.mark.parametrize("code", ["sim-renewal", "sim-replacement", "sim-international"])
def test_a_licence_that_is_not_there_is_said_once_and_sends_nobody_away(code: str) -> None:
    facts = world(code, "A", licence("C"))
    assert refused(code, facts) == set()
    assert judged(code, facts, Outcome.TO_CHECK) == {"licence-known"}


@pytest.mark.parametrize(("code", "sim_class"), [("sim-new", "A"), ("sim-upgrade", "CI")])
def test_a_new_licence_undoes_no_seizure_and_no_revocation_unseen(code: str, sim_class: str) -> None:
    for ends_in in (100, -100):
        taken = world(code, sim_class, *earlier(sim_class), licence(sim_class, status="withheld", ends_in=ends_in))
        assert refused(code, taken) == {"not-withheld"}
    revoked = world(code, sim_class, *earlier(sim_class), licence(sim_class, status="revoked"))
    assert (refused(code, revoked), judged(code, revoked, Outcome.WARNED)) == (set(), {"not-revoked"})


@pytest.mark.parametrize("code", ["sim-renewal", "sim-replacement", "sim-international"])
@pytest.mark.parametrize("status", ["withheld", "revoked"])
def test_a_licence_that_was_taken_is_not_renewed(code: str, status: str) -> None:
    assert refused(code, world(code, "A", licence("A", status=status))) == {"licence-not-withdrawn"}


@pytest.mark.parametrize("code", ["sim-replacement", "sim-international"])
def test_a_licence_must_still_be_valid(code: str) -> None:
    assert refused(code, world(code, "A", licence("A", ends_in=0))) == set()
    assert refused(code, world(code, "A", licence("A", ends_in=-1))) == {"licence-valid"}


@pytest.mark.parametrize("code", ["sim-new", "sim-renewal", "sim-upgrade", "sim-replacement"])
def test_health_is_passed_in_time_and_for_this_class(code: str) -> None:
    sim_class = "CI" if code == "sim-upgrade" else "A"
    held = earlier(sim_class) if code in ("sim-new", "sim-upgrade") else (licence("A"),)
    for record in (None, health("A", "CI", passed=False), health("A", "CI", ends_in=-1), health("C")):
        facts = world(code, sim_class, *held)
        assert refused(code, _with(facts, health=record)) == {"health-passed"}
    assert refused(code, _with(world(code, sim_class, *held), health=health(sim_class, ends_in=0))) == set()


@pytest.mark.parametrize("code", ["sim-new", "sim-renewal", "sim-upgrade"])
def test_psychology_and_jkn(code: str) -> None:
    sim_class = "CI" if code == "sim-upgrade" else "A"
    held = earlier(sim_class) if code in ("sim-new", "sim-upgrade") else (licence("A"),)
    facts = world(code, sim_class, *held)
    for record in (None, psychology(passed=False), psychology(ends_in=-1)):
        assert refused(code, _with(facts, psychology=record)) == {"psychology-passed"}
    for member in (None, {"active": False}):
        assert refused(code, _with(facts, jkn=member)) == {"jkn-active"}
        foreigner = _with(
            world(code, sim_class, *held, person=applicant(citizenship="WNA"), form={"citizenship": "WNA"}), jkn=member
        )
        assert refused(code, foreigner) == set()


def test_a_silent_register_refuses_nobody_and_asks_for_the_paper() -> None:
    facts = _with(world("sim-renewal", "A", licence("A")), health=None, jkn=None, down=frozenset({"health", "jkn"}))
    assert refused("sim-renewal", facts) == set()
    assert judged("sim-renewal", facts, Outcome.UNKNOWN) == {"health-passed", "jkn-active"}
    papers = {each.name for each in wanted_documents(service("sim-renewal"), facts)}
    assert papers == {"ktp", "old_sim", "photo", "signature", "health_letter", "jkn_proof"}


@pytest.mark.parametrize(
    ("issued_on", "sentences"),
    [
        (date(2025, 9, 2), set()),  # six months ago to the day
        (date(2025, 9, 1), {"certificate-fresh"}),
        (TODAY, set()),
        (TODAY + timedelta(days=1), {"certificate-not-in-future"}),
    ],
)
def test_a_driving_school_certificate_is_at_most_six_months_old(issued_on: date, sentences: set[str]) -> None:
    facts = world("sim-new", "C", form={"certificate_issued_on": issued_on.isoformat()})
    assert refused("sim-new", facts) == sentences


def test_a_competence_letter_may_be_older() -> None:
    facts = world("sim-new", "C", form={"training": "self_taught", "certificate_issued_on": "2025-01-15"})
    assert refused("sim-new", facts) == set()


def test_a_citizenship_that_the_register_knows_otherwise_is_refused() -> None:
    facts = world("sim-new", "C", form={"citizenship": "WNA", "works_here": False})
    assert refused("sim-new", facts) == {"citizenship-as-registered"}


def test_a_register_that_does_not_say_the_citizenship_refuses_nobody() -> None:
    assert refused("sim-new", world("sim-new", "C", person=applicant(citizenship=None))) == set()


@pytest.mark.parametrize("sim_class", AGES)
def test_fees_by_class(sim_class: str) -> None:
    skill = {"SKUKP"} if sim_class in HEAVY else set()
    assert set(fee_codes(service("sim-new"), world("sim-new", sim_class))) == {f"SIM_{sim_class}_NEW"} | skill
    assert fee_codes(service("sim-renewal"), world("sim-renewal", sim_class)) == (f"SIM_{sim_class}_RENEW",)
    assert fee_codes(service("sim-replacement"), world("sim-replacement", sim_class)) == (f"SIM_{sim_class}_RENEW",)
    if sim_class in BEFORE:
        assert (
            set(fee_codes(service("sim-upgrade"), world("sim-upgrade", sim_class))) == {f"SIM_{sim_class}_NEW"} | skill
        )


@pytest.mark.parametrize(("kind", "code"), [("new", "SIM_INTL_NEW"), ("renewal", "SIM_INTL_RENEW")])
def test_fee_of_the_international_permit(kind: str, code: str) -> None:
    assert fee_codes(service("sim-international"), world("sim-international", "A", form={"kind": kind})) == (code,)


@pytest.mark.parametrize("sim_class", AGES)
def test_only_a_and_c_are_renewed_from_home(sim_class: str) -> None:
    facts = world("sim-renewal", sim_class, licence(sim_class))
    at_home = sim_class in ("A", "C")
    assert (appointment_for(service("sim-renewal"), facts) is None) is at_home
    assert (needs_presence(service("sim-renewal"), facts) == ()) is at_home


@pytest.mark.parametrize("code", ["sim-new", "sim-upgrade"])
def test_tests_are_taken_at_the_satpas_and_may_be_repeated(code: str) -> None:
    facts = world(code, "CI", licence("C"))
    appointment = appointment_for(service(code), facts)
    assert appointment is not None
    assert (appointment.kind, tuple(appointment.retest_days)) == ("sim_test", (7, 14, 30))
    names = [each.name for each in needs_presence(service(code), facts)]
    assert names == ["biometrics", "theory-test", "simulator-test", "practical-test"]


def test_a_replacement_takes_no_test_and_holds_as_long_as_the_old_card() -> None:
    facts = world("sim-replacement", "C", licence("C", ends_in=200))
    assert [each.name for each in needs_presence(service("sim-replacement"), facts)] == ["biometrics"]
    assert valid_until(service("sim-replacement"), facts, TODAY) == TODAY + timedelta(days=200)


@pytest.mark.parametrize(
    ("code", "form", "papers"),
    [
        ("sim-new", {}, "ktp driving_certificate"),
        ("sim-upgrade", {}, "ktp old_sim driving_certificate"),
        ("sim-renewal", {}, "ktp old_sim photo signature"),
        ("sim-renewal", {"delivery": "pickup", "pickup_by": "other"}, "ktp old_sim photo signature authority_letter"),
        ("sim-replacement", {"reason": "lost"}, "ktp police_report"),
        ("sim-replacement", {"reason": "damaged"}, "ktp damaged_sim"),
        ("sim-international", {"kind": "new"}, "photo signature ktp passport sim_card"),
        ("sim-international", {"kind": "renewal"}, "photo signature ktp passport sim_card old_permit"),
    ],
)
def test_papers(code: str, form: Form, papers: str) -> None:
    sim_class = "CI" if code == "sim-upgrade" else "A"
    facts = world(code, sim_class, licence("A"), form=form)
    assert {each.name for each in wanted_documents(service(code), facts)} == set(papers.split())


@pytest.mark.parametrize(
    ("code", "form", "extra"),
    [
        ("sim-new", {"works_here": False}, {"immigration_papers"}),
        ("sim-new", {"works_here": True}, {"immigration_papers", "work_permit"}),
        ("sim-international", {}, {"kitap"}),
    ],
)
def test_papers_of_foreigners(code: str, form: Form, extra: set[str]) -> None:
    person = applicant(citizenship="WNA")
    native = wanted_documents(service(code), world(code, "A", licence("A"), form=form))
    foreign = wanted_documents(
        service(code), world(code, "A", licence("A"), person=person, form={"citizenship": "WNA", **form})
    )
    assert {each.name for each in foreign} - {each.name for each in native} == extra


def test_the_international_permit_takes_small_jpegs_and_is_korlantas_work() -> None:
    found = service("sim-international")
    assert {(each.media_types, each.max_kb) for each in found.documents} == {(("image/jpeg",), 500)}
    assert (level_for(found, world("sim-international", "A")), found.mabes) == ("MABES", "KORLANTAS")


def test_a_passport_that_ended_yesterday_is_refused() -> None:
    for days, sentences in ((0, set()), (-1, {"passport-valid"})):
        until = (TODAY + timedelta(days=days)).isoformat()
        facts = world("sim-international", "A", licence("A"), form={"passport_valid_until": until})
        assert refused("sim-international", facts) == sentences


@pytest.mark.parametrize("code", ["sim-new", "sim-renewal", "sim-upgrade"])
def test_what_is_paid_to_others_is_shown_beside_the_fee(code: str) -> None:
    assert [each.code for each in service(code).third_party] == ["ERIKKES", "EPPSI"]


def _with(facts: Facts, **changes: object) -> Facts:
    known = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    return Facts(**known | changes)
