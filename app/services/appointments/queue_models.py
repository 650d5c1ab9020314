"""The queue of a unit's day: who stands in it, what happened, and which scans were counted. Only this room writes them."""

from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, Table, UtcDateTime
from app.core.ids import new_id

_AT_COUNTER = text("state IN ('called', 'serving')")


class QueueEntry(Table, table=True):
    """Somebody in the queue of one unit on one day (of the unit's zone), known by a number such as A012.

    `slot_at` is the slot of who booked. `arrived_at` is when they came (scanned, or drew a ticket); `due_back_at` when
    somebody who was called and absent is called again. `helped` says in a code why they are lifted (UU 25/2009 art. 29).
    `state`: ``waiting``, ``called``, ``serving``, ``done``, ``missed`` (called in vain), ``left``.
    """

    __tablename__ = "queue_entries"
    __table_args__ = (
        UniqueConstraint("unit", "day", "place"),
        UniqueConstraint("booking_id"),
        Index(
            "uq_queue_entries_counter",
            "unit",
            "day",
            "counter",
            unique=True,
            sqlite_where=_AT_COUNTER,
            postgresql_where=_AT_COUNTER,
        ),
        Index("ix_queue_entries_unit_day_state", "unit", "day", "state"),
        CheckConstraint("state IN ('waiting', 'called', 'serving', 'done', 'missed', 'left')", name="state"),
        CheckConstraint("(slot_at IS NULL) = (booking_id IS NULL)", name="booked_has_slot"),
        CheckConstraint("state NOT IN ('called', 'serving') OR counter IS NOT NULL", name="called_to_counter"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    unit: str = Field(max_length=60)
    day: date
    place: int
    number: str = Field(max_length=8)
    kind: str = Field(max_length=40)
    case_id: UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    booking_id: UUID | None = Field(default=None, foreign_key="appointment_bookings.id")
    slot_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    arrived_at: datetime = Field(sa_type=UtcDateTime)
    helped: str | None = Field(default=None, max_length=20)
    due_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: str = Field(max_length=10)
    counter: str | None = Field(default=None, max_length=20)
    calls: int = 0
    jump: str | None = Field(default=None, max_length=40)
    first_called_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    called_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    served_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    near_told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class QueueEvent(Table, table=True):
    """What happened to an entry, once, with its leaf in the log. `data` holds no personal data."""

    __tablename__ = "queue_events"
    __table_args__ = (UniqueConstraint("entry_id", "seq"), Index("ix_queue_events_unit_day", "unit", "day"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    entry_id: UUID = Field(foreign_key="queue_entries.id")
    seq: int
    unit: str = Field(max_length=60)
    day: date
    what: str = Field(max_length=20)
    reason: str | None = Field(default=None, max_length=40)
    actor_id: str = Field(max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)
    data: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JsonColumn)
    leaf_id: UUID = Field(foreign_key="leaves.id")


class QueueScan(Table, table=True):
    """A scan that was counted, by the id that the device gave it: sent again, it gets the same answer."""

    __tablename__ = "queue_scans"

    unit: str = Field(primary_key=True, max_length=60)
    scan_id: UUID = Field(primary_key=True)
    outcome: str = Field(max_length=20)
    entry_id: UUID | None = Field(default=None, foreign_key="queue_entries.id")
    scanned_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
