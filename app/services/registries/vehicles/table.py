"""The embedded vehicle register: a table of ours, filled by file. For demonstrations, tests, and a Polda without ERI.

It plays somebody else's system, so it opens transactions of its own, as a remote register would, and like one it refuses
to be called inside one of ours.
"""

from typing import Any

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import exists
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import KeyRing
from app.core.db import Database, in_transaction
from app.services.registries.models import VehicleBlockRow, VehicleRecord
from app.services.registries.problems import VEHICLE_UNKNOWN
from app.services.registries.vehicles.port import NumberKind, Owner, Vehicle, index_matches

SEALED = ("chassis", "engine", "nik", "name", "address", "phone", "email")
_TABLE = VehicleRecord.__table__  # type: ignore[attr-defined]


class TableVehicles:
    """`VehicleRegistry` on the tables `vehicles` and `vehicle_blocks`."""

    def __init__(self, db: Database, keys: KeyRing) -> None:
        self._db, self._keys = db, keys

    async def find(self, plate: str) -> Vehicle | None:
        """See `VehicleRegistry.find`."""
        _refuse_inside_transaction()
        async with self._db.read() as connection:
            row = await _row_of(connection, plate)
            return None if row is None else await self._vehicle(connection, row)

    async def find_by_numbers(self, plate: str, chassis_no: str, engine_no: str) -> Vehicle | None:
        """See `VehicleRegistry.find_by_numbers`."""
        _refuse_inside_transaction()
        async with self._db.read() as connection:
            row = await _row_of(connection, plate)
            known: Any = row or {}
            right = [
                index_matches(
                    self._keys,
                    kind,
                    typed,
                    whole=known.get(f"{kind}_bidx", ""),
                    tail=known.get(f"{kind}_tail_bidx", ""),
                )
                for kind, typed in ((NumberKind.CHASSIS, chassis_no), (NumberKind.ENGINE, engine_no))
            ]
            return await self._vehicle(connection, row) if row is not None and all(right) else None

    async def request_block(self, registry_id: str, request_id: str, reason: str) -> None:
        """See `VehicleRegistry.request_block`."""
        _refuse_inside_transaction()
        async with self._db.begin(SYSTEM) as tx:
            query = select(col(VehicleRecord.id)).where(col(VehicleRecord.registry_id) == registry_id)
            if (await tx.session.execute(query.with_for_update())).scalar_one_or_none() is None:
                raise VEHICLE_UNKNOWN()
            if await tx.one(VehicleBlockRow, request_id) is None:
                tx.session.add(
                    VehicleBlockRow(request_id=request_id, registry_id=registry_id, reason=reason[:300], set_at=tx.now)
                )

    async def lift_block(self, registry_id: str, request_id: str) -> None:
        """See `VehicleRegistry.lift_block`."""
        _refuse_inside_transaction()
        async with self._db.begin(SYSTEM) as tx:
            await tx.session.execute(
                update(VehicleBlockRow)
                .where(
                    col(VehicleBlockRow.request_id) == request_id,
                    col(VehicleBlockRow.registry_id) == registry_id,
                    col(VehicleBlockRow.lifted_at).is_(None),
                )
                .values(lifted_at=tx.now)
            )

    async def _vehicle(self, connection: AsyncConnection, row: RowMapping) -> Vehicle:
        sealed = {name: row[f"{name}_enc"] for name in SEALED}
        plain = await vault.open_(connection, self._keys, row["key_id"], sealed)
        return Vehicle(
            registry_id=row["registry_id"],
            plate=row["plate"],
            chassis_no=plain["chassis"] or "",
            engine_no=plain["engine"] or "",
            make=row["make"],
            model=row["model"],
            colour=row["colour"],
            kind=row["kind"],
            year=row["year"],
            owner=Owner(
                name=plain["name"] or "",
                address=plain["address"] or "",
                nik=plain["nik"],
                phone=plain["phone"],
                email=plain["email"],
            ),
            blocked=row["blocked"],
        )


async def _row_of(connection: AsyncConnection, plate: str) -> RowMapping | None:
    standing = exists().where(
        col(VehicleBlockRow.registry_id) == _TABLE.c.registry_id, col(VehicleBlockRow.lifted_at).is_(None)
    )
    query = select(_TABLE, standing.label("blocked")).where(_TABLE.c.plate == plate)
    return (await connection.execute(query)).mappings().one_or_none()


def _refuse_inside_transaction() -> None:
    if in_transaction():
        raise RuntimeError("the vehicle register was called inside a transaction: calls belong between transactions")
