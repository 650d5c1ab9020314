"""Tables of what was handed on: each remittance of received money to whom it belongs, and which bills it covers.

A payee is the treasury (PNBP fees, fines by verdict, forfeited refunds: proven by its NTPN), or another office whose
lines stood on a bill (Bapenda, Jasa Raharja: proven by the number of the transfer).
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class RemittanceState(StrEnum):
    """`RECORDED` waits for a second person; `CONFIRMED` is booked; `WITHDRAWN` was recorded by mistake."""

    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


_LIVE = text("state <> 'withdrawn'")


def _once(name: str, *columns: str) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE)


class Remittance(Table, table=True):
    """Money of a Polda that went from the bank account to its payee. Entry and NTPN come together at confirmation.

    `ntb` is the bank's number and `ntpn` the treasury's (NTPN alone proves that the state has the money);
    `transfer_no` stands for both where the payee is not the treasury.
    """

    __tablename__ = "remittances"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    unit: str = Field(max_length=60)
    payee: str = Field(max_length=60)
    amount: int = Field(sa_type=BigInteger)
    billing_code: str | None = Field(default=None, max_length=15)
    ntb: str | None = Field(default=None, max_length=12)
    ntpn: str | None = Field(default=None, max_length=16)
    transfer_no: str | None = Field(default=None, max_length=40)
    remitted_on: date
    state: str = RemittanceState.RECORDED
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: str
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = None
    entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id", unique=True)

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("(state = 'confirmed') = (entry_id IS NOT NULL)", name="confirmed_iff_entry"),
        CheckConstraint("(state = 'recorded') = (closed_by IS NULL)", name="recorded_iff_open"),
        CheckConstraint("state <> 'confirmed' OR closed_by <> recorded_by", name="four_eyes"),
        CheckConstraint(
            "(payee = 'treasury') = (ntpn IS NOT NULL AND ntb IS NOT NULL AND billing_code IS NOT NULL)",
            name="treasury_has_ntpn",
        ),
        CheckConstraint("(payee = 'treasury') = (transfer_no IS NULL)", name="others_have_transfer"),
        _once("uq_remittances_ntpn", "ntpn"),
        _once("uq_remittances_billing_code", "billing_code"),
        _once("uq_remittances_transfer", "payee", "transfer_no"),
        Index("ix_remittances_unit", "unit", "state", "recorded_at"),
    )


class RemittanceDebit(Table, table=True):
    """The bank's statement has shown a remittance leave the account: the difference that was closed by it. Once each."""

    __tablename__ = "remittance_debits"

    remittance_id: UUID = Field(foreign_key="remittances.id", primary_key=True)
    exception_id: UUID = Field(foreign_key="settlement_exceptions.id", unique=True)


class RemittancePart(Table, table=True):
    """The money of one bill on one account that a remittance covers; no money is covered twice."""

    __tablename__ = "remittance_parts"

    bill_id: UUID = Field(foreign_key="bills.id", primary_key=True)
    account: str = Field(primary_key=True, max_length=60)
    remittance_id: UUID = Field(foreign_key="remittances.id", index=True)
    amount: int = Field(sa_type=BigInteger)

    __table_args__ = (CheckConstraint("amount > 0", name="amount_is_positive"),)
