"""Hours of a unit: each change is in the log, and nobody who is booked is dropped by one."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.services import appointments, reference
from app.services.appointments import SLOT_MISFITS
from app.services.appointments.jobs import holidays_added
from app.services.reference.files import read_file
from app.services.reference.models import HolidayRow, ReferenceRevision
from app.services.reference.tables import HOLIDAYS
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
    jobs_waiting,
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
    each_once = sorted(case_id for job, ids in await told(desk) if job == SLOT_MISFITS for case_id in ids)
    assert each_once == sorted(map(str, (first, second, third))), "told when they first do not fit, and not again"
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


async def test_a_holiday_that_comes_later_tells_who_is_booked_on_it(desk: House) -> None:
    await hours(desk, window(), window(weekday=4))
    untouched, first, second, misfit = await new_cases(desk, 4)
    await book(desk, untouched, "08:00", WEDNESDAY + timedelta(days=1))
    for case_id, clock in ((first, "08:00"), (second, "08:00"), (misfit, "08:30")):
        await book(desk, case_id, clock)
    await hours(desk, window(closes="08:30"), window(weekday=4))  # who had 08:30 is told now
    assert [ids for job, ids in await told(desk) if job == SLOT_MISFITS] == [[str(misfit)]]
    rows = [[WEDNESDAY.isoformat(), "Cuti bersama", "SKB", "high"], ["2026-12-25", "Natal", "SKB", "high"]]
    text = "\n".join(",".join(row) for row in [["date", "name", "source", "confidence"], *rows])
    for _ in range(2):  # a file that is applied again adds nothing
        async with desk.db.begin(SYSTEM) as tx:
            await reference.apply(tx, read_file(HOLIDAYS, "holidays.csv", text.encode()))
        assert (await jobs_waiting(desk)).count(reference.HOLIDAYS_ADDED) == 1
    await holidays_added(desk, [WEDNESDAY.isoformat(), "2026-12-25"])
    newest = [each for job, ids in await told(desk) if job == SLOT_MISFITS for each in ids]
    assert sorted(newest) == sorted(map(str, (misfit, first, second))), "and who was told before is not again"
    assert await state_of(desk, WEDNESDAY) == "closed"


async def test_a_day_that_the_unit_had_closed_itself_tells_nobody_twice(desk: House) -> None:
    await hours(desk, window())
    [case_id] = await new_cases(desk)
    await book(desk, case_id)
    async with desk.db.begin(STAFF) as tx:
        await appointments.close_day(tx, UNIT, WEDNESDAY, why="Apel besar")
    await holiday(desk, WEDNESDAY)
    await holidays_added(desk, [WEDNESDAY.isoformat()])
    assert [ids for job, ids in await told(desk) if job == SLOT_MISFITS] == [[str(case_id)]]


class Counting:
    """A reader that counts the rows that come from the table of bookings."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection, self.rows = connection, 0

    async def execute(self, query: Any) -> Any:
        frozen = (await self.connection.execute(query)).freeze()
        if "appointment_bookings" in str(query):
            self.rows += len(frozen().all())
        return frozen()


async def test_one_case_reads_only_the_slot_that_it_has_booked(desk: House) -> None:
    await hours(desk, window(), window(weekday=4))
    ids = await new_cases(desk, 6)
    for case_id, clock in zip(ids, ("08:00", "08:00", "08:30", "08:30"), strict=False):
        await book(desk, case_id, clock)
    for case_id in ids[4:]:
        await book(desk, case_id, "08:00", WEDNESDAY + timedelta(days=1))
    await hours(desk, window(staff=1), window(weekday=4))
    async with desk.db.read() as connection:
        counting = Counting(connection)
        found = await appointments.conflict_of(counting, ids[1], now=desk.clock.now())  # type: ignore[arg-type]
        assert found is not None
        assert (found.case_id, found.why) == (ids[1], "too_many"), "who booked first fits first"
        assert counting.rows == 3, "its unit, and the two of its slot"
        assert await appointments.conflict_of(connection, ids[0], now=desk.clock.now()) is None
        several = await appointments.misfits_of(connection, UNIT, now=desk.clock.now(), of=ids[1:])
        assert [each.case_id for each in several] == [ids[1], ids[3]]


def test_hours_with_the_same_meaning_have_one_version() -> None:
    both = [window(), window(weekday=4)]
    assert appointments.version_of(both) == appointments.version_of(reversed(both))
    assert appointments.version_of(both) != appointments.version_of([replace(both[0], staff=3), both[1]])
