"""A service as the other rooms know it: frozen data, read from its file once (`loading.py`), never changed.

A case stays on the version that it began with: `versions.py` keeps the file's text, and a `Service` is made of it again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.db import JsonValue
from app.core.texts import Text
from app.services.catalogue.conditions import Condition

ALWAYS, NEVER = Condition("true"), Condition("false")
LEVELS = ("MABES", "POLDA", "POLRES")
MANY_LINES_FROM = 201
"""A text that may be this long is written on several lines; a shorter one holds no line break."""


_KINDS: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
"""The JSON type of a value."""


class Otherwise(StrEnum):
    """What an eligibility rule does when it is not met."""

    REFUSE = "refuse"
    WARN = "warn"
    CHECK = "check"
    """An officer looks before anybody is asked for money, and has the register mended or hands the application back."""


class DocumentKind(StrEnum):
    """Photos and signatures are looked at by rule; a scan only for its type and size."""

    PHOTO = "photo"
    SIGNATURE = "signature"
    SCAN = "scan"


class Enters(StrEnum):
    """What the vehicle register learns once the document is issued: who owns the vehicle now, that it was sold, or that there
    is a new one. The number of an STNK it learns of each."""

    OWNER = "owner"
    SALE = "sale"
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class Law:
    """A legal basis and what it says."""

    rule: str
    says: Text


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may apply: `when` true is good, else `says` is the sentence that is shown."""

    name: str
    when: Condition
    otherwise: Otherwise
    says: Text
    law: str | None


@dataclass(frozen=True, eq=False)
class Field:
    """One question of the form. `schema` is the JSON Schema 2020-12 of its answer; `prefill` is what a register knows; `printed`:
    its answer stands on what is issued."""

    name: str
    title: Text
    hint: Text | None
    schema: Mapping[str, JsonValue]
    labels: Mapping[str, Text]
    required: Condition
    example: JsonValue
    personal: bool
    printed: bool
    prefill: Condition | None

    @property
    def choices(self) -> tuple[JsonValue, ...]:
        """The values to choose from, one or (an array) several; empty where the answer is free."""
        items = self.schema.get("items")
        found = self.schema.get("enum") or (items.get("enum") if isinstance(items, dict) else None)
        return tuple(found) if isinstance(found, list) else ()

    @property
    def kind(self) -> str:
        """The answer's JSON type, also where the values alone tell it; empty where the schema leaves it open."""
        found = self.schema.get("type")
        if isinstance(found, str):
            return found
        values = self.schema.get("enum", [self.schema.get("const")])
        kinds = {_KINDS.get(type(value), "") for value in values} if isinstance(values, list) else set()
        return kinds.pop() if len(kinds) == 1 else ""

    @property
    def on_pages(self) -> bool:
        """Whether a page can ask it: an object, or a list of anything, is for programs alone."""
        return self.kind != "object" and (self.kind != "array" or bool(self.choices))

    @property
    def many_lines(self) -> bool:
        """Whether the answer is a text of several lines."""
        longest = self.schema.get("maxLength")
        return self.kind == "string" and isinstance(longest, int) and longest >= MANY_LINES_FROM

    def label(self, value: JsonValue) -> Text:
        """A choice in words."""
        shown = value if isinstance(value, str) else str(value).lower()
        return self.labels.get(shown, Text(shown, shown))


@dataclass(frozen=True, eq=False, slots=True)
class Section:
    """Questions that are asked together, on one page. `per_vehicle`: about one vehicle alone, so that an application for
    a further one is asked them anew."""

    name: str
    title: Text
    fields: tuple[Field, ...]
    per_vehicle: bool


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """A paper or picture to hand in. `rule` names a photo rule; `reuse_days` how long one given before may serve again;
    `per_vehicle`: it belongs to one vehicle alone, so that an application for a further one wants another, and it is
    used again for the same vehicle alone."""

    name: str
    title: Text
    hint: Text | None
    kind: DocumentKind
    rule: str | None
    media_types: tuple[str, ...]
    max_kb: int
    required: Condition
    reuse_days: int
    per_vehicle: bool


@dataclass(frozen=True, slots=True)
class FeeRule:
    """A PNBP code that is asked for when the condition holds. Its amount stands in the reference data, never here."""

    code: str
    when: Condition
    says: Text


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A cost that is paid to others and shown with the price; `says` where the file words it."""

    code: str
    says: Text | None


@dataclass(frozen=True, slots=True)
class Presence:
    """Where the person (or the vehicle) must come, and why."""

    name: str
    when: Condition
    why: Text


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment's kind of capacity and length; `retest_days` are the waits before a test is taken again."""

    kind: str
    minutes: int
    when: Condition
    retest_days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Validity:
    """How long what is issued holds: a length, from the day of issue or from the day that the condition `begins` gives; or a
    condition that gives the last day."""

    years: int = 0
    months: int = 0
    days: int = 0
    until: Condition | None = None
    begins: Condition | None = None


@dataclass(frozen=True, slots=True)
class Issues:
    """What is issued: its template, its title, how long it holds (None: no end), whether paper is printed, and what the
    vehicle register learns."""

    document: str
    title: Text
    valid: Validity | None
    paper: bool
    enters: Enters | None = None


@dataclass(frozen=True, eq=False)
class Service:
    """One service, whole. `body` is the file's text and `digest` its SHA-256, by which versions are told apart."""

    code: str
    version: int
    family: str
    title: Text
    summary: Text
    law: tuple[Law, ...]
    asks: tuple[str, ...]
    lifecycle: str
    levels: tuple[str, ...]
    mabes: str | None
    poldas: tuple[str, ...]
    choose: Condition | None
    eligibility: tuple[Rule, ...]
    sections: tuple[Section, ...]
    documents: tuple[DocumentRule, ...]
    fees: tuple[FeeRule, ...]
    third_party: tuple[ThirdParty, ...]
    other_lines: tuple[str, ...]
    exemptions: tuple[str, ...]
    pay_within_hours: int | None
    service_level_hours: int
    presence: tuple[Presence, ...]
    appointment: Appointment | None
    issues: Issues | None
    delivery: tuple[str, ...]
    correction_days: int
    draft_days: int
    steps: tuple[Text, ...]
    standard: Mapping[str, Text]
    digest: str
    body: str = field(repr=False)

    @property
    def fields(self) -> Iterator[Field]:
        """Every question, in the order of the form."""
        return (each for section in self.sections for each in section.fields)

    def find_field(self, name: str) -> Field | None:
        """The question of this name."""
        return next((each for each in self.fields if each.name == name), None)

    def find_document(self, name: str) -> DocumentRule | None:
        """The paper of this name."""
        return next((each for each in self.documents if each.name == name), None)
