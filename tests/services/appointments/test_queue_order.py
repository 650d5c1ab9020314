"""The published rule of the queue, with whatever people: one order, and nobody overtakes without a reason."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.appointments.queue_order import (
    BACK_AFTER,
    HELPED_WITHIN,
    MOST_NUMBERS,
    ON_TIME_WITHIN,
    Reason,
    Standing,
    may_precede,
    number_of,
    order,
)
from tests.services.appointments.world import MONDAY, at

EIGHT = at(MONDAY, "08:00")
MINUTES = st.integers(0, 240)


def after(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)


@st.composite
def queues(draw: st.DrawFn) -> list[Standing]:
    """Up to thirty people; numbers follow arrival but for scans that came late."""
    people = draw(
        st.lists(
            st.tuples(MINUTES, st.none() | st.integers(0, 16), st.booleans(), st.none() | st.integers(0, 60)),
            max_size=30,
        )
    )
    return [
        Standing(
            place=place,
            arrived_at=EIGHT + after(arrived),
            slot_at=None if slot is None else EIGHT + after(15 * slot),
            helped=helped,
            due_back_at=None if back is None else EIGHT + after(arrived + back),
        )
        for place, (arrived, slot, helped, back) in enumerate(people, start=1)
    ]


NOW = MINUTES.map(lambda minutes: EIGHT + after(minutes))
PACE = st.integers(0, 30).map(after)


def places(standings: Sequence[Standing], now_minutes: int, pace: int = 0) -> list[int]:
    return [turn.standing.place for turn in order(standings, EIGHT + after(now_minutes), pace=after(pace))]


@given(queues(), NOW, PACE, st.randoms())
def test_there_is_one_order_whatever_order_they_are_looked_at(queue, now, pace, random) -> None:  # type: ignore[no-untyped-def]
    turns = order(queue, now, pace=pace)
    assert sorted(turn.standing.place for turn in turns) == [each.place for each in queue]
    assert [turn.before for turn in turns] == list(range(len(queue)))
    assert [turn.expected_at for turn in turns] == [now + pace * number for number in range(len(queue))]
    shuffled = list(queue)
    random.shuffle(shuffled)
    assert order(shuffled, now, pace=pace) == turns


@given(queues(), NOW, PACE)
def test_nobody_overtakes_without_a_named_reason(queue, now, pace) -> None:  # type: ignore[no-untyped-def]
    turns = order(queue, now, pace=pace)
    for number, turn in enumerate(turns):
        for later in turns[number + 1 :]:
            if (later.standing.arrived_at, later.standing.place) < (turn.standing.arrived_at, turn.standing.place):
                assert may_precede(turn.standing, later.standing) is not None


@given(queues(), NOW, PACE)
def test_who_has_a_time_is_not_passed_by_anybody_without_one_when_it_has_come(queue, now, pace) -> None:  # type: ignore[no-untyped-def]
    turns = order(queue, now, pace=pace)
    for number, turn in enumerate(turns):
        if turn.standing.due_at is None:
            assert all(
                each.standing.due_at is None or each.standing.due_at > turn.expected_at for each in turns[number:]
            )


@given(queues(), NOW)
def test_among_those_without_a_time_arrival_alone_decides(queue, now) -> None:  # type: ignore[no-untyped-def]
    turns = [turn.standing for turn in order(queue, now) if turn.standing.due_at is None]
    assert turns == sorted(turns, key=lambda each: (each.arrived_at, each.place))


@given(queues(), NOW, st.integers(0, 29))
def test_being_helped_never_makes_it_later(queue, now, which) -> None:  # type: ignore[no-untyped-def]
    if which >= len(queue) or queue[which].due_back_at is not None:
        return
    person = queue[which]
    before = Standing(person.place, person.arrived_at, person.slot_at)
    lifted = Standing(person.place, person.arrived_at, person.slot_at, helped=True)
    late_enough = max(now, person.arrived_at + HELPED_WITHIN)

    def turn_of(standing: Standing) -> int:
        line = order([*queue[:which], standing, *queue[which + 1 :]], late_enough)
        return next(turn.before for turn in line if turn.standing == standing)

    assert turn_of(lifted) <= turn_of(before)


def test_booked_people_go_at_their_slot_whatever_the_crowd() -> None:
    walk_ins = [Standing(place, EIGHT - after(60)) for place in range(1, 6)]
    booked = Standing(6, EIGHT + after(25), slot_at=EIGHT + after(30))
    assert places([*walk_ins, booked], 29)[0] == 1
    assert places([*walk_ins, booked], 30)[0] == 6
    assert places([*walk_ins, booked], 20, pace=5).index(6) == 2, "the wall shows where they will be"
    assert places([booked], 0) == [6], "nobody else is there: they need not wait"


@pytest.mark.parametrize(
    ("came", "helped", "reason", "due"),
    [
        (-20, False, Reason.BOOKED, 0),
        (15, False, Reason.BOOKED, 0),
        (16, False, Reason.LATE, None),
        (-20, True, Reason.HELPED, -5),
        (-10, True, Reason.BOOKED, 0),
        (16, True, Reason.HELPED, 31),
    ],
)
def test_late_booked_people_fall_back_to_arrival(came: int, helped: bool, reason: Reason, due: int | None) -> None:
    person = Standing(1, EIGHT + after(came), slot_at=EIGHT, helped=helped)
    assert person.reason == reason
    assert person.due_at == (None if due is None else EIGHT + after(due))
    assert after(15) == ON_TIME_WITHIN


def test_who_was_absent_comes_again_after_a_while() -> None:
    back = Standing(1, EIGHT, slot_at=EIGHT, due_back_at=EIGHT + BACK_AFTER)
    other = Standing(2, EIGHT + after(1))
    assert places([back, other], 5) == [2, 1]
    assert places([back, other], 10) == [1, 2]
    assert may_precede(other, back) is Reason.BACK


def test_numbers_are_short_and_never_come_twice() -> None:
    assert [number_of(place) for place in (1, 12, 999, 1000)] == ["A001", "A012", "A999", "B001"]
    found = {number_of(place) for place in range(1, MOST_NUMBERS + 1)}
    assert len(found) == MOST_NUMBERS
    assert not {"I", "O"} & {each[0] for each in found}
