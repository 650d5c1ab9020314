"""What the bank's statement says of a refund on its way: the debit closes it, and money that comes back reopens it.

The settlement import calls this for every line that names an EndToEndId of ours. Whoever calls holds the transaction; the
booking, the refund's state and what the case hears are one with it. A line that is told twice changes nothing the
second time.
"""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.db import JsonValue, Tx
from app.services import cases
from app.services.billing import refunds
from app.services.billing.bills import lock_bill
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, Refund, RefundState
from app.services.billing.refund_accounts import AccountView, seen_account
from app.services.billing.refund_models import AccountState, PaymentOrder, Payout, PayoutState, RefundAccount
from app.services.cases import Lifecycles
from app.services.cases.models import Case

REFUND_PAID, REFUND_PART_PAID, REFUND_RETURNED = "refund_paid", "refund_part_paid", "refund_returned"
RETURN_REASON_MAX_CHARS = 140
RETURNED = "pengembalian ditolak bank penerima / the receiving bank sent the refund back"


class Outcome(StrEnum):
    """What a line of the statement did. Only the first two are well; for the others nothing was booked, and whoever
    imports the statement puts the line before a person."""

    BOOKED = "booked"
    """Booked now: the refund is paid, or is owed again."""
    ALREADY = "already"
    """This very line was booked before."""
    UNKNOWN = "unknown"
    """No payout of ours has this EndToEndId."""
    AMOUNT_DIFFERS = "amount_differs"
    """The bank paid, or sent back, another amount than was ordered."""
    NOT_EXPECTED = "not_expected"
    """The payout is not in a state in which this can happen: paid by another line, withdrawn, or never paid."""


async def close_by_debit(tx: Tx, *, end_to_end_id: str, amount: int, booked_on: date, settlement_line: UUID) -> Outcome:
    """The statement shows the debit of a payout: book ``RF -> BA``, close the refund and tell its case.

    `amount` is in rupiah, without the bank's charge; `settlement_line` is the line's own id. Locks case, bill and payout.
    """
    payout = await _locked(tx, end_to_end_id)
    if payout is None:
        return Outcome.UNKNOWN
    if payout.settlement_line == settlement_line:
        return Outcome.ALREADY
    if not await _may_leave(tx, payout):
        return Outcome.NOT_EXPECTED
    if payout.amount != amount:
        return Outcome.AMOUNT_DIFFERS
    payout.entry_id = await refunds.pay_out(tx, payout.refund_id)
    payout.state, payout.booked_on, payout.settlement_line = PayoutState.PAID, booked_on, settlement_line
    await tx.session.flush()
    await _tell_paid(tx, payout)
    return Outcome.BOOKED


async def reopen_by_return(
    tx: Tx, *, end_to_end_id: str, amount: int, booked_on: date, settlement_line: UUID, reason: str
) -> Outcome:
    """The statement shows that a payout came back: undo its entry, owe the refund again, and ask for another account.

    `reason` is the bank's own (such as an ISO 20022 code, ``AC04``). Locks as above.
    """
    payout = await _locked(tx, end_to_end_id)
    if payout is None:
        return Outcome.UNKNOWN
    if payout.return_line == settlement_line:
        return Outcome.ALREADY
    if payout.state != PayoutState.PAID:
        return Outcome.NOT_EXPECTED
    if payout.amount != amount:
        return Outcome.AMOUNT_DIFFERS
    payout.return_entry_id = await refunds.take_back(tx, payout.refund_id, RETURNED)
    payout.state, payout.returned_on, payout.return_line = PayoutState.RETURNED, booked_on, settlement_line
    payout.return_reason = reason[:RETURN_REASON_MAX_CHARS]
    account = await tx.lock(RefundAccount, payout.account_id)
    if account is not None:
        account.state, account.reason = AccountState.RETURNED, "returned"
        account.decided_at, account.decided_by = tx.now, tx.actor.id
    await tx.session.flush()
    await _tell(tx, payout, REFUND_RETURNED)
    return Outcome.BOOKED


async def is_under_way(source: Reader, case_id: UUID) -> bool:
    """Whether a payment order has a refund of this case on its way, drafted or released."""
    query = _of_case(select(col(Payout.id)), case_id).where(col(Payout.state) == PayoutState.LIVE)
    return (await source.execute(query.limit(1))).first() is not None


async def came_back_on(source: Reader, case_id: UUID) -> date | None:
    """The day on which a receiving bank last sent a refund of this case back."""
    query = _of_case(select(func.max(col(Payout.returned_on))), case_id)
    found: date | None = (await source.execute(query)).scalar_one_or_none()
    return found


async def account_of_payout(source: Reader, keys: KeyRing, payout_id: UUID) -> AccountView | None:
    """The account to which a payout went, masked; None once its owner was erased."""
    query = select(col(Payout.account_id)).where(col(Payout.id) == payout_id)
    account_id = (await source.execute(query)).scalar_one_or_none()
    return None if account_id is None else await seen_account(source, keys, account_id)


def _of_case(query: Select[Any], case_id: UUID) -> Select[Any]:
    return (
        query.select_from(Payout)
        .join(Refund, col(Refund.id) == col(Payout.refund_id))
        .join(Bill, col(Bill.id) == col(Refund.bill_id))
        .where(col(Bill.case_id) == case_id)
    )


async def _locked(tx: Tx, end_to_end_id: str) -> Payout | None:
    """The payout with this id; case and bill are locked before it, as everywhere."""
    query = (
        select(col(Payout.id), col(Refund.bill_id))
        .join(Refund, col(Refund.id) == col(Payout.refund_id))
        .where(col(Payout.end_to_end_id) == end_to_end_id)
    )
    found = (await tx.session.execute(query)).first()
    if found is None:
        return None
    await lock_bill(tx, found.bill_id)
    return await tx.lock(Payout, found.id)


async def _may_leave(tx: Tx, payout: Payout) -> bool:
    """Whether a debit can be this payout: it is on its way, or the bank was said not to have taken its released order and
    has paid after all. That money is with the payee, so it closes the refund, unless something else has or is about to."""
    if payout.state != PayoutState.DROPPED:
        return payout.state == PayoutState.LIVE
    order, refund = await tx.one(PaymentOrder, payout.order_id), await tx.one(Refund, payout.refund_id)
    others = select(col(Payout.id)).where(
        col(Payout.refund_id) == payout.refund_id, col(Payout.state).in_([PayoutState.LIVE, PayoutState.PAID])
    )
    if order is None or order.released_at is None or refund is None or refund.state != RefundState.OWED:
        return False
    return (await tx.session.execute(others.limit(1))).first() is None


async def _tell_paid(tx: Tx, payout: Payout) -> None:
    """The case hears whether this was the last that it was owed."""
    of_case = select(col(Bill.case_id)).join(Refund, col(Refund.bill_id) == col(Bill.id))
    case_id = of_case.where(col(Refund.id) == payout.refund_id).scalar_subquery()
    owed = (
        select(func.count())
        .select_from(Refund)
        .join(Bill, col(Bill.id) == col(Refund.bill_id))
        .where(col(Bill.case_id) == case_id, col(Refund.state) == RefundState.OWED)
    )
    more = (await tx.session.execute(owed)).scalar_one()
    await _tell(tx, payout, REFUND_PART_PAID if more else REFUND_PAID)


async def _tell(tx: Tx, payout: Payout, signal: str) -> None:
    """Send the case the fact, where it has one and its lifecycle wants to hear it."""
    query = select(Case).join(Bill, col(Bill.case_id) == col(Case.id)).join(Refund, col(Refund.bill_id) == col(Bill.id))
    case = (await tx.session.execute(query.where(col(Refund.id) == payout.refund_id))).scalar_one_or_none()
    if case is None or signal not in tx.house[Lifecycles].of(case).signals:
        return
    data: dict[str, JsonValue] = {
        "refund_id": str(payout.refund_id),
        "payout_id": str(payout.id),
        "amount": payout.amount,
    }
    await cases.signal(tx, case.id, signal, data)
