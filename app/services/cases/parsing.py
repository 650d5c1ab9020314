"""From a lifecycle's YAML to frozen data. Every fault is kept with its line, so that its writer sees all at once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from app.core.texts import Text
from app.services.cases.rules import DeadlineRule, Lifecycle, SignalAnswer, State, TaskRule, Transition


class Unreadable(Exception):
    """The file has no shape that a lifecycle could be made of; the faults say why."""


class _Lined(dict[str, Any]):
    """A mapping that knows the line on which it stands."""

    line = 1


class _SafeLoaderWithLines(yaml.CSafeLoader):
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


_SafeLoaderWithLines.add_constructor("tag:yaml.org,2002:map", _construct)


@dataclass
class Faults:
    """What is wrong with a file, a line for each, and the places where its parts stand."""

    file: str
    lines: list[str] = field(default_factory=list)
    places: dict[object, int] = field(default_factory=dict)

    def fault(self, line: int, what: str) -> None:
        self.lines.append(f"{self.file}:{line}: {what}")

    def at(self, key: object, what: str) -> None:
        self.fault(self.places.get(key, 1), what)

    def mapping(self, value: object, line: int, what: str, *, needed: str, allowed: str = "") -> _Lined:
        """A mapping with the needed keys and no unknown ones; `allowed` None-like '*' takes any."""
        if not isinstance(value, _Lined):
            self.fault(line, f"{what} must be a mapping")
            raise Unreadable
        for key in needed.split():
            if key not in value:
                self.fault(value.line, f"{what} lacks {key!r}")
        if allowed != "*":
            for key in value.keys() - {*needed.split(), *allowed.split()}:
                self.fault(value.line, f"{what} has an unknown key {key!r}")
        if any(key not in value for key in needed.split()):
            raise Unreadable
        return value

    def text(self, value: object, line: int) -> Text:
        said = self.mapping(value, line, "a title", needed="id en")
        for lang in ("id", "en"):
            if not isinstance(said[lang], str) or not said[lang].strip():
                self.fault(said.line, f"the title's {lang!r} must be words")
        return Text(str(said["id"]), str(said["en"]))

    def names(self, value: object, line: int, what: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.fault(line, f"{what} must be a list of names")
            raise Unreadable
        for name, count in Counter(value).items():
            if count > 1:
                self.fault(line, f"{what} names {name} twice")
        return tuple(value)


def parse(text: str, faults: Faults) -> Lifecycle:
    """One lifecycle from its YAML text. What is wrong goes into `faults`; `Unreadable` when nothing can be made of it."""
    try:
        raw = yaml.load(text, _SafeLoaderWithLines)  # noqa: S506 a SafeLoader that remembers lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        faults.fault(mark.line + 1 if mark else 1, str(getattr(error, "problem", None) or error))
        raise Unreadable from None
    return _lifecycle(faults, raw)


def _lifecycle(faults: Faults, raw: object) -> Lifecycle:
    top = faults.mapping(
        raw, 1, "the file", needed="lifecycle version title roles signals supervisor start states moves"
    )
    states = faults.mapping(top["states"], top.line, "states", needed="", allowed="*")
    if not isinstance(top["moves"], list):
        faults.fault(top.line, "moves must be a list")
        raise Unreadable
    start = faults.mapping(top["start"], top.line, "start", needed="action to by title", allowed="guards effects")
    return Lifecycle(
        name=str(top["lifecycle"]),
        version=cast(int, top["version"]),
        title=faults.text(top["title"], top.line),
        roles=faults.names(top["roles"], top.line, "roles"),
        signals=faults.names(top["signals"], top.line, "signals"),
        supervisor=str(top["supervisor"]),
        start=_transition(faults, start, None),
        states={name: _state(faults, name, value, states.line) for name, value in states.items()},
        transitions=tuple(_moves(faults, top["moves"], top.line)),
    )


def _state(faults: Faults, name: str, value: object, line: int) -> State:
    raw = faults.mapping(value, line, f"state {name}", needed="title signals", allowed="terminal task deadlines")
    faults.places["state", name] = raw.line - 1
    deadlines = faults.mapping(raw.get("deadlines", _Lined()), raw.line, "deadlines", needed="", allowed="*")
    signals = faults.mapping(raw["signals"], raw.line, f"signals of {name}", needed="", allowed="*")
    return State(
        name=name,
        title=faults.text(raw["title"], raw.line),
        terminal=raw.get("terminal", False) is True,
        task=_task(faults, raw["task"], raw.line) if "task" in raw else None,
        deadlines={each: _deadline(faults, name, each, rule) for each, rule in deadlines.items()},
        signals={each: _answer(faults, name, each, rule) for each, rule in signals.items()},
    )


def _deadline(faults: Faults, state: str, name: str, value: object) -> DeadlineRule:
    line = faults.places["state", state]
    raw = faults.mapping(value, line, f"deadline {name}", needed="", allowed="move task title")
    faults.places["deadline", state, name] = raw.line
    if ("move" in raw) == ("task" in raw):
        faults.fault(raw.line, f"deadline {name} needs either a move or a task")
    if "task" in raw and "title" not in raw:
        faults.fault(raw.line, f"deadline {name} needs a title for its event")
    return DeadlineRule(
        name=name,
        move=raw.get("move"),
        task=_task(faults, raw["task"], raw.line) if "task" in raw else None,
        title=faults.text(raw["title"], raw.line) if "title" in raw else None,
    )


def _answer(faults: Faults, state: str, name: str, value: object) -> SignalAnswer:
    line = faults.places["state", state]
    raw = faults.mapping(value, line, f"answer to {name}", needed="", allowed="move effects task title")
    faults.places["answer", state, name] = raw.line
    if "move" not in raw and "title" not in raw:
        faults.fault(raw.line, f"the answer to {name} needs either a move, or a title for its event")
    if "move" in raw and ("effects" in raw or "task" in raw):
        faults.fault(raw.line, f"the answer to {name} is a move: the effects stand with the move, work with its state")
    return SignalAnswer(
        name=name,
        move=raw.get("move"),
        effects=faults.names(raw.get("effects", []), raw.line, "effects"),
        task=_task(faults, raw["task"], raw.line) if "task" in raw else None,
        title=faults.text(raw["title"], raw.line) if "title" in raw else None,
    )


def _task(faults: Faults, value: object, line: int) -> TaskRule:
    raw = faults.mapping(value, line, "a task", needed="kind role", allowed="assignee not_actor_of")
    return TaskRule(
        kind=str(raw["kind"]),
        role=str(raw["role"]),
        assignee_only=raw.get("assignee", False) is True,
        not_actor_of=faults.names(raw.get("not_actor_of", []), raw.line, "not_actor_of"),
    )


_MOVE_OPTIONS = "guards effects not_actor_of within assignee reason automatic"


def _moves(faults: Faults, values: Sequence[object], line: int) -> Iterator[Transition]:
    for value in values:
        raw = faults.mapping(value, line, "a move", needed="action from to by title", allowed=_MOVE_OPTIONS)
        sources = [raw["from"]] if isinstance(raw["from"], str) else raw["from"]
        for source in faults.names(sources, raw.line, "from"):
            yield _transition(faults, raw, source)


def _transition(faults: Faults, raw: _Lined, source: str | None) -> Transition:
    key = ("move", source, str(raw["action"]))
    if key in faults.places:
        faults.fault(raw.line, f"{raw['action']} from {source} is declared twice")
    faults.places[key] = raw.line
    if raw.get("reason", "required") != "required":
        faults.fault(raw.line, "reason is either left out or 'required'")
    return Transition(
        action=str(raw["action"]),
        source=source,
        target=str(raw["to"]),
        by=faults.names(raw["by"], raw.line, "by"),
        title=faults.text(raw["title"], raw.line),
        guards=faults.names(raw.get("guards", []), raw.line, "guards"),
        effects=faults.names(raw.get("effects", []), raw.line, "effects"),
        not_actor_of=faults.names(raw.get("not_actor_of", []), raw.line, "not_actor_of"),
        within=raw.get("within"),
        assignee_only=raw.get("assignee", False) is True,
        reason_required="reason" in raw,
        automatic=raw.get("automatic", False) is True,
    )
