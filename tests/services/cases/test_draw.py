"""The draw: its pool stands in the log before the checkpoint that decides, anybody draws the same officer from it, and
nobody is favoured."""

import asyncio
import hashlib
import json
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import Problem
from app.services import cases, transparency
from app.services.cases import Candidate, drawn_from, jobs, verify_draw
from app.services.cases.models import Draw
from app.services.transparency import notes
from app.services.transparency.models import Leaf, SignedCheckpoint
from tests.drain import drain
from tests.services.cases.parcels import BUDI, SENDER, UNIT, act, drawn_among, events, load, open_kinds

POOL = [f"officer-{number}" for number in range(7)]


async def opened(house: House, reference: str = "P1") -> UUID:
    async with house.db.begin(SENDER) as tx:
        return (await cases.open_case(tx, lifecycle="parcel", unit=UNIT, reference=reference, policy_id=None)).id


async def announced(house: House, case_id: UUID, candidates: list[Candidate] | None = None) -> UUID:
    async with house.db.begin(SYSTEM) as tx:
        draw_id = await cases.announce_draw(tx, case_id, candidates or [Candidate(each) for each in reversed(POOL)])
    assert draw_id is not None
    return draw_id


async def other_leaves(house: House, count: int = 3) -> None:
    async with house.db.begin(SYSTEM) as tx:
        for number in range(count):
            await transparency.append(tx, "test", {"number": number})
    await transparency.sequence(house)


async def draw_row(house: House, draw_id: UUID) -> Draw:
    async with house.db.begin(SYSTEM) as tx:
        found = await tx.one(Draw, draw_id)
    assert found is not None
    return found


async def document(house: House, draw_id: UUID) -> dict[str, Any]:
    async with house.db.read() as connection:
        found = await cases.draw_document(house, connection, draw_id)
    copied: dict[str, Any] = json.loads(json.dumps(found))
    return copied


async def test_the_pool_is_in_the_log_before_the_checkpoint_that_decides(parcels: House) -> None:
    case_id = await opened(parcels)
    await other_leaves(parcels)
    before = notes.read(await transparency.checkpoint(parcels))
    draw_id = await announced(parcels, case_id)

    case = await load(parcels, case_id)
    assert case.assigned_to is None, "nobody has the case while the lot has not fallen"
    assert (await events(parcels, case_id))[-1].action == "announce_draw"
    assert (await document(parcels, draw_id))["pool"] is None
    assert (await draw_row(parcels, draw_id)).status == "announced"

    assert await drain(parcels) == ["cases.draw"], "announcing has it drawn at once"
    draw = await draw_row(parcels, draw_id)
    async with parcels.db.begin(SYSTEM) as tx:
        leaf = await tx.one(Leaf, draw.pool_leaf)
        deciding = await tx.one(SignedCheckpoint, draw.checkpoint_size or 0)
    assert leaf is not None
    assert deciding is not None
    assert leaf.leaf_index is not None
    assert before.size <= leaf.leaf_index < deciding.tree_size, "no checkpoint before it covers the pool"
    members = dict.fromkeys(POOL, 1)
    assert draw.officer == drawn_from(members, root=deciding.root, commitment=leaf.commitment)
    assert (await load(parcels, case_id)).assigned_to == draw.officer
    last = (await events(parcels, case_id))[-1]
    assert (last.action, last.data["drawn"], last.data["draw"]) == ("draw_officer", draw.officer, str(draw_id))
    assert last.data["checkpoint_root"] == deciding.root.hex()


async def test_later_checkpoints_change_nothing(parcels: House) -> None:
    """Whoever could wait for a checkpoint that suits them would choose the officer: the first one decides."""
    case_id = await opened(parcels)
    draw_id = await announced(parcels, case_id)
    await transparency.sequence(parcels)
    first = notes.read(await transparency.checkpoint(parcels))
    for _ in range(3):
        await other_leaves(parcels)
    await cases.draw_announced(parcels)
    assert (await draw_row(parcels, draw_id)).checkpoint_size == first.size
    proof = (await document(parcels, draw_id))["pool"]
    assert (proof["tree_size"], notes.read(proof["checkpoint"])) == (first.size, first)


async def test_anybody_can_draw_again_and_sees_what_was_altered(parcels: House) -> None:
    case_id = await opened(parcels)
    draw_id = await announced(parcels, case_id)
    await cases.draw_announced(parcels)
    keys = transparency.verifier_keys(parcels.keys, parcels.settings.transparency_origin)
    good = await document(parcels, draw_id)
    verdict = verify_draw(good, keys)
    assert not verdict.fault
    assert verdict.pool.pinned
    assert verdict.drawn == (await load(parcels, case_id)).assigned_to
    assert good["pool"]["body"]["case"] == str(case_id)

    another = next(each for each in POOL if each != good["drawn"])
    assert "is drawn" in verify_draw(good | {"drawn": another}, keys).fault
    assert "is drawn" in verify_draw(good | {"draw": str(new_id())}, keys).fault
    smaller = json.loads(json.dumps(good))
    smaller["pool"]["body"]["members"].pop()
    assert "altered" in verify_draw(smaller, keys).fault
    await other_leaves(parcels)
    async with parcels.db.read() as connection:
        later = await transparency.proof_of(parcels, connection, (await draw_row(parcels, draw_id)).pool_leaf)
    assert later is not None
    moved = verify_draw(good | {"pool": json.loads(json.dumps(later.to_json()))}, keys)
    assert moved.pool.holds, "the pool is in the later tree as well"
    assert moved.drawn != good["drawn"] or not moved.fault, "but that root gives a lot of its own"
    assert verify_draw({"format": "loket-draw/2"}, keys).fault
    assert verify_draw(good | {"pool": {}}, keys).fault


async def test_who_is_left_out_stands_in_the_pool_with_a_code(parcels: House) -> None:
    candidates = [Candidate("a", 3), Candidate("b"), Candidate("c", 0), Candidate("d", 1, "absent")]
    drawn = Counter()
    for number in range(40):
        case_id = await opened(parcels, f"P{number}")
        draw_id = await announced(parcels, case_id, candidates)
        if number == 0:
            async with parcels.db.begin(SYSTEM) as tx:
                leaf = await tx.one(Leaf, (await draw_row(parcels, draw_id)).pool_leaf)
            assert leaf is not None
            body = json.loads(leaf.body)
            assert body["members"] == [{"id": "a", "weight": 3}, {"id": "b", "weight": 1}]
            assert body["excluded"] == [{"id": "c", "why": "no_lots"}, {"id": "d", "why": "absent"}]
    assert await cases.draw_announced(parcels) == 40
    async with parcels.db.begin(SYSTEM) as tx:
        drawn.update((await tx.session.execute(select(col(Draw.officer)))).scalars())
    assert set(drawn) == {"a", "b"}
    assert drawn["a"] > drawn["b"]


async def test_a_draw_that_was_left_behind_is_drawn_once(parcels: House) -> None:
    case_id = await opened(parcels)
    draw_id = await announced(parcels, case_id)  # and the process dies here
    assert "cases.draw" in {each.job for each in jobs.SCHEDULES}, "somebody comes by"
    assert await cases.draw_announced(parcels) == 1
    assert await cases.draw_announced(parcels) == 0
    await drain(parcels)
    actions = [each.action for each in await events(parcels, case_id)]
    assert actions.count("draw_officer") == 1
    assert (await draw_row(parcels, draw_id)).status == "drawn"


async def test_many_draw_at_once_and_it_falls_once(parcels: House) -> None:
    case_id = await opened(parcels)
    await announced(parcels, case_id)
    barrier = asyncio.Barrier(6)

    async def one() -> int:
        await barrier.wait()
        return await cases.draw_announced(parcels)

    assert sum(await asyncio.gather(*(one() for _ in range(6)))) == 1
    assert [each.action for each in await events(parcels, case_id)].count("draw_officer") == 1


async def test_one_draw_waits_for_a_case_however_many_ask(parcels: House) -> None:
    case_id = await opened(parcels)
    barrier = asyncio.Barrier(4)

    async def one() -> UUID | None:
        async with parcels.db.begin(SYSTEM) as tx:
            if parcels.db.dialect == "postgresql":
                await barrier.wait()
            return await cases.announce_draw(tx, case_id, [Candidate(each) for each in POOL])

    assert len(set(await asyncio.gather(*(one() for _ in range(4))))) == 1
    assert [each.action for each in await events(parcels, case_id)].count("announce_draw") == 1
    with pytest.raises(IntegrityError):  # and the database would not take a second one
        async with parcels.db.begin(SYSTEM) as tx:
            leaf = await transparency.append(tx, "test", {})
            tx.session.add(Draw(case_id=case_id, number=9, pool_leaf=leaf, status="announced", announced_at=tx.now))


async def test_a_second_draw_is_another_lot(parcels: House) -> None:
    case_id = await opened(parcels)
    drawn = [await drawn_among(parcels, case_id, *POOL) for _ in range(20)]
    assert len(set(drawn)) > 1
    async with parcels.db.begin(SYSTEM) as tx:
        numbers = await tx.session.execute(select(col(Draw.number)).order_by(col(Draw.number)))
    assert list(numbers.scalars()) == list(range(1, 21))


async def test_a_case_that_was_closed_meanwhile_is_drawn_to_nobody(parcels: House) -> None:
    case_id = await opened(parcels)
    await drawn_among(parcels, case_id, BUDI.id)
    draw_id = await announced(parcels, case_id)
    async with parcels.db.begin(SYSTEM) as tx:
        case = await cases.get_locked(tx, case_id)
        case.closed_at = tx.now
    assert await cases.draw_announced(parcels) == 0
    row = await draw_row(parcels, draw_id)
    assert (row.status, row.officer) == ("void", None)
    assert (await load(parcels, case_id)).assigned_to is None


async def test_the_unit_sees_what_is_being_drawn_and_nobody_can_open_it(parcels: House) -> None:
    case_id = await opened(parcels)

    async def undrawn(role: str = "clerk", unit: str = UNIT) -> list[tuple[str, bool]]:
        async with parcels.db.read() as connection:
            found = await cases.list_undrawn(connection, roles=[role], unit=unit)
        return [(each.reference, each.announced) for each in found]

    assert await undrawn() == [("P1", False)]
    await announced(parcels, case_id, [Candidate(BUDI.id)])
    assert await undrawn() == [("P1", True)]
    assert await undrawn("chief") == await undrawn(unit="ACEH") == []
    with pytest.raises(Problem, match="cases-not-assigned-to-you"):
        await act(parcels, BUDI, case_id, "look")
    await cases.draw_announced(parcels)
    assert await undrawn() == []
    await act(parcels, BUDI, case_id, "look")


async def test_work_waits_for_who_was_drawn_and_then_for_somebody_with_fresh_eyes(parcels: House) -> None:
    case_id = await opened(parcels)

    async def awaited(role: str) -> str | None:
        async with parcels.db.begin(SYSTEM) as tx:
            return await cases.awaited(tx.session, role=role, unit=UNIT, among=POOL)

    assert await awaited("sorter") is None
    drawn = await drawn_among(parcels, case_id, *POOL)
    async with parcels.db.begin(SYSTEM) as tx:
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
        assert await cases.announce_draw(tx, case_id, [Candidate("a", 0), Candidate("b", 1, "absent")]) is None
    assert "mend" in await open_kinds(parcels, case_id)
    assert (await load(parcels, case_id)).assigned_to is None
    assert await cases.draw_announced(parcels) == 0


MEMBERS = st.dictionaries(st.text(min_size=1), st.integers(1, 100), min_size=1)


@given(MEMBERS, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_the_order_of_the_pool_does_not_matter(pool: dict[str, int], root: bytes, commitment: bytes) -> None:
    drawn = drawn_from(pool, root=root, commitment=commitment)
    assert drawn in pool
    assert drawn == drawn_from(dict(reversed(pool.items())), root=root, commitment=commitment)


def test_everybody_is_drawn_about_as_often_as_they_have_lots() -> None:
    members = dict.fromkeys(POOL, 1) | {POOL[0]: 3}
    counts = Counter(
        drawn_from(members, root=bytes(32), commitment=number.to_bytes(32, "big")) for number in range(9000)
    )
    assert set(counts) == set(POOL)
    assert 2700 < counts.pop(POOL[0]) < 3300
    assert all(800 < count < 1200 for count in counts.values())


def test_the_recipe_of_the_docs_is_what_the_code_does() -> None:
    """A draw worked out by hand after docs/proofs.md, so that neither changes alone."""
    members = {"a": 1, "b": 2, "c": 1}
    root, commitment = bytes(range(32)), bytes(range(32, 64))

    lot = int(hashlib.sha256(b"loket-draw/2\n" + root + commitment).hexdigest(), 16) % 4
    assert drawn_from(members, root=root, commitment=commitment) == ["a", "b", "b", "c"][lot]
