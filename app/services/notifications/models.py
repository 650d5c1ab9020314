"""Messages, letters on paper, and the local outbox. Addresses and contents are sealed with the addressee's
data key.

The name `notifications` is DBOS's on SQLite, so the table of messages is `messages`.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class Medium(StrEnum):
    """How the addressee gets it; the same words as in the policy of a Polda."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    EMAIL = "email"
    POST = "post"


class MessageState(StrEnum):
    """How far a message has come. `sent` means that the carrier took it, `delivered` that its arrival is
    proven."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    RETURNED = "returned"


class LetterState(StrEnum):
    """How far a letter on paper has come."""

    QUEUED = "queued"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    RETURNED = "returned"


class Message(Table, table=True):
    """One message to one person. `case_id` is a case of the room above, by value alone; `channel` is who
    carried it.

    `tell` is the job that is enqueued with (message id, state) when the message is delivered, returned or
    failed.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_messages_case_id", "case_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID | None = None
    unit: str = Field(max_length=40)
    medium: str = Field(max_length=20)
    channel: str | None = Field(default=None, max_length=20)
    template: str = Field(max_length=60)
    lang: str = Field(max_length=2)
    key_id: UUID = Field(foreign_key="data_keys.id")
    address_enc: str | None = None
    params_enc: str | None = None
    document: str | None = Field(default=None, max_length=64)
    check_code: str = Field(max_length=40, foreign_key="check_codes.code")
    tell: str | None = Field(default=None, max_length=80)
    state: str = Field(max_length=20)
    attempts: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    valid_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivery_proof: str | None = Field(default=None, max_length=40)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    provider_ref: str | None = Field(default=None, max_length=200)
    last_error: str | None = Field(default=None, max_length=60)


class Letter(Table, table=True):
    """A letter on paper: printed in the daily batch of its unit (`batch_on`), then carried by the post."""

    __tablename__ = "letters"
    __table_args__ = (Index("ix_letters_unit_batch_on", "unit", "batch_on"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    message_id: UUID = Field(foreign_key="messages.id", unique=True)
    unit: str = Field(max_length=40)
    document: str = Field(max_length=64)
    state: str = Field(max_length=20)
    batch_on: date | None = None
    tracking_no: str | None = Field(default=None, max_length=60)
    created_at: datetime = Field(sa_type=UtcDateTime)
    dispatched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OutboxMessage(Table, table=True):
    """What the local outbox 'sent': the stand-in for post, mail and telephones outside production."""

    __tablename__ = "outbox_messages"
    __table_args__ = (Index("ix_outbox_messages_address_bidx", "address_bidx", "sent_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    message_id: UUID = Field(unique=True)
    medium: str = Field(max_length=20)
    template: str = Field(max_length=60)
    address_bidx: str = Field(max_length=64)
    key_id: UUID = Field(foreign_key="data_keys.id")
    address_enc: str
    subject_enc: str
    text_enc: str
    document: str | None = Field(default=None, max_length=64)
    check_code: str = Field(max_length=40)
    sent_at: datetime = Field(sa_type=UtcDateTime, index=True)
