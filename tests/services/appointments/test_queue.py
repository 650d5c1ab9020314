"""Scans, tickets, calls and what people wait: the queue of a unit's day."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import Problem
from app.services import appointments, cases
from app.services.appointments import (
    ATTENDED,
    MISSED,
    QUEUE_NEAR,
    Board,
    EntryView,
    Helped,
    Jump,
    Line,
    Outcome,
    Reason,
    Scan,
    ScanResult,
    Step,
    jobs,
    pace,
)
from app.services.appointments.queue_models import QueueEvent
from tests.services.appointments.world import (
    KIND,
    STAFF,
    UNIT,
    WEDNESDAY,
    at,
    book,
    booked,
    code,
    hold,
    hours,
    leaves,
    new_cases,
    release,
    told,
    window,
)

MORNING = at(WEDNESDAY, "07:30")


async def coming(house: House, count: int, clock: str = "08:00") -> list[tuple[UUID, str]]:
    """So many people who are booked for that slot on Wednesday, with what their QR says; it is Wednesday morning then."""
    await hours(house, window(closes="12:00", rooms=20, staff=20))
    found = []
    for case_id in await new_cases(house, count):
        booking = await book(house, case_id, clock)
        found.append((case_id, appointments.check_in_token(house, booking)))
    house.clock.set(MORNING)  # type: ignore[attr-defined]
    return found


async def scan(house: House, *tokens: str, when: datetime | None = None, unit: str = UNIT) -> list[ScanResult]:
    scans = [Scan(new_id(), token, when or house.clock.now()) for token in tokens]
    return await appointments.take_scans(house, STAFF, unit, scans)


async def ticket(house: House, helped: Helped | None = None, case_id: UUID | None = None) -> EntryView:
    async with house.db.begin(STAFF) as tx:
        return await appointments.take_ticket(tx, UNIT, kind=KIND, helped=helped, case_id=case_id)


async def call(house: House, counter: str = "1", **about: object) -> EntryView:
    async with house.db.begin(STAFF) as tx:
        return await appointments.call_next(tx, UNIT, counter=counter, **about)  # type: ignore[arg-type]


async def step(house: House, entry: EntryView, what: Step) -> EntryView:
    async with house.db.begin(STAFF) as tx:
        return await appointments.take_step(tx, UNIT, entry.id, what)


async def board(house: House) -> Board:
    async with house.db.read() as connection:
        return await appointments.board_of(connection, UNIT, now=house.clock.now())


async def numbers(house: House) -> list[str]:
    return [each.entry.number for each in (await board(house)).waiting]


async def history(house: House, entry: EntryView) -> list[tuple[str, str | None]]:
    async with house.db.begin(SYSTEM) as tx:
        query = select(QueueEvent).where(col(QueueEvent.entry_id) == entry.id).order_by(col(QueueEvent.seq))
        found: Sequence[QueueEvent] = (await tx.session.execute(query)).scalars().all()
    return [(each.what, each.reason) for each in found]


# --- checking in -----------------------------------------------------------------------------------------------------


async def test_a_scan_is_counted_once_however_often_it_is_sent(desk: House) -> None:
    [(case_id, token)] = await coming(desk, 1)
    sent = Scan(new_id(), token, MORNING)
    for _ in range(2):
        [result] = await appointments.take_scans(desk, STAFF, UNIT, [sent])
        assert (result.outcome, result.number) == (Outcome.COUNTED, "A001")
    [other_device] = await scan(desk, token)
    assert (other_device.outcome, other_device.number) == (Outcome.AGAIN, "A001")
    assert await numbers(desk) == ["A001"]
    assert await told(desk) == [(ATTENDED, str(case_id))]
    assert (await booked(desk, case_id)).state == "attended"  # type: ignore[union-attr]
    assert [each["what"] for each in await leaves(desk, "queue_event")] == ["checked_in"]


async def test_scans_of_an_hour_without_a_line_stand_where_they_came(desk: House, clock: FixedClock) -> None:
    people = await coming(desk, 3, "08:00")
    await ticket(desk)
    clock.set(at(WEDNESDAY, "09:00"))
    kept = [
        Scan(new_id(), token, at(WEDNESDAY, scanned))
        for (_, token), scanned in zip(people, ("08:14", "07:40", "08:16"), strict=True)
    ]
    first = await appointments.take_scans(desk, STAFF, UNIT, kept)
    assert [each.outcome for each in first] == [Outcome.COUNTED] * 3
    assert [each.number for each in first] == ["A003", "A002", "A004"], "in the order in which they were scanned"
    assert await appointments.take_scans(desk, STAFF, UNIT, kept) == first, "the answer was lost: sent again"
    shown = [(each.entry.number, each.reason) for each in (await board(desk)).waiting]
    assert shown == [
        ("A002", Reason.BOOKED),
        ("A003", Reason.BOOKED),
        ("A001", Reason.ARRIVAL),
        ("A004", Reason.LATE),
    ]


async def test_the_earlier_of_two_devices_counts_and_a_clock_that_is_ahead_gains_nothing(desk: House) -> None:
    [(_, token), (_, other)] = await coming(desk, 2)
    desk.clock.set(at(WEDNESDAY, "08:20"))  # type: ignore[attr-defined]
    await scan(desk, token)
    assert (await board(desk)).waiting[0].reason is Reason.LATE
    await scan(desk, token, when=at(WEDNESDAY, "07:50"))
    assert (await board(desk)).waiting[0].reason is Reason.BOOKED
    await scan(desk, other, when=at(WEDNESDAY, "23:00"))
    assert {each.entry.arrived_at for each in (await board(desk)).waiting} == {
        at(WEDNESDAY, "07:50"),
        at(WEDNESDAY, "08:20"),
    }


async def test_what_is_no_appointment_here_today_changes_nothing(desk: House, clock: FixedClock) -> None:
    people = await coming(desk, 4)
    [unpaid] = await new_cases(desk)
    held = await hold(desk, unpaid, "09:00")
    await release(desk, people[1][0])
    forged = people[0][1].replace(".", "x.", 1)
    results = await scan(desk, forged, "", people[1][1], appointments.check_in_token(desk, held))
    assert [each.outcome for each in results] == [
        Outcome.NOT_OURS,
        Outcome.NOT_OURS,
        Outcome.NOT_BOOKED,
        Outcome.NOT_BOOKED,
    ]
    [elsewhere] = await scan(desk, people[2][1], unit="JABAR")
    assert (elsewhere.outcome, elsewhere.starts_at) == (Outcome.OTHER_UNIT, at(WEDNESDAY, "08:00"))
    [early] = await scan(desk, people[2][1], when=MORNING - timedelta(days=1))
    assert early.outcome is Outcome.OTHER_DAY
    assert await numbers(desk) == []
    clock.advance(timedelta(days=9))
    [old] = await scan(desk, people[2][1], when=MORNING)
    assert old.outcome is Outcome.NOT_OURS


async def test_a_scan_that_comes_after_the_day_says_that_they_came(desk: House, clock: FixedClock) -> None:
    [(came, token), (stayed_away, _)] = await coming(desk, 2)
    clock.advance(timedelta(days=1, hours=5))
    await jobs.close_days(desk)
    missed = sorted([(MISSED, str(came)), (MISSED, str(stayed_away))])
    assert await told(desk) == missed
    sent = Scan(new_id(), token, at(WEDNESDAY, "07:55"))
    for _ in range(2):
        [result] = await appointments.take_scans(desk, STAFF, UNIT, [sent])
        assert (result.outcome, result.number) == (Outcome.LATE, None)
    assert await told(desk) == [(ATTENDED, str(came)), *missed]
    assert (await booked(desk, came)).state == "attended"  # type: ignore[union-attr]
    assert (await booked(desk, stayed_away)).state == "missed"  # type: ignore[union-attr]


async def test_a_date_that_counts_as_missed_was_kept_if_a_device_says_so(desk: House, clock: FixedClock) -> None:
    [(came, token), (early, _)] = await coming(desk, 2)
    clock.set(at(WEDNESDAY + timedelta(days=1), "08:30"))
    async with desk.db.begin(SYSTEM) as tx:
        await appointments.settle(tx, came, "missed")
        await appointments.settle(tx, came, "missed")
    assert (await booked(desk, came)).state == "missed"  # type: ignore[union-attr]
    [result] = await scan(desk, token, when=at(WEDNESDAY, "07:55"))
    assert result.outcome is Outcome.LATE
    assert (await booked(desk, came)).state == "attended"  # type: ignore[union-attr]
    clock.set(at(WEDNESDAY - timedelta(days=1), "08:00"))
    async with desk.db.begin(SYSTEM) as tx:
        await appointments.settle(tx, early, "attended")
    assert await booked(desk, early) is None, "who came on an earlier day needs the place no more"


async def test_the_qr_stays_good_when_the_appointment_is_moved(desk: House) -> None:
    [(case_id, token)] = await coming(desk, 1)
    async with desk.db.begin(SYSTEM) as tx:
        await appointments.move(tx, case_id, starts_at=at(WEDNESDAY, "11:00"))
    [result] = await scan(desk, token)
    assert result.outcome is Outcome.COUNTED
    assert (await board(desk)).waiting[0].entry.slot_at == at(WEDNESDAY, "11:00")


async def test_devices_that_scan_at_once_count_each_person_once(postgres_desk: House) -> None:
    people = await coming(postgres_desk, 6)
    barrier = asyncio.Barrier(6)
    kept = [Scan(new_id(), token, MORNING) for _, token in people]

    async def device(number: int) -> list[ScanResult]:
        await barrier.wait()
        own = [Scan(new_id(), token, MORNING) for _, token in people] if number % 2 else kept
        return await appointments.take_scans(postgres_desk, STAFF, UNIT, own)

    results = await asyncio.gather(*(device(number) for number in range(6)))
    assert {each.outcome for found in results for each in found} == {Outcome.COUNTED, Outcome.AGAIN}
    assert sorted(await numbers(postgres_desk)) == [f"A00{number}" for number in range(1, 7)]
    assert Counter(await told(postgres_desk)) == Counter((ATTENDED, str(case_id)) for case_id, _ in people)


# --- tickets and calls -----------------------------------------------------------------------------------------------


async def test_booked_walk_in_and_helped_people_stand_in_one_order(desk: House, clock: FixedClock) -> None:
    [(_, token)] = await coming(desk, 1)
    for _ in range(3):
        await ticket(desk)
        clock.advance(timedelta(minutes=1))
    await scan(desk, token)
    elderly = await ticket(desk, Helped.ELDERLY)
    assert elderly.helped == "elderly"
    clock.set(at(WEDNESDAY, "08:05"))
    shown = [(each.entry.number, each.reason) for each in (await board(desk)).waiting]
    assert shown == [
        ("A005", Reason.HELPED),  # due at 07:48
        ("A004", Reason.BOOKED),  # due at 08:00
        *((f"A00{number}", Reason.ARRIVAL) for number in (1, 2, 3)),
    ]
    called = [(await call(desk, counter)).number for counter in "12345"]
    assert called == ["A005", "A004", "A001", "A002", "A003"]
    assert {each.number for each in (await board(desk)).at_counters} == set(called)
    with pytest.raises(Problem, match="queue-nobody-waits"):
        await call(desk, "6")


async def test_a_step_follows_the_other_and_each_is_an_event_and_a_leaf(desk: House, clock: FixedClock) -> None:
    clock.set(MORNING)
    await ticket(desk)
    entry = await call(desk, "Loket 3")
    with pytest.raises(Problem) as busy:
        await call(desk, "Loket 3")
    assert (busy.value.type.code, busy.value.extra["number"]) == ("queue-counter-busy", "A001")
    await step(desk, entry, Step.CALL_AGAIN)
    await step(desk, entry, Step.SERVE)
    with pytest.raises(Problem) as refused:
        await step(desk, entry, Step.ABSENT)
    assert refused.value.extra == {"state": "serving", "allowed_actions": ["finish"]}
    clock.advance(timedelta(minutes=4))
    assert (await step(desk, entry, Step.FINISH)).state == "done"
    with pytest.raises(Problem, match="queue-step-refused"):
        await step(desk, entry, Step.FINISH)
    assert await history(desk, entry) == [
        ("joined", None),
        ("called", None),
        ("called_again", None),
        ("serving", None),
        ("done", None),
    ]
    told_log = await leaves(desk, "queue_event")
    assert [each["what"] for each in told_log] == ["joined", "called", "called_again", "serving", "done"]
    assert {each["number"] for each in told_log} == {"A001"}
    seen = (await board(desk)).pace
    assert (seen.per_person, seen.measured) == (timedelta(minutes=4), True)


async def test_a_jump_needs_a_reason_and_is_recorded_as_one(desk: House, clock: FixedClock) -> None:
    clock.set(MORNING)
    for _ in range(2):
        await ticket(desk)
    with pytest.raises(Problem) as refused:
        await call(desk, number="A002")
    assert refused.value.type.code == "queue-jump-needs-reason"
    assert refused.value.extra == {"next": "A001", "reasons": list(Jump)}
    with pytest.raises(Problem, match="queue-number-not-found"):
        await call(desk, number="A009", reason=Jump.UNWELL)
    jumped = await call(desk, number="A002", reason=Jump.UNWELL)
    assert await history(desk, jumped) == [("joined", None), ("jumped", "unwell")]
    [leaf] = [each for each in await leaves(desk, "queue_event") if each["what"] == "jumped"]
    assert leaf["data"] == {"counter": "1", "calls": 1, "next": "A001", "kinds": []}
    in_turn = await call(desk, "2", number="A001", reason=Jump.UNWELL)
    assert await history(desk, in_turn) == [("joined", None), ("called", None)], "it was its turn: no jump"


async def test_a_counter_calls_only_what_it_does(desk: House, clock: FixedClock) -> None:
    clock.set(MORNING)
    await ticket(desk)
    async with desk.db.begin(STAFF) as tx:
        await appointments.take_ticket(tx, UNIT, kind="driving_test")
    assert (await call(desk, kinds=["driving_test"])).number == "A002"
    with pytest.raises(Problem, match="queue-nobody-waits"):
        await call(desk, "2", kinds=["driving_test"])


async def test_called_in_vain_three_times_is_missed(desk: House, clock: FixedClock) -> None:
    [(case_id, token)] = await coming(desk, 1)
    await scan(desk, token)
    for number in range(3):
        entry = await call(desk)
        assert entry.calls == number + 1
        after = await step(desk, entry, Step.ABSENT)
        clock.advance(timedelta(minutes=10))
    assert after.state == "missed"
    assert await told(desk) == [(ATTENDED, str(case_id)), (MISSED, str(case_id))]
    assert (await booked(desk, case_id)).state == "missed"  # type: ignore[union-attr]
    assert [what for what, _ in await history(desk, entry)].count("absent") == 2


async def test_who_was_called_in_vain_and_comes_back_stands_by_arrival(desk: House, clock: FixedClock) -> None:
    [(case_id, token), (other, _)] = await coming(desk, 2)
    await scan(desk, token)
    clock.set(at(WEDNESDAY, "08:00"))
    for _ in range(3):
        await step(desk, await call(desk), Step.ABSENT)
        clock.advance(timedelta(minutes=10))
    [kept] = await scan(desk, token, when=at(WEDNESDAY, "07:40"))
    assert (kept.outcome, kept.number) == (Outcome.AGAIN, "A001"), "a scan of before that says nothing new"
    assert await numbers(desk) == []
    [back] = await scan(desk, token)
    assert (back.outcome, back.number) == (Outcome.COUNTED, "A002")
    [again] = await scan(desk, token)
    assert (again.outcome, again.number) == (Outcome.AGAIN, "A002")
    assert [(each.entry.number, each.reason) for each in (await board(desk)).waiting] == [("A002", Reason.LATE)]
    assert await told(desk) == [*[(ATTENDED, str(case_id))] * 2, (MISSED, str(case_id))]
    assert (await booked(desk, case_id)).state == "attended"  # type: ignore[union-attr]
    for _ in range(3):
        await step(desk, await call(desk), Step.ABSENT)
        clock.advance(timedelta(minutes=10))
    assert (await ticket(desk, case_id=case_id)).number == "A003", "by the reference as well"
    assert [case for name, case in await told(desk) if name == MISSED] == [str(case_id)] * 2
    entry = await ticket(desk, case_id=other)
    await step(desk, entry, Step.LEAVE)
    assert (await ticket(desk, case_id=other)).number == "A005"


async def test_who_walked_in_and_left_keeps_the_date_that_is_to_come(desk: House, clock: FixedClock) -> None:
    [(case_id, _)] = await coming(desk, 1)
    clock.set(at(WEDNESDAY - timedelta(days=1), "08:00"))
    await ticket(desk, case_id=case_id)
    for _ in range(3):
        await step(desk, await call(desk), Step.ABSENT)
        clock.advance(timedelta(minutes=10))
    assert await told(desk) == []
    assert (await booked(desk, case_id)).state == "confirmed"  # type: ignore[union-attr]


async def test_a_case_has_one_number_and_a_booked_one_is_checked_in(desk: House) -> None:
    [(case_id, token)] = await coming(desk, 1)
    entry = await ticket(desk, case_id=case_id)
    assert entry.slot_at == at(WEDNESDAY, "08:00")
    assert (await ticket(desk, Helped.DISABLED, case_id=case_id)).number == entry.number
    [result] = await scan(desk, token)
    assert (result.outcome, result.number) == (Outcome.AGAIN, entry.number)
    assert await told(desk) == [(ATTENDED, str(case_id))]
    [walk_in] = await new_cases(desk)
    assert (await ticket(desk, case_id=walk_in)).slot_at is None
    with pytest.raises(Problem, match="cases-not-found"):
        await ticket(desk, case_id=new_id())
    async with desk.db.begin(SYSTEM) as tx:
        (await cases.get_locked(tx, walk_in)).unit = "JABAR"
    async with desk.db.begin(STAFF) as tx:
        with pytest.raises(Problem, match="cases-not-found"):
            await appointments.take_ticket(tx, "JATENG", kind=KIND, case_id=walk_in)


async def test_three_before_you_is_told_once(desk: House, clock: FixedClock) -> None:
    people = await coming(desk, 6)
    await scan(desk, *(token for _, token in people))
    near = [case for name, case in await told(desk) if name == QUEUE_NEAR]
    assert near == [], "the first four stand there and see it"
    order = [each.entry.case_id for each in (await board(desk)).waiting]
    for counter in ("1", "2"):
        entry = await call(desk, counter)
        await step(desk, entry, Step.SERVE)
    near = [case for name, case in await told(desk) if name == QUEUE_NEAR]
    assert near == sorted([str(order[4]), str(order[5])])
    async with desk.db.read() as connection:
        mine = await appointments.line_of(connection, order[4], now=clock.now())  # type: ignore[arg-type]
        served = await appointments.line_of(connection, order[0], now=clock.now())  # type: ignore[arg-type]
        assert await appointments.line_of(connection, new_id(), now=clock.now()) is None
    assert isinstance(mine, Line)
    assert mine.before == 2
    assert isinstance(served, EntryView)
    assert served.state == "serving"


async def test_counters_that_call_at_once_call_different_people(postgres_desk: House, clock: FixedClock) -> None:
    clock.set(MORNING)
    for _ in range(8):
        await ticket(postgres_desk)
    barrier = asyncio.Barrier(8)

    async def one(counter: str) -> object:
        async with postgres_desk.db.begin(STAFF) as tx:
            await barrier.wait()
            return await appointments.call_next(tx, UNIT, counter=counter)

    results = await asyncio.gather(*(one(str(number // 2)) for number in range(8)), return_exceptions=True)
    called = [each for each in results if isinstance(each, EntryView)]
    refused = [code(each) for each in results if isinstance(each, BaseException)]
    assert sorted(each.number for each in called) == ["A001", "A002", "A003", "A004"]
    assert {each.counter for each in called} == {"0", "1", "2", "3"}
    assert refused == ["queue-counter-busy"] * 4, "two windows open at one counter"


async def test_numbers_taken_at_once_are_all_different(postgres_desk: House, clock: FixedClock) -> None:
    clock.set(MORNING)
    barrier = asyncio.Barrier(8)

    async def one() -> str:
        async with postgres_desk.db.begin(STAFF) as tx:
            await barrier.wait()
            return (await appointments.take_ticket(tx, UNIT, kind=KIND)).number

    found = await asyncio.gather(*(one() for _ in range(8)))
    assert sorted(found) == [f"A00{number}" for number in range(1, 9)]


# --- what is shown ---------------------------------------------------------------------------------------------------


async def test_expected_times_follow_the_real_pace_and_the_open_counters(desk: House, clock: FixedClock) -> None:
    clock.set(MORNING)
    for _ in range(6):
        await ticket(desk)
    first = await board(desk)
    assert not first.pace.measured
    assert first.waiting[1].expected_at == MORNING + pace.ASSUMED
    for counter in ("1", "2"):
        entry = await call(desk, counter)
        clock.advance(timedelta(minutes=6))
        await step(desk, entry, Step.FINISH)
    seen = await board(desk)
    assert (seen.pace.per_person, seen.pace.counters) == (timedelta(minutes=6), 2)
    assert [each.expected_at - clock.now() for each in seen.waiting] == [timedelta(minutes=3 * n) for n in range(4)]


async def test_real_waiting_times_are_published_by_day_and_hour(desk: House, clock: FixedClock) -> None:
    [(_, token)] = await coming(desk, 1)
    await scan(desk, token)  # half an hour early
    clock.set(at(WEDNESDAY, "08:10"))
    await ticket(desk)
    for counter in ("1", "2"):
        await call(desk, counter)
        clock.advance(timedelta(minutes=55))
    async with desk.db.read() as connection:
        found = await appointments.waiting_times(connection, UNIT, first=WEDNESDAY, last=WEDNESDAY)
        with pytest.raises(Problem, match="days-refused"):
            await appointments.waiting_times(connection, UNIT, first=date.min, last=date.max)
    assert [(each.hour, each.called, each.median_minutes, each.most_minutes) for each in found] == [
        (None, 2, 32, 55),
        (8, 1, 10, 10),  # booked: from the slot on
        (9, 1, 55, 55),
    ]


async def test_a_day_that_is_over_is_emptied(desk: House, clock: FixedClock) -> None:
    clock.set(MORNING)
    for _ in range(3):
        await ticket(desk)
    await step(desk, await call(desk, "1"), Step.SERVE)
    await jobs.close_days(desk)
    assert len(await numbers(desk)) == 2
    clock.set(at(WEDNESDAY + timedelta(days=1), "00:10"))
    assert await numbers(desk) == []
    await jobs.close_days(desk)
    reasons = [(each["what"], each["reason"]) for each in await leaves(desk, "queue_event")]
    assert sorted(each for each in reasons if each[1]) == [
        ("done", "day_over"),
        ("left", "day_over"),
        ("left", "day_over"),
    ]
    assert (await ticket(desk)).number == "A001", "each day begins anew"
