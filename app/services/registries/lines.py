"""One line of a register file: read, checked, normalised. Pure.

Files are UTF-8: CSV with a header line, comma or semicolon, or JSON lines. A wrong value is named with its column; the value itself is
never repeated, for these are people's data.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TypeVar

from app.core.contacts import parse_email, parse_mobile
from app.services.reference import PlateUse, parse_plate
from app.services.registries.nik import Nik, Sex, parse_kk
from app.services.registries.population.port import Citizenship
from app.services.registries.vehicles.port import normalise_number

_CHASSIS = re.compile(r"^[A-Z0-9]{5,20}$", re.ASCII)  # ISO 3779 is 17 long; older and imported vehicles differ
_REGISTRY_ID = re.compile(r"^[A-Za-z0-9._-]{1,40}$", re.ASCII)
MAX_TEXT = 200
FIRST_YEAR, LAST_YEAR = 1900, 2100
SEXES = {"L": Sex.MALE, "M": Sex.MALE, "P": Sex.FEMALE, "F": Sex.FEMALE}
"""As on the KTP (laki-laki, perempuan), or in English."""
CITIZENSHIPS = {str(each): each for each in Citizenship}
Word = TypeVar("Word")


class BadLine(ValueError):
    """A line that cannot be taken; `column` names the place, the text says why without repeating the value."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"{column}: {why}")
        self.column, self.why = column, why


@dataclass(frozen=True, slots=True)
class VehicleLine:
    """A vehicle as a register file brings it, in canonical form."""

    plate: str
    chassis_no: str = field(repr=False)
    engine_no: str = field(repr=False)
    make: str
    model: str
    colour: str
    kind: str
    owner_name: str = field(repr=False)
    owner_address: str = field(repr=False)
    owner_nik: str | None = field(default=None, repr=False)
    owner_phone: str | None = field(default=None, repr=False)
    owner_email: str | None = field(default=None, repr=False)
    year: int | None = None
    registry_id: str | None = None
    use: PlateUse | None = None

    @property
    def key(self) -> str:
        return self.registry_id or self.chassis_no

    def as_values(self) -> dict[str, object]:
        """All fields by name: what the digest of a line covers. The use counts where a file says it, so that the lines of before
        keep their digests."""
        values = asdict(self)
        return values if self.use else {name: value for name, value in values.items() if name != "use"}


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person as a population file brings them, in canonical form."""

    nik: str = field(repr=False)
    name: str = field(repr=False)
    born_on: date = field(repr=False)
    kk_no: str = field(repr=False)
    address: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    sex: Sex | None = field(default=None, repr=False)
    citizenship: Citizenship | None = field(default=None, repr=False)
    guardians: tuple[str, ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        return self.nik

    def as_values(self) -> dict[str, object]:
        """All fields by name: what the digest of a line covers. What a file says beyond the first ones counts where it
        says it, so that the lines of before keep their digests."""
        later = {"sex": self.sex, "citizenship": self.citizenship, "guardians": " ".join(self.guardians) or None}
        first = {name: value for name, value in asdict(self).items() if name not in later}
        said = {name: value for name, value in later.items() if value is not None}
        return {**first, **said, "born_on": self.born_on.isoformat()}


VEHICLE_COLUMNS = ("plate", "chassis_no", "engine_no", "make", "model", "colour", "kind", "owner_name", "owner_address")
PERSON_COLUMNS = ("nik", "name", "born_on", "kk_no", "address")


def read_vehicle(cells: Mapping[str, str]) -> VehicleLine:
    """A vehicle from the cells of its line. Raises `BadLine`.

    A phone that cannot be a mobile number is dropped: registers hold landlines and dealers' numbers, and a letter
    still finds its way.
    """
    plate = parse_plate(cells.get("plate", ""))
    if plate is None:
        raise BadLine("plate", "no Indonesian plate")
    nik = cells.get("owner_nik", "").strip()
    registry_id = cells.get("registry_id", "").strip()
    if registry_id and not _REGISTRY_ID.match(registry_id):
        raise BadLine("registry_id", "1 to 40 letters, digits, dots and dashes")
    return VehicleLine(
        plate=plate.canonical,
        chassis_no=_number(cells, "chassis_no"),
        engine_no=_number(cells, "engine_no"),
        make=_text(cells, "make", 60),
        model=_text(cells, "model", 60),
        colour=_text(cells, "colour", 30),
        kind=_text(cells, "kind", 40),
        owner_name=_text(cells, "owner_name"),
        owner_address=_text(cells, "owner_address"),
        owner_nik=_nik(nik, "owner_nik") if nik else None,
        owner_phone=parse_mobile(cells.get("owner_phone", "")),
        owner_email=parse_email(cells.get("owner_email", "")),
        year=_year(cells.get("year", "").strip()),
        registry_id=registry_id or None,
        use=_use(cells.get("use", "").strip().lower()),
    )


def _use(text: str) -> PlateUse | None:
    if not text:
        return None
    known = {str(use): use for use in PlateUse if use is not PlateUse.UNKNOWN}
    if text not in known:
        raise BadLine("use", f"one of {', '.join(known)}, or empty")
    return known[text]


def read_person(cells: Mapping[str, str]) -> PersonLine:
    """A person from the cells of their line. Raises `BadLine`."""
    kk_no = parse_kk(cells.get("kk_no", ""))
    if kk_no is None:
        raise BadLine("kk_no", "not 16 digits")
    try:
        born_on = date.fromisoformat(cells.get("born_on", "").strip())
    except ValueError as error:
        raise BadLine("born_on", "not a date like 1987-11-12") from error
    return PersonLine(
        nik=_nik(cells.get("nik", ""), "nik"),
        name=_text(cells, "name"),
        born_on=born_on,
        kk_no=kk_no,
        address=_text(cells, "address"),
        phone=parse_mobile(cells.get("phone", "")),
        email=parse_email(cells.get("email", "")),
        sex=_one_of(cells, "sex", SEXES),
        citizenship=_one_of(cells, "citizenship", CITIZENSHIPS),
        guardians=tuple(_nik(each, "guardians") for each in cells.get("guardians", "").split()),
    )


def _one_of(cells: Mapping[str, str], column: str, words: Mapping[str, Word]) -> Word | None:
    text = cells.get(column, "").strip().upper()
    if text and text not in words:
        raise BadLine(column, f"one of {', '.join(words)}, or empty")
    return words.get(text)


def _nik(text: str, column: str) -> str:
    nik = Nik.parse(text)
    if nik is None:
        raise BadLine(column, "cannot be a NIK")
    return str(nik)


def _number(cells: Mapping[str, str], column: str) -> str:
    number = normalise_number(cells.get(column, ""))
    if not _CHASSIS.match(number):
        raise BadLine(column, "5 to 20 letters and digits")
    return number


def _text(cells: Mapping[str, str], column: str, longest: int = MAX_TEXT) -> str:
    text = " ".join(cells.get(column, "").split())
    if not 1 <= len(text) <= longest or not text.isprintable():
        raise BadLine(column, f"1 to {longest} printable characters")
    return text


def _year(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= LAST_YEAR):
        raise BadLine("year", f"a year from {FIRST_YEAR}")
    return int(text)
