"""The registers that are looked up by one key, a NIK or a plate: one engine, and a line for each register."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import orjson
from pydantic import TypeAdapter

from app.core.crypto import KeyRing
from app.core.texts import Text
from app.services.reference import parse_plate
from app.services.registries.keyed.records import (
    CriminalRecord,
    HealthCheck,
    Insurance,
    JknMembership,
    Licence,
    PsychologyTest,
    Record,
    VehicleTax,
)
from app.services.registries.nik import Nik

R = TypeVar("R", bound=Record)


class KeyedBy(StrEnum):
    """What a register is asked by; also the purpose of the key's blind index, the same as in every other table."""

    NIK = "nik"
    PLATE = "plate"


@dataclass(frozen=True)
class RegisterKind(Generic[R]):
    """One register: its name in settings, paths and service files, what it holds, and what it is asked by.

    `part_of` tells several records of one key apart; where it is None a key has one record at most.
    """

    name: str
    title: Text
    record: type[R]
    keyed_by: KeyedBy
    part_of: Callable[[R], str] | None = None

    def key_of(self, text: str) -> str | None:
        """The canonical key in what somebody typed; None for what cannot be one."""
        if self.keyed_by is KeyedBy.NIK:
            nik = Nik.parse(text)
            return None if nik is None else str(nik)
        plate = parse_plate(text)
        return None if plate is None else plate.canonical

    def part(self, record: R) -> str:
        """Which of a key's records this is; empty where there is one."""
        return self.part_of(record) if self.part_of is not None else ""

    def index(self, keys: KeyRing, key: str) -> str:
        """The blind index by which a key is found."""
        return keys.blind_index(self.keyed_by, key)

    def read(self, body: str | bytes) -> R:
        """A record from its JSON. Raises ValueError (pydantic's, which names fields) for anything else."""
        return self.adapter.validate_json(body, strict=True)

    def written(self, record: R) -> str:
        """The JSON of a record, by which it can be read again. Raises ValueError for one that no register would hold."""
        if not isinstance(record, self.record):
            raise TypeError(f"{type(record).__name__} is no record of the register {self.name}")
        body = orjson.dumps(self.adapter.dump_python(record, mode="json", by_alias=True), option=orjson.OPT_SORT_KEYS)
        self.read(body)
        return body.decode()

    @cached_property
    def adapter(self) -> TypeAdapter[R]:
        """Reads and writes this register's records."""
        return TypeAdapter(self.record)


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One record with its key (canonical), as a register file brings it."""

    register: RegisterKind[Any]
    about: str = field(repr=False)
    record: Record = field(repr=False)

    @property
    def part(self) -> str:
        return self.register.part(self.record)

    @property
    def key(self) -> str:
        return f"{self.about}/{self.part}"

    def as_values(self) -> dict[str, object]:
        """What the digest of a line covers."""
        return {"register": self.register.name, "about": self.about, "record": self.register.written(self.record)}


LICENCES = RegisterKind(
    "licences",
    Text("Register SIM", "The register of driving licences"),
    Licence,
    KeyedBy.NIK,
    part_of=lambda licence: str(licence.sim_class),
)
RECORDS = RegisterKind(
    "records", Text("Register catatan kepolisian", "The register of criminal records"), CriminalRecord, KeyedBy.NIK
)
TAX = RegisterKind("tax", Text("Register pajak kendaraan", "The vehicle tax register"), VehicleTax, KeyedBy.PLATE)
INSURANCE = RegisterKind(
    "insurance", Text("Register SWDKLLJ Jasa Raharja", "The register of Jasa Raharja"), Insurance, KeyedBy.PLATE
)
HEALTH = RegisterKind(
    "health", Text("Register pemeriksaan kesehatan", "The register of health checks"), HealthCheck, KeyedBy.NIK
)
PSYCHOLOGY = RegisterKind(
    "psychology", Text("Register tes psikologi", "The register of psychological tests"), PsychologyTest, KeyedBy.NIK
)
JKN = RegisterKind("jkn", Text("Register JKN", "The register of JKN"), JknMembership, KeyedBy.NIK)

KINDS: Mapping[str, RegisterKind[Any]] = MappingProxyType(
    {kind.name: kind for kind in (LICENCES, RECORDS, TAX, INSURANCE, HEALTH, PSYCHOLOGY, JKN)}
)


def kind_of(name: str) -> RegisterKind[Any]:
    """The register of this name. Raises KeyError, which says what there is."""
    try:
        return KINDS[name]
    except KeyError:
        raise KeyError(f"there is no register {name!r}; known are {', '.join(KINDS)}") from None
