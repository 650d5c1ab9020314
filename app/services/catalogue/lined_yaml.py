"""YAML as writers of service files mean it: every value knows its line, dates and `yes` stay words, nothing is huge.

Read by the core rules of YAML 1.2: only `true` and `false` are booleans, `0812` is text, a date is text. Aliases are refused:
a page of them unfolds to gigabytes.
"""

import re
from collections.abc import Iterator

import yaml

from app.core.db import JsonValue

MAX_BYTES = 262_144
MAX_DEPTH = 20
MAX_DIGITS = 15
"""Of a whole number: what every JSON reader keeps exactly."""


HINTS = {
    "mapping values are not allowed in this context": "a text with a colon and a blank in it needs quotes, 'like: this'",
    "found character that cannot start any token": "indent with blanks, not tabs; a text that begins with @, % or ` needs quotes",
    "did not find expected key": "the indentation differs from the lines above, or a text lacks a quote",
    "did not find expected ',' or '}'": "a text with a comma, a colon or a bracket in it needs quotes inside {...}",
    "did not find expected ',' or ']'": "a text with a comma, a colon or a bracket in it needs quotes inside [...]",
}
"""What the reader's own words mean to somebody who does not program."""


class NotYaml(Exception):
    """The text cannot be read; `line` says where."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class Lined(dict[str, object]):
    """A mapping that knows the line on which it stands and the lines of its keys."""

    line: int = 1

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """The line of a key; the mapping's own for a key that is not there."""
        return self.lines.get(key, self.line)


class _Loader(yaml.CSafeLoader):
    """A safe loader with the few implicit types of YAML 1.2's core."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 the library's way to begin with none


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?$", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _construct(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> Iterator[Lined]:
    mapping = Lined()
    mapping.line = node.start_mark.line + 1
    yield mapping
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
        key = str(key_node.value)
        if key in mapping:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands here twice", key_node.start_mark)
        mapping.lines[key] = key_node.start_mark.line + 1
        mapping[key] = loader.construct_object(value_node, deep=True)


def _whole_number(_loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> int:
    if len(str(node.value)) > MAX_DIGITS:
        raise yaml.constructor.ConstructorError(None, None, "the number is too long", node.start_mark)
    return int(str(node.value))


_Loader.add_constructor("tag:yaml.org,2002:map", _construct)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)


def read_yaml(body: bytes) -> object:
    """The file's value. Raises `NotYaml` with the line of what cannot be read."""
    if len(body) > MAX_BYTES:
        raise NotYaml(1, f"the file is larger than {MAX_BYTES // 1024} KB")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotYaml(body[: error.start].count(b"\n") + 1, "the file is not UTF-8 text") from None
    try:
        _refuse_folded(text)
        return yaml.load(text, _Loader)  # noqa: S506 a safe loader that remembers lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        hint = f": {HINTS[said]}" if said in HINTS else ""
        raise NotYaml(mark.line + 1 if mark else 1, said + hint) from None


def as_json(value: object) -> JsonValue:
    """A value of the file without its lines, as it goes into schemas and examples."""
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _refuse_folded(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise NotYaml(_line(event), "aliases (*name) are not taken: write it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise NotYaml(_line(event), f"nested deeper than {MAX_DEPTH}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1
