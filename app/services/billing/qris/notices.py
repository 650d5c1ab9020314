"""The acquirer tells that a QRIS code was paid (SNAP BI service 52): judged as any payment of its bill is.

A code that we showed is as good as an inquiry answered `00`: who pays it in its last minute is honoured within the bill's
grace. What is refused here the acquirer has taken all the same; it stands in its statement, and goes back from there.
"""

import json

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.services.billing.bills import lock_bill
from app.services.billing.ledger import insert_once
from app.services.billing.models import SnapInquiry
from app.services.billing.qris.models import QrisCode
from app.services.billing.snap import answers, codes, judgement
from app.services.billing.snap.amounts import write_amount
from app.services.billing.snap.answers import SnapAnswer
from app.services.billing.snap.callers import TransactionCaller
from app.services.billing.snap.codes import Service
from app.services.billing.snap.numbers import VirtualAccount, canonical_partner, pad_partner
from app.services.billing.snap.requests import AccountFields, PaymentRequest, QrNotice


async def judge_notice(tx: Tx, caller: TransactionCaller, notice: QrNotice) -> SnapAnswer:
    """Book the payment of a code, repeat an earlier answer, or refuse. Locks case and bill. Raises `LostRace`."""
    query = select(col(QrisCode.bill_id)).where(
        col(QrisCode.client_id) == caller.bank.client_id,
        col(QrisCode.partner_reference_no) == notice.partner_reference_no,
    )
    bill_id = (await tx.session.execute(query)).scalar_one_or_none()
    if bill_id is None:
        return answers.plain(Service.QR_NOTICE, codes.TRANSACTION_NOT_FOUND)
    if not notice.is_paid:
        return answers.plain(Service.QR_NOTICE, codes.SUCCESSFUL)
    bill = await lock_bill(tx, bill_id)
    await insert_once(
        tx,
        SnapInquiry,
        client_id=caller.bank.client_id,
        inquiry_request_id=notice.reference_no,
        bill_id=bill.id,
        answered_at=tx.now,
    )
    answer = await judgement.judge_payment(tx, caller, _as_payment(caller, notice, bill.customer_no))
    return _in_words_of_qris(answer, notice)


def _as_payment(caller: TransactionCaller, notice: QrNotice, customer_no: str) -> PaymentRequest:
    """The call that the bank would have made about the bill's virtual account."""
    partner = canonical_partner(caller.bank.partner_service_id)
    padded = pad_partner(partner)
    return PaymentRequest(
        account=VirtualAccount(partner, customer_no),
        fields=AccountFields(padded, customer_no, padded + customer_no),
        payment_request_id=notice.reference_no,
        amount=notice.amount,
        trx_at=notice.trx_at,
        reference_no=notice.reference_no[:64],
        flag_advise="N",
    )


def _in_words_of_qris(answer: SnapAnswer, notice: QrNotice) -> SnapAnswer:
    said = json.loads(answer.body)
    data = said.get("virtualAccountData", {})
    first = data.get("paidAmount", {}).get("value") if data.get("paymentFlagStatus") == answers.ACCEPTED else None
    if answer.http == codes.SUCCESSFUL[0] or (
        notice.amount.rupiah is not None and first == write_amount(notice.amount.rupiah)
    ):
        return answers.plain(Service.QR_NOTICE, codes.SUCCESSFUL)
    return answers.plain(Service.QR_NOTICE, (answer.http, said["responseCode"][5:]))
