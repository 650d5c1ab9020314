"""Citizen and officer write to each other inside the case, and nowhere else: what was said is kept where it can be audited."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor, ActorKind
from app.core.db import Tx
from app.core.house import House
from app.services import documents
from app.services.applications import papers, telling
from app.services.applications.models import Application, ApplicationMessage
from app.services.applications.problems import DOCUMENT_NOT_GIVEN, MESSAGE_EMPTY, MESSAGES_CLOSED
from app.services.applications.store import Reader, application_of, check_may_see, find_application, own_locked
from app.services.documents import off_loop

MAX_CHARS = 2_000
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_NAME = 100
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. `by` is ``citizen`` or ``staff``; officers show by their side alone, never by name."""

    id: UUID
    by: str
    text: str
    file_name: str | None
    file_type: str | None
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that goes with a message: checked, cleaned, sealed, stored. `digest` is that of the file as it was handed in."""

    sha256: str
    digest: str
    media_type: str
    name: str


async def store_file(house: House, actor: Actor, case_id: UUID, data: bytes, name: str) -> StoredFile:
    """Check and keep a file for a message. Raises APPLICATION_NOT_FOUND and what `documents.check_attachment` raises."""
    info = await off_loop(documents.check_attachment, data, max_bytes=MAX_FILE_BYTES)
    kept = await off_loop(documents.normalised, data, info.media_type)
    async with house.db.begin(actor) as tx:
        application = await application_of(tx, case_id)
        await check_may_see(tx.session, actor, application)
        sealed = await papers.seal_bytes(tx, application.key_id, kept.data)
    digest = hashlib.sha256(data).hexdigest()
    return StoredFile(await house.storage.put(sealed), digest, kept.media_type, name[:MAX_NAME] or "berkas")


async def write(tx: Tx, case_id: UUID, text: str, file: StoredFile | None = None) -> MessageView:
    """Add a message as the actor; the other side is told that there is one. Raises MESSAGE_EMPTY, MESSAGES_CLOSED."""
    case, application = await own_locked(tx, case_id)
    body = text.strip()
    if (not body and file is None) or len(body) > MAX_CHARS:
        raise MESSAGE_EMPTY(limit=MAX_CHARS)
    if case.closed_at is not None:
        raise MESSAGES_CLOSED()
    by = "citizen" if tx.actor.kind is ActorKind.CITIZEN else "staff"
    sealed = await vault.seal(tx, application.key_id, {"body": body, "file_name": file.name if file else None})
    row = ApplicationMessage(
        case_id=case_id,
        by=by,
        actor_id=tx.actor.id,
        body_enc=sealed["body"],
        file_sha256=file.sha256 if file else None,
        file_type=file.media_type if file else None,
        file_name_enc=sealed["file_name"],
        at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()
    if by == "staff":
        await telling.tell(tx, case, application, "application_message")
    return MessageView(row.id, by, body, file.name if file else None, row.file_type, row.at, None)


async def list_for(house: House, actor: Actor, case_id: UUID) -> list[MessageView]:
    """The end of the conversation, oldest first; what the other side wrote counts as read from now on. Raises APPLICATION_NOT_FOUND."""
    async with house.db.begin(actor) as tx:
        application = await application_of(tx, case_id)
        await check_may_see(tx.session, actor, application)
        other = "staff" if actor.kind is ActorKind.CITIZEN else "citizen"
        await tx.session.execute(
            update(ApplicationMessage)
            .where(
                col(ApplicationMessage.case_id) == case_id,
                col(ApplicationMessage.by) == other,
                col(ApplicationMessage.read_at).is_(None),
            )
            .values(read_at=tx.now)
        )
        query = select(ApplicationMessage).where(col(ApplicationMessage.case_id) == case_id)
        query = query.order_by(col(ApplicationMessage.at).desc(), col(ApplicationMessage.id).desc()).limit(MOST_SHOWN)
        rows = list((await tx.session.execute(query)).scalars())[::-1]
        return [await _view(tx, application, row) for row in rows]


async def count_unread(reader: Reader, case_id: UUID) -> int:
    """How many messages of the officer the applicant has not read. Whose case it is, the door has asked before."""
    query = select(func.count()).where(
        col(ApplicationMessage.case_id) == case_id,
        col(ApplicationMessage.by) == "staff",
        col(ApplicationMessage.read_at).is_(None),
    )
    found: int = (await reader.execute(query)).scalar_one()
    return found


async def open_file(house: House, actor: Actor, case_id: UUID, message_id: UUID) -> tuple[bytes, str]:
    """The file of a message. Raises APPLICATION_NOT_FOUND, DOCUMENT_NOT_GIVEN."""
    async with house.db.read() as connection:
        application = await find_application(connection, case_id)
        await check_may_see(connection, actor, application)
        table = ApplicationMessage.__table__  # type: ignore[attr-defined]
        query = select(table).where(table.c.id == message_id, table.c.case_id == case_id)
        row = (await connection.execute(query)).mappings().first()
    if row is None or row["file_sha256"] is None:
        raise DOCUMENT_NOT_GIVEN(name="-")
    data = await papers.open_bytes(house, application.key_id, row["file_sha256"], name="-")
    return data, str(row["file_type"])


async def _view(tx: Tx, application: Application, row: ApplicationMessage) -> MessageView:
    sealed = {"body": row.body_enc, "file_name": row.file_name_enc}
    plain = await vault.open_(tx.session, tx.house.keys, application.key_id, sealed)
    return MessageView(row.id, row.by, plain["body"] or "", plain["file_name"], row.file_type, row.at, row.read_at)
