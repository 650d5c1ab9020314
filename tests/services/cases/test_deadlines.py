"""Deadlines are rows: armed on entering, cancelled on leaving, and on day nine the sweep finds them."""

import asyncio
import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.db import Tx
from app.core.house import House
from app.core.problems import Problem
from app.services import cases
from app.services.cases.models import Case, CaseDeadline
from tests.conftest import START, open_house
from tests.services.cases.parcels import (
    ANI,
    DEADLINES,
    RECEIVER,
    act,
    events,
    hand_in,
    load,
    open_kinds,
    sent,
    with_parcels,
)


async def rows(house: House, case_id: UUID) -> dict[str, tuple[str, datetime]]:
    async with house.db.begin(SYSTEM) as tx:
        found = await tx.session.execute(select(CaseDeadline).where(col(CaseDeadline.case_id) == case_id))
        return {each.name: (each.status, each.due_at) for each in found.scalars()}


async def test_they_come_and_go_with_the_state(parcels: House) -> None:
    case_id = await hand_in(parcels)
    late = START + timedelta(days=3)
    assert await rows(parcels, case_id) == {"parcel.late_due": ("waiting", late)}
    await act(parcels, ANI, case_id, "look")
    idle = START + timedelta(hours=4)
    assert await rows(parcels, case_id) == {
        "parcel.late_due": ("waiting", late),
        "parcel.idle_due": ("waiting", idle),
    }
    async with parcels.db.read() as connection:
        assert await cases.due_times(connection, case_id) == {"parcel.idle_due": idle, "parcel.late_due": late}
    await act(parcels, ANI, case_id, "send")
    assert {status for status, _ in (await rows(parcels, case_id)).values()} == {"cancelled"}


async def test_nothing_happens_before_its_time(parcels: House, clock: FixedClock) -> None:
    await hand_in(parcels)
    clock.set(START + timedelta(days=3) - timedelta(microseconds=1))
    assert await cases.sweep(parcels) == cases.Swept(done=0, stuck=0)


async def test_a_reminder_is_an_event_and_work_once(parcels: House, clock: FixedClock) -> None:
    case_id = await hand_in(parcels)
    clock.set(START + timedelta(days=3))
    assert await cases.sweep(parcels) == cases.Swept(done=1, stuck=0)
    assert await cases.sweep(parcels) == cases.Swept(done=0, stuck=0)
    last = (await events(parcels, case_id))[-1]
    assert (last.action, last.cause, last.actor_kind) == ("late", "deadline:parcel.late_due", "system")
    assert (last.from_state, last.to_state, last.title_en) == ("handed_in", "handed_in", "Late")
    assert "late" in await open_kinds(parcels, case_id)
    # The next state has the same deadline for the same time: it does not remind again.
    await act(parcels, ANI, case_id, "look")
    assert (await rows(parcels, case_id))["parcel.late_due"][0] == "done"


async def test_a_move_by_deadline_is_by_the_system(parcels: House, clock: FixedClock) -> None:
    case_id = await hand_in(parcels)
    await act(parcels, ANI, case_id, "look")
    clock.advance(timedelta(hours=4))
    assert (await cases.sweep(parcels)).done == 1
    case = await load(parcels, case_id)
    assert (case.state, case.entered_at) == ("handed_in", clock.now())
    assert (await events(parcels, case_id))[-1].cause == "deadline:parcel.idle_due"
    assert "look" in await open_kinds(parcels, case_id)


async def test_the_answer_runs_from_proven_delivery_and_day_nine_is_too_late(parcels: House, clock: FixedClock) -> None:
    case_id = await sent(parcels)
    assert "parcel.answer_due" not in await rows(parcels, case_id)
    clock.set(START + timedelta(days=30))
    assert (await cases.sweep(parcels)).done == 0  # unproven: never unanswered
    clock.set(START + timedelta(days=4))
    await act(parcels, SYSTEM, case_id, "prove_delivery")
    due = START + timedelta(days=9)
    assert await rows(parcels, case_id) == {
        "parcel.answer_due": ("waiting", due),
        "parcel.late_due": ("cancelled", START + timedelta(days=3)),
        "parcel.idle_due": ("cancelled", START + timedelta(hours=4)),
    }
    clock.set(due)
    assert (await cases.sweep(parcels)).done == 1
    assert (await load(parcels, case_id)).state == "dropped"


async def test_delivery_that_is_learned_later_sets_the_time(parcels: House) -> None:
    case_id = await sent(parcels)
    delivered: list[datetime] = []

    async def due(tx: Tx, case: Case) -> datetime | None:
        return delivered[0] + timedelta(days=5) if delivered else None

    lifecycles = dataclasses.replace(parcels[cases.Lifecycles], deadlines={**DEADLINES, "parcel.answer_due": due})
    house = dataclasses.replace(parcels, parts={**parcels.parts, cases.Lifecycles: lifecycles})

    async def recompute() -> None:
        async with house.db.begin(SYSTEM) as tx:
            await cases.recompute_deadlines(tx, await cases.get_locked(tx, case_id))

    await recompute()
    assert "parcel.answer_due" not in await rows(house, case_id)
    delivered.append(START)
    await recompute()
    assert (await rows(house, case_id))["parcel.answer_due"] == ("waiting", START + timedelta(days=5))
    delivered[0] += timedelta(days=1)
    await recompute()
    assert (await rows(house, case_id))["parcel.answer_due"] == ("waiting", START + timedelta(days=6))
    delivered.clear()
    await recompute()
    assert (await rows(house, case_id))["parcel.answer_due"][0] == "cancelled"


async def test_a_sweep_ahead_writes_both_times(parcels: House) -> None:
    case_id = await hand_in(parcels)
    ahead = START + timedelta(days=9)
    assert (await cases.sweep(parcels, ahead)).done == 1
    last = (await events(parcels, case_id))[-1]
    assert (last.at, last.as_of) == (START, ahead)


async def test_a_sweep_ahead_is_refused_in_production(parcels: House) -> None:
    settings = parcels.settings.model_copy(update={"env": "production"})
    house = dataclasses.replace(parcels, settings=settings)
    with pytest.raises(Problem, match="cases-future-sweep-refused"):
        await cases.sweep(house, START + timedelta(days=1))
    await cases.sweep(house, START)


async def test_what_a_deadline_leads_to_may_be_due_at_once(parcels: House) -> None:
    case_id = await hand_in(parcels)
    await act(parcels, ANI, case_id, "look")
    swept = await cases.sweep(parcels, START + timedelta(days=3))  # idle, and late in whichever state
    assert swept.done == 2
    assert {each.cause for each in (await events(parcels, case_id))[-2:]} == {
        "deadline:parcel.idle_due",
        "deadline:parcel.late_due",
    }


async def test_a_refused_deadline_goes_to_a_person_and_holds_up_nobody(parcels: House, clock: FixedClock) -> None:
    refused, fine = await sent(parcels), await hand_in(parcels, "P2")
    async with parcels.db.begin(SYSTEM) as tx:  # due by the row, but the guard knows better
        tx.session.add(CaseDeadline(case_id=refused, name="parcel.answer_due", due_at=START, status="waiting"))
    clock.set(START + timedelta(days=3))
    assert await cases.sweep(parcels) == cases.Swept(done=1, stuck=1)
    assert await cases.sweep(parcels) == cases.Swept(done=0, stuck=0)
    assert (await load(parcels, refused)).state == "sent"
    assert (await rows(parcels, refused))["parcel.answer_due"][0] == "stuck"
    assert "mend" in await open_kinds(parcels, refused)
    assert "late" in await open_kinds(parcels, fine)
    # Proven later, it runs after all.
    await act(parcels, SYSTEM, refused, "prove_delivery")
    clock.advance(timedelta(days=5))
    assert (await cases.sweep(parcels)).done == 1
    assert (await load(parcels, refused)).state == "dropped"


async def test_a_sweep_has_a_limit(parcels: House, clock: FixedClock) -> None:
    for number in range(5):
        await hand_in(parcels, f"P{number}")
    clock.set(START + timedelta(days=3))
    assert [(await cases.sweep(parcels, limit=2)).done for _ in range(4)] == [2, 2, 1, 0]


async def test_several_workers_sweep_each_deadline_once(postgres_url: str, tmp_path: Path, clock: FixedClock) -> None:
    async with open_house(postgres_url, tmp_path, clock) as one, open_house(postgres_url, tmp_path, clock) as two:
        houses = [with_parcels(one), with_parcels(two)]
        ids = [await hand_in(houses[0], f"P{number}") for number in range(12)]
        clock.set(START + timedelta(days=3))
        barrier = asyncio.Barrier(4)

        async def work(house: House) -> int:
            await barrier.wait()
            return (await cases.sweep(house)).done

        done = await asyncio.gather(*(work(houses[number % 2]) for number in range(4)))
        assert sum(done) == len(ids)
        for case_id in ids:
            assert [each.action for each in await events(houses[0], case_id)].count("late") == 1


async def test_a_case_in_somebodys_hands_is_left_to_the_next_sweep(postgres_house: House, clock: FixedClock) -> None:
    house = with_parcels(postgres_house)
    case_id = await sent(house)
    await act(house, SYSTEM, case_id, "prove_delivery")
    clock.advance(timedelta(days=5))
    async with house.db.begin(RECEIVER) as tx:
        await cases.move(tx, case_id, "accept")
        assert await cases.sweep(house) == cases.Swept(done=0, stuck=0)  # the owner answers at the last moment
    assert await cases.sweep(house) == cases.Swept(done=0, stuck=0)
    assert (await load(house, case_id)).state == "billed"
