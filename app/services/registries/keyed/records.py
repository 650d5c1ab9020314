"""What the registers say: one frozen record for each, checked wherever it comes in, by file or from another server.

A field that is missing, of another type or out of bounds makes the whole answer unreadable: half an answer about
somebody's licence or debt is worse than none. What a register says beyond these fields is not taken over.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Self, TypeAlias

from pydantic import BeforeValidator, Field

from app.core.money import Rupiah
from app.services.registries.facts import Facts, midnight

MAX_RUPIAH = 100_000_000_000
MAX_NOTE = 40
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _read_day(value: object) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    if isinstance(value, date):
        return value
    raise ValueError("not a date like 1987-11-12")


Day = Annotated[date, BeforeValidator(_read_day), Field(ge=date(1900, 1, 1), le=date(2200, 12, 31))]
Money = Annotated[Rupiah, Field(ge=0, le=MAX_RUPIAH)]
LicenceNo = Annotated[str, Field(pattern=r"^([0-9]{12,14}|[0-9]{16})$")]
"""12 to 14 digits before July 2024, since then the holder's NIK."""
NoteCode = Annotated[str, Field(pattern=rf"^[A-Z0-9_-]{{0,{MAX_NOTE}}}$")]


class SimClass(StrEnum):
    """Classes of driving licences (Perpol 5/2021)."""

    A = "A"
    A_UMUM = "A_UMUM"
    BI = "BI"
    BI_UMUM = "BI_UMUM"
    BII = "BII"
    BII_UMUM = "BII_UMUM"
    C = "C"
    CI = "CI"
    CII = "CII"
    D = "D"
    DI = "DI"


class LicenceStatus(StrEnum):
    """Whether a licence may be used: it may be kept as evidence of an offence, or be taken for good."""

    ACTIVE = "active"
    WITHHELD = "withheld"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Licence:
    """A driving licence (SIM) of one class; a person has one of each class at most. `class` in JSON and files.

    `status` says nothing of time: whether it has run out follows from `valid_until`, its last good day.
    """

    sim_class: Annotated[SimClass, Field(alias="class")]
    number: LicenceNo = field(repr=False)
    issued_on: Day
    valid_until: Day
    status: LicenceStatus

    def __post_init__(self) -> None:
        if self.valid_until < self.issued_on:
            raise ValueError("valid_until lies before issued_on")

    def as_facts(self) -> Facts:
        """As one of `licences`, and as `licence`."""
        return {
            "class": str(self.sim_class),
            "number": self.number,
            "issued_on": midnight(self.issued_on),
            "valid_until": midnight(self.valid_until),
            "status": str(self.status),
        }


@dataclass(frozen=True, slots=True)
class CriminalRecord:
    """What Intelkam's records say of a person: whether a case is open, and a code. No story ever comes along."""

    open_case: bool = field(repr=False)
    note: NoteCode = field(repr=False)

    def as_facts(self) -> Facts:
        """As `records`."""
        return {"open_case": self.open_case, "note": self.note}


@dataclass(frozen=True, slots=True)
class VehicleTax:
    """A vehicle's tax as the province's Bapenda computes it now: PKB with opsen, BBN-KB when the name changes, penalty.

    `due_on` is the day up to which the STNK must be validated again, `stnk_valid_until` the end of its five years
    (UU 22/2009 art. 70): where the STNK ends no later, the five-yearly renewal is due and not the annual validation.
    """

    due_on: Day
    stnk_valid_until: Day
    pkb: Money
    opsen: Money
    bbnkb: Money
    penalty: Money

    @property
    def amount(self) -> Rupiah:
        """All that is to be paid, in rupiah."""
        return Rupiah(self.pkb + self.opsen + self.bbnkb + self.penalty)

    def paid(self) -> Self:
        """The same once this year's was paid: due a year later, without penalty and BBN-KB."""
        return replace(self, due_on=add_years(self.due_on, 1), bbnkb=Rupiah(0), penalty=Rupiah(0))

    def as_facts(self) -> Facts:
        """As `tax`."""
        return {
            "due_on": midnight(self.due_on),
            "stnk_valid_until": midnight(self.stnk_valid_until),
            "pkb": self.pkb,
            "opsen": self.opsen,
            "bbnkb": self.bbnkb,
            "penalty": self.penalty,
            "amount": self.amount,
        }


@dataclass(frozen=True, slots=True)
class Insurance:
    """A vehicle's compulsory contribution (SWDKLLJ) to Jasa Raharja. `amount` is all that is to be paid, and `penalty` the
    part of it that is for being late."""

    amount: Money
    penalty: Money
    due_on: Day

    def __post_init__(self) -> None:
        if self.penalty > self.amount:
            raise ValueError("penalty is more than the amount that holds it")

    def paid(self) -> Self:
        """The same once this year's was paid: due a year later, without penalty."""
        return replace(
            self,
            amount=Rupiah(self.amount - self.penalty),
            penalty=Rupiah(0),
            due_on=add_years(self.due_on, 1),
        )

    def as_facts(self) -> Facts:
        """As `insurance`."""
        return {"amount": self.amount, "penalty": self.penalty, "due_on": midnight(self.due_on)}


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The result of the health check for drivers (e-Rikkes): passed or not, for which classes. No finding comes along."""

    passed: bool = field(repr=False)
    checked_on: Day
    valid_until: Day
    classes: Annotated[tuple[SimClass, ...], Field(max_length=len(SimClass))]

    def __post_init__(self) -> None:
        _must_follow(self.checked_on, self.valid_until)

    def as_facts(self) -> Facts:
        """As `health`."""
        return {
            "passed": self.passed,
            "checked_on": midnight(self.checked_on),
            "valid_until": midnight(self.valid_until),
            "classes": [str(each) for each in self.classes],
        }


@dataclass(frozen=True, slots=True)
class PsychologyTest:
    """The result of the psychological test for drivers (e-PPsi): passed or not."""

    passed: bool = field(repr=False)
    checked_on: Day
    valid_until: Day

    def __post_init__(self) -> None:
        _must_follow(self.checked_on, self.valid_until)

    def as_facts(self) -> Facts:
        """As `psychology`."""
        return {
            "passed": self.passed,
            "checked_on": midnight(self.checked_on),
            "valid_until": midnight(self.valid_until),
        }


@dataclass(frozen=True, slots=True)
class JknMembership:
    """Whether a person's national health insurance (JKN of BPJS) is active (Perpol 2/2023, Perpol 6/2023)."""

    active: bool

    def as_facts(self) -> Facts:
        """As `jkn`."""
        return {"active": self.active}


Record: TypeAlias = Licence | CriminalRecord | VehicleTax | Insurance | HealthCheck | PsychologyTest | JknMembership


def add_years(day: date, years: int) -> date:
    """The same day of another year; 28 February where that year has no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _must_follow(checked_on: date, valid_until: date) -> None:
    if valid_until < checked_on:
        raise ValueError("valid_until lies before checked_on")
