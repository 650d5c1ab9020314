"""Tables of applications. Their state lives in `cases`; here is who asks for what, with which papers.

The form is one sealed document under the applicant's own data key (`core/vault`); papers lie in the object store, sealed
with the same key, so that erasing the person erases both. What must be found is a blind index.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, JsonValue, Table, UtcDateTime
from app.core.ids import new_id

_PRESENT = text("replaced_at IS NULL")
_OPEN = text("mended_at IS NULL")


class Behalf(StrEnum):
    """For whom of their family card somebody applies."""

    CHILD = "child"
    ADULT = "adult"
    """With that person's own consent, which the opening event names."""
    UNPROVED = "unproved"
    """Begun before adults were asked: nothing that they gave elsewhere is opened."""


class Application(Table, table=True):
    """One application of one person for one service.

    `version_id` is the text of the service on which it was begun and stays. `form_version` counts changes of form and
    papers (ETag). `price` and `precheck` are what the machine found at the last submission; neither holds personal data.
    """

    __tablename__ = "applications"
    __table_args__ = (
        Index("ix_applications_person_id", "person_id", "created_at"),
        Index("ix_applications_subject_bidx", "subject_bidx"),
        Index("ix_applications_chassis_bidx", "chassis_bidx"),
        CheckConstraint("clock_used_s >= 0", name="clock_used"),
    )

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    service_code: str = Field(max_length=40, index=True)
    version_id: UUID = Field(foreign_key="service_versions.id")
    home_unit: str = Field(max_length=60)
    """The unit that the applicant chose, or lives under; the case stands at the unit that the service's rule names."""
    person_id: UUID | None = Field(default=None, foreign_key="people.id")
    assisted_unit: str | None = Field(default=None, max_length=60)
    """The unit whose counter the applicant has allowed to fill this in for them."""
    behalf: str | None = Field(default=None, max_length=10)
    """A `Behalf`; None where somebody applies for themselves."""
    key_id: UUID = Field(foreign_key="data_keys.id")
    nik_enc: str | None = None
    name_enc: str | None = None
    contact_enc: str | None = None
    """Where messages go: a phone number or an e-mail address."""
    nik_bidx: str | None = Field(default=None, index=True, max_length=64)
    born_bidx: str | None = Field(default=None, max_length=64)
    """The day of birth, for the public look-up of a status by reference and day of birth."""
    subject_bidx: str | None = Field(default=None, max_length=64)
    """Person, service and what it is about (plate, class), by which a likely duplicate is seen."""
    chassis_bidx: str | None = Field(default=None, max_length=64)
    """The chassis number of a vehicle that is to be registered, as handed in: of all who name it one is approved."""
    lang: str = Field(default="id", max_length=2)

    form_enc: str | None = None
    form_version: int = 1
    exemption: str | None = Field(default=None, max_length=40)
    price: list[JsonValue] = Field(default_factory=list, sa_type=JsonColumn)
    amount: int = Field(default=0, sa_type=BigInteger)
    precheck: list[JsonValue] = Field(default_factory=list, sa_type=JsonColumn)
    prechecked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    clock_used_s: int = 0
    clock_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when the police have the ball; None while the applicant has it."""
    appointment_kind: str | None = Field(default=None, max_length=40)
    attended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    missed: int = 0
    retests: int = 0
    rebook_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    looked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the drawn officer first opened it; from then on only a decision ends it."""
    refusal_code: str | None = Field(default=None, max_length=40)
    tracking_no: str | None = Field(default=None, max_length=40)

    created_at: datetime = Field(sa_type=UtcDateTime)
    touched_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApplicationDocument(Table, table=True):
    """A paper or picture that was handed in. `sha256` names the sealed object, `digest` the bytes as they were kept.

    A newer one of the same name replaces it; the old one stays for whoever audits, until retention ends.
    """

    __tablename__ = "application_documents"
    __table_args__ = (
        Index(
            "uq_application_documents_present",
            "case_id",
            "name",
            unique=True,
            sqlite_where=_PRESENT,
            postgresql_where=_PRESENT,
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    name: str = Field(max_length=40)
    key_id: UUID = Field(foreign_key="data_keys.id")
    sha256: str = Field(max_length=64)
    digest: str = Field(max_length=64)
    media_type: str = Field(max_length=40)
    size: int
    warnings: list[JsonValue] = Field(default_factory=list, sa_type=JsonColumn)
    """What the machine was unsure of, for the officer: codes."""
    reused_from: UUID | None = Field(default=None, foreign_key="application_documents.id")
    given_at: datetime = Field(sa_type=UtcDateTime)
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApplicationMark(Table, table=True):
    """What an officer wants mended: the very field or paper, a reason from the list, and words if they help."""

    __tablename__ = "application_marks"
    __table_args__ = (
        Index(
            "uq_application_marks_open",
            "case_id",
            "pointer",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    pointer: str = Field(max_length=80)
    """``/form/height_cm`` or ``/documents/photo``."""
    code: str = Field(max_length=40)
    words_enc: str | None = None
    by: str = Field(max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the applicant changed it."""
    mended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it was handed in again, or the officer withdrew the mark."""


class ApplicationMessage(Table, table=True):
    """What citizen and officer write to each other inside the case, and nowhere else. Sealed with the applicant's key."""

    __tablename__ = "application_messages"
    __table_args__ = (Index("ix_application_messages_case_id", "case_id", "at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id")
    by: str = Field(max_length=10)
    """``citizen`` or ``staff``."""
    actor_id: str = Field(max_length=80)
    body_enc: str | None = None
    file_sha256: str | None = Field(default=None, max_length=64)
    file_type: str | None = Field(default=None, max_length=40)
    file_name_enc: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApplicationReceipt(Table, table=True):
    """The receipt for one payment: the event that proves it, and the code by which anybody can check it."""

    __tablename__ = "application_receipts"
    __table_args__ = (UniqueConstraint("check_code"),)

    event_id: UUID = Field(foreign_key="case_events.id", primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    bill_id: UUID = Field(foreign_key="bills.id", index=True)
    entry_id: UUID = Field(foreign_key="ledger_entries.id", unique=True)
    check_code: str = Field(max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
