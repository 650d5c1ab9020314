"""A statement file as the bank wrote it: sealed in the store, because it names payers, under a key of its own.

It is read twice, and books money: each piece is proved before a line of it is believed (`crypto.open_pieces_with`).
"""

import asyncio
import tempfile
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import seal_pieces_with
from app.core.db import Tx
from app.core.house import House
from app.core.storage import ObjectMissing
from app.core.vault import FreshKey
from app.services.billing.settlement.models import SettlementFile

SEALED_AS = "settlement"
SEALED_AT_ONCE = 50


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
    await tx.session.flush()
    if before is not None:
        await vault.destroy(tx, before)
        await vault.forget(tx, before)


async def seal_waiting(house: House) -> int:
    """Job: seal files that lie plain in the store, from before they were sealed; how many it were. The plain object, which
    nothing names then, goes with the orphans."""
    query = select(SettlementFile).where(col(SettlementFile.stored_as).is_(None)).limit(SEALED_AT_ONCE)
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
