"""What a message says: a small text template per language, filled with values that cannot become template
code.

The first line of a template is the subject, the rest the text. A template cannot be told to show a link
that is not ours: citizens learn that a real message only ever links to this server.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.core.db import JsonValue
from app.core.money import show_rupiah
from app.core.texts import Lang, Text

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "messages"
MAX_VALUE = 200
MAX_TEXT = 2000
_NAME = re.compile(r"^[a-z][a-z_]{2,40}$")

Value: TypeAlias = str | int | Text


@dataclass(frozen=True, slots=True)
class Wording:
    """A message as it will be read."""

    subject: str
    text: str


def write(template: str, lang: Lang, values: Mapping[str, Value], *, public_url: str, check_code: str) -> Wording:
    """The message in one language. Values lose line breaks, control and direction marks, and what is over 200
    characters; `link`, where given, must lead to `public_url`.

    Raises ValueError for an unknown template or a foreign link, and jinja2's UndefinedError for a missing
    value: both are our own mistakes, and come up when the message is queued.
    """
    if not _NAME.match(template):
        raise ValueError(f"no message template {template!r}")
    shown = {name: _shown(value, lang) for name, value in values.items()}
    link = shown.get("link")
    if link is not None and not str(link).startswith(f"{public_url}/"):
        raise ValueError("a message may only link to this server")
    check_link = f"{public_url}/periksa/{check_code}"
    page = _environment(lang).get_template(f"{template}.{lang}.txt")
    text = page.render({**shown, "check_code": check_code, "check_link": check_link, "public_url": public_url})
    subject, _, body = text.strip().partition("\n")
    return Wording(subject.strip(), body.strip()[:MAX_TEXT])


def to_json(values: Mapping[str, Value]) -> dict[str, JsonValue]:
    """The values as JSON, to be sealed with the message."""
    return {k: {"id": v.id, "en": v.en} if isinstance(v, Text) else v for k, v in values.items()}


def from_json(values: Mapping[str, JsonValue]) -> dict[str, Value]:
    """The values of `to_json` again."""
    return {k: Text(str(v["id"]), str(v["en"])) if isinstance(v, dict) else _plain(v) for k, v in values.items()}


@cache
def _environment(lang: Lang) -> ImmutableSandboxedEnvironment:
    env = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["rupiah"] = lambda amount: show_rupiah(int(amount), lang)
    return env


def _shown(value: Value, lang: Lang) -> str | int:
    if isinstance(value, int):
        return value
    text = value.say(lang) if isinstance(value, Text) else value
    plain = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") else " " for c in text)
    return " ".join(plain.split())[:MAX_VALUE]


def _plain(value: JsonValue) -> Value:
    if isinstance(value, str | int):
        return value
    raise ValueError("a message value is a text or a whole number")
