"""One conformance test for every vehicle register: the embedded table, and the HTTP adapter against a loopback server."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.services import registries
from app.services.registries.demo import demo_vehicles
from app.services.registries.lines import VehicleLine
from app.services.registries.models import VehicleStnk
from app.services.registries.vehicles import (
    HttpVehicles,
    NewVehicle,
    Owner,
    Sale,
    Stnk,
    TableVehicles,
    Vehicle,
    VehicleRegistry,
)
from tests.loopback import Loopback, Reply

CAR = demo_vehicles()[0]
KINDS = ("table", "http")


class RegisterServer:
    """A vehicle register of somebody else: the contract of the HTTP adapter, on a plain dictionary."""

    def __init__(self, lines: list[VehicleLine]) -> None:
        self.lines = {line.plate: line for line in lines}
        self.blocks: dict[str, set[str]] = {}
        self.tokens: set[str] = set()
        self.told: dict[str, bytes] = {}
        self.sales: dict[str, tuple[str, Any]] = {}
        self.stnks: dict[str, str] = {}
        self.uses: dict[str, Any] = {}

    async def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        self.tokens.add(headers.get("authorization", ""))
        parts = path.strip("/").split("/")
        if method == "GET" and len(parts) == 2 and parts[1] in self.lines:
            return Reply(200, self._shown(self.lines[parts[1]]))
        if (method, path) == ("POST", "/vehicles/chassis-checks"):
            number = json.loads(body)["chassis_no"]
            return Reply(200, {"registered": number in {line.chassis_no for line in self.lines.values()}})
        if (method, path) == ("POST", "/vehicles"):
            return self._register(headers["idempotency-key"], body)
        ids = {line.registry_id for line in self.lines.values()}
        if len(parts) == 4 and parts[2] == "blocks" and parts[1] in ids:
            standing = self.blocks.setdefault(parts[1], set())
            (standing.add if method == "PUT" else standing.discard)(parts[3])
            return Reply(204, None)
        if len(parts) == 3 and method == "PUT" and parts[1] in ids:
            return self._tell(parts[1], parts[2], headers["idempotency-key"], body)
        return Reply(404, {})

    def _register(self, request: str, body: bytes) -> Reply:
        new = json.loads(body)
        standing = next((each for each in self.lines.values() if each.chassis_no == new["chassis_no"]), None)
        if request in self.told:
            assert standing is not None
            return Reply(200, self._shown(standing)) if self.told[request] == body else Reply(409, None)
        if standing is not None:
            return Reply(422, None)
        self.told[request] = body
        owner = {f"owner_{name}": value for name, value in new.pop("owner").items()}
        line = VehicleLine(plate=f"{new.pop('region')}1001NEW", registry_id="CONTOH-NEW", **new, **owner)
        self.lines[line.plate] = line
        return Reply(201, self._shown(line))

    def _tell(self, registry_id: str, what: str, request: str, body: bytes) -> Reply:
        if request in self.told:
            return Reply(204 if self.told[request] == body else 409, None)
        self.told[request] = body
        if what == "stnk":
            self.stnks[registry_id] = json.loads(body)["number"]
            return Reply(204, None)
        blocks = self.blocks.setdefault(registry_id, set())
        if registry_id in self.sales:
            blocks.discard(self.sales.pop(registry_id)[0])
        if what == "sale":
            self.sales[registry_id] = (request, json.loads(body))
            blocks.add(request)
            return Reply(204, None)
        plate = next(line.plate for line in self.lines.values() if line.registry_id == registry_id)
        owner = {f"owner_{name}": value for name, value in json.loads(body)["owner"].items()}
        self.lines[plate] = replace(self.lines[plate], **owner)
        return Reply(204, None)

    def _shown(self, line: VehicleLine) -> dict[str, Any]:
        owner = {name: getattr(line, f"owner_{name}") for name in ("name", "address", "nik", "phone", "email")}
        own = ("registry_id", "plate", "chassis_no", "engine_no", "make", "model", "colour", "kind", "year")
        blocked = bool(self.blocks.get(line.registry_id or ""))
        sale = self.sales.get(line.registry_id or "", ("", None))[1]
        return {**{name: getattr(line, name) for name in own}, "owner": owner, "blocked": blocked, "sale": sale} | {
            "stnk_no": self.stnks.get(line.registry_id or ""),
            "use": self.uses.get(line.plate),
        }


@pytest.fixture(params=KINDS)
async def register(request: pytest.FixtureRequest, house: House) -> AsyncIterator[VehicleRegistry]:
    async with house.db.begin(SYSTEM) as tx:
        await registries.seed_demo(tx)
    if request.param == "table":
        yield TableVehicles(house.db, house.keys)
        return
    async with Loopback(RegisterServer(demo_vehicles())) as server:
        adapter = HttpVehicles(server.url, "rahasia")
        yield adapter
        await adapter.aclose()


async def test_a_plate_finds_its_vehicle_with_its_owner(register: VehicleRegistry) -> None:
    found = await register.find(CAR.plate)
    assert isinstance(found, Vehicle)
    assert (found.registry_id, found.make, found.model, found.year) == ("CONTOH-001", "Toyota", "Avanza 1.3 G", 2018)
    assert (found.owner.name, found.owner.nik, found.owner.phone) == (CAR.owner_name, CAR.owner_nik, CAR.owner_phone)
    assert not found.blocked
    assert CAR.owner_name not in repr(found)


async def test_what_a_vehicle_is_registered_for_is_told_in_our_words_or_not_at_all(house: House) -> None:
    server = RegisterServer(demo_vehicles())
    async with Loopback(server) as running:
        adapter = HttpVehicles(running.url, "rahasia")
        for told, use in (("public", "public"), ("plat kuning", None), (7, None), ("unknown", None), (None, None)):
            server.uses[CAR.plate] = told
            found = await adapter.find(CAR.plate)
            assert found is not None, told
            assert found.use == use
        await adapter.aclose()


async def test_an_unknown_plate_finds_nothing(register: VehicleRegistry) -> None:
    assert await register.find("B1ZZZ") is None
    assert await register.find_by_numbers("B1ZZZ", CAR.chassis_no, CAR.engine_no) is None


@pytest.mark.parametrize(
    ("chassis", "engine"),
    [
        (CAR.chassis_no, CAR.engine_no),
        (CAR.chassis_no[-5:], CAR.engine_no[-5:]),
        (f"{CAR.chassis_no[:8]} {CAR.chassis_no[8:]}".lower(), f"CNTH-{CAR.engine_no[4:]}"),
    ],
)
async def test_numbers_as_on_the_stnk_find_the_vehicle(register: VehicleRegistry, chassis: str, engine: str) -> None:
    found = await register.find_by_numbers(CAR.plate, chassis, engine)
    assert found is not None
    assert found.registry_id == "CONTOH-001"


@pytest.mark.parametrize(
    ("chassis", "engine"),
    [
        (CAR.chassis_no, "CNTH0000002"),
        ("MHKCNTH1JKK000002", CAR.engine_no),
        (CAR.engine_no, CAR.chassis_no),
        (CAR.chassis_no[-4:], CAR.engine_no[-4:]),
        (CAR.chassis_no[-6:], CAR.engine_no[-6:]),
        ("", ""),
    ],
)
async def test_one_wrong_number_finds_nothing(register: VehicleRegistry, chassis: str, engine: str) -> None:
    assert await register.find_by_numbers(CAR.plate, chassis, engine) is None


async def blocked(register: VehicleRegistry) -> bool:
    found = await register.find(CAR.plate)
    assert found is not None
    return found.blocked


async def test_a_vehicle_is_free_when_all_its_blocks_are_lifted(register: VehicleRegistry) -> None:
    for request in ("block-1", "block-2", "block-1"):
        await register.request_block("CONTOH-001", request, "tilang tidak dijawab")
    await register.lift_block("CONTOH-001", "block-1")
    assert await blocked(register)
    await register.lift_block("CONTOH-001", "block-2")
    await register.lift_block("CONTOH-001", "block-2")
    await register.lift_block("CONTOH-001", "never-set")
    assert not await blocked(register)


BUYER = Owner("Siti Misal", "Jalan Contoh No. 2, Jakarta Selatan", "3174014503909902", "+6281200000002")
SOLD = Sale(date(2026, 2, 20), BUYER)


async def test_a_reported_sale_stands_until_the_buyer_is_the_owner(register: VehicleRegistry) -> None:
    await register.request_block("CONTOH-001", "ticket", "tilang tidak dijawab")
    await register.report_sale("CONTOH-001", "case-0:sale", replace(SOLD, sold_on=date(2026, 1, 1)))
    for _ in range(2):
        await register.report_sale("CONTOH-001", "case-1:sale", SOLD)
    await register.lift_block("CONTOH-001", "ticket")
    found = await register.find(CAR.plate)
    assert found is not None
    assert (found.owner.name, found.sale, found.blocked) == (CAR.owner_name, SOLD, True)
    assert found.answerable_on(date(2026, 2, 19)).name == CAR.owner_name
    assert found.answerable_on(date(2026, 2, 20)) == BUYER
    assert BUYER.name not in repr(found)
    with pytest.raises(Problem, match="registries-request-reused"):
        await register.report_sale("CONTOH-001", "case-1:sale", replace(SOLD, sold_on=date(2026, 2, 21)))

    for _ in range(2):
        await register.change_owner("CONTOH-001", "case-2:owner", BUYER)
    renamed = await register.find_by_numbers(CAR.plate, CAR.chassis_no, CAR.engine_no[-5:])
    assert renamed is not None
    assert (renamed.owner, renamed.sale, renamed.blocked) == (BUYER, None, False)
    assert renamed.chassis_no == CAR.chassis_no
    with pytest.raises(Problem, match="registries-request-reused"):
        await register.change_owner("CONTOH-001", "case-2:owner", replace(BUYER, name="Lain"))
    for told in (register.change_owner("NOBODY", "case-3:owner", BUYER), register.report_sale("NOBODY", "x", SOLD)):
        with pytest.raises(Problem, match="registries-vehicle-unknown"):
            await told


async def test_a_vehicle_is_registered_once_and_gets_a_plate(register: VehicleRegistry) -> None:
    new = NewVehicle(
        "B", "MHKCNTH1JKK009999", "CNTH0009999", "Toyota", "Veloz", "Putih", "Mobil penumpang", 2026, BUYER
    )
    made, again = [await register.register_vehicle("case-9:new", new) for _ in range(2)]
    assert made == again
    with pytest.raises(Problem, match="registries-vehicle-registered"):
        await register.register_vehicle("case-10:new", new)
    with pytest.raises(Problem, match="registries-request-reused"):
        await register.register_vehicle("case-9:new", replace(new, colour="Hitam"))
    found = await register.find_by_numbers(made.plate, new.chassis_no[-5:], new.engine_no)
    assert found == made
    assert (found.plate[:1], found.owner, found.model, found.blocked) == ("B", BUYER, "Veloz", False)


@pytest.mark.parametrize(
    ("typed", "there"),
    [
        (CAR.chassis_no, True),
        (f"{CAR.chassis_no[:8]} {CAR.chassis_no[8:]}".lower(), True),
        (CAR.chassis_no[-5:], False),
        ("MHKCNTH1JKK009998", False),
    ],
)
async def test_a_chassis_number_is_known_whole_or_not_at_all(
    register: VehicleRegistry, typed: str, there: bool
) -> None:
    assert await register.has_chassis(typed) is there


@pytest.mark.parametrize("reply", [Reply(404, {}), Reply(200, {}), Reply(503, {})])
async def test_a_register_that_cannot_say_whether_a_chassis_is_known_counts_as_down(reply: Reply) -> None:
    async def answer(*_: object) -> Reply:
        return reply

    async with Loopback(answer) as server:
        adapter = HttpVehicles(server.url, "")
        with pytest.raises(Problem) as refused:
            await adapter.has_chassis(CAR.chassis_no)
        await adapter.aclose()
    assert registries.means_down(refused.value)


async def test_the_stnk_that_was_told_last_is_the_good_one(register: VehicleRegistry, house: House) -> None:
    first = Stnk("STNK/AAAAAAA1/III/2026/X", date(2026, 3, 2), date(2031, 3, 2))
    lost = Stnk("STNK/BBBBBBB2/III/2026/X", date(2026, 3, 9), date(2031, 3, 2), date(2026, 3, 5), "LKH/1/III/2026")
    for request, stnk in (("one", first), ("two", lost), ("one", first)):
        await register.enter_stnk("CONTOH-001", request, stnk)
    found = await register.find(CAR.plate)
    assert found is not None
    assert found.stnk_no == lost.number, "the same request again changes nothing"
    with pytest.raises(Problem, match="registries-request-reused"):
        await register.enter_stnk("CONTOH-001", "two", replace(lost, number="X"))
    with pytest.raises(Problem, match="registries-vehicle-unknown"):
        await register.enter_stnk("NOBODY", "three", first)
    if isinstance(register, TableVehicles):
        async with house.db.read() as connection:
            query = select(col(VehicleStnk.number), col(VehicleStnk.lost_on), col(VehicleStnk.ended_at).is_(None))
            rows = (await connection.execute(query.order_by(col(VehicleStnk.number)))).all()
        assert [tuple(row) for row in rows] == [(first.number, None, False), (lost.number, date(2026, 3, 5), True)]


async def test_blocking_an_unknown_vehicle_is_said(register: VehicleRegistry) -> None:
    with pytest.raises(Problem, match="registries-vehicle-unknown"):
        await register.request_block("NOBODY", "block-1", "x")


async def test_the_register_is_not_called_inside_a_transaction(register: VehicleRegistry, house: House) -> None:
    async with house.db.begin(SYSTEM):
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await register.find(CAR.plate)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(500, {}), "upstream-unavailable"),
        (Reply(200, b"<html>"), "registries-answer-wrong"),
        (Reply(200, {"plate": "B1234XYZ"}), "registries-answer-wrong"),
        (Reply(401, {}), "registries-answer-wrong"),
        (Reply(302, {}), "registries-answer-wrong"),
        (Reply(200, {**RegisterServer(demo_vehicles())._shown(demo_vehicles()[1])}), "registries-answer-wrong"),
    ],
)
async def test_a_register_that_is_wrong_or_down_is_named_and_nothing_is_guessed(reply: Reply, problem: str) -> None:
    async def answer(*_: object) -> Reply:
        return reply

    async with Loopback(answer) as server:
        adapter = HttpVehicles(server.url, "")
        with pytest.raises(Problem, match=problem):
            await adapter.find(CAR.plate)
        await adapter.aclose()


async def test_a_register_that_hangs_costs_a_time_out_alone() -> None:
    never = asyncio.Event()

    async def hang(*_: object) -> Reply:
        await never.wait()
        return Reply(200, {})

    async with Loopback(hang) as server:
        adapter = HttpVehicles(server.url, "", timeout_s=0.2)
        with pytest.raises(Problem, match="upstream-unavailable"):
            await adapter.find(CAR.plate)
        never.set()
        await adapter.aclose()


async def test_the_http_adapter_shows_its_token() -> None:
    register = RegisterServer(demo_vehicles())
    async with Loopback(register) as server:
        adapter = HttpVehicles(server.url, "rahasia")
        await adapter.find(CAR.plate)
        await adapter.aclose()
    assert register.tokens == {"Bearer rahasia"}
