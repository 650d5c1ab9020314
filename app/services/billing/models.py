"""Tables of billing: the ledger, bills and refunds, and what the SNAP door must remember.

The ledger is append-only: entries and lines are never updated or deleted, a mistake is mended by an entry that reverses
it (migration 0002 forbids it in the database too). Amounts are whole rupiah.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, JsonValue, Table, UtcDateTime
from app.core.ids import new_id


class BillState(StrEnum):
    """What became of a bill. `PAID` stands exactly while one unreversed payment entry names it."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Purpose(StrEnum):
    """What a bill asks money for: a fine (before the verdict a deposit), the rest of a verdict, or a PNBP fee."""

    FINE = "fine"
    REST = "rest"
    FEE = "fee"


class EntryKind(StrEnum):
    """Why money moved in the books."""

    PAYMENT = "payment"
    VERDICT = "verdict"
    REFUND_OWED = "refund_owed"
    REFUND_PAID = "refund_paid"
    REFUND_FORFEITED = "refund_forfeited"
    REMITTED = "remitted"
    REVERSAL = "reversal"
    SETTLEMENT = "settlement"
    SETTLEMENT_CORRECTED = "settlement_corrected"
    SETTLEMENT_CLOSED = "settlement_closed"


class RefundState(StrEnum):
    """What became of money that is owed back. `WITHDRAWN`: its bill was paid by that money after all."""

    OWED = "owed"
    PAID_OUT = "paid_out"
    FORFEITED = "forfeited"
    WITHDRAWN = "withdrawn"


_PAYEES = text("account IN ('PF', 'RV', 'TR', 'JR') OR account LIKE 'BP:%'")


class LedgerAccount(Table, table=True):
    """An account of the books. `code` is one of `accounts.py`, or ``BC:<client id>`` for each bank's clearing account."""

    __tablename__ = "ledger_accounts"

    code: str = Field(primary_key=True)
    kind: str
    opened_at: datetime = Field(sa_type=UtcDateTime)


class LedgerEntry(Table, table=True):
    """One booking: its lines sum to zero. `reverses` names the entry that it undoes; each can be undone once."""

    __tablename__ = "ledger_entries"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    kind: str
    memo: str
    actor: str
    reverses: UUID | None = Field(default=None, foreign_key="ledger_entries.id", unique=True)


class LedgerLine(Table, table=True):
    """One account's part in an entry: `amount` in rupiah, positive is debit, negative is credit."""

    __tablename__ = "ledger_lines"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    entry_id: UUID = Field(foreign_key="ledger_entries.id", index=True)
    account: str = Field(foreign_key="ledger_accounts.code")
    amount: int = Field(sa_type=BigInteger)
    bill_id: UUID | None = Field(default=None, foreign_key="bills.id", index=True)

    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        # Money that waits to be handed on; deposits and clearing are not in this index and pay nothing for it.
        Index("ix_ledger_lines_payee", "account", "bill_id", sqlite_where=_PAYEES, postgresql_where=_PAYEES),
    )


class Bill(Table, table=True):
    """What somebody is asked to pay, once and in full. `customer_no` follows each bank's prefix in its virtual account.

    `account` is the liability that the payment is credited to, or `accounts.SEVERAL` where `bill_lines` name them.
    `grace_minutes` is the rule of its unit as it was opened; None is of a bill from before there was one. `ended_at` is
    when a cancelled bill was cancelled.
    """

    __tablename__ = "bills"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    purpose: str
    account: str
    unit: str
    title: str
    amount: int = Field(sa_type=BigInteger)
    currency: str = "IDR"
    customer_no: str = Field(unique=True)
    state: str = BillState.OPEN
    opened_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    grace_minutes: int | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_why: str | None = None
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paid_entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id", unique=True)

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("(state = 'paid') = (paid_entry_id IS NOT NULL)", name="paid_iff_entry"),
        # One payable bill per case: a second virtual account would invite paying twice.
        Index(
            "uq_bills_open_case",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_bills_state_expires_at", "state", "expires_at"),
    )


class BillLine(Table, table=True):
    """One of several things that a bill asks for, with the account that this part of a payment is credited to.

    Written with its bill and never changed; the lines of a bill sum to its amount.
    """

    __tablename__ = "bill_lines"

    bill_id: UUID = Field(foreign_key="bills.id", primary_key=True)
    ordinal: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    code: str = Field(max_length=40)
    title_id: str = Field(max_length=120)
    title_en: str = Field(max_length=120)
    account: str = Field(max_length=60)
    amount: int = Field(sa_type=BigInteger)

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("ordinal > 0", name="ordinal_is_positive"),
    )


class BillReplacement(Table, table=True):
    """A bill that stands in another's place, because the amount changed: each is replaced once, by one."""

    __tablename__ = "bill_replacements"

    old_id: UUID = Field(foreign_key="bills.id", primary_key=True)
    new_id: UUID = Field(foreign_key="bills.id", unique=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    reason: str = Field(max_length=200)

    __table_args__ = (CheckConstraint("old_id <> new_id", name="another_bill"),)


class Refund(Table, table=True):
    """Money owed back to a payer (UU 22/2009 art. 268), and the entries that owed it and closed it.

    `payee_key_id` is the data key of the person whom it goes to: whatever account that person has given is this
    refund's too.
    """

    __tablename__ = "refunds"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    bill_id: UUID = Field(foreign_key="bills.id", index=True)
    payee_key_id: UUID | None = Field(default=None, foreign_key="data_keys.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    reason: str
    state: str = RefundState.OWED
    owed_at: datetime = Field(sa_type=UtcDateTime)
    owed_entry_id: UUID = Field(foreign_key="ledger_entries.id", unique=True)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id", unique=True)

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("(state = 'owed') = (closed_entry_id IS NULL)", name="closed_iff_entry"),
    )


class SnapToken(Table, table=True):
    """An access token of a bank; only its hash is kept. A new one leaves the older ones alive."""

    __tablename__ = "snap_tokens"

    token_hash: str = Field(primary_key=True)
    client_id: str = Field(index=True)
    issued_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class SnapExternalId(Table, table=True):
    """An X-EXTERNAL-ID that a bank has used today for a request; `request_key` says which."""

    __tablename__ = "snap_external_ids"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str
    service: str
    day: date = Field(index=True)
    external_id: str
    request_key: str

    __table_args__ = (UniqueConstraint("client_id", "service", "day", "external_id", name="uq_snap_external_ids_once"),)


class SnapInquiry(Table, table=True):
    """An inquiry that was answered `00`: its payment is honoured for a grace time after the bill has ended."""

    __tablename__ = "snap_inquiries"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str
    inquiry_request_id: str
    bill_id: UUID = Field(foreign_key="bills.id")
    answered_at: datetime = Field(sa_type=UtcDateTime, index=True)

    __table_args__ = (UniqueConstraint("client_id", "inquiry_request_id", "bill_id", name="uq_snap_inquiries_once"),)


class SnapPayment(Table, table=True):
    """A booked payment as the bank named it, with the answer it got. Only booked payments are here; kept for good.

    `trx_at` is the bank's own text of its time, beside `received_at`, ours. `answer` is the JSON text that was sent.
    """

    __tablename__ = "snap_payments"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str
    payment_request_id: str
    bill_id: UUID = Field(foreign_key="bills.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    currency: str
    entry_id: UUID = Field(foreign_key="ledger_entries.id", unique=True)
    external_id: str
    channel_id: str
    reference_no: str | None = None
    trx_at: str | None = None
    received_at: datetime = Field(sa_type=UtcDateTime)
    answer: str

    __table_args__ = (UniqueConstraint("client_id", "payment_request_id", name="uq_snap_payments_once"),)


class PaymentIncident(Table, table=True):
    """Something a person must look at: a bank said two different things about one payment, or paid what had ended."""

    __tablename__ = "payment_incidents"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    kind: str
    client_id: str
    subject: str
    bill_id: UUID | None = Field(default=None, foreign_key="bills.id")
    facts: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JsonColumn)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = None
    closed_why: str | None = None

    __table_args__ = (UniqueConstraint("client_id", "kind", "subject", name="uq_payment_incidents_once"),)
