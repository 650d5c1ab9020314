"""Table of what retention has forgotten: how many of what, and when; nobody is named."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class RetentionCount(Table, table=True):
    """One kind of data of which one run has forgotten `count`; `leaf_id` is the run's leaf in the public log."""

    __tablename__ = "retention_counts"
    __table_args__ = (CheckConstraint("count > 0", name="count"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    what: str = Field(max_length=20)
    count: int
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    leaf_id: UUID = Field(foreign_key="leaves.id")
