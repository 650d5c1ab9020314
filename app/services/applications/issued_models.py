"""Table of issued documents, and one as the rest of the house sees it.

The number of a licence is its holder's NIK and stands in the sealed file alone; `number` is that of the paper, which names
nobody. The file lies in the object store under `sha256`, sealed with the holder's data key.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id
from app.core.texts import Text as Words

_GOOD = text("revoked_at IS NULL")
_ORDERED = text("print_state = 'ordered'")
_UNTOLD = text("entered_at IS NULL AND ready_at IS NOT NULL AND revoked_at IS NULL")
_UNSEALED = text("ready_at IS NULL AND revoked_at IS NULL")
_OPEN = text("decided_at IS NULL")


class PrintState(StrEnum):
    """How far the printing of a card, sheet or booklet is."""

    ORDERED = "ordered"
    PRINTED = "printed"


class IssuedDocumentRow(Table, table=True):
    """A paper that was issued. It is `ready` once its file is made, sealed and stored.

    `revoked_why` is a code of `Revocation`; who asked for it, with which words, stands in `revocation_proposals`. Of each
    kind a case has one good document at a time.
    """

    __tablename__ = "issued_documents"
    __table_args__ = (
        Index("uq_issued_documents_good", "case_id", "kind", unique=True, sqlite_where=_GOOD, postgresql_where=_GOOD),
        Index("ix_issued_documents_ordered", "unit", "issued_at", sqlite_where=_ORDERED, postgresql_where=_ORDERED),
        Index("ix_issued_documents_subject", "subject_bidx", sqlite_where=_GOOD, postgresql_where=_GOOD),
        Index("ix_issued_documents_unsealed", "issued_at", sqlite_where=_UNSEALED, postgresql_where=_UNSEALED),
        Index("ix_issued_documents_not_entered", "ready_at", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
        CheckConstraint("(sha256 IS NULL) = (ready_at IS NULL)", name="ready_has_file"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_why IS NULL)", name="revoked_has_reason"),
        CheckConstraint("print_state IN ('ordered', 'printed')", name="print_state"),
        CheckConstraint("printed_at IS NULL OR print_state = 'printed'", name="printed_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    key_id: UUID = Field(foreign_key="data_keys.id", index=True)
    kind: str = Field(max_length=40)
    number: str = Field(max_length=100, unique=True)
    unit: str = Field(max_length=60)
    check_code: str = Field(max_length=40, unique=True, foreign_key="check_codes.code")
    issued_at: datetime = Field(sa_type=UtcDateTime)
    valid_until: date | None = None
    leaf_id: UUID = Field(foreign_key="leaves.id")
    sha256: str | None = Field(default=None, max_length=64)
    ready_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sealed_leaf_id: UUID | None = Field(default=None, foreign_key="leaves.id")
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_by: str | None = Field(default=None, max_length=80)
    revoked_why: str | None = Field(default=None, max_length=40)
    replaced_by: UUID | None = Field(default=None, foreign_key="issued_documents.id")
    print_state: str | None = Field(default=None, max_length=10)
    printed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    printed_by: str | None = Field(default=None, max_length=80)
    subject_bidx: str | None = Field(default=None, max_length=64)
    """Of what the holder, or a vehicle, has one good document of this kind at a time; None for those of which there may be
    several."""
    entered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the registers had learned of it."""
    entry_tried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    forgotten_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its file was deleted, by time; `sha256` names what is no more, and `key_id` is nobody's."""


class RevocationProposal(Table, table=True):
    """Somebody of the unit asked that a document be taken back; a second person decides. Of each document one is open.

    `words_enc` explains it to the second person, sealed with the holder's data key: it may name people.
    """

    __tablename__ = "revocation_proposals"
    __table_args__ = (
        Index("uq_revocation_proposals_open", "document_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("remedy IN ('revoke', 'replace')", name="remedy"),
        CheckConstraint("decision IN ('confirmed', 'declined')", name="decision"),
        CheckConstraint("(decided_at IS NULL) = (decision IS NULL)", name="decided"),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    document_id: UUID = Field(foreign_key="issued_documents.id", index=True)
    remedy: str = Field(max_length=10)
    why: str = Field(max_length=40)
    words_enc: str | None = Field(default=None, sa_type=Text)
    task_id: UUID = Field(foreign_key="work_items.id")
    proposed_by: str = Field(max_length=80)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    decision: str | None = Field(default=None, max_length=10)
    decided_by: str | None = Field(default=None, max_length=80)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """A paper that was issued, without anything about its holder. `ready`: its file can be fetched. `valid_until` is its
    last good day at the unit, None where it has no end."""

    id: UUID
    case_id: UUID
    kind: str
    title: Words
    number: str
    unit: str
    check_code: str
    issued_at: datetime
    valid_until: date | None
    ready: bool
    revoked_at: datetime | None
    revoked_why: Words | None
    replaced_by: UUID | None
    print_state: PrintState | None


@dataclass(frozen=True, slots=True)
class PrintOrder:
    """What the counter is to print: `prints` says what, such as a licence card."""

    document_id: UUID
    case_id: UUID
    kind: str
    prints: Words
    number: str
    unit: str
    ordered_at: datetime
