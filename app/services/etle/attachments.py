"""What people hand in for their answers (KTP, selfies, deeds of sale): checked, cleaned, sealed under their own key.

The store holds no byte of it in clear, and of a picture its pixels alone: place, device and whatever hangs behind are gone
before it is sealed. Staff who open the case get it by a short-lived signed link, always as a download.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM, Actor
from app.core.crypto import BadToken
from app.core.db import Tx
from app.core.house import House
from app.core.storage import ObjectMissing
from app.services import cases, documents
from app.services.documents import off_loop
from app.services.etle.desk import party_of
from app.services.etle.models import Answer, Attachment, Party
from app.services.etle.problems import ANSWER_INCOMPLETE, EVIDENCE_MISSING, TOO_MANY_ATTACHMENTS
from app.services.etle.store import addressee_of, drop_objects

MAX_BYTES = 10 * 1024 * 1024
MOST_OF_A_CASE = 10
LINK_TTL = timedelta(minutes=15)
PURPOSE = SEALED_AS = "attachment"
SEALED_AT_ONCE = 200
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A sealed file that no case names yet. `sha256` is of the object in the store; `digest` and `media_type` are of the file
    as it was handed in."""

    key_id: UUID
    sha256: str
    digest: str
    media_type: str


async def store(house: House, holder: Actor, case_id: UUID, data: bytes) -> StoredFile:
    """Check a file, clean it, and keep it sealed under the key of whose letter opened the case, else of its addressee.

    Raises ANSWER_INCOMPLETE where the case is addressed to nobody, and what `documents.check_attachment` raises.
    """
    info = await off_loop(documents.check_attachment, data, max_bytes=MAX_BYTES)
    kept = await off_loop(documents.normalised, data, info.media_type)
    async with house.db.begin(holder) as tx:
        own = party_of(holder)
        party = (await tx.session.get(Party, own) if own else None) or await addressee_of(tx, case_id)
        if party is None:
            raise ANSWER_INCOMPLETE(missing="addressee")
        sealed = await vault.seal_bytes(tx.session, house.keys, party.key_id, kept.data, name=SEALED_AS)
    digest = hashlib.sha256(data).hexdigest()
    return StoredFile(party.key_id, await house.storage.put(sealed), digest, info.media_type)


async def attach(tx: Tx, case_id: UUID, stored: StoredFile) -> Attachment:
    """Note a stored file with the case; the same file twice is one.

    Raises TOO_MANY_ATTACHMENTS. Locks the case, so that the limit holds for uploads at once.
    """
    await cases.get_locked(tx, case_id)
    same = select(Attachment).where(col(Attachment.case_id) == case_id, col(Attachment.digest) == stored.digest)
    found = (await tx.session.execute(same)).scalar_one_or_none()
    if found is not None:
        await drop_objects(tx, {stored.sha256})
        return found
    count = await tx.session.execute(
        select(func.count()).select_from(Attachment).where(col(Attachment.case_id) == case_id)
    )
    if count.scalar_one() >= MOST_OF_A_CASE:
        raise TOO_MANY_ATTACHMENTS(limit=MOST_OF_A_CASE)
    attachment = Attachment(
        case_id=case_id,
        key_id=stored.key_id,
        sha256=stored.sha256,
        digest=stored.digest,
        media_type=stored.media_type,
        at=tx.now,
    )
    tx.session.add(attachment)
    await tx.session.flush()
    return attachment


def kept_type(attachment: Attachment) -> str:
    """What its bytes are by now: a picture that was sealed is a JPEG, whatever it came as."""
    is_picture = attachment.media_type != "application/pdf"
    return "image/jpeg" if is_picture and attachment.key_id is not None else attachment.media_type


def link_to(house: House, attachment: Attachment, *, now: datetime) -> str:
    """A short-lived signed link to a file that was handed in."""
    token = house.signer.issue(PURPOSE, {"id": str(attachment.id)}, ttl=LINK_TTL, now=now)
    return f"{house.settings.public_url}/v1/attachments/{token}"


async def open_link(house: House, token: str) -> tuple[bytes, str]:
    """Bytes and media type behind such a link. Raises EVIDENCE_MISSING, also once the file or its person was forgotten."""
    try:
        attachment_id = UUID(house.signer.verify(PURPOSE, token[:2000], house.clock.now())["id"])
    except (BadToken, ValueError, KeyError):
        raise EVIDENCE_MISSING() from None
    table = Attachment.__table__  # type: ignore[attr-defined]
    async with house.db.read() as connection:
        row = (await connection.execute(select(table).where(table.c.id == attachment_id))).mappings().one_or_none()
    if row is None:
        raise EVIDENCE_MISSING()
    found = Attachment(**row)
    data: bytes | None = await house.storage.get(found.sha256)
    if found.key_id is not None:
        async with house.db.read() as connection:
            data = await vault.open_bytes(connection, house.keys, found.key_id, data or b"", name=SEALED_AS)
    if data is None:
        raise EVIDENCE_MISSING()
    return data, kept_type(found)


async def seal_open_ones(house: House) -> int:
    """Job: clean and seal what was handed in before files were sealed, and drop the open ones; how many it were."""
    query = select(Attachment).where(col(Attachment.key_id).is_(None)).order_by(col(Attachment.at))
    async with house.db.begin(SYSTEM) as tx:
        rows = (await tx.session.execute(query.limit(SEALED_AT_ONCE))).scalars().all()
        unsealed = [(row, await _key_of(tx, row)) for row in rows]
    count = 0
    for row, key_id in unsealed:
        try:
            data = await house.storage.get(row.sha256)
        except ObjectMissing:
            log.warning("attachment %s has no file any more", row.id)
            continue
        kept = await off_loop(documents.normalised, data, row.media_type)
        async with house.db.begin(SYSTEM) as tx:
            sealed = await vault.seal_bytes(tx.session, house.keys, key_id, kept.data, name=SEALED_AS)
        sha256 = await house.storage.put(sealed)
        async with house.db.begin(SYSTEM) as tx:
            change = update(Attachment).where(col(Attachment.id) == row.id, col(Attachment.key_id).is_(None))
            await tx.session.execute(change.values(key_id=key_id, sha256=sha256))
            await drop_objects(tx, {row.sha256})
        count += 1
    return count


async def _key_of(tx: Tx, attachment: Attachment) -> UUID:
    """Whose file it is: of who answered with it, else of the addressee; of nobody known, a key of its own."""
    answer = await tx.session.get(Answer, attachment.answer_id) if attachment.answer_id else None
    if answer is not None:
        return answer.key_id
    party = await addressee_of(tx, attachment.case_id)
    return party.key_id if party else await vault.key_for_person(tx, None)
