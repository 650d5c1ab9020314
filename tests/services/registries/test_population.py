"""The population register, embedded and over HTTP: all three together or nothing, and who bears a NIK."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.house import House
from app.core.problems import Problem
from app.services import registries
from app.services.registries import PersonLine, PopulationRegistry, TablePopulation, means_down
from app.services.registries.demo import JOHN, PEOPLE, PUTRI
from app.services.registries.population import HttpPopulation, build_population
from tests.loopback import Loopback, Reply

SITI, BUDI = PEOPLE[1], PEOPLE[0]


def answer_about(person: Any, **changes: object) -> dict[str, object]:
    return {
        "nik": person.nik,
        "name": person.name,
        "born_on": person.born_on.isoformat(),
        "kk_no": person.kk_no,
        "address": person.address,
        "phone": person.phone,
        **({"citizenship": "WNA"} if person is PEOPLE[JOHN] else {}),
        **({"guardians": [BUDI.nik]} if person is PEOPLE[PUTRI] else {}),
        **changes,
    }


async def serve(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """A population register of somebody else: the contract of the HTTP adapter."""
    found = next((each for each in PEOPLE if path == f"/population/{each.nik}"), None)
    if headers.get("authorization") != "Bearer rahasia":
        return Reply(401, {})
    return Reply(404, {}) if method != "GET" or found is None else Reply(200, answer_about(found))


@pytest.fixture(params=("table", "http"))
async def register(request: pytest.FixtureRequest, house: House) -> AsyncIterator[PopulationRegistry]:
    if request.param == "table":
        async with house.db.begin(SYSTEM) as tx:
            await registries.seed_demo(tx)
        yield TablePopulation(house.db, house.keys)
        return
    async with Loopback(serve) as server:
        adapter = HttpPopulation(server.url, "rahasia")
        yield adapter
        await adapter.aclose()


async def test_nik_date_and_card_together_find_the_person(register: PopulationRegistry) -> None:
    found = await register.check(SITI.nik, SITI.born_on, SITI.kk_no)
    assert found is not None
    assert (found.name, found.phone, found.nik) == (SITI.name, SITI.phone, SITI.nik)


@pytest.mark.parametrize(
    ("nik", "born_on", "kk_no"),
    [
        (SITI.nik, SITI.born_on, BUDI.kk_no),
        (SITI.nik, date(1990, 3, 6), SITI.kk_no),
        (BUDI.nik, SITI.born_on, SITI.kk_no),
        ("3174010101900001", SITI.born_on, SITI.kk_no),
        ("no NIK", SITI.born_on, SITI.kk_no),
    ],
)
async def test_one_wrong_value_finds_nobody(register: PopulationRegistry, nik: str, born_on: date, kk_no: str) -> None:
    assert await register.check(nik, born_on, kk_no) is None


async def test_a_nik_finds_its_person_with_the_facts_of_an_applicant(register: PopulationRegistry) -> None:
    siti, john = await register.find(SITI.nik), await register.find(PEOPLE[JOHN].nik)
    assert siti is not None
    assert john is not None
    assert siti.as_facts(today=date(2026, 3, 4)) == {
        "nik": SITI.nik,
        "name": "Siti Misal",
        "born_on": datetime(1990, 3, 5, tzinfo=UTC),
        "age": 35,
        "sex": "F",
        "address": SITI.address,
        "citizenship": "WNI",
    }
    assert (john.as_facts(today=date(2026, 8, 3))["age"], john.sex, john.citizenship) == (44, "male", "WNA")
    assert await register.find("3174010101900001") is None
    assert await register.find("no NIK") is None
    assert SITI.nik not in repr(siti)


async def test_the_register_says_who_acts_for_a_child(register: PopulationRegistry) -> None:
    putri, siti = await register.find(PEOPLE[PUTRI].nik), await register.find(SITI.nik)
    assert putri is not None
    assert siti is not None
    assert (putri.guardians, siti.guardians) == ((BUDI.nik,), ())
    assert BUDI.nik not in repr(putri)


async def test_it_is_not_called_inside_a_transaction(register: PopulationRegistry, house: House) -> None:
    async with house.db.begin(SYSTEM):
        with pytest.raises(RuntimeError):
            await register.check(SITI.nik, SITI.born_on, SITI.kk_no)
        with pytest.raises(RuntimeError):
            await register.find(SITI.nik)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(503, {}), "upstream-unavailable"),
        (Reply(200, b" " * 50_000), "upstream-unavailable"),
        (Reply(401, {}), "registries-answer-wrong"),
        (Reply(200, b"{"), "registries-answer-wrong"),
        (Reply(200, answer_about(BUDI)), "registries-answer-wrong"),
        (Reply(200, answer_about(SITI, born_on=19900305)), "registries-answer-wrong"),
        (Reply(200, answer_about(SITI, kk_no="12")), "registries-answer-wrong"),
        (Reply(200, answer_about(SITI, name=" ")), "registries-answer-wrong"),
        (Reply(200, answer_about(SITI, citizenship="X")), "registries-answer-wrong"),
        (Reply(200, answer_about(SITI, guardians=["12"])), "registries-answer-wrong"),
    ],
)
async def test_a_register_that_is_wrong_or_down_finds_nobody_and_says_so(reply: Reply, problem: str) -> None:
    async def answer(*_: object) -> Reply:
        return reply

    async with Loopback(answer) as server:
        adapter = HttpPopulation(server.url, "")
        with pytest.raises(Problem, match=problem) as refused:
            await adapter.check(SITI.nik, SITI.born_on, SITI.kk_no)
        assert means_down(refused.value)
        await adapter.aclose()


async def test_a_register_that_hangs_costs_a_time_out_and_a_landline_binds_no_account() -> None:
    never = asyncio.Event()

    async def answer(method: str, path: str, *_: object) -> Reply:
        if path.endswith(BUDI.nik):
            await never.wait()
        return Reply(200, answer_about(SITI, phone="021 555 0100", sex="L"))

    async with Loopback(answer) as server:
        adapter = HttpPopulation(server.url, "", timeout_s=0.3)
        with pytest.raises(Problem, match="upstream-unavailable"):
            await adapter.find(BUDI.nik)
        found = await adapter.find(SITI.nik)
        assert found is not None
        assert (found.phone, found.sex) == (None, "male")
        never.set()
        await adapter.aclose()


async def test_the_setting_sends_it_elsewhere(house: House) -> None:
    assert isinstance(build_population(house.settings, house.db, house.keys), TablePopulation)
    async with Loopback(serve) as server:
        values = {"population_registry_url": server.url + "/", "population_registry_token": "rahasia"}
        adapter = build_population(Settings(_env_file=None, **values), house.db, house.keys)  # type: ignore[arg-type]
        assert await adapter.find(SITI.nik) is not None
        await adapter.aclose()  # type: ignore[attr-defined]


def test_lines_of_before_keep_their_digests() -> None:
    line = PersonLine(SITI.nik, SITI.name, SITI.born_on, SITI.kk_no, "Jl")
    assert set(line.as_values()) == {"nik", "name", "born_on", "kk_no", "address", "phone", "email"}
    assert replace(line, citizenship=registries.Citizenship.WNI).as_values()["citizenship"] == "WNI"
