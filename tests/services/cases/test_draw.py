"""The draw: anybody who knows the pool draws the same officer, and nobody is favoured."""

import json
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import cases, transparency
from app.services.cases.draw import drawn_from, pool_hash
from app.services.transparency import notes
from app.services.transparency.models import Leaf
from tests.services.cases.parcels import SENDER, UNIT, events, load, open_kinds

POOL = [f"officer-{number}" for number in range(7)]


async def opened(house: House) -> UUID:
    async with house.db.begin(SENDER) as tx:
        return (await cases.open_case(tx, lifecycle="parcel", unit=UNIT, reference="P1", policy_id=None)).id


async def test_a_draw_can_be_repeated_by_anybody(parcels: House) -> None:
    case_id = await opened(parcels)
    await transparency.sequence(parcels)
    stated = notes.read(await transparency.checkpoint(parcels))
    async with parcels.db.begin(SYSTEM) as tx:
        drawn = await cases.draw_officer(tx, case_id, reversed(POOL))
    assert (await load(parcels, case_id)).assigned_to == drawn
    last = (await events(parcels, case_id))[-1]
    assert last.action == "draw_officer"
    assert last.data["checkpoint_root"] == stated.root.hex()
    assert last.data["checkpoint_size"] == stated.size
    async with parcels.db.begin(SYSTEM) as tx:
        leaf = await tx.one(Leaf, UUID(str(last.data["pool_leaf"])))
    assert leaf is not None
    pool = json.loads(leaf.body)["pool"]
    assert pool_hash(pool).hex() == last.data["pool_hash"]
    assert drawn == drawn_from(pool, root=stated.root, case_id=case_id, number=int(str(last.data["draw"])))


async def test_a_second_draw_is_another_lot(parcels: House) -> None:
    case_id = await opened(parcels)
    drawn = set()
    for _ in range(20):
        async with parcels.db.begin(SYSTEM) as tx:
            drawn.add(await cases.draw_officer(tx, case_id, POOL))
    assert len(drawn) > 1


async def test_work_waits_for_who_was_drawn_and_then_for_somebody_with_fresh_eyes(parcels: House) -> None:
    case_id = await opened(parcels)

    async def awaited(role: str) -> str | None:
        async with parcels.db.begin(SYSTEM) as tx:
            return await cases.awaited(tx.session, role=role, unit=UNIT, among=POOL)

    assert await awaited("sorter") is None
    async with parcels.db.begin(SYSTEM) as tx:
        drawn = await cases.draw_officer(tx, case_id, POOL)
        await cases.open_task(tx, case_id, "sort", "sorter", UNIT, assignee_only=True)
    assert await awaited("sorter") == drawn
    parcels.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    async with parcels.db.begin(SYSTEM) as tx:
        await cases.open_task(tx, case_id, "look_again", "sorter", UNIT, exclude=POOL[:2])
    assert await awaited("sorter") == POOL[2]
    assert await awaited("painter") is None


async def test_an_empty_pool_is_work_for_the_supervisor(parcels: House) -> None:
    case_id = await opened(parcels)
    async with parcels.db.begin(SYSTEM) as tx:
        assert await cases.draw_officer(tx, case_id, []) is None
    assert "mend" in await open_kinds(parcels, case_id)
    assert (await load(parcels, case_id)).assigned_to is None


@given(st.sets(st.text(min_size=1), min_size=1), st.uuids(), st.binary(min_size=32, max_size=32), st.randoms())
def test_the_order_of_the_pool_does_not_matter(pool: set[str], case_id: UUID, root: bytes, random: object) -> None:
    members = list(pool)
    random.shuffle(members)  # type: ignore[attr-defined]
    drawn = drawn_from(members, root=root, case_id=case_id, number=1)
    assert drawn in pool
    assert drawn == drawn_from(sorted(pool), root=root, case_id=case_id, number=1)


def test_everybody_is_drawn_about_equally_often() -> None:
    counts = Counter(drawn_from(POOL, root=bytes(32), case_id=uuid4(), number=1) for _ in range(7000))
    assert set(counts) == set(POOL)
    assert all(800 < count < 1200 for count in counts.values())
