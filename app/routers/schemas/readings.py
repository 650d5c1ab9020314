"""Captures that the machine gave up reading, as the counter sees them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.services.etle.dead_letters import DeadLetter


class StoppedReading(BaseModel):
    """A capture that was not read in so many tries. It is kept; nothing of its picture is shown here."""

    capture_id: UUID
    camera: str
    unit: str
    location: str
    captured_at: datetime
    received_at: datetime
    stopped_at: datetime
    tries: int
    problem: str | None = Field(description="Code of the last problem.", examples=["upstream-unavailable"])
    cause: str | None = Field(
        description="Which recogniser failed last, and how in a word; null where none did.",
        examples=["snapshot: timeout"],
    )
    replayed_at: datetime | None = Field(description="When somebody had it read again before, if anybody did.")

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        """From the room's dead letter."""
        return cls(
            capture_id=letter.capture_id,
            camera=letter.camera,
            unit=letter.unit,
            location=letter.location,
            captured_at=letter.captured_at,
            received_at=letter.received_at,
            stopped_at=letter.died_at,
            tries=letter.tries,
            problem=letter.problem,
            cause=letter.cause,
            replayed_at=letter.replayed_at,
        )


class StoppedReadings(BaseModel):
    """A page of them, those that stopped first at the top."""

    readings: list[StoppedReading]
    next: str | None = Field(description="Cursor of the following page; null on the last.")


class Replayed(BaseModel):
    """How many captures stand in the line again."""

    count: int
