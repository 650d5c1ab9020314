"""Who is in the pool of a draw: absences and lots, which are leaves of the log like every change of a role."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services.identity import staff
from app.services.identity.models import StaffAbsence
from app.services.identity.roles import Role
from app.services.transparency.models import Leaf

EMAIL = "petugas@example.test"
FIRST, LAST = date(2026, 3, 3), date(2026, 3, 5)
PAPUA = "PAPUA"  # WIT, nine hours ahead of UTC


async def added(house: House, unit: str = "PMJ", email: str = EMAIL) -> UUID:
    async with house.db.begin(SYSTEM) as tx:
        return (await staff.add(tx, email, roles=["officer"], unit=unit)).id


async def in_pool(house: House, unit: str = "PMJ") -> dict[UUID, tuple[int, bool]]:
    async with house.db.begin(SYSTEM) as tx:
        found = await staff.pool_of(tx.session, unit=unit, role=Role.OFFICER, now=tx.now)
    return {each.id: (each.weight, each.absent) for each in found}


async def leaves(house: House) -> list[dict[str, Any]]:
    async with house.db.begin(SYSTEM) as tx:
        query = select(col(Leaf.body)).where(col(Leaf.kind) == "role").order_by(col(Leaf.id))
        return [json.loads(body) for body in (await tx.session.execute(query)).scalars()]


async def test_away_on_these_days_of_the_units_own_zone(house: House, clock: FixedClock) -> None:
    who = await added(house, PAPUA)
    async with house.db.begin(SYSTEM) as tx:
        await staff.set_absent(tx, EMAIL, first=FIRST, last=LAST)
    for at, absent in (
        (datetime(2026, 3, 2, 14, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 15, 0, tzinfo=UTC), True),  # midnight in Jayapura
        (datetime(2026, 3, 5, 14, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 5, 15, 0, tzinfo=UTC), False),
    ):
        clock.set(at)
        assert await in_pool(house, PAPUA) == {who: (1, absent)}, at


async def test_absences_and_lots_are_leaves_without_a_name(house: House, clock: FixedClock) -> None:
    who = await added(house)
    async with house.db.begin(SYSTEM) as tx:
        await staff.set_absent(tx, EMAIL, first=FIRST, last=LAST)
        await staff.set_weight(tx, EMAIL, 3)
        await staff.set_weight(tx, EMAIL, 3)
    clock.set(datetime(2026, 3, 4, 3, 0, tzinfo=UTC))
    assert await in_pool(house) == {who: (3, True)}
    async with house.db.begin(SYSTEM) as tx:
        assert await staff.set_present(tx, EMAIL) == 1
        assert await staff.set_present(tx, EMAIL) == 0
    assert await in_pool(house) == {who: (3, False)}
    told = [each for each in await leaves(house) if each["staff"] == str(who)]
    assert [each["change"] for each in told] == ["added", "absent", "lots", "present"]
    assert (told[1]["first_on"], told[1]["last_on"], told[2]["lots"]) == ("2026-03-03", "2026-03-05", 3)
    assert EMAIL not in json.dumps(told)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (LAST, FIRST),
        (date(2026, 2, 1), date(2026, 3, 1)),  # all past
        (FIRST, FIRST + timedelta(days=400)),
    ],
)
async def test_days_that_cannot_be_are_refused(house: House, first: date, last: date) -> None:
    await added(house)
    with pytest.raises(Problem, match="identity-staff-invalid"):
        async with house.db.begin(SYSTEM) as tx:
            await staff.set_absent(tx, EMAIL, first=first, last=last)
    with pytest.raises(Problem, match="identity-staff-not-found"):
        async with house.db.begin(SYSTEM) as tx:
            await staff.set_absent(tx, "nobody@example.test", first=FIRST, last=LAST)


async def test_the_database_keeps_the_limits_too(house: House) -> None:
    who = await added(house)
    with pytest.raises(IntegrityError):
        async with house.db.begin(SYSTEM) as tx:
            tx.session.add(StaffAbsence(staff_id=who, first_on=LAST, last_on=FIRST, noted_at=tx.now))
    with pytest.raises(Problem, match="identity-staff-invalid"):
        async with house.db.begin(SYSTEM) as tx:
            await staff.set_weight(tx, EMAIL, 101)
