"""Conditions read what they say they read, cannot run away, and tell what they cannot know."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.catalogue.conditions import (
    MAX_CHARACTERS,
    BadCondition,
    CannotTell,
    Condition,
    context_of,
)
from app.services.catalogue.facts import FUNCTIONS, OUR_FUNCTIONS, functions_of
from tests.services.catalogue.crowd import TODAY


@pytest.mark.parametrize(
    ("source", "paths", "functions"),
    [
        ("true", [], set()),
        ("licence != null && licence.valid_until > today", ["licence", "licence.valid_until", "today"], set()),
        ('form.sim_class in ["A", "C.x"] // form.nothing', ["form.sim_class"], set()),
        ("'form.nothing' == r'\\' || form.a", ["form.a"], set()),
        (
            "licences.exists(l, l.class == form.c)",
            ["licences", "licences.[]", "licences.[].class", "form.c"],
            {"exists"},
        ),
        ("licences.filter(l, l.class == 'A')[0].number", ["licences", "licences.[]", "licences.[].class"], {"filter"}),
        ("licences[form.n].class", ["licences.[].class", "form.n"], set()),
        ("size(licences) > 1 && licences.size() < 3", ["licences"], {"size"}),
        ("days_until(tax.due_on) <= 90", ["tax.due_on"], {"days_until"}),
        ('lower(applicant.address).contains("x")', ["applicant.address"], {"lower", "contains"}),
        ("[1, 2].all(x, x > 0)", [], {"all"}),
        ("form.a ? form.b : form.c", ["form.a", "form.b", "form.c"], set()),
        ('{"a": form.b}.a == 1', ["form.b"], set()),
    ],
)
def test_what_an_expression_reads_is_known_before_it_runs(source: str, paths: list[str], functions: set[str]) -> None:
    condition = Condition(source)
    assert [".".join(path) for path in condition.paths] == paths
    assert condition.functions == functions


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "is empty"),
        ("a ==", "is not CEL"),
        ("'unclosed", "is not CEL"),
        ("a" * (MAX_CHARACTERS + 1), "longer than"),
        ("(" * 13 + "1" + ")" * 13, "brackets deeper"),
        ("!" * 300 + "true", "signs"),
        ("a" + ".a" * 300, "signs"),
        ("[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))", "more than 3 of"),
    ],
)
def test_what_is_too_much_or_no_cel_is_refused(source: str, why: str) -> None:
    with pytest.raises(BadCondition, match=why):
        Condition(source)


@given(st.text(alphabet="abform.licence()[]{}!&|=<>?:'\"\\ 019,\n", max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_a_sentence(source: str) -> None:
    try:
        condition = Condition(source)
    except BadCondition:
        return
    with contextlib.suppress(CannotTell):
        condition.value(context_of({"form": {"a": 1}, "licence": None}, functions_of(TODAY)))


def test_functions_are_silent_about_what_is_no_day() -> None:
    context = context_of({"no": None, "today": None}, functions_of(TODAY))
    for call in (
        "days_until(no)",
        "months_since(no)",
        "years_since(no)",
        "date(no)",
        'date("31 Maret")',
        "lower(no)",
        "days_until(5)",
    ):
        assert Condition(call).value(context) is None
    assert OUR_FUNCTIONS < FUNCTIONS


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ('days_until(date("2026-03-02"))', 0),
        ('days_until(date("2026-03-01"))', -1),
        ('days_until(date("2026-05-31"))', 90),
        ('months_since(date("2025-03-02"))', 12),
        ('months_since(date("2025-03-03"))', 11),
        ('months_since(date("2026-02-28"))', 0),
        ('years_since(date("2009-03-02"))', 17),
        ('years_since(date("2009-03-03"))', 16),
        ('years_since(date("2004-02-29"))', 22),
    ],
)
def test_days_months_and_years_are_counted_as_laws_do(call: str, value: int) -> None:
    assert Condition(call).value(context_of({}, functions_of(TODAY))) == value


def test_the_longest_loop_there_can_be_is_short() -> None:
    numbers = "[" + ",".join("0" * 45) + "]"
    source = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, a + b + c == 0)))"
    assert len(source) <= MAX_CHARACTERS
    condition, started = Condition(source), time.process_time()
    assert condition.holds(context_of({}, {}))
    assert time.process_time() - started < 5
