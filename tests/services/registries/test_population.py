"""The population register: all three together or nothing."""

from datetime import date

import pytest

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import registries
from app.services.registries import TablePopulation
from app.services.registries.demo import PEOPLE

SITI, BUDI = PEOPLE[1], PEOPLE[0]


@pytest.fixture
async def register(house: House) -> TablePopulation:
    async with house.db.begin(SYSTEM) as tx:
        await registries.seed_demo(tx)
    return TablePopulation(house.db, house.keys)


async def test_nik_date_and_card_together_find_the_person(register: TablePopulation) -> None:
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
    ],
)
async def test_one_wrong_value_finds_nobody(register: TablePopulation, nik: str, born_on: date, kk_no: str) -> None:
    assert await register.check(nik, born_on, kk_no) is None


async def test_it_is_not_called_inside_a_transaction(register: TablePopulation, house: House) -> None:
    async with house.db.begin(SYSTEM):
        with pytest.raises(RuntimeError):
            await register.check(SITI.nik, SITI.born_on, SITI.kk_no)
