"""What messages say: in both languages, with a check code, and never with somebody else's link or code in
them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from app.core.texts import LANGS, Lang, Text
from app.services.notifications.wording import TEMPLATES, Value, from_json, to_json, write
from tests.services.notifications.samples import SAMPLES, SHARED

URL, CODE = "http://127.0.0.1:8000", "CEK7K3M9QXT4V2PA"
NAMES = sorted({path.name.split(".")[0] for path in TEMPLATES.glob("[a-z]*.txt")})


def names_in(template: str, lang: Lang) -> set[str]:
    return set(re.findall(r"{{ (\w+)", (TEMPLATES / f"{template}.{lang}.txt").read_text()))


def sample(template: str) -> dict[str, Value]:
    """The laid-out values, or for a template that came later, something for every name in it."""
    made: dict[str, Value] = {name: Text("nilai", "value") for name in names_in(template, "id")}
    return {**made, "link": f"{URL}/tilang", "amount": 500_000, **SAMPLES.get(template, {})}


def written(template: str, lang: Lang, **changes: object) -> str:
    values = {**sample(template), **changes}
    wording = write(template, lang, values, public_url=URL, check_code=CODE)  # type: ignore[arg-type]
    return f"{wording.subject}\n{wording.text}"


@pytest.mark.parametrize("template", NAMES)
def test_every_message_speaks_both_languages_and_can_be_checked(template: str) -> None:
    both = [written(template, lang) for lang in LANGS]
    assert both[0] != both[1]
    for text in both:
        assert CODE in text
        assert f"{URL}/periksa/{CODE}" in text
        assert "{" not in text
        assert len(text) < 800


def test_both_languages_are_given_the_same_values() -> None:
    assert {t: names_in(t, "id") for t in NAMES} == {t: names_in(t, "en") for t in NAMES}


@pytest.mark.parametrize("lang", LANGS)
def test_links_lead_to_this_server_alone(lang: Lang) -> None:
    for template in NAMES:
        for address in re.findall(r"https?://\S+", written(template, lang)):
            assert address.startswith(URL + "/")
    for foreign in ("https://evil.example/x.apk", f"{URL}.evil.example/x", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="only link to this server"):
            written("etle_reminder", lang, link=foreign)


@pytest.mark.parametrize("template", ["../letters/common", "_foot", "no_such", "ETLE", "a" * 100, ""])
def test_an_unknown_template_is_our_mistake(template: str) -> None:
    with pytest.raises((ValueError, LookupError, OSError)):
        write(template, "id", SHARED, public_url=URL, check_code=CODE)


def test_a_missing_value_is_our_mistake() -> None:
    with pytest.raises(UndefinedError):
        write("etle_reminder", "id", SHARED, public_url=URL, check_code=CODE)


@given(st.text(max_size=400))
def test_values_are_one_line_of_text_and_never_template_code(value: str) -> None:
    shown = written("etle_annulled", "id", reason="{{ 7 * 7 }}{% raw %}" + value)
    assert "{{ 7 * 7 }}{% raw %}" in shown
    subject = written("etle_annulled", "id", reference="X\r\nBcc: all@example.test" + value).split("\n")[0]
    assert "\r" not in subject
    assert subject.startswith("Perkara ETLE X Bcc: all@example.test")


def test_values_survive_being_stored() -> None:
    values = {"a": "x", "b": 5, "c": Text("satu", "one")}
    assert from_json(to_json(values)) == values
