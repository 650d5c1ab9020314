"""What goes in and out of the treasurer's door."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.texts import Lang
from app.services.billing.treasury.files import MAX_FAULTS, Preview
from app.services.billing.treasury.remittances import RemittanceView
from app.services.billing.treasury.waiting import TREASURY, Waiting

Typed = Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]


class RemittanceIn(BaseModel):
    """Money that was paid in: everything that came to wait until the end of `until` (WIB), as one amount.

    For the treasury with billing code (15 digits), NTB (12 digits) and NTPN (16 letters and digits), for others with the
    number of the transfer.
    """

    model_config = ConfigDict(extra="forbid")

    payee: Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9:-]+$")] = TREASURY
    amount: Annotated[int, Field(gt=0, le=10**15)]
    remitted_on: date
    until: date
    billing_code: Typed = ""
    ntb: Typed = ""
    ntpn: Typed = ""
    transfer_no: Typed = ""


class WaitingOut(BaseModel):
    """What a unit holds for one payee and has not remitted."""

    unit: str
    payee: str
    amount: int
    bills: int
    oldest: datetime

    @classmethod
    def of(cls, view: Waiting) -> Self:
        """The view as JSON."""
        return cls(unit=view.unit, payee=view.payee, amount=view.amount, bills=view.bills, oldest=view.oldest)


class RemittanceOut(BaseModel):
    """A remittance: ``recorded`` waits for a second person, ``confirmed`` is booked, ``withdrawn`` never counted."""

    id: UUID
    payee: str
    amount: int
    billing_code: str | None
    ntb: str | None
    ntpn: str | None
    transfer_no: str | None
    remitted_on: date
    state: str
    recorded_at: datetime
    recorded_by: str
    closed_at: datetime | None
    closed_by: str | None

    @classmethod
    def of(cls, view: RemittanceView) -> Self:
        """The view as JSON."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class Remittances(BaseModel):
    """What waits, and what was remitted: first what waits for a second person, then the newest."""

    waiting: list[WaitingOut]
    remittances: list[RemittanceOut]


class Recorded(BaseModel):
    """The remittances that were recorded and now wait for a second person."""

    recorded: list[UUID]


class Closed(BaseModel):
    """How a remittance was closed."""

    id: UUID
    state: str


class FaultOut(BaseModel):
    """What is wrong on one line of the file."""

    line: int
    message: str


class FileRemittanceOut(BaseModel):
    """One remittance of the file; `known` is recorded already, `mended`: a letter O in the NTPN was read as 0."""

    ntpn: str
    billing_code: str
    ntb: str
    remitted_on: date
    amount: int
    bills: int
    known: bool
    mended: bool


class RemittancePreview(BaseModel):
    """What importing the file would record: nothing as long as there is a fault."""

    remittances: list[FileRemittanceOut]
    faults: list[FaultOut]
    fault_count: int

    @classmethod
    def of(cls, seen: Preview, lang: Lang) -> Self:
        """The preview as JSON."""
        return cls(
            remittances=[
                FileRemittanceOut(
                    ntpn=each.proof.ntpn or "",
                    billing_code=each.proof.billing_code or "",
                    ntb=each.proof.ntb or "",
                    remitted_on=each.remitted_on,
                    amount=each.amount,
                    bills=each.bills,
                    known=each.known,
                    mended=each.proof.mended,
                )
                for each in seen.remittances
            ],
            faults=[FaultOut(line=each.line, message=each.message.say(lang)) for each in seen.faults[:MAX_FAULTS]],
            fault_count=len(seen.faults),
        )
