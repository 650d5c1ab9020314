"""A place is held, confirmed, moved and let go."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import Problem
from app.services import appointments
from app.services.appointments import jobs
from app.services.appointments.models import AppointmentBooking
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
    leaves,
    new_cases,
    release,
    state_of,
    window,
)


async def test_held_confirmed_and_let_go(desk: House) -> None:
    await hours(desk, window())
    one, two, three = await new_cases(desk, 3)
    assert await free(desk) == {"08:00": 2, "08:30": 2}
    assert (await hold(desk, one)).place == 1
    assert (await hold(desk, two)).place == 2
    assert await free(desk) == {"08:00": 0, "08:30": 2}
    with pytest.raises(Problem) as taken:
        await hold(desk, three)
    assert taken.value.type.code == "appointments-slot-taken"
    assert taken.value.extra["nearest"][0] == "2026-03-04T08:30:00+07:00"  # type: ignore[index]
    async with desk.db.begin(SYSTEM) as tx:
        firm = await appointments.confirm(tx, one)
        assert await appointments.confirm(tx, one) == firm
    assert (firm.state, firm.held_until) == ("confirmed", None)
    await release(desk, one)
    await release(desk, one)
    assert await booked(desk, one) is None
    assert (await hold(desk, three)).place == 1, "it is free at once"
    told = [(each["change"], each["case"], each["why"]) for each in await leaves(desk, "appointment")]
    assert told == [
        ("held", str(one), None),
        ("held", str(two), None),
        ("confirmed", str(one), None),
        ("released", str(one), "cancelled"),
        ("held", str(three), None),
    ]


async def test_the_same_slot_again_is_the_same_place_and_another_lets_it_go(desk: House) -> None:
    await hours(desk, window(rooms=1))
    [case_id] = await new_cases(desk)
    first = await hold(desk, case_id)
    again = await hold(desk, case_id, minutes=90)
    assert (again.id, again.place) == (first.id, 1)
    assert again.held_until == desk.clock.now() + timedelta(minutes=90)
    other = await hold(desk, case_id, "08:30")
    assert other.id != first.id
    assert await free(desk) == {"08:00": 1, "08:30": 0}
    await hold(desk, *await new_cases(desk))
    with pytest.raises(Problem, match="slot-taken"):
        await hold(desk, case_id)
    assert (await booked(desk, case_id)) == other, "what could not be had costs nothing"
    async with desk.db.begin(SYSTEM) as tx:
        await appointments.confirm(tx, case_id)
    with pytest.raises(Problem, match="already-booked"):
        await hold(desk, case_id, "08:30")


async def test_a_hold_that_has_ended_is_free_by_the_time_alone(desk: House, clock: FixedClock) -> None:
    await hours(desk, window(rooms=1))
    one, two, three = await new_cases(desk, 3)
    await hold(desk, one, minutes=10)
    clock.advance(timedelta(minutes=10))
    assert await free(desk) == {"08:00": 1, "08:30": 1}
    assert await booked(desk, one) is None
    assert (await hold(desk, two, minutes=10)).place == 1
    async with desk.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem) as ended:
            await appointments.confirm(tx, one)
    assert ended.value.type.code == "appointments-hold-ended"
    assert ended.value.extra["nearest"][0] == "2026-03-04T08:30:00+07:00"  # type: ignore[index]
    clock.advance(timedelta(minutes=10))
    async with desk.db.begin(SYSTEM) as tx:
        late = await appointments.confirm(tx, two)
    assert late.state == "confirmed", "nobody has got the place: who paid a second late keeps it"
    await hold(desk, three, "08:30", minutes=10)
    clock.advance(timedelta(minutes=10))
    await jobs.expire_holds(desk)
    assert [each["change"] for each in await leaves(desk, "appointment")].count("expired") == 2
    async with desk.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="hold-ended"):
            await appointments.confirm(tx, three)
    [nobody] = await new_cases(desk)
    async with desk.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="no-booking"):
            await appointments.confirm(tx, nobody)


async def test_moved_it_takes_the_new_place_and_frees_the_old(desk: House) -> None:
    await hours(desk, window(rooms=1))
    one, two = await new_cases(desk, 2)
    before = await book(desk, one)
    await hold(desk, two, "08:30")
    async with desk.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="slot-taken"):
            await appointments.move(tx, one, starts_at=at(WEDNESDAY, "08:30"))
    week_later = WEDNESDAY + timedelta(days=7)
    async with desk.db.begin(SYSTEM) as tx:
        moved = await appointments.move(tx, one, starts_at=at(week_later, "08:30"))
        assert await appointments.move(tx, one, starts_at=at(week_later, "08:30")) == moved
    assert (moved.id, moved.state, moved.moves) == (before.id, "confirmed", 1)
    assert moved.starts_at == at(week_later, "08:30")
    assert await free(desk) == {"08:00": 1, "08:30": 0}
    assert await free(desk, week_later) == {"08:00": 1, "08:30": 0}


async def test_what_is_not_open_cannot_be_held(desk: House, clock: FixedClock) -> None:
    await hours(desk, window(opens_days_before=9))
    [case_id] = await new_cases(desk)
    later = WEDNESDAY + timedelta(days=14)
    assert [await state_of(desk, day) for day in (MONDAY, WEDNESDAY, later)] == ["closed", "open", "not_yet"]
    with pytest.raises(Problem) as early:
        await hold(desk, case_id, day=later)
    assert early.value.type.code == "appointments-day-not-open"
    assert early.value.extra == {"opens_at": "2026-03-09T09:00:00+07:00"}
    for clock_time, day in (
        ("08:10", WEDNESDAY),
        ("09:00", WEDNESDAY),
        ("08:00", MONDAY),
        ("08:00", MONDAY.replace(year=9999)),
    ):
        with pytest.raises(Problem) as none:
            await hold(desk, case_id, clock_time, day)
        assert none.value.type.code == "appointments-no-such-slot"
        assert none.value.extra["nearest"]
    clock.set(at(WEDNESDAY, "08:00"))
    with pytest.raises(Problem, match="no-such-slot"):
        await hold(desk, case_id)  # it has begun
    with pytest.raises(Problem, match="reference-unit-not-found"):
        async with desk.db.begin(SYSTEM) as tx:
            await appointments.hold(
                tx,
                case_id,
                unit="NOWHERE",
                kind=KIND,
                starts_at=at(WEDNESDAY, "08:30"),
                until=tx.now + timedelta(hours=1),
            )


async def test_the_table_itself_refuses_a_place_that_is_taken(desk: House) -> None:
    await hours(desk, window())
    one, two = await new_cases(desk, 2)
    first = await hold(desk, one)

    async def write(case_id: object, **values: object) -> None:
        row = {name: getattr(first, name) for name in ("unit", "kind", "starts_at", "ends_at", "place", "held_until")}
        fresh = {"id": new_id(), "case_id": case_id, "state": "held", "made_at": desk.clock.now()}
        async with desk.db.begin(SYSTEM) as tx:
            tx.session.add(AppointmentBooking(**{**row, **fresh, **values}))  # type: ignore[arg-type]

    with pytest.raises(IntegrityError):
        await write(two)  # the same place
    with pytest.raises(IntegrityError):
        await write(one, place=2)  # the same case
    await write(two, place=2)
    assert (first.unit, await free(desk)) == (UNIT, {"08:00": 0, "08:30": 2})
