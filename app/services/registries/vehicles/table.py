"""The embedded vehicle register: a table of ours, filled by file. For demonstrations, tests, and a Polda without ERI.

It plays somebody else's system, so it opens transactions of its own, as a remote register would, and like one it refuses
to be called inside one of ours.
"""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import exists
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import KeyRing
from app.core.db import Database, JsonValue, Tx, in_transaction
from app.core.texts import Text
from app.services.registries.models import RegisterWrite, VehicleBlockRow, VehicleRecord, VehicleSale
from app.services.registries.problems import REGISTRY_REQUEST_REUSED, VEHICLE_UNKNOWN
from app.services.registries.vehicles.port import NumberKind, Owner, Sale, Vehicle, index_matches

SEALED = ("chassis", "engine", "nik", "name", "address", "phone", "email")
OWNER = ("nik", "name", "address", "phone", "email")
SOLD_REASON = "lapor jual; terbuka setelah balik nama"
NAME = Text("Register kendaraan", "The vehicle register")
_SALES = VehicleSale.__table__  # type: ignore[attr-defined]
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

    async def change_owner(self, registry_id: str, request_id: str, owner: Owner) -> None:
        """See `VehicleRegistry.change_owner`."""
        _refuse_inside_transaction()
        async with self._db.begin(SYSTEM) as tx:
            record = await self._first_time(tx, registry_id, request_id, {"owner": asdict(owner)})
            if record is None:
                return
            # Chassis and engine number go on under the new owner's key: the old one may be destroyed.
            numbers = {"chassis": record.chassis_enc, "engine": record.engine_enc}
            plain = await vault.open_(tx.session, self._keys, record.key_id, numbers)
            key_id = await vault.key_for_person(tx, owner.nik)
            sealed = await vault.seal(tx, key_id, {**plain, **asdict(owner)})
            record.sqlmodel_update({f"{name}_enc": value for name, value in sealed.items()})
            record.key_id, record.updated_at = key_id, tx.now
            record.owner_nik_bidx = self._keys.blind_index("nik", owner.nik) if owner.nik else None
            await _end_sale(tx, registry_id)

    async def report_sale(self, registry_id: str, request_id: str, sale: Sale) -> None:
        """See `VehicleRegistry.report_sale`."""
        _refuse_inside_transaction()
        async with self._db.begin(SYSTEM) as tx:
            told: dict[str, JsonValue] = {"sold_on": sale.sold_on.isoformat(), "buyer": asdict(sale.buyer)}
            if await self._first_time(tx, registry_id, request_id, told) is None:
                return
            await _end_sale(tx, registry_id)
            key_id = await vault.key_for_person(tx, sale.buyer.nik)
            sealed = await vault.seal(tx, key_id, asdict(sale.buyer))
            values: dict[str, Any] = {f"{name}_enc": value for name, value in sealed.items()}
            row = VehicleSale(
                request_id=request_id,
                registry_id=registry_id,
                sold_on=sale.sold_on,
                key_id=key_id,
                reported_at=tx.now,
                **values,
            )
            block = VehicleBlockRow(request_id=request_id, registry_id=registry_id, reason=SOLD_REASON, set_at=tx.now)
            tx.session.add_all([row, block])

    async def _first_time(
        self, tx: Tx, registry_id: str, request_id: str, told: dict[str, JsonValue]
    ) -> VehicleRecord | None:
        """The vehicle's row, locked; None where this request was carried out before. Raises VEHICLE_UNKNOWN,
        REGISTRY_REQUEST_REUSED."""
        query = select(VehicleRecord).where(col(VehicleRecord.registry_id) == registry_id).with_for_update()
        record = (await tx.session.execute(query)).scalar_one_or_none()
        if record is None:
            raise VEHICLE_UNKNOWN()
        key_bidx = self._keys.blind_index("registry-id", registry_id)
        digest = self._keys.blind_index("register-line", json.dumps([registry_id, told], sort_keys=True))
        done = await tx.one(RegisterWrite, request_id)
        if done is not None and done.digest != digest:
            raise REGISTRY_REQUEST_REUSED(name=NAME)
        if done is not None:
            return None
        tx.session.add(
            RegisterWrite(request_id=request_id, kind="vehicles", key_bidx=key_bidx, digest=digest, at=tx.now)
        )
        return record

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
            sale=await self._sale(connection, row["registry_id"]),
        )

    async def _sale(self, connection: AsyncConnection, registry_id: str) -> Sale | None:
        query = select(_SALES).where(_SALES.c.registry_id == registry_id, _SALES.c.ended_at.is_(None))
        row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        sealed = {name: row[f"{name}_enc"] for name in OWNER}
        plain = await vault.open_(connection, self._keys, row["key_id"], sealed)
        if plain["name"] is None:
            return None  # the buyer was erased: nobody is left to be asked but the owner
        buyer = Owner(plain["name"], plain["address"] or "", plain["nik"], plain["phone"], plain["email"])
        return Sale(row["sold_on"], buyer)


async def _end_sale(tx: Tx, registry_id: str) -> None:
    """A standing report of a sale has ended, and the block that it set with it."""
    standing = select(VehicleSale).where(
        col(VehicleSale.registry_id) == registry_id, col(VehicleSale.ended_at).is_(None)
    )
    for sale in (await tx.session.execute(standing)).scalars():
        sale.ended_at = tx.now
        block = await tx.one(VehicleBlockRow, sale.request_id)
        if block is not None and block.lifted_at is None:
            block.lifted_at = tx.now
    await tx.session.flush()


async def _row_of(connection: AsyncConnection, plate: str) -> RowMapping | None:
    standing = exists().where(
        col(VehicleBlockRow.registry_id) == _TABLE.c.registry_id, col(VehicleBlockRow.lifted_at).is_(None)
    )
    query = select(_TABLE, standing.label("blocked")).where(_TABLE.c.plate == plate)
    return (await connection.execute(query)).mappings().one_or_none()


def _refuse_inside_transaction() -> None:
    if in_transaction():
        raise RuntimeError("the vehicle register was called inside a transaction: calls belong between transactions")
