"""Table of the public figures: how often each thing happened on each finished day."""

from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from app.core.db import Table


class EventDay(Table, table=True):
    """Events of one WIB day, by unit, lifecycle, subject (the violation's or service's code) and action."""

    __tablename__ = "event_days"
    __table_args__ = (
        CheckConstraint("events > 0", name="events"),
        Index("ix_event_days_unit", "unit", "day"),
    )

    day: date = Field(primary_key=True)
    unit: str = Field(primary_key=True, max_length=60)
    lifecycle: str = Field(primary_key=True, max_length=40)
    subject: str = Field(primary_key=True, max_length=40)
    action: str = Field(primary_key=True, max_length=60)
    events: int
