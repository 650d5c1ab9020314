"""What the bench looks up and pays: one ticket that went its whole way, thousands of copies of its rows, some bills."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import psycopg
from sqlalchemy import Table, create_engine, insert, select
from sqlalchemy.engine import Engine, make_url

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.config import Settings
from app.core.house import House
from app.core.ids import new_id
from app.core.migrations import migrate
from app.main import create_app
from app.services import billing, reference
from app.services.etle.queries import BY_STNK
from app.services.etle.shown import Finders
from app.services.registries import NumberKind, number_index
from app.tables import metadata
from app.wiring import build_house
from tests import make
from tests.drain import drain
from tests.journeys.test_ticket import Story

BATCH = 1000
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


async def one_ticket(settings: Settings) -> tuple[UUID, str, list[Any]]:
    """A ticket whose letter was sent, made through the doors; its case, the look-up's SQL and its parameters."""
    migrate(settings.effective_database_url)
    house = build_house(settings)
    try:
        async with house.db.begin(SYSTEM) as tx:
            await reference.load_packaged(tx)
        transport = httpx.ASGITransport(app=create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            story = Story(house, client, cast(FixedClock, house.clock))
            await story.capture()
            await story.verify()
            await story.look_up()
        query = BY_STNK[False, False]
        asked = {
            "asked_plate": make.PLATE,
            "asked_chassis": number_index(house.keys, NumberKind.CHASSIS, make.VEHICLE.chassis_no)[0],
            "asked_engine": number_index(house.keys, NumberKind.ENGINE, make.VEHICLE.engine_no)[0],
        }
        return UUID(story.case_id), query.sql, query.parameters([asked])
    finally:
        await house.close()


def copy_ticket(url: str, case_id: UUID, count: int) -> list[str]:
    """Copies of the ticket under other plates, straight into the tables; the plates."""
    engine = _sync_engine(url)
    tables = {name: metadata.tables[name] for name in ("captures", "cases", "tickets", "case_deadlines")}
    with engine.begin() as connection:
        ticket = _one(connection, tables["tickets"], case_id=case_id)
        capture = _one(connection, tables["captures"], id=ticket["capture_id"])
        case = _one(connection, tables["cases"], id=case_id)
        due = [dict(row) for row in connection.execute(
            select(tables["case_deadlines"]).where(tables["case_deadlines"].c.case_id == case_id)).mappings()]  # fmt: skip
        plates = [_plate(number) for number in range(count)]
        for start in range(0, count, BATCH):
            rows: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
            for plate in plates[start : start + BATCH]:
                new_case, new_capture = new_id(), new_id()
                rows["captures"].append({**capture, "id": new_capture, "capture_id": None, "body_key": new_capture.hex})
                rows["cases"].append({**case, "id": new_case, "reference": f"ETLB{new_case.hex[-16:].upper()}"})
                rows["tickets"].append({**ticket, "case_id": new_case, "capture_id": new_capture, "plate": plate})
                rows["case_deadlines"] += [{**each, "id": new_id(), "case_id": new_case} for each in due]
            for name, table in tables.items():
                if rows[name]:
                    connection.execute(insert(table), rows[name])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return plates


@asynccontextmanager
async def second_database(url: str, name: str) -> AsyncIterator[str]:
    """A fresh database beside this one, with schema and reference data, for as long as the block."""
    own = f"{make_url(url).database}_{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{own}"')
        try:
            there = make_url(url).set(database=own).render_as_string(hide_password=False)
            await asyncio.to_thread(migrate, there)
            house = build_house(Settings(_env_file=None, database_url=there))
            async with house.db.begin(SYSTEM) as tx:
                await reference.load_packaged(tx)
            await house.close()
            yield there
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)')


async def issued_tickets(house: House, count: int) -> list[tuple[str, int]]:
    """Customer number and amount of tickets that wait for their money. Each goes its whole way: a copy of the rows would
    not do, as personal data is sealed to its place."""
    # Nobody looks at these photographs: searching them for faces took most of the bench's time.
    house = replace(house, parts={**house.parts, Finders: Finders(_nothing, _nothing, finds_plates=True)})
    await make.demo_set(house)
    asked = []
    for number in range(count):
        # Two captures of one vehicle at one place would be one violation.
        case_id = await make.tilang_issued(house, location=f"Simpang {number}, Jakarta Pusat")
        async with house.db.read() as connection:
            bill = await billing.bill_of(connection, case_id)
        assert bill is not None
        asked.append((bill.virtual_accounts[0].customer_no, bill.amount))
    await drain(house)
    return asked


def _nothing(_picture: object) -> tuple[()]:
    return ()


async def camera_key(settings: Settings) -> str:
    """A fresh camera's key."""
    house = build_house(settings)
    try:
        return (await make.camera(house, httpx.AsyncClient())).key
    finally:
        await house.close()


def photographs(directory: Path, count: int) -> list[bytes]:
    """Drawn street photographs, kept between runs."""
    directory.mkdir(parents=True, exist_ok=True)
    pictures = []
    for seed in range(count):
        path = directory / f"photograph-{seed}.jpg"
        if not path.exists():
            path.write_bytes(make.photograph(seed=seed + 100))
        pictures.append(path.read_bytes())
    return pictures


def _plate(number: int) -> str:
    first, rest = divmod(number, 8999)
    return f"B{1001 + rest}{LETTERS[first % 23]}{LETTERS[first // 23 % 23]}Q"


def _one(connection: Any, table: Table, **where: Any) -> dict[str, Any]:
    query = select(table).where(*(table.c[name] == value for name, value in where.items()))
    return dict(connection.execute(query).mappings().one())


def _sync_engine(url: str) -> Engine:
    parsed = make_url(url)
    return create_engine(parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed)
