"""Closing statements as JSON."""

from dataclasses import asdict
from datetime import date, datetime

from pydantic import BaseModel, Field

from app.services.billing import ClosingStatement, StatementDay


class ClearingOut(BaseModel):
    """A day on a bank's clearing account, whole rupiah: ``opening + payments - reversals - settled + other = closing``."""

    opening: int
    payments_count: int
    payments: int
    reversals_count: int
    reversals: int
    settled_count: int
    settled: int
    other: int
    closing: int = Field(description="What the bank still has to settle.")


class FilesOut(BaseModel):
    """What the bank's files brought on the day besides, whole rupiah."""

    fees: int
    suspense_in: int = Field(description="Money that no bill of ours explains.")
    suspense_out: int
    refunds_count: int
    refunds: int
    refunds_returned: int


class StatementOut(BaseModel):
    """The closing statement of one bank on one WIB day. `unit` is null for all Poldas together."""

    day: date
    bank: str
    client_id: str
    unit: str | None
    unit_name: str
    final: bool = Field(description="False while the day goes on.")
    made_at: datetime
    currency: str = "IDR"
    clearing: ClearingOut
    files: FilesOut

    @classmethod
    def of(cls, made: ClosingStatement) -> "StatementOut":
        return cls.model_validate({**asdict(made), "currency": "IDR"})


class StatementDayOut(BaseModel):
    """A day on which something moved at a bank."""

    day: date
    bank: str
    client_id: str
    clearing: ClearingOut

    @classmethod
    def of(cls, found: StatementDay) -> "StatementDayOut":
        return cls.model_validate(asdict(found))


class StatementDays(BaseModel):
    """The newest day first."""

    unit: str | None
    days: list[StatementDayOut]
