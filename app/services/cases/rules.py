"""Lifecycles as the engine knows them: frozen data, read once at start (`loading.py`), never changed.

A lifecycle says which states there are, who may move a case where, which deadlines run and what happens with money
that comes. Guards, effects and deadlines are named in the data and are functions of the rooms above, merged by wiring.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.core.db import JsonValue, Tx
from app.core.texts import Text
from app.services.cases.models import Case

REQUIRED_SIGNALS = ("bill_paid",)
"""Facts that every state of every lifecycle must answer: money that came is never refused."""


@dataclass(frozen=True, slots=True)
class TaskRule:
    """A work item to open: its kind, who may do it, and who may not because of an earlier action (four eyes)."""

    kind: str
    role: str
    assignee_only: bool = False
    not_actor_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """What happens when the time named `name` has come: a move by the system, or a work item with its event."""

    name: str
    move: str | None
    task: TaskRule | None
    title: Text | None


@dataclass(frozen=True, slots=True)
class SignalAnswer:
    """What a state does with a fact: a move, or an event with its title, with effects and a work item if need be."""

    name: str
    move: str | None
    effects: tuple[str, ...]
    task: TaskRule | None
    title: Text | None


@dataclass(frozen=True, slots=True)
class State:
    """Where a case can stand. A terminal state is left by nobody; it still answers facts, and a fact may reopen the case."""

    name: str
    title: Text
    terminal: bool
    task: TaskRule | None
    deadlines: Mapping[str, DeadlineRule]
    signals: Mapping[str, SignalAnswer]


@dataclass(frozen=True, slots=True)
class Transition:
    """A declared move. `source` is None for the one that opens a case."""

    action: str
    source: str | None
    target: str
    by: tuple[str, ...]
    title: Text
    guards: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    not_actor_of: tuple[str, ...] = ()
    within: str | None = None
    assignee_only: bool = False
    reason_required: bool = False
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """All states and moves of one kind of case."""

    name: str
    version: int
    title: Text
    roles: tuple[str, ...]
    signals: tuple[str, ...]
    supervisor: str
    start: Transition
    states: Mapping[str, State]
    transitions: tuple[Transition, ...]
    _moves: Mapping[str | None, tuple[Transition, ...]] = field(init=False, repr=False, compare=False)
    _actions: Mapping[tuple[str, str | None], frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        moves: dict[str | None, tuple[Transition, ...]] = {}
        actions: dict[tuple[str, str | None], frozenset[str]] = {}
        for each in self.transitions:
            moves[each.source] = (*moves.get(each.source, ()), each)
            for role in each.by:
                actions[role, each.source] = actions.get((role, each.source), frozenset()) | {each.action}
        object.__setattr__(self, "_moves", moves)
        object.__setattr__(self, "_actions", actions)

    def find_move(self, state: str, action: str) -> Transition | None:
        """The move that this action declares from this state."""
        return next((each for each in self.moves_from(state) if each.action == action), None)

    def moves_from(self, state: str) -> tuple[Transition, ...]:
        """Every declared move out of (or within) a state, in the order of the file."""
        return self._moves.get(state, ())

    def actions_of(self, role: str, state: str) -> frozenset[str]:
        """The actions of the moves out of a state that this role may do."""
        return self._actions.get((role, state), frozenset())


@dataclass(frozen=True, slots=True)
class Move:
    """What a guard or effect is given. `transition` is None where a signal is answered without a move.

    `case` is locked; in a guard it still stands in the old state, in an effect already in the new one.
    """

    tx: Tx
    case: Case
    transition: Transition | None
    event_id: UUID
    reason: str | None
    data: Mapping[str, JsonValue]


Rule = Callable[[Move], Awaitable[None]]
"""A guard (raises a `Problem` to refuse) or an effect (touches the database and the queue only)."""

DueTime = Callable[[Tx, Case], Awaitable[datetime | None]]
"""When something is due, counted from stored instants; None as long as that cannot be known."""


@dataclass(frozen=True)
class Lifecycles:
    """Every lifecycle of the house with the functions that they name. Registered in the House by this type."""

    by_name: Mapping[str, Lifecycle]
    guards: Mapping[str, Rule]
    effects: Mapping[str, Rule]
    deadlines: Mapping[str, DueTime]

    def of(self, case: Case) -> Lifecycle:
        """The lifecycle of a case."""
        return self.by_name[case.lifecycle]
