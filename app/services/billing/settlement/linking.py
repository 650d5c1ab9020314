"""Money without a home becomes the payment of a bill, by the word of two persons, as if its bank had told us of it.

The bank may tell us yet, or ask: so the payment stands beside those that came by SNAP BI, under the line's own id and
with the answer that the bank would have heard. What the books hold as paid is never refused.
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.core.money import Rupiah
from app.core.problems import Problem
from app.core.texts import Text
from app.services.billing.accounts import bank_clearing
from app.services.billing.banks import bank_profile
from app.services.billing.bills import lock_bill
from app.services.billing.ledger import insert_once
from app.services.billing.models import Bill, SnapPayment
from app.services.billing.payments import post_locked_payment
from app.services.billing.settlement import early_lines
from app.services.billing.settlement.early_lines import Paid
from app.services.billing.settlement.models import SettlementException, SettlementLine
from app.services.billing.settlement.problems import ACTION_NOT_POSSIBLE
from app.services.billing.snap import answers
from app.services.billing.snap.answers import BillFacts
from app.services.billing.snap.numbers import VirtualAccount, pad_partner
from app.services.billing.snap.requests import RUPIAH, AccountFields, PaidAmount, PaymentRequest
from app.services.identity import credentials

CHANNEL = "SETTLEMENT"
"""`channel_id` of a payment that was linked here and came by no call."""
LINE_GONE = Text(
    "Baris bank ini baru saja diganti oleh berkas koreksi; muat ulang.",
    "A corrected file has just replaced this line of the bank; load it again.",
)


async def link(tx: Tx, row: SettlementException, bill: Bill, memo: str) -> UUID:
    """Let the line's money pay a locked bill: ``BC -> TD`` with the bank's payment, and ``SU -> BC`` for the line.

    Returns the payment's entry. The difference points to the line that now settles the payment: it stands on a decision.
    """
    line = await _line_of(tx, row)
    entry_id = await post_locked_payment(tx, bill, amount=row.held, debit=bank_clearing(row.bank), memo=memo)
    request = await _as_told(tx, row.bank, bill, line)
    if not await _keep(tx, row, bill, request, entry_id):  # the id is that of another payment of this bank
        await _keep(tx, row, bill, replace(request, payment_request_id=f"settlement-{row.id}"), entry_id)
    payment = (await tx.session.execute(select(SnapPayment).where(col(SnapPayment.entry_id) == entry_id))).scalar_one()
    await settle_by(tx, row, payment)
    return entry_id


async def settle_by(tx: Tx, row: SettlementException, payment: SnapPayment) -> UUID:
    """Let the difference's line settle this payment; returns the entry (``SU -> BC``)."""
    line = await _line_of(tx, row)
    profile = await _profile_of(tx, row.bank)
    paid = Paid(row.bank, payment.id, payment.bill_id, payment.amount, bank_profile(profile).settlement_fee)
    entry_id, follower = await early_lines.judge_anew(tx, line, paid)
    row.line_id = follower.id
    return entry_id


async def settle_payment(tx: Tx, bank: str, payment_request_id: str, bill_id: UUID) -> None:
    """Let the line that is held for this payment settle it, if both are still so. Locks case and bill."""
    bill = await lock_bill(tx, bill_id)
    payment = await early_lines.unsettled_payment(tx, bill, bank)
    client = await credentials.bank_client(tx.session, tx.house.keys, bank)
    if payment is None or client is None or payment.payment_request_id != payment_request_id:
        return
    early = await early_lines.find(tx, bank, client.partner_service_id.strip(), payment_request_id, bill)
    if early is not None and not early.closed:
        fee = bank_profile(client.profile).settlement_fee
        await early_lines.settle(tx, early, Paid(bank, payment.id, bill.id, payment.amount, fee))


async def _keep(tx: Tx, row: SettlementException, bill: Bill, request: PaymentRequest, entry_id: UUID) -> bool:
    return await insert_once(
        tx,
        SnapPayment,
        client_id=row.bank,
        payment_request_id=request.payment_request_id,
        bill_id=bill.id,
        amount=bill.amount,
        currency=bill.currency,
        entry_id=entry_id,
        external_id=str(row.id),
        channel_id=CHANNEL,
        reference_no=request.reference_no,
        trx_at=request.trx_at,
        received_at=tx.now,
        answer=answers.payment(request, BillFacts(bill.title, bill.amount, bill.currency), tx.now).body,
    )


async def _as_told(tx: Tx, bank: str, bill: Bill, line: SettlementLine) -> PaymentRequest:
    """The call that the bank would have made."""
    client = await credentials.bank_client(tx.session, tx.house.keys, bank)
    partner = (client.partner_service_id if client else "").strip()
    padded = pad_partner(partner)
    return PaymentRequest(
        account=VirtualAccount(partner, bill.customer_no),
        fields=AccountFields(padded, bill.customer_no, padded + bill.customer_no),
        payment_request_id=line.payment_request_id or line.bank_reference,
        amount=PaidAmount(Rupiah(bill.amount), RUPIAH),
        trx_at=line.trx_at,
        reference_no=line.bank_reference[:64],
        flag_advise="N",
    )


async def _line_of(tx: Tx, row: SettlementException) -> SettlementLine:
    line = await tx.lock(SettlementLine, row.line_id) if row.line_id is not None else None
    if line is None or line.ended_by is not None or line.held != row.held:
        raise _gone()
    return line


async def _profile_of(tx: Tx, bank: str) -> str | None:
    client = await credentials.bank_client(tx.session, tx.house.keys, bank)
    return client.profile if client else None


def _gone() -> Problem:
    return ACTION_NOT_POSSIBLE(why=LINE_GONE)
