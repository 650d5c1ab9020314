"""Tables of uploads that arrive in pieces: what has come so far of a paper, until an application has it.

The pieces lie in the object store, sealed under a data key that the upload alone has: when it ends, in whatever way, the
key is destroyed and nobody reads them again.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class UploadState(StrEnum):
    """``open``: bytes are missing. ``complete``: all are here, the application has not taken them yet. ``taken``: it has.
    ``refused``: it does not want them. ``ended``: cancelled, out of time, or another one took its place."""

    OPEN = "open"
    COMPLETE = "complete"
    TAKEN = "taken"
    REFUSED = "refused"
    ENDED = "ended"


class Upload(Table, table=True):
    """One upload of one paper of an application, by the person who began it.

    `received` is the offset that the next piece must name; it grows in the transaction that adds the piece, and nowhere
    else. `claimed_at` says since when somebody hands the complete bytes over, so that no two do.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("length > 0", name="length"),
        CheckConstraint("received BETWEEN 0 AND length", name="received"),
        Index("ix_uploads_state_expires_at", "state", "expires_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    document: str = Field(max_length=40)
    person: str = Field(max_length=80)
    key_id: UUID = Field(foreign_key="data_keys.id")
    length: int
    received: int = 0
    pieces: int = 0
    metadata_enc: str | None = None
    state: str = Field(default=UploadState.OPEN, max_length=10)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class UploadPiece(Table, table=True):
    """The bytes from `starts_at` on; `sha256` names the sealed object."""

    __tablename__ = "upload_pieces"
    __table_args__ = (UniqueConstraint("upload_id", "starts_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    upload_id: UUID = Field(foreign_key="uploads.id")
    starts_at: int
    size: int
    sha256: str = Field(max_length=64)
