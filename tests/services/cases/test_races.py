"""Two people on one case at once: real sessions that meet at a barrier; exactly one wins."""

import asyncio

import pytest

from app.core.actor import Actor
from app.core.house import House
from app.core.problems import Problem
from app.services import cases
from tests.services.cases.parcels import ANI, BUDI, RECEIVER, act, billed, events, load, sent


async def meet(house: House, case_id: object, *moves: tuple[Actor, str, dict[str, object]]) -> list[object]:
    barrier = asyncio.Barrier(len(moves))

    async def one(who: Actor, action: str, rest: dict[str, object]) -> object:
        async with house.db.begin(who) as tx:
            if house.db.dialect == "postgresql":  # on SQLite the second begin itself waits for the first
                await barrier.wait()
            return await cases.move(tx, case_id, action, **rest)  # type: ignore[arg-type]

    return await asyncio.gather(*(one(*each) for each in moves), return_exceptions=True)


@pytest.mark.parametrize("versioned", [True, False])
async def test_two_actions_from_one_state(parcels: House, *, versioned: bool) -> None:
    case_id = await sent(parcels)
    before = await load(parcels, case_id)
    rest: dict[str, object] = {"expected_version": before.version} if versioned else {}
    results = await meet(parcels, case_id, (RECEIVER, "dispute", rest), (RECEIVER, "accept", rest))
    after = await load(parcels, case_id)
    refusals = [each for each in results if isinstance(each, Problem)]
    if versioned:
        assert [each.type.code for each in refusals] == ["cases-changed-meanwhile"]
    else:  # disputed first, then accepted, is a declared way; the other order is not
        assert [each.type.code for each in refusals] in ([], ["cases-move-not-allowed"])
    assert after.version == before.version + 2 - len(refusals)
    assert [each.seq for each in await events(parcels, case_id)] == list(range(1, after.version + 1))


async def test_ten_people_one_move(parcels: House) -> None:
    case_id = await sent(parcels)
    version = (await load(parcels, case_id)).version
    results = await meet(parcels, case_id, *[(RECEIVER, "accept", {}) for _ in range(8)])
    assert sum(isinstance(each, cases.Case) for each in results) == 1
    assert {each.type.code for each in results if isinstance(each, Problem)} == {"cases-move-not-allowed"}
    assert (await load(parcels, case_id)).version == version + 1
    assert [each.action for each in await events(parcels, case_id)].count("accept") == 1


async def test_a_guard_that_lost_the_race_leaves_nothing(parcels: House) -> None:
    case_id = await billed(parcels)
    results = await meet(parcels, case_id, (ANI, "send", {}), (BUDI, "send", {}))
    assert all(isinstance(each, Problem) for each in results)
    assert [each.action for each in await events(parcels, case_id)][-1] == "accept"


async def test_the_version_is_a_second_lock(parcels: House) -> None:
    """Even a writer that forgot to lock the row cannot overwrite: the UPDATE names the version it decided
    on."""
    case_id = await sent(parcels)
    from app.services.cases import events as writing

    async with parcels.db.begin(RECEIVER) as tx:
        stale = await tx.one(cases.Case, case_id)
        assert stale is not None
        tx.session.expunge(stale)
    await act(parcels, RECEIVER, case_id, "dispute")
    with pytest.raises(Problem, match="cases-changed-meanwhile"):
        async with parcels.db.begin(RECEIVER) as tx:
            await writing.advance(tx, stale, state="done")
    assert (await load(parcels, case_id)).state == "disputed"
