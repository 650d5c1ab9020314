"""Statements that go together do what they would do one after the other, on both engines, and fail as one."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Float, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core import pipelines
from app.core.actor import SYSTEM
from app.core.house import House
from app.core.ids import new_id
from app.core.prepared import Prepared
from app.services.billing.models import SnapExternalId

KEPT = Prepared(insert(SnapExternalId.__table__))  # type: ignore[attr-defined]
FOUND = Prepared(
    select(col(SnapExternalId.external_id), col(SnapExternalId.day))
    .where(col(SnapExternalId.client_id) == bindparam("client_id"))
    .order_by(col(SnapExternalId.external_id))
)
SLEPT = Prepared(select(func.pg_sleep(bindparam("seconds", type_=Float))))
BANK = {"client_id": "bank-uji"}
DAY = datetime(2026, 3, 2, tzinfo=UTC).date()


def row(external_id: str) -> dict[str, object]:
    return {**BANK, "id": new_id(), "service": "25", "day": DAY, "external_id": external_id, "request_key": "R"}


async def test_each_sees_those_before_it_and_has_its_own_rows(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        none, nothing, one, _, two = await tx.run_all(
            (FOUND, BANK), (KEPT, row("1")), (FOUND, BANK), (KEPT, row("2")), (FOUND, BANK)
        )
        assert [list(each) for each in (none, nothing)] == [[], []]
        assert [[tuple(found) for found in each] for each in (one, two)] == [[("1", DAY)], [("1", DAY), ("2", DAY)]]
        assert [found.external_id for found in await tx.run(FOUND, BANK)] == ["1", "2"]


async def test_one_that_fails_takes_all_with_it_and_leaves_the_connection_good(house: House) -> None:
    with pytest.raises(IntegrityError):
        async with house.db.begin(SYSTEM) as tx:
            await tx.run_all((KEPT, row("1")), (KEPT, row("1")), (FOUND, BANK))
    async with house.db.begin(SYSTEM) as tx:
        assert not await tx.run(FOUND, BANK)


async def counted(house: House, monkeypatch: pytest.MonkeyPatch, calls: int) -> int:
    """How many of so many calls, each in a transaction of its own, had to go by cursors."""
    by_cursors, gone = pipelines._by_cursors, 0

    async def count(driver: pipelines.Driver, several: Sequence[pipelines.Asked]) -> list[list[pipelines.Row]]:
        nonlocal gone
        gone += 1
        return await by_cursors(driver, several)

    with monkeypatch.context() as patch:
        patch.setattr(pipelines, "_by_cursors", count)
        for _ in range(calls):
            async with house.db.begin(SYSTEM) as tx:
                assert [list(each) for each in await tx.run_all((FOUND, BANK), (FOUND, BANK))] == [[], []]
    return gone


async def test_what_a_connection_knows_goes_past_cursors_until_a_rollback(
    postgres_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await counted(postgres_house, monkeypatch, 4) == 1
    with pytest.raises(IntegrityError):  # its rollback makes the connection forget what it knew
        async with postgres_house.db.begin(SYSTEM) as tx:
            await tx.run_all((KEPT, row("1")), (KEPT, row("1")))
    assert await counted(postgres_house, monkeypatch, 4) == 1


async def test_a_failure_among_known_statements_is_told_and_undone(postgres_house: House) -> None:
    async with postgres_house.db.begin(SYSTEM) as tx:
        await tx.run_all((KEPT, row("1")), (FOUND, BANK))
    with pytest.raises(IntegrityError, match="uq_snap_external_ids"):
        async with postgres_house.db.begin(SYSTEM) as tx:
            await tx.run_all((KEPT, row("2")), (KEPT, row("1")), (FOUND, BANK))
    async with postgres_house.db.begin(SYSTEM) as tx:
        assert [found.external_id for found in await tx.run(FOUND, BANK)] == ["1"]


async def test_a_caller_that_goes_away_meanwhile_leaves_nothing_behind(postgres_house: House) -> None:
    async with postgres_house.db.begin(SYSTEM) as tx:
        await tx.run_all((KEPT, row("1")), (SLEPT, {"seconds": 0}))

    async def wait_long() -> None:
        async with postgres_house.db.begin(SYSTEM) as tx:
            await tx.run_all((KEPT, row("2")), (SLEPT, {"seconds": 60}))

    task = asyncio.create_task(wait_long())
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with postgres_house.db.begin(SYSTEM) as tx:
        assert [found.external_id for found in await tx.run(FOUND, BANK)] == ["1"]
