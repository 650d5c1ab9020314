"""What the reference doors answer."""

from typing import Self

from pydantic import BaseModel, Field

from app.core.texts import Lang
from app.services.reference import Unit, Violation


class UnitItem(BaseModel):
    """A police unit."""

    code: str = Field(examples=["PMJ-POLRESTRO-JAKARTA-PUSAT"])
    name: str
    level: str = Field(description="MABES, POLDA or POLRES.")
    kind: str
    polda: str | None = Field(description="Code of its Polda; null for Mabes.")
    province: str
    seat: str
    zone: str = Field(description="WIB, WITA or WIT; its days and hours are counted in this zone.")

    @classmethod
    def of(cls, unit: Unit) -> Self:
        """From the room's unit."""
        return cls(
            code=unit.code,
            name=unit.name,
            level=unit.level,
            kind=unit.kind,
            polda=unit.polda_code,
            province=unit.province,
            seat=unit.seat,
            zone=unit.zone,
        )


class UnitPage(BaseModel):
    """Some units, by code."""

    items: list[UnitItem]
    next: str | None = Field(description="Cursor of the following page; null on the last.")


class FineAmount(BaseModel):
    """Money: whole rupiah."""

    amount: int
    currency: str = "IDR"


class ViolationItem(BaseModel):
    """An article that a driver can break, and its maximum fine."""

    code: str = Field(examples=["287-2-APILL"])
    article: str
    title: str
    max_fine: FineAmount
    vehicle_kinds: list[str]
    camera_detectable: bool

    @classmethod
    def of(cls, violation: Violation, lang: Lang) -> Self:
        """From the room's violation, in the caller's language."""
        return cls(
            code=violation.code,
            article=violation.article,
            title=violation.title.say(lang),
            max_fine=FineAmount(amount=violation.max_fine),
            vehicle_kinds=list(violation.vehicle_kinds),
            camera_detectable=violation.camera_detectable,
        )


class ViolationList(BaseModel):
    """All violations in force today."""

    items: list[ViolationItem]
