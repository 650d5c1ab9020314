"""Hours of a unit: each change is in the log, and nobody who is booked is dropped by one."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.services import appointments
from app.services.appointments import SLOT_MISFITS
from app.services.reference.models import HolidayRow, ReferenceRevision
from tests.services.appointments.world import (
    KIND,
    MONDAY,
    STAFF,
    UNIT,
    WEDNESDAY,
    book,
    booked,
    free,
    hold,
    hours,
    leaves,
    new_cases,
    state_of,
    told,
    window,
)


async def test_each_change_is_a_leaf_and_the_same_again_is_none(desk: House) -> None:
    assert await hours(desk, window(), window(weekday=4, drawn=True)) == []
    await hours(desk, window(weekday=4, drawn=True), window())
    await hours(desk, window())
    told = await leaves(desk, "appointment_windows")
    assert [(len(each["before"]), len(each["after"])) for each in told] == [(0, 2), (2, 1)]  # type: ignore[arg-type]
    assert told[0]["actor"] == {"kind": "staff", "id": "clerk", "unit": UNIT}
    async with desk.db.read() as connection:
        found = await appointments.windows_of(connection, UNIT)
    assert found == {KIND: [window()]}


async def test_what_is_wrong_names_its_line_and_changes_nothing(desk: House) -> None:
    await hours(desk, window())
    with pytest.raises(Problem) as wrong:
        await hours(desk, window(), window(weekday=4), window(opens="08:30", closes="10:00"))
    assert wrong.value.type.code == "appointments-windows-invalid"
    assert [each.pointer for each in wrong.value.errors] == ["/windows/2"]
    assert await free(desk) == {"08:00": 2, "08:30": 2}
    with pytest.raises(Problem, match="reference-unit-not-found"):
        await hours(desk, window(), unit="NOWHERE")


async def test_whoever_was_slower_is_told(desk: House) -> None:
    async with desk.db.begin(STAFF) as tx:
        seen = appointments.version_of([])
        await appointments.set_windows(tx, UNIT, KIND, windows=[window()], version=seen)
    with pytest.raises(Problem, match="windows-changed"):
        async with desk.db.begin(STAFF) as tx:
            await appointments.set_windows(tx, UNIT, KIND, windows=[], version=seen)


async def test_booked_people_are_listed_and_never_dropped(desk: House) -> None:
    await hours(desk, window())
    first, second, third = await new_cases(desk, 3)
    for case_id, clock in ((first, "08:00"), (second, "08:00"), (third, "08:30")):
        await book(desk, case_id, clock)
    fewer = await hours(desk, window(staff=1))
    assert [(each.case_id, each.why) for each in fewer] == [(second, "too_many")]
    assert await free(desk) == {"08:00": 0, "08:30": 0}
    longer = await hours(desk, window(minutes=60))
    assert {(each.case_id, each.why) for each in longer} == {
        (case_id, "no_window") for case_id in (first, second, third)
    }
    assert await free(desk) == {"08:00": 0}, "what they take is taken whatever the hours are now"
    assert {each.why for each in await hours(desk)} == {"no_window"}
    once = sorted((SLOT_MISFITS, str(case_id)) for case_id in (first, second, third))
    assert await told(desk) == once, "each is told when they first do not fit, and not again"
    assert (await booked(desk, second)) is not None
    assert await hours(desk, window()) == []
    async with desk.db.begin(STAFF) as tx:
        closed = await appointments.close_day(tx, UNIT, WEDNESDAY, why="Apel besar")
    assert {(each.case_id, each.why) for each in closed} == {(case_id, "closed") for case_id in (first, second, third)}
    async with desk.db.begin(SYSTEM) as tx:
        await appointments.release(tx, first, why="rebooked")
        left = await appointments.conflicts_of(tx.session, UNIT, now=tx.now)
    assert [each.case_id for each in left] == [second, third]


async def test_closed_days_and_national_holidays_take_nobody(desk: House) -> None:
    await hours(desk, window(), window(weekday=1))
    [case_id] = await new_cases(desk)
    async with desk.db.begin(STAFF) as tx:
        assert await appointments.close_day(tx, UNIT, WEDNESDAY, why="Apel") == []
        assert await appointments.close_day(tx, UNIT, WEDNESDAY, why="Apel besar") == []
        assert await appointments.closures_of(tx.session, UNIT, first=MONDAY) == [
            appointments.Closure(WEDNESDAY, "Apel besar")
        ]
    assert await state_of(desk, WEDNESDAY) == "closed"
    with pytest.raises(Problem, match="no-such-slot"):
        await hold(desk, case_id)
    async with desk.db.begin(STAFF) as tx:
        await appointments.reopen_day(tx, UNIT, WEDNESDAY)
        await appointments.reopen_day(tx, UNIT, WEDNESDAY)
    assert await state_of(desk, WEDNESDAY) == "open"
    assert [each["change"] for each in await leaves(desk, "appointment_closure")] == ["closed", "closed", "reopened"]
    next_monday = MONDAY + timedelta(days=7)
    assert await state_of(desk, next_monday) == "open"
    await holiday(desk, next_monday)
    assert await state_of(desk, next_monday) == "closed"
    for day in (MONDAY - timedelta(days=1), MONDAY + timedelta(days=401), date.max):
        with pytest.raises(Problem, match="closure-refused"):
            async with desk.db.begin(STAFF) as tx:
                await appointments.close_day(tx, UNIT, day, why="Apel")


async def holiday(desk: House, day: date) -> None:
    """A national holiday, as a file of reference data brings it."""
    async with desk.db.begin(SYSTEM) as tx:
        row = (await tx.session.execute(select(col(ReferenceRevision.id)).limit(1))).scalar_one()
        values = {"code": day.isoformat(), "valid_from": MONDAY, "source": "uji", "confidence": "high", "name": "Libur"}
        await tx.session.execute(insert(HolidayRow).values(revision_id=row, **values))


def test_hours_with_the_same_meaning_have_one_version() -> None:
    both = [window(), window(weekday=4)]
    assert appointments.version_of(both) == appointments.version_of(reversed(both))
    assert appointments.version_of(both) != appointments.version_of([replace(both[0], staff=3), both[1]])
