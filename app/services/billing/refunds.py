"""Money owed back: a record beside the bill, with the entries that owed it and closed it (UU 22/2009 art. 268)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.core.money import Rupiah, show_rupiah
from app.services.billing import ledger
from app.services.billing.accounts import BANK, CASH, FORFEITED, REFUNDS
from app.services.billing.bills import credits_of, lock_bill
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, EntryKind, Refund, RefundState
from app.services.billing.problems import (
    AMOUNT_NOT_POSITIVE,
    BILL_NOT_PAID,
    REFUND_LINE_NEEDED,
    REFUND_NOT_OWED,
    REFUND_TOO_LARGE,
)
from app.services.billing.refund_models import Payout, PayoutState


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund as the case shows it."""

    id: UUID
    bill_id: UUID
    amount: Rupiah
    reason: str
    state: RefundState
    owed_at: datetime
    closed_at: datetime | None


async def owe_refund(tx: Tx, bill_id: UUID, amount: int, reason: str, *, account: str | None = None) -> UUID:
    """Owe a payer this much of what a bill's accounts still hold (``TD -> RF``); returns the refund's id.

    Where several lines' accounts hold something, a part of the whole needs the `account` that it comes from. Locks case
    and bill. Raises BILL_NOT_PAID, AMOUNT_NOT_POSITIVE, REFUND_TOO_LARGE and REFUND_LINE_NEEDED.
    """
    if amount <= 0:
        raise AMOUNT_NOT_POSITIVE()
    bill = await lock_bill(tx, bill_id)
    if bill.paid_entry_id is None:
        raise BILL_NOT_PAID()
    debits = _taken_from(await _held(tx, bill), amount, account)
    lines = [ledger.Line(code, part, bill.id) for code, part in debits.items()]
    lines.append(ledger.Line(REFUNDS, -amount, bill.id))
    entry_id = await ledger.post(tx, EntryKind.REFUND_OWED, reason, lines)
    refund = Refund(bill_id=bill.id, amount=amount, reason=reason, owed_at=tx.now, owed_entry_id=entry_id)
    tx.session.add(refund)
    await tx.session.flush()
    return refund.id


async def owe_all(tx: Tx, case_id: UUID, reason: str) -> Rupiah:
    """Owe back whatever is still held for a case, as when its ticket is annulled; returns how much that is."""
    return Rupiah(sum([await owe_held(tx, bill_id, reason) for bill_id in await _paid_bills(tx, case_id)]))


async def owe_held(tx: Tx, bill_id: UUID, reason: str) -> Rupiah:
    """Owe back whatever is still held for one bill; returns how much that is, 0 where nothing is. Locks as above."""
    bill = await lock_bill(tx, bill_id)
    held = Rupiah(sum((await _held(tx, bill)).values()))
    if held > 0:
        await owe_refund(tx, bill.id, held, reason)
    return held


async def pay_out(tx: Tx, refund_id: UUID, *, in_cash: bool = False) -> UUID:
    """The payer has the money back (``RF -> BA``, in cash ``RF -> KS``: the bank's statement tells of the drawing alone, and what
    left it once is not booked twice). Raises REFUND_NOT_OWED."""
    return await _close(tx, refund_id, RefundState.PAID_OUT, EntryKind.REFUND_PAID, CASH if in_cash else BANK)


async def take_back(tx: Tx, refund_id: UUID, reason: str) -> UUID:
    """A payout came back from the receiving bank: its entry is undone, the refund is owed again. Raises REFUND_NOT_OWED."""
    found = await tx.one(Refund, refund_id)
    if found is None:
        raise REFUND_NOT_OWED()
    await lock_bill(tx, found.bill_id)
    refund = await tx.lock(Refund, refund_id)
    if refund is None or refund.state != RefundState.PAID_OUT or refund.closed_entry_id is None:
        raise REFUND_NOT_OWED()
    entry_id = await ledger.reverse(tx, refund.closed_entry_id, reason)
    refund.state, refund.closed_at, refund.closed_entry_id = RefundState.OWED, None, None
    await tx.session.flush()
    return entry_id


async def withdraw(tx: Tx, owed_entry_id: UUID, reason: str) -> bool:
    """What this entry owed back is the bill's money after all: undo it (``RF -> SU``). False once it has left, or is
    on its way in a payment order. The caller has locked case and bill."""
    query = select(col(Refund.id)).where(col(Refund.owed_entry_id) == owed_entry_id)
    found = (await tx.session.execute(query)).scalar_one_or_none()
    refund = await tx.lock(Refund, found) if found is not None else None
    if refund is None or refund.state != RefundState.OWED or await _in_an_order(tx, refund.id):
        return False
    refund.closed_entry_id = await ledger.reverse(tx, owed_entry_id, reason)
    refund.state, refund.closed_at = RefundState.WITHDRAWN, tx.now
    await tx.session.flush()
    return True


async def forfeit(tx: Tx, refund_id: UUID) -> UUID:
    """Nobody claimed it within a year of the decision: it is the treasury's (art. 268). Raises REFUND_NOT_OWED."""
    return await _close(tx, refund_id, RefundState.FORFEITED, EntryKind.REFUND_FORFEITED, FORFEITED)


async def refunds_of(source: Reader, case_id: UUID) -> list[RefundView]:
    """Every refund of a case, oldest first."""
    query = (
        select(
            col(Refund.id),
            col(Refund.bill_id),
            col(Refund.amount),
            col(Refund.reason),
            col(Refund.state),
            col(Refund.owed_at),
            col(Refund.closed_at),
        )
        .join(Bill, col(Bill.id) == col(Refund.bill_id))
        .where(col(Bill.case_id) == case_id)
        .order_by(col(Refund.owed_at), col(Refund.id))
    )
    return [
        RefundView(**{**row, "state": RefundState(row["state"])}) for row in (await source.execute(query)).mappings()
    ]


async def _held(tx: Tx, bill: Bill) -> dict[str, int]:
    """What the bill's own accounts still hold of it."""
    own = await credits_of(tx.session, bill)
    return {code: part for code, part in (await ledger.held_by_account(tx.session, bill.id)).items() if code in own}


def _taken_from(held: dict[str, int], amount: int, account: str | None) -> dict[str, int]:
    """From which accounts a refund comes, and how much of each."""
    offered = held if account is None else {code: part for code, part in held.items() if code == account}
    whole = sum(offered.values())
    if amount > whole:
        raise REFUND_TOO_LARGE(held=show_rupiah(whole))
    if amount == whole:
        return offered
    if len(offered) > 1:
        raise REFUND_LINE_NEEDED(accounts=", ".join(offered))
    return dict.fromkeys(offered, amount)


async def _in_an_order(tx: Tx, refund_id: UUID) -> bool:
    query = select(col(Payout.id)).where(col(Payout.refund_id) == refund_id, col(Payout.state) == PayoutState.LIVE)
    return (await tx.session.execute(query.limit(1))).first() is not None


async def _close(tx: Tx, refund_id: UUID, state: RefundState, kind: EntryKind, credit: str) -> UUID:
    found = await tx.one(Refund, refund_id)
    if found is None:
        raise REFUND_NOT_OWED()
    await lock_bill(tx, found.bill_id)
    refund = await tx.lock(Refund, refund_id)
    if refund is None or refund.state != RefundState.OWED:
        raise REFUND_NOT_OWED()
    lines = ledger.transfer(refund.amount, debit=REFUNDS, credit=credit, bill_id=refund.bill_id)
    entry_id = await ledger.post(tx, kind, refund.reason, lines)
    refund.state, refund.closed_at, refund.closed_entry_id = state, tx.now, entry_id
    await tx.session.flush()
    return entry_id


async def _paid_bills(tx: Tx, case_id: UUID) -> list[UUID]:
    query = (
        select(col(Bill.id))
        .where(col(Bill.case_id) == case_id, col(Bill.paid_entry_id).is_not(None))
        .order_by(col(Bill.opened_at), col(Bill.id))
    )
    return list((await tx.session.execute(query)).scalars())
