"""Hot looks give what an ordinary select gives, on both engines, and survive a connection that broke."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, select, text
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.hot import HotQuery
from app.core.house import House
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


async def test_looking_cannot_write(postgres_house: House) -> None:
    async with postgres_house.db.read() as connection:
        with pytest.raises(Exception, match="read-only"):
            await connection.execute(text("UPDATE units SET name = 'x'"))
