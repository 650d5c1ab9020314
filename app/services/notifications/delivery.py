"""What is known of a message after it left: proof that it arrived, or that it came back.

What counts as proof on which channel is policy of the Polda, decided by the room above; here it is recorded
once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.services.notifications.models import Letter, LetterState, Medium, Message, MessageState
from app.services.notifications.problems import MESSAGE_UNKNOWN, PROOF_IN_FUTURE
from app.services.notifications.sending import end, tell

CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class MessageView:
    """How far a message has come; nothing of what it says or to whom."""

    id: UUID
    case_id: UUID | None
    unit: str
    medium: Medium
    template: str
    state: MessageState
    check_code: str
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    delivery_proof: str | None
    last_error: str | None


async def record_delivery(tx: Tx, message_id: UUID, proven_at: datetime, how: str) -> bool:
    """The message is proven to have arrived at `proven_at`, by `how` (``carrier_receipt``,
    ``provider_receipt``,
    ``opened``). The first proof stands and later ones change nothing; whether this was the first is returned.

    Proof outweighs an earlier 'failed' or 'returned'. Locks the message.
    Problems: notifications-message-unknown, notifications-proof-in-future (also before the message was made).
    """
    message = await _locked(tx, message_id)
    if message.state == MessageState.DELIVERED:
        return False
    if not message.created_at - CLOCK_TOLERANCE <= proven_at <= tx.now + CLOCK_TOLERANCE:
        raise PROOF_IN_FUTURE(proven_at=proven_at.isoformat())
    message.state, message.delivered_at, message.delivery_proof = MessageState.DELIVERED, proven_at, how
    message.sent_at, message.next_attempt_at = message.sent_at or proven_at, None
    values = {"state": LetterState.DELIVERED.value, "delivered_at": proven_at}
    await tx.session.execute(update(Letter).where(col(Letter.message_id) == message_id).values(**values))
    await tell(tx, message)
    return True


async def record_return(tx: Tx, message_id: UUID, reason: str) -> bool:
    """The letter came back, or the provider reports that the message will not arrive; `reason` is a short
    code such as
    ``moved`` or ``unknown-number``. False where it had arrived or ended already. Locks the message.

    Problems: notifications-message-unknown.
    """
    message = await _locked(tx, message_id)
    if message.state not in (MessageState.QUEUED, MessageState.SENT):
        return False
    values = {"state": LetterState.RETURNED.value, "returned_at": tx.now}
    await tx.session.execute(update(Letter).where(col(Letter.message_id) == message_id).values(**values))
    returned = MessageState.RETURNED if message.medium == Medium.POST else MessageState.FAILED
    await end(tx, message, returned, reason[:60])
    return True


async def messages_of(source: AsyncConnection | AsyncSession, case_id: UUID) -> list[MessageView]:
    """The messages of a case, oldest first."""
    return await _views(source, col(Message.case_id) == case_id)


async def find_message(source: AsyncConnection | AsyncSession, message_id: UUID) -> MessageView | None:
    """One message; None when there is no such."""
    return next(iter(await _views(source, col(Message.id) == message_id)), None)


async def _views(source: AsyncConnection | AsyncSession, condition: object) -> list[MessageView]:
    query = select(Message.__table__).where(condition).order_by(col(Message.id))  # type: ignore[attr-defined, arg-type]
    return [
        MessageView(
            row.id,
            row.case_id,
            row.unit,
            Medium(row.medium),
            row.template,
            MessageState(row.state),
            row.check_code,
            row.created_at,
            row.sent_at,
            row.delivered_at,
            row.delivery_proof,
            row.last_error,
        )
        for row in (await source.execute(query)).all()
    ]


async def _locked(tx: Tx, message_id: UUID) -> Message:
    message = await tx.lock(Message, message_id)
    if message is None:
        raise MESSAGE_UNKNOWN(message_id=message_id)
    return message
