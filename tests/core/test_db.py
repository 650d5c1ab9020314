"""The one transaction: commits on leaving, rolls back on anything raised, and takes its jobs along."""

import pytest
from sqlalchemy import func, select

from app.core import jobs
from app.core.actor import SYSTEM
from app.core.house import House
from app.core.vault import DataKey, destroy, key_for_person, open_, seal
from tests.drain import drain


async def _count(house: House) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(DataKey))).scalar_one()


async def test_what_is_raised_rolls_everything_back_with_its_jobs(house: House) -> None:
    before = await _count(house)
    with pytest.raises(ZeroDivisionError):
        async with house.db.begin(SYSTEM) as tx:
            await key_for_person(tx, None)
            await tx.enqueue("jobs.forget_done")
            raise ZeroDivisionError
    assert await _count(house) == before
    assert await drain(house) == []


async def test_a_job_exists_when_its_transaction_committed(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await tx.enqueue("jobs.forget_done")
    assert await drain(house) == [jobs.JOBS[0].name]


async def test_one_key_per_person_and_nothing_readable_after_it_is_destroyed(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        key = await key_for_person(tx, "3171010101900001")
        assert await key_for_person(tx, "3171010101900001") == key
        sealed = await seal(tx, key, {"name": "Contoh Warga", "phone": None})
    assert sealed["phone"] is None
    assert "Contoh" not in (sealed["name"] or "")
    async with house.db.read() as connection:
        assert (await open_(connection, house.keys, key, sealed))["name"] == "Contoh Warga"
    async with house.db.begin(SYSTEM) as tx:
        await destroy(tx, key)
    async with house.db.read() as connection:
        assert await open_(connection, house.keys, key, sealed) == {"name": None, "phone": None}
    async with house.db.begin(SYSTEM) as tx:
        assert await key_for_person(tx, "3171010101900001") != key
