"""A bank's line that came before its payment: the file told of the money first, and suspense holds it.

The payment follows as a late call of the bank, or because two persons say so. The line is then judged anew: its row ends,
another one settles the payment in its place, and one entry moves the money (``SU -> BC``). Whoever calls has locked
the bill; an import locks the bills behind its unexplained lines too, so that of two at once the second sees the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_id
from app.core.prepared import Prepared, Rows
from app.services.billing import ledger, refunds
from app.services.billing.accounts import SUSPENSE, bank_clearing
from app.services.billing.models import Bill, EntryKind, SnapPayment
from app.services.billing.settlement import exceptions
from app.services.billing.settlement.matching import REFUND, customer_no, is_equal, suggestion
from app.services.billing.settlement.models import (
    ExceptionKind,
    ExceptionState,
    Outcome,
    SettlementException,
    SettlementLine,
)

SETTLE_LEFT_BEHIND = "billing.settle_left_behind"
"""The job that mends what a race or a corrected file has kept apart."""
CAME_AFTER = "pembayarannya menyusul / its payment came after the line"
OTHER_AMOUNT = "pembayarannya menyusul, jumlahnya lain / its payment came after the line, over another amount"
MEMO = "uang yang sudah ada dalam rekening koran / money that stood in a statement already"
HOMELESS = (ExceptionKind.UNKNOWN, ExceptionKind.REFUSED, ExceptionKind.DUPLICATE)
MOST_SEEN = 20
_Other = aliased(SettlementLine)

_BILL_ID = select(col(Bill.id)).where(col(Bill.customer_no) == bindparam("customer_no")).scalar_subquery()
_BILL_AMOUNT = select(col(Bill.amount)).where(col(Bill.customer_no) == bindparam("customer_no")).scalar_subquery()
EARLY = Prepared(
    select(
        col(SettlementLine.id),
        col(SettlementLine.payment_request_id),
        col(SettlementLine.bank_reference),
        col(SettlementLine.virtual_account_no),
        col(SettlementLine.amount),
        col(SettlementException.id).label("exception_id"),
        col(SettlementException.state),
        col(SettlementException.action),
        col(SettlementException.entry_id),
    )
    .join(SettlementException, col(SettlementException.line_id) == col(SettlementLine.id))
    .where(
        col(SettlementLine.ended_by).is_(None),
        col(SettlementLine.held) > 0,
        col(SettlementLine.payment_id).is_(None),
        or_(
            col(SettlementLine.payment_request_id) == bindparam("request"),
            col(SettlementLine.bank_reference) == bindparam("request"),
            and_(
                col(SettlementLine.bill_id) == _BILL_ID,
                col(SettlementLine.payment_request_id).is_(None),
                col(SettlementLine.amount) == _BILL_AMOUNT,
            ),
        ),
        col(SettlementException.bank) == bindparam("bank"),
        col(SettlementException.kind).in_(HOMELESS),
    )
    .order_by(col(SettlementLine.id))
    .limit(MOST_SEEN)
)
"""Lines of a `bank` that may be the payment `request` of the bill `customer_no`; `find` says which is. Every payment asks."""


@dataclass(frozen=True, slots=True)
class EarlyLine:
    """A current line whose money waits for a payment, with its difference; `closed`: what became of it is decided."""

    line_id: UUID
    exception_id: UUID
    closed: bool
    action: str | None
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class Paid:
    """The payment that a line settles now, and what its bank may keep of it by contract (rupiah)."""

    bank: str
    payment_id: UUID
    bill_id: UUID
    amount: int
    contract_fee: int


async def find(tx: Tx, bank: str, partner: str, payment_request_id: str, bill: Bill) -> EarlyLine | None:
    """The line of this bank that is this payment's: by the rule of `matching`, the id first, then the account.

    By the account alone only a line that is still undecided and over the bill's amount: whoever wrote no id may mean
    another payment of the same account.
    """
    asked = {"bank": bank, "request": payment_request_id, "customer_no": bill.customer_no}
    return choose(await tx.run(EARLY, asked), partner, payment_request_id, bill)


def choose(rows: Rows, partner: str, payment_request_id: str, bill: Bill) -> EarlyLine | None:
    """`find` among the rows of `EARLY`."""
    theirs = [row for row in rows if customer_no(partner, row.virtual_account_no) in (None, bill.customer_no)]
    fits = [row for row in theirs if _names(row, payment_request_id) or row.state != ExceptionState.CLOSED]
    if not fits:
        return None
    row = min(fits, key=lambda each: _order(each, payment_request_id, bill.amount))
    closed = row.state == ExceptionState.CLOSED
    return EarlyLine(row.id, row.exception_id, closed, row.action, row.entry_id)


async def reclaim(tx: Tx, early: EarlyLine) -> bool:
    """Whether the line's money is there for its payment. What was owed back meanwhile and has not left is taken back.

    False where it has left, or where the difference was closed in another way: the payment is then none any more.
    """
    if not early.closed:
        return True
    if early.action != REFUND or early.entry_id is None:
        return False
    return await refunds.withdraw(tx, early.entry_id, CAME_AFTER)


async def settle(tx: Tx, early: EarlyLine, payment: Paid) -> UUID | None:
    """Let the line settle the payment, and close its difference; what is over or missing stays for a person.

    Returns the ledger entry; None where a corrected file has ended the line a moment ago.
    """
    line = await _still_held(tx, early.line_id)
    if line is None:
        return None
    entry_id, follower = await judge_anew(tx, line, payment)
    row = await tx.lock(SettlementException, early.exception_id)
    if row is None:
        return entry_id
    if follower.outcome == Outcome.AMOUNT:
        _reopen(row, follower)
        await exceptions.add_step(tx, row, "changed", action=None, reason=OTHER_AMOUNT)
    elif early.closed:  # decided before, and undone by `reclaim`
        row.entry_id = entry_id
        await exceptions.add_step(tx, row, "changed", action=None, reason=CAME_AFTER)
    else:
        await exceptions.close_by_bank(tx, row.id, entry_id, CAME_AFTER)
    return entry_id


async def judge_anew(tx: Tx, line: SettlementLine, payment: Paid) -> tuple[UUID, SettlementLine]:
    """End a held line, and let another row settle the payment in its place; returns the entry and that row.

    Its difference is the caller's to close.
    """
    lines = [
        ledger.Line(SUSPENSE, payment.amount, line.bill_id),
        ledger.Line(bank_clearing(payment.bank), -payment.amount, payment.bill_id),
    ]
    rest = line.held - payment.amount
    if rest and line.bill_id != payment.bill_id:  # what is left belongs to the payment's bill from now on
        lines += [ledger.Line(SUSPENSE, rest, line.bill_id), ledger.Line(SUSPENSE, -rest, payment.bill_id)]
    entry_id = await ledger.post(tx, EntryKind.SETTLEMENT_CORRECTED, MEMO, lines)
    line.ended_by, line.ended_entry_id = line.statement_id, entry_id
    await tx.session.flush()  # the key of a line is free for its follower only then
    equal = is_equal(rest=rest, fee=line.fee, contract_fee=payment.contract_fee)
    changed: dict[str, Any] = {
        "id": new_id(),
        "outcome": str(Outcome.MATCHED if equal else Outcome.AMOUNT),
        "payment_id": payment.payment_id,
        "bill_id": payment.bill_id,
        "settled": payment.amount,
        "held": rest,
        "entry_id": entry_id,
        "ended_by": None,
        "ended_entry_id": None,
    }
    follower = SettlementLine(**{**line.model_dump(), **changed})
    tx.session.add(follower)
    await tx.session.flush()
    return entry_id, follower


async def unsettled_payment(tx: Tx, bill: Bill, bank: str) -> SnapPayment | None:
    """The payment of this bank by which a locked bill is paid, while no line of a file has settled it."""
    settled = select(col(SettlementLine.id)).where(
        col(SettlementLine.payment_id) == col(SnapPayment.id),
        col(SettlementLine.ended_by).is_(None),
        col(SettlementLine.settled) > 0,
    )
    query = select(SnapPayment).where(
        col(SnapPayment.client_id) == bank, col(SnapPayment.entry_id) == bill.paid_entry_id, ~settled.exists()
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def left_behind(source: ledger.Reader, bank: str, *, limit: int) -> Sequence[Row[UUID, str]]:
    """Payments of a bank that stand unsettled while a line that names them is held: bill and payment id, oldest first.

    There are none but after a race on an id without an account, or where a corrected file left out the line before.
    """
    settled = select(col(_Other.id)).where(
        col(_Other.payment_id) == col(SnapPayment.id), col(_Other.ended_by).is_(None), col(_Other.settled) > 0
    )
    named = or_(
        col(SettlementLine.payment_request_id) == col(SnapPayment.payment_request_id),
        col(SettlementLine.bank_reference) == col(SnapPayment.payment_request_id),
        and_(
            col(SettlementLine.payment_request_id).is_(None),
            col(SettlementLine.bill_id) == col(SnapPayment.bill_id),
            col(SettlementLine.amount) == col(SnapPayment.amount),
        ),
    )
    query = (
        select(col(SnapPayment.bill_id), col(SnapPayment.payment_request_id))
        .join(SettlementException, col(SettlementException.bank) == col(SnapPayment.client_id))
        .join(SettlementLine, and_(col(SettlementLine.id) == col(SettlementException.line_id), named))
        .join(Bill, col(Bill.paid_entry_id) == col(SnapPayment.entry_id))
        .where(
            col(SnapPayment.client_id) == bank,
            col(SettlementException.state) != ExceptionState.CLOSED,
            col(SettlementException.kind).in_(HOMELESS),
            col(SettlementLine.ended_by).is_(None),
            col(SettlementLine.held) > 0,
            ~settled.exists(),
        )
        .order_by(col(SnapPayment.received_at))
        .limit(limit)
    )
    return (await source.execute(query)).all()


def _names(row: Row[Any], payment_request_id: str) -> bool:
    return payment_request_id in (row.payment_request_id, row.bank_reference)


def _order(row: Row[Any], payment_request_id: str, amount: int) -> tuple[bool, bool, bool]:
    """Undecided lines first, then those of this very id, then those of this amount; the oldest of equal ones."""
    return row.state == ExceptionState.CLOSED, row.payment_request_id != payment_request_id, row.amount != amount


def _reopen(row: SettlementException, line: SettlementLine) -> None:
    """The difference is now about another amount: whatever was proposed or decided before is not about that."""
    row.kind, row.state, row.suggested = ExceptionKind.AMOUNT, ExceptionState.OPEN, suggestion(line.held)
    row.line_id, row.payment_id, row.bill_id, row.held = line.id, line.payment_id, line.bill_id, line.held
    row.action = row.action_bill_id = row.proposed_by = row.proposed_at = None
    row.entry_id = row.closed_by = row.closed_at = None
    row.facts = {**row.facts, "held": line.held}


async def _still_held(tx: Tx, line_id: UUID) -> SettlementLine | None:
    line = await tx.lock(SettlementLine, line_id)
    held = line is not None and line.ended_by is None and line.payment_id is None and line.held > 0
    return line if held else None
