"""Statements that go together do what they would do one after the other, on both engines, and fail as one."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

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
