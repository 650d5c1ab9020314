"""Reads a mapping of a service file key by key. What is wrong is noted with its line, and reading goes on to the end.

Every reader gives something to go on with where the file gives nothing good, so that all faults are found at once; a file
with a fault is never used.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.core.db import JsonValue
from app.core.texts import Text
from app.services.catalogue.conditions import BadCondition, Condition
from app.services.catalogue.lined_yaml import Lined, as_json
from app.services.catalogue.service import ALWAYS, NEVER

MAX_TEXT = 2_000
MAX_WORDS = 200
MAX_ITEMS = 100
BLANK = Text("-", "-")
_NAME = re.compile(r"^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$")
MAX_NAME = 40


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong on one line of a file."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@dataclass
class Faults:
    """What is wrong with a file so far, and the lines on which its parts stand, for those who check further."""

    file: str
    found: list[Fault] = field(default_factory=list)
    places: dict[object, int] = field(default_factory=dict)

    def fault(self, line: int, what: str) -> None:
        """Note a fault of this line."""
        self.found.append(Fault(self.file, line, what))

    def at(self, key: object, what: str) -> None:
        """Note a fault where the part stands that `mark` named so."""
        self.fault(self.places.get(key, 1), what)

    def node(self, value: object, line: int, what: str, *, needed: str = "", allowed: str = "") -> "Node":
        """A mapping with these keys. An unknown or missing key is a fault; a value that is no mapping reads as an empty one."""
        if not isinstance(value, Lined):
            self.fault(line, f"{what} must be a mapping")
            empty = Lined()
            empty.line = line
            return Node(self, empty, what)
        for key in needed.split():
            if key not in value:
                self.fault(value.line, f"{what} lacks {key!r}")
        known = {*needed.split(), *allowed.split()}
        for key in value:
            if key not in known:
                self.fault(value.line_of(key), f"{what} has an unknown key {key!r}")
        return Node(self, value, what)


@dataclass
class Node:
    """One mapping of the file, and `what` it is in words."""

    faults: Faults
    raw: Lined
    what: str

    @property
    def line(self) -> int:
        return self.raw.line

    def has(self, key: str) -> bool:
        """Whether the key stands there with a value."""
        return self.raw.get(key) is not None

    def line_of(self, key: str) -> int:
        return self.raw.line_of(key)

    def wrong(self, key: str, what: str) -> None:
        """Note what is wrong with a key."""
        self.faults.fault(self.line_of(key), f"{self.what}: {key} {what}")

    def mark(self, *place: object) -> None:
        """Remember where this part stands. Twice the same is a fault."""
        if place in self.faults.places:
            self.faults.fault(self.line, f"{self.what} stands here twice")
        self.faults.places[place] = self.line

    def text(self, key: str) -> Text:
        """Words in both languages."""
        return self.faults_text(self.raw.get(key), self.line_of(key), key) if key in self.raw else BLANK

    def maybe_text(self, key: str) -> Text | None:
        return self.text(key) if self.has(key) else None

    def texts(self, key: str) -> tuple[Text, ...]:
        """A list of words in both languages."""
        return tuple(self.faults_text(value, line, key) for value, line in self.items(key))

    def faults_text(self, value: object, line: int, key: str) -> Text:
        if not isinstance(value, Lined) or set(value) != {"id", "en"}:
            beside = sorted(set(value) - {"id", "en"}) if isinstance(value, Lined) else []
            hint = f"; {beside[0]!r} stands beside them: a text with a comma in it needs quotes" if beside else ""
            self.faults.fault(line, f"{self.what}: {key} must be {{id: ..., en: ...}}{hint}")
            return BLANK
        said = {}
        for lang in ("id", "en"):
            words = value[lang]
            if not isinstance(words, str) or not words.strip():
                self.faults.fault(value.line_of(lang), f"{self.what}: {key} lacks words for {lang!r}")
                words = "-"
            elif len(words) > MAX_TEXT or any(ord(letter) < 32 and letter != "\n" for letter in words):
                self.faults.fault(
                    value.line_of(lang), f"{self.what}: {key} is longer than {MAX_TEXT} or cannot be shown"
                )
            said[lang] = words.strip()
        return Text(said["id"], said["en"])

    def words(self, key: str, *, longest: int = MAX_WORDS) -> str:
        """One line of words."""
        value = self.raw.get(key)
        if key not in self.raw:
            return ""
        if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
            self.wrong(key, f"must be words, at most {longest} characters (in quotes where they look like a number)")
            return ""
        return value.strip()

    def maybe_words(self, key: str) -> str | None:
        return self.words(key) or None if self.has(key) else None

    def name(self, key: str) -> str:
        """A name: small letters, digits, single dashes or underscores between them."""
        value = self.words(key, longest=MAX_NAME)
        if value and not _NAME.match(value):
            self.wrong(key, f"{value!r} is no name: small letters and digits, with - or _ between")
            return ""
        return value

    def number(self, key: str, lowest: int, highest: int, *, default: int = 0) -> int:
        """A whole number within bounds."""
        if key not in self.raw:
            return default
        value = self.raw[key]
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            self.wrong(key, f"must be a whole number from {lowest} to {highest}")
            return default
        return value

    def maybe_number(self, key: str, lowest: int, highest: int) -> int | None:
        return self.number(key, lowest, highest) or None if self.has(key) else None

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.raw.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "must be true or false")
            return default
        return value

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        """One of a few words; the first where the file says none of them."""
        value = self.raw.get(key, known[0])
        if not isinstance(value, str) or value not in known:
            self.wrong(key, f"must be one of {', '.join(known)}")
            return known[0]
        return value

    def names(self, key: str, known: frozenset[str] | None = None) -> tuple[str, ...]:
        """A list of names, each once and, where it is said which there are, of these."""
        found = []
        for value, line in self.items(key):
            if not isinstance(value, str) or (known is not None and value not in known):
                among = f" (there are: {', '.join(sorted(known))})" if known is not None and len(known) <= 20 else ""
                self.faults.fault(line, f"{self.what}: {key} has the unknown {value!r}{among}")
            else:
                found.append(value)
        for value, count in Counter(found).items():
            if count > 1:
                self.wrong(key, f"names {value} twice")
        return tuple(dict.fromkeys(found))

    def numbers(self, key: str, lowest: int, highest: int) -> tuple[int, ...]:
        """A list of whole numbers."""
        found = []
        for value, line in self.items(key):
            if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
                self.faults.fault(line, f"{self.what}: {key} holds whole numbers from {lowest} to {highest}")
            else:
                found.append(value)
        return tuple(found)

    def condition(self, key: str, *, default: Condition = ALWAYS) -> Condition:
        """A CEL expression; `true` and `false` may stand without quotes."""
        value = self.raw.get(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return ALWAYS if value else NEVER
        if not isinstance(value, str):
            self.wrong(key, "must be true, false or a CEL expression in quotes")
            return default
        try:
            return Condition(value.strip())
        except BadCondition as bad:
            self.wrong(key, str(bad))
            return default

    def maybe_condition(self, key: str) -> Condition | None:
        return self.condition(key) if self.has(key) else None

    def json(self, key: str) -> JsonValue:
        """Any JSON value."""
        return as_json(self.raw.get(key))

    def node(self, key: str, *, needed: str = "", allowed: str = "", what: str = "") -> "Node":
        """The mapping that stands under a key."""
        return self.faults.node(
            self.raw.get(key), self.line_of(key), what or f"{self.what}: {key}", needed=needed, allowed=allowed
        )

    def nodes(self, key: str, what: str, *, needed: str, allowed: str = "") -> Iterator["Node"]:
        """The mappings of a list, each called by `what` and its name."""
        for value, line in self.items(key):
            called = value.get("name", value.get("code", "")) if isinstance(value, Lined) else ""
            yield self.faults.node(value, line, f"{what} {called}".strip(), needed=needed, allowed=allowed)

    def items(self, key: str) -> Iterator[tuple[object, int]]:
        """The values of a list with their lines; nothing where the key is not there."""
        value = self.raw.get(key)
        if value is None:
            return
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            self.wrong(key, f"must be a list of at most {MAX_ITEMS}")
            return
        for each in value:
            yield each, each.line if isinstance(each, Lined) else self.line_of(key)

    def entries(self, key: str) -> Mapping[str, tuple[object, int]]:
        """The values of a mapping of any keys, with their lines."""
        value = self.raw.get(key)
        if value is None:
            return {}
        if not isinstance(value, Lined):
            self.wrong(key, "must be a mapping")
            return {}
        return {each: (value[each], value.line_of(each)) for each in value}
