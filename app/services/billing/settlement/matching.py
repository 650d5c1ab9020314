"""Which payment of ours a bank's line is about: asked once for many lines, decided in pure functions.

The reference decides: the bank's `paymentRequestId`, else its own reference where that is the same. Only a line without
an id that we could know is found by its virtual account. Dates never decide: a payment at 23:59:59 stands in the next
day's file, and some banks write UTC. A line that names an id of its own is never taken for another payment of the
same account: it may be the second of two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Row, select
from sqlmodel import col

from app.core.ids import new_id
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, BillState, SnapPayment
from app.services.billing.refund_models import Payout
from app.services.billing.settlement.lines import Direction, StatementLine
from app.services.billing.settlement.models import ExceptionKind, Outcome, SettlementLine
from app.services.billing.snap.times import bank_day
from app.services.billing.treasury.debits import waiting_amounts

LINK, MATCH, REFUND, REMITTED, CASH_MOVED, CHARGE, OFFSET, REVERSE, ACCEPT, DISMISS = (
    "link", "match", "refund", "remitted", "cash", "charge", "offset", "reverse", "accept", "dismiss",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Payment:
    """A booked payment; `current` while its bill is paid by it."""

    id: UUID
    bill_id: UUID
    customer_no: str
    amount: int
    current: bool


@dataclass(frozen=True, slots=True)
class BillFacts:
    """A bill as far as a line's money may belong to it."""

    id: UUID
    state: str
    amount: int
    expires_at: datetime


@dataclass(slots=True)
class Known:
    """What our books know about the lines of one chunk. `settled` grows as lines take their payments.

    `remitted`: amounts of remittances that no statement has shown yet.
    """

    partner: str
    payments: Mapping[str, Payment] = field(default_factory=dict)
    of_bill: Mapping[UUID, Payment] = field(default_factory=dict)
    bills: Mapping[str, BillFacts] = field(default_factory=dict)
    orders: Collection[str] = ()
    remitted: Collection[int] = ()
    settled: set[UUID] = field(default_factory=set)

    def payment_of(self, line: StatementLine) -> Payment | None:
        """The payment that the line names; None where the line's own account says that it is another."""
        found = self.payments.get(line.payment_request_id or "") or self.payments.get(line.bank_reference)
        number = customer_no(self.partner, line.virtual_account_no)
        return None if found is None or (number is not None and number != found.customer_no) else found

    def bill_of(self, line: StatementLine) -> BillFacts | None:
        """The bill behind the line's virtual account."""
        return self.bills.get(customer_no(self.partner, line.virtual_account_no) or "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a line turned out to be, and what it does: `settled` of the clearing account, `held` in suspense (rupiah).

    `kind` and `suggested` are of the work item for a person, None where there is none. `own_entry`: the money was booked
    by somebody else's entry (a payout's).
    """

    id: UUID
    line: StatementLine
    outcome: Outcome
    payment_id: UUID | None = None
    bill_id: UUID | None = None
    settled: int = 0
    held: int = 0
    kind: ExceptionKind | None = None
    suggested: str = DISMISS
    own_entry: UUID | None = None


def customer_no(partner: str, virtual_account_no: str | None) -> str | None:
    """Our number behind a bank's prefix; None for an account that is none of this bank's."""
    digits = "".join((virtual_account_no or "").split())
    return digits[len(partner) :] if digits.startswith(partner) and len(digits) > len(partner) else None


async def look_up(source: Reader, bank: str, partner: str, lines: Sequence[StatementLine]) -> Known:
    """Everything that `judge` needs for these lines, by a handful of queries however many lines there are."""
    named = {text for line in lines for text in (line.payment_request_id, line.bank_reference) if text}
    known = Known(partner, payments=await _payments(source, bank, named))
    numbers = {customer_no(partner, line.virtual_account_no) for line in lines if known.payment_of(line) is None}
    known.bills = await _bills(source, numbers - {None})
    known.of_bill = await _payments_of_bills(source, bank, [bill.id for bill in known.bills.values()])
    ids = {each.id for each in (*known.payments.values(), *known.of_bill.values())}
    known.settled = await _settled(source, ids)
    known.orders = await _orders(source, {line.end_to_end_id for line in lines if line.end_to_end_id})
    known.remitted = await waiting_amounts(source, {each.amount for each in lines if each.direction is Direction.DEBIT})
    return known


def judge(known: Known, line: StatementLine, *, contract_fee: int) -> Finding:
    """What one line is that takes nothing back: a credit, or a debit that is no payout of ours."""
    if line.direction is Direction.DEBIT:
        suggested = REMITTED if line.amount in known.remitted else CHARGE
        return Finding(new_id(), line, Outcome.DEBIT, held=-line.amount, kind=ExceptionKind.DEBIT, suggested=suggested)
    payment = known.payment_of(line)
    if payment is None and line.payment_request_id is None:
        bill = known.bill_of(line)
        payment = known.of_bill.get(bill.id) if bill else None
    if payment is None:
        return _without_payment(line, known.bill_of(line))
    if not payment.current:
        return _homeless(line, Outcome.REFUSED, payment.bill_id, REFUND)
    if payment.id in known.settled:
        return _homeless(line, Outcome.DUPLICATE, payment.bill_id, REFUND)
    known.settled.add(payment.id)
    return _settling(line, payment, contract_fee)


def is_equal(*, rest: int, fee: int, contract_fee: int) -> bool:
    """Whether a line is its payment to the rupiah: nothing over or missing, and no fee that no contract knows."""
    return rest == 0 and fee in (0, contract_fee)


def suggestion(rest: int) -> str:
    """What to do about the `rest` of a line over another amount than its payment."""
    return REFUND if rest > 0 else CHARGE if rest < 0 else DISMISS


def unpaid_bills(known: Known, lines: Iterable[StatementLine]) -> set[UUID]:
    """The bills behind lines that no payment explains yet: a bank may be telling us of it at this moment."""
    found = set()
    for line in lines:
        bill = known.bill_of(line) if known.payment_of(line) is None else None
        if bill is not None and (line.payment_request_id is not None or bill.id not in known.of_bill):
            found.add(bill.id)
    return found


def _settling(line: StatementLine, payment: Payment, contract_fee: int) -> Finding:
    rest = line.amount - payment.amount
    equal = is_equal(rest=rest, fee=line.fee, contract_fee=contract_fee)
    return Finding(
        new_id(),
        line,
        Outcome.MATCHED if equal else Outcome.AMOUNT,
        payment_id=payment.id,
        bill_id=payment.bill_id,
        settled=payment.amount,
        held=rest,
        kind=None if equal else ExceptionKind.AMOUNT,
        suggested=suggestion(rest),
    )


def _without_payment(line: StatementLine, bill: BillFacts | None) -> Finding:
    """Money that no payment of ours explains: for a bill that may still be paid by it we never heard of the payment;
    for any other we refused it, and the bank kept the money."""
    if bill is None:
        return _homeless(line, Outcome.UNKNOWN, None, OFFSET)
    payable = bill.state in (BillState.OPEN, BillState.EXPIRED) and line.booked_on <= _last_day(bill)
    if payable and bill.amount == line.amount:
        return _homeless(line, Outcome.UNKNOWN, bill.id, LINK)
    return _homeless(line, Outcome.REFUSED, bill.id, REFUND)


def _homeless(line: StatementLine, outcome: Outcome, bill_id: UUID | None, suggested: str) -> Finding:
    kind = ExceptionKind(outcome.value)
    return Finding(new_id(), line, outcome, bill_id=bill_id, held=line.amount, kind=kind, suggested=suggested)


def _last_day(bill: BillFacts) -> date:
    return bank_day(bill.expires_at)


async def _payments(source: Reader, bank: str, named: Collection[str]) -> dict[str, Payment]:
    query = _PAYMENTS.where(col(SnapPayment.client_id) == bank, col(SnapPayment.payment_request_id).in_(named))
    rows = (await source.execute(query)).all()
    return {row.payment_request_id: _payment(row) for row in rows}


async def _payments_of_bills(source: Reader, bank: str, bill_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """The payment by which each bill is paid, where it is this bank's: a bill has one at most."""
    if not bill_ids:
        return {}
    query = _PAYMENTS.where(
        col(SnapPayment.client_id) == bank,
        col(SnapPayment.bill_id).in_(bill_ids),
        col(Bill.paid_entry_id) == col(SnapPayment.entry_id),
    )
    return {row.bill_id: _payment(row) for row in (await source.execute(query)).all()}


async def _bills(source: Reader, numbers: Iterable[str | None]) -> dict[str, BillFacts]:
    wanted = list(numbers)
    if not wanted:
        return {}
    query = select(col(Bill.customer_no), col(Bill.id), col(Bill.state), col(Bill.amount), col(Bill.expires_at)).where(
        col(Bill.customer_no).in_(wanted)
    )
    rows = (await source.execute(query)).all()
    return {row.customer_no: BillFacts(row.id, row.state, row.amount, row.expires_at) for row in rows}


async def _settled(source: Reader, payment_ids: Collection[UUID]) -> set[UUID]:
    if not payment_ids:
        return set()
    query = select(col(SettlementLine.payment_id)).where(
        col(SettlementLine.payment_id).in_(payment_ids),
        col(SettlementLine.ended_by).is_(None),
        col(SettlementLine.settled) > 0,
    )
    return {each for each in (await source.execute(query)).scalars() if each is not None}


async def _orders(source: Reader, end_to_end_ids: Collection[str]) -> set[str]:
    if not end_to_end_ids:
        return set()
    query = select(col(Payout.end_to_end_id)).where(col(Payout.end_to_end_id).in_(end_to_end_ids))
    return set((await source.execute(query)).scalars())


_PAYMENTS = select(
    col(SnapPayment.id),
    col(SnapPayment.payment_request_id),
    col(SnapPayment.bill_id),
    col(SnapPayment.amount),
    col(Bill.customer_no),
    col(Bill.paid_entry_id).is_not_distinct_from(col(SnapPayment.entry_id)).label("current"),
).join(Bill, col(Bill.id) == col(SnapPayment.bill_id))


def _payment(row: Row[UUID, str, UUID, int, str, bool]) -> Payment:
    return Payment(row.id, row.bill_id, row.customer_no, row.amount, bool(row.current))
