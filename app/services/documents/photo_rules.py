"""What a service wants of a photo or a signature: rules by name, written in ``app/data/photo_rules.yaml``.

Each rule says its source (law or official page), so that nobody is refused for a taste. Every fault of the file is
reported with its line, all at once, and the start stops: a rule that is half read would refuse the wrong people.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from app.core.texts import Text

SHIPPED = Path(__file__).parents[2] / "data" / "photo_rules.yaml"

BackgroundColour = Literal["blue", "red", "yellow", "white"]
COLOURS: tuple[str, ...] = get_args(BackgroundColour)
Span = tuple[float, float]
"""From, to; both included."""

INK: Span = (0.003, 0.25)
"""The share of a signature's picture that is ink, where a rule does not say otherwise."""


class PhotoRuleError(Exception):
    """Photo rules that must not run; one line for each fault, with file and line."""


@dataclass(frozen=True, slots=True)
class FaceRule:
    """Where the face has to be, as shares of the picture: width of the face box, and where its middle is."""

    width: Span
    across: Span
    down: Span


@dataclass(frozen=True, slots=True)
class PhotoRule:
    """What a photo of an applicant has to be. `ratio` is width : height, within `tolerance`; None is any shape.

    `looks` is what no machine here sees and an officer looks at; `good` describes a photo that fits.
    """

    name: str
    title: Text
    source: str
    min_width: int
    min_height: int
    ratio: tuple[int, int] | None
    tolerance: float
    background: BackgroundColour
    face: FaceRule
    looks: tuple[Text, ...]
    good: Text


@dataclass(frozen=True, slots=True)
class SignatureRule:
    """What a photographed signature has to be. `ink` is the share of the picture that is ink."""

    name: str
    title: Text
    source: str
    min_width: int
    min_height: int
    ink: Span
    looks: tuple[Text, ...]
    good: Text


Rule = PhotoRule | SignatureRule


@dataclass(frozen=True)
class PhotoRules:
    """Every rule by its name; a part of the house."""

    by_name: Mapping[str, Rule]

    @property
    def names(self) -> frozenset[str]:
        """What a service's documents may name."""
        return frozenset(self.by_name)

    def get(self, name: str) -> Rule:
        """The rule of this name; KeyError says which there are."""
        try:
            return self.by_name[name]
        except KeyError:
            raise KeyError(f"there is no photo rule {name!r}; there are: {', '.join(sorted(self.by_name))}") from None


def load_photo_rules(path: Path = SHIPPED) -> PhotoRules:
    """Every rule of the file. Raises `PhotoRuleError` with all of its faults."""
    return read_photo_rules(path.name, path.read_text("utf-8"))


def read_photo_rules(file: str, text: str) -> PhotoRules:
    """Every rule of a YAML text; `file` stands in the faults. Raises `PhotoRuleError`."""
    faults = _Faults(file)
    found: dict[str, Rule] = {}
    top = faults.mapping(_parsed(faults, text), 1, "the file", needed="rules")
    rules = faults.below(top, "rules", needed="", optional=None)
    for name, raw in rules.items():
        rule = _rule(faults, str(name), raw, rules.line_of(name))
        if rule is not None:
            found[rule.name] = rule
    if faults.lines:
        raise PhotoRuleError("\n".join(faults.lines))
    return PhotoRules(found)


def _rule(faults: "_Faults", name: str, value: object, line: int) -> Rule | None:
    kind = value.get("kind") if isinstance(value, _Lined) else None
    if kind not in ("photo", "signature"):
        faults.fault(line, f"rule {name} needs a kind: photo or signature")
        return None
    photo = kind == "photo"
    wants = "kind title source pixels good" + (" background face" if photo else "")
    raw = faults.mapping(value, line, f"rule {name}", needed=wants, optional="looks " + ("shape" if photo else "ink"))
    pixels = faults.below(raw, "pixels", needed="min")
    min_width, min_height = faults.pair(pixels, "min", whole=True)
    title, good, looks = faults.text(raw, "title"), faults.text(raw, "good"), faults.texts(raw, "looks")
    source = str(raw.get("source") or "").strip()
    if "source" in raw and not source:
        faults.fault(raw.line_of("source"), f"rule {name} needs a source: the law or the official page")
    width, height = int(min_width), int(min_height)
    if not photo:
        ink = faults.span(raw, "ink") if "ink" in raw else INK
        return SignatureRule(name, title, source, width, height, ink, looks, good)
    if "background" in raw and raw["background"] not in COLOURS:
        faults.fault(raw.line_of("background"), f"background is one of {', '.join(COLOURS)}")
    shape, tolerance = _shape(faults, raw)
    colour = cast(BackgroundColour, raw.get("background"))
    face = _face(faults, raw)
    return PhotoRule(name, title, source, width, height, shape, tolerance, colour, face, looks, good)


def _shape(faults: "_Faults", raw: "_Lined") -> tuple[tuple[int, int] | None, float]:
    if "shape" not in raw:
        return None, 0.0
    shape = faults.below(raw, "shape", needed="ratio tolerance")
    wide, high = faults.pair(shape, "ratio", whole=True)
    tolerance = shape.get("tolerance", 0.1)
    if not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        faults.fault(shape.line_of("tolerance"), "tolerance is a share between 0 and 1")
        tolerance = 0.1
    return (int(wide), int(high)), float(tolerance)


def _face(faults: "_Faults", raw: "_Lined") -> FaceRule:
    face = faults.below(raw, "face", needed="width across down")
    return FaceRule(faults.span(face, "width"), faults.span(face, "across"), faults.span(face, "down"))


# --- reading with lines
# ---------------------------------------------------------------------------------------------


class _Lined(dict[str, Any]):
    """A mapping that knows on which lines it and its keys stand."""

    line = 1

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """Where the key stands, or the mapping where it does not stand at all."""
        return self._lines.get(key, self.line)


class _LoaderWithLines(yaml.CSafeLoader):
    pass


def _construct(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> Iterator[_Lined]:
    mapping = _Lined()
    mapping.line = node.start_mark.line + 1
    yield mapping
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in mapping:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands here twice", key_node.start_mark)
        mapping[key] = loader.construct_object(value_node, deep=True)
        mapping._lines[key] = key_node.start_mark.line + 1


_LoaderWithLines.add_constructor("tag:yaml.org,2002:map", _construct)


def _parsed(faults: "_Faults", text: str) -> object:
    try:
        return yaml.load(text, _LoaderWithLines)  # noqa: S506 a SafeLoader that remembers lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise PhotoRuleError(f"{faults.file}:{line}: {getattr(error, 'problem', None) or error}") from None


@dataclass
class _Faults:
    """What is wrong with the file. Each reader gives something that fits its type, so that all faults are found."""

    file: str
    lines: list[str] = field(default_factory=list)

    def fault(self, line: int, what: str) -> None:
        self.lines.append(f"{self.file}:{line}: {what}")

    def mapping(self, value: object, line: int, what: str, *, needed: str, optional: str | None = "") -> _Lined:
        """A mapping with the needed keys and no unknown ones; `optional` None takes any."""
        if not isinstance(value, _Lined):
            self.fault(line, f"{what} must be a mapping")
            return _Lined()
        for key in needed.split():
            if key not in value:
                self.fault(value.line, f"{what} lacks {key!r}")
        if optional is not None:
            for key in sorted(str(each) for each in value.keys() - {*needed.split(), *optional.split()}):
                self.fault(value.line_of(key), f"{what} has an unknown key {key!r}")
        return value

    def below(self, raw: _Lined, key: str, *, needed: str, optional: str | None = "") -> _Lined:
        """The mapping under a key; that the key is missing was said before."""
        if key not in raw:
            return _Lined()
        return self.mapping(raw[key], raw.line_of(key), key, needed=needed, optional=optional)

    def text(self, raw: _Lined, key: str) -> Text:
        return self._said(raw[key], raw.line_of(key), key) if key in raw else Text("", "")

    def texts(self, raw: _Lined, key: str) -> tuple[Text, ...]:
        values = raw.get(key, [])
        if not isinstance(values, list):
            self.fault(raw.line_of(key), f"{key} must be a list of texts")
            return ()
        return tuple(self._said(value, raw.line_of(key), key) for value in values)

    def _said(self, value: object, line: int, what: str) -> Text:
        said = self.mapping(value, line, what, needed="id en")
        for lang in ("id", "en"):
            if lang in said and (not isinstance(said[lang], str) or not said[lang].strip()):
                self.fault(said.line_of(lang), f"{what}'s {lang!r} must be words")
        return Text(str(said.get("id", "")), str(said.get("en", "")))

    def pair(self, raw: _Lined, key: str, *, whole: bool = False) -> Span:
        """Two numbers; (1, 1) where they are missing or wrong."""
        value = raw.get(key, [1, 1])
        kinds = (int,) if whole else (int, float)
        if not isinstance(value, list) or len(value) != 2 or any(type(each) not in kinds for each in value):
            self.fault(raw.line_of(key), f"{key} is two {'whole ' if whole else ''}numbers: [.., ..]")
            return (1, 1)
        if min(value) < whole:
            self.fault(raw.line_of(key), f"{key}'s numbers must be positive")
            return (1, 1)
        return (value[0], value[1])

    def span(self, raw: _Lined, key: str) -> Span:
        """Two shares, the smaller first."""
        low, high = self.pair(raw, key)
        if key in raw and not 0 <= low < high <= 1:
            self.fault(raw.line_of(key), f"{key} is two shares from 0 to 1, the smaller first")
        return (float(low), float(high))
