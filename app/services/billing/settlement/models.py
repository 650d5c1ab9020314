"""Tables of reconciliation: files that banks' people sent, the statements and lines in them, and the differences found.

A line is written once, in the transaction that books it. What a corrected file says differently ends the old line and
begins another; the old one stays for the auditor. A day may have a million lines, so a line holds no texts of the bank.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, JsonValue, Table, UtcDateTime
from app.core.ids import new_id

_CURRENT = text("ended_by IS NULL")
_SETTLING = text("ended_by IS NULL AND settled > 0")
_TAKING_BACK = text("ended_by IS NULL AND settled < 0")
_HELD = text("ended_by IS NULL AND held > 0")
_OPEN = text("state <> 'closed'")


class FileState(StrEnum):
    """How far a file is. Of a refused file nothing is booked; it may be sent again, as when the missing day has come."""

    RECEIVED = "received"
    READING = "reading"
    DONE = "done"
    REFUSED = "refused"


class Outcome(StrEnum):
    """What a line turned out to be.

    `MATCHED`: a payment of ours. `AMOUNT`: one of ours, over another amount or with a fee that no contract knows.
    `UNKNOWN`: money for a bill that still asks for it, or for nothing that we know. `REFUSED`: money that we refused and
    the bank kept. `DUPLICATE`: a second line about one payment. `REVERSED`: the bank took a payment back.
    `RETURNED`: the bank took back what had no home. `PAYOUT`: a refund that left. `DEBIT`: money that left, or was taken
    back, and nothing of ours says why.
    """

    MATCHED = "matched"
    AMOUNT = "amount"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    REVERSED = "reversed"
    RETURNED = "returned"
    PAYOUT = "payout"
    DEBIT = "debit"


class ExceptionKind(StrEnum):
    """Why a person must look: the outcomes of lines that do not match, and what is told by no line.

    `MISSING`: we booked a payment and the bank's files lack it. `NO_STATEMENT`: a day has payments and no statement.
    `GAP`: a statement does not follow upon the one before it. `REVERSAL`: the bank took a payment back whose money has
    moved on.
    """

    UNKNOWN = "unknown"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    AMOUNT = "amount"
    DEBIT = "debit"
    REVERSAL = "reversal"
    MISSING = "missing"
    NO_STATEMENT = "no_statement"
    GAP = "gap"


class ExceptionState(StrEnum):
    """Whose turn it is: anybody's, a second person's, nobody's."""

    OPEN = "open"
    PROPOSED = "proposed"
    CLOSED = "closed"


class SettlementFile(Table, table=True):
    """A file as it was sent, once per bank: `sha256` is of its bytes. It lies sealed in the object storage as `stored_as`, under
    the data key `key_id`; one from before files were sealed lies there as it is, until a job has sealed it. `forgotten_at`: the
    policy keeps it no longer, and key and object are gone.

    `bank` is the bank's client id; `unit` the Polda that it was sent for, None for all. `counts` are lines by outcome.
    `touched_at` says that somebody is at work; `refusal` why nothing of it was taken, in both languages.
    """

    __tablename__ = "settlement_files"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    bank: str = Field(max_length=80)
    unit: str | None = Field(default=None, max_length=60)
    kind: str = Field(max_length=10)
    file_name: str | None = Field(default=None, max_length=120)
    sha256: str = Field(max_length=64)
    stored_as: str | None = Field(default=None, max_length=64)
    key_id: UUID | None = Field(default=None, foreign_key="data_keys.id")
    forgotten_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    size_bytes: int = Field(sa_type=BigInteger)
    state: str = Field(default=FileState.RECEIVED, max_length=10)
    sent_by_kind: str = Field(max_length=20)
    sent_by: str = Field(max_length=80)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)
    touched_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bytes_done: int = Field(default=0, sa_type=BigInteger)
    lines_total: int | None = None
    lines_done: int = 0
    lines_new: int = 0
    counts: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JsonColumn)
    refusal_code: str | None = Field(default=None, max_length=40)
    refusal_id: str | None = Field(default=None, max_length=500)
    refusal_en: str | None = Field(default=None, max_length=500)

    __table_args__ = (
        UniqueConstraint("bank", "sha256"),
        CheckConstraint("(state = 'refused') = (refusal_code IS NOT NULL)", name="refused_iff_why"),
        CheckConstraint("(stored_as IS NULL) = (key_id IS NULL)", name="sealed_with_key"),
        Index("ix_settlement_files_state", "state", "touched_at"),
    )


class SettlementStatement(Table, table=True):
    """A statement as one file told it. All versions of one statement have the same `series_id`, that of the first.

    `unit` and `account_no` are empty where there is none, so that the key holds. Balances in rupiah, where the format has
    them. `gap`: two persons agreed to book it although it does not follow upon the one before. `posted_at`: all its lines
    are booked.
    """

    __tablename__ = "settlement_statements"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    series_id: UUID = Field(index=True)
    version: int
    file_id: UUID = Field(foreign_key="settlement_files.id", index=True)
    bank: str = Field(max_length=80)
    unit: str = Field(default="", max_length=60)
    account_no: str = Field(default="", max_length=60)
    statement_no: str = Field(max_length=128)
    first_day: date
    last_day: date
    opening: int | None = Field(default=None, sa_type=BigInteger)
    closing: int | None = Field(default=None, sa_type=BigInteger)
    lines: int = 0
    gap: bool = False
    posted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        UniqueConstraint("bank", "unit", "account_no", "statement_no", "version", name="uq_settlement_statements_once"),
        Index("ix_settlement_statements_last_day", "bank", "unit", "account_no", "last_day"),
    )


class SettlementLine(Table, table=True):
    """One line and what it did in the books; amounts in rupiah.

    `settled` is what it closed of the bank's clearing account (negative: opened again), `held` what it left in suspense
    (negative: owed to us), both with `entry_id`. `seen_in` is the newest version of the statement that has it; `ended_by`
    the version that has it no more, with `ended_entry_id`; its own version, where it was judged anew because its payment
    came late. `place` is its place in the file.
    """

    __tablename__ = "settlement_lines"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    series_id: UUID
    statement_id: UUID = Field(foreign_key="settlement_statements.id")
    seen_in: UUID
    place: int
    bank_reference: str = Field(max_length=128)
    ordinal: int
    credit: bool
    reversal: bool
    amount: int = Field(sa_type=BigInteger)
    fee: int = Field(sa_type=BigInteger)
    booked_on: date
    trx_at: str | None = Field(default=None, max_length=40)
    virtual_account_no: str | None = Field(default=None, max_length=40)
    payment_request_id: str | None = Field(default=None, max_length=128)
    end_to_end_id: str | None = Field(default=None, max_length=128)
    outcome: str = Field(max_length=10)
    payment_id: UUID | None = Field(default=None, foreign_key="snap_payments.id")
    bill_id: UUID | None = Field(default=None, foreign_key="bills.id")
    settled: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)
    entry_id: UUID = Field(foreign_key="ledger_entries.id", index=True)
    ended_by: UUID | None = Field(default=None, foreign_key="settlement_statements.id")
    ended_entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id", index=True)

    __table_args__ = (
        CheckConstraint("amount > 0 AND fee >= 0", name="amounts"),
        CheckConstraint("(ended_by IS NULL) = (ended_entry_id IS NULL)", name="ended_with_entry"),
        # The key of a line: who imports the same twice, or is killed and goes on, meets it here.
        Index(
            "uq_settlement_lines_current",
            "series_id",
            "bank_reference",
            "ordinal",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        # A payment is settled once, whatever files say it.
        Index(
            "uq_settlement_lines_payment",
            "payment_id",
            unique=True,
            sqlite_where=_SETTLING,
            postgresql_where=_SETTLING,
        ),
        # What a payment looks for that comes after its line: few rows, however long the table is.
        Index("ix_settlement_lines_held_request", "payment_request_id", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_settlement_lines_held_reference", "bank_reference", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_settlement_lines_held_bill", "bill_id", sqlite_where=_HELD, postgresql_where=_HELD),
        # And taken back once.
        Index(
            "uq_settlement_lines_taken_back",
            "payment_id",
            unique=True,
            sqlite_where=_TAKING_BACK,
            postgresql_where=_TAKING_BACK,
        ),
    )


class SettlementException(Table, table=True):
    """A difference that waits for a person, then for a second one.

    `subject` makes it one of its kind: a line, a payment, a day, a file. `held` is what suspense has for it: while that is
    not 0, only an entry closes it. `text_enc` is the bank's remittance text, sealed, as it may name a payer.
    """

    __tablename__ = "settlement_exceptions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(max_length=20)
    subject: str = Field(max_length=160)
    state: str = Field(default=ExceptionState.OPEN, max_length=10)
    bank: str = Field(max_length=80)
    unit: str | None = Field(default=None, max_length=60)
    file_id: UUID | None = Field(default=None, foreign_key="settlement_files.id", index=True)
    line_id: UUID | None = Field(default=None, foreign_key="settlement_lines.id", index=True)
    payment_id: UUID | None = Field(default=None, foreign_key="snap_payments.id")
    bill_id: UUID | None = Field(default=None, foreign_key="bills.id")
    held: int = Field(default=0, sa_type=BigInteger)
    suggested: str = Field(max_length=20)
    facts: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JsonColumn)
    text_enc: str | None = None
    opened_at: datetime = Field(sa_type=UtcDateTime)
    action: str | None = Field(default=None, max_length=20)
    action_bill_id: UUID | None = Field(default=None, foreign_key="bills.id")
    proposed_by: str | None = Field(default=None, max_length=80)
    proposed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = Field(default=None, max_length=80)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id")

    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        CheckConstraint("closed_by <> proposed_by OR closed_by = 'system'", name="four_eyes"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_iff_when"),
        CheckConstraint("state <> 'closed' OR held = 0", name="nothing_held_when_closed"),
        Index("ix_settlement_exceptions_open", "unit", "opened_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_settlement_exceptions_at", "opened_at"),
    )


class SettlementStep(Table, table=True):
    """What somebody did about a difference: opened, proposed, declined, closed. Each step is a leaf of the log."""

    __tablename__ = "settlement_steps"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    exception_id: UUID = Field(foreign_key="settlement_exceptions.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    step: str = Field(max_length=20)
    action: str | None = Field(default=None, max_length=20)
    actor_kind: str = Field(max_length=20)
    actor: str = Field(max_length=80)
    reason: str | None = Field(default=None, max_length=1000)
    leaf_id: UUID = Field(foreign_key="leaves.id")
