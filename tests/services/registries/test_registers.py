"""One conformance test for every register that is looked up by one key: the embedded table, and the HTTP adapter against
a loopback server that keeps the published contract."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core import vault
from app.core.actor import SYSTEM
from app.core.config import REGISTERS, Settings
from app.core.house import House
from app.core.problems import Problem
from app.services import registries
from app.services.registries import (
    KINDS,
    CriminalRecord,
    HealthCheck,
    Insurance,
    JknMembership,
    Licence,
    LicenceStatus,
    PsychologyTest,
    Record,
    Registers,
    SimClass,
    VehicleTax,
    means_down,
)
from app.services.registries.demo import PEOPLE, demo_vehicles
from app.services.registries.keyed import HttpRegister, TableRegister, build_registers
from app.services.registries.models import RegisterRecord, RegisterWrite
from tests.loopback import Loopback, Reply

NIK, OTHER_NIK = PEOPLE[0].nik, PEOPLE[1].nik
PLATE = "B1234XYZ"
SIM_A = Licence(SimClass.A, NIK, date(2025, 5, 1), date(2030, 5, 1), LicenceStatus.ACTIVE)
SIM_C = Licence(SimClass.C, "99000000000001", date(2024, 5, 1), date(2029, 5, 1), LicenceStatus.ACTIVE)
TAX = VehicleTax(date(2026, 4, 1), date(2028, 4, 1), 2_100_000, 0, 0, 50_000)  # type: ignore[arg-type]
INSURANCE = Insurance(143_000, 0, date(2026, 4, 1))  # type: ignore[arg-type]
SINGLE: tuple[tuple[str, str, Record], ...] = (
    ("records", NIK, CriminalRecord(open_case=True, note="LP-CONTOH-01")),
    ("tax", PLATE, TAX),
    ("insurance", PLATE, INSURANCE),
    ("health", NIK, HealthCheck(True, date(2026, 2, 1), date(2026, 8, 1), (SimClass.A, SimClass.C))),
    ("psychology", NIK, PsychologyTest(False, date(2026, 2, 1), date(2026, 8, 1))),
    ("jkn", NIK, JknMembership(active=True)),
)


class RegisterServer:
    """Registers of somebody else: the contract of the HTTP adapter, on a plain dictionary."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.requests: dict[str, Any] = {}
        self.tokens: set[str] = set()

    async def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        self.tokens.add(headers.get("authorization", ""))
        register, key = path.strip("/").split("/")
        if method == "PUT":
            return self._enter(register, key, headers["idempotency-key"], json.loads(body)["record"])
        found = self.records.get((register, key))
        return Reply(404, {}) if found is None else Reply(200, {"key": key, "records": found, "as_of": "today"})

    def _enter(self, register: str, key: str, request_id: str, record: dict[str, Any]) -> Reply:
        if request_id in self.requests:
            return Reply(204 if self.requests[request_id] == (register, key, record) else 409, None)
        self.requests[request_id] = (register, key, record)
        kept = [old for old in self.records.get((register, key), []) if old.get("class") != record.get("class")]
        self.records[(register, key)] = [*kept, record] if register == "licences" else [record]
        return Reply(204, None)


@pytest.fixture(params=("table", "http"))
async def registers(request: pytest.FixtureRequest, house: House) -> AsyncIterator[Registers]:
    if request.param == "table":
        yield Registers({name: TableRegister(kind, house.db, house.keys) for name, kind in KINDS.items()})
        return
    async with Loopback(RegisterServer()) as server:
        made = Registers({name: HttpRegister(kind, server.url, "rahasia") for name, kind in KINDS.items()})
        yield made
        await made.aclose()


async def test_what_was_entered_is_found_under_its_key_alone(registers: Registers) -> None:
    for name, key, record in SINGLE:
        assert await registers.find(name, key) is None
        await registers.record(name, key, record, request_id=f"first-{name}")
    for name, key, record in SINGLE:
        assert await registers.find(name, key) == record
        assert await registers.find(name, "B5678ABC" if key == PLATE else OTHER_NIK) is None
    assert await registers.find("tax", "b 1234 xyz") == TAX, "as people type it"
    assert await registers.find("tax", "../jkn") is None
    assert await registers.find("jkn", "no NIK") is None


async def test_a_person_has_one_licence_of_each_class(registers: Registers) -> None:
    assert await registers.find("licences", NIK) == ()
    await registers.record("licences", NIK, SIM_C, request_id="1")
    await registers.record("licences", NIK, SIM_A, request_id="2")
    assert await registers.find("licences", NIK) == (SIM_A, SIM_C)
    renewed = replace(SIM_A, issued_on=date(2030, 4, 1), valid_until=date(2035, 4, 1))
    await registers.record("licences", NIK, renewed, request_id="3")
    assert await registers.find("licences", NIK) == (renewed, SIM_C)


async def test_the_same_request_again_changes_nothing_and_another_record_under_it_is_refused(
    registers: Registers,
) -> None:
    await registers.record("tax", PLATE, TAX, request_id="app-1:tax")
    await registers.record("tax", PLATE, TAX.paid(), request_id="app-2:tax")
    await registers.record("tax", PLATE, TAX, request_id="app-1:tax")
    found = await registers.find("tax", PLATE)
    assert found == TAX.paid(), "an old request that comes again does not undo what came after it"
    with pytest.raises(Problem, match="registries-request-reused"):
        await registers.record("tax", PLATE, TAX.paid().paid(), request_id="app-1:tax")
    assert await registers.find("tax", PLATE) == found


async def test_what_no_register_would_hold_is_not_sent(registers: Registers) -> None:
    with pytest.raises(TypeError, match="no record of the register jkn"):
        await registers.record("jkn", NIK, TAX, request_id="1")
    with pytest.raises(ValueError, match="number"):
        await registers.record("licences", NIK, replace(SIM_A, number="x"), request_id="1")
    for key, request_id in (("no NIK", "1"), (NIK, ""), (NIK, "a\r\nb"), (NIK, "x" * 65)):
        with pytest.raises(ValueError, match="no key"):
            await registers.record("jkn", key, JknMembership(active=True), request_id=request_id)
    with pytest.raises(KeyError, match="licences, records, tax"):
        await registers.find("taxes", PLATE)


async def test_registers_are_not_called_inside_a_transaction(registers: Registers, house: House) -> None:
    async with house.db.begin(SYSTEM):
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await registers.find("jkn", NIK)
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await registers.record("jkn", NIK, JknMembership(active=True), request_id="1")


def tax_json(**changes: object) -> dict[str, object]:
    return {**json.loads(KINDS["tax"].written(TAX)), **changes}


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(500, {}), "upstream-unavailable"),
        (Reply(200, b"x" * 100_000), "upstream-unavailable"),
        (Reply(401, {}), "registries-answer-wrong"),
        (Reply(302, {}), "registries-answer-wrong"),
        (Reply(200, b"<html>"), "registries-answer-wrong"),
        (Reply(200, b"[" * 10_000), "registries-answer-wrong"),
        (Reply(200, {"key": PLATE}), "registries-answer-wrong"),
        (Reply(200, {"key": "B5678ABC", "records": [tax_json()]}), "registries-answer-wrong"),
        (Reply(200, {"key": PLATE, "records": [tax_json(), tax_json()]}), "registries-answer-wrong"),
        (Reply(200, {"key": PLATE, "records": [tax_json(penalty=-1)]}), "registries-answer-wrong"),
        (Reply(200, {"key": PLATE, "records": [tax_json(penalty="0")]}), "registries-answer-wrong"),
        (Reply(200, {"key": PLATE, "records": [tax_json(due_on="1700006400")]}), "registries-answer-wrong"),
        (Reply(200, {"key": PLATE, "records": [{"due_on": "2026-04-01"}]}), "registries-answer-wrong"),
    ],
)
async def test_a_register_that_is_wrong_or_down_is_named_and_nothing_is_guessed(reply: Reply, problem: str) -> None:
    async def answer(*_: object) -> Reply:
        return reply

    async with Loopback(answer) as server:
        registers = Registers({"tax": HttpRegister(KINDS["tax"], server.url, "")})
        with pytest.raises(Problem, match=problem) as refused:
            await registers.find("tax", PLATE)
        assert means_down(refused.value)
        assert "tax" in refused.value.detail("en")
        if reply.status != 200:
            with pytest.raises(Problem, match=problem):
                await registers.record("tax", PLATE, TAX, request_id="1")
        await registers.aclose()


async def test_two_licences_of_one_class_are_no_answer() -> None:
    async def answer(*_: object) -> Reply:
        return Reply(200, {"key": NIK, "records": [json.loads(KINDS["licences"].written(SIM_A))] * 2})

    async with Loopback(answer) as server:
        registers = Registers({"licences": HttpRegister(KINDS["licences"], server.url, "")})
        with pytest.raises(Problem, match="registries-answer-wrong"):
            await registers.find("licences", NIK)
        await registers.aclose()


async def test_a_register_that_hangs_or_is_dead_costs_its_own_answers_alone() -> None:
    never = asyncio.Event()

    async def hang(*_: object) -> Reply:
        await never.wait()
        return Reply(200, {})

    async with Loopback(hang) as slow, Loopback(RegisterServer()) as good:
        async with Loopback(hang) as gone:
            dead_url = gone.url
        registers = Registers(
            {
                "tax": HttpRegister(KINDS["tax"], slow.url, "", timeout_s=0.2),
                "jkn": HttpRegister(KINDS["jkn"], good.url, ""),
                "health": HttpRegister(KINDS["health"], dead_url, "", timeout_s=0.5),
            }
        )
        for name, key in (("tax", PLATE), ("health", NIK)):
            with pytest.raises(Problem, match="upstream-unavailable") as refused:
                await registers.find(name, key)
            assert means_down(refused.value)
        assert await registers.find("jkn", NIK) is None
        never.set()
        await registers.aclose()


async def test_the_setting_of_a_register_sends_it_elsewhere_with_its_token(house: House) -> None:
    server = RegisterServer()
    async with Loopback(server) as listening:
        values = {"register_jkn_url": listening.url + "/", "register_jkn_token": "rahasia"}
        registers = build_registers(Settings(_env_file=None, **values), house.db, house.keys)  # type: ignore[arg-type]
        server.records[("jkn", NIK)] = [{"active": True}]
        assert await registers.find("jkn", NIK) == JknMembership(active=True)
        assert await registers.find("tax", PLATE) is None, "the others stay on the embedded table"
        await registers.aclose()
    assert server.tokens == {"Bearer rahasia"}


def test_every_register_has_its_settings_and_production_wants_https() -> None:
    assert tuple(KINDS) == REGISTERS
    for name in ("population_registry_url", *(f"register_{each}_url" for each in REGISTERS)):
        settings = Settings(_env_file=None, env="production", **{name: "http://elsewhere.example"})  # type: ignore[arg-type]
        assert f"LOKET_{name.upper()} must be an https" in "\n".join(settings.production_faults())


async def test_records_lie_sealed_and_go_with_the_person_they_are_about(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await registries.enter_vehicle(tx, demo_vehicles()[0])
        for name, key, record in (*SINGLE, ("licences", NIK, SIM_C)):
            await registries.enter_record(tx, name, key, record)
    async with house.db.read() as connection:
        kept = repr((await connection.execute(select(RegisterRecord.__table__))).all())  # type: ignore[attr-defined]
    assert not any(secret in kept for secret in (NIK, PLATE, "LP-CONTOH-01", SIM_C.number, "2100000", "true"))
    async with house.db.begin(SYSTEM) as tx:
        await vault.destroy(tx, await vault.key_for_person(tx, NIK))
    registers = house[Registers]
    assert await registers.find("tax", PLATE) is None, "a vehicle's records are sealed under its owner's key"
    assert await registers.find("licences", NIK) == ()
    async with house.db.begin(SYSTEM) as tx:
        await registries.enter_record(tx, "licences", NIK, SIM_C)
    assert await registers.find("licences", NIK) == (SIM_C,), "entered anew, though nothing in it has changed"


async def test_the_same_request_twice_at_once_enters_one_record(postgres_house: House) -> None:
    registers, barrier = postgres_house[Registers], asyncio.Barrier(2)

    async def issue() -> None:
        await barrier.wait()
        await registers.record("licences", NIK, SIM_A, request_id="app-1")

    await asyncio.gather(issue(), issue())
    assert await registers.find("licences", NIK) == (SIM_A,)
    async with postgres_house.db.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(RegisterWrite))).scalar_one() == 1
