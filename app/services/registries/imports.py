"""Filling the embedded registers from a file: seen first, then applied; streamed, so that millions of lines fit.

The file is read twice. The first pass checks every line and counts what would change; nothing is written while one line
is wrong. The second writes in batches, each in a transaction of its own: importing the same file again after a
crash continues where it stopped, because a line that is stored already is skipped by its digest.
"""

import csv
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.house import House
from app.core.problems import FieldError, Problem
from app.core.texts import Text
from app.services.registries.lines import (
    PERSON_COLUMNS,
    VEHICLE_COLUMNS,
    BadLine,
    PersonLine,
    VehicleLine,
    read_person,
    read_vehicle,
)
from app.services.registries.models import PopulationRecord, VehicleRecord
from app.services.registries.problems import REGISTRY_FILE_INVALID
from app.services.registries.vehicles.port import NumberKind, number_indexes
from app.services.registries.vehicles.table import registry_id_of

BATCH = 500
MAX_LINES = 5_000_000
MAX_LINE_CHARS = 4_000
MAX_FAULTS = 50
SHOWN = 20
Reader = AsyncConnection | AsyncSession


class FileLine(Protocol):
    """A line of a register file: what it is about, and its values."""

    @property
    def key(self) -> str: ...

    def as_values(self) -> dict[str, object]: ...


Line = TypeVar("Line", bound=FileLine)


class Change(StrEnum):
    """What a line does to the register."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class ImportView:
    """What a file would do, or did: counts, and the first line numbers of each sort of change."""

    new: int
    changed: int
    same: int
    new_lines: tuple[int, ...]
    changed_lines: tuple[int, ...]


@dataclass(frozen=True)
class Register(Generic[Line]):
    """How one register takes its lines: required columns, reading, stored digests by key, writing."""

    columns: tuple[str, ...]
    read: Callable[[Mapping[str, str]], Line]
    unique: Callable[[Line], Sequence[str]]
    stored: Callable[[Reader, KeyRing, Sequence[Line]], Any]
    write: Callable[[Tx, Line, str], Any]


async def preview(house: House, register: Register[Line], path: Path) -> ImportView:
    """What importing this file would change. Raises REGISTRY_FILE_INVALID with the number and fault of each wrong line."""
    _check(register, path)
    tally = _Tally()
    async with house.db.read() as connection:
        async for batch in _batches(register, path):
            for number, line, change in await _compared(connection, house.keys, register, batch):
                del line
                tally.count(number, change)
    return tally.view()


async def apply(house: House, register: Register[Line], path: Path) -> ImportView:
    """Import the file. Raises REGISTRY_FILE_INVALID before anything is written."""
    _check(register, path)
    tally = _Tally()
    async for batch in _batches(register, path):
        async with house.db.begin(SYSTEM) as tx:
            for number, line, change in await _compared(tx.session, house.keys, register, batch):
                if change is not Change.SAME:
                    await register.write(tx, line, digest_of(house.keys, line))
                tally.count(number, change)
    return tally.view()


async def enter_vehicle(tx: Tx, line: VehicleLine) -> str:
    """Enter or correct one vehicle in the embedded register (sandbox, demonstrations, tests); gives its registry id."""
    await _write_vehicle(tx, line, digest_of(tx.house.keys, line))
    return _registry_id(tx.house.keys, line)


async def enter_person(tx: Tx, line: PersonLine) -> None:
    """Enter or correct one person in the embedded population register."""
    await _write_person(tx, line, digest_of(tx.house.keys, line))


def digest_of(keys: KeyRing, line: FileLine) -> str:
    """A keyed hash of all values of a line: tells whether it changed, and nothing else."""
    return keys.blind_index("register-line", json.dumps(line.as_values(), sort_keys=True))


def _check(register: Register[Line], path: Path) -> None:
    faults: list[FieldError] = []
    seen: set[int] = set()
    count = 0
    for number, cells in _rows(register, path):
        try:
            line = register.read(cells)
            for value in register.unique(line):
                if hash(value) in seen:
                    raise BadLine(value.partition("=")[0], "stands on an earlier line too")
                seen.add(hash(value))
        except BadLine as bad:
            count += 1
            if len(faults) < MAX_FAULTS:
                faults.append(_fault(number, str(bad)))
    if faults:
        raise REGISTRY_FILE_INVALID(count=count, errors=faults)


def _rows(register: Register[Line], path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The cells of each line by column, with its number in the file: CSV, or JSON lines where the first line is an object.

    Raises REGISTRY_FILE_INVALID for an unreadable file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline(MAX_LINE_CHARS)
            if head.lstrip().startswith("{"):
                yield from _json_rows(chain([head], iter(lambda: file.readline(MAX_LINE_CHARS), "")))
            else:
                yield from _csv_rows(register, head, file)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(1, f"no UTF-8 CSV: {type(error).__name__}") from error


def _csv_rows(register: Register[Line], head: str, file: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    delimiter = ";" if head.count(";") > head.count(",") else ","
    names = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
    missing = [name for name in register.columns if name not in names]
    if missing or len(set(names)) != len(names):
        raise _unreadable(1, f"the header lacks {', '.join(missing)}" if missing else "a column stands twice")
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    for cells in reader:
        number = reader.line_num + 1
        if number > MAX_LINES:
            raise _unreadable(number, f"more than {MAX_LINES} lines")
        if not any(cells):
            continue
        if len(cells) != len(names) or sum(map(len, cells)) > MAX_LINE_CHARS:
            raise _unreadable(number, f"{len(cells)} cells where the header has {len(names)}, or too long")
        yield number, dict(zip(names, cells, strict=True))


def _json_rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(lines, start=1):
        if number > MAX_LINES or len(line) >= MAX_LINE_CHARS:
            raise _unreadable(number, f"more than {MAX_LINES} lines, or longer than {MAX_LINE_CHARS} characters")
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            raise _unreadable(number, "no JSON object") from None
        if not isinstance(values, dict):
            raise _unreadable(number, "no JSON object")
        yield number, {name: _cell(number, value) for name, value in values.items()}


def _cell(number: int, value: object) -> str:
    """A JSON value as a CSV cell has it: lists by blanks, nothing for null."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() | int():
            return str(value)
        case list() if all(isinstance(each, str) for each in value):
            return " ".join(value)
        case _:
            raise _unreadable(number, "values are texts, whole numbers, true or false, and lists of texts")


async def _batches(register: Register[Line], path: Path) -> AsyncIterator[list[tuple[int, Line]]]:
    batch: list[tuple[int, Line]] = []
    for number, cells in _rows(register, path):
        batch.append((number, register.read(cells)))
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _compared(
    source: Reader, keys: KeyRing, register: Register[Line], batch: list[tuple[int, Line]]
) -> list[tuple[int, Line, Change]]:
    stored: dict[str, str] = await register.stored(source, keys, [line for _, line in batch])
    compared = []
    for number, line in batch:
        kept = stored.get(line.key)
        same = kept == digest_of(keys, line)
        compared.append((number, line, Change.NEW if kept is None else Change.SAME if same else Change.CHANGED))
    return compared


async def _stored_vehicles(source: Reader, keys: KeyRing, lines: Sequence[VehicleLine]) -> dict[str, str]:
    by_id = {_registry_id(keys, line): line.key for line in lines}
    query = select(col(VehicleRecord.registry_id), col(VehicleRecord.digest)).where(
        col(VehicleRecord.registry_id).in_(list(by_id))
    )
    return {by_id[row.registry_id]: row.digest for row in await source.execute(query)}


async def _stored_people(source: Reader, keys: KeyRing, lines: Sequence[PersonLine]) -> dict[str, str]:
    by_bidx = {keys.blind_index("nik", line.nik): line.key for line in lines}
    query = select(col(PopulationRecord.nik_bidx), col(PopulationRecord.digest)).where(
        col(PopulationRecord.nik_bidx).in_(list(by_bidx))
    )
    return {by_bidx[row.nik_bidx]: row.digest for row in await source.execute(query)}


async def _write_vehicle(tx: Tx, line: VehicleLine, digest: str) -> None:
    registry_id = _registry_id(tx.house.keys, line)
    values = await _vehicle_values(tx, line, digest)
    # A plate that moved on to this vehicle: the one that bore it before waits under a mark for its own new line.
    await tx.session.execute(
        update(VehicleRecord)
        .where(col(VehicleRecord.plate) == line.plate, col(VehicleRecord.registry_id) != registry_id)
        .values(plate=f"~{secrets.token_hex(8)}")
    )
    query = select(VehicleRecord).where(col(VehicleRecord.registry_id) == registry_id).with_for_update()
    record = (await tx.session.execute(query)).scalar_one_or_none()
    if record is None:
        tx.session.add(VehicleRecord(registry_id=registry_id, **values))
    else:
        record.sqlmodel_update(values)
    await tx.session.flush()


async def _vehicle_values(tx: Tx, line: VehicleLine, digest: str) -> dict[str, Any]:
    keys = tx.house.keys
    key_id = await vault.key_for_person(tx, line.owner_nik)
    chassis = number_indexes(keys, NumberKind.CHASSIS, line.chassis_no)
    engine = number_indexes(keys, NumberKind.ENGINE, line.engine_no)
    plain = {
        "chassis": line.chassis_no,
        "engine": line.engine_no,
        "nik": line.owner_nik,
        "name": line.owner_name,
        "address": line.owner_address,
        "phone": line.owner_phone,
        "email": line.owner_email,
    }
    sealed = await vault.seal(tx, key_id, plain)
    return {
        **{f"{name}_enc": value for name, value in sealed.items()},
        "key_id": key_id,
        "plate": line.plate,
        "chassis_bidx": chassis[0],
        "chassis_tail_bidx": chassis[1],
        "engine_bidx": engine[0],
        "engine_tail_bidx": engine[1],
        "make": line.make,
        "model": line.model,
        "colour": line.colour,
        "kind": line.kind,
        "year": line.year,
        "plate_use": line.use,
        "owner_nik_bidx": keys.blind_index("nik", line.owner_nik) if line.owner_nik else None,
        "digest": digest,
        "updated_at": tx.now,
    }


async def _write_person(tx: Tx, line: PersonLine, digest: str) -> None:
    nik_bidx = tx.house.keys.blind_index("nik", line.nik)
    key_id = await vault.key_for_person(tx, line.nik)
    said = {**asdict(line), "guardians": " ".join(line.guardians) or None}
    plain = {name: None if value is None else str(value) for name, value in said.items()}
    sealed = {f"{name}_enc": value for name, value in (await vault.seal(tx, key_id, plain)).items()}
    values: dict[str, Any] = {**sealed, "key_id": key_id, "digest": digest, "updated_at": tx.now}
    query = select(PopulationRecord).where(col(PopulationRecord.nik_bidx) == nik_bidx).with_for_update()
    record = (await tx.session.execute(query)).scalar_one_or_none()
    if record is None:
        tx.session.add(PopulationRecord(nik_bidx=nik_bidx, **values))
    else:
        record.sqlmodel_update(values)
    await tx.session.flush()


def _registry_id(keys: KeyRing, line: VehicleLine) -> str:
    """The register's own id; where a file has none, one that follows from the chassis number and does not show it."""
    return line.registry_id or registry_id_of(keys, line.chassis_no)


def _fault(number: int, why: str) -> FieldError:
    return FieldError(f"/lines/{number}", Text(f"baris {number}: {why}", f"line {number}: {why}"))


def _unreadable(number: int, why: str) -> Problem:
    return REGISTRY_FILE_INVALID(count=1, errors=[_fault(number, why)])


class _Tally:
    def __init__(self) -> None:
        self._counts = dict.fromkeys(Change, 0)
        self._lines: dict[Change, list[int]] = {change: [] for change in Change}

    def count(self, number: int, change: Change) -> None:
        self._counts[change] += 1
        if len(self._lines[change]) < SHOWN:
            self._lines[change].append(number)

    def view(self) -> ImportView:
        return ImportView(
            new=self._counts[Change.NEW],
            changed=self._counts[Change.CHANGED],
            same=self._counts[Change.SAME],
            new_lines=tuple(self._lines[Change.NEW]),
            changed_lines=tuple(self._lines[Change.CHANGED]),
        )


VEHICLES: Register[VehicleLine] = Register(
    columns=VEHICLE_COLUMNS,
    read=read_vehicle,
    unique=lambda line: (f"plate={line.plate}", f"chassis_no={line.chassis_no}"),
    stored=_stored_vehicles,
    write=_write_vehicle,
)
POPULATION: Register[PersonLine] = Register(
    columns=PERSON_COLUMNS,
    read=read_person,
    unique=lambda line: (f"nik={line.nik}",),
    stored=_stored_people,
    write=_write_person,
)
