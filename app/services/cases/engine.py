"""The engine: the only code that changes a case's state, with exactly one event for each change.

Who calls it holds the transaction. The row is locked first, so two people who act at once meet here one after the
other; the second sees what the first did and is refused in words.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from uuid import UUID

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.ids import new_id
from app.core.problems import FieldError, Problem
from app.core.texts import Text
from app.services import reference as reference_data
from app.services.cases import deadlines, events, tasks
from app.services.cases.models import Case
from app.services.cases.problems import (
    CASE_NOT_FOUND,
    CHANGED_MEANWHILE,
    FOUR_EYES,
    MOVE_NOT_ALLOWED,
    NOT_ASSIGNED,
    NOT_YOUR_ROLE,
    REASON_NEEDED,
)
from app.services.cases.rules import Lifecycles, Move, Rule, State, TaskRule, Transition

REASON_MAX_CHARS = 2000
MEND = "mend"
"""The kind of work item that tells a supervisor what the machine could not finish."""
_NOTHING = Text("tidak ada", "nothing")
_WRITE_A_REASON = Text("Tuliskan alasannya.", "Write the reason.")
log = logging.getLogger(__name__)


async def open_case(
    tx: Tx,
    *,
    lifecycle: str,
    unit: str,
    reference: str,
    policy_id: UUID | None,
    subject: str | None = None,
    data: Mapping[str, JsonValue] | None = None,
    case_id: UUID | None = None,
) -> Case:
    """Begin a case in its lifecycle's first state, with its first event. `unit` is the police unit that handles it.

    `subject` is the public code of what it is about. `data` goes into the event and holds no personal data. Raises `cases-not-your-role`.
    """
    declared = tx.house[Lifecycles].by_name[lifecycle]
    start = declared.start
    if not _has_role(start, tx.actor):
        raise NOT_YOUR_ROLE()
    case = Case(
        id=case_id or new_id(),
        lifecycle=lifecycle,
        lifecycle_version=declared.version,
        reference=reference,
        subject=subject,
        unit=unit,
        state=start.target,
        version=1,
        policy_id=policy_id,
        opened_at=tx.now,
        entered_at=tx.as_of,
    )
    happening = Move(tx, case, start, new_id(), None, data or {})
    await _check_guards(happening)
    tx.session.add(case)
    await tx.session.flush()
    await _record(happening, start.action, start.title, cause="move", source=None)
    await _follow(happening, start.effects)
    await _enter(tx, case)
    return case


async def move(
    tx: Tx,
    case_id: UUID,
    action: str,
    *,
    reason: str | None = None,
    data: Mapping[str, JsonValue] | None = None,
    expected_version: int | None = None,
) -> Case:
    """Take a case along a declared move, as the transaction's actor. The row stays locked until commit.

    `reason` is read by the citizen; `data` goes into the event; neither holds personal data. `expected_version` is
    the version that the actor looked at. Raises `cases-not-found`, `cases-changed-meanwhile`,
    `cases-move-not-allowed`, `cases-not-your-role`, `cases-not-assigned-to-you`, `cases-four-eyes`,
    `cases-reason-needed`, and whatever the move's guards raise.
    """
    case = await get_locked(tx, case_id)
    declared = tx.house[Lifecycles].of(case)
    await _check_unit(tx, case)
    if expected_version is not None and case.version != expected_version:
        raise await _changed(tx, case, expected_version)
    transition = declared.find_move(case.state, action)
    if transition is None or transition.automatic:
        raise await _not_allowed(tx, case)
    await _check_actor(tx, case, transition)
    happening = Move(tx, case, transition, new_id(), _reason(transition, reason), data or {})
    await _check_guards(happening)
    await _perform(happening, transition, cause="move")
    return case


async def move_as_system(tx: Tx, case: Case, transition: Transition, *, cause: str) -> None:
    """A move that a deadline makes, on a case that is locked already. Raises what the move's guards raise."""
    happening = Move(replace(tx, actor=SYSTEM), case, transition, new_id(), None, {})
    await _check_guards(happening)
    await _perform(happening, transition, cause=cause)


async def signal(tx: Tx, case_id: UUID, name: str, data: Mapping[str, JsonValue]) -> Case:
    """Tell a case a fact, such as money that came. No state, role or guard refuses it.

    The event is written in any case. What follows (effects, then what the next state brings) runs in savepoints: if
    it breaks, the fact stays and a work item tells the supervisor. Raises `cases-not-found`; KeyError for a signal
    that the lifecycle does not declare.
    """
    case = await get_locked(tx, case_id, bound=False)
    declared = tx.house[Lifecycles].of(case)
    answer = declared.states[case.state].signals[name]
    transition = declared.find_move(case.state, answer.move) if answer.move else None
    happening = Move(tx, case, transition, new_id(), None, data)
    if transition is not None:
        await _change_state(happening, transition, cause=f"signal:{name}")
        await _safely(tx, case, f"effects of {transition.action}", lambda: _follow(happening, transition.effects))
        await _safely(tx, case, f"entering {transition.target}", lambda: _enter(tx, case))
        return case
    await events.advance(tx, case)
    await _record(happening, name, answer.title or declared.title, cause=f"signal:{name}", source=case.state)
    await _safely(tx, case, f"effects of {name}", lambda: _follow(happening, answer.effects))
    if answer.task is not None:
        await open_ruled_task(tx, case, answer.task, lasts=tasks.Lasts.DONE)
    return case


async def hand_to(tx: Tx, case_id: UUID, unit: str, title: Text) -> Case:
    """Give a case to another unit, with one event that says so; its state stays. Locks the case. Raises `cases-not-found`."""
    case = await get_locked(tx, case_id)
    before = case.unit
    await events.advance(tx, case, unit=unit)
    await events.record(
        tx,
        case,
        event_id=new_id(),
        action="hand_to_unit",
        title=title,
        cause="move",
        source=case.state,
        data={"from": before, "to": unit},
    )
    return case


async def note(
    tx: Tx,
    case_id: UUID,
    action: str,
    title: Text,
    *,
    reason: str | None = None,
    data: Mapping[str, JsonValue] | None = None,
) -> Case:
    """One event about something that stands beside the case, such as a paper that it ended in; the state stays, also a
    terminal one. `reason` and `data` as in `move`. Whether the actor may, the caller has asked. Locks the case.

    Raises `cases-not-found`.
    """
    case = await get_locked(tx, case_id)
    await events.advance(tx, case)
    await events.record(
        tx,
        case,
        event_id=new_id(),
        action=action,
        title=title,
        cause="note",
        source=case.state,
        reason=reason,
        data=data,
    )
    return case


def allowed_actions(lifecycles: Lifecycles, case: Case, actor: Actor, *, done: Collection[str] = ()) -> list[str]:
    """What this actor may try on a case now: role, draw and four eyes are looked at, unit and guards are not.

    `done` are the actions that the actor did on this case before (`actions_of`).
    """
    return [
        each.action
        for each in lifecycles.of(case).moves_from(case.state)
        if not each.automatic
        and _has_role(each, actor)
        and not (each.assignee_only and case.assigned_to != actor.id)
        and not set(each.not_actor_of) & set(done)
    ]


async def get_locked(tx: Tx, case_id: UUID, *, bound: bool = True) -> Case:
    """The case, locked until commit. With `bound`, a token for one case never reaches another.

    Raises `cases-not-found`.
    """
    if bound and tx.actor.case_id is not None and tx.actor.case_id != case_id:
        raise CASE_NOT_FOUND()
    case = await tx.lock(Case, case_id)
    if case is None:
        raise CASE_NOT_FOUND()
    return case


async def open_ruled_task(tx: Tx, case: Case, rule: TaskRule, *, lasts: tasks.Lasts) -> None:
    """Open the work item that a lifecycle asks for, hidden from those who must not do it."""
    excluded = await events.actors_of(tx.session, case.id, rule.not_actor_of)
    await tasks.open_task(
        tx,
        case.id,
        rule.kind,
        rule.role,
        case.unit,
        exclude=excluded,
        lasts=lasts,
        assignee_only=rule.assignee_only,
    )


async def tell_supervisor(tx: Tx, case: Case, what: str) -> None:
    """Open a work item for what the machine could not finish; `what` holds no personal data."""
    role = tx.house[Lifecycles].of(case).supervisor
    await tasks.open_task(tx, case.id, MEND, role, case.unit, lasts=tasks.Lasts.DONE, note=what)


# --- one move, step by step --------------------------------------------------------------------------------------


async def _perform(happening: Move, transition: Transition, *, cause: str) -> None:
    await _change_state(happening, transition, cause=cause)
    await _follow(happening, transition.effects)
    await _enter(happening.tx, happening.case)


async def _change_state(happening: Move, transition: Transition, *, cause: str) -> None:
    """Write the new state and the event, and end what ran in the old one."""
    tx, case, source = happening.tx, happening.case, happening.case.state
    if transition.target == source:
        await events.advance(tx, case)
    else:
        target = tx.house[Lifecycles].of(case).states[transition.target]
        closed = tx.now if target.terminal else None
        await events.advance(tx, case, state=target.name, entered_at=tx.as_of, closed_at=closed)
    await _record(happening, transition.action, transition.title, cause=cause, source=source)
    if case.state != source:
        await tasks.close_tasks_of_state(tx, case.id)
        await deadlines.cancel_left(tx, case)


async def _record(happening: Move, action: str, title: Text, *, cause: str, source: str | None) -> None:
    await events.record(
        happening.tx,
        happening.case,
        event_id=happening.event_id,
        action=action,
        title=title,
        cause=cause,
        source=source,
        reason=happening.reason,
        data=happening.data,
    )


async def _follow(happening: Move, effects: Collection[str]) -> None:
    known = happening.tx.house[Lifecycles].effects
    for name in effects:
        await known[name](happening)
    await happening.tx.session.flush()


async def _enter(tx: Tx, case: Case) -> None:
    """What a state brings with it: its deadlines, its work item, and an automatic way on."""
    state = tx.house[Lifecycles].of(case).states[case.state]
    await deadlines.recompute_deadlines(tx, case)
    if state.task is not None and not await tasks.is_open(tx, case.id, state.task.kind):
        await open_ruled_task(tx, case, state.task, lasts=tasks.Lasts.STATE)
    await _go_on(tx, case, state)


async def _go_on(tx: Tx, case: Case, state: State) -> None:
    """Take the first automatic move whose guards agree. If none does, a person is told: the case stands still."""
    ways = [each for each in tx.house[Lifecycles].of(case).moves_from(state.name) if each.automatic]
    for way in ways:
        happening = Move(replace(tx, actor=SYSTEM), case, way, new_id(), None, {})
        try:
            await _check_guards(happening)
        except Problem:
            continue
        await _perform(happening, way, cause="automatic")
        return
    if ways:
        await tell_supervisor(tx, case, f"no automatic move out of {state.name} applies")


async def _safely(tx: Tx, case: Case, what: str, follow: Callable[[], Awaitable[None]]) -> None:
    """Run what follows a fact in a savepoint. Whatever breaks there undoes itself alone and goes to a person."""
    case_id = case.id
    try:
        async with tx.session.begin_nested():
            await follow()
    except Exception as error:
        # The words of an unknown error may hold personal data, so neither log nor note repeats them.
        cause = error.type.code if isinstance(error, Problem) else type(error).__name__
        log.error("case %s: %s broke with %s; a work item was opened", case_id, what, cause)
        await tell_supervisor(tx, await get_locked(tx, case_id, bound=False), f"{what}: {cause}")


# --- may this person do this to this case now? -------------------------------------------------------------------


async def _check_guards(happening: Move) -> None:
    known: Mapping[str, Rule] = happening.tx.house[Lifecycles].guards
    for name in happening.transition.guards if happening.transition else ():
        await known[name](happening)


async def _check_unit(tx: Tx, case: Case) -> None:
    """Staff act on cases of their own unit; those of a Polda also on the cases of the units below it."""
    if tx.actor.kind is not ActorKind.STAFF or tx.actor.unit == case.unit:
        return
    unit = await reference_data.find_unit(tx.session, case.unit)
    if unit is None or tx.actor.unit is None or unit.polda_code != tx.actor.unit:
        raise NOT_YOUR_ROLE()


async def _check_actor(tx: Tx, case: Case, transition: Transition) -> None:
    if not _has_role(transition, tx.actor):
        raise NOT_YOUR_ROLE()
    if transition.assignee_only and case.assigned_to != tx.actor.id:
        raise NOT_ASSIGNED()
    if tx.actor.id in await events.actors_of(tx.session, case.id, transition.not_actor_of):
        raise FOUR_EYES()


def _has_role(transition: Transition, actor: Actor) -> bool:
    return not actor.roles.isdisjoint(transition.by)


def _reason(transition: Transition, reason: str | None) -> str | None:
    text = (reason or "").strip()
    printable = all(character.isprintable() or character in "\n\r\t" for character in text)
    if (transition.reason_required and not text) or len(text) > REASON_MAX_CHARS or not printable:
        raise REASON_NEEDED(limit=REASON_MAX_CHARS, errors=[FieldError("/reason", _WRITE_A_REASON)])
    return text or None


async def _not_allowed(tx: Tx, case: Case) -> Problem:
    done = await events.actions_of(tx.session, case.id, tx.actor.id)
    allowed = allowed_actions(tx.house[Lifecycles], case, tx.actor, done=done)
    return MOVE_NOT_ALLOWED(
        state=case.state,
        allowed=", ".join(allowed) or _NOTHING,
        extra={"state": case.state, "allowed_actions": allowed, "version": case.version},
    )


async def _changed(tx: Tx, case: Case, seen: int) -> Problem:
    changes = await events.changes_since(tx.session, case.id, seen)
    return CHANGED_MEANWHILE(
        changes=", ".join(str(each["action"]) for each in changes) or "?",
        extra={"state": case.state, "version": case.version, "changes": changes},
    )
