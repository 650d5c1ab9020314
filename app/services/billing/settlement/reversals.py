"""Lines that take an earlier one back: a payment is undone and its bill asks again; money without a home goes home.

Nothing is guessed: what is taken back must be one of ours over the same amount. What a verdict or a refund has used
already is not undone by a machine; it waits for a person, and suspense shows what is missing.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.ids import new_id
from app.core.problems import Problem
from app.services.billing import incidents
from app.services.billing.incidents import IncidentKind
from app.services.billing.models import Bill, SnapPayment
from app.services.billing.payments import reverse_payment
from app.services.billing.problems import MONEY_MOVED_ON
from app.services.billing.settlement.lines import Direction, StatementLine
from app.services.billing.settlement.matching import OFFSET, Finding, Known, Payment
from app.services.billing.settlement.models import (
    ExceptionKind,
    ExceptionState,
    Outcome,
    SettlementException,
    SettlementLine,
    SettlementStatement,
)
from app.services.billing.settlement.survey import BankOf

LOOK_BACK = timedelta(days=120)
"""How far back a line may lie that a bank takes back by its own reference alone."""
REASON = "ditarik kembali bank / taken back by the bank"


@dataclass(frozen=True, slots=True)
class Back:
    """What a reversal line turned out to be; `closes` is the difference that it settles."""

    finding: Finding
    closes: UUID | None = None


async def take_back(tx: Tx, bank: BankOf, known: Known, line: StatementLine) -> Back:
    """Judge one reversal line, and undo what it takes back. Locks case and bill of the payment."""
    if line.direction is Direction.CREDIT:
        return await _homeless(tx, bank, line, held=line.amount)
    payment = await _payment(tx, bank, known, line)
    if payment is None or payment.amount != line.amount:
        return await _homeless(tx, bank, line, held=-line.amount)
    if not payment.current and not await _stands(tx, payment.id):
        return await _homeless(tx, bank, line, held=-line.amount)
    if payment.current and not await _undone(tx, bank, payment, line):
        return Back(_waiting(line, ExceptionKind.REVERSAL, payment))
    if payment.id not in known.settled:  # the money never came by a line that we know
        return Back(_waiting(line, ExceptionKind.DEBIT, payment))
    found = Finding(
        new_id(), line, Outcome.REVERSED, payment_id=payment.id, bill_id=payment.bill_id, settled=-payment.amount
    )
    return Back(found)


async def _undone(tx: Tx, bank: BankOf, payment: Payment, line: StatementLine) -> bool:
    """Undo a payment that its bank has taken back, and leave that to be seen by a person: the payer was told it stands."""
    try:
        await reverse_payment(tx, payment.bill_id, REASON)
    except Problem as problem:
        if problem.type is not MONEY_MOVED_ON:
            raise
        return False
    facts: dict[str, JsonValue] = {"amount": payment.amount, "bank_reference": line.bank_reference}
    kind, subject = IncidentKind.PAYMENT_REVERSED, str(payment.id)
    await incidents.report(tx, kind, bank.client_id, subject, bill_id=payment.bill_id, facts=facts)
    return True


def _waiting(line: StatementLine, kind: ExceptionKind, payment: Payment) -> Finding:
    return Finding(
        new_id(), line, Outcome.DEBIT, bill_id=payment.bill_id, held=-line.amount, kind=kind, suggested=OFFSET
    )


async def _homeless(tx: Tx, bank: BankOf, line: StatementLine, *, held: int) -> Back:
    """A line that takes back what was without a home: it closes that difference; else it is one itself."""
    other = await _open_difference(tx, bank, line, held=-held)
    if other is not None:
        found = Finding(new_id(), line, Outcome.RETURNED, bill_id=other.bill_id, held=held)
        return Back(found, closes=other.id)
    outcome, kind = (Outcome.UNKNOWN, ExceptionKind.UNKNOWN) if held > 0 else (Outcome.DEBIT, ExceptionKind.DEBIT)
    return Back(Finding(new_id(), line, outcome, held=held, kind=kind, suggested=OFFSET))


async def _open_difference(tx: Tx, bank: BankOf, line: StatementLine, *, held: int) -> SettlementException | None:
    named = [col(SettlementLine.bank_reference) == line.bank_reference]
    if line.payment_request_id:
        named.append(col(SettlementLine.payment_request_id) == line.payment_request_id)
    if line.virtual_account_no:
        named.append(col(SettlementLine.virtual_account_no) == line.virtual_account_no)
    query = (
        select(SettlementException)
        .join(SettlementLine, col(SettlementLine.id) == col(SettlementException.line_id))
        .where(
            col(SettlementException.bank) == bank.client_id,
            col(SettlementException.state) != ExceptionState.CLOSED,
            col(SettlementException.held) == held,
            or_(*named),
        )
        .order_by(col(SettlementException.opened_at), col(SettlementException.id))
        .limit(1)
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _payment(tx: Tx, bank: BankOf, known: Known, line: StatementLine) -> Payment | None:
    """The payment by its id, by the bank's reference of its own line, or by the account."""
    found = known.payment_of(line)
    if found is None:
        found = await _by_reference(tx, bank, line)
        if found is not None and await _stands(tx, found.id):
            known.settled.add(found.id)
    if found is None and line.payment_request_id is None:
        bill = known.bill_of(line)
        found = known.of_bill.get(bill.id) if bill else None
    # An earlier line of this chunk may have undone it, or booked it anew.
    return None if found is None else await _fresh(tx, found.id)


async def _by_reference(tx: Tx, bank: BankOf, line: StatementLine) -> Payment | None:
    series = select(col(SettlementStatement.series_id)).where(
        col(SettlementStatement.bank) == bank.client_id,
        col(SettlementStatement.last_day) >= line.booked_on - LOOK_BACK,
    )
    query = select(col(SettlementLine.payment_id)).where(
        col(SettlementLine.series_id).in_(series),
        col(SettlementLine.bank_reference) == line.bank_reference,
        col(SettlementLine.ended_by).is_(None),
        col(SettlementLine.settled) > 0,
        col(SettlementLine.amount) == line.amount,
    )
    found = (await tx.session.execute(query.limit(1))).scalar_one_or_none()
    return None if found is None else await _fresh(tx, found)


async def _fresh(tx: Tx, payment_id: UUID) -> Payment:
    query = (
        select(
            col(SnapPayment.bill_id),
            col(SnapPayment.amount),
            col(Bill.customer_no),
            col(Bill.paid_entry_id).is_not_distinct_from(col(SnapPayment.entry_id)).label("current"),
        )
        .join(Bill, col(Bill.id) == col(SnapPayment.bill_id))
        .where(col(SnapPayment.id) == payment_id)
    )
    row = (await tx.session.execute(query)).one()
    return Payment(payment_id, row.bill_id, row.customer_no, row.amount, bool(row.current))


async def _stands(tx: Tx, payment_id: UUID) -> bool:
    """Whether a line says that the bank has paid this out to us, and none that it took it back."""
    lines = select(col(SettlementLine.id)).where(
        col(SettlementLine.payment_id) == payment_id, col(SettlementLine.ended_by).is_(None)
    )
    paid = (await tx.session.execute(lines.where(col(SettlementLine.settled) > 0))).first()
    return paid is not None and (await tx.session.execute(lines.where(col(SettlementLine.settled) < 0))).first() is None
