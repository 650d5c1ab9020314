"""Reminders before somebody loses something: the time to answer, and the year to claim a refund (`etle.md` 5, 6).

A reminder is no move of the case and changes no deadline; each is sent once.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import billing, cases
from app.services.cases import Case
from app.services.etle import letters
from app.services.etle.models import Reminder, Ticket
from app.services.etle.store import latest_letter, policy_of, ticket_of
from app.services.etle.times import end_of_day

BEFORE_ANSWER = timedelta(days=2)


async def remind(house: House) -> None:
    """Job: send the reminders that are due, each case in a transaction of its own."""
    async with house.db.begin(SYSTEM) as tx:
        waiting = await _in_states(tx, ("letter_sent", "refund_due"))
    for case_id, state in waiting:
        async with house.db.begin(SYSTEM) as tx:
            if state == "letter_sent":
                await _remind_to_answer(tx, case_id)
            else:
                await _remind_of_refund(tx, case_id)


async def _in_states(tx: Tx, states: tuple[str, ...]) -> list[tuple[UUID, str]]:
    query = (
        select(col(Case.id), col(Case.state))
        .join(Ticket, col(Ticket.case_id) == col(Case.id))
        .where(col(Case.lifecycle) == "etle", col(Case.state).in_(states))
        .order_by(col(Case.entered_at))
    )
    return [(row.id, row.state) for row in await tx.session.execute(query)]


async def _remind_to_answer(tx: Tx, case_id: UUID) -> None:
    case = await cases.get_locked(tx, case_id)
    due = (await cases.due_times(tx.session, case_id)).get("etle.answer_due")
    letter = await latest_letter(tx, case_id)
    if case.state != "letter_sent" or due is None or letter is None or not due - BEFORE_ANSWER <= tx.now < due:
        return
    if await _first_time(tx, case_id, f"answer:{letter.id}"):
        params: letters.Params = {"due_at": _shown(due, await ticket_of(tx, case_id))}
        await letters.tell_addressee(tx, case, "etle_reminder", params)


async def _remind_of_refund(tx: Tx, case_id: UUID) -> None:
    case = await cases.get_locked(tx, case_id)
    ticket, policy = await ticket_of(tx, case_id), await policy_of(tx, case)
    if case.state != "refund_due" or ticket.decided_at is None:
        return
    passed = [days for days in policy.refund_reminder_days if ticket.decided_at + timedelta(days=days) <= tx.now]
    # Only the latest: a worker that was away for months does not send three at once.
    if passed and await _first_time(tx, case_id, f"refund:{max(passed)}"):
        owed = sum(each.amount for each in await billing.refunds_of(tx.session, case_id))
        until = end_of_day(ticket.decided_at, policy.refund_claim_days, ticket.zone)
        params: letters.Params = {"amount": owed, "claim_until": _shown(until, ticket)}
        await letters.tell_addressee(tx, case, "etle_refund_due", params)


async def _first_time(tx: Tx, case_id: UUID, kind: str) -> bool:
    if await tx.session.get(Reminder, (case_id, kind)) is not None:
        return False
    tx.session.add(Reminder(case_id=case_id, kind=kind, at=tx.now))
    await tx.session.flush()
    return True


def _shown(at: datetime, ticket: Ticket) -> str:
    return letters.shown_moment(at, ticket.zone)
