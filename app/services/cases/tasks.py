"""Work items: what waits for a person, shown to those who may do it and hidden from those who must not."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, or_, select, update
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_id
from app.core.texts import Text
from app.services.cases import events
from app.services.cases.events import Reader
from app.services.cases.models import Case, Draw, WorkItem, WorkItemExclusion
from app.services.cases.problems import CASE_NOT_FOUND, WORK_ITEM_NOT_FOUND

PAGE = 50
DONE = Text("Tugas petugas selesai", "An officer's work item is done")


class Lasts(StrEnum):
    """Until when a work item stands: until the case leaves its state, or until somebody says that it is done."""

    STATE = "state"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class TaskView:
    """An open work item with what a list shows of its case."""

    id: UUID
    kind: str
    role: str
    unit: str
    note: str | None
    opened_at: datetime
    case_id: UUID
    reference: str
    lifecycle: str
    state: str
    assigned_to: str | None


@dataclass(frozen=True, slots=True)
class Undrawn:
    """Work for whoever will be drawn, on a case that nobody was drawn for yet. `announced`: the draw is under way; else
    it waits until somebody is in the pool."""

    case_id: UUID
    reference: str
    kind: str
    opened_at: datetime
    announced: bool


async def open_task(
    tx: Tx,
    case_id: UUID,
    kind: str,
    role: str,
    unit: str,
    *,
    exclude: Collection[str] = (),
    lasts: Lasts = Lasts.STATE,
    assignee_only: bool = False,
    note: str | None = None,
) -> UUID:
    """Put work before those with this role at this unit, except for the actors in `exclude`; gives its id.

    `note` is for the one who does it and holds no personal data.
    """
    item = WorkItem(
        id=new_id(),
        case_id=case_id,
        kind=kind,
        role=role,
        unit=unit,
        lasts=str(lasts),
        assignee_only=assignee_only,
        note=note[:200] if note else None,
        opened_at=tx.now,
    )
    tx.session.add(item)
    await tx.session.flush()
    tx.session.add_all(WorkItemExclusion(work_item_id=item.id, actor_id=each) for each in set(exclude))
    await tx.session.flush()
    return item.id


async def close_task(tx: Tx, task_id: UUID, *, reason: str | None = None) -> None:
    """Say that work is done; leaves an event. Raises `cases-work-item-not-found`, also for who may not do it."""
    case, item = await finish_task(tx, task_id)
    await events.advance(tx, case)
    await events.record(
        tx,
        case,
        event_id=new_id(),
        action="close_task",
        title=DONE,
        cause="task",
        source=case.state,
        reason=reason,
        data={"task": str(task_id), "kind": item.kind},
    )


async def finish_task(tx: Tx, task_id: UUID) -> tuple[Case, WorkItem]:
    """Take work off the lists because what was done is told by an event of its own. Locks the case and the item.

    Raises `cases-work-item-not-found`, also for who may not do it.
    """
    item = await tx.one(WorkItem, task_id)
    if item is None:
        raise WORK_ITEM_NOT_FOUND()
    case = await tx.lock(Case, item.case_id)
    item = await tx.lock(WorkItem, task_id)
    if case is None:
        raise CASE_NOT_FOUND()
    excluded = await tx.session.get(WorkItemExclusion, (task_id, tx.actor.id))
    if item is None or item.closed_at is not None or item.role not in tx.actor.roles or excluded is not None:
        raise WORK_ITEM_NOT_FOUND()
    item.closed_at, item.closed_by = tx.now, tx.actor.id
    return case, item


async def close_tasks_of_state(tx: Tx, case_id: UUID) -> None:
    """Close what stood only as long as the state that the case has just left."""
    await tx.session.execute(
        update(WorkItem)
        .where(
            col(WorkItem.case_id) == case_id,
            col(WorkItem.closed_at).is_(None),
            col(WorkItem.lasts) == str(Lasts.STATE),
        )
        .values(closed_at=tx.now, closed_by=tx.actor.id)
    )


async def is_open(tx: Tx, case_id: UUID, kind: str) -> bool:
    """Whether work of this kind waits on a case already."""
    query = select(col(WorkItem.id)).where(
        col(WorkItem.case_id) == case_id, col(WorkItem.kind) == kind, col(WorkItem.closed_at).is_(None)
    )
    return (await tx.session.execute(query.limit(1))).first() is not None


async def list_tasks(
    reader: Reader,
    *,
    roles: Collection[str],
    units: Collection[str],
    actor_id: str,
    limit: int = PAGE,
    after: UUID | None = None,
    kinds: Collection[str] | None = None,
    of_case: UUID | None = None,
) -> Sequence[TaskView]:
    """Open work for one person, oldest first: their roles at their units, drawn cases only to who was drawn, and
    nothing from which four eyes exclude them; of these kinds, or on this case, alone if any are named. `after` is the last item of the
    page before."""
    excluded = exists().where(
        col(WorkItemExclusion.work_item_id) == col(WorkItem.id),
        col(WorkItemExclusion.actor_id) == actor_id,
    )
    query = _with_case().where(
        col(WorkItem.closed_at).is_(None),
        col(WorkItem.role).in_(roles),
        col(WorkItem.unit).in_(units),
        or_(col(WorkItem.assignee_only).is_(False), col(Case.assigned_to) == actor_id),
        ~excluded,
    )
    if kinds is not None:
        query = query.where(col(WorkItem.kind).in_(kinds))
    if of_case is not None:
        query = query.where(col(WorkItem.case_id) == of_case)
    if after is not None:
        last = (await reader.execute(select(col(WorkItem.opened_at)).where(col(WorkItem.id) == after))).scalar()
        if last is not None:
            later = and_(col(WorkItem.opened_at) == last, col(WorkItem.id) > after)
            query = query.where(or_(col(WorkItem.opened_at) > last, later))
    rows = await reader.execute(query.order_by(col(WorkItem.opened_at), col(WorkItem.id)).limit(limit))
    return [TaskView(**row) for row in rows.mappings()]


async def list_undrawn(reader: Reader, *, roles: Collection[str], unit: str, limit: int = PAGE) -> Sequence[Undrawn]:
    """What will be somebody's in this unit, oldest first: nobody can open it before the lot has fallen."""
    announced = exists().where(col(Draw.case_id) == col(Case.id), col(Draw.status) == "announced")
    query = (
        select(col(Case.id), col(Case.reference), col(WorkItem.kind), col(WorkItem.opened_at), announced)
        .join(Case, col(Case.id) == col(WorkItem.case_id))
        .where(
            col(WorkItem.closed_at).is_(None),
            col(WorkItem.assignee_only),
            col(WorkItem.role).in_(roles),
            col(WorkItem.unit) == unit,
            col(Case.assigned_to).is_(None),
        )
        .order_by(col(WorkItem.opened_at), col(WorkItem.id))
        .limit(limit)
    )
    return [Undrawn(*row) for row in await reader.execute(query)]


async def tasks_of(reader: Reader, case_id: UUID) -> Sequence[TaskView]:
    """The open work on one case, oldest first."""
    query = _with_case().where(col(WorkItem.case_id) == case_id, col(WorkItem.closed_at).is_(None))
    rows = await reader.execute(query.order_by(col(WorkItem.opened_at), col(WorkItem.id)))
    return [TaskView(**row) for row in rows.mappings()]


async def awaited(reader: Reader, *, role: str, unit: str, among: Sequence[str]) -> str | None:
    """Whom of these the newest open work of this role and unit waits for: who was drawn, else the first whom four eyes
    do not keep out. None where no work waits for any of them."""
    query = (
        select(col(WorkItem.id), col(WorkItem.assignee_only), col(Case.assigned_to))
        .join(Case, col(Case.id) == col(WorkItem.case_id))
        .where(col(WorkItem.closed_at).is_(None), col(WorkItem.role) == role, col(WorkItem.unit) == unit)
        .order_by(col(WorkItem.opened_at).desc(), col(WorkItem.id).desc())
    )
    newest = (await reader.execute(query.limit(1))).first()
    if newest is None:
        return None
    of_item = col(WorkItemExclusion.work_item_id) == newest.id
    excluded = set((await reader.execute(select(col(WorkItemExclusion.actor_id)).where(of_item))).scalars())
    may = [each for each in among if each not in excluded and (not newest.assignee_only or each == newest.assigned_to)]
    return may[0] if may else None


def _with_case() -> "Select[*tuple[Any, ...]]":
    return select(
        *(
            col(column)
            for column in (
                WorkItem.id,
                WorkItem.kind,
                WorkItem.role,
                WorkItem.unit,
                WorkItem.note,
                WorkItem.opened_at,
                WorkItem.case_id,
                Case.reference,
                Case.lifecycle,
                Case.state,
                Case.assigned_to,
            )
        )
    ).join(Case, col(Case.id) == col(WorkItem.case_id))
