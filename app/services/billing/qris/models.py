"""Tables of QRIS: the payable codes that acquirers made for bills (SNAP service 47)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class QrisState(StrEnum):
    """`ASKED` of the acquirer, `READY` to be shown and paid, `OVER` after its time or after the bill ended."""

    ASKED = "asked"
    READY = "ready"
    OVER = "over"


_LIVE = text("state <> 'over'")


class QrisCode(Table, table=True):
    """One QRIS code of one bill. `partner_reference_no` is ours and names the bill when the acquirer tells of a payment."""

    __tablename__ = "qris_codes"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    bill_id: UUID = Field(foreign_key="bills.id", index=True)
    client_id: str
    partner_reference_no: str = Field(max_length=64, unique=True)
    reference_no: str | None = Field(default=None, max_length=64)
    amount: int = Field(sa_type=BigInteger)
    payload: str | None = Field(default=None, sa_type=Text)
    state: str = QrisState.ASKED
    asked_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    fault: str | None = Field(default=None, max_length=200)

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("state <> 'ready' OR payload IS NOT NULL", name="ready_has_payload"),
        Index("uq_qris_codes_live", "bill_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
    )
