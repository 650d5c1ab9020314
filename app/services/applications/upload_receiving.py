"""Takes in the bytes of one request, as they come, into pieces that are durable before they are acknowledged.

Without a checksum each piece counts as soon as it is stored, and of a cut request all that arrived is kept. With one
(tus, checksum extension) nothing counts until the whole request has arrived and matches.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from app.core import vault
from app.core.actor import Actor
from app.core.house import House
from app.services.applications.upload_problems import CHECKSUM_WRONG, UPLOAD_TOO_LONG
from app.services.applications.uploads import (
    PIECE_BYTES,
    Piece,
    UploadView,
    append,
    check_offset,
    find_upload,
    row_of,
    usable,
)

ALGORITHMS = ("sha1", "sha256")
"""Of checksums: tus wants SHA-1 at least. They find what a line has damaged and prove nothing."""
SEALED_AS = "upload"


class LineCut(Exception):
    """The connection ended, or was silent for too long, before the request did."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of a request must hash to."""

    algorithm: str
    digest: bytes


@dataclass
class _Incoming:
    """One request on its way in: what was acknowledged, what is stored and waits, what is not stored yet."""

    house: House
    actor: Actor
    upload: UploadView
    waits: bool
    stored: list[Piece] = field(default_factory=list)
    rest: bytearray = field(default_factory=bytearray)

    async def add(self, chunk: bytes) -> None:
        self.rest += chunk
        while len(self.rest) >= PIECE_BYTES:
            await self._store(bytes(self.rest[:PIECE_BYTES]))
            del self.rest[:PIECE_BYTES]

    async def finish(self) -> UploadView:
        if self.rest:
            await self._store(bytes(self.rest))
            self.rest.clear()
        await self._acknowledge()
        return self.upload

    async def _store(self, data: bytes) -> None:
        async with self.house.db.read() as connection:
            row = usable(await row_of(connection, self.upload.id), self.actor, self.house.clock.now())
            sealed = await vault.seal_bytes(connection, self.house.keys, row.key_id, data, name=SEALED_AS)
        self.stored.append(Piece(await self.house.storage.put(sealed), len(data)))
        if not self.waits:
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        if not self.stored:
            return
        async with self.house.db.begin(self.actor) as tx:
            self.upload = await append(tx, self.upload.id, self.stored, at=self.upload.received)
        self.stored.clear()


async def receive(
    house: House,
    actor: Actor,
    upload_id: UUID,
    chunks: AsyncIterator[bytes],
    *,
    at: int,
    checksum: Checksum | None = None,
) -> UploadView:
    """Add a request's bytes to an upload, beginning at the offset `at`. Of a `LineCut` all that came before it is kept.

    Raises UPLOAD_NOT_FOUND, UPLOAD_ENDED, OFFSET_CONFLICT, UPLOAD_TOO_LONG, CHECKSUM_WRONG, TOO_MANY_PIECES.
    """
    upload = await find_upload(house, actor, upload_id)
    check_offset(upload, at)
    incoming = _Incoming(house, actor, upload, waits=checksum is not None)
    hashed = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum is not None else None
    came = 0
    try:
        async for chunk in chunks:
            came += len(chunk)
            if at + came > upload.length:
                raise UPLOAD_TOO_LONG(length=upload.length)
            if hashed is not None:
                hashed.update(chunk)
            await incoming.add(chunk)
    except LineCut:
        if checksum is not None:
            return upload
    if checksum is not None and hashed is not None and hashed.digest() != checksum.digest:
        raise CHECKSUM_WRONG()
    return await incoming.finish()
