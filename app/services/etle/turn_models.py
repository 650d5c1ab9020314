"""The line of captures that wait to be read; only `turns.py` and `dead_letters.py` write it."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from app.core.db import Table, UtcDateTime

LEASE = timedelta(minutes=6)
"""A reading that has not come back by then is tried again; longer than one picture takes whose plan has five steps that all
time out after a minute. It begins anew with each picture."""


class TurnState(StrEnum):
    """Where a capture stands that has no reading yet."""

    WAITING = "waiting"  # in the line; a job that will take the next one exists for it
    PUT_OFF = "put_off"  # being read, or tried and tried again at `due_at`
    DEAD = "dead"  # given up by the machine: a person looks, and has it read again


class ReadingTurn(Table, table=True):
    """A capture that was accepted and is not read yet. The row goes when the reading is kept."""

    __tablename__ = "reading_turns"
    __table_args__ = (
        Index("ix_reading_turns_state_turn", "state", "turn"),
        Index("ix_reading_turns_state_due_at", "state", "due_at"),
        Index("ix_reading_turns_device_id_state", "device_id", "state", "turn"),
    )

    capture_id: UUID = Field(primary_key=True, foreign_key="captures.id")
    device_id: UUID = Field(foreign_key="credentials.id")
    polda_code: str = Field(max_length=60)
    state: str = Field(max_length=20)
    turn: int = Field(sa_type=BigInteger)
    """Place in the line, lowest first; several cameras have captures of the same turn."""
    tries: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime)
    """Put off: when it stands in the line again. Dead: when it died."""
    problem: str | None = Field(default=None, max_length=80)
    """The code of the last problem; never its text, which may quote what was read."""
    cause: str | None = Field(default=None, max_length=80)
    """Which recogniser failed last, and how in a word (`snapshot: timeout`); None where it was nobody's failure."""
    received_at: datetime = Field(sa_type=UtcDateTime)
    replayed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    replayed_by: str | None = Field(default=None, max_length=80)
