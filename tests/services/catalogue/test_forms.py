"""Whatever is sent as a form is kept or answered with a sentence; nothing breaks, and no sentence repeats what was typed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.core.problems import Problem
from app.services import catalogue
from app.services.catalogue.forms import MAX_FAULTS, MAX_FORM_BYTES
from app.services.catalogue.schemas import satisfies, unsound
from tests.services.catalogue.crowd import FORM, TEXT, service_of

SERVICE = service_of()
NAMES = [each.name for each in SERVICE.fields]


def said(form: dict[str, Any], *, complete: bool = False) -> dict[str, str]:
    return {each.pointer: each.message.en for each in catalogue.form_faults(SERVICE, form, complete=complete)}


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_form_is_json_schema_in_one_language(lang: Any) -> None:
    schema = catalogue.form_schema(SERVICE, lang)
    Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["scale", "held_on", "promise", "full_name"]
    scale = schema["properties"]["scale"]  # type: ignore[index,call-overload]
    assert scale["title"] == {"id": "Ukuran acara", "en": "Size of the event"}[lang]  # type: ignore[index,call-overload]
    assert scale["x-labels"]["large"] == {"id": "Besar", "en": "Large"}[lang]  # type: ignore[index,call-overload]
    assert [each["name"] for each in schema["x-sections"]] == ["event", "person"]  # type: ignore[index,call-overload,union-attr]
    assert schema["properties"]["guests"]["x-required-when"] == 'form.scale == "large"'  # type: ignore[index,call-overload]
    assert Draft202012Validator(schema).is_valid({each.name: each.example for each in SERVICE.fields})


def test_a_good_form_has_no_fault() -> None:
    assert said(FORM, complete=True) == {}


def test_required_questions_are_asked_by_condition() -> None:
    assert said({}, complete=True) == {
        "/form/scale": "Size of the event: choose one.",
        "/form/held_on": "Day of the event: this is needed.",
        "/form/promise": "Agree to keep order: answer this question.",
        "/form/full_name": "Full name: this is needed.",
    }
    assert said({}) == {}, "a draft may lack anything"
    assert "/form/guests" in said({"scale": "large"}, complete=True)
    assert said({**FORM, "full_name": ""}, complete=True) == {"/form/full_name": "Full name: this is needed."}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("scale", "huge", "Size of the event: choose from: Small, Large."),
        ("held_on", "31-03-2026", "Day of the event: give a date, such as 2026-03-31."),
        ("held_on", "2026-02-30", "Day of the event: give a date, such as 2026-03-31."),
        ("guests", "many", "Number of guests: give a whole number, digits alone."),
        ("guests", 0, "Number of guests: at least 1."),
        ("guests", 2_000_000, "Number of guests: at most 100000."),
        ("guests", 10**30, "Number of guests: the number is too large."),
        ("guests", float("nan"), "Number of guests: give a number."),
        ("music", ["band", "band"], "With music: name each choice once."),
        ("music", "band", "With music: choose from the list."),
        ("promise", False, "Agree to keep order: must be agreed to."),
        ("promise", "yes", "Agree to keep order: must be agreed to."),
        ("full_name", "B", "Full name: at least 3 characters."),
        ("full_name", "B" * 61, "Full name: at most 60 characters."),
        ("full_name", "B" * 100_000, "Full name: at most 60 characters."),
        ("full_name", "Budi\0Contoh", "Full name: it holds a character that cannot be used; type it instead of pasting it."),
        ("full_name", "Budi\nContoh", "Full name: it holds a character that cannot be used; type it instead of pasting it."),
        ("full_name", "Budi \ud800", "Full name: it holds a character that cannot be used; type it instead of pasting it."),
        ("phone", "021 555", "Mobile number: give a mobile number, such as 0812 3456 7890."),
        ("card_no", "1234", "Card number: not in the right form; an example: 1234-5678."),
        ("card_no", "١٢٣٤-١٢٣٤", "Card number: not in the right form; an example: 1234-5678."),
        ("card_no", {"a": {"b": {"c": {"d": {"e": 1}}}}}, "Card number: nested too deep."),
        ("music", ["band"] * 101, "With music: at most 100 items."),
        ("nothing", 1, "The form has no such question; leave it out."),
    ],
)  # fmt: skip
def test_each_fault_names_the_question_and_what_is_wanted(name: str, value: object, sentence: str) -> None:
    assert said({name: value}) == {f"/form/{name}": sentence}


@pytest.mark.parametrize("pattern", ["^(?:a|a)*b$", "^(?:a|aa)*b$", "^a*a*a*a*a*a*b$"])
def test_no_pattern_of_a_file_keeps_the_server_busy(pattern: str) -> None:
    """An engine that backtracks would go on for years over these."""
    service = service_of(TEXT.replace(r"'^\d{4}-\d{4}$'", f"'{pattern}'").replace("example: 1234-5678", "example: aab"))
    found = [each.pointer for each in catalogue.form_faults(service, {"card_no": "a" * 299 + "!"}, complete=False)]
    assert found == ["/form/card_no"]


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^\w{2}$", "a_", "é_"),
        (r"^[\d-]{3}$", "1-2", "١-2"),
        (r"^[^\W]+$", "abc", "a c"),
        (r"\bab\b", "éab", "cab"),
        (r"^a\/b$", "a/b", "a\\/b"),
        ("^ab$", "ab", "ab\n"),
        ("b", "abc", "ac"),
    ],
)
def test_a_pattern_means_what_ecma_262_means(pattern: str, good: str, bad: str) -> None:
    schema: dict[str, Any] = {"type": "string", "pattern": pattern}
    assert list(unsound(schema)) == []
    assert (satisfies(schema, good), satisfies(schema, bad)) == (True, False)


def test_a_longer_text_may_have_lines() -> None:
    assert said({"story": "Pesta\nwarga\tRT 01"}) == {}


def test_a_change_is_kept_in_one_form_and_refused_only_where_it_cannot_be_kept() -> None:
    patch = {
        "phone": " 0812-0000-0001 ",
        "full_name": "  Budi Contoh ",
        "scale": "",
        "card_no": "wrong",
        "guests": None,
    }
    assert catalogue.clean_form(SERVICE, patch) == {
        "phone": "+6281200000001",
        "full_name": "Budi Contoh",
        "scale": None,
        "card_no": "wrong",
        "guests": None,
    }
    for bad in ({"nothing": 1}, {"full_name": "a\0b"}, {"story": "x" * 5_000}, {"guests": 10**40}, {"x\ud800/~": 1}):
        with pytest.raises(Problem) as refused:
            catalogue.clean_form(SERVICE, bad)
        assert refused.value.type.code == "request-invalid"
        refused.value.errors[0].pointer.encode()


def test_a_form_as_a_whole_has_a_limit() -> None:
    wide = {"music": ["x" * 300] * 100, "story": "x" * 1000, "card_no": [["x" * 300] * 100] * 9}
    assert len(str(wide)) > MAX_FORM_BYTES
    with pytest.raises(Problem):
        catalogue.clean_form(SERVICE, wide)


def test_pages_send_text_and_answers_have_types() -> None:
    typed = catalogue.from_page(
        SERVICE,
        {
            "guests": ["250"],
            "promise": ["on"],
            "music": ["band", "choir"],
            "full_name": [" Budi "],
            "held_on": [""],
            "nothing": ["x"],
        },
    )
    assert typed == {"guests": 250, "promise": True, "music": ["band", "choir"], "full_name": "Budi", "held_on": None}
    assert catalogue.from_page(SERVICE, {"guests": ["many"], "promise": ["maybe"]}) == {
        "guests": "many",
        "promise": "maybe",
    }


def test_a_page_can_answer_choices_that_are_no_texts() -> None:
    text = TEXT.replace("{type: integer, minimum: 1, maximum: 100000}", "{enum: [1, 250]}")
    text = text.replace("{type: boolean, const: true}", "{const: true}")
    text = text.replace("items: {type: string, enum: [band, choir]}", "items: {enum: [1, 2]}")
    text = text.replace("labels: {band:", "labels: {'1':").replace("choir: {id: Paduan", "'2': {id: Paduan")
    service = service_of(text.replace("example: [band]", "example: [1]"))
    typed = catalogue.from_page(service, {"guests": ["250"], "promise": ["true"], "music": ["1", "2"]})
    assert typed == {"guests": 250, "promise": True, "music": [1, 2]}
    assert catalogue.form_faults(service, typed, complete=False) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(form=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=12), _JSON, max_size=8), complete=st.booleans())
@settings(max_examples=120, deadline=None)
def test_no_form_breaks_anything(form: dict[str, Any], complete: bool) -> None:
    faults = catalogue.form_faults(SERVICE, form, complete=complete)
    assert len(faults) <= MAX_FAULTS
    for each in faults:
        assert each.pointer.startswith("/form/")
        assert each.message.id.endswith(".")
    try:
        cleaned = catalogue.clean_form(SERVICE, form)
    except Problem:
        return
    assert catalogue.clean_form(SERVICE, cleaned) == cleaned, "cleaning twice is cleaning once"
