"""Conditions of service files: CEL, kept short, compiled once, and looked through before they ever run.

CEL absorbs errors (`mistyped || true` is true), so running an expression does not show that all of it makes sense.
Therefore `paths` says what it reads, and the checker holds that against what there is to be read. Source: the CEL
specification, github.com/google/cel-spec. The evaluator ends the process on absurdly deep nesting, hence the limits.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cel

MAX_CHARACTERS = 800
MAX_DEPTH = 12
MAX_MACROS = 3
MAX_SYMBOLS = 200

Path = tuple[str, ...]
"""What an expression reads, step by step; `EACH` stands for any element of a list."""
EACH = "[]"

MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
_WORDS = frozenset({"true", "false", "null", "in"})
_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<raw>(?:[rR][bB]?|[bB][rR])(?:"[^"\n]*"|'[^'\n]*'))
  | (?P<string>[rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<number>(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)[uU]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>[=!<>]=|&&|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"


class BadCondition(ValueError):
    """Not an expression that may stand in a file; the words say why."""


class CannotTell(Exception):
    """An expression that has no value with these facts."""


@dataclass(frozen=True)
class Condition:
    """A CEL expression, compiled. Raises `BadCondition` when it is made of what is no CEL, or too much of it."""

    source: str
    paths: tuple[Path, ...] = field(init=False, compare=False, repr=False)
    functions: frozenset[str] = field(init=False, compare=False, repr=False)
    _program: cel.Program = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        tokens = _tokens(self.source)
        reader = _Reader(tokens)
        reader.read()
        object.__setattr__(self, "paths", tuple(dict.fromkeys(reader.paths)))
        object.__setattr__(self, "functions", frozenset(reader.functions))
        object.__setattr__(self, "_program", _compiled(self.source))

    @property
    def roots(self) -> frozenset[str]:
        """The variables that it reads."""
        return frozenset(path[0] for path in self.paths)

    @property
    def constant(self) -> bool:
        """Whether it reads nothing, as ``true`` does."""
        return not self.paths

    def value(self, context: cel.Context) -> object:
        """Its value. Raises `CannotTell` where a step leads nowhere or types do not go together."""
        try:
            return self._program.execute(context)
        except (KeyError, IndexError, TypeError, ValueError, RuntimeError, ArithmeticError) as error:
            raise CannotTell(type(error).__name__) from None

    def holds(self, context: cel.Context) -> bool:
        """Its value as a decision. Raises `CannotTell`, also for a value that is neither true nor false."""
        found = self.value(context)
        if not isinstance(found, bool):
            raise CannotTell(f"gives {kind_of_value(found)}")
        return found


def context_of(variables: Mapping[str, object], functions: Mapping[str, Callable[..., object]]) -> cel.Context:
    """What expressions are evaluated against; made once for many of them."""
    return cel.Context(variables=dict(variables), functions=dict(functions))


def kind_of_value(value: object) -> str:
    """The CEL name of a value's type, for people."""
    names = {"NoneType": "null", "str": "text", "dict": "map", "datetime": "timestamp", "float": "double"}
    name = type(value).__name__
    return names.get(name, name)


def _compiled(source: str) -> cel.Program:
    try:
        return cel.compile(source)
    except ValueError as error:
        said = next((line for line in str(error).splitlines() if "ERROR" in line), str(error))
        raise BadCondition(f"is not CEL: {said.split('ERROR: ')[-1][:160]}") from None


def _tokens(source: str) -> list[tuple[str, str]]:
    if not source.strip():
        raise BadCondition("is empty")
    if len(source) > MAX_CHARACTERS:
        raise BadCondition(f"is longer than {MAX_CHARACTERS} characters")
    found = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(source)]
    depth = deepest = 0
    for kind, text in found:
        if kind == "sign" and text in _OPEN:
            depth += 1
            deepest = max(deepest, depth)
        elif kind == "sign" and text in _CLOSE:
            depth -= 1
    if deepest > MAX_DEPTH:
        raise BadCondition(f"has brackets deeper than {MAX_DEPTH}")
    kept = [token for token in found if token[0] != "space"]
    if sum(kind == "sign" for kind, _ in kept) > MAX_SYMBOLS:
        raise BadCondition(f"has more than {MAX_SYMBOLS} signs")
    if sum(text in MACROS for _, text in kept) > MAX_MACROS:
        raise BadCondition(f"has more than {MAX_MACROS} of {', '.join(sorted(MACROS))}")
    return kept


class _Reader:
    """Walks over the tokens and notes what is read and called. A macro's variable stands for the elements of its list."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._bound: dict[str, Path | None] = {}
        self._called: set[int] = set()
        self.paths: list[Path] = []
        self.functions: list[str] = []

    def read(self) -> None:
        """Fill `paths` and `functions`."""
        for place, (kind, text) in enumerate(self._tokens):
            before = self._text(place - 1)
            if kind == "name" and before != "." and text not in _WORDS:
                self._chain(place)
            elif kind == "name" and before == "." and self._text(place + 1) == "(" and place not in self._called:
                self._call(place, None)  # a method of what a bracket or another call gave

    def _chain(self, place: int) -> None:
        root = self._text(place)
        if self._text(place + 1) == "(":
            self.functions.append(root)
            return
        path, end = self._steps(place)
        if path is not None:
            self.paths.append(path)
        if self._text(end) == "." and self._text(end + 2) == "(":
            self._call(end + 1, path)

    def _steps(self, place: int) -> tuple[Path | None, int]:
        """The path that begins here, and where it ends. None for a variable that stands for anything."""
        root = self._text(place)
        path: Path | None = self._bound.get(root, (root,))
        place += 1
        while True:
            if self._text(place) == "." and self._kind(place + 1) == "name" and self._text(place + 2) != "(":
                path = None if path is None else (*path, self._text(place + 1))
                place += 2
            elif self._text(place) == "[":
                path = None if path is None else (*path, EACH)
                place = self._closing(place) + 1
            else:
                return path, place

    def _call(self, place: int, receiver: Path | None) -> None:
        self._called.add(place)
        name = self._text(place)
        self.functions.append(name)
        if name in MACROS and self._kind(place + 2) == "name" and self._text(place + 3) == ",":
            self._bound[self._text(place + 2)] = None if receiver is None else (*receiver, EACH)

    def _closing(self, place: int) -> int:
        depth = 0
        for end in range(place, len(self._tokens)):
            text = self._text(end) if self._kind(end) == "sign" else ""
            depth += (text != "" and text in _OPEN) - (text != "" and text in _CLOSE)
            if depth == 0:
                return end
        return len(self._tokens)

    def _text(self, place: int) -> str:
        return self._tokens[place][1] if 0 <= place < len(self._tokens) else ""

    def _kind(self, place: int) -> str:
        return self._tokens[place][0] if 0 <= place < len(self._tokens) else ""
