"""Tables of our questions to banks: what we want to know of a payment, and each answer that came or did not come; and
what a bank told afterwards of a payment that was booked without its word."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id

ANSWER_LOST = "answer_lost"
"""We booked a payment, or may have, and do not know whether the bank heard it: a bank that says otherwise is a person's
business."""


class BankSays(StrEnum):
    """What a bank's answer means. Only the first three settle a question.

    `PAID`: the bank holds the money for us. `REFUSED`: it knows the payment, and the money is not ours. `UNKNOWN`: it has
    no such payment. `PENDING`: it does not know yet. `UNCLEAR`: it said something that cannot be believed or read.
    `SILENT`: no answer came.
    """

    PAID = "paid"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    PENDING = "pending"
    UNCLEAR = "unclear"
    SILENT = "silent"


class BankStatusQuestion(Table, table=True):
    """Something that only the bank can tell us: did this payment happen? (SNAP service 26, asked by us)

    `subject` is the payment request id, or the virtual account number where no id is known; it has one open question at
    a time. `next_at` is when the bank is asked next; `outcome` how the question was closed.
    """

    __tablename__ = "bank_status_questions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str
    subject: str
    payment_request_id: str | None = None
    virtual_account_no: str | None = None
    bill_id: UUID | None = Field(default=None, foreign_key="bills.id")
    reason: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None

    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_iff_outcome"),
        CheckConstraint("(closed_at IS NULL) = (next_at IS NOT NULL)", name="open_iff_next"),
        Index(
            "uq_bank_status_questions_open",
            "client_id",
            "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class BankStatusAnswer(Table, table=True):
    """One time that a bank was asked, and what it said; `answered_at` and `code` are None where nothing came.

    `amount` is in rupiah, where the bank named one. `fault` says in words why an answer was not believed or not had.
    """

    __tablename__ = "bank_status_answers"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    question_id: UUID = Field(foreign_key="bank_status_questions.id", index=True)
    client_id: str
    payment_request_id: str | None = None
    virtual_account_no: str | None = None
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    external_id: str
    code: str | None = None
    status: str
    amount: int | None = Field(default=None, sa_type=BigInteger)
    fault: str | None = None

    __table_args__ = (
        Index("ix_bank_status_answers_request", "client_id", "payment_request_id"),
        Index("ix_bank_status_answers_account", "client_id", "virtual_account_no"),
    )


class SnapLaterId(Table, table=True):
    """The `paymentRequestId` under which a bank told of a payment that two persons had linked from a line without one.

    Each such payment gets one, once; `answer` is the JSON text that was sent. Kept for good, as `snap_payments` are.
    """

    __tablename__ = "snap_later_ids"

    client_id: str = Field(primary_key=True)
    payment_request_id: str = Field(primary_key=True)
    payment_id: UUID = Field(foreign_key="snap_payments.id", unique=True)
    told_at: datetime = Field(sa_type=UtcDateTime)
    answer: str
