"""The log on both engines: every leaf once, proofs that stand alone, and two sequencers that meet many
writers."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import transparency
from app.services.transparency import log, notes
from app.services.transparency.merkle import EMPTY_ROOT, consistency_holds, inclusion_holds, leaf_hash, root_of
from app.services.transparency.models import Leaf, LogTile, SignedCheckpoint
from app.services.transparency.tiles import append_hashes, path_of, root_at
from tests.conftest import open_house


async def append(house: House, count: int, *, kind: str = "test", first: int = 0) -> list[UUID]:
    async with house.db.begin(SYSTEM) as tx:
        return [await transparency.append(tx, kind, {"number": first + each}) for each in range(count)]


async def leaves(house: House) -> list[Leaf]:
    async with house.db.begin(SYSTEM) as tx:
        found = await tx.session.execute(select(Leaf).order_by(col(Leaf.leaf_index)))
        return list(found.scalars())


async def test_an_empty_log_has_a_signed_checkpoint(house: House) -> None:
    stated = notes.read(await transparency.checkpoint(house))
    assert (stated.origin, stated.size, stated.root) == (house.settings.transparency_origin, 0, EMPTY_ROOT)


async def test_a_leaf_waits_until_it_is_sequenced(house: House) -> None:
    waiting = await transparency.sequence(house)  # what the reference data left
    [leaf_id] = await append(house, 1)
    async with house.db.read() as connection:
        assert await transparency.proof_of(house, connection, leaf_id) is None
    assert await transparency.sequence(house) == 1
    assert await transparency.sequence(house) == 0
    async with house.db.read() as connection:
        proof = await transparency.proof_of(house, connection, leaf_id)
    assert proof is not None
    assert proof.index == waiting
    assert json.loads(proof.body) == {"kind": "test", "number": 0}


async def test_a_leaf_that_was_rolled_back_is_not_there(house: House) -> None:
    await transparency.sequence(house)

    async def append_and_break() -> None:
        async with house.db.begin(SYSTEM) as tx:
            await transparency.append(tx, "test", {"number": 1})
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        await append_and_break()
    assert await transparency.sequence(house) == 0


async def test_every_checkpoint_states_the_root_of_its_leaves(house: House) -> None:
    await transparency.sequence(house)
    for batch in (1, 2, 5, 60, 300):
        await append(house, batch)
        assert await transparency.sequence(house) == batch
    everything = [leaf_hash(each.commitment) for each in await leaves(house)]
    async with house.db.begin(SYSTEM) as tx:
        stated = (await tx.session.execute(select(SignedCheckpoint))).scalars().all()
    assert len(stated) >= 5
    for each in stated:
        assert each.root == root_of(everything[: each.tree_size])
        checkpoint = notes.read(each.note)
        assert (checkpoint.size, checkpoint.root) == (each.tree_size, each.root)


async def test_every_leaf_is_proven_and_every_two_sizes_are_consistent(house: House) -> None:
    await transparency.sequence(house)
    await append(house, 300)
    await transparency.sequence(house)
    hashes = [leaf_hash(each.commitment) for each in await leaves(house)]
    size, root = len(hashes), root_of(hashes)
    async with house.db.read() as connection:
        for index in (0, 1, 127, 128, 255, 256, 257, size - 1):
            path = await path_of(connection, log.inclusion_plan(index, size))
            assert inclusion_holds(leaf=hashes[index], index=index, size=size, path=path, root=root)
        for old in (1, 2, 100, 255, 256, 257, size):
            path = await transparency.consistency_between(connection, old, size)
            old_root = root_of(hashes[:old])
            assert consistency_holds(old=old, new=size, old_root=old_root, new_root=root, path=path)
        for old, new in ((0, 1), (2, 1), (1, size + 1)):
            with pytest.raises(Problem, match="transparency-no-such-size"):
                await transparency.consistency_between(connection, old, new)


async def test_a_large_tree_is_read_in_few_tiles(house: House) -> None:
    """Three levels of tiles: 66,000 leaves, appended in uneven pieces without any database row for a leaf."""
    hashes = [leaf_hash(each.to_bytes(4, "big")) for each in range(66_000)]
    async with house.db.begin(SYSTEM) as tx:
        size = 0
        for piece in (1, 254, 2, 65_279, 464):
            size = await append_hashes(tx, size, hashes[size : size + piece])
        await tx.session.flush()
        assert size == len(hashes)
        assert await root_at(tx.session, size) == root_of(hashes)
        assert await root_at(tx.session, 65_536) == root_of(hashes[:65_536])
        tiles = (await tx.session.execute(select(col(LogTile.level), col(LogTile.number)))).all()
        assert {level for level, _ in tiles} == {0, 1, 2}
        for index in (0, 65_535, 65_536, size - 1):
            path = await path_of(tx.session, log.inclusion_plan(index, size))
            root = root_of(hashes)
            assert inclusion_holds(leaf=hashes[index], index=index, size=size, path=path, root=root)


async def test_a_public_commitment_can_be_looked_up(house: House) -> None:
    await append(house, 3)
    await transparency.sequence(house)
    one = (await leaves(house))[-1]
    async with house.db.read() as connection:
        found = await transparency.inclusion_of(connection, one.commitment)
        with pytest.raises(Problem, match="transparency-not-recorded"):
            await transparency.inclusion_of(connection, bytes(32))
    root = notes.read(found.checkpoint).root
    hashed = leaf_hash(one.commitment)
    assert inclusion_holds(leaf=hashed, index=found.index, size=found.tree_size, path=found.path, root=root)


async def test_the_order_is_that_of_recording(house: House, clock: FixedClock) -> None:
    await transparency.sequence(house)
    first, second = await append(house, 2)
    clock.set(clock.now().replace(year=2025))  # a clock that went back: still visible, still waiting
    [third] = await append(house, 1)
    assert await transparency.sequence(house) == 3
    assert [each.id for each in (await leaves(house))[-3:]] == [third, first, second]


async def test_a_late_commit_is_not_lost(postgres_house: House) -> None:
    """Ids are not commit order: a leaf with an older id that commits later still gets its place."""
    house = postgres_house
    await transparency.sequence(house)
    async with house.db.begin(SYSTEM) as slow:
        early = await transparency.append(slow, "test", {"who": "early id, late commit"})
        [late] = await append(house, 1)
        assert early < late
        assert await transparency.sequence(house) == 1
    assert await transparency.sequence(house) == 1
    assert [each.id for each in (await leaves(house))[-2:]] == [late, early]


async def test_two_sequencers_and_many_writers_place_every_leaf_once(
    postgres_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    writers, each_writes = 8, 25
    async with open_house(postgres_url, tmp_path, clock) as one, open_house(postgres_url, tmp_path, clock) as two:
        await transparency.sequence(one)
        before = len(await leaves(one))
        barrier = asyncio.Barrier(writers + 2)
        running = writers

        async def write(number: int) -> None:
            nonlocal running
            await barrier.wait()
            for each in range(each_writes):
                await append(one if number % 2 else two, 1, first=number * 1000 + each)
            running -= 1

        async def keep_sequencing(house: House) -> None:
            await barrier.wait()
            while running:
                await transparency.sequence(house)

        await asyncio.gather(*(write(number) for number in range(writers)), keep_sequencing(one), keep_sequencing(two))
        await transparency.sequence(one)
        placed = await leaves(one)
        assert [each.leaf_index for each in placed] == list(range(before + writers * each_writes))
        stated = notes.read(await transparency.checkpoint(two))
        assert stated.size == len(placed)
        assert stated.root == root_of([leaf_hash(each.commitment) for each in placed])


async def test_a_batch_is_bounded_and_the_rest_follows(house: House) -> None:
    await transparency.sequence(house)
    await append(house, 20)
    assert await transparency.sequence(house, batch=7) == 20
    placed = await leaves(house)
    assert [each.leaf_index for each in placed] == list(range(len(placed)))
