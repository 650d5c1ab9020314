"""Hands an upload that has arrived whole over to its application, exactly as if it had come in one request.

Whoever received the last byte does it at once. If that process dies first, the row says ``complete`` with an old claim, and
a job takes it up (`upload_jobs`): so a client that saw the last offset has not sent it for nothing.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM, Actor
from app.core.db import Tx
from app.core.house import House
from app.core.problems import Problem
from app.services.applications.drafts import check_open
from app.services.applications.papers import take as take_paper
from app.services.applications.problems import DOCUMENT_UNKNOWN
from app.services.applications.store import own_locked, service_of
from app.services.applications.upload_models import Upload, UploadPiece, UploadState
from app.services.applications.upload_problems import UPLOAD_ENDED
from app.services.applications.upload_receiving import SEALED_AS, Checksum, receive
from app.services.applications.uploads import REMEMBERED_FOR, DocumentTaker, UploadView, close, row_of
from app.services.identity import people

CLAIM_LASTS = timedelta(minutes=2)
"""Checking a picture takes a second or two; a claim older than this was left by a process that died."""
SWEPT_AT_ONCE = 200


class Papers:
    """The `DocumentTaker` of the house: the papers of applications."""

    async def admit(self, tx: Tx, case_id: UUID, name: str) -> int:
        """See `DocumentTaker`. Raises APPLICATION_NOT_FOUND, DOCUMENT_UNKNOWN, NOT_OPEN."""
        case, application = await own_locked(tx, case_id)
        service = await service_of(tx.session, application)
        rule = next((each for each in service.documents if each.name == name), None)
        if rule is None:
            raise DOCUMENT_UNKNOWN(name=name)
        await check_open(tx, case, application, [f"/documents/{name}"])
        return rule.max_kb * 1024

    async def take(self, house: House, actor: Actor, case_id: UUID, name: str, data: bytes) -> None:
        """See `DocumentTaker`. Raises what `papers.take` raises."""
        await take_paper(house, actor, case_id, name, data)


async def assembled(house: House, upload_id: UUID) -> bytes:
    """The whole of an upload. Raises UPLOAD_ENDED where it is not all here (any more)."""
    async with house.db.read() as connection:
        upload = await row_of(connection, upload_id)
        query = select(col(UploadPiece.sha256)).where(col(UploadPiece.upload_id) == upload_id)
        names = (await connection.execute(query.order_by(col(UploadPiece.starts_at)))).scalars().all()
    if upload is None:
        raise UPLOAD_ENDED()
    whole = bytearray()
    for name in names:
        sealed = await house.storage.get(name)
        async with house.db.read() as connection:
            whole += await vault.open_bytes(connection, house.keys, upload.key_id, sealed, name=SEALED_AS) or b""
    if len(whole) != upload.length:
        raise UPLOAD_ENDED()
    return bytes(whole)


async def take_in(
    house: House,
    actor: Actor,
    upload_id: UUID,
    chunks: AsyncIterator[bytes],
    *,
    at: int,
    checksum: Checksum | None = None,
) -> UploadView:
    """Receive a request's bytes; if the last one was among them, hand the whole over.

    Raises what `receive` and `hand_over` raise.
    """
    upload = await receive(house, actor, upload_id, chunks, at=at, checksum=checksum)
    if upload.state is UploadState.COMPLETE and upload.received > at:
        await hand_over(house, actor, upload_id)
    return upload


async def hand_over(house: House, actor: Actor, upload_id: UUID) -> None:
    """Give the whole to the application. What it refuses ends the upload, and is raised for the client to read.

    Raises UPLOAD_ENDED, and what `DocumentTaker.take` raises.
    """
    async with house.db.read() as connection:
        row = await row_of(connection, upload_id)
    if row is None or row.state != UploadState.COMPLETE:
        return
    data = await assembled(house, upload_id)
    try:
        await house[DocumentTaker].take(house, actor, row.case_id, row.document, data)
    except Problem as problem:
        if problem.type.status < 500:  # what is down for a moment is tried again by the job
            await _close(house, upload_id, UploadState.REFUSED)
        raise
    await _close(house, upload_id, UploadState.TAKEN)


async def hand_over_left(house: House, upload_id: UUID) -> None:
    """The same for an upload whose receiver died, in the name of the person who sent it; nobody waits for the answer."""
    async with house.db.read() as connection:
        row = await row_of(connection, upload_id)
        actor = await people.find_actor(connection, UUID(row.person)) if row is not None else None
    if actor is None:
        return
    try:
        await hand_over(house, actor, upload_id)
    except Problem as problem:
        if problem.type.status >= 500:
            raise


async def sweep(tx: Tx) -> Sequence[UUID]:
    """End what ran out of time, forget what ended long ago, and claim what was left behind whole: these ids are returned."""
    unfinished = col(Upload.state).in_((UploadState.OPEN, UploadState.COMPLETE))
    late = select(Upload).where(unfinished, col(Upload.expires_at) <= tx.now)
    for row in await _locked(tx, late):
        await close(tx, row, UploadState.ENDED)
    left = select(Upload).where(
        col(Upload.state) == UploadState.COMPLETE,
        col(Upload.expires_at) > tx.now,
        col(Upload.claimed_at) <= tx.now - CLAIM_LASTS,
    )
    claimed = await _locked(tx, left)
    for row in claimed:
        row.claimed_at = tx.now
    old = select(Upload).where(~unfinished, col(Upload.expires_at) <= tx.now - REMEMBERED_FOR)
    gone = [(row.id, row.key_id) for row in await _locked(tx, old)]
    await tx.session.execute(delete(Upload).where(col(Upload.id).in_([id for id, _ in gone])))
    for _, key_id in gone:
        await vault.forget(tx, key_id)
    return [row.id for row in claimed]


async def _locked(tx: Tx, query: Select[Upload]) -> Sequence[Upload]:
    limited = query.limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    return [row for (row,) in (await tx.session.execute(limited)).all()]


async def _close(house: House, upload_id: UUID, state: UploadState) -> None:
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(Upload, upload_id)
        if row is not None and row.state == UploadState.COMPLETE:
            await close(tx, row, state)
