"""Which papers applications can end in, and how each is numbered: read from ``app/data/issued_documents.yaml``.

A number is not a count. Its serial is random, so that nobody learns from two numbers how many people came between them,
and nobody guesses a stranger's; its last character checks the whole number, so that a mistyped one is seen at once.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from app.core.ids import ALPHABET, check_character
from app.core.texts import Text

FILE = Path(__file__).resolve().parents[2] / "data" / "issued_documents.yaml"
SERIAL_CHARACTERS = 7
"""35 bits: among a unit's papers of one month two of the same are as good as unheard of; the table's constraint decides."""

MAX_NUMBER = 100
_PLACES = ("{serial}", "{month}", "{year}", "{unit}")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")

Shown = Literal["name", "nik", "nik_tail", "born", "address", "photo"]
Words = Annotated[str, Field(min_length=1, max_length=120)]


@dataclass(frozen=True, slots=True)
class IssuedKind:
    """One kind of issued paper. `shows` names what of the holder may stand on it; `signatory` the office by level of
    unit; `prints` what the counter prints besides; `keep_days` how long its file is kept after it has ended."""

    name: str
    title: Text
    number: str
    keep_days: int
    shows: frozenset[str]
    law: str
    signatory: Mapping[str, str]
    prints: Text | None


class UnknownKind(ValueError):
    """No issued paper has this name."""


def issued_kind(name: str) -> IssuedKind:
    """The kind with this name; `UnknownKind` when there is none."""
    try:
        return issued_kinds()[name]
    except KeyError:
        raise UnknownKind(f"no issued document is called {name!r}; there are: {', '.join(issued_kinds())}") from None


@cache
def issued_kinds() -> Mapping[str, IssuedKind]:
    """Every kind by its name. Raises ValueError where the file is not sound."""
    return read_kinds(FILE.read_text("utf-8"))


def read_kinds(text: str) -> dict[str, IssuedKind]:
    """The kinds of a file's text; ValueError names what is wrong."""
    read = TypeAdapter(dict[str, _Written]).validate_python(yaml.safe_load(text))
    return {
        name: IssuedKind(
            name=name,
            title=Text(each.title.id, each.title.en),
            number=each.number,
            keep_days=each.keep_days,
            shows=frozenset(each.shows),
            law=each.law,
            signatory={str(level): office for level, office in each.signatory.items()},
            prints=Text(each.prints.id, each.prints.en) if each.prints else None,
        )
        for name, each in read.items()
    }


def new_number(kind: IssuedKind, unit_code: str, on: date) -> str:
    """A fresh number for a paper of this kind, issued by this unit on this day of its place."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(SERIAL_CHARACTERS))

    def written(serial: str) -> str:
        return kind.number.format(serial=serial, month=_ROMAN[on.month - 1], year=on.year, unit=unit_code)

    return written(body + check_character(_bare(written(body))))


def number_is_valid(kind: IssuedKind, number: str) -> bool:
    """Whether the check character of the serial fits the rest of the number."""
    parts = {"serial": f"(?P<body>[{ALPHABET}]{{{SERIAL_CHARACTERS}}})(?P<check>[{ALPHABET}])"}
    pattern = re.escape(kind.number).replace(r"\{", "{").replace(r"\}", "}")
    month, year, unit = f"(?:{'|'.join(_ROMAN)})", r"\d{4}", "[A-Z0-9-]+"
    found = re.fullmatch(pattern.format(**parts, month=month, year=year, unit=unit), number)
    if found is None:
        return False
    without = number[: found.start("check")] + number[found.end("check") :]
    return check_character(_bare(without)) == found["check"]


def _bare(number: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", number)


class _Both(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Words
    en: Words


class _Written(BaseModel):
    """One kind as it stands in the file."""

    model_config = ConfigDict(extra="forbid")

    title: _Both
    number: str
    keep_days: Annotated[int, Field(ge=1, le=36_500)]
    shows: list[Shown]
    law: Words
    signatory: dict[Literal["MABES", "POLDA", "POLRES", "POLSEK"], Words]
    prints: _Both | None = None

    @field_validator("number")
    @classmethod
    def _with_every_place(cls, value: str) -> str:
        if sorted(re.findall(r"\{[^}]*\}", value)) != sorted(_PLACES):
            raise ValueError(f"a number names each of {', '.join(_PLACES)} once")
        return value
