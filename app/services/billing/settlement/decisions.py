"""What people do about differences: one proposes with a reason, another confirms or declines. Nobody closes alone.

Four eyes twice over: the second person is not the first, and neither has decided on the case whose money it is.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text
from app.services import reference
from app.services.billing.bills import lock_bills
from app.services.billing.models import Bill, SnapPayment
from app.services.billing.problems import BILL_NOT_FOUND
from app.services.billing.settlement import actions, exceptions
from app.services.billing.settlement.differences import bill_named
from app.services.billing.settlement.models import ExceptionState, SettlementException, SettlementLine
from app.services.billing.settlement.problems import EXCEPTION_NOT_FOUND, FOUR_EYES, NOT_YOUR_TURN
from app.services.billing.settlement.scope import may_see
from app.services.cases.models import Case, CaseEvent

MAX_REASON = 1000
REASON_MISSING = Text("Tuliskan alasannya.", "Write the reason.")
STATES = {
    ExceptionState.OPEN: Text("terbuka", "open"),
    ExceptionState.PROPOSED: Text("diusulkan", "proposed"),
    ExceptionState.CLOSED: Text("selesai", "closed"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants done: an action, with the bill it is for, or the other difference that it is set off against."""

    action: str
    reason: str
    bill_id: UUID | None = None
    other_id: UUID | None = None


async def propose(tx: Tx, exception_id: UUID, proposal: Proposal) -> SettlementException:
    """Say what should be done. Nothing is booked yet.

    Raises EXCEPTION_NOT_FOUND, NOT_YOUR_TURN unless it is open, FOUR_EYES, BILL_NOT_FOUND for a bill of another Polda,
    ACTION_NOT_POSSIBLE, INVALID_REQUEST.
    """
    row = await _locked(tx, exception_id, proposal.bill_id)
    _expect(row, ExceptionState.OPEN)
    reason = _reason(proposal.reason)
    if proposal.bill_id is not None:
        await _check_theirs(tx, proposal.bill_id)
    bill_id = proposal.bill_id or row.bill_id
    await _check_eyes(tx, row, bill_id)
    await actions.check(tx, row, proposal.action, bill_id, proposal.other_id)
    row.state, row.action, row.action_bill_id = ExceptionState.PROPOSED, proposal.action, bill_id
    row.proposed_by, row.proposed_at = tx.actor.id, tx.now
    row.facts = {**row.facts, "offset": str(proposal.other_id) if proposal.other_id else None}
    await exceptions.add_step(tx, row, "proposed", action=proposal.action, reason=reason)
    return row


async def named_bill(tx: Tx, exception_id: UUID, number: str) -> UUID:
    """The bill that somebody names for a difference. Raises EXCEPTION_NOT_FOUND, BILL_NOT_FOUND."""
    row = await tx.one(SettlementException, exception_id)
    if row is None or not may_see(tx.actor, row.unit):
        raise EXCEPTION_NOT_FOUND()
    return await bill_named(tx.session, row.bank, number)


async def decline(tx: Tx, exception_id: UUID, reason: str) -> SettlementException:
    """No: the difference is open again. Whoever proposed may withdraw in the same way. Raises as `propose`."""
    row = await _locked(tx, exception_id)
    _expect(row, ExceptionState.PROPOSED)
    text, action = _reason(reason), row.action
    _undo(row)
    await exceptions.add_step(tx, row, "declined", action=action, reason=text)
    return row


async def confirm(tx: Tx, exception_id: UUID, reason: str | None = None) -> SettlementException:
    """Yes: book what was proposed, and close the difference, in this transaction.

    Locks the case and the bill as well. Raises as `propose`, and FOUR_EYES for whoever proposed it.
    """
    row = await _locked(tx, exception_id)
    _expect(row, ExceptionState.PROPOSED)
    if row.proposed_by == tx.actor.id:
        raise FOUR_EYES()
    text = _reason(reason) if reason and reason.strip() else None
    await _check_eyes(tx, row, row.action_bill_id)
    other = row.facts.get("offset")
    other_id = UUID(str(other)) if other else None
    action = row.action or ""
    await actions.check(tx, row, action, row.action_bill_id, other_id)
    row.entry_id = await actions.carry_out(tx, row, action, row.action_bill_id, other_id)
    row.state, row.held = ExceptionState.CLOSED, 0
    row.closed_by, row.closed_at = tx.actor.id, tx.now
    await exceptions.add_step(tx, row, "closed", action=action, reason=text)
    return row


async def _check_theirs(tx: Tx, bill_id: UUID) -> None:
    """Nobody decides about another Polda's bill. Raises BILL_NOT_FOUND."""
    query = select(col(Bill.unit)).where(col(Bill.id) == bill_id)
    code = (await tx.session.execute(query)).scalar_one_or_none()
    unit = await reference.find_unit(tx.session, code) if code is not None else None
    if code is None or not may_see(tx.actor, (reference.polda_of(unit) if unit else None) or code):
        raise BILL_NOT_FOUND()


def _undo(row: SettlementException) -> None:
    row.state, row.action, row.action_bill_id = ExceptionState.OPEN, None, None
    row.proposed_by, row.proposed_at = None, None


async def _locked(tx: Tx, exception_id: UUID, bill_id: UUID | None = None) -> SettlementException:
    """The difference, locked. The bank's lock comes first, as in an import, then cases, bills and the line, as in a payment
    that settles one: one order, no deadlock."""
    found = await tx.one(SettlementException, exception_id)
    if found is None or not may_see(tx.actor, found.unit):
        raise EXCEPTION_NOT_FOUND()
    await tx.serialise(f"settlement {found.bank}")
    await lock_bills(tx, {each for each in (found.bill_id, found.action_bill_id, bill_id) if each is not None})
    if found.line_id is not None:
        await tx.lock(SettlementLine, found.line_id)
    row = await tx.lock(SettlementException, exception_id)
    if row is None:
        raise EXCEPTION_NOT_FOUND()
    return row


def _expect(row: SettlementException, state: ExceptionState) -> None:
    if row.state != state:
        raise NOT_YOUR_TURN(state=STATES[ExceptionState(row.state)])


def _reason(text: str) -> str:
    shown = text.strip()
    printable = all(character.isprintable() or character in "\n\r\t" for character in shown)
    if not shown or len(shown) > MAX_REASON or not printable:
        raise INVALID_REQUEST(errors=[FieldError("/reason", REASON_MISSING)])
    return shown


async def _check_eyes(tx: Tx, row: SettlementException, bill_id: UUID | None) -> None:
    """Whoever has decided on the case does not decide about its money (failure case 74)."""
    case_ids = await _cases(tx, row, bill_id)
    if case_ids and await has_decided(tx, tx.actor, case_ids):
        raise FOUR_EYES()


async def has_decided(tx: Tx, actor: Actor, case_ids: set[UUID]) -> bool:
    """Whether this person moved any of these cases."""
    query = select(col(CaseEvent.id)).where(
        col(CaseEvent.case_id).in_(case_ids), col(CaseEvent.actor_id) == actor.id, col(CaseEvent.cause) == "move"
    )
    return (await tx.session.execute(query.limit(1))).first() is not None


async def _cases(tx: Tx, row: SettlementException, bill_id: UUID | None) -> set[UUID]:
    bills = {each for each in (row.bill_id, bill_id) if each is not None}
    if row.payment_id is not None:
        query = select(col(SnapPayment.bill_id)).where(col(SnapPayment.id) == row.payment_id)
        bills |= set((await tx.session.execute(query)).scalars())
    of_bills = select(col(Case.id)).join(Bill, col(Bill.case_id) == col(Case.id)).where(col(Bill.id).in_(bills))
    return set((await tx.session.execute(of_bills)).scalars()) if bills else set()
