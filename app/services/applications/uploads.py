"""Uploads that arrive in pieces and go on after a cut: the tus protocol (https://tus.io, 1.0.0), its rules and rows.

A person begins an upload for one paper of an application, sends bytes in as many requests as the line allows, and the
application takes the whole (`upload_taking`). What has come is durable before it is acknowledged: the bytes in the object
store, their offset in a row. Any process goes on where another one was killed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.house import House
from app.services.applications.upload_models import Upload, UploadPiece, UploadState
from app.services.applications.upload_problems import (
    OFFSET_CONFLICT,
    TOO_MANY_PIECES,
    TOO_MANY_UPLOADS,
    UPLOAD_ENDED,
    UPLOAD_NOT_FOUND,
    UPLOAD_TOO_LONG,
)
from app.services.documents.problems import FILE_EMPTY, FILE_TOO_LARGE

MAX_UPLOAD_BYTES = 20 * 1024 * 1024
"""Above every document's own limit; what one request may carry at most."""
PIECE_BYTES = 256 * 1024
"""A longer request is stored in pieces of this size as it arrives, so that a cut or a kill costs no more."""
MAX_PIECES = 1024
"""Of one upload. With it, no stream of single bytes fills the tables."""
MOST_OPEN = 20
"""Unfinished uploads of one application."""
MOST_OPEN_OF_PAPER = 3
"""Of one paper; with a further one the oldest ends: its client has lost it, or the other phone has."""
KEPT_FOR = timedelta(hours=24)
"""Since the last piece."""
REMEMBERED_FOR = timedelta(days=7)
"""An ended upload says that it has ended; then nothing is known of it any more."""

_METADATA = "metadata"
_UNFINISHED = (UploadState.OPEN, UploadState.COMPLETE)
_GONE = (UploadState.REFUSED, UploadState.ENDED)

Reader = AsyncConnection | AsyncSession


class DocumentTaker(Protocol):
    """What the applications do with a paper that has arrived; a part of the house."""

    async def admit(self, tx: Tx, case_id: UUID, name: str) -> int:
        """Whether the actor may hand in this paper now, and the most bytes that it may have.

        Raises what the application answers otherwise: not theirs, no such paper, not open.
        """
        ...

    async def take(self, house: House, actor: Actor, case_id: UUID, name: str, data: bytes) -> None:
        """Check the paper and keep it. The same bytes again change nothing. Raises for what it refuses."""
        ...


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload as its client sees it. `received` is the offset to go on from."""

    id: UUID
    case_id: UUID
    document: str
    length: int
    received: int
    state: UploadState
    expires_at: datetime
    metadata: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no byte is missing."""
        return self.received == self.length


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are sealed and stored, and not yet acknowledged."""

    sha256: str
    size: int


async def begin_upload(tx: Tx, case_id: UUID, name: str, *, length: int, metadata: str | None = None) -> UploadView:
    """Begin an upload of `length` bytes for a paper. `metadata` is the client's own and is given back as it is.

    Raises what `DocumentTaker.admit` raises, FILE_EMPTY, FILE_TOO_LARGE, TOO_MANY_UPLOADS. Locks the application's uploads.
    """
    limit = min(await tx.house[DocumentTaker].admit(tx, case_id, name), MAX_UPLOAD_BYTES)
    if length > limit:
        raise FILE_TOO_LARGE(limit_mb=f"{limit / 1_048_576:.3g}")
    if length <= 0:
        raise FILE_EMPTY()
    await tx.serialise(f"uploads:{case_id}")
    await _make_room(tx, case_id, name)
    key_id = await vault.key_for_person(tx, None)
    sealed = await vault.seal(tx, key_id, {_METADATA: metadata})
    made = Upload(
        case_id=case_id,
        document=name,
        person=tx.actor.id,
        key_id=key_id,
        length=length,
        metadata_enc=sealed[_METADATA],
        created_at=tx.now,
        expires_at=tx.now + KEPT_FOR,
    )
    tx.session.add(made)
    await tx.session.flush()
    return view_of(made, metadata)


async def find_upload(house: House, actor: Actor, upload_id: UUID) -> UploadView:
    """The actor's own upload. Raises UPLOAD_NOT_FOUND, UPLOAD_ENDED."""
    async with house.db.read() as connection:
        row = usable(await row_of(connection, upload_id), actor, house.clock.now())
        return view_of(row, await _metadata(connection, house.keys, row))


async def append(tx: Tx, upload_id: UUID, pieces: list[Piece], *, at: int) -> UploadView:
    """Acknowledge stored pieces that begin at the offset `at`. Of two who write there at once, one comes here first, and
    the other gets OFFSET_CONFLICT.

    Raises UPLOAD_NOT_FOUND, UPLOAD_ENDED, OFFSET_CONFLICT, UPLOAD_TOO_LONG, TOO_MANY_PIECES. Locks the upload.
    """
    row = usable(await tx.lock(Upload, upload_id), tx.actor, tx.now)
    check_offset(view_of(row), at)
    added = sum(each.size for each in pieces)
    if row.received + added > row.length:
        raise UPLOAD_TOO_LONG(length=row.length)
    if row.pieces + len(pieces) > MAX_PIECES:
        raise TOO_MANY_PIECES(limit=MAX_PIECES)
    for each in pieces:
        tx.session.add(UploadPiece(upload_id=row.id, starts_at=row.received, size=each.size, sha256=each.sha256))
        row.received += each.size
    row.pieces += len(pieces)
    row.expires_at = tx.now + KEPT_FOR
    if row.received == row.length and row.state == UploadState.OPEN:
        row.state, row.claimed_at = UploadState.COMPLETE, tx.now  # whoever sent the last byte hands it over
    await tx.session.flush()
    return view_of(row)


async def end_upload(tx: Tx, upload_id: UUID) -> None:
    """Cancel an upload; what has come of it is unreadable from now on. A paper that was taken stays with the application.

    Raises UPLOAD_NOT_FOUND, UPLOAD_ENDED. Locks the upload.
    """
    row = usable(await tx.lock(Upload, upload_id), tx.actor, tx.now)
    await close(tx, row, UploadState.ENDED)


async def close(tx: Tx, row: Upload, state: UploadState) -> None:
    """Bring an upload to its end: its pieces are forgotten and their key is destroyed. The row must be locked."""
    row.state, row.claimed_at, row.metadata_enc = state, None, None
    await tx.session.execute(delete(UploadPiece).where(col(UploadPiece.upload_id) == row.id))
    await vault.destroy(tx, row.key_id)


def usable(row: Upload | None, actor: Actor, now: datetime) -> Upload:
    """The row, if the actor may use it: somebody else's upload does not exist; one's own may be over.

    Raises UPLOAD_NOT_FOUND, UPLOAD_ENDED.
    """
    if row is None or row.person != actor.id:
        raise UPLOAD_NOT_FOUND()
    if row.state in _GONE or now >= row.expires_at:
        raise UPLOAD_ENDED()
    return row


def check_offset(view: UploadView, at: int) -> None:
    """Raises OFFSET_CONFLICT, with the right offset."""
    if view.received != at:
        raise OFFSET_CONFLICT(received=view.received, extra={"offset": view.received})


def view_of(row: Upload, metadata: str | None = None) -> UploadView:
    """The row for those outside."""
    return UploadView(
        row.id, row.case_id, row.document, row.length, row.received, UploadState(row.state), row.expires_at, metadata
    )


async def row_of(source: Reader, upload_id: UUID) -> Upload | None:
    """The row on a connection that only reads."""
    table: Any = Upload.__table__  # type: ignore[attr-defined]
    row = (await source.execute(select(table).where(table.c.id == upload_id))).mappings().first()
    return Upload(**row) if row is not None else None


async def _metadata(source: Reader, keys: KeyRing, row: Upload) -> str | None:
    return (await vault.open_(source, keys, row.key_id, {_METADATA: row.metadata_enc}))[_METADATA]


async def _make_room(tx: Tx, case_id: UUID, name: str) -> None:
    unfinished = (col(Upload.case_id) == case_id, col(Upload.state).in_(_UNFINISHED), col(Upload.expires_at) > tx.now)
    same = select(Upload).where(*unfinished, col(Upload.document) == name, col(Upload.state) == UploadState.OPEN)
    query = same.order_by(col(Upload.created_at).desc(), col(Upload.id).desc()).offset(MOST_OPEN_OF_PAPER - 1)
    for each in (await tx.session.execute(query.with_for_update())).scalars().all():
        await close(tx, each, UploadState.ENDED)
    left = (await tx.session.execute(select(func.count()).select_from(Upload).where(*unfinished))).scalar_one()
    if left >= MOST_OPEN:
        raise TOO_MANY_UPLOADS(limit=MOST_OPEN)
