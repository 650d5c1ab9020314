"""Causes of error that were found often enough for every open case of them to be looked at again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class CauseReview(Table, table=True):
    """A camera, a place or an officer whose cases are annulled as often as the policy's rate says."""

    __tablename__ = "cause_reviews"
    __table_args__ = (Index("ix_cause_reviews_kind_key", "polda_code", "kind", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    polda_code: str = Field(max_length=60)
    kind: str = Field(max_length=20)
    key: str = Field(max_length=200)
    """The camera's or the officer's id, or the name of the place."""
    annulled: int
    verified: int
    """How many of how many cases it were when the review was opened."""
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the share had fallen below the rate again; no more cases are added."""


class CauseReviewCase(Table, table=True):
    """A case that is looked at again for a cause, and whether somebody found that it stands."""

    __tablename__ = "cause_review_cases"

    review_id: UUID = Field(primary_key=True, foreign_key="cause_reviews.id")
    case_id: UUID = Field(primary_key=True, foreign_key="cases.id", index=True)
    added_at: datetime = Field(sa_type=UtcDateTime)
    stood_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
