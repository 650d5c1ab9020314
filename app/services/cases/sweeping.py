"""The sweep: runs every deadline that is due, each in its own transaction, on as many workers as there are."""

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import Problem
from app.services.cases import deadlines, engine, events, tasks
from app.services.cases.models import Case, CaseDeadline
from app.services.cases.problems import FUTURE_REFUSED
from app.services.cases.rules import DeadlineRule, Lifecycles

LIMIT = 500
"""Deadlines that one sweep runs at most; the next minute goes on."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: deadlines that ran, and those whose move was refused and went to a person."""

    done: int
    stuck: int


class _Outcome(Enum):
    DONE = auto()
    STUCK = auto()
    SKIPPED = auto()


async def sweep(house: House, as_of: datetime | None = None, limit: int = LIMIT, *, only: UUID | None = None) -> Swept:
    """Run what is due now, or as of another time; at most `limit` deadlines, of one case alone with `only`.

    What a deadline leads to may be due at once as well and runs in the same sweep. Raises
    `cases-future-sweep-refused` for a time to come in production.
    """
    now = house.clock.now()
    at = as_of or now
    if at > now and house.settings.production:
        raise FUTURE_REFUSED()
    tried: set[tuple[UUID, datetime]] = set()
    outcomes: list[_Outcome] = []
    while len(tried) < limit:
        due = [each for each in await _due(house, at, limit, only) if (each[0], each[2]) not in tried]
        if not due:
            break
        for deadline_id, case_id, due_at in due[: limit - len(tried)]:
            tried.add((deadline_id, due_at))
            outcomes.append(await _run(house, deadline_id, case_id, at))
    return Swept(done=outcomes.count(_Outcome.DONE), stuck=outcomes.count(_Outcome.STUCK))


async def _due(house: House, at: datetime, limit: int, only: UUID | None) -> list[tuple[UUID, UUID, datetime]]:
    query = (
        select(col(CaseDeadline.id), col(CaseDeadline.case_id), col(CaseDeadline.due_at))
        .where(col(CaseDeadline.status) == deadlines.WAITING, col(CaseDeadline.due_at) <= at)
        .order_by(col(CaseDeadline.due_at), col(CaseDeadline.id))
        .limit(limit)
    )
    if only is not None:
        query = query.where(col(CaseDeadline.case_id) == only)
    async with house.db.read() as connection:
        return [(row.id, row.case_id, row.due_at) for row in await connection.execute(query)]


async def _run(house: House, deadline_id: UUID, case_id: UUID, at: datetime) -> _Outcome:
    try:
        async with house.db.begin(SYSTEM, as_of=at) as tx:
            return await _fire(tx, deadline_id, case_id)
    except OperationalError:
        log.warning("deadline %s: the database was busy; the next sweep tries again", deadline_id)
        return _Outcome.SKIPPED
    except Exception as error:
        cause = error.type.code if isinstance(error, Problem) else type(error).__name__
        log.error("deadline %s of case %s could not run: %s", deadline_id, case_id, cause)
        async with house.db.begin(SYSTEM, as_of=at) as tx:
            return await _give_up(tx, deadline_id, case_id, cause)


async def _fire(tx: Tx, deadline_id: UUID, case_id: UUID) -> _Outcome:
    # The case is locked before its deadlines, as everywhere, so that nobody waits in a circle. A case that somebody
    # holds is left to the next sweep: whoever holds it may be answering in this very moment.
    query = select(Case).where(col(Case.id) == case_id).with_for_update(skip_locked=True)
    case = (await tx.session.execute(query)).scalar_one_or_none()
    deadline = await tx.lock(CaseDeadline, deadline_id) if case is not None else None
    if case is None or deadline is None or deadline.status != deadlines.WAITING or deadline.due_at > tx.as_of:
        return _Outcome.SKIPPED
    declared = tx.house[Lifecycles].of(case)
    rule = declared.states[case.state].deadlines.get(deadline.name)
    if rule is None:
        deadline.status = deadlines.CANCELLED
        return _Outcome.SKIPPED
    deadline.status = deadlines.FIRED
    await tx.session.flush()
    transition = declared.find_move(case.state, rule.move) if rule.move else None
    if transition is not None:
        await engine.move_as_system(tx, case, transition, cause=f"deadline:{rule.name}")
    else:
        await _remind(tx, case, rule)
    return _Outcome.DONE


async def _remind(tx: Tx, case: Case, rule: DeadlineRule) -> None:
    """An event and a work item, the state stays."""
    if rule.task is None or rule.title is None:
        raise RuntimeError(f"deadline {rule.name} has neither a move nor a task")
    await events.advance(tx, case)
    await events.record(
        tx,
        case,
        event_id=new_id(),
        action=rule.task.kind,
        title=rule.title,
        cause=f"deadline:{rule.name}",
        source=case.state,
    )
    await engine.open_ruled_task(tx, case, rule.task, lasts=tasks.Lasts.STATE)


async def _give_up(tx: Tx, deadline_id: UUID, case_id: UUID, cause: str) -> _Outcome:
    case = await engine.get_locked(tx, case_id)
    deadline = await tx.lock(CaseDeadline, deadline_id)
    if deadline is None or deadline.status != deadlines.WAITING:
        return _Outcome.SKIPPED
    deadline.status, deadline.problem = deadlines.STUCK, cause[:80]
    await engine.tell_supervisor(tx, case, f"{deadline.name} is due but was refused: {cause}")
    return _Outcome.STUCK
