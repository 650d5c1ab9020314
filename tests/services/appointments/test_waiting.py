"""A freed place goes to who waits, not to who is fastest, and from them to the next."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import appointments, cases
from app.services.appointments import SLOT_OFFERED, WaitView, days, jobs
from tests.services.appointments.world import (
    KIND,
    MONDAY,
    UNIT,
    WEDNESDAY,
    at,
    book,
    booked,
    free,
    hold,
    hours,
    jobs_waiting,
    leaves,
    new_cases,
    release,
    told,
    window,
)


async def wait(house: House, case_id: UUID, days: int = 0) -> WaitView:
    async with house.db.begin(SYSTEM) as tx:
        return await appointments.wait(
            tx, case_id, unit=UNIT, kind=KIND, first=WEDNESDAY, last=WEDNESDAY + timedelta(days=days)
        )


async def waits(house: House, case_id: UUID) -> tuple[str, int] | None:
    async with house.db.read() as connection:
        found = await appointments.wait_of(connection, case_id)
    return None if found is None else (found.state, found.ahead)


async def full(house: House, waiters: int, places: int = 1) -> tuple[list[UUID], list[UUID]]:
    """A day without a free place: its owners, and so many who wait."""
    await hours(house, window(closes="08:30", rooms=places, staff=places))
    owners, others = await new_cases(house, places), await new_cases(house, waiters)
    for case_id in owners:
        await book(house, case_id)
    for case_id in others:
        await wait(house, case_id)
        house.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]
    assert await jobs.offer_places(house) is None
    return owners, others


async def test_the_first_who_waits_is_offered_what_is_let_go(desk: House) -> None:
    [owner], [first, second] = await full(desk, 2)
    assert [await waits(desk, each) for each in (first, second)] == [("waiting", 0), ("waiting", 1)]
    assert await told(desk) == []
    await release(desk, owner)
    assert (await jobs_waiting(desk))[-1] == "appointments.offer_places"
    assert await free(desk) == {"08:00": 0}, "it is kept for who waits, before the offer is made"
    [fast] = await new_cases(desk)
    with pytest.raises(Problem, match="slot-taken"):
        await hold(desk, fast)
    await jobs.offer_places(desk, UNIT, KIND)
    await jobs.offer_places(desk)
    assert await told(desk) == [(SLOT_OFFERED, str(first))]
    offer = await booked(desk, first)
    assert offer is not None
    assert (offer.state, offer.offered, offer.held_until) == ("held", True, desk.clock.now() + timedelta(minutes=30))
    assert [await waits(desk, each) for each in (first, second)] == [("offered", 0), ("waiting", 0)]
    async with desk.db.begin(SYSTEM) as tx:
        assert (await appointments.confirm(tx, first)).state == "confirmed"
    assert await waits(desk, first) is None


async def test_declined_or_not_answered_it_goes_on_to_the_next(desk: House, clock: FixedClock) -> None:
    [owner], [first, second, third] = await full(desk, 3)
    await release(desk, owner)
    await jobs.offer_places(desk)
    async with desk.db.begin(SYSTEM) as tx:
        await appointments.stop_waiting(tx, first)
    assert await waits(desk, first) is None
    await jobs.offer_places(desk)
    assert await waits(desk, second) == ("offered", 0)
    clock.advance(timedelta(minutes=31))
    await jobs.expire_holds(desk)
    assert await waits(desk, second) == ("waiting", 1), "who did not answer goes behind the others"
    await jobs.offer_places(desk)
    assert await waits(desk, third) == ("offered", 0)
    async with desk.db.begin(SYSTEM) as tx:
        await appointments.release(tx, third, why="declined")
    for _ in range(2):
        await jobs.offer_places(desk)
        assert (await waits(desk, second) or ("", 0))[0] == "offered"
        clock.advance(timedelta(minutes=31))
        await jobs.expire_holds(desk)
    assert await waits(desk, second) is None, "nobody is offered a place for ever"
    assert await free(desk) == {"08:00": 1}
    assert [name for name, _ in await told(desk)] == [SLOT_OFFERED] * 5


async def test_who_books_something_else_waits_no_longer(desk: House) -> None:
    [owner], [first, second] = await full(desk, 2)
    week_later = WEDNESDAY + timedelta(days=7)
    await hold(desk, first, day=week_later)
    assert await waits(desk, first) is None
    with pytest.raises(Problem, match="already-booked"):
        await wait(desk, first)
    await release(desk, owner)
    await jobs.offer_places(desk)
    assert await waits(desk, second) == ("offered", 0)
    mine = await hold(desk, second, minutes=120)
    assert (mine.held_until, await waits(desk, second)) == (desk.clock.now() + timedelta(minutes=120), None)
    async with desk.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="not-waiting"):
            await appointments.stop_waiting(tx, second)


async def test_who_waits_after_their_own_hold_has_ended_is_on_the_list(desk: House, clock: FixedClock) -> None:
    """Before the sweep has come by: an ended hold is no place that somebody has, and takes them off no list."""
    await hours(desk, window(closes="08:30", rooms=1, staff=1))
    [case_id] = await new_cases(desk)
    await hold(desk, case_id, minutes=5)
    clock.advance(timedelta(minutes=6))
    assert (await wait(desk, case_id)).state == "waiting"
    await jobs.offer_places(desk)
    assert await waits(desk, case_id) == ("offered", 0)


async def test_waiting_again_keeps_the_place_in_line_and_other_days_begin_anew(desk: House) -> None:
    _, [first, second] = await full(desk, 2)
    again = await wait(desk, first)
    assert (again.ahead, again.state) == (0, "waiting")
    assert (await wait(desk, first, days=3)).ahead == 1
    assert await waits(desk, second) == ("waiting", 0)
    for first_on, last_on in (
        (MONDAY - timedelta(days=1), MONDAY),
        (WEDNESDAY, MONDAY),
        (MONDAY, MONDAY.replace(year=9999)),
    ):
        async with desk.db.begin(SYSTEM) as tx:
            with pytest.raises(Problem, match="wait-range"):
                await appointments.wait(tx, second, unit=UNIT, kind=KIND, first=first_on, last=last_on)


async def test_what_is_too_near_is_open_to_all_and_past_days_are_not_waited_for(desk: House, clock: FixedClock) -> None:
    [owner], [first] = await full(desk, 1)
    clock.set(at(WEDNESDAY, "07:00"))
    await release(desk, owner)
    await jobs.offer_places(desk)
    assert await told(desk) == []
    assert await free(desk) == {"08:00": 1}, "nobody could be told in time"
    clock.set(at(WEDNESDAY + timedelta(days=1), "00:01"))
    await jobs.offer_places(desk)
    assert await waits(desk, first) is None
    assert [each["change"] for each in await leaves(desk, "appointment_wait")] == ["waits", "ended"]


async def test_at_night_nothing_is_kept_that_could_not_be_offered(desk: House, clock: FixedClock) -> None:
    """Offers of the night end at 07.00 and want an hour to come: a slot of 07.30 is nobody's who waits, and open to all."""
    await hours(desk, window(opens="07:30", closes="09:30", minutes=60, rooms=1, staff=1))
    [first] = await new_cases(desk)
    clock.set(at(WEDNESDAY - timedelta(days=1), "23:00"))
    await wait(desk, first)
    assert await free(desk) == {"07:30": 1, "08:30": 0}


async def test_a_case_that_is_over_is_offered_nothing(desk: House) -> None:
    owners, [first, second] = await full(desk, 2)

    async with desk.db.begin(SYSTEM) as tx:
        (await cases.get_locked(tx, first)).closed_at = tx.now
    await release(desk, owners[0])
    await jobs.offer_places(desk)
    assert [await waits(desk, each) for each in (first, second)] == [None, ("offered", 0)]


@given(st.integers(0, 14 * 24 * 60))
def test_an_offer_ends_when_people_are_up(minute: int) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)
    for zone in (ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Jayapura")):
        until = days.offer_until(now, zone)
        assert timedelta(minutes=30) <= until - now <= timedelta(hours=10)
        assert 6 <= until.astimezone(zone).hour <= 21
