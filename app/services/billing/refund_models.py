"""Tables of money that goes home: the account that a person gave once, and the orders by which a bank pays it out.

The number and the names are personal finance data (UU 27/2022 art. 4): ciphertexts (``*_enc``) under the person's own
data key, so that destroying the key erases them. Amounts are whole rupiah.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id

_CURRENT = text("replaced_at IS NULL")
_TAKEN = text("state IN ('live', 'paid')")


class AccountState(StrEnum):
    """What is known of an account: not yet asked for, good, for a person to look at, of somebody else, or sent back."""

    UNCHECKED = "unchecked"
    CHECKED = "checked"
    DOUBTFUL = "doubtful"
    REFUSED = "refused"
    RETURNED = "returned"


class OrderState(StrEnum):
    """How far a payment order is. `VOID`: the bank did not take the released file."""

    DRAFT = "draft"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    VOID = "void"


class PayoutState(StrEnum):
    """What became of one attempt to pay one refund."""

    LIVE = "live"
    PAID = "paid"
    RETURNED = "returned"
    DROPPED = "dropped"


class RefundAccount(Table, table=True):
    """An account that a person gave for what is owed back, kept with the person and not with the case.

    `at_bank_enc` is the holder's name as the bank says it. `reason` is a word for what is wrong, never a name.
    A row's number never changes: another account is another row, and the earlier one is `replaced_at`.
    """

    __tablename__ = "refund_accounts"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key_id: UUID = Field(foreign_key="data_keys.id")
    bank_code: str = Field(max_length=3)
    number_enc: str | None = None
    holder_enc: str | None = None
    person_enc: str | None = None
    at_bank_enc: str | None = None
    state: str = Field(default=AccountState.UNCHECKED, max_length=20)
    reason: str | None = Field(default=None, max_length=40)
    given_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=80)
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        Index("uq_refund_accounts_current", "key_id", unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT),
        Index("ix_refund_accounts_state", "state", "given_at", sqlite_where=_CURRENT, postgresql_where=_CURRENT),
    )


class RefundReminder(Table, table=True):
    """A payee was asked for an account again, so many `days` after the money became owed: once for each of them."""

    __tablename__ = "refund_reminders"

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    days: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime)


class KnownAccount(Table, table=True):
    """Whose an account is, where no bank can be asked: the stand-in for account inquiry in a sandbox."""

    __tablename__ = "known_accounts"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_bidx: str = Field(unique=True, max_length=64)
    key_id: UUID = Field(foreign_key="data_keys.id")
    name_enc: str | None = None


class PaymentOrder(Table, table=True):
    """An order to one bank to pay many refunds out of one account. Whoever drafted it does not release it.

    `number` is also the file's message id. `sha256` is of the file as released; the file itself is written anew from
    sealed data at each download and must have this hash.
    """

    __tablename__ = "payment_orders"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    number: str = Field(unique=True, max_length=35)
    polda_code: str = Field(max_length=60)
    account_code: str = Field(max_length=40)
    state: str = Field(default=OrderState.DRAFT, max_length=20)
    count: int
    total: int = Field(sa_type=BigInteger)
    execute_on: date
    drafted_by: str = Field(max_length=80)
    drafted_at: datetime = Field(sa_type=UtcDateTime)
    released_by: str | None = Field(default=None, max_length=80)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sha256: str | None = Field(default=None, max_length=64)
    leaf_id: UUID | None = Field(default=None, foreign_key="leaves.id")
    ended_by: str | None = Field(default=None, max_length=80)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_why: str | None = Field(default=None, max_length=300)

    __table_args__ = (
        CheckConstraint("released_by <> drafted_by", name="four_eyes"),
        CheckConstraint(
            "state IN ('draft', 'withdrawn') OR (released_by IS NOT NULL AND sha256 IS NOT NULL)",
            name="released_with_hash",
        ),
        CheckConstraint("count > 0 AND total > 0", name="not_empty"),
        Index("ix_payment_orders_polda_code", "polda_code", "drafted_at"),
    )


class Payout(Table, table=True):
    """One attempt to pay one refund to one account. `end_to_end_id` goes through the bank and comes back in its statement.

    `settlement_line` and `return_line` name the lines of the bank's statement that told of it.
    """

    __tablename__ = "payouts"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    order_id: UUID = Field(foreign_key="payment_orders.id", index=True)
    refund_id: UUID = Field(foreign_key="refunds.id", index=True)
    account_id: UUID = Field(foreign_key="refund_accounts.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    end_to_end_id: str = Field(unique=True, max_length=35)
    state: str = Field(default=PayoutState.LIVE, max_length=20)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    booked_on: date | None = None
    settlement_line: UUID | None = Field(default=None, unique=True)
    entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id", unique=True)
    returned_on: date | None = None
    return_line: UUID | None = Field(default=None, unique=True)
    return_reason: str | None = Field(default=None, max_length=140)
    return_entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id", unique=True)

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("(state IN ('paid', 'returned')) = (entry_id IS NOT NULL)", name="paid_iff_entry"),
        CheckConstraint("(state = 'returned') = (return_entry_id IS NOT NULL)", name="returned_iff_entry"),
        # A refund is on its way once at most, whoever drafts at the same moment.
        Index("uq_payouts_taken_refund", "refund_id", unique=True, sqlite_where=_TAKEN, postgresql_where=_TAKEN),
    )
