"""The embedded vehicle register: a table of ours, filled by file. For demonstrations, tests, and a Polda without ERI.

It plays somebody else's system, so it opens transactions of its own, as a remote register would, and like one it refuses
to be called inside one of ours.
"""

import json
import secrets
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import exists
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import KeyRing
from app.core.db import Database, JsonValue, Tx, in_transaction
from app.core.texts import Text
from app.services.registries.models import RegisterWrite, VehicleBlockRow, VehicleRecord, VehicleSale, VehicleStnk
from app.services.registries.problems import REGISTRY_REQUEST_REUSED, VEHICLE_REGISTERED, VEHICLE_UNKNOWN
from app.services.registries.vehicles.port import (
    NewVehicle,
    NumberKind,
    Owner,
    Sale,
    Stnk,
    Vehicle,
    index_matches,
    number_indexes,
)

SEALED = ("chassis", "engine", "nik", "name", "address", "phone", "email")
OWNER = ("nik", "name", "address", "phone", "email")
SERIES_LETTERS = "ABCDEFGHJKLNPRSTUVWXYZ"
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
            row = await _row_of(connection, _TABLE.c.plate == plate)
            return None if row is None else await self._vehicle(connection, row)

    async def find_by_numbers(self, plate: str, chassis_no: str, engine_no: str) -> Vehicle | None:
        """See `VehicleRegistry.find_by_numbers`."""
        _refuse_inside_transaction()
        async with self._db.read() as connection:
            row = await _row_of(connection, _TABLE.c.plate == plate)
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

    async def has_chassis(self, chassis_no: str) -> bool:
        """See `VehicleRegistry.has_chassis`."""
        _refuse_inside_transaction()
        whole, _ = number_indexes(self._keys, NumberKind.CHASSIS, chassis_no)
        async with self._db.read() as connection:
            known = select(col(VehicleRecord.id)).where(col(VehicleRecord.chassis_bidx) == whole).limit(1)
            return (await connection.execute(known)).first() is not None

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

    async def register_vehicle(self, request_id: str, new: NewVehicle) -> Vehicle:
        """See `VehicleRegistry.register_vehicle`."""
        _refuse_inside_transaction()
        registry_id = registry_id_of(self._keys, new.chassis_no)
        async with self._db.begin(SYSTEM) as tx:
            await tx.serialise("register-vehicle")  # a plate is looked for and taken
            if not await self._was_told(tx, registry_id, request_id, asdict(new)):
                await self._add(tx, registry_id, new)
        async with self._db.read() as connection:
            row = await _row_of(connection, _TABLE.c.registry_id == registry_id)
            assert row is not None  # a vehicle that was registered stays so
            return await self._vehicle(connection, row)

    async def enter_stnk(self, registry_id: str, request_id: str, stnk: Stnk) -> None:
        """See `VehicleRegistry.enter_stnk`."""
        _refuse_inside_transaction()
        async with self._db.begin(SYSTEM) as tx:
            told = {name: str(value) if value else None for name, value in asdict(stnk).items()}
            if await self._first_time(tx, registry_id, request_id, {"stnk": {**told}}) is None:
                return
            standing = update(VehicleStnk).where(
                col(VehicleStnk.registry_id) == registry_id, col(VehicleStnk.ended_at).is_(None)
            )
            await tx.session.execute(standing.values(ended_at=tx.now))
            tx.session.add(
                VehicleStnk(request_id=request_id, registry_id=registry_id, entered_at=tx.now, **asdict(stnk))
            )

    async def _add(self, tx: Tx, registry_id: str, new: NewVehicle) -> None:
        """Raises VEHICLE_REGISTERED."""
        keys = self._keys
        chassis = number_indexes(keys, NumberKind.CHASSIS, new.chassis_no)
        engine = number_indexes(keys, NumberKind.ENGINE, new.engine_no)
        known = select(col(VehicleRecord.id)).where(col(VehicleRecord.chassis_bidx) == chassis[0])
        if (await tx.session.execute(known.limit(1))).first() is not None:
            raise VEHICLE_REGISTERED()
        key_id = await vault.key_for_person(tx, new.owner.nik)
        plain = {"chassis": new.chassis_no, "engine": new.engine_no, **asdict(new.owner)}
        sealed: dict[str, Any] = {f"{name}_enc": each for name, each in (await vault.seal(tx, key_id, plain)).items()}
        tx.session.add(
            VehicleRecord(
                registry_id=registry_id,
                plate=await _free_plate(tx, new.region),
                chassis_bidx=chassis[0],
                chassis_tail_bidx=chassis[1],
                engine_bidx=engine[0],
                engine_tail_bidx=engine[1],
                make=new.make,
                model=new.model,
                colour=new.colour,
                kind=new.kind,
                year=new.year,
                key_id=key_id,
                owner_nik_bidx=keys.blind_index("nik", new.owner.nik) if new.owner.nik else None,
                digest="",  # a line of a file about it is none that was read before
                updated_at=tx.now,
                **sealed,
            )
        )

    async def _first_time(
        self, tx: Tx, registry_id: str, request_id: str, told: dict[str, JsonValue]
    ) -> VehicleRecord | None:
        """The vehicle's row, locked; None where this request was carried out before. Raises VEHICLE_UNKNOWN,
        REGISTRY_REQUEST_REUSED."""
        query = select(VehicleRecord).where(col(VehicleRecord.registry_id) == registry_id).with_for_update()
        record = (await tx.session.execute(query)).scalar_one_or_none()
        if record is None:
            raise VEHICLE_UNKNOWN()
        return None if await self._was_told(tx, registry_id, request_id, told) else record

    async def _was_told(self, tx: Tx, registry_id: str, request_id: str, told: dict[str, JsonValue]) -> bool:
        """Whether this request was carried out before; else it is noted. Raises REGISTRY_REQUEST_REUSED."""
        key_bidx = self._keys.blind_index("registry-id", registry_id)
        digest = self._keys.blind_index("register-line", json.dumps([registry_id, told], sort_keys=True))
        done = await tx.one(RegisterWrite, request_id)
        if done is not None and done.digest != digest:
            raise REGISTRY_REQUEST_REUSED(name=NAME)
        if done is None:
            tx.session.add(
                RegisterWrite(request_id=request_id, kind="vehicles", key_bidx=key_bidx, digest=digest, at=tx.now)
            )
        return done is not None

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
            stnk_no=(await connection.execute(_stnk_of(row["registry_id"]))).scalar_one_or_none(),
            use=row["plate_use"],
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


async def _row_of(connection: AsyncConnection, which: ColumnElement[bool]) -> RowMapping | None:
    standing = exists().where(
        col(VehicleBlockRow.registry_id) == _TABLE.c.registry_id, col(VehicleBlockRow.lifted_at).is_(None)
    )
    query = select(_TABLE, standing.label("blocked")).where(which)
    return (await connection.execute(query)).mappings().one_or_none()


def _stnk_of(registry_id: str) -> Select[str]:
    return select(col(VehicleStnk.number)).where(
        col(VehicleStnk.registry_id) == registry_id, col(VehicleStnk.ended_at).is_(None)
    )


async def _free_plate(tx: Tx, region: str) -> str:
    """A plate that nobody has: drawn, as the embedded register plays one that keeps the series of its region."""
    while True:
        series = "".join(secrets.choice(SERIES_LETTERS) for _ in range(3))
        plate = f"{region}{1000 + secrets.randbelow(9000)}{series}"
        taken = select(col(VehicleRecord.id)).where(col(VehicleRecord.plate) == plate)
        if (await tx.session.execute(taken.limit(1))).first() is None:
            return plate


def registry_id_of(keys: KeyRing, chassis_no: str) -> str:
    """The embedded register's own id of a vehicle, which follows from the chassis number and does not show it."""
    return "R" + keys.blind_index("registry-id", chassis_no)[:23]


def _refuse_inside_transaction() -> None:
    if in_transaction():
        raise RuntimeError("the vehicle register was called inside a transaction: calls belong between transactions")
