"""Is a lifecycle sound? No unknown names, no unreachable state, no dead end, and an answer to money everywhere."""

from collections.abc import Iterable, Iterator, Sequence

from app.services.cases.parsing import Faults
from app.services.cases.rules import (
    REQUIRED_SIGNALS,
    Lifecycle,
    SignalAnswer,
    State,
    TaskRule,
    Transition,
)

SYSTEM_ROLE = "system"


def check(faults: Faults, lifecycle: Lifecycle) -> None:
    """Look at every name, state, move and way of a lifecycle; what is wrong goes into `faults`."""
    _check_names(faults, lifecycle)
    for state in lifecycle.states.values():
        _check_state(faults, lifecycle, state)
    for move in lifecycle.transitions:
        _check_move(faults, lifecycle, move)
    _check_ways(faults, lifecycle)


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


def _check_names(faults: Faults, lifecycle: Lifecycle) -> None:
    for move in _all_moves(lifecycle):
        key = ("move", move.source, move.action)
        for state in {move.source, move.target} - {None} - lifecycle.states.keys():
            faults.at(key, f"{move.action} names the unknown state {state}")
        for role in set(move.by) - set(lifecycle.roles):
            faults.at(key, f"{move.action} names the unknown role {role}")
        if not move.by:
            faults.at(key, f"{move.action} is open to nobody")
    used = {role for move in _all_moves(lifecycle) for role in move.by}
    for role in set(lifecycle.roles) - used - {lifecycle.supervisor}:
        faults.fault(1, f"role {role} may do nothing")
    for task in _all_tasks(lifecycle):
        if task.role not in lifecycle.roles:
            faults.fault(1, f"work item {task.kind} is for the unknown role {task.role}")
        _check_actions(faults, lifecycle, task.not_actor_of, 1)
    if lifecycle.supervisor not in lifecycle.roles:
        faults.fault(1, f"the supervisor {lifecycle.supervisor} is not a role")
    for signal in set(REQUIRED_SIGNALS) - set(lifecycle.signals):
        faults.fault(1, f"signal {signal} must be declared: money that came is never refused")


def _check_state(faults: Faults, lifecycle: Lifecycle, state: State) -> None:
    here = ("state", state.name)
    for signal in set(lifecycle.signals) - state.signals.keys():
        faults.at(here, f"state {state.name} does not say what it does with the signal {signal}")
    for signal in state.signals.keys() - set(lifecycle.signals):
        faults.at(here, f"state {state.name} answers the unknown signal {signal}")
    for answer in state.signals.values():
        if answer.move is not None:
            _check_answer(faults, lifecycle, state, answer)
        elif answer.name in REQUIRED_SIGNALS and answer.task is None:
            faults.at(
                here,
                f"state {state.name}: money that nobody asked for is work for a person, so {answer.name} needs a task",
            )
    for rule in state.deadlines.values():
        due = lifecycle.find_move(state.name, rule.move) if rule.move else None
        if rule.move and due is None:
            faults.at(here, f"deadline {rule.name}: {rule.move} is no move from {state.name}")
        if due and SYSTEM_ROLE not in due.by:
            faults.at(here, f"deadline {rule.name}: the system may not {rule.move}")
    moves = [move for move in lifecycle.moves_from(state.name) if move.target != state.name]
    for move in lifecycle.moves_from(state.name) if state.terminal else ():
        if move.action not in {answer.move for answer in state.signals.values()}:
            faults.at(here, f"state {state.name} is terminal but has a move {move.action}")
    if not state.terminal and not moves:
        faults.at(here, f"state {state.name} is a dead end: declare it terminal or give it a move")


def _check_answer(faults: Faults, lifecycle: Lifecycle, state: State, answer: SignalAnswer) -> None:
    key = ("answer", state.name, answer.name)
    move = lifecycle.find_move(state.name, answer.move or "")
    if move is None:
        faults.at(key, f"the answer to {answer.name}: {answer.move} is no move from {state.name}")
    elif move.guards or move.not_actor_of or move.assignee_only or move.reason_required:
        faults.at(key, f"{answer.move} answers a signal, so nothing may refuse it: take its conditions away")


def _check_move(faults: Faults, lifecycle: Lifecycle, move: Transition) -> None:
    key = ("move", move.source, move.action)
    source = lifecycle.states.get(move.source or "")
    if source and move.within and move.within not in source.deadlines:
        faults.at(key, f"{move.action} is within {move.within}, which is no deadline of {move.source}")
    if move.automatic and move.by != (SYSTEM_ROLE,):
        faults.at(key, f"{move.action} is automatic, so it is by the system alone")
    if move.automatic and move.target == move.source:
        faults.at(key, f"{move.action} is automatic and would go round in circles")
    _check_actions(faults, lifecycle, move.not_actor_of, faults.places.get(key, 1))


def _check_actions(faults: Faults, lifecycle: Lifecycle, actions: Iterable[str], line: int) -> None:
    known = {each.action for each in _all_moves(lifecycle)}
    for action in set(actions) - known:
        faults.fault(line, f"not_actor_of names the unknown action {action}")


def _check_ways(faults: Faults, lifecycle: Lifecycle) -> None:
    ways = [(move.source, move.target) for move in lifecycle.transitions]
    reachable = _closure({lifecycle.start.target}, ways)
    for name in lifecycle.states.keys() - reachable:
        faults.at(("state", name), f"state {name} is unreachable")
    ends = {name for name, state in lifecycle.states.items() if state.terminal}
    finishing = _closure(ends, [(target, source) for source, target in ways if source])
    for name in lifecycle.states.keys() - finishing:
        faults.at(("state", name), f"from state {name} no terminal state can be reached")
    turning = [(move.source, move.target) for move in lifecycle.transitions if move.automatic]
    for source, target in turning:
        if source in _closure({target}, turning):
            faults.at(("state", source), f"automatic moves lead from {source} back to {source}")


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
