"""Letters on paper: one print batch per unit and day, handed to the post with tracking numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services.notifications.models import Letter, LetterState, Message
from app.services.notifications.problems import LETTER_STATE, MESSAGE_UNKNOWN

BATCH_ZONE = ZoneInfo("Asia/Jakarta")
"""The print room's day; batches are made in the night, before any unit opens."""
MAX_BATCH = 5000
PAPER_FIELD = "letter_pdf"


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """One day's letters of one unit."""

    unit: str
    batch_on: date
    letters: int


@dataclass(frozen=True, slots=True)
class LetterToPrint:
    """One letter of a batch; `document` is the SHA-256 of its sealed PDF (`seal_paper`), which shows the address in
    its window."""

    letter_id: UUID
    message_id: UUID
    key_id: UUID
    document: str
    state: LetterState
    tracking_no: str | None


async def collect_letters(house: House) -> None:
    """The daily job: all letters that wait join today's batch of their unit. Running it again takes in the
    late ones."""
    async with house.db.begin(SYSTEM) as tx:
        today = tx.now.astimezone(BATCH_ZONE).date()
        waiting = (col(Letter.state) == LetterState.QUEUED) & col(Letter.batch_on).is_(None)
        await tx.session.execute(update(Letter).where(waiting).values(batch_on=today))


async def list_batches(conn: AsyncConnection, unit: str | None = None) -> list[BatchSummary]:
    """The batches, of one unit or of all, that the post has not taken completely; oldest first."""
    open_ones = (col(Letter.batch_on).is_not(None)) & (col(Letter.state) == LetterState.QUEUED)
    query = (
        select(col(Letter.unit), col(Letter.batch_on), func.count())
        .where(open_ones if unit is None else open_ones & (col(Letter.unit) == unit))
        .group_by(col(Letter.unit), col(Letter.batch_on))
        .order_by(col(Letter.batch_on), col(Letter.unit))
    )
    rows = (await conn.execute(query)).all()
    return [BatchSummary(of, day, count) for of, day, count in rows if day is not None]


async def letters_of_batch(conn: AsyncConnection, unit: str, batch_on: date) -> Sequence[LetterToPrint]:
    """The letters of one batch in the order in which they were written."""
    letter, message = Letter.__table__.c, Message.__table__.c  # type: ignore[attr-defined]
    query = (
        select(letter.id, letter.message_id, message.key_id, letter.document, letter.state, letter.tracking_no)
        .join_from(Letter, Message, message.id == letter.message_id)
        .where(letter.unit == unit, letter.batch_on == batch_on)
        .order_by(letter.message_id)
        .limit(MAX_BATCH)
    )
    rows = (await conn.execute(query)).all()
    return [LetterToPrint(r.id, r.message_id, r.key_id, r.document, LetterState(r.state), r.tracking_no) for r in rows]


async def seal_paper(tx: Tx, key_id: UUID, pdf: bytes) -> bytes:
    """A letter as it may lie in the object store: it bears name and address, so it is sealed with the addressee's key
    and unreadable once the person is erased."""
    return ((await vault.seal(tx, key_id, {PAPER_FIELD: pdf.hex()}))[PAPER_FIELD] or "").encode()


async def open_paper(house: House, letter: LetterToPrint) -> bytes | None:
    """The PDF of a letter; None where the addressee was erased since."""
    sealed = (await house.storage.get(letter.document)).decode()
    async with house.db.read() as conn:
        plain = (await vault.open_(conn, house.keys, letter.key_id, {PAPER_FIELD: sealed}))[PAPER_FIELD]
    return None if plain is None else bytes.fromhex(plain)


async def is_with_us(source: AsyncConnection | AsyncSession, message_id: UUID) -> bool:
    """Whether a letter on paper is still ours to print: the post has not taken it."""
    query = select(col(Letter.state)).where(col(Letter.message_id) == message_id)
    state = (await source.execute(query)).scalar_one_or_none()
    return state in (None, LetterState.QUEUED)


async def replace_paper(tx: Tx, message_id: UUID, document: str) -> str | None:
    """Put another sealed PDF in the place of a letter that the post has not taken; the name of the object that was in its place,
    or None where the post has it. Locks the message and the letter."""
    message = await tx.lock(Message, message_id)
    letter = select(Letter).where(col(Letter.message_id) == message_id).with_for_update()
    held: Letter | None = (await tx.session.execute(letter)).scalar_one_or_none()
    if message is None or (held is not None and held.state != LetterState.QUEUED):
        return None
    before, message.document = message.document, document
    if held is not None:
        held.document = document
    await tx.session.flush()
    return before


async def dispatch_letters(tx: Tx, tracking_nos: Mapping[UUID, str | None]) -> None:
    """The post has taken these letters (by letter id) under these tracking numbers. Locks each, its message first.

    Problems: notifications-message-unknown, notifications-letter-state for one that left before.
    """
    for letter_id in sorted(tracking_nos):
        carries = (await tx.session.execute(select(col(Letter.message_id)).where(col(Letter.id) == letter_id))).scalar()
        if carries is None:
            raise MESSAGE_UNKNOWN(message_id=letter_id)
        await tx.lock(Message, carries)
        letter = await tx.lock(Letter, letter_id)
        if letter is None:
            raise MESSAGE_UNKNOWN(message_id=letter_id)
        if letter.state != LetterState.QUEUED:
            raise LETTER_STATE(letter_id=letter_id, state=letter.state)
        letter.state, letter.dispatched_at, letter.tracking_no = LetterState.DISPATCHED, tx.now, tracking_nos[letter_id]
        await tx.session.execute(
            update(Message)
            .where(col(Message.id) == letter.message_id)
            .values(sent_at=tx.now, provider_ref=tracking_nos[letter_id])
        )


async def message_by_tracking(source: AsyncConnection | AsyncSession, tracking_no: str) -> UUID | None:
    """The message whose letter travels under this tracking number."""
    query = select(col(Letter.message_id)).where(col(Letter.tracking_no) == tracking_no)
    return (await source.execute(query.order_by(col(Letter.id).desc()).limit(1))).scalar_one_or_none()
