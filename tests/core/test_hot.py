"""Hot looks give what an ordinary select gives, on both engines, and survive a connection that broke."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import OperationalError
from sqlalchemy import bindparam, func, select, text
from sqlmodel import col

from app.core import hot
from app.core.actor import SYSTEM
from app.core.hot import MOST_TOGETHER, HotPool, HotQuery
from app.core.house import House
from app.core.problems import BUSY, Problem
from app.services.reference.models import ReferenceRevision, UnitRow

BY_POLDA = HotQuery(
    select(col(UnitRow.id), col(UnitRow.code), col(UnitRow.etle_phase1), col(UnitRow.valid_from))
    .where(
        col(UnitRow.polda_code) == bindparam("polda"),
        col(UnitRow.level).in_(("POLDA", "POLRES")),
        col(UnitRow.valid_until).is_(None),
    )
    .order_by(col(UnitRow.code))
)
BY_TABLE = HotQuery(
    select(col(ReferenceRevision.applied_at), col(ReferenceRevision.changes), col(ReferenceRevision.number)).where(
        col(ReferenceRevision.table_name) == bindparam("name")
    )
)

BY_SETTING = HotQuery(select(func.current_setting(bindparam("name")).label("value")))


async def test_a_hot_look_gives_what_the_select_gives(house: House) -> None:
    hot = await house.db.look(BY_POLDA, polda="DIY")
    async with house.db.read() as connection:
        plain = (await connection.execute(BY_POLDA.query, {"polda": "DIY"})).mappings().all()
    assert hot == [dict(row) for row in plain]
    assert len(hot) == 6


async def test_instants_and_json_come_in_the_types_of_our_tables(house: House) -> None:
    row = (await house.db.look(BY_TABLE, name="violations"))[0]
    assert row["applied_at"] == datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    assert row["applied_at"].tzinfo is UTC
    assert isinstance(row["changes"], list)


@pytest.mark.parametrize("asked", ["' OR 1=1 --", "%s", "%(polda)s", ":polda", "\\"])
async def test_what_is_asked_is_never_read_as_sql(house: House, asked: str) -> None:
    assert await house.db.look(BY_POLDA, polda=asked) == []


async def test_a_restarted_database_costs_a_look_nothing(postgres_house: House) -> None:
    await postgres_house.db.look(BY_POLDA, polda="DIY")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with postgres_house.db.begin(SYSTEM) as tx:
        await tx.session.execute(text(cut))
    assert len(await postgres_house.db.look(BY_POLDA, polda="DIY")) == 6


async def test_a_crowd_that_asks_together_gets_each_its_own(house: House) -> None:
    poldas = [row["polda"] for row in await _poldas(house)]
    asked = [poldas[number % len(poldas)] for number in range(5 * MOST_TOGETHER)] + ["no such Polda"]
    found = await asyncio.gather(*(house.db.look(BY_POLDA, polda=each) for each in asked))
    async with house.db.read() as connection:
        for polda, rows in zip(asked, found, strict=True):
            plain = (await connection.execute(BY_POLDA.query, {"polda": polda})).mappings().all()
            assert rows == [dict(row) for row in plain]
    assert found[-1] == []


async def test_who_goes_away_takes_nobody_along(postgres_house: House) -> None:
    looks = [asyncio.create_task(postgres_house.db.look(BY_POLDA, polda="DIY")) for _ in range(8)]
    await asyncio.sleep(0)
    looks[3].cancel()
    done = await asyncio.gather(*looks, return_exceptions=True)
    assert isinstance(done.pop(3), asyncio.CancelledError)
    assert [len(rows) for rows in done] == [6] * 7  # type: ignore[arg-type]


async def test_a_database_that_is_gone_is_told_to_each_and_to_the_next(postgres_house: House) -> None:
    pool = HotPool("postgresql://nobody@127.0.0.1:1/nothing", 2, "")
    found = await asyncio.gather(*(pool.rows(BY_POLDA, {"polda": "DIY"}) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [OperationalError] * 3
    with pytest.raises(OperationalError):
        await pool.rows(BY_POLDA, {"polda": "DIY"})
    await pool.close()


async def test_more_than_can_wait_are_told_at_once(postgres_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot, "MOST_WAITING", 5)
    looks = [postgres_house.db.look(BY_POLDA, polda="DIY") for _ in range(8)]
    found = await asyncio.gather(*looks, return_exceptions=True)
    refused = [each for each in found if isinstance(each, Problem)]
    assert len(refused) == 3
    assert {each.type for each in refused} == {BUSY}
    assert "Retry-After" in refused[0].headers


async def test_hot_looks_are_planned_once_and_only_read(postgres_house: House) -> None:
    look = postgres_house.db.look
    assert await look(BY_SETTING, name="plan_cache_mode") == [{"value": "force_generic_plan"}]
    assert await look(BY_SETTING, name="default_transaction_read_only") == [{"value": "on"}]


async def test_looking_cannot_write(postgres_house: House) -> None:
    async with postgres_house.db.read() as connection:
        with pytest.raises(Exception, match="read-only"):
            await connection.execute(text("UPDATE units SET name = 'x'"))


async def _poldas(house: House) -> list[dict[str, Any]]:
    query = select(col(UnitRow.polda_code).label("polda")).where(col(UnitRow.level) == "POLDA").distinct()
    async with house.db.read() as connection:
        return [dict(row) for row in (await connection.execute(query)).mappings()]
