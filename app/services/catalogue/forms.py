"""The form of a service: as JSON Schema 2020-12 for programs, and the judgement of what was filled in.

Two questions, kept apart so that nothing typed is lost: may it be kept at all (`clean_form`: known questions, no control
characters, not endless), and is it right (`form_faults`)? A draft keeps a plate that has the wrong form; it is not handed in.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import orjson

from app.core.contacts import parse_email, parse_mobile
from app.core.db import JsonValue
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Lang, Text
from app.services.catalogue import sentences
from app.services.catalogue.judging import answered, required_fields
from app.services.catalogue.schemas import DEFAULT_MAX_TEXT, faults_of
from app.services.catalogue.service import Field, Service
from app.services.reference import parse_plate
from app.services.registries.nik import Nik

MAX_FORM_BYTES = 65_536
MAX_TEXT = 4_000
MAX_ITEMS = 100
MAX_DEPTH = 5
MAX_FAULTS = 50
MAX_NAME_SHOWN = 100
MAX_WHOLE = 2**53
UNKNOWN_QUESTION = Text("Isian ini tidak ada di formulir; hapus.", "The form has no such question; leave it out.")
SCHEMA_2020_12 = "https://json-schema.org/draft/2020-12/schema"


def form_schema(service: Service, lang: Lang) -> dict[str, JsonValue]:
    """The form as JSON Schema 2020-12 in one language.

    `x-sections` says what is asked together, and what is asked anew for a further vehicle. `x-labels` words the choices, `x-required-when` is the CEL condition (over
    `form`) under which a question must be answered, `x-prefilled` marks what a register answers.
    """
    properties: dict[str, JsonValue] = {each.name: _property(each, lang) for each in service.fields}
    sections: list[JsonValue] = [
        {
            "name": each.name,
            "title": each.title.say(lang),
            "fields": [field.name for field in each.fields],
            "per_vehicle": each.per_vehicle,
        }
        for each in service.sections
    ]
    return {
        "$schema": SCHEMA_2020_12,
        "title": service.title.say(lang),
        "type": "object",
        "properties": properties,
        "required": [each.name for each in service.fields if each.required.source == "true"],
        "additionalProperties": False,
        "x-sections": sections,
    }


def form_faults(service: Service, form: Mapping[str, JsonValue], *, complete: bool) -> list[FieldError]:
    """What is wrong with a form, at most `MAX_FAULTS`; `complete` also wants every required question answered.

    Pointers lead to ``/form/<name>``. Each sentence names the question and says what is wanted, never what was typed.
    """
    faults: list[FieldError] = []
    for name, value in form.items():
        faults += _faults_of_answer(service, name, value)
    if complete:
        for each in required_fields(service, form):
            if not answered(form.get(each.name)):
                faults.append(FieldError(_pointer(each.name), sentences.required(each)))
    return faults[:MAX_FAULTS]


def clean_form(service: Service, patch: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A change of the form as it may be kept: trimmed, plates and numbers in one form each, an empty text as null (taken
    back). Raises INVALID_REQUEST for unknown questions and for what no form could hold."""
    faults: list[FieldError] = []
    cleaned: dict[str, JsonValue] = {}
    for name, value in patch.items():
        value = value.strip() if isinstance(value, str) else value
        each = service.find_field(name)
        wrong = UNKNOWN_QUESTION if each is None else _unstorable(each, value)
        if each is None or wrong is not None:
            faults.append(FieldError(_pointer(name), wrong or UNKNOWN_QUESTION))
        else:
            cleaned[name] = _canonical(each, value)
    if not faults and len(orjson.dumps(cleaned)) > MAX_FORM_BYTES:
        faults.append(FieldError("/form", _TOO_LARGE))
    if faults:
        raise INVALID_REQUEST(errors=faults[:MAX_FAULTS])
    return cleaned


def from_page(service: Service, typed: Mapping[str, Sequence[str]]) -> dict[str, JsonValue]:
    """What a page's form sends, as typed answers: numbers, yes or no and lists are made of texts where they look so.

    Only the questions that were sent are there; what does not look right stays text, and `form_faults` says so.
    """
    return {
        each.name: _typed(each, [text.strip() for text in typed[each.name]])
        for each in service.fields
        if each.name in typed
    }


_TOO_LARGE = Text(
    f"Isian formulir seluruhnya terlalu besar; batasnya {MAX_FORM_BYTES // 1024} KB.",
    f"The form as a whole is too large; the limit is {MAX_FORM_BYTES // 1024} KB.",
)
_YES, _NO = frozenset({"true", "on", "ya", "yes", "1"}), frozenset({"false", "off", "tidak", "no", "0"})


def _property(each: Field, lang: Lang) -> dict[str, JsonValue]:
    shown: dict[str, JsonValue] = {**each.schema, "title": each.title.say(lang), "examples": [each.example]}
    if each.hint is not None:
        shown["description"] = each.hint.say(lang)
    if each.choices:
        shown["x-labels"] = {str(_key(value)): each.label(value).say(lang) for value in each.choices}
    if not each.required.constant:
        shown["x-required-when"] = each.required.source
    if each.prefill is not None:
        shown["x-prefilled"] = True
    return shown


def _key(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _pointer(name: str, path: Sequence[object] = ()) -> str:
    parts = [str(part)[:MAX_NAME_SHOWN].encode("utf-8", "replace").decode() for part in (name, *path)]
    return "/form/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


def _faults_of_answer(service: Service, name: str, value: JsonValue) -> Iterator[FieldError]:
    each = service.find_field(name)
    if each is None:
        yield FieldError(_pointer(name), UNKNOWN_QUESTION)
        return
    if not answered(value):
        return
    wrong = _unstorable(each, value)
    if wrong is not None:
        yield FieldError(_pointer(name), wrong)
        return
    for error in faults_of(each.schema, value):
        yield FieldError(_pointer(name, tuple(error.absolute_path)), sentences.sentence(each, error))


def _unstorable(each: Field, value: JsonValue) -> Text | None:
    """Why an answer cannot be kept, whatever its schema says; None when it can."""
    words = next(_unfit(value, each, depth=1), None)
    return None if words is None else sentences.named(each, words)


def _unfit(value: JsonValue, each: Field, *, depth: int) -> Iterator[Text]:
    if depth > MAX_DEPTH:
        yield Text("terlalu dalam bersusun", "nested too deep")
    elif isinstance(value, str):
        yield from _unfit_text(value, each)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Text("isi dengan angka", "give a number")
    elif isinstance(value, int | float) and abs(value) > MAX_WHOLE:
        yield Text("angkanya terlalu besar", "the number is too large")
    elif isinstance(value, list | dict):
        if len(value) > MAX_ITEMS:
            yield Text(f"paling banyak {MAX_ITEMS} butir", f"at most {MAX_ITEMS} items")
            return
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _unfit(inner, each, depth=depth + 1)
        for key in value if isinstance(value, dict) else ():
            yield from _unfit_text(key, each)


def _unfit_text(text: str, each: Field) -> Iterator[Text]:
    longest = each.schema.get("maxLength", DEFAULT_MAX_TEXT)
    limit = min(MAX_TEXT, longest * 2 if isinstance(longest, int) else MAX_TEXT)
    if len(text) > max(limit, DEFAULT_MAX_TEXT):
        yield Text(f"paling banyak {longest} huruf atau angka", f"at most {longest} characters")
    elif any(_forbidden(letter, many_lines=each.many_lines) for letter in text):
        yield Text(
            "ada huruf yang tidak dapat dipakai; ketik ulang, jangan salin-tempel",
            "it holds a character that cannot be used; type it instead of pasting it",
        )


def _forbidden(letter: str, *, many_lines: bool) -> bool:
    code = ord(letter)
    if letter in "\n\r\t":
        return not many_lines
    return code < 32 or code == 127 or 0xD800 <= code <= 0xDFFF


def _canonical(each: Field, value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n")
    if not text:
        return None
    match each.schema.get("format"):
        case "plate":
            plate = parse_plate(text)
            return text if plate is None else plate.canonical
        case "nik":
            nik = Nik.parse(text)
            return text if nik is None else str(nik)
        case "mobile":
            return parse_mobile(text) or text
        case "email":
            return parse_email(text) or text
    return text


def _chosen(each: Field, text: str) -> JsonValue:
    """The choice that a page names so: a number among the choices is sent as text."""
    return next((value for value in each.choices if _key(value) == text), text)


def _typed(each: Field, texts: Sequence[str]) -> JsonValue:
    if each.kind == "array":
        return [_chosen(each, text) for text in texts if text]
    text = texts[-1] if texts else ""
    if not text:
        return None
    if each.kind == "boolean":
        return True if text.lower() in _YES else False if text.lower() in _NO else text
    if each.choices:
        return _chosen(each, text)
    if each.kind == "integer" and text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) <= 16:
        return int(text)
    if each.kind == "number":
        try:
            return float(text.replace(",", "."))
        except ValueError:
            return text
    return text
