"""The due times of the state a case stands in: rows with an index, kept true while the case moves.

A due time may be unknown at first. The owner's time to answer runs from proven delivery: until then it is empty, and
whoever learns of the delivery calls `recompute_deadlines`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app.core.db import Tx
from app.services.cases.events import Reader
from app.services.cases.models import Case, CaseDeadline
from app.services.cases.rules import DeadlineRule, Lifecycles

WAITING, FIRED, CANCELLED, STUCK = "waiting", "done", "cancelled", "stuck"


async def recompute_deadlines(tx: Tx, case: Case) -> None:
    """Ask each deadline of the case's state again when it is due, and set its row. The case must be locked."""
    lifecycles = tx.house[Lifecycles]
    rules = lifecycles.of(case).states[case.state].deadlines
    if not rules:
        return
    found = await tx.session.execute(select(CaseDeadline).where(col(CaseDeadline.case_id) == case.id))
    rows = {row.name: row for row in found.scalars()}
    for name, rule in rules.items():
        _set(tx, case, rule, rows.get(name), await lifecycles.deadlines[name](tx, case))
    await tx.session.flush()


async def cancel_left(tx: Tx, case: Case) -> None:
    """Cancel what waited in the state that was left and does not run in the new one."""
    kept = tx.house[Lifecycles].of(case).states[case.state].deadlines
    await tx.session.execute(
        update(CaseDeadline)
        .where(
            col(CaseDeadline.case_id) == case.id,
            col(CaseDeadline.status).in_((WAITING, STUCK)),
            col(CaseDeadline.name).not_in(list(kept)),
        )
        .values(status=CANCELLED)
    )


async def due_times(reader: Reader, case_id: UUID) -> dict[str, datetime]:
    """What waits on a case, by name, the nearest first."""
    rows = await reader.execute(
        select(col(CaseDeadline.name), col(CaseDeadline.due_at))
        .where(col(CaseDeadline.case_id) == case_id, col(CaseDeadline.status) == WAITING)
        .order_by(col(CaseDeadline.due_at))
    )
    return {row.name: row.due_at for row in rows}


def _set(tx: Tx, case: Case, rule: DeadlineRule, row: CaseDeadline | None, due: datetime | None) -> None:
    if due is None:
        if row is not None and row.status in (WAITING, STUCK):
            row.status = CANCELLED
    elif row is None:
        tx.session.add(CaseDeadline(case_id=case.id, name=rule.name, due_at=due, status=WAITING))
    elif not (row.status == FIRED and rule.task is not None and row.due_at == due):
        # A reminder that went out for this very time does not go out again when its state is entered anew.
        row.due_at, row.status, row.problem = due, WAITING, None
