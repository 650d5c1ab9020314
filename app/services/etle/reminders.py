"""Reminders before somebody loses the time to answer (`etle.md` 5).

A reminder is no move of the case and changes no deadline; each is sent once.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import cases
from app.services.cases import Case
from app.services.etle import letters, refunds
from app.services.etle.models import Reminder, Ticket
from app.services.etle.store import latest_letter, ticket_of

BEFORE_ANSWER = timedelta(days=2)


async def remind(house: House) -> None:
    """Job: send the reminders that are due, each case in a transaction of its own."""
    async with house.db.begin(SYSTEM) as tx:
        waiting = await _in_state(tx, "letter_sent")
    for case_id in waiting:
        async with house.db.begin(SYSTEM) as tx:
            await _remind_to_answer(tx, case_id)
    await refunds.ask_payees(house)


async def _in_state(tx: Tx, state: str) -> list[UUID]:
    query = (
        select(col(Case.id))
        .join(Ticket, col(Ticket.case_id) == col(Case.id))
        .where(col(Case.lifecycle) == "etle", col(Case.state) == state)
        .order_by(col(Case.entered_at))
    )
    return list((await tx.session.execute(query)).scalars())


async def _remind_to_answer(tx: Tx, case_id: UUID) -> None:
    case = await cases.get_locked(tx, case_id)
    due = (await cases.due_times(tx.session, case_id)).get("etle.answer_due")
    letter = await latest_letter(tx, case_id)
    if case.state != "letter_sent" or due is None or letter is None or not due - BEFORE_ANSWER <= tx.now < due:
        return
    if await _first_time(tx, case_id, f"answer:{letter.id}"):
        params: letters.Params = {"due_at": _shown(due, await ticket_of(tx, case_id))}
        await letters.tell_addressee(tx, case, "etle_reminder", params)


async def _first_time(tx: Tx, case_id: UUID, kind: str) -> bool:
    if await tx.session.get(Reminder, (case_id, kind)) is not None:
        return False
    tx.session.add(Reminder(case_id=case_id, kind=kind, at=tx.now))
    await tx.session.flush()
    return True


def _shown(at: datetime, ticket: Ticket) -> str:
    return letters.shown_moment(at, ticket.zone)
