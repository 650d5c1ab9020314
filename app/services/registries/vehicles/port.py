"""The vehicle register (ERI of Regident) as this software needs it: one protocol, two adapters, one set of rules.

The plate is no stable key: it changes with owner, region and choice number. The register's own id is the key. A citizen
proves a vehicle by chassis and engine number as on the STNK, each whole or by its last five characters.
"""

import hmac
import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from app.core.crypto import KeyRing
from app.services.registries.facts import Facts

TAIL = 5
MAX_NUMBER = 30
_SEPARATORS = re.compile(r"[\s.\-/]")
_ALNUM = re.compile(r"^[A-Z0-9]+$", re.ASCII)


class NumberKind(StrEnum):
    """Which of the two numbers on the STNK."""

    CHASSIS = "chassis"
    ENGINE = "engine"


_PURPOSES = {kind: (f"vehicle-{kind}", f"vehicle-{kind}-tail") for kind in NumberKind}
"""What each blind index is for: of the whole number, and of its last five characters."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The registered owner. Companies have no NIK; phone (E.164) and e-mail may be missing, or be the dealer's."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    nik: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sale:
    """What the registered owner reports of a sale (lapor jual): since when somebody else has the vehicle, and who."""

    sold_on: date
    buyer: Owner = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stnk:
    """An STNK that was issued, by its number. `lost_on` and `loss_report_no` say that the one before it was lost: whoever shows
    that one shows a paper that is reported lost."""

    number: str
    issued_on: date
    valid_until: date | None
    lost_on: date | None = None
    loss_report_no: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NewVehicle:
    """A vehicle that is registered for the first time. `region` is the plate's region code (``B``) where it is registered; the
    rest of the plate the register gives."""

    region: str
    chassis_no: str = field(repr=False)
    engine_no: str = field(repr=False)
    make: str
    model: str
    colour: str
    kind: str
    year: int | None
    owner: Owner


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle as the register has it now. `plate` is canonical; `blocked` while any block stands on it."""

    registry_id: str
    plate: str
    chassis_no: str = field(repr=False)
    engine_no: str = field(repr=False)
    make: str
    model: str
    colour: str
    kind: str
    year: int | None
    owner: Owner
    blocked: bool
    sale: Sale | None = None
    """A reported sale after which nobody has had the vehicle renamed yet."""
    stnk_no: str | None = None
    """The number of the STNK that is good for it, where the register has learned of one."""
    use: str | None = None
    """What it is registered for, in the words of `PlateUse`, where the register says so."""

    def answerable_on(self, day: date) -> Owner:
        """Who is asked about what was done with it on that day: the owner, or the buyer whom the owner has named."""
        return self.sale.buyer if self.sale is not None and day >= self.sale.sold_on else self.owner

    def as_facts(self) -> Facts:
        """As `vehicle`; open tickets are known to a room above. How long it is valid, the tax register says."""
        return {
            "plate": self.plate,
            "make": self.make,
            "model": self.model,
            "colour": self.colour,
            "kind": self.kind,
            "year": self.year,
            "owner_nik": self.owner.nik,
            "owner_name": self.owner.name,
            "blocked": self.blocked,
            "chassis_tail": normalise_number(self.chassis_no)[-TAIL:],
        }


class VehicleRegistry(Protocol):
    """What any vehicle register can be asked. Call it between transactions: it may be somebody else's server.

    Both adapters raise RuntimeError inside a transaction; a remote one raises UPSTREAM_UNAVAILABLE when it is down.
    """

    async def find(self, plate: str) -> Vehicle | None:
        """The vehicle that bears this canonical plate now; None if the register knows none."""
        ...

    async def find_by_numbers(self, plate: str, chassis_no: str, engine_no: str) -> Vehicle | None:
        """The vehicle if plate and both numbers belong together; None for an unknown plate and for a wrong number alike."""
        ...

    async def has_chassis(self, chassis_no: str) -> bool:
        """Whether a vehicle with this chassis number, whole, is registered. Which one is not said: the number alone proves nothing."""
        ...

    async def request_block(self, registry_id: str, request_id: str, reason: str) -> None:
        """Have the STNK blocked (Perpol 7/2021 art. 87). The same `request_id` again changes nothing.

        Raises VEHICLE_UNKNOWN.
        """
        ...

    async def lift_block(self, registry_id: str, request_id: str) -> None:
        """Have that one block lifted; others on the vehicle stay. Unknown or lifted already: nothing changes."""
        ...

    async def change_owner(self, registry_id: str, request_id: str, owner: Owner) -> None:
        """Enter the new owner (balik nama). A reported sale has ended with it, and so has the block that it set.

        The same `request_id` again changes nothing. Raises VEHICLE_UNKNOWN, and REGISTRY_REQUEST_REUSED for another
        owner under a request id that was used.
        """
        ...

    async def report_sale(self, registry_id: str, request_id: str, sale: Sale) -> None:
        """Note what the owner reports: the STNK is blocked until the buyer has the vehicle renamed.

        A later report takes the place of an earlier one. `request_id` and problems as in `change_owner`.
        """
        ...

    async def register_vehicle(self, request_id: str, new: NewVehicle) -> Vehicle:
        """Enter a vehicle for the first time and give it a plate; the vehicle as it stands there now. `request_id` as in `change_owner`.

        Raises VEHICLE_REGISTERED where the chassis number has been registered, and REGISTRY_REQUEST_REUSED.
        """
        ...

    async def enter_stnk(self, registry_id: str, request_id: str, stnk: Stnk) -> None:
        """Note the STNK that is good from now on; the one before it is not any more. `request_id` and problems as in
        `change_owner`."""
        ...


def normalise_number(text: str) -> str:
    """A chassis or engine number without blanks and dashes, in capitals; empty for what cannot be one."""
    number = _SEPARATORS.sub("", text[: 2 * MAX_NUMBER]).upper()
    return number if len(number) <= MAX_NUMBER and _ALNUM.match(number) else ""


def number_matches(registered: str, typed: str) -> bool:
    """Whether a typed number is the registered one, whole or by its last five characters, in constant time."""
    number, kept = normalise_number(typed), normalise_number(registered)
    whole = hmac.compare_digest(number.encode(), kept.encode())
    tail = hmac.compare_digest(number.encode(), kept[-TAIL:].encode())
    return bool(number) and (whole | (tail & (len(number) == TAIL)))


def number_index(keys: KeyRing, kind: NumberKind, typed: str) -> tuple[str, bool]:
    """The blind index of a typed number, and whether it is the index of its last five characters."""
    number = normalise_number(typed)
    tail = len(number) == TAIL
    whole_purpose, tail_purpose = _PURPOSES[kind]
    return keys.blind_index(tail_purpose if tail else whole_purpose, number), tail


def number_indexes(keys: KeyRing, kind: NumberKind, registered: str) -> tuple[str, str]:
    """The blind indexes of a registered number: whole, and of its last five characters."""
    number = normalise_number(registered)
    whole_purpose, tail_purpose = _PURPOSES[kind]
    return keys.blind_index(whole_purpose, number), keys.blind_index(tail_purpose, number[-TAIL:])


def index_matches(keys: KeyRing, kind: NumberKind, typed: str, *, whole: str, tail: str) -> bool:
    """`number_matches` over stored blind indexes: nothing is decrypted. Constant time; empty indexes match nothing."""
    given, by_tail = number_index(keys, kind, typed)
    right = hmac.compare_digest(given, tail if by_tail else whole)
    # A registered number of five characters is its own tail, so it is covered by the comparison above.
    return right and bool(normalise_number(typed)) and bool(whole)
