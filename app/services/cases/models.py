"""A case, its events, its deadlines and the work that waits for a person. Only this room writes these tables."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, Table, UtcDateTime
from app.core.ids import new_id

_WAITING = text("status = 'waiting'")
_OPEN = text("closed_at IS NULL")
_ANNOUNCED = text("status = 'announced'")


class Case(Table, table=True):
    """One ticket or application. `state` is written by the engine alone; `version` counts its events.

    `entered_at` is when the present state was entered (as-of time); deadline functions count from it. `assigned_to`
    is the officer who was drawn. `subject` is what it is about, by a public code: a violation, a service. `policy_id` is the version of the policy that the case was stamped with.
    """

    __tablename__ = "cases"
    __table_args__ = (Index("ix_cases_unit_state", "unit", "state"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    lifecycle: str = Field(max_length=40)
    lifecycle_version: int
    reference: str = Field(max_length=40, unique=True)
    subject: str | None = Field(default=None, max_length=40)
    unit: str = Field(max_length=60)
    state: str = Field(max_length=40)
    version: int
    policy_id: UUID | None = None
    assigned_to: str | None = Field(default=None, max_length=60, index=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CaseEvent(Table, table=True):
    """What happened, once: `seq` is the case's version after it. `data` never holds personal data.

    The title is kept as it was shown then: a lifecycle that is worded anew does not rewrite anybody's timeline.

    `cause` says what made it happen: ``move``, ``automatic``, ``signal:<name>``, ``deadline:<name>``, ``draw`` or
    ``task``. `at` is the real time, `as_of` differs from it only in a sweep that looked ahead.
    """

    __tablename__ = "case_events"
    __table_args__ = (UniqueConstraint("case_id", "seq"), Index("ix_case_events_at", "at"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id")
    seq: int
    action: str = Field(max_length=60)
    title_id: str = Field(max_length=200)
    title_en: str = Field(max_length=200)
    cause: str = Field(max_length=80)
    from_state: str | None = Field(default=None, max_length=40)
    to_state: str = Field(max_length=40)
    actor_kind: str = Field(max_length=20)
    actor_id: str = Field(max_length=80)
    unit: str | None = Field(default=None, max_length=60)
    at: datetime = Field(sa_type=UtcDateTime)
    as_of: datetime = Field(sa_type=UtcDateTime)
    reason: str | None = Field(default=None, sa_type=Text)
    data: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JsonColumn)
    leaf_id: UUID = Field(foreign_key="leaves.id")


class CaseDeadline(Table, table=True):
    """A due time of a case, swept when it has come: nothing sleeps in memory for eight days.

    `status`: ``waiting``, ``done``, ``cancelled`` (the state was left), or ``stuck`` (it was due, but its move was
    refused with `problem`; a work item tells a person).
    """

    __tablename__ = "case_deadlines"
    __table_args__ = (
        UniqueConstraint("case_id", "name"),
        Index("ix_case_deadlines_due", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id")
    name: str = Field(max_length=60)
    due_at: datetime = Field(sa_type=UtcDateTime)
    status: str = Field(max_length=20)
    problem: str | None = Field(default=None, max_length=80)


class WorkItem(Table, table=True):
    """Work that waits for somebody with this role at this unit.

    `lasts`: ``state`` items close by themselves when the case leaves the state, ``done`` items when somebody says
    that it is done. `assignee_only` items show to the officer who was drawn for the case.
    """

    __tablename__ = "work_items"
    __table_args__ = (
        Index("ix_work_items_open", "unit", "role", "opened_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    kind: str = Field(max_length=60)
    role: str = Field(max_length=40)
    unit: str = Field(max_length=60)
    lasts: str = Field(max_length=10)
    assignee_only: bool = False
    note: str | None = Field(default=None, max_length=200)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = Field(default=None, max_length=80)


class WorkItemExclusion(Table, table=True):
    """Somebody who must not do this work: four eyes."""

    __tablename__ = "work_item_exclusions"

    work_item_id: UUID = Field(foreign_key="work_items.id", primary_key=True)
    actor_id: str = Field(max_length=80, primary_key=True)


class CaseView(Table, table=True):
    """Somebody of the staff looked at a citizen's case, and what for. The citizen sees it in the timeline."""

    __tablename__ = "case_views"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    actor_kind: str = Field(max_length=20)
    actor_id: str = Field(max_length=80)
    unit: str | None = Field(default=None, max_length=60)
    purpose: str = Field(max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)
    leaf_id: UUID = Field(foreign_key="leaves.id")


class Draw(Table, table=True):
    """A draw of the officer of a case: announced with its pool, then decided by a checkpoint that covers the pool.

    `number` counts the draws of a case. `pool_leaf` is the leaf with who is in the pool; the first checkpoint whose tree
    holds it (of `checkpoint_size` leaves) decides. `status`: ``announced``, ``drawn``, or ``void`` (the case was closed
    before).
    """

    __tablename__ = "draws"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index("uq_draws_announced", "case_id", unique=True, sqlite_where=_ANNOUNCED, postgresql_where=_ANNOUNCED),
        CheckConstraint("status IN ('announced', 'drawn', 'void')", name="status"),
        CheckConstraint("(status = 'drawn') = (officer IS NOT NULL)", name="drawn_names_officer"),
        CheckConstraint("(status = 'drawn') = (checkpoint_size IS NOT NULL)", name="drawn_names_checkpoint"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id")
    number: int
    pool_leaf: UUID = Field(foreign_key="leaves.id", unique=True)
    status: str = Field(max_length=10)
    announced_at: datetime = Field(sa_type=UtcDateTime)
    officer: str | None = Field(default=None, max_length=60)
    checkpoint_size: int | None = Field(default=None, sa_type=BigInteger, foreign_key="checkpoints.tree_size")
    drawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PaperConsent(Table, table=True):
    """A citizen's consent on paper to one step that staff take for them; the table itself wants four eyes.

    `scan_sha256` names the sealed bytes in the store, `scan_digest` is the SHA-256 of the scan itself, as the log has it.
    """

    __tablename__ = "paper_consents"
    __table_args__ = (
        CheckConstraint(
            "seen_by IS NULL OR (seen_by <> printed_by AND seen_by <> scanned_by AND scan_digest IS NOT NULL)",
            name="four_eyes",
        ),
        CheckConstraint("used_at IS NULL OR seen_by IS NOT NULL", name="seen_first"),
        Index("ix_paper_consents_unit_printed_at", "unit", "printed_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = Field(max_length=40, unique=True)
    case_id: UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    about: UUID
    step: str = Field(max_length=40)
    of: UUID
    unit: str = Field(max_length=60)
    key_id: UUID = Field(foreign_key="data_keys.id")
    name_enc: str | None = None
    what_id: str = Field(max_length=200)
    what_en: str = Field(max_length=200)
    printed_by: str = Field(max_length=60)
    printed_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    scan_sha256: str | None = Field(default=None, max_length=64)
    scan_digest: str | None = Field(default=None, max_length=64)
    scan_type: str | None = Field(default=None, max_length=40)
    scanned_by: str | None = Field(default=None, max_length=60)
    scanned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_by: str | None = Field(default=None, max_length=60)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    forgotten_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it was forgotten, by time, whose form this was; its scan is deleted."""
