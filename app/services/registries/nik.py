"""NIK (Nomor Induk Kependudukan), family card and their rules. Pure.

16 digits ``PPKKCC DDMMYY NNNN``: province, regency, district of first registration; date of birth with 40 added to the
day for women; a serial number from 0001 (PP 37/2007 art. 37). It never changes, not even when the date of birth is
corrected (PP 40/2019 art. 30): a date that differs is therefore a hint, never a refusal. There is no check digit; only
the population register can confirm one.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from app.core.texts import Text
from app.services.registries.facts import years_between

# PP: the 34 provinces in the codes seen, and 93 to 96 for the Papua provinces of 2022.
PROVINCES = frozenset(
    str(code)
    for span in (range(11, 20), range(21, 22), range(31, 37), range(51, 54), range(61, 66), range(71, 77), range(81, 83),
                 range(91, 97))
    for code in span
)  # fmt: skip
WOMEN_ADD = 40
KTP_FROM_YEARS = 17
_DIGITS = re.compile(r"^[0-9]{16}$", re.ASCII)
_SEPARATORS = re.compile(r"[ .\-]")


class Sex(StrEnum):
    """As the day of birth in a NIK shows it."""

    FEMALE = "female"
    MALE = "male"

    @property
    def letter(self) -> str:
        """``F`` or ``M``, as facts and forms have it."""
        return "F" if self is Sex.FEMALE else "M"


class NikWarning(StrEnum):
    """What in a NIK may lawfully differ from the person who bears it. Said, never a reason to refuse."""

    BIRTH_DATE = "nik_birth_date_differs"
    SEX = "nik_sex_differs"

    @property
    def says(self) -> Text:
        """The sentence for whoever filled the form in."""
        return _WARNINGS[self]


_WARNINGS = {
    NikWarning.BIRTH_DATE: Text(
        "Tanggal lahir pada NIK berbeda dari tanggal yang diisi. Bila tanggal lahir Anda pernah diperbaiki, ini wajar; bila "
        "tidak, periksa kembali isian Anda.",
        "The date of birth in the NIK differs from the one filled in. If yours was corrected once, that is right; if not, "
        "check what you filled in.",
    ),
    NikWarning.SEX: Text(
        "Jenis kelamin pada NIK berbeda dari yang diisi. Periksa kembali isian Anda; bila sudah benar, lanjutkan.",
        "The sex in the NIK differs from the one filled in. Check what you filled in; if it is right, go on.",
    ),
}


@dataclass(frozen=True, slots=True)
class Nik:
    """A NIK that passes every check that can be made without the register."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what somebody typed (spaces, dots, dashes allowed); None if it cannot be a NIK."""
        digits = _SEPARATORS.sub("", text.strip()) if len(text) <= 40 else ""
        return cls(digits) if why_not(digits) is None else None

    @property
    def region(self) -> str:
        """Province, regency and district of first registration: six digits."""
        return self.text[:6]

    @property
    def sex(self) -> Sex:
        """Female where 40 was added to the day."""
        return Sex.FEMALE if int(self.text[6:8]) > WOMEN_ADD else Sex.MALE

    def birth_date(self, *, on: date, holds_ktp: bool = True) -> date:
        """The date of birth it was made with. The century is 19 where 20 would lie ahead of `on` or make a holder of a
        KTP younger than 17."""
        day, month, year = int(self.text[6:8]) % WOMEN_ADD, int(self.text[8:10]), int(self.text[10:12])
        if not _exists(2000 + year, month, day):
            return date(1900 + year, month, day)
        recent = date(2000 + year, month, day)
        too_young = holds_ktp and years_between(recent, on) < KTP_FROM_YEARS
        early = recent > on or too_young
        return date(1900 + year, month, day) if early and _exists(1900 + year, month, day) else recent

    def agrees_with(self, born_on: date) -> bool:
        """Whether its date is the one given, the century aside. A difference is legal: warn, do not refuse."""
        day, month, year = int(self.text[6:8]) % WOMEN_ADD, int(self.text[8:10]), int(self.text[10:12])
        return (day, month, year) == (born_on.day, born_on.month, born_on.year % 100)

    def warnings(self, *, born_on: date | None = None, sex: Sex | None = None) -> tuple[NikWarning, ...]:
        """What differs from a form or a register; what was not given is not compared. Never a refusal."""
        found = []
        if born_on is not None and not self.agrees_with(born_on):
            found.append(NikWarning.BIRTH_DATE)
        if sex is not None and sex is not self.sex:
            found.append(NikWarning.SEX)
        return tuple(found)

    def masked(self) -> str:
        """For showing to its holder: the first four and the last two digits."""
        return f"{self.text[:4]}{'*' * 10}{self.text[-2:]}"

    def __repr__(self) -> str:
        return "Nik(...)"  # personal data: never in a log or a traceback

    def __str__(self) -> str:
        return self.text


def why_not(digits: str) -> str | None:
    """Why this text cannot be a NIK, in one English phrase; None when it can."""
    if not _DIGITS.match(digits):
        return "not 16 digits"
    if digits[:2] not in PROVINCES:
        return "no such province"
    if digits[2:4] == "00" or digits[4:6] == "00":
        return "no such regency or district"
    if digits[12:] == "0000":
        return "serial number 0000"
    coded = int(digits[6:8])
    day = coded - WOMEN_ADD if coded > WOMEN_ADD else coded
    month, year = int(digits[8:10]), int(digits[10:12])
    return None if _exists(2000 + year, month, day) or _exists(1900 + year, month, day) else "no such day"


def parse_kk(text: str) -> str | None:
    """The 16 digits of a family card number (KK): region, date of registration, serial; None if it cannot be one."""
    digits = _SEPARATORS.sub("", text.strip()) if len(text) <= 40 else ""
    return digits if _DIGITS.match(digits) else None


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
