"""Beside the evidence: the pictures that people are shown of it, what a person has covered in them, and who holds it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from app.core.db import JsonColumn, Table, UtcDateTime
from app.core.ids import new_id

_OPEN = text("released_at IS NULL")


class ShownPicture(Table, table=True):
    """One picture of a capture as everybody sees it who has not opened the original, with the crop of its plate.

    Both lie in the store sealed under the original's own key. `plate` is the one on which the case stood when it was made, and
    `rules` the version of what is covered: where either is another by now, it is made anew. `photo_sha256` is of the JPEG as it is
    served; the leaf ties it to the original's."""

    __tablename__ = "shown_pictures"

    capture_id: UUID = Field(primary_key=True, foreign_key="captures.id")
    position: int = Field(primary_key=True)
    plate: str | None = Field(default=None, max_length=20)
    rules: int
    photo: str = Field(max_length=64)
    photo_sha256: str = Field(max_length=64)
    crop: str | None = Field(default=None, max_length=64)
    faces: int
    plates: int
    made_at: datetime = Field(sa_type=UtcDateTime)
    leaf_id: UUID = Field(foreign_key="leaves.id")


class HandCover(Table, table=True):
    """What a person has covered in a picture beyond what was found by machine: areas as left, top, right and bottom in thousandths
    of the picture as it is shown."""

    __tablename__ = "hand_covers"

    capture_id: UUID = Field(primary_key=True, foreign_key="captures.id")
    position: int = Field(primary_key=True)
    areas: list[list[int]] = Field(sa_type=JsonColumn)
    drawn_at: datetime = Field(sa_type=UtcDateTime)
    drawn_by: str = Field(max_length=80)


class EvidenceHold(Table, table=True):
    """That the evidence of a case is kept beyond the policy's time. The reasons stand in the case's events."""

    __tablename__ = "evidence_holds"
    __table_args__ = (
        Index("uq_evidence_holds_open", "case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id")
    placed_at: datetime = Field(sa_type=UtcDateTime)
    placed_by: str = Field(max_length=80)
    release_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    release_asked_by: str | None = Field(default=None, max_length=80)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_by: str | None = Field(default=None, max_length=80)
    """Another person than `release_asked_by`."""
