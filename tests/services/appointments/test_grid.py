"""Slots follow from hours: pure."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.appointments import grid
from app.services.appointments.grid import Slot, Taken
from tests.services.appointments.world import MONDAY, WEDNESDAY, at, window

JAKARTA, JAYAPURA = ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Jayapura")


def test_a_day_is_cut_into_slots_in_the_units_zone() -> None:
    slots = grid.slots_of([window(closes="09:10", minutes=20, rooms=3, staff=2)], WEDNESDAY, JAKARTA)
    assert [each.starts_at for each in slots] == [at(WEDNESDAY, clock) for clock in ("08:00", "08:20", "08:40")]
    assert {(each.places, each.free) for each in slots} == {(2, 2)}, "a place needs a room and somebody in it"
    there = grid.slots_of([window(minutes=60)], WEDNESDAY, JAYAPURA)
    assert [each.starts_at for each in there] == [datetime(2026, 3, 3, 23, 0, tzinfo=UTC)]


def test_hours_hold_on_their_weekday_and_between_their_days() -> None:
    hours = window(valid_from=WEDNESDAY, valid_until=WEDNESDAY + timedelta(days=7))
    days = [MONDAY, WEDNESDAY - timedelta(days=7), WEDNESDAY, WEDNESDAY + timedelta(days=7), date(2026, 3, 18)]
    assert [bool(grid.slots_of([hours], day, JAKARTA)) for day in days] == [False, False, True, True, False]


def test_an_old_booking_takes_a_place_in_every_slot_that_it_touches() -> None:
    slots = grid.slots_of([window(minutes=20)], WEDNESDAY, JAKARTA)
    across = Taken(at(WEDNESDAY, "08:10"), at(WEDNESDAY, "08:30"))
    assert [each.free for each in grid.with_taken(slots, [across])] == [1, 1, 2]
    assert [each.free for each in grid.with_taken(slots, [across] * 3)] == [0, 0, 2]


def test_freed_places_are_kept_for_who_waits() -> None:
    slots = grid.with_taken(grid.slots_of([window()], WEDNESDAY, JAKARTA), [])
    early = at(WEDNESDAY, "07:00")
    assert [each.free for each in grid.with_waiting(slots, 3, offered_after=early)] == [0, 1]
    assert [each.free for each in grid.with_waiting(slots, 9, offered_after=at(WEDNESDAY, "08:00"))] == [2, 0]


def test_a_day_opens_in_the_morning_so_many_days_before() -> None:
    hours = [window(opens_days_before=2), window(opens="10:00", closes="11:00", opens_days_before=1)]
    assert grid.opening_of(hours, WEDNESDAY, JAKARTA) == at(MONDAY, "09:00")
    assert grid.opening_of(hours, MONDAY, JAKARTA) is None


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (window(opens="08:30", closes="10:00"), {1: "overlap"}),
        (window(opens="09:00", closes="10:00"), {}),
        (window(weekday=4), {}),
        (window(valid_from=date(2027, 1, 1)), {1: "overlap"}),
        (window(valid_until=date(2025, 1, 1)), {1: "order"}),
        (window(opens="10:00", closes="09:00"), {1: "hours"}),
        (window(opens="10:00", closes="10:20"), {1: "too_short"}),
    ],
)
def test_what_is_wrong_with_hours(second: grid.Window, fault: dict[int, str]) -> None:
    assert grid.faults_of([window(), second]) == fault
    ended = window(valid_until=date(2026, 12, 31))
    assert grid.faults_of([ended, window(valid_from=date(2027, 1, 1))]) == {}


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(1, 120)), max_size=30),
    st.integers(5, 90),
    st.integers(1, 5),
    st.integers(0, 20),
)
def test_no_slot_ever_has_more_free_than_places(
    taken: list[tuple[int, int]], minutes: int, places: int, waiting: int
) -> None:
    hours = window(closes="16:00", minutes=minutes, rooms=places, staff=places)
    opens = at(WEDNESDAY, "08:00")
    booked = [
        Taken(opens + timedelta(minutes=first), opens + timedelta(minutes=first + length)) for first, length in taken
    ]
    slots = grid.with_taken(grid.slots_of([hours], WEDNESDAY, JAKARTA), booked)
    left: list[Slot] = grid.with_waiting(slots, waiting, offered_after=opens)
    for before, after in zip(slots, left, strict=True):
        used = sum(each.starts_at < before.ends_at and before.starts_at < each.ends_at for each in booked)
        assert before.free == max(0, places - used)
        assert 0 <= after.free <= before.free
    assert sum(each.free for each in slots) - sum(each.free for each in left) <= waiting
