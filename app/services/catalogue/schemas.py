"""The JSON Schema (2020-12) of one answer: is it sound, and does a value satisfy it?

Patterns are those of ECMA-262 as far as they can be matched in time that grows with the answer alone (Rust's engine, in pydantic): no
look-around, no back references; `\\d` and `\\w` are ASCII. Nothing is ever fetched: `$ref` and its kin are refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema

from app.core.contacts import parse_email, parse_mobile
from app.core.db import JsonValue
from app.services.reference import parse_plate
from app.services.registries.nik import Nik

DEFAULT_MAX_TEXT = 300
"""Characters of a text whose schema sets no bound."""
_SUBSCHEMAS = frozenset({"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"})
_SUBSCHEMA_LISTS = frozenset({"prefixItems", "allOf", "anyOf", "oneOf"})
_SUBSCHEMA_MAPS = frozenset({"properties", "dependentSchemas"})
KEYWORDS = _SUBSCHEMAS | _SUBSCHEMA_LISTS | _SUBSCHEMA_MAPS | frozenset(
    ["type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "format", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains", "maxProperties", "minProperties", "required", "dependentRequired", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType"]
)  # fmt: skip
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?", re.ASCII)
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_ASCII = {
    "\\d": "[0-9]",
    "\\D": "[^0-9]",
    "\\w": "[0-9A-Za-z_]",
    "\\W": "[^0-9A-Za-z_]",
    "\\b": r"(?-u:\b)",
    "\\/": "/",
}
"""What ECMA-262 means by an escape, where Rust would mean more."""
_ENDLESS = re.compile(r"[*+]|\{[0-9]*,\}")
_URI = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[^\s\x00-\x1f]*)?", re.ASCII)


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


FORMATS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "date": _is_day,
        "time": lambda text: _TIME.fullmatch(text) is not None,
        "email": lambda text: parse_email(text) is not None,
        "uri": lambda text: _URI.fullmatch(text) is not None,
        "nik": lambda text: Nik.parse(text) is not None,
        "plate": lambda text: parse_plate(text) is not None,
        "mobile": lambda text: parse_mobile(text) is not None,
    }
)
"""Formats that a schema may name, ours (nik, plate, mobile) among them; every one is checked."""


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, check in FORMATS.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    return checker


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> SchemaValidator:
    """Finds a pattern in a text in linear time, whatever either says: nothing backtracks. Raises PatternError."""
    ascii_only = _ESCAPED.sub(lambda escaped: _ASCII.get(escaped[0], escaped[0]), pattern)
    return SchemaValidator(core_schema.str_schema(pattern=ascii_only, regex_engine="rust-regex"))


def _pattern(_validator: Validator, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matcher(pattern).isinstance_python(instance):
        yield ValidationError("does not match")


_Ours = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # the library has no types here
_FORMAT_CHECKER = _formats()


def validator_of(schema: Mapping[str, JsonValue]) -> Validator:
    """The validator of an answer's schema, built once."""
    return _built(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=2048)
def _built(schema: bytes) -> Validator:
    made: Validator = _Ours(orjson.loads(schema), format_checker=_FORMAT_CHECKER)
    return made


def faults_of(schema: Mapping[str, JsonValue], value: JsonValue) -> Iterator[ValidationError]:
    """What is wrong with a value, one finding a place."""
    seen = set()
    for error in validator_of(schema).iter_errors(value):
        found = best_match([error]) or error
        place = tuple(found.absolute_path)
        if place not in seen:
            seen.add(place)
            yield found


def satisfies(schema: Mapping[str, JsonValue], value: JsonValue) -> bool:
    """Whether a value may be the answer."""
    return validator_of(schema).is_valid(value)


def unsound(schema: JsonValue) -> Iterator[str]:
    """What is wrong with a schema itself, in words; nothing for a sound one."""
    if not isinstance(schema, dict) or not schema:
        yield "must be a JSON Schema"
        return
    yield from _unknown(schema)
    yield from _against_metaschema(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=2048)
def _against_metaschema(schema: bytes) -> tuple[str, ...]:
    try:
        Draft202012Validator.check_schema(orjson.loads(schema))
    except SchemaError as error:
        place = "/".join(map(str, error.absolute_path))
        return (f"is no JSON Schema 2020-12{f' at {place}' if place else ''}: {error.message[:160]}",)
    return ()


def _unknown(schema: Mapping[str, Any]) -> Iterator[str]:
    for key, value in schema.items():
        if key not in KEYWORDS:
            yield f"has the unknown keyword {key!r}"
        elif key == "format" and value not in FORMATS:
            yield f"names the unknown format {value!r} (there are: {', '.join(FORMATS)})"
        elif key == "pattern":
            yield from _bad_pattern(value)
    for inner in _inner(schema):
        yield from _unknown(inner)


def _inner(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key, value in schema.items():
        if key in _SUBSCHEMAS and isinstance(value, dict):
            yield value
        elif key in _SUBSCHEMA_LISTS and isinstance(value, list):
            yield from (each for each in value if isinstance(each, dict))
        elif key in _SUBSCHEMA_MAPS and isinstance(value, dict):
            yield from (each for each in value.values() if isinstance(each, dict))


def _bad_pattern(pattern: object) -> Iterator[str]:
    if not isinstance(pattern, str):
        return
    try:
        _matcher(pattern)
    except PatternError as error:
        said = str(error).strip().splitlines()[-1].removeprefix("error: ")
        yield f"has a pattern that is none, or that cannot be matched in linear time: {said[:160]}"
        return
    if _repeats_repeats(pattern):
        yield "has a pattern that repeats what repeats, such as (a+)+: a long answer would keep an applicant's phone busy for hours"


def _repeats_repeats(pattern: str) -> bool:
    """Whether a group without end repeats something without end; looked for sign by sign."""
    plain = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "x", pattern)
    groups = [False]
    for place, sign in enumerate(plain):
        if sign == "(":
            groups.append(False)
        elif sign == ")" and len(groups) > 1:
            inner = groups.pop()
            if inner and _ENDLESS.match(plain, place + 1):
                return True
            groups[-1] = groups[-1] or inner
        elif _ENDLESS.match(plain, place):
            groups[-1] = True
    return False
