"""Reconciliation's background work: reading files, taking up what a killed worker left, and finding what is missing."""

import logging
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services.billing.settlement import originals
from app.services.billing.settlement.early_lines import SETTLE_LEFT_BEHIND, left_behind
from app.services.billing.settlement.exceptions import open_missing, open_missing_now
from app.services.billing.settlement.importing import IDLE, import_file
from app.services.billing.settlement.linking import settle_payment
from app.services.billing.settlement.models import FileState, SettlementFile
from app.services.billing.settlement.receiving import IMPORT
from app.services.billing.snap.client_jobs import OPEN_MISSING
from app.services.identity import credentials
from app.services.identity.credentials import CredentialKind

TAKEN_UP_AT_ONCE = 50
log = logging.getLogger(__name__)


async def _import(house: House, file_id: str) -> None:
    await import_file(house, file_id)


async def take_up(house: House) -> None:
    """Queue again the files that wait or are being read, and that nobody has touched for ten minutes."""
    async with house.db.begin(SYSTEM) as tx:
        query = (
            select(col(SettlementFile.id))
            .where(
                or_(
                    col(SettlementFile.state) == FileState.RECEIVED,
                    col(SettlementFile.state) == FileState.READING,
                ),
                col(SettlementFile.touched_at) <= tx.now - IDLE,
            )
            .order_by(col(SettlementFile.received_at))
            .limit(TAKEN_UP_AT_ONCE)
        )
        for file_id in (await tx.session.execute(query)).scalars().all():
            await tx.enqueue(IMPORT, str(file_id))


async def find_missing(house: House) -> None:
    """Open a difference for each payment that the bank's files lack on the third day. Nothing is ever reversed here."""
    async with house.db.read() as connection:
        banks = await credentials.list_(connection, kind=CredentialKind.BANK)
    for bank in banks:
        more, seen = True, None
        while more:
            async with house.db.begin(SYSTEM) as tx:
                seen = await open_missing(tx, bank.client_id, after=seen)
            more = seen is not None


async def _open_missing_now(house: House, payment_id: str) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await open_missing_now(tx, UUID(payment_id))


async def settle_left_behind(house: House) -> None:
    """Let lines that are held settle their payments, where a race or a corrected file has kept them apart."""
    async with house.db.read() as connection:
        banks = [each.client_id for each in await credentials.list_(connection, kind=CredentialKind.BANK)]
        left = {bank: await left_behind(connection, bank, limit=TAKEN_UP_AT_ONCE) for bank in banks}
    for bank, rows in left.items():
        for row in rows:
            async with house.db.begin(SYSTEM) as tx:
                await settle_payment(tx, bank, row.payment_request_id, row.bill_id)


async def seal_files(house: House) -> None:
    """Seal the files that came before files were sealed."""
    await originals.seal_waiting(house)


async def forget_files(house: House) -> None:
    """Forget the files that no policy keeps any longer."""
    gone = await originals.forget_old(house)
    if gone:
        log.info("%d statement files were forgotten", gone)


JOBS: tuple[Job, ...] = (
    Job(IMPORT, _import),
    Job("billing.seal_settlement_files", seal_files, attempts=1),
    Job("billing.forget_settlement_files", forget_files, attempts=1),
    Job(OPEN_MISSING, _open_missing_now),
    Job(SETTLE_LEFT_BEHIND, settle_left_behind, attempts=1),
    Job("billing.take_up_settlements", take_up, attempts=1),
    Job("billing.find_missing_payments", find_missing, attempts=1),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("settle-left-behind", "45 */5 * * * *", SETTLE_LEFT_BEHIND),
    Schedule("take-up-settlements", "30 */5 * * * *", "billing.take_up_settlements"),
    Schedule("seal-settlement-files", "0 20 18 * * *", "billing.seal_settlement_files"),
    Schedule("forget-settlement-files", "0 30 18 * * *", "billing.forget_settlement_files"),
    # 05:10 WIB: the files of the day before have come by then.
    Schedule("find-missing-payments", "0 10 22 * * *", "billing.find_missing_payments"),
)
