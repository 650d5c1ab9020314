"""The table of the ledger's days: what each account moved on a day, for each Polda."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from app.core.db import Table


class LedgerDay(Table, table=True):
    """What one account moved on one finished WIB day for one Polda by one kind of entry: the sum of the ledger's lines.

    Written once, by the nightly roll-up, and derived from the ledger alone; `loket ledger check` adds up both. `unit` is
    the Polda's code, empty for what belongs to none. `kind` is the entry's kind; of a reversal, `undone` is the kind of
    the entry that it undoes, else empty. `amount` in rupiah, debit positive.
    """

    __tablename__ = "ledger_days"

    day: date = Field(primary_key=True)
    account: str = Field(primary_key=True, max_length=120)
    unit: str = Field(primary_key=True, max_length=60)
    kind: str = Field(primary_key=True, max_length=40)
    undone: str = Field(primary_key=True, max_length=40)
    lines: int = Field(sa_type=BigInteger)
    amount: int = Field(sa_type=BigInteger)

    __table_args__ = (CheckConstraint("lines > 0", name="lines_are_counted"),)
