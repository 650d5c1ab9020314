"""Scarce days: asked for in an hour, drawn from the log, recomputed by anybody."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import Problem
from app.services import appointments, transparency
from app.services.appointments import NOTHING_DRAWN, SLOT_OFFERED, jobs, slot_draw
from app.services.appointments.slot_lots import Asked, Pool, places_drawn
from app.services.transparency import notes
from tests.services.appointments.world import (
    KIND,
    MONDAY,
    STAFF,
    UNIT,
    WEDNESDAY,
    at,
    booked,
    free,
    hold,
    hours,
    leaves,
    new_cases,
    other_leaf,
    release,
    state_of,
    told,
    window,
)

OPENS = at(MONDAY, "09:00")


@pytest.fixture
async def scarce(desk: House, clock: FixedClock) -> House:
    """Wednesday has four places, is drawn, and opened a quarter of an hour ago."""
    clock.set(OPENS + timedelta(minutes=15))
    await hours(desk, window(opens_days_before=2, drawn=True))
    return desk


async def ask(house: House, case_id: UUID, *clocks: str) -> UUID:
    async with house.db.begin(SYSTEM) as tx:
        wishes = [at(WEDNESDAY, clock) for clock in clocks]
        return await appointments.ask(tx, case_id, unit=UNIT, kind=KIND, day=WEDNESDAY, wishes=wishes)


async def document(house: House) -> dict[str, Any]:
    """The public document of the one draw, as a file would hold it."""
    async with house.db.read() as connection:
        [line] = await appointments.list_slot_draws(connection, limit=10)
        found = await appointments.slot_draw_document(house, connection, line.id)
    copied: dict[str, Any] = json.loads(json.dumps(found))
    return copied


async def drawn(house: House) -> dict[str, Any]:
    """Let the hour pass and draw."""
    house.clock.set(OPENS + timedelta(hours=1))  # type: ignore[attr-defined]
    assert await slot_draw.draw_days(house) == 1
    return await document(house)


def by_hand(paper: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Who gets what, worked out after docs/appointments.md with nothing of ours but the document."""
    body, proof = paper["pool"]["body"], paper["pool"]
    root, commitment = notes.read(proof["checkpoint"]).root, bytes.fromhex(proof["commitment"])
    left = {each["starts_at"]: each["free"] for each in body["slots"]}
    wishes = {each["id"]: each["wishes"] for each in body["asks"]}

    def lot(ask: str) -> bytes:
        return hashlib.sha256(b"loket-slots/1\n" + root + commitment + bytes.fromhex(ask.replace("-", ""))).digest()

    found: list[tuple[str, str | None]] = []
    for each in sorted(wishes, key=lot):
        start = next((wish for wish in wishes[each] or sorted(left) if left.get(wish)), None)
        if start is not None:
            left[start] -= 1
        found.append((each, start))
    return found


async def test_places_go_by_the_lot_and_the_rest_wait_in_drawn_order(scarce: House) -> None:
    people = await new_cases(scarce, 7)
    asks = {await ask(scarce, case_id): case_id for case_id in people}
    assert await state_of(scarce, WEDNESDAY) == "drawn"
    with pytest.raises(Problem) as refused:
        await hold(scarce, people[0])
    assert refused.value.type.code == "appointments-day-is-drawn"
    assert refused.value.extra["closes_at"] == "2026-03-02T10:00:00+07:00"
    assert (await document(scarce))["pool"] is None
    await other_leaf(scarce)
    before = notes.read(await transparency.checkpoint(scarce))

    paper = await drawn(scarce)
    proof = paper["pool"]
    assert before.size <= proof["leaf_index"] < proof["tree_size"], "no checkpoint before it covers the asks"
    order = [(each["ask"], each["starts_at"]) for each in paper["drawn"]]
    assert order == by_hand(paper), "anybody finds the same"
    assert {each for each, _ in order} == set(map(str, asks))
    assert Counter(start for _, start in order) == {
        "2026-03-04T01:00:00.000000Z": 2,
        "2026-03-04T01:30:00.000000Z": 2,
        None: 3,
    }
    winners = [asks[UUID(each)] for each, start in order if start]
    losers = [asks[UUID(each)] for each, start in order if not start]
    assert await told(scarce) == sorted(
        [(SLOT_OFFERED, str(case_id)) for case_id in winners] + [(NOTHING_DRAWN, str(case_id)) for case_id in losers]
    ), "nobody has to look for what the lot has brought"
    for case_id in winners:
        held = await booked(scarce, case_id)
        assert held is not None
        assert (held.state, held.held_until) == ("held", scarce.clock.now() + slot_draw.DRAWN_HELD)
    async with scarce.db.read() as connection:
        lines = [await appointments.wait_of(connection, case_id) for case_id in losers]
    assert [(each.state, each.ahead) for each in lines if each] == [("waiting", 0), ("waiting", 1), ("waiting", 2)]
    assert await state_of(scarce, WEDNESDAY) == "open"
    assert await free(scarce) == {"08:00": 0, "08:30": 0}

    await release(scarce, winners[0])
    await jobs.offer_places(scarce)
    offered = {case_id for name, case_id in await told(scarce) if name == SLOT_OFFERED}
    assert offered == {*map(str, winners), str(losers[0])}, "the next in drawn order"
    assert len(await leaves(scarce, "slot_ask")) == 7


async def test_who_asked_first_gains_nothing(scarce: House) -> None:
    """Over many draws the first to ask wins as often as the last."""
    ids = [new_id() for _ in range(6)]
    places = {at(WEDNESDAY, "08:00"): 2}
    pool = Pool(new_id(), places, {}, tuple(map(Asked, ids)))
    wins: Counter[UUID] = Counter()
    for number in range(3000):
        root = hashlib.sha256(number.to_bytes(4, "big")).digest()
        wins.update(each.id for each in places_drawn(pool, root=root, commitment=bytes(32)) if each.starts_at)
    assert all(850 < wins[each] < 1150 for each in ids)


async def test_wishes_are_kept_to_and_can_be_changed(scarce: House) -> None:
    early, late, any_time = await new_cases(scarce, 3)
    await ask(scarce, early, "08:30")
    assert await ask(scarce, early, "08:00") == await ask(scarce, early, "08:00", "08:30")
    await ask(scarce, late, "08:30")
    await ask(scarce, any_time)
    with pytest.raises(Problem, match="no-such-slot"):
        await ask(scarce, late, "08:10")
    paper = await drawn(scarce)
    assert [each["wishes"] for each in paper["pool"]["body"]["asks"]] == [
        ["2026-03-04T01:00:00.000000Z", "2026-03-04T01:30:00.000000Z"],
        ["2026-03-04T01:30:00.000000Z"],
        [],
    ]
    got = {case_id: await booked(scarce, case_id) for case_id in (early, late, any_time)}
    assert [each and each.starts_at for each in got.values()] == [
        at(WEDNESDAY, clock) for clock in ("08:00", "08:30", "08:00")
    ]


async def test_only_in_its_hour_and_only_for_a_drawn_day(desk: House, clock: FixedClock) -> None:
    await hours(desk, window(opens_days_before=2, drawn=True), window(weekday=4))
    [case_id] = await new_cases(desk)
    for moment in (OPENS - timedelta(seconds=1), OPENS + timedelta(hours=1)):
        clock.set(OPENS - timedelta(seconds=1))
        if moment > OPENS:
            clock.set(OPENS)
            await slot_draw.draw_days(desk)
        clock.set(moment)
        with pytest.raises(Problem) as refused:
            await ask(desk, case_id)
        assert refused.value.type.code == "appointments-not-asking"
        assert refused.value.extra["opens_at"] == "2026-03-02T09:00:00+07:00"
    assert await slot_draw.draw_days(desk) == 0, "nobody asked"
    assert await state_of(desk, WEDNESDAY) == "open", "so it is open to all"
    with pytest.raises(Problem, match="not-asking"):
        await ask(desk, case_id)
    async with desk.db.begin(SYSTEM) as tx:
        for day in (WEDNESDAY + timedelta(days=1), MONDAY, MONDAY.replace(year=9999)):
            with pytest.raises(Problem, match="is-not-drawn"):
                await appointments.ask(tx, case_id, unit=UNIT, kind=KIND, day=day)


async def test_a_day_that_is_made_a_drawn_one_late_has_its_whole_hour(desk: House, clock: FixedClock) -> None:
    clock.set(OPENS + timedelta(hours=5))
    await hours(desk, window(opens_days_before=2, drawn=True))
    await slot_draw.draw_days(desk)
    clock.advance(timedelta(minutes=59))
    [case_id] = await new_cases(desk)
    await ask(desk, case_id)
    clock.advance(timedelta(minutes=1))
    assert await slot_draw.draw_days(desk) == 1
    assert await booked(desk, case_id) is not None


async def test_who_has_a_place_or_is_gone_is_left_out_with_a_code(scarce: House) -> None:
    await hours(scarce, window(opens_days_before=2, drawn=True), window(weekday=4))
    stays, took_another, withdrew = await new_cases(scarce, 3)
    ids = [await ask(scarce, case_id) for case_id in (stays, took_another, withdrew)]
    await hold(scarce, took_another, day=WEDNESDAY + timedelta(days=1))
    async with scarce.db.begin(SYSTEM) as tx:
        await appointments.withdraw_ask(tx, withdrew)
    with pytest.raises(Problem, match="already-booked"):
        await ask(scarce, took_another)
    paper = await drawn(scarce)
    body = paper["pool"]["body"]
    assert [each["id"] for each in body["asks"]] == [str(ids[0])]
    assert {each["id"]: each["why"] for each in body["excluded"]} == {
        str(ids[1]): "withdrawn",
        str(ids[2]): "withdrawn",
    }
    assert [each["held"] for each in paper["drawn"]] == [True]


async def test_a_hold_that_has_ended_leaves_nobody_out(scarce: House, clock: FixedClock) -> None:
    """Before the sweep has come by: the time alone has freed the place, and its owner may ask for another."""
    await hours(scarce, window(opens_days_before=2, drawn=True), window(weekday=4))
    [case_id] = await new_cases(scarce)
    await hold(scarce, case_id, day=WEDNESDAY + timedelta(days=1), minutes=5)
    clock.advance(timedelta(minutes=6))
    await ask(scarce, case_id)
    paper = await drawn(scarce)
    assert [each["held"] for each in paper["drawn"]] == [True]


@pytest.mark.parametrize("change", ["one room", "closed", "other hours"])
async def test_hours_that_change_after_the_announcement_bring_nobody_a_place_that_is_gone(
    scarce: House, clock: FixedClock, change: str
) -> None:
    people = await new_cases(scarce, 4)
    asks = {str(await ask(scarce, case_id)): case_id for case_id in people}
    clock.set(OPENS + timedelta(hours=1))
    async with scarce.db.begin(SYSTEM) as tx:
        [draw_id] = await slot_draw._due(scarce)
        await slot_draw._announce(tx, draw_id)
    if change == "closed":
        async with scarce.db.begin(STAFF) as tx:
            await appointments.close_day(tx, UNIT, WEDNESDAY, why="Apel")
    elif change == "one room":
        await hours(scarce, window(opens_days_before=2, drawn=True, rooms=1))
    else:
        await hours(scarce, window(opens_days_before=2, drawn=True, opens="08:10", closes="09:10"))
    assert await slot_draw.draw_days(scarce) == 1
    paper = await document(scarce)
    order = [(each["ask"], each["starts_at"]) for each in paper["drawn"]]
    assert order == by_hand(paper), "what the lot gave is what everybody can draw again"
    given = [asks[each["ask"]] for each in paper["drawn"] if each["held"]]
    firsts = [next(ask for ask, start in order if start == wanted) for wanted in sorted({start for _, start in order})]
    assert sorted(given) == sorted([asks[each] for each in firsts] if change == "one room" else [])
    waiting = [asks[ask] for ask, _ in order if asks[ask] not in given]
    async with scarce.db.read() as connection:
        lines = [await appointments.wait_of(connection, case_id) for case_id in waiting]
        assert await appointments.conflicts_of(connection, UNIT, now=scarce.clock.now()) == []
    assert [each.ahead for each in lines if each] == list(range(len(waiting))), "they wait in drawn order"
    assert Counter(name for name, _ in await told(scarce)) == Counter(
        {SLOT_OFFERED: len(given), NOTHING_DRAWN: len(waiting)}
    )


async def test_altered_papers_do_not_hold(scarce: House) -> None:
    for case_id in await new_cases(scarce, 6):
        await ask(scarce, case_id)
    keys = transparency.verifier_keys(scarce.keys, scarce.settings.transparency_origin)
    paper = await drawn(scarce)
    verdict = appointments.verify_slot_draw(paper, keys)
    assert not verdict.fault
    assert verdict.pool.pinned
    assert list(verdict.drawn) == by_hand(paper)
    swapped = json.loads(json.dumps(paper))
    swapped["drawn"][0], swapped["drawn"][-1] = swapped["drawn"][-1], swapped["drawn"][0]
    assert "others are drawn" in appointments.verify_slot_draw(swapped, keys).fault
    fewer = json.loads(json.dumps(paper))
    fewer["pool"]["body"]["asks"].pop()
    assert "altered" in appointments.verify_slot_draw(fewer, keys).fault
    assert "another draw" in appointments.verify_slot_draw(paper | {"draw": str(new_id())}, keys).fault
    for broken in ({"pool": {}}, {"pool": None}, {"drawn": "x"}, {"drawn": [1]}):
        assert appointments.verify_slot_draw({**paper, **broken}, keys).fault
    async with scarce.db.read() as connection:
        with pytest.raises(Problem, match="draw-not-found"):
            await appointments.slot_draw_document(scarce, connection, new_id())


async def test_a_crowd_asks_and_several_draw_at_once(postgres_desk: House, clock: FixedClock) -> None:
    clock.set(OPENS + timedelta(minutes=15))
    await hours(postgres_desk, window(opens_days_before=2, drawn=True))
    people = await new_cases(postgres_desk, 30)
    room = asyncio.Semaphore(8)

    async def one(case_id: UUID) -> UUID:
        async with room:
            return await ask(postgres_desk, case_id)

    asked = await asyncio.gather(*(one(case_id) for case_id in people * 2))
    assert len(set(asked)) == 30
    clock.set(OPENS + timedelta(hours=1))
    counts = await asyncio.gather(*(slot_draw.draw_days(postgres_desk) for _ in range(4)))
    assert sum(counts) == 1
    paper = await document(postgres_desk)
    assert [(each["ask"], each["starts_at"]) for each in paper["drawn"]] == by_hand(paper)
    assert Counter(name for name, _ in await told(postgres_desk)) == {SLOT_OFFERED: 4, NOTHING_DRAWN: 26}


STARTS = [at(WEDNESDAY, f"{hour:02d}:00") for hour in range(8, 12)]
ASKS = st.lists(st.lists(st.sampled_from(STARTS), unique=True, max_size=4), max_size=30)


@given(ASKS, st.lists(st.integers(0, 5), min_size=4, max_size=4), st.binary(min_size=32, max_size=32))
def test_no_place_is_drawn_twice_and_none_is_left_that_somebody_wished_for(
    wishes: Sequence[Sequence[datetime]], free_places: Sequence[int], root: bytes
) -> None:
    places = dict(zip(STARTS, free_places, strict=True))
    asks = tuple(Asked(UUID(int=number), tuple(each)) for number, each in enumerate(wishes))
    result = places_drawn(Pool(UUID(int=0), places, {}, asks), root=root, commitment=root)
    assert sorted(each.id for each in result) == [each.id for each in asks]
    given_out = Counter(each.starts_at for each in result if each.starts_at)
    assert all(given_out[start] <= places[start] for start in STARTS)
    for each in result:
        wished = asks[each.id.int].wishes or tuple(STARTS)
        assert each.starts_at is None or each.starts_at in wished
        if each.starts_at is None:
            assert all(given_out[start] == places[start] for start in wished)
