"""The receipt of an application's payment, and its proof: of the payment where there was one, else of what happened last."""

from uuid import UUID

import orjson
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import Actor
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


async def proof_for(house: House, actor: Actor, case_id: UUID) -> bytes:
    """The inclusion proof as JSON, after the log was brought up to date. Raises APPLICATION_NOT_FOUND, PROOF_NOT_READY."""
    for attempt in range(2):
        async with house.db.begin(actor) as tx:
            await check_may_see(tx.session, actor, await application_of(tx, case_id))
            proof = await transparency.proof_of(house, tx.session, await _leaf(tx, case_id))
        if proof is not None:
            return orjson.dumps(proof.to_json())
        if attempt == 0:
            await transparency.sequence(house)
    raise PROOF_NOT_READY(retry_after=RETRY_AFTER_S, headers={"Retry-After": str(RETRY_AFTER_S)})


async def receipt_for(house: House, actor: Actor, case_id: UUID) -> documents.ReceiptData:
    """What the newest receipt says, with the inclusion proof of its payment, for PDF and JSON alike.

    Raises APPLICATION_NOT_FOUND, NO_RECEIPT, PROOF_NOT_READY.
    """
    proof = await proof_for(house, actor, case_id)
    async with house.db.begin(actor) as tx:
        case = await cases.get_locked(tx, case_id)
        newest = select(ApplicationReceipt).where(col(ApplicationReceipt.case_id) == case_id)
        newest = newest.order_by(col(ApplicationReceipt.at).desc(), col(ApplicationReceipt.event_id).desc())
        receipt = (await tx.session.execute(newest.limit(1))).scalar_one_or_none()
        if receipt is None:
            raise NO_RECEIPT()
        bill = await billing.bill_by_id(tx.session, receipt.bill_id, at=tx.now)
        payment = await billing.payment_of(tx.session, receipt.bill_id, entry_id=receipt.entry_id)
        code = await transparency.check_codes.find(tx.session, receipt.check_code)
        if payment is None or code is None:
            raise NO_RECEIPT()
        service = await service_of(tx.session, await application_of(tx, case_id))
        unit = await reference.unit(tx.session, case.unit)
        polda = await reference.find_unit(tx.session, unit.polda_code) if unit.polda_code else None
        zone = reference.zone_of(unit)
        remitted = () if code.revoked_at else await billing.remitted_of(tx.session, bill.id)
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
            voided_at=code.revoked_at.astimezone(zone) if code.revoked_at else None,
        )


async def receipt_code(house: House, case_id: UUID) -> str | None:
    """The code of the newest receipt, by which anybody can check it; None where nothing was paid. Whose it is, the door has
    asked before."""
    query = select(col(ApplicationReceipt.check_code)).where(col(ApplicationReceipt.case_id) == case_id)
    async with house.db.read() as connection:
        found: str | None = (
            await connection.execute(query.order_by(col(ApplicationReceipt.at).desc()).limit(1))
        ).scalar_one_or_none()
    return found


async def _leaf(tx: Tx, case_id: UUID) -> UUID:
    receipt = (
        select(col(CaseEvent.leaf_id))
        .join(ApplicationReceipt, col(ApplicationReceipt.event_id) == col(CaseEvent.id))
        .where(col(ApplicationReceipt.case_id) == case_id)
        .order_by(col(ApplicationReceipt.at).desc())
        .limit(1)
    )
    found: UUID | None = (await tx.session.execute(receipt)).scalar_one_or_none()
    if found is not None:
        return found
    last = select(col(CaseEvent.leaf_id)).where(col(CaseEvent.case_id) == case_id).order_by(col(CaseEvent.seq).desc())
    leaf_id: UUID = (await tx.session.execute(last.limit(1))).scalar_one()
    return leaf_id
