"""The population register as this software needs it: does this NIK go with this date of birth and family card?"""

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as registered. `phone` (E.164) is the one that the register holds, which alone may bind an account."""

    nik: str = field(repr=False)
    name: str = field(repr=False)
    born_on: date = field(repr=False)
    address: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


class PopulationRegistry(Protocol):
    """What a population register can be asked. Call it between transactions."""

    async def check(self, nik: str, born_on: date, kk_no: str) -> PersonRecord | None:
        """The person if all three belong together; None for an unknown NIK, a wrong date and a wrong card alike."""
        ...
