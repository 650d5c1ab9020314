"""The population register as this software needs it: does this NIK go with this date of birth and family card, and who is
it?"""

import hmac
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from app.services.registries.facts import Facts, midnight, years_between
from app.services.registries.nik import Sex


class Citizenship(StrEnum):
    """As on the KTP: Indonesian (warga negara Indonesia) or foreign (warga negara asing)."""

    WNI = "WNI"
    WNA = "WNA"


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as registered. `phone` (E.164) is the one that the register holds, which alone may bind an account.

    `guardians` are the NIKs of mother and father, or of who was made guardian, as registered (UU 23/2006 art. 58); empty where
    the register names nobody.
    """

    nik: str = field(repr=False)
    name: str = field(repr=False)
    born_on: date = field(repr=False)
    address: str = field(repr=False)
    sex: Sex = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    citizenship: Citizenship = Citizenship.WNI
    guardians: tuple[str, ...] = field(default=(), repr=False)

    def as_facts(self, *, today: date) -> Facts:
        """As `applicant`; `today` is the unit's local day, on which the age is counted."""
        return {
            "nik": self.nik,
            "name": self.name,
            "born_on": midnight(self.born_on),
            "age": years_between(self.born_on, today),
            "sex": self.sex.letter,
            "address": self.address,
            "citizenship": str(self.citizenship),
        }


class PopulationRegistry(Protocol):
    """What a population register can be asked. Call it between transactions: it may be somebody else's server.

    Both adapters raise RuntimeError inside a transaction; a remote one raises UPSTREAM_UNAVAILABLE when it is down.
    """

    async def check(self, nik: str, born_on: date, kk_no: str) -> PersonRecord | None:
        """The person if all three belong together; None for an unknown NIK, a wrong date and a wrong card alike."""
        ...

    async def find(self, nik: str) -> PersonRecord | None:
        """The person with this NIK, for one who has proved to be them, or for an officer; None if there is none."""
        ...


def belongs_together(kept: tuple[str | None, str | None], born_on: date, kk_no: str) -> bool:
    """Whether the registered date of birth and card are the ones given; both are always compared, in constant time."""
    right = [_same(kept[0], born_on.isoformat()), _same(kept[1], kk_no)]
    return all(right)


def _same(kept: str | None, given: str) -> bool:
    return hmac.compare_digest((kept or "").encode(), given.encode("utf-8", "replace")) and kept is not None
