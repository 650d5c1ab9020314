"""The log's tables. Rooms append to `leaves`; tiles and checkpoints are written by the sequencer alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id

_WAITING = text("leaf_index IS NULL")


class Leaf(Table, table=True):
    """One recorded fact. `leaf_index` is its place in the tree; empty until the sequencer came by."""

    __tablename__ = "leaves"
    # The sequencer asks "what is visible and waits?", never "what is newer?": ids are not commit order.
    __table_args__ = (
        Index("ix_leaves_waiting", "recorded_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(max_length=40)
    salt: bytes = Field(sa_type=LargeBinary)
    body: str = Field(sa_type=Text)
    commitment: bytes = Field(sa_type=LargeBinary, unique=True)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    leaf_index: int | None = Field(default=None, sa_type=BigInteger, unique=True)


class LogTile(Table, table=True):
    """Up to 256 neighbouring hashes of one level (C2SP tlog-tiles); the last of each level still grows."""

    __tablename__ = "log_tiles"

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    hashes: bytes = Field(sa_type=LargeBinary)


class SignedCheckpoint(Table, table=True):
    """A signed statement of the whole log's root, one for each batch of the sequencer."""

    __tablename__ = "checkpoints"

    tree_size: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(sa_type=LargeBinary)
    note: str = Field(sa_type=Text)
    signed_at: datetime = Field(sa_type=UtcDateTime)


class CheckCode(Table, table=True):
    """A code on a letter, message, receipt or document, by which anyone can ask whether it is really ours."""

    __tablename__ = "check_codes"

    code: str = Field(primary_key=True, max_length=40)
    kind: str = Field(max_length=20)
    unit: str = Field(max_length=40)
    about_id: str = Field(max_length=200)
    about_en: str = Field(max_length=200)
    leaf_id: UUID | None = Field(default=None, foreign_key="leaves.id")
    issued_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
