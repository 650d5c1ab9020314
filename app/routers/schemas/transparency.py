"""What the transparency doors answer."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.services.billing import MoneySheet, Sheet
from app.services.billing.money_sheet import PoldaSheet


class LogKey(BaseModel):
    """One public key of the log."""

    key: str = Field(
        description="C2SP verifier key: name+hash+base64. Pin it: `loket verify FILE --key KEY`.",
        examples=["loket.example/etle+1d2ff5a7+AbFQvcX6tQ5ZkBq0Xv6lQ9o6m0v0Vtq2m2VQ8mHn0e3t"],
    )


class LogKeys(BaseModel):
    """The log's public keys, newest first; older ones verify older checkpoints."""

    origin: str = Field(description="The first line of every checkpoint of this log.")
    keys: list[LogKey]


class MoneyFigures(BaseModel):
    """Whole rupiah: ``received = fines + fees + forfeited + refunds_paid + still_open``."""

    received: int
    fines: int = Field(description="By verdict of a court.")
    fees: int = Field(description="PNBP, vehicle tax, insurance.")
    forfeited: int = Field(description="Refunds that nobody claimed within a year (UU 22/2009 art. 268).")
    refunds_paid: int
    still_open: int = Field(
        description="`deposits` + `refunds_owed` + `unexplained`; in one month what was added to it."
    )
    deposits: int = Field(description="Paid, and waiting for the court's decision.")
    refunds_owed: int
    unexplained: int = Field(description="Money that a bank sent and that nobody knows a bill for yet.")
    handed_on: int = Field(description="How much of fines, fees and forfeited money the treasury and the others have.")

    @classmethod
    def of(cls, sheet: Sheet) -> "MoneyFigures":
        return cls(**asdict(sheet), still_open=sheet.still_open)


class MoneyOfPolda(BaseModel):
    """One Polda's part; `unit` is empty for what belongs to none."""

    unit: str
    name: str
    figures: MoneyFigures


class MoneyOfMonth(BaseModel):
    """One month in WIB. `still_open_after` is what was open as it ended, from all months."""

    month: str = Field(examples=["2026-11"])
    figures: MoneyFigures
    still_open_after: int
    poldas: list[MoneyOfPolda]


class Money(BaseModel):
    """The balanced sheet: since the beginning, by Polda, and by month, the newest first."""

    as_of: datetime
    currency: str = "IDR"
    total: MoneyFigures
    poldas: list[MoneyOfPolda]
    months: list[MoneyOfMonth]

    @classmethod
    def of(cls, sheet: MoneySheet) -> "Money":
        return cls(
            as_of=sheet.as_of,
            total=MoneyFigures.of(sheet.total),
            poldas=_poldas(sheet.poldas),
            months=[
                MoneyOfMonth(
                    month=f"{each.month:%Y-%m}",
                    figures=MoneyFigures.of(each.sheet),
                    still_open_after=each.until.still_open,
                    poldas=_poldas(each.poldas),
                )
                for each in sheet.months
            ],
        )


def _poldas(found: Iterable[PoldaSheet]) -> list[MoneyOfPolda]:
    return [MoneyOfPolda(unit=each.unit, name=each.name, figures=MoneyFigures.of(each.sheet)) for each in found]


class Inclusion(BaseModel):
    """Where a record stands in the log now, and the proof of it (RFC 9162 2.1.3)."""

    commitment: str = Field(description="SHA-256 of salt and canonical body, in hex: the leaf's data.")
    leaf_index: int
    tree_size: int
    path: list[str] = Field(description="Hashes in base64, from the leaf up.")
    checkpoint: str = Field(description="The signed checkpoint that the path leads to.")


class Consistency(BaseModel):
    """That the log was only added to between two sizes (RFC 9162 2.1.4)."""

    old: int
    new: int
    path: list[str] = Field(description="Hashes in base64.")


class DrawDocument(BaseModel):
    """All that is needed to draw again: keep it as a file and `loket verify FILE`."""

    format: str = Field(examples=["loket-draw/2"])
    draw: UUID
    status: Literal["announced", "drawn", "void"] = Field(
        description="`announced`: the pool is in the log and waits for the checkpoint that decides. `void`: the case was "
        "closed before."
    )
    pool: dict[str, Any] | None = Field(
        description="The proof (`loket-proof/1`) of the pool's record under the deciding checkpoint; null until drawn. Its "
        "`body` lists members with their lots, and who was left out with a code."
    )
    drawn: str | None = Field(description="Opaque id of the officer who was drawn.")


class DrawLineOut(BaseModel):
    """One draw in the list."""

    draw: UUID
    status: Literal["announced", "drawn", "void"]
    announced_at: datetime
    drawn_at: datetime | None
    checkpoint_size: int | None = Field(description="Size of the log at the checkpoint that decided.")


class Draws(BaseModel):
    """A page of draws, oldest first."""

    draws: list[DrawLineOut]
    next: str | None
