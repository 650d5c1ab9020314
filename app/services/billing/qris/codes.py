"""QRIS codes of bills: ordered with the bill, made by the acquirer, verified, and only then shown.

A code is an order first (`ASKED`), so that a crash between asking and noting costs another call, never a second code.
What the acquirer sends is verified to the rupiah; one that does not hold is a person's business and is never shown.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.ids import new_id
from app.core.jobs import Job, Schedule
from app.services.billing import incidents
from app.services.billing.incidents import IncidentKind
from app.services.billing.ledger import insert_once
from app.services.billing.models import Bill, BillState
from app.services.billing.qris.acquirers import MAX_FAULT, Acquirer, CodeOrder, MadeCode, NotMade
from app.services.billing.qris.models import QrisCode, QrisState
from app.services.billing.qris.payload import QrisFault, check_payload

MAKE_CODE = "billing.make_qris"
ASK_AGAIN_AFTER = timedelta(minutes=10)
MOST_AT_ONCE = 200


async def order_code(tx: Tx, bill: Bill) -> None:
    """Have a code made for a bill that is being opened; nothing where no acquirer is configured."""
    if tx.house[Acquirer].client_id is not None:
        await tx.enqueue(MAKE_CODE, str(bill.id))


async def make_code(house: House, bill_id: str) -> None:
    """Have the acquirer make the code, verify and keep it: the job ``billing.make_qris``. Raises `NotMade` to be retried."""
    order = await _start(house, UUID(bill_id))
    if order is None:
        return
    try:
        made = await house[Acquirer].make(house, order)
        check_payload(made.payload, order.amount)
    except NotMade as why:
        await _note(house, order, None, str(why), for_good=why.for_good)
        if not why.for_good:
            raise
    except QrisFault as why:
        await _note(house, order, None, f"the acquirer's payload: {why}", for_good=True)
    else:
        await _note(house, order, made, None, for_good=False)


async def sweep(house: House) -> None:
    """End the codes of bills that are no longer open, and ask again for those that never came."""
    if house[Acquirer].client_id is None:
        return
    async with house.db.begin(SYSTEM) as tx:
        payable = select(col(Bill.id)).where(
            col(Bill.id) == col(QrisCode.bill_id), col(Bill.state) == BillState.OPEN, col(Bill.expires_at) > tx.now
        )
        await tx.session.execute(
            update(QrisCode)
            .where(col(QrisCode.state) != QrisState.OVER, ~payable.exists())
            .values(state=QrisState.OVER)
            .execution_options(synchronize_session=False)
        )
        late = select(col(QrisCode.bill_id)).where(
            col(QrisCode.state) == QrisState.ASKED, col(QrisCode.asked_at) < tx.now - ASK_AGAIN_AFTER
        )
        for bill_id in (await tx.session.execute(late.limit(MOST_AT_ONCE))).scalars().all():
            await tx.enqueue(MAKE_CODE, str(bill_id))


async def _start(house: House, bill_id: UUID) -> CodeOrder | None:
    """The order that is kept for this bill, made where there is none; None where there is nothing to ask for."""
    client_id = house[Acquirer].client_id
    if client_id is None:
        return None
    async with house.db.begin(SYSTEM) as tx:
        bill = await tx.one(Bill, bill_id)
        if bill is None or bill.state != BillState.OPEN or bill.expires_at <= tx.now:
            return None
        await insert_once(
            tx,
            QrisCode,
            bill_id=bill_id,
            client_id=client_id,
            partner_reference_no=new_id().hex,
            amount=bill.amount,
            asked_at=tx.now,
            expires_at=bill.expires_at,
        )
        query = select(QrisCode).where(col(QrisCode.bill_id) == bill_id, col(QrisCode.state) != QrisState.OVER)
        code = (await tx.session.execute(query.with_for_update())).scalar_one()
        if code.state == QrisState.READY:
            return None
        code.asked_at = tx.now
        return CodeOrder(code.partner_reference_no, code.amount, code.expires_at)


async def _note(house: House, order: CodeOrder, made: MadeCode | None, fault: str | None, *, for_good: bool) -> None:
    async with house.db.begin(SYSTEM) as tx:
        query = select(QrisCode).where(col(QrisCode.partner_reference_no) == order.partner_reference_no)
        code = (await tx.session.execute(query.with_for_update())).scalar_one()
        if code.state != QrisState.ASKED:
            return
        code.fault = None if fault is None else fault[:MAX_FAULT]
        if made is not None:
            code.state, code.payload, code.reference_no = QrisState.READY, made.payload, made.reference_no
        elif for_good:
            code.state = QrisState.OVER
            await incidents.report(
                tx,
                IncidentKind.QRIS_NOT_MADE,
                code.client_id,
                code.partner_reference_no,
                bill_id=code.bill_id,
                facts={"fault": code.fault},
            )


JOBS: tuple[Job, ...] = (
    Job(MAKE_CODE, make_code, queue="banks"),
    Job("billing.sweep_qris", sweep, attempts=1),
)
SCHEDULES: tuple[Schedule, ...] = (Schedule("sweep-qris", "0 */10 * * * *", "billing.sweep_qris"),)
