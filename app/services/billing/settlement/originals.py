"""A statement file as the bank wrote it: sealed in the store, because it names payers, under a key of its own.

It is read twice, and books money: each piece is proved before a line of it is believed (`crypto.open_pieces_with`). As the
proof of what was booked it stays as long as the policy of its Polda says (`keep_statement_days`), not longer.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from sqlalchemy import select, update
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import seal_pieces_with
from app.core.db import Tx
from app.core.house import House
from app.core.storage import ObjectMissing
from app.core.vault import FreshKey
from app.services import reference, transparency
from app.services.billing.settlement.models import ExceptionState, FileState, SettlementException, SettlementFile
from app.services.billing.snap.times import WIB

SEALED_AS = "settlement"
SEALED_AT_ONCE = 50
FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """A sealed file in the store that no row names yet, and the key that the row's transaction is to keep."""

    stored_as: str
    key: FreshKey


async def keep(house: House, source: BinaryIO) -> Kept:
    """Seal an open file, from its first byte, and store it."""
    key = vault.fresh_key(house.keys)
    with tempfile.TemporaryFile() as sealed:
        await asyncio.to_thread(seal_pieces_with, key.plain, source, sealed, SEALED_AS.encode())
        return Kept(await house.storage.put_file(sealed), key)


async def open_original(house: House, file: SettlementFile) -> BinaryIO:
    """The file as a stream; reading blocks. Raises `ObjectMissing`; reading raises `CannotOpen` where it was altered."""
    if file.forgotten_at is not None:
        raise ObjectMissing(f"the settlement file {file.id} was forgotten by the policy")
    if file.stored_as is None or file.key_id is None:
        return await house.storage.open(file.sha256)
    sealed = await house.storage.open(file.stored_as)
    async with house.db.read() as connection:
        opened = await vault.open_file(connection, house.keys, file.key_id, sealed, name=SEALED_AS)
    if opened is None:
        sealed.close()
        raise ObjectMissing(f"the key of the settlement file {file.id} was destroyed")
    return opened


async def name(tx: Tx, file: SettlementFile, kept: Kept) -> None:
    """Let the row name the sealed object, and keep its key; that of an earlier one is destroyed."""
    await vault.keep_keys(tx, [kept.key])
    before, file.stored_as, file.key_id = file.key_id, kept.stored_as, kept.key.id
    file.forgotten_at = None
    await tx.session.flush()
    if before is not None:
        await vault.destroy(tx, before)
        await vault.forget(tx, before)


async def seal_waiting(house: House) -> int:
    """Job: seal files that lie plain in the store, from before they were sealed; how many it were. The plain object, which
    nothing names then, goes with the orphans."""
    plain = col(SettlementFile.stored_as).is_(None), col(SettlementFile.forgotten_at).is_(None)
    query = select(SettlementFile).where(*plain).limit(SEALED_AT_ONCE)
    async with house.db.begin(SYSTEM) as tx:
        waiting = (await tx.session.execute(query)).scalars().all()
    count = 0
    for each in waiting:
        try:
            source = await house.storage.open(each.sha256)
        except ObjectMissing:
            continue  # `loket doctor` is the place for what the store has lost
        with source:
            kept = await keep(house, source)
        async with house.db.begin(SYSTEM) as tx:
            row = await tx.lock(SettlementFile, each.id)
            if row is not None and row.stored_as is None:
                await name(tx, row, kept)
                count += 1
    return count


async def forget_old(house: House) -> int:
    """Job: forget the files whose time is over by the policy of today, and what banks wrote about their payers; how many.

    The object goes with the orphans. Lines, differences and bookings stay: they name nobody. A file with a difference that
    waits for somebody stays, too.
    """
    async with house.db.read() as connection:
        units = (await connection.execute(select(col(SettlementFile.unit)).distinct())).scalars().all()
    gone = 0
    for unit in units:
        while done := await _forget_some(house, unit):
            gone += done
    return gone


async def _forget_some(house: House, unit: str | None) -> int:
    async with house.db.begin(SYSTEM) as tx:
        today = tx.now.astimezone(reference.NATIONAL_ZONE).date()
        policy = await reference.policy(tx.session, unit, today)
        # Ten years are counted from the end of the year in which the file came.
        first_kept = datetime((today - timedelta(days=policy.etle.keep_statement_days)).year, 1, 1, tzinfo=WIB)
        waiting = select(col(SettlementException.id)).where(
            col(SettlementException.file_id) == col(SettlementFile.id),
            col(SettlementException.state) != ExceptionState.CLOSED,
        )
        query = (
            select(SettlementFile)
            .where(
                col(SettlementFile.unit).is_not_distinct_from(unit),
                col(SettlementFile.state).in_((FileState.DONE, FileState.REFUSED)),
                col(SettlementFile.forgotten_at).is_(None),
                col(SettlementFile.received_at) < first_kept,
                ~waiting.exists(),
            )
            .limit(FORGOTTEN_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        files = (await tx.session.execute(query)).scalars().all()
        for file in files:
            await _forget(tx, file)
        if files:
            await transparency.append(tx, "forgotten", {"counts": {"statement_files": len(files)}})
        return len(files)


async def _forget(tx: Tx, file: SettlementFile) -> None:
    key_id, file.key_id, file.stored_as, file.forgotten_at = file.key_id, None, None, tx.now
    await tx.session.flush()
    if key_id is not None:
        await vault.destroy(tx, key_id)
        await vault.forget(tx, key_id)
    words = update(SettlementException).where(col(SettlementException.file_id) == file.id).values(text_enc=None)
    await tx.session.execute(words.execution_options(synchronize_session=False))
