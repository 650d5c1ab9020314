"""Inquiry, payment and status, judged: each in the caller's one transaction, committed before the answer leaves.

The rule of repeats: a `paymentRequestId` that was booked is that payment for ever. Same facts get the stored answer
again, whatever the X-EXTERNAL-ID or the advice flag; another amount gets 4042518 with the first result; another account
4042512. A refused id is judged afresh. Two at once: the second waits for the row and then finds the first's result.
Never is anything refused that the books hold as paid, and never is `00` said before the commit.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, union_all
from sqlmodel import col

from app.core.db import JsonValue, Tx, loose
from app.core.ids import new_id
from app.core.prepared import Prepared, Statement
from app.services.billing import incidents, refunds
from app.services.billing.accounts import bank_clearing
from app.services.billing.banks import DuplicateAnswer
from app.services.billing.bills import LOCK_BILL_OF_NUMBER, LOCK_CASE_OF_NUMBER, customer_no_is_valid
from app.services.billing.incidents import IncidentKind
from app.services.billing.ledger import insert_once, once
from app.services.billing.models import (
    Bill,
    BillState,
    SnapExternalId,
    SnapInquiry,
    SnapPayment,
)
from app.services.billing.payments import LostRace, post_locked_payment
from app.services.billing.settlement import early_lines, linking
from app.services.billing.settlement.early_lines import EarlyLine, Paid
from app.services.billing.settlement.models import SettlementLine
from app.services.billing.snap import answers, codes
from app.services.billing.snap.answers import BillFacts, SnapAnswer
from app.services.billing.snap.callers import TransactionCaller
from app.services.billing.snap.codes import Service
from app.services.billing.snap.models import SnapLaterId
from app.services.billing.snap.numbers import VirtualAccount, canonical_partner
from app.services.billing.snap.requests import RUPIAH, InquiryRequest, PaymentRequest, StatusRequest
from app.services.billing.snap.times import bank_day

PAID_AFTER_CANCEL = "dibayar setelah dibatalkan / paid after it was cancelled"
GRACE_MINUTES = 10
"""Of a bill that was opened before units had a rule of their own."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A payment that was booked before."""

    bill_id: UUID
    amount: int
    currency: str
    answer: str
    reversed: bool


async def judge_inquiry(tx: Tx, caller: TransactionCaller, request: InquiryRequest) -> SnapAnswer:
    """Say what a virtual account owes. An answer `00` is remembered: its payment has grace."""
    key = f"{request.inquiry_request_id} {request.account.canonical}"

    def refused(case: tuple[int, str]) -> SnapAnswer:
        return answers.refused_inquiry(case, request.fields, request.inquiry_request_id)

    if await _claim_external_id(tx, caller, Service.INQUIRY, key) != key:
        return refused(codes.CONFLICT)
    bill = await _find_bill(tx, caller, request.account)
    if bill is None or bill.state == BillState.CANCELLED:
        return refused(codes.INVALID_BILL)
    if bill.state == BillState.PAID:
        return refused(codes.PAID_BILL)
    if bill.expires_at <= tx.now:
        return refused(codes.EXPIRED_BILL)
    await insert_once(
        tx,
        SnapInquiry,
        client_id=caller.bank.client_id,
        inquiry_request_id=request.inquiry_request_id,
        bill_id=bill.id,
        answered_at=tx.now,
    )
    return answers.inquiry(request.fields, request.inquiry_request_id, _facts(bill))


async def judge_payment(tx: Tx, caller: TransactionCaller, request: PaymentRequest) -> SnapAnswer:
    """Book a payment, repeat an earlier answer, or refuse. Locks case and bill. Raises `LostRace`."""
    holder, bill, known, early = await _lock_and_find(tx, caller, request)
    if known is not None:
        return await _judge_repeat(tx, caller, request, known, bill)
    if holder != request.payment_request_id:
        return answers.refused_payment(codes.CONFLICT, request)
    if bill is None:
        return answers.refused_payment(codes.INVALID_BILL, request)
    linked = await _find_linked(tx, caller, bill)
    if linked is not None and (request.amount.rupiah, request.amount.currency) == (bill.amount, RUPIAH):
        return await _tell_linked(tx, request, bill, linked)
    refusal = await _why_not(tx, caller, request, bill)
    if refusal is not None:
        return answers.refused_payment(refusal, request)
    if early is not None and not await early_lines.reclaim(tx, early):
        await _report(tx, caller, IncidentKind.PAID_AFTER_SENT_BACK, request.payment_request_id, bill.id)
        return answers.refused_payment(codes.INVALID_BILL, request)
    return await _book(tx, caller, request, bill, early)


async def judge_status(tx: Tx, caller: TransactionCaller, request: StatusRequest) -> SnapAnswer:
    """Say what became of a payment: 2002600 with the booking, or 4042601 when this bank has none under these ids."""
    key = f"{request.inquiry_request_id} {request.payment_request_id} {request.account.canonical}"
    if await _claim_external_id(tx, caller, Service.STATUS, key) != key:
        return answers.plain(Service.STATUS, codes.CONFLICT)
    bill = await _find_bill(tx, caller, request.account)
    if bill is None:
        return answers.plain(Service.STATUS, codes.INVALID_BILL, "[Not Found]")
    ids = [request.payment_request_id, request.inquiry_request_id]
    later = select(col(SnapLaterId.payment_id)).where(
        col(SnapLaterId.payment_id) == col(SnapPayment.id), col(SnapLaterId.payment_request_id).in_(ids)
    )
    query = select(col(SnapPayment.answer), col(SnapPayment.received_at)).where(
        col(SnapPayment.client_id) == caller.bank.client_id,
        col(SnapPayment.payment_request_id).in_(ids) | later.exists(),
        col(SnapPayment.bill_id) == bill.id,
        col(SnapPayment.entry_id) == bill.paid_entry_id,  # one that the bank took back is no payment any more
    )
    found = (await tx.session.execute(query)).first() or await _find_linked(tx, caller, bill)
    if found is None:
        return answers.plain(Service.STATUS, codes.TRANSACTION_NOT_FOUND)
    return answers.status(request.fields, request.inquiry_request_id, found.answer, found.received_at)


async def _judge_repeat(
    tx: Tx, caller: TransactionCaller, request: PaymentRequest, known: _Known, bill: Bill | None
) -> SnapAnswer:
    if bill is None or bill.id != known.bill_id:
        # Never 4042518: a bank counts that as success, here for an account that nobody paid.
        await _report(tx, caller, IncidentKind.SAME_PAYMENT_OTHER_ACCOUNT, request.payment_request_id, known.bill_id)
        return answers.refused_payment(codes.INVALID_BILL, request)
    if known.reversed:
        await _report(tx, caller, IncidentKind.REPEATED_AFTER_REVERSAL, request.payment_request_id, known.bill_id)
        return answers.refused_payment(codes.INVALID_BILL, request)
    if (request.amount.rupiah, request.amount.currency) != (known.amount, known.currency):
        facts: dict[str, JsonValue] = {"first": known.amount, "now": request.amount.rupiah}
        kind, request_id = IncidentKind.SAME_PAYMENT_OTHER_AMOUNT, request.payment_request_id
        await _report(tx, caller, kind, request_id, known.bill_id, facts=facts)
        return answers.inconsistent_payment(known.answer)
    if caller.profile.duplicate_answer is DuplicateAnswer.INCONSISTENT:
        return answers.inconsistent_payment(known.answer)
    return SnapAnswer(codes.SUCCESSFUL[0], known.answer)


async def _why_not(tx: Tx, caller: TransactionCaller, request: PaymentRequest, bill: Bill) -> tuple[int, str] | None:
    """The case under which a locked bill must not be paid; None when it may be."""
    if bill.state == BillState.PAID:
        return codes.PAID_BILL
    cancelled = bill.state == BillState.CANCELLED
    if (cancelled or bill.expires_at <= tx.now) and not await _has_grace(tx, caller, request, bill):
        return codes.INVALID_BILL if cancelled else codes.EXPIRED_BILL
    if (request.amount.rupiah, request.amount.currency) != (bill.amount, RUPIAH):
        return codes.INVALID_AMOUNT
    return None


async def _book(
    tx: Tx, caller: TransactionCaller, request: PaymentRequest, bill: Bill, early: EarlyLine | None
) -> SnapAnswer:
    """Book it, and keep the answer. A line of the bank that came before (`early`) settles it in the same transaction."""
    was_cancelled = bill.state == BillState.CANCELLED
    answer, payment_id, bank = answers.payment(request, _facts(bill), tx.now), new_id(), caller.bank.client_id

    def proof(entry_id: UUID) -> Statement:
        return once(
            tx,
            SnapPayment,
            id=payment_id,
            client_id=bank,
            payment_request_id=request.payment_request_id,
            bill_id=bill.id,
            amount=bill.amount,
            currency=bill.currency,
            entry_id=entry_id,
            external_id=caller.external_id,
            channel_id=caller.channel_id,
            reference_no=request.reference_no,
            trx_at=request.trx_at,
            received_at=tx.now,
            answer=answer.body,
        )

    await post_locked_payment(tx, bill, amount=bill.amount, debit=bank_clearing(bank), memo=f"SNAP {bank}", proof=proof)
    if early is not None:
        paid = Paid(bank, payment_id, bill.id, bill.amount, caller.profile.settlement_fee)
        await early_lines.settle(tx, early, paid)
    if was_cancelled:
        # The bank was told 00 before the bill was cancelled, so the money is taken, and owed back at once: what the
        # case's own answer to the payment has not owed back already.
        await refunds.owe_held(tx, bill.id, PAID_AFTER_CANCEL)
        await _report(tx, caller, IncidentKind.PAID_AFTER_CANCEL, request.payment_request_id, bill.id)
    return answer


async def _find_linked(tx: Tx, caller: TransactionCaller, bill: Bill) -> SnapPayment | None:
    """The payment of a paid bill that two persons linked from a line of this bank's file which named no id, as long as
    the bank has not told its id either."""
    if bill.state != BillState.PAID:
        return None
    of_line = select(col(SettlementLine.id)).where(
        col(SettlementLine.payment_id) == col(SnapPayment.id),
        col(SettlementLine.ended_by).is_(None),
        col(SettlementLine.payment_request_id).is_(None),
        col(SettlementLine.bank_reference) == col(SnapPayment.payment_request_id),
    )
    told = select(col(SnapLaterId.payment_id)).where(col(SnapLaterId.payment_id) == col(SnapPayment.id))
    query = select(SnapPayment).where(
        col(SnapPayment.entry_id) == bill.paid_entry_id,
        col(SnapPayment.client_id) == caller.bank.client_id,
        col(SnapPayment.channel_id) == linking.CHANNEL,
        of_line.exists(),
        ~told.exists(),
    )
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _tell_linked(tx: Tx, request: PaymentRequest, bill: Bill, linked: SnapPayment) -> SnapAnswer:
    """The bank now tells the id of a linked payment, once: its answer is kept for the repetitions. Raises `LostRace`."""
    answer = answers.payment(request, _facts(bill), linked.received_at)
    written = await insert_once(
        tx,
        SnapLaterId,
        client_id=linked.client_id,
        payment_request_id=request.payment_request_id,
        payment_id=linked.id,
        told_at=tx.now,
        answer=answer.body,
    )
    if not written:
        raise LostRace(request.payment_request_id)
    return answer


async def _has_grace(tx: Tx, caller: TransactionCaller, request: PaymentRequest, bill: Bill) -> bool:
    """Whether this payment's own inquiry was answered `00`, and the bill ended less than its unit's grace time ago."""
    ended_at = min(bill.expires_at, bill.ended_at or bill.expires_at)
    minutes = GRACE_MINUTES if bill.grace_minutes is None else bill.grace_minutes
    if tx.now >= ended_at + timedelta(minutes=minutes):
        return False
    query = select(col(SnapInquiry.id)).where(
        col(SnapInquiry.client_id) == caller.bank.client_id,
        col(SnapInquiry.inquiry_request_id) == request.payment_request_id,
        col(SnapInquiry.bill_id) == bill.id,
    )
    return (await tx.session.execute(query)).first() is not None


async def _lock_and_find(
    tx: Tx, caller: TransactionCaller, request: PaymentRequest
) -> tuple[str, Bill | None, _Known | None, EarlyLine | None]:
    """All that a payment is judged by: who has its X-EXTERNAL-ID, its bill (locked), the payment of this id, and a line
    that came before it.

    It goes to the database together, and in this order: the case before the bill, as everywhere, and what is looked for
    after both, because a rival may have booked it while we waited.
    """
    bank, account, key = caller.bank.client_id, request.account, request.payment_request_id
    # A mistyped number, or another bank's, is asked for as none at all.
    payable = _is_own(caller, account) and customer_no_is_valid(account.customer_no)
    number = account.customer_no if payable else ""
    claim = _external_id(tx, caller, Service.PAYMENT)
    claimed, _, bills, payments, lines = await tx.run_all(
        once(tx, SnapExternalId, **claim, request_key=key),
        (LOCK_CASE_OF_NUMBER, {"customer_no": number}),
        (LOCK_BILL_OF_NUMBER, {"customer_no": number}),
        (_PAYMENT, {"client_id": bank, "payment_request_id": key}),
        (early_lines.EARLY, {"bank": bank, "request": key, "customer_no": number}),
    )
    await _is_ours(tx, caller, account)
    bill = loose(Bill, bills[0]) if bills else None
    known = _known(payments[0]) if payments else None
    early = early_lines.choose(lines, account.partner, key, bill) if bill is not None else None
    return key if claimed else await _holder(tx, claim), bill, known, early


async def _claim_external_id(tx: Tx, caller: TransactionCaller, service: Service, key: str) -> str:
    """Use up today's X-EXTERNAL-ID for this request; returns the request that has it, ours or an earlier one."""
    claim = _external_id(tx, caller, service)
    return key if await insert_once(tx, SnapExternalId, **claim, request_key=key) else await _holder(tx, claim)


def _external_id(tx: Tx, caller: TransactionCaller, service: Service) -> dict[str, Any]:
    day, client_id = bank_day(tx.now), caller.bank.client_id
    return {"client_id": client_id, "service": service.value, "day": day, "external_id": caller.external_id}


async def _holder(tx: Tx, claim: dict[str, Any]) -> str:
    """The request that used this X-EXTERNAL-ID before."""
    return (await tx.session.execute(select(col(SnapExternalId.request_key)).filter_by(**claim))).scalar_one()


async def _find_bill(tx: Tx, caller: TransactionCaller, account: VirtualAccount) -> Bill | None:
    """The bill behind an account of this bank. A mistyped number does not reach the table."""
    if not await _is_ours(tx, caller, account) or not customer_no_is_valid(account.customer_no):
        return None
    query = select(Bill).where(col(Bill.customer_no) == account.customer_no)
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def _is_ours(tx: Tx, caller: TransactionCaller, account: VirtualAccount) -> bool:
    """Whether this bank may ask for the account; one of another bank is worth somebody's look."""
    if _is_own(caller, account):
        return True
    await _report(tx, caller, IncidentKind.ACCOUNT_OF_ANOTHER_BANK, account.partner, None)
    return False


def _is_own(caller: TransactionCaller, account: VirtualAccount) -> bool:
    return account.partner == canonical_partner(caller.bank.partner_service_id)


_KNOWN = (
    col(SnapPayment.bill_id),
    col(SnapPayment.amount),
    col(SnapPayment.currency),
    (col(Bill.paid_entry_id).is_distinct_from(col(SnapPayment.entry_id))).label("reversed"),
)
# Built once: making a statement anew for each payment costs more than running it (`make bench`).
_PAYMENT = Prepared(
    union_all(
        select(*_KNOWN, col(SnapPayment.answer))
        .join(Bill, col(Bill.id) == col(SnapPayment.bill_id))
        .where(
            col(SnapPayment.client_id) == bindparam("client_id"),
            col(SnapPayment.payment_request_id) == bindparam("payment_request_id"),
        ),
        select(*_KNOWN, col(SnapLaterId.answer))
        .join(SnapLaterId, col(SnapLaterId.payment_id) == col(SnapPayment.id))
        .join(Bill, col(Bill.id) == col(SnapPayment.bill_id))
        .where(
            col(SnapLaterId.client_id) == bindparam("client_id"),
            col(SnapLaterId.payment_request_id) == bindparam("payment_request_id"),
        ),
    )
)


def _known(row: Any) -> _Known:
    return _Known(row.bill_id, row.amount, row.currency, row.answer, bool(row.reversed))


async def _report(
    tx: Tx,
    caller: TransactionCaller,
    kind: IncidentKind,
    subject: str,
    bill_id: UUID | None,
    *,
    facts: dict[str, JsonValue] | None = None,
) -> None:
    await incidents.report(tx, kind, caller.bank.client_id, subject, bill_id=bill_id, facts=facts)


def _facts(bill: Bill) -> BillFacts:
    return BillFacts(bill.title, bill.amount, bill.currency)
