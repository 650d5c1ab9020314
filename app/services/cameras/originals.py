"""The originals of the evidence: kept byte for byte, and unreadable in the store for whoever has no key.

Each file has a data key of its own (`core/vault`), so that it can be destroyed alone, in every backup at once; and two
captures with the same bytes never share an object, so that deleting one cannot take the other's.
"""

import hashlib
import io
import tempfile
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import seal_file_with
from app.core.house import House
from app.core.storage import ObjectMissing
from app.services.cameras.files import EvidenceFileView, Image, Sealed
from app.services.cameras.models import DoomedObject, EvidenceFile
from app.services.documents import off_loop

SEALED_AS = "evidence"
SEALED_AT_ONCE = 200


async def keep_original(house: House, source: bytes | BinaryIO, media_type: str, width: int, height: int) -> Image:
    """Seal and store a checked file; name the answer in `accept_capture`, whose transaction keeps the key."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    kept = await keep_sealed(house, file, SEALED_AS)
    return Image(kept.sha256, media_type, width, height, kept.stored_as, kept.key)


async def keep_sealed(house: House, source: BinaryIO, sealed_as: str) -> Sealed:
    """Seal what a camera sent under a key of its own, piece by piece, and store it; whoever names it in a row keeps the key in the
    same transaction. `sealed_as` is bound in: one kind of thing never opens as another."""
    key = vault.fresh_key(house.keys)
    with tempfile.TemporaryFile() as sealed:
        digest = await off_loop(seal_file_with, key.plain, source, sealed, sealed_as.encode())
        return Sealed(digest, await house.storage.put_file(sealed), key)


async def read_original(house: House, file: EvidenceFileView) -> bytes:
    """The original, byte for byte. Raises ObjectMissing once it was deleted, or if it is no longer what its SHA-256 says."""
    if file.deleted_at is not None:
        raise ObjectMissing(f"{file.sha256} was deleted by policy")
    data = await _opened(house, file)
    if data is None or await off_loop(_sha256, data) != file.sha256:
        raise ObjectMissing(f"{file.sha256} was altered in the store")
    return data


async def seal_original(house: House, file_id: UUID) -> None:
    """Seal an original that lies plain in the store, from before they were sealed; the plain object is doomed. Twice is once."""
    async with house.db.read() as connection:
        sha256 = (await connection.execute(_plain(EvidenceFile.sha256).where(col(EvidenceFile.id) == file_id))).scalar()
    if sha256 is None:
        return
    made = await keep_original(house, await house.storage.get(sha256), "", 0, 0)
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(EvidenceFile, file_id)
        if row is None or made.key is None or row.stored_as is not None or row.deleted_at is not None:
            return  # sealed meanwhile; what we have put is an orphan
        await vault.keep_keys(tx, [made.key])
        row.stored_as, row.key_id = made.stored_as, made.key.id
        await tx.session.flush()
        if await tx.session.get(DoomedObject, sha256) is None:
            tx.session.add(DoomedObject(object_name=sha256, doomed_at=tx.now))


async def seal_waiting(house: House) -> int:
    """Seal originals that still lie plain in the store, some at a time; how many there were."""
    async with house.db.read() as connection:
        waiting = list((await connection.execute(_plain(EvidenceFile.id).limit(SEALED_AT_ONCE))).scalars())
    for file_id in waiting:
        try:
            await seal_original(house, file_id)
        except ObjectMissing:
            continue  # `loket doctor` is the place for what the store has lost
    return len(waiting)


async def _opened(house: House, file: EvidenceFileView) -> bytes | None:
    if file.stored_as is None or file.key_id is None:
        return await house.storage.get(file.sha256)
    sealed = await house.storage.get(file.stored_as)
    async with house.db.read() as connection:
        return await vault.open_bytes(connection, house.keys, file.key_id, sealed, name=SEALED_AS)


def _plain(column: object) -> "Select[Any]":
    return select(col(column)).where(col(EvidenceFile.stored_as).is_(None), col(EvidenceFile.deleted_at).is_(None))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
