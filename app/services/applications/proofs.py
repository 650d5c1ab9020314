"""The receipts of an application's payments, and their proof: of a payment where there was one, else of what happened last.

There may be several: an exemption that was denied, or a draft that was opened again, is billed once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Select, select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor
from app.core.db import Tx
from app.core.house import House
from app.core.money import Rupiah
from app.services import billing, cases, documents, reference, transparency
from app.services.applications.models import ApplicationReceipt
from app.services.applications.problems import NO_RECEIPT, PROOF_NOT_READY
from app.services.applications.store import application_of, check_may_see, service_of
from app.services.cases import CaseEvent

RETRY_AFTER_S = 5
POLICE = "Kepolisian Negara Republik Indonesia"
SIGNATORY = "Bendahara Penerimaan"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One receipt, as a list shows it. `code` is its number, by which anybody can check it; `written` says whether it can be had
    as paper and data: only once a bank has told of the payment in its own words."""

    code: str
    at: datetime
    amount: Rupiah
    written: bool
    voided_at: datetime | None


async def proof_for(house: House, actor: Actor, case_id: UUID, *, code: str | None = None) -> bytes:
    """The inclusion proof as JSON, after the log was brought up to date; with a `code` of that receipt's payment.

    Raises APPLICATION_NOT_FOUND, PROOF_NOT_READY, NO_RECEIPT.
    """
    for attempt in range(2):
        async with house.db.begin(actor) as tx:
            await check_may_see(tx.session, actor, await application_of(tx, case_id))
            proof = await transparency.proof_of(house, tx.session, await _leaf(tx, case_id, code))
        if proof is not None:
            return orjson.dumps(proof.to_json())
        if attempt == 0:
            await transparency.sequence(house)
    raise PROOF_NOT_READY(retry_after=RETRY_AFTER_S, headers={"Retry-After": str(RETRY_AFTER_S)})


async def receipt_for(house: House, actor: Actor, case_id: UUID, *, code: str | None = None) -> documents.ReceiptData:
    """What the receipt of this number says, or the newest, with the inclusion proof of its payment, for PDF and JSON alike.

    Raises APPLICATION_NOT_FOUND, NO_RECEIPT, PROOF_NOT_READY.
    """
    proof = await proof_for(house, actor, case_id, code=code)
    async with house.db.begin(actor) as tx:
        case = await cases.get_locked(tx, case_id)
        receipt = next(iter((await tx.session.execute(_newest_first(case_id, code))).scalars()), None)
        if receipt is None:
            raise NO_RECEIPT()
        bill = await billing.bill_by_id(tx.session, receipt.bill_id, at=tx.now)
        payment = await billing.payment_of(tx.session, receipt.bill_id, entry_id=receipt.entry_id)
        check = await transparency.check_codes.find(tx.session, receipt.check_code)
        if payment is None or check is None:
            raise NO_RECEIPT()
        service = await service_of(tx.session, await application_of(tx, case_id))
        unit = await reference.unit(tx.session, case.unit)
        polda = await reference.find_unit(tx.session, unit.polda_code) if unit.polda_code else None
        zone = reference.zone_of(unit)
        remitted = () if check.revoked_at else await billing.remitted_of(tx.session, bill.id)
        return documents.ReceiptData(
            written_at=receipt.at.astimezone(zone),
            zone_name=unit.zone,
            sender=documents.Sender(
                name=unit.name,
                parent=polda.name if polda and polda.code != unit.code else POLICE,
                signatory=SIGNATORY,
                city=unit.seat,
            ),
            receipt_no=receipt.check_code,
            reference=case.reference,
            register_no=None,
            virtual_account_no=payment.virtual_account_no,
            bank=payment.bank,
            bank_reference=payment.payment_request_id,
            paid_at=payment.received_at.astimezone(zone),
            amount=bill.amount,
            purpose="fee",
            title=service.title,
            check=documents.CheckCode(receipt.check_code, f"{house.settings.public_url}/periksa/{receipt.check_code}"),
            proof=proof,
            bill_id=str(bill.id),
            lines=[documents.ReceiptLine(each.title, Rupiah(each.amount)) for each in bill.lines],
            remittances=[
                documents.ReceiptRemittance(each.ntpn, each.remitted_on, each.amount) for each in remitted if each.ntpn
            ],
            voided_at=check.revoked_at.astimezone(zone) if check.revoked_at else None,
        )


async def receipts_of(house: House, case_id: UUID) -> Sequence[ReceiptLine]:
    """Every receipt, the newest first. Whose it is, the door has asked before."""
    async with house.db.begin(SYSTEM) as tx:
        return [await _line(tx, each) for each in (await tx.session.execute(_newest_first(case_id))).scalars()]


async def _line(tx: Tx, receipt: ApplicationReceipt) -> ReceiptLine:
    bill = await billing.bill_by_id(tx.session, receipt.bill_id, at=tx.now)
    payment = await billing.payment_of(tx.session, receipt.bill_id, entry_id=receipt.entry_id)
    check = await transparency.check_codes.find(tx.session, receipt.check_code)
    return ReceiptLine(
        code=receipt.check_code,
        at=receipt.at,
        amount=bill.amount,
        written=payment is not None and check is not None,
        voided_at=check.revoked_at if check is not None else None,
    )


def _newest_first(case_id: UUID, code: str | None = None) -> Select[ApplicationReceipt]:
    query = select(ApplicationReceipt).where(col(ApplicationReceipt.case_id) == case_id)
    if code is not None:
        query = query.where(col(ApplicationReceipt.check_code) == code)
    return query.order_by(col(ApplicationReceipt.at).desc(), col(ApplicationReceipt.event_id).desc())


async def _leaf(tx: Tx, case_id: UUID, code: str | None) -> UUID:
    receipt = next(iter((await tx.session.execute(_newest_first(case_id, code))).scalars()), None)
    if receipt is None and code is not None:
        raise NO_RECEIPT()
    query = select(col(CaseEvent.leaf_id)).where(col(CaseEvent.case_id) == case_id)
    if receipt is not None:
        query = query.where(col(CaseEvent.id) == receipt.event_id)
    leaf_id: UUID = (await tx.session.execute(query.order_by(col(CaseEvent.seq).desc()).limit(1))).scalar_one()
    return leaf_id
