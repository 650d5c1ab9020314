"""Reads lifecycle files and refuses the start when one is not sound: every fault with its file and line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from app.core.texts import Text
from app.services.cases.rules import (
    REQUIRED_SIGNALS,
    DeadlineRule,
    DueTime,
    Lifecycle,
    Lifecycles,
    Rule,
    SignalAnswer,
    State,
    TaskRule,
    Transition,
)

SHIPPED = Path(__file__).parents[2] / "data" / "lifecycles"
SYSTEM_ROLE = "system"
Named = TypeVar("Named")


class LifecycleError(Exception):
    """Lifecycle files that must not run; one line for each fault."""


def load_lifecycles(
    guards: Mapping[str, Rule],
    effects: Mapping[str, Rule],
    deadlines: Mapping[str, DueTime],
    *,
    folder: Path = SHIPPED,
) -> Lifecycles:
    """Every lifecycle of a folder, checked on its own and against the functions that there are.

    Raises `LifecycleError` for unknown and unused names as well: a guard that nobody names guards nothing.
    """
    faults: list[str] = []
    found: dict[str, Lifecycle] = {}
    for path in sorted(folder.glob("*.yaml")):
        lifecycle, wrong = read_lifecycle(path.name, path.read_text("utf-8"))
        faults += wrong
        if lifecycle is not None:
            found[lifecycle.name] = lifecycle
    for kind, known, named in (
        ("guard", guards.keys(), {name for each in found.values() for name in guards_of(each)}),
        ("effect", effects.keys(), {name for each in found.values() for name in effects_of(each)}),
        ("deadline", deadlines.keys(), {name for each in found.values() for name in deadlines_of(each)}),
    ):
        faults += [f"{kind} {name} is named in a lifecycle but not known" for name in sorted(named - known)]
        faults += [f"{kind} {name} is known but no lifecycle names it" for name in sorted(known - named)]
    if faults:
        raise LifecycleError("\n".join(faults))
    return Lifecycles(by_name=found, guards=guards, effects=effects, deadlines=deadlines)


def read_shipped(name: str) -> Lifecycle:
    """One lifecycle of the house by its name, for drawing. Raises `LifecycleError`."""
    path = SHIPPED / f"{name}.yaml"
    if not name.isidentifier() or not path.exists():
        known = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.yaml")))
        raise LifecycleError(f"there is no lifecycle {name!r}; there are: {known}")
    lifecycle, faults = read_lifecycle(path.name, path.read_text("utf-8"))
    if lifecycle is None or faults:
        raise LifecycleError("\n".join(faults))
    return lifecycle


def merge_rules(*rooms: Mapping[str, Named]) -> dict[str, Named]:
    """The named functions of several rooms together; a name that two rooms claim raises `LifecycleError`."""
    counts = Counter(name for room in rooms for name in room)
    doubled = sorted(name for name, count in counts.items() if count > 1)
    if doubled:
        raise LifecycleError("named twice: " + ", ".join(doubled))
    return {name: rule for room in rooms for name, rule in room.items()}


def read_lifecycle(file: str, text: str) -> tuple[Lifecycle | None, list[str]]:
    """One lifecycle from its YAML text, with every fault found; None when it cannot be read at all."""
    reading = _Reading(file)
    try:
        raw = yaml.load(text, _WithLines)  # noqa: S506 a SafeLoader that remembers lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        return None, [f"{file}:{line}: {getattr(error, 'problem', None) or error}"]
    try:
        lifecycle = _lifecycle(reading, raw)
    except _Unreadable:
        return None, reading.faults
    _check(reading, lifecycle)
    return lifecycle, reading.faults


def guards_of(lifecycle: Lifecycle) -> set[str]:
    """Every guard that a lifecycle names."""
    return {name for each in _all_moves(lifecycle) for name in each.guards}


def effects_of(lifecycle: Lifecycle) -> set[str]:
    """Every effect that a lifecycle names."""
    moves = {name for each in _all_moves(lifecycle) for name in each.effects}
    answers = (answer for state in lifecycle.states.values() for answer in state.signals.values())
    return moves | {name for answer in answers for name in answer.effects}


def deadlines_of(lifecycle: Lifecycle) -> set[str]:
    """Every deadline that a lifecycle names."""
    return {name for state in lifecycle.states.values() for name in state.deadlines}


# --- reading -----------------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    pass


class _Lined(dict[str, Any]):
    """A mapping that knows the line on which it stands."""

    line = 1


class _WithLines(yaml.SafeLoader):
    pass


def _construct(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Iterator[_Lined]:
    mapping = _Lined()
    mapping.line = node.start_mark.line + 1
    yield mapping
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in mapping:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands here twice", key_node.start_mark)
        mapping[key] = loader.construct_object(value_node, deep=True)


_WithLines.add_constructor("tag:yaml.org,2002:map", _construct)


@dataclass
class _Reading:
    """Collects faults while a file is read, so that its writer sees all of them at once."""

    file: str
    faults: list[str] = field(default_factory=list)
    lines: dict[object, int] = field(default_factory=dict)

    def fault(self, line: int, what: str) -> None:
        self.faults.append(f"{self.file}:{line}: {what}")

    def at(self, key: object, what: str) -> None:
        self.fault(self.lines.get(key, 1), what)

    def mapping(self, value: object, line: int, what: str, *, needed: str, allowed: str = "") -> _Lined:
        """A mapping with the needed keys and no unknown ones; `allowed` None-like '*' takes any."""
        if not isinstance(value, _Lined):
            self.fault(line, f"{what} must be a mapping")
            raise _Unreadable
        for key in needed.split():
            if key not in value:
                self.fault(value.line, f"{what} lacks {key!r}")
        if allowed != "*":
            for key in value.keys() - {*needed.split(), *allowed.split()}:
                self.fault(value.line, f"{what} has an unknown key {key!r}")
        if any(key not in value for key in needed.split()):
            raise _Unreadable
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
            raise _Unreadable
        for name, count in Counter(value).items():
            if count > 1:
                self.fault(line, f"{what} names {name} twice")
        return tuple(value)


def _lifecycle(reading: _Reading, raw: object) -> Lifecycle:
    top = reading.mapping(
        raw, 1, "the file", needed="lifecycle version title roles signals supervisor start states moves"
    )
    states = reading.mapping(top["states"], top.line, "states", needed="", allowed="*")
    if not isinstance(top["moves"], list):
        reading.fault(top.line, "moves must be a list")
        raise _Unreadable
    start = reading.mapping(top["start"], top.line, "start", needed="action to by title", allowed="guards effects")
    return Lifecycle(
        name=str(top["lifecycle"]),
        version=cast(int, top["version"]),
        title=reading.text(top["title"], top.line),
        roles=reading.names(top["roles"], top.line, "roles"),
        signals=reading.names(top["signals"], top.line, "signals"),
        supervisor=str(top["supervisor"]),
        start=_transition(reading, start, None),
        states={name: _state(reading, name, value, states.line) for name, value in states.items()},
        transitions=tuple(_moves(reading, top["moves"], top.line)),
    )


def _state(reading: _Reading, name: str, value: object, line: int) -> State:
    raw = reading.mapping(value, line, f"state {name}", needed="title signals", allowed="terminal task deadlines")
    reading.lines["state", name] = raw.line - 1
    deadlines = reading.mapping(raw.get("deadlines", _Lined()), raw.line, "deadlines", needed="", allowed="*")
    signals = reading.mapping(raw["signals"], raw.line, f"signals of {name}", needed="", allowed="*")
    return State(
        name=name,
        title=reading.text(raw["title"], raw.line),
        terminal=raw.get("terminal", False) is True,
        task=_task(reading, raw["task"], raw.line) if "task" in raw else None,
        deadlines={each: _deadline(reading, name, each, rule) for each, rule in deadlines.items()},
        signals={each: _answer(reading, name, each, rule) for each, rule in signals.items()},
    )


def _deadline(reading: _Reading, state: str, name: str, value: object) -> DeadlineRule:
    line = reading.lines["state", state]
    raw = reading.mapping(value, line, f"deadline {name}", needed="", allowed="move task title")
    reading.lines["deadline", state, name] = raw.line
    if ("move" in raw) == ("task" in raw):
        reading.fault(raw.line, f"deadline {name} needs either a move or a task")
    if "task" in raw and "title" not in raw:
        reading.fault(raw.line, f"deadline {name} needs a title for its event")
    return DeadlineRule(
        name=name,
        move=raw.get("move"),
        task=_task(reading, raw["task"], raw.line) if "task" in raw else None,
        title=reading.text(raw["title"], raw.line) if "title" in raw else None,
    )


def _answer(reading: _Reading, state: str, name: str, value: object) -> SignalAnswer:
    line = reading.lines["state", state]
    raw = reading.mapping(value, line, f"answer to {name}", needed="", allowed="move effects task title")
    reading.lines["answer", state, name] = raw.line
    if ("move" in raw) == ("task" in raw):
        reading.fault(raw.line, f"the answer to {name} needs either a move, or a task with its title")
    if "task" in raw and "title" not in raw:
        reading.fault(raw.line, f"the answer to {name} needs a title for its event")
    if "move" in raw and "effects" in raw:
        reading.fault(raw.line, f"the answer to {name} is a move: the effects stand with the move")
    return SignalAnswer(
        name=name,
        move=raw.get("move"),
        effects=reading.names(raw.get("effects", []), raw.line, "effects"),
        task=_task(reading, raw["task"], raw.line) if "task" in raw else None,
        title=reading.text(raw["title"], raw.line) if "title" in raw else None,
    )


def _task(reading: _Reading, value: object, line: int) -> TaskRule:
    raw = reading.mapping(value, line, "a task", needed="kind role", allowed="assignee not_actor_of")
    return TaskRule(
        kind=str(raw["kind"]),
        role=str(raw["role"]),
        assignee_only=raw.get("assignee", False) is True,
        not_actor_of=reading.names(raw.get("not_actor_of", []), raw.line, "not_actor_of"),
    )


_MOVE_OPTIONS = "guards effects not_actor_of within assignee reason automatic"


def _moves(reading: _Reading, values: Sequence[object], line: int) -> Iterator[Transition]:
    for value in values:
        raw = reading.mapping(value, line, "a move", needed="action from to by title", allowed=_MOVE_OPTIONS)
        sources = [raw["from"]] if isinstance(raw["from"], str) else raw["from"]
        for source in reading.names(sources, raw.line, "from"):
            yield _transition(reading, raw, source)


def _transition(reading: _Reading, raw: _Lined, source: str | None) -> Transition:
    key = ("move", source, str(raw["action"]))
    if key in reading.lines:
        reading.fault(raw.line, f"{raw['action']} from {source} is declared twice")
    reading.lines[key] = raw.line
    if raw.get("reason", "required") != "required":
        reading.fault(raw.line, "reason is either left out or 'required'")
    return Transition(
        action=str(raw["action"]),
        source=source,
        target=str(raw["to"]),
        by=reading.names(raw["by"], raw.line, "by"),
        title=reading.text(raw["title"], raw.line),
        guards=reading.names(raw.get("guards", []), raw.line, "guards"),
        effects=reading.names(raw.get("effects", []), raw.line, "effects"),
        not_actor_of=reading.names(raw.get("not_actor_of", []), raw.line, "not_actor_of"),
        within=raw.get("within"),
        assignee_only=raw.get("assignee", False) is True,
        reason_required="reason" in raw,
        automatic=raw.get("automatic", False) is True,
    )


# --- checking ----------------------------------------------------------------------------------------------------


def _check(reading: _Reading, lifecycle: Lifecycle) -> None:
    _check_names(reading, lifecycle)
    for state in lifecycle.states.values():
        _check_state(reading, lifecycle, state)
    for move in lifecycle.transitions:
        _check_move(reading, lifecycle, move)
    _check_ways(reading, lifecycle)


def _check_names(reading: _Reading, lifecycle: Lifecycle) -> None:
    for move in _all_moves(lifecycle):
        key = ("move", move.source, move.action)
        for state in {move.source, move.target} - {None} - lifecycle.states.keys():
            reading.at(key, f"{move.action} names the unknown state {state}")
        for role in set(move.by) - set(lifecycle.roles):
            reading.at(key, f"{move.action} names the unknown role {role}")
        if not move.by:
            reading.at(key, f"{move.action} is open to nobody")
    used = {role for move in _all_moves(lifecycle) for role in move.by}
    for role in set(lifecycle.roles) - used - {lifecycle.supervisor}:
        reading.fault(1, f"role {role} may do nothing")
    for task in _all_tasks(lifecycle):
        if task.role not in lifecycle.roles:
            reading.fault(1, f"work item {task.kind} is for the unknown role {task.role}")
        _check_actions(reading, lifecycle, task.not_actor_of, 1)
    if lifecycle.supervisor not in lifecycle.roles:
        reading.fault(1, f"the supervisor {lifecycle.supervisor} is not a role")
    for signal in set(REQUIRED_SIGNALS) - set(lifecycle.signals):
        reading.fault(1, f"signal {signal} must be declared: money that came is never refused")


def _check_state(reading: _Reading, lifecycle: Lifecycle, state: State) -> None:
    here = ("state", state.name)
    for signal in set(lifecycle.signals) - state.signals.keys():
        reading.at(here, f"state {state.name} does not say what it does with the signal {signal}")
    for signal in state.signals.keys() - set(lifecycle.signals):
        reading.at(here, f"state {state.name} answers the unknown signal {signal}")
    for answer in state.signals.values():
        if answer.move is not None:
            _check_answer(reading, lifecycle, state, answer)
    for rule in state.deadlines.values():
        move = lifecycle.find_move(state.name, rule.move) if rule.move else None
        if rule.move and move is None:
            reading.at(here, f"deadline {rule.name}: {rule.move} is no move from {state.name}")
        if move and SYSTEM_ROLE not in move.by:
            reading.at(here, f"deadline {rule.name}: the system may not {rule.move}")
    moves = [move for move in lifecycle.moves_from(state.name) if move.target != state.name]
    if state.terminal and lifecycle.moves_from(state.name):
        reading.at(here, f"state {state.name} is terminal but has a move {moves[0].action if moves else ''}")
    if not state.terminal and not moves:
        reading.at(here, f"state {state.name} is a dead end: declare it terminal or give it a move")


def _check_answer(reading: _Reading, lifecycle: Lifecycle, state: State, answer: SignalAnswer) -> None:
    key = ("answer", state.name, answer.name)
    move = lifecycle.find_move(state.name, answer.move or "")
    if move is None:
        reading.at(key, f"the answer to {answer.name}: {answer.move} is no move from {state.name}")
    elif move.guards or move.not_actor_of or move.assignee_only or move.reason_required:
        reading.at(key, f"{answer.move} answers a signal, so nothing may refuse it: take its conditions away")


def _check_move(reading: _Reading, lifecycle: Lifecycle, move: Transition) -> None:
    key = ("move", move.source, move.action)
    source = lifecycle.states.get(move.source or "")
    if source and move.within and move.within not in source.deadlines:
        reading.at(key, f"{move.action} is within {move.within}, which is no deadline of {move.source}")
    if move.automatic and move.by != (SYSTEM_ROLE,):
        reading.at(key, f"{move.action} is automatic, so it is by the system alone")
    if move.automatic and move.target == move.source:
        reading.at(key, f"{move.action} is automatic and would go round in circles")
    _check_actions(reading, lifecycle, move.not_actor_of, reading.lines.get(key, 1))


def _check_actions(reading: _Reading, lifecycle: Lifecycle, actions: Iterable[str], line: int) -> None:
    known = {each.action for each in _all_moves(lifecycle)}
    for action in set(actions) - known:
        reading.fault(line, f"not_actor_of names the unknown action {action}")


def _check_ways(reading: _Reading, lifecycle: Lifecycle) -> None:
    ways = [(move.source, move.target) for move in lifecycle.transitions]
    reachable = _closure({lifecycle.start.target}, ways)
    for name in lifecycle.states.keys() - reachable:
        reading.at(("state", name), f"state {name} is unreachable")
    ends = {name for name, state in lifecycle.states.items() if state.terminal}
    finishing = _closure(ends, [(target, source) for source, target in ways if source])
    for name in lifecycle.states.keys() - finishing:
        reading.at(("state", name), f"from state {name} no terminal state can be reached")
    turning = [(move.source, move.target) for move in lifecycle.transitions if move.automatic]
    for source, target in turning:
        if source in _closure({target}, turning):
            reading.at(("state", source), f"automatic moves lead from {source} back to {source}")


def _closure(begin: set[str], ways: Sequence[tuple[str | None, str]]) -> set[str]:
    seen, more = set(begin), True
    while more:
        fresh = {target for source, target in ways if source in seen} - seen
        seen |= fresh
        more = bool(fresh)
    return seen


def _all_moves(lifecycle: Lifecycle) -> tuple[Transition, ...]:
    return (lifecycle.start, *lifecycle.transitions)


def _all_tasks(lifecycle: Lifecycle) -> Iterator[TaskRule]:
    for state in lifecycle.states.values():
        candidates = [state.task, *(each.task for each in state.deadlines.values())]
        candidates += [each.task for each in state.signals.values()]
        yield from (task for task in candidates if task is not None)
