"""The embedded registers: one table of ours, filled by file. For demonstrations, tests, and a Polda that reaches none.

It plays somebody else's system: it opens transactions of its own and refuses to be called inside one of ours. A record is
sealed under the person's data key, of a vehicle under its owner's, so that it goes when the person is erased.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import KeyRing
from app.core.db import Database, Tx, in_transaction
from app.services.registries.imports import Reader, digest_of
from app.services.registries.keyed.kinds import KeyedBy, RecordLine, RegisterKind, kind_of
from app.services.registries.keyed.records import Record
from app.services.registries.models import RegisterRecord, RegisterWrite, VehicleRecord
from app.services.registries.problems import REGISTRY_REQUEST_REUSED

R = TypeVar("R", bound=Record)
Place = tuple[str, str, str]
"""Register, blind index of the key, part: where a record lies, and what is bound into its ciphertext."""


class TableRegister(Generic[R]):
    """`RegisterAdapter` on the table `register_records`."""

    def __init__(self, kind: RegisterKind[R], db: Database, keys: KeyRing) -> None:
        self._kind, self._db, self._keys = kind, db, keys

    async def find(self, key: str) -> tuple[R, ...]:
        """See `RegisterAdapter.find`."""
        _refuse_inside_transaction(self._kind)
        query = (
            select(col(RegisterRecord.part), col(RegisterRecord.key_id), col(RegisterRecord.body_enc))
            .where(
                col(RegisterRecord.kind) == self._kind.name,
                col(RegisterRecord.key_bidx) == self._kind.index(self._keys, key),
            )
            .order_by(col(RegisterRecord.part))
        )
        plain: dict[str, str | None] = {}
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
            sealed: dict[UUID, dict[str, str | None]] = defaultdict(dict)
            for row in rows:
                sealed[row.key_id][_bound((self._kind.name, self._kind.index(self._keys, key), row.part))] = (
                    row.body_enc
                )
            for key_id, bodies in sealed.items():
                plain |= await vault.open_(connection, self._keys, key_id, bodies)
        return tuple(self._kind.read(body) for _, body in sorted(plain.items()) if body is not None)

    async def record(self, key: str, record: R, request_id: str) -> None:
        """See `RegisterAdapter.record`."""
        _refuse_inside_transaction(self._kind)
        line = RecordLine(self._kind, key, record)
        async with self._db.begin(SYSTEM) as tx:
            key_bidx, digest = self._kind.index(self._keys, key), digest_of(self._keys, line)
            await tx.serialise(f"register:{key_bidx}")
            await tx.serialise(f"register-write:{request_id}")
            done = await tx.one(RegisterWrite, request_id)
            if done is not None and done.digest != digest:
                raise REGISTRY_REQUEST_REUSED(name=self._kind.title)
            if done is None:
                await enter_records(tx, [line])
                tx.session.add(
                    RegisterWrite(
                        request_id=request_id, kind=self._kind.name, key_bidx=key_bidx, digest=digest, at=tx.now
                    )
                )

    async def aclose(self) -> None:
        """Nothing is held open."""


async def enter_record(tx: Tx, register: str, key: str, record: Record) -> None:
    """Enter one record into an embedded register, in place of what stood there (sandbox, demonstrations, tests).

    Raises KeyError for an unknown register, ValueError for what cannot be its key or record.
    """
    kind = kind_of(register)
    canonical = kind.key_of(key)
    if canonical is None:
        raise ValueError(f"no key of the register {register}")
    await enter_records(tx, [RecordLine(kind, canonical, record)])


async def enter_records(tx: Tx, lines: Sequence[RecordLine]) -> None:
    """Enter records, each in place of what stood there; what stands there already is left alone. A handful of queries
    and one for each person, whatever the number of records."""
    digests = await stored_digests(tx.session, tx.house.keys, lines)
    fresh = {
        place_of(tx.house.keys, line): line
        for line in lines
        if digests.get(place_of(tx.house.keys, line)) != digest_of(tx.house.keys, line)
    }
    if not fresh:
        return
    kept = await _kept_rows(tx, fresh)
    sealed = await _sealed(tx, fresh)
    for place, line in fresh.items():
        values: dict[str, Any] = {
            **sealed[place],
            "digest": digest_of(tx.house.keys, line),
            "updated_at": tx.now,
        }
        row = kept.get(place)
        if row is None:
            tx.session.add(RegisterRecord(kind=place[0], key_bidx=place[1], part=place[2], **values))
        else:
            row.sqlmodel_update(values)
    await tx.session.flush()


async def stored_digests(source: Reader, keys: KeyRing, lines: Sequence[RecordLine]) -> dict[Place, str]:
    """The digests of what stands there and can still be read: a record whose person was erased counts as none."""
    query = (
        select(
            col(RegisterRecord.kind),
            col(RegisterRecord.key_bidx),
            col(RegisterRecord.part),
            col(RegisterRecord.digest),
        )
        .join(vault.DataKey, col(vault.DataKey.id) == col(RegisterRecord.key_id))
        .where(_among(place_of(keys, line) for line in lines), col(vault.DataKey.wrapped).is_not(None))
    )
    return {(row.kind, row.key_bidx, row.part): row.digest for row in await source.execute(query)}


async def written_by_request(tx: Tx, lines: Sequence[RecordLine]) -> set[tuple[str, str]]:
    """The registers and key indexes among these of which something was entered by request, not by file."""
    indexes = {line.register.index(tx.house.keys, line.about) for line in lines}
    query = select(col(RegisterWrite.kind), col(RegisterWrite.key_bidx)).where(col(RegisterWrite.key_bidx).in_(indexes))
    return {(row.kind, row.key_bidx) for row in await tx.session.execute(query)}


async def _kept_rows(tx: Tx, places: Mapping[Place, RecordLine]) -> dict[Place, RegisterRecord]:
    query = select(RegisterRecord).where(_among(places)).with_for_update()
    rows = (await tx.session.execute(query)).scalars()
    return {(row.kind, row.key_bidx, row.part): row for row in rows}


async def _sealed(tx: Tx, lines: Mapping[Place, RecordLine]) -> dict[Place, dict[str, object]]:
    """For each place the sealed body and the id of the data key that opens it."""
    owners = await _data_keys(tx, lines.values())
    by_key: dict[UUID, dict[Place, str]] = defaultdict(dict)
    for place, line in lines.items():
        by_key[owners[(line.register.keyed_by, line.about)]][place] = line.register.written(line.record)
    made: dict[Place, dict[str, object]] = {}
    for key_id, bodies in by_key.items():
        sealed = await vault.seal(tx, key_id, {_bound(place): body for place, body in bodies.items()})
        made |= {place: {"key_id": key_id, "body_enc": sealed[_bound(place)]} for place in bodies}
    return made


async def _data_keys(tx: Tx, lines: Iterable[RecordLine]) -> dict[tuple[KeyedBy, str], UUID]:
    """The data key of each person, and of each vehicle's owner where the embedded register knows the vehicle."""
    about = {(line.register.keyed_by, line.about) for line in lines}
    plates = [key for keyed_by, key in about if keyed_by is KeyedBy.PLATE]
    query = (
        select(col(VehicleRecord.plate), col(VehicleRecord.key_id))
        .join(vault.DataKey, col(vault.DataKey.id) == col(VehicleRecord.key_id))
        .where(col(VehicleRecord.plate).in_(plates), col(vault.DataKey.wrapped).is_not(None))
    )
    owners = {row.plate: row.key_id for row in await tx.session.execute(query)} if plates else {}
    made: dict[tuple[KeyedBy, str], UUID] = {}
    for keyed_by, key in sorted(about):
        if keyed_by is KeyedBy.NIK:
            made[(keyed_by, key)] = await vault.key_for_person(tx, key)
        else:
            made[(keyed_by, key)] = owners.get(key) or await vault.key_for_person(tx, None)
    return made


def _among(places: Iterable[Place]) -> ColumnElement[bool]:
    """Rows of these registers and keys; others of the same keys may come along."""
    wanted = list(places)
    return and_(
        col(RegisterRecord.kind).in_({place[0] for place in wanted}),
        col(RegisterRecord.key_bidx).in_({place[1] for place in wanted}),
    )


def place_of(keys: KeyRing, line: RecordLine) -> Place:
    """Where the record of a line lies."""
    return line.register.name, line.register.index(keys, line.about), line.part


def _bound(place: Place) -> str:
    return "/".join(("register", place[0], place[2], place[1]))


def _refuse_inside_transaction(kind: RegisterKind[Any]) -> None:
    if in_transaction():
        raise RuntimeError(
            f"the register {kind.name} was called inside a transaction: calls belong between transactions"
        )
