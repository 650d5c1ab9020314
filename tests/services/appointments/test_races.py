"""Nobody is booked twice and no place is given twice, whoever comes at once.

A public booking product doubled 40 appointments a week in one town hall: everybody looked, saw a free place, and wrote.
Here a crowd meets at a barrier with its transactions open, through several engines, as several processes would.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
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
from app.services import appointments
from app.services.appointments import BookingView, jobs
from app.services.appointments.models import AppointmentBooking
from tests.conftest import open_house
from tests.ops.server import ROOT
from tests.services.appointments.world import (
    KIND,
    UNIT,
    WEDNESDAY,
    at,
    book,
    code,
    fitted,
    hold,
    hours,
    new_cases,
    window,
)

ENGINES, CONNECTIONS = 4, 6
LIVING = ("held", "confirmed")
CLOCKS = ("08:00", "08:30", "09:00", "09:30")
Work = Callable[[Tx], Awaitable[object]]


@pytest.fixture
async def desks(postgres_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[list[House]]:
    """Several houses on one database, as if each were a process of its own."""
    async with AsyncExitStack() as stack:
        yield [
            fitted(
                await stack.enter_async_context(open_house(postgres_url, tmp_path, clock, database_pool=CONNECTIONS))
            )
            for _ in range(ENGINES)
        ]


async def meet(desks: Sequence[House], works: Sequence[Work]) -> list[object]:
    """Do all of these at once, each in a transaction of its own; as many as there are connections stand at the barrier
    together. Gives what came of each, in their order."""
    results: list[object] = []
    at_once = len(desks) * CONNECTIONS
    for first in range(0, len(works), at_once):
        wave = works[first : first + at_once]
        barrier = asyncio.Barrier(len(wave))

        async def one(number: int, work: Work, barrier: asyncio.Barrier = barrier) -> object:
            async with desks[number % len(desks)].db.begin(SYSTEM) as tx:
                await barrier.wait()
                return await work(tx)

        results += await asyncio.gather(*(one(*each) for each in enumerate(wave)), return_exceptions=True)
    return results


def wants(case_id: UUID, clock: str, *, minutes: int = 60) -> Work:
    """Hold this slot."""

    async def work(tx: Tx) -> BookingView:
        until = tx.now + timedelta(minutes=minutes)
        return await appointments.hold(tx, case_id, unit=UNIT, kind=KIND, starts_at=at(WEDNESDAY, clock), until=until)

    return work


async def living(house: House) -> list[AppointmentBooking]:
    async with house.db.begin(SYSTEM) as tx:
        query = select(AppointmentBooking).where(col(AppointmentBooking.state).in_(LIVING))
        return list((await tx.session.execute(query)).scalars())


def refusals(results: Sequence[object]) -> Counter[str]:
    """The codes of what was refused; anything that is no refusal of ours fails here."""
    return Counter(code(each) for each in results if isinstance(each, BaseException))


async def test_hundreds_want_eight_places(desks: list[House]) -> None:
    await hours(desks[0], window(closes="10:00"))  # four slots of two places
    crowd = await new_cases(desks[0], 200)
    results = await meet(desks, [wants(case_id, CLOCKS[number % 4]) for number, case_id in enumerate(crowd)])
    assert refusals(results) == {"appointments-slot-taken": 192}
    got = await living(desks[0])
    assert {(each.starts_at, each.place) for each in got} == {
        (at(WEDNESDAY, clock), place) for clock in CLOCKS for place in (1, 2)
    }
    assert len(got) == len({each.case_id for each in got}) == 8
    assert {each.case_id for each in results if isinstance(each, BookingView)} == {each.case_id for each in got}


async def test_places_that_are_let_go_and_moved_meanwhile_are_never_doubled(desks: list[House]) -> None:
    await hours(desks[0], window(closes="10:00"))
    owners = await new_cases(desks[0], 8)
    for number, case_id in enumerate(owners):
        await book(desks[0], case_id, CLOCKS[number // 2])
    crowd = await new_cases(desks[0], 80)

    def lets_go(case_id: UUID) -> Work:
        return lambda tx: appointments.release(tx, case_id, why="cancelled")

    def moves(case_id: UUID, clock: str) -> Work:
        return lambda tx: appointments.move(tx, case_id, starts_at=at(WEDNESDAY, clock))

    works: list[Work] = [wants(case_id, CLOCKS[number % 4]) for number, case_id in enumerate(crowd)]
    for number, case_id in enumerate(owners):
        changes = lets_go(case_id) if number % 2 else moves(case_id, CLOCKS[3 - number // 2])
        works.insert(number * 10, changes)
    results = await meet(desks, works)
    assert set(refusals(results)) <= {"appointments-slot-taken"}
    got = await living(desks[0])
    assert max(Counter(each.starts_at for each in got).values()) <= 2
    assert len({each.case_id for each in got}) == len(got) <= 8
    assert {each.place for each in got} <= {1, 2}


async def test_two_tabs_of_one_person_have_one_place(desks: list[House]) -> None:
    await hours(desks[0], window(closes="10:00", rooms=20, staff=20))
    people = await new_cases(desks[0], 12)
    same = await meet(desks, [wants(people[number % 6], "08:00") for number in range(24)])
    assert refusals(same) == {}
    assert len({each.id for each in same if isinstance(each, BookingView)}) == 6, "four times sent, one place"
    different = await meet(desks, [wants(people[6 + number % 6], CLOCKS[number // 6]) for number in range(24)])
    assert refusals(different) == {}
    got = await living(desks[0])
    assert Counter(each.case_id for each in got) == Counter(people)
    async with desks[0].db.begin(SYSTEM) as tx:
        replaced = select(AppointmentBooking).where(col(AppointmentBooking.why) == "replaced")
        assert len((await tx.session.execute(replaced)).scalars().all()) == 18


async def test_a_hold_at_its_end_goes_to_its_owner_or_to_another_never_to_both(
    desks: list[House], clock: FixedClock
) -> None:
    """Confirmed, swept and taken by somebody else in the same moment."""
    owners, others, starts = await _ended_holds(desks[0], clock)
    works: list[Work] = []
    for owner, other, start in zip(owners, others, starts, strict=True):
        works += [lambda tx, owner=owner: appointments.confirm(tx, owner), wants(other, start)]  # type: ignore[misc]
    sweeps = asyncio.gather(*(jobs.expire_holds(each) for each in desks))
    results = await meet(desks, works)
    await sweeps
    assert set(refusals(results)) <= {"appointments-hold-ended", "appointments-slot-taken"}
    for number in range(16):
        paid, taken = results[2 * number : 2 * number + 2]
        assert not (isinstance(paid, BookingView) and isinstance(taken, BookingView)), starts[number]
    got = await living(desks[0])
    assert {each.id for each in got} == {each.id for each in results if isinstance(each, BookingView)}
    assert max(Counter(each.starts_at for each in got).values()) == 1


async def test_people_whose_holds_have_ended_swap_slots_without_waiting_in_a_circle(
    desks: list[House], clock: FixedClock
) -> None:
    owners, _, starts = await _ended_holds(desks[0], clock)
    swapped = [starts[number ^ 1] for number in range(16)]
    results = await meet(desks, [wants(*each) for each in zip(owners, swapped, strict=True)])
    assert set(refusals(results)) <= {"appointments-slot-taken"}
    got = await living(desks[0])
    assert max(Counter(each.starts_at for each in got).values()) == 1


async def _ended_holds(house: House, clock: FixedClock) -> tuple[list[UUID], list[UUID], list[str]]:
    """Sixteen slots of one place, each with a hold that has just ended; their owners, and as many others."""
    await hours(house, window(closes="12:00", rooms=1, minutes=15))
    starts = [f"{8 + number // 4:02d}:{15 * (number % 4):02d}" for number in range(16)]
    owners, others = await new_cases(house, 16), await new_cases(house, 16)
    for case_id, start in zip(owners, starts, strict=True):
        await hold(house, case_id, start, minutes=5)
    clock.advance(timedelta(minutes=5))
    return owners, others, starts


async def test_hours_that_are_changed_at_that_moment_know_everybody_who_is_booked(desks: list[House]) -> None:
    await hours(desks[0], window(closes="10:00"))
    crowd = await new_cases(desks[0], 10)

    async def shut(tx: Tx) -> object:
        return await appointments.set_windows(tx, UNIT, KIND, windows=[])

    async def close(tx: Tx) -> object:
        return await appointments.close_day(tx, UNIT, WEDNESDAY, why="Apel besar")

    works: list[Work] = [wants(case_id, CLOCKS[number % 4]) for number, case_id in enumerate(crowd)]
    for change in (close, shut):
        works.insert(5, change)
    results = await meet(desks, works)
    assert set(refusals(results)) <= {"appointments-slot-taken", "appointments-no-such-slot"}
    listed = {each.booking_id for found in results if isinstance(found, list) for each in found}
    assert {each.id for each in await living(desks[0])} == listed


TAKES = """
import asyncio, sys
from datetime import datetime, timedelta
from uuid import UUID
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.config import Settings
from app.core.problems import Problem
from app.services import appointments
from app.wiring import build_house

async def main(now, unit, kind, day, cases):
    house = build_house(Settings(), clock=FixedClock(datetime.fromisoformat(now)))
    async with house.db.begin(SYSTEM):
        print("ready", flush=True)
    sys.stdin.readline()

    connections = asyncio.Semaphore(10)

    async def one(number, case_id):
        starts_at = datetime.fromisoformat(day) + timedelta(minutes=30 * (number % 4))
        try:
            async with connections, house.db.begin(SYSTEM) as tx:
                until = tx.now + timedelta(hours=1)
                await appointments.hold(tx, UUID(case_id), unit=unit, kind=kind, starts_at=starts_at, until=until)
        except Problem as problem:
            return problem.type.code
        return "held"

    print(*await asyncio.gather(*(one(*each) for each in enumerate(cases))), flush=True)
    await house.close()

asyncio.run(main(*sys.argv[1:5], sys.argv[5:]))
"""


@pytest.mark.slow
async def test_processes_that_know_nothing_of_each_other(
    postgres_desk: House, postgres_url: str, tmp_path: Path
) -> None:
    await hours(postgres_desk, window(closes="10:00"))
    crowd = [str(each) for each in await new_cases(postgres_desk, 40)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    env = kept | {"LOKET_HOME": str(tmp_path), "LOKET_DATABASE_URL": postgres_url, "PYTHONPATH": str(ROOT)}
    told = (postgres_desk.clock.now().isoformat(), UNIT, KIND, at(WEDNESDAY, "08:00").isoformat())
    command = [sys.executable, "-c", TAKES, *told]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    children = [
        subprocess.Popen([*command, *crowd[part::2]], cwd=tmp_path, env=env, text=True, **pipes) for part in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert await asyncio.to_thread(child.stdout.readline) == "ready\n"
    answers = await asyncio.gather(*(asyncio.to_thread(child.communicate, "go\n") for child in children))
    words = Counter(word for said, _ in answers for word in said.split())
    assert words == {"held": 8, "appointments-slot-taken": 32}
    got = await living(postgres_desk)
    assert {(each.starts_at, each.place) for each in got} == {
        (at(WEDNESDAY, clock), place) for clock in CLOCKS for place in (1, 2)
    }


async def test_whoever_forgets_the_locks_is_stopped_by_the_table(desks: list[House]) -> None:
    """The same crowd, writing without looking: the index refuses the second of each place."""
    crowd = await new_cases(desks[0], 24)

    def writes(number: int, case_id: UUID) -> Work:
        async def work(tx: Tx) -> object:
            tx.session.add(
                AppointmentBooking(
                    case_id=case_id,
                    unit=UNIT,
                    kind=KIND,
                    starts_at=at(WEDNESDAY, "08:00"),
                    ends_at=at(WEDNESDAY, "08:30"),
                    place=1 + number % 2,
                    state="confirmed",
                    made_at=tx.now,
                )
            )
            return await tx.session.flush()

        return work

    results = await meet(desks, [writes(*each) for each in enumerate(crowd)])
    assert sum(each is None for each in results) == 2
    assert not any(isinstance(each, Problem) for each in results)
    assert len(await living(desks[0])) == 2
