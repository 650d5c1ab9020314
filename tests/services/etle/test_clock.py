"""The legal clock: it runs from proven delivery, never from sending, and every deadline has its consequence."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from app.core.actor import Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.jobs import GIVEN_UP_AFTER
from app.core.problems import Problem
from app.services import cases, etle
from app.services.etle import blocks, letters
from app.services.etle.jobs import print_letter
from app.services.etle.models import Block, DispatchDay, Letter, LetterMessage, Ticket
from app.services.etle.store import party_in_role
from app.services.etle.times import end_of_day, session_after
from app.services.reference import DeliveryProof
from tests import make
from tests.drain import drain

JAKARTA = ZoneInfo("Asia/Jakarta")


def test_days_are_calendar_days_of_the_place_to_their_last_second() -> None:
    late = datetime(2026, 3, 2, 23, 30, tzinfo=JAKARTA)
    assert end_of_day(late, 8, "WIB") == datetime(2026, 3, 10, 23, 59, 59, tzinfo=JAKARTA)
    # The same instant is already the third of March in Papua.
    assert end_of_day(late, 8, "WIT").date().day == 11


def test_the_session_is_the_next_such_weekday_after_the_lead() -> None:
    monday = datetime(2026, 3, 2, 10, 0, tzinfo=JAKARTA)
    session = session_after(monday, weekday=5, lead_days=7, zone="WIB")
    assert (session.date().isoformat(), session.hour) == ("2026-03-13", 8)


async def _due(house: House, case_id: UUID) -> dict[str, datetime]:
    async with house.db.read() as connection:
        return await cases.due_times(connection, case_id)


async def _letter(house: House, case_id: UUID) -> Letter:
    async with house.db.begin(make.SYSTEM) as tx:
        found = (await tx.session.execute(select(Letter).where(Letter.case_id == case_id))).scalars().first()
    assert found is not None
    return found


async def _without_proof(house: House) -> UUID:
    """A letter that has left and of whose arrival nothing is known."""
    case_id = await make.verified(house)
    await letters.dispatch_waiting(house)
    assert await make.state_of(house, case_id) == "letter_sent"
    return case_id


async def _all_fail(house: House) -> None:
    """Every message that carries a letter has failed by now."""
    async with house.db.begin(make.SYSTEM) as tx:
        ids = (await tx.session.execute(select(LetterMessage.message_id))).scalars().all()
    for message_id in ids:
        await letters.note_delivery(house, str(message_id), "failed")


async def test_nothing_is_due_before_delivery_is_proven(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await _without_proof(house)
    due = await _due(house, case_id)
    assert "etle.answer_due" not in due
    clock.advance(timedelta(days=30))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "undelivered", "never unanswered"


async def test_the_owner_has_five_days_from_delivery_however_late_the_letter(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await _without_proof(house)
    clock.advance(timedelta(days=7))
    letter = await _letter(house, case_id)
    async with house.db.begin(make.SYSTEM) as tx:
        row = await tx.session.get(Letter, letter.id)
        assert row is not None
        assert await letters.prove_delivery(
            tx, row, at=tx.now, channel="whatsapp", proof=DeliveryProof.PROVIDER_RECEIPT
        )
    due = (await _due(house, case_id))["etle.answer_due"].astimezone(JAKARTA)
    assert due.date() == (clock.now().astimezone(JAKARTA) + timedelta(days=5)).date()
    clock.set(due - timedelta(minutes=1))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "letter_sent"
    clock.set(due + timedelta(minutes=1))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "unanswered"


async def test_a_proof_that_the_policy_does_not_take_proves_nothing(house: House) -> None:
    await make.demo_set(house)
    case_id = await _without_proof(house)
    letter = await _letter(house, case_id)
    async with house.db.begin(make.SYSTEM) as tx:
        row = await tx.session.get(Letter, letter.id)
        assert row is not None
        counted = await letters.prove_delivery(
            tx, row, at=tx.now, channel="email", proof=DeliveryProof.PROVIDER_RECEIPT
        )
    assert not counted
    assert "etle.answer_due" not in await _due(house, case_id)


async def test_the_daily_quota_is_kept_and_the_oldest_goes_first(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    newer = await make.verified(house, location="Simpang baru")
    older = await make.verified(house, location="Simpang lama", at=clock.now() - timedelta(hours=20))
    async with house.db.begin(make.SYSTEM) as tx:
        today = clock.now().astimezone(JAKARTA).date()
        tx.session.add(DispatchDay(polda_code="PMJ", day=today, sent=799))
    await letters.dispatch_waiting(house)
    assert await make.state_of(house, older) == "letter_sent"
    assert await make.state_of(house, newer) == "verified"
    clock.advance(timedelta(days=1))
    await letters.dispatch_waiting(house)
    assert await make.state_of(house, newer) == "letter_sent"


async def test_letters_that_somebody_waits_for_leave_and_are_counted(house: House, clock: FixedClock) -> None:
    """The driver's letter is not refused by a full day, and what it took is missing for the first letters."""
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    other = await make.verified(house, location="Simpang lain")
    today = clock.now().astimezone(JAKARTA).date()

    async def sent(*, to: int | None = None) -> int:
        async with house.db.begin(make.SYSTEM) as tx:
            day = await tx.session.get(DispatchDay, ("PMJ", today))
            assert day is not None
            day.sent = day.sent if to is None else to
            return day.sent

    assert await sent(to=799) == 799
    async with house.db.begin(make.owner_of(case_id)) as tx:
        await etle.answer_letter(tx, case_id, etle.LetterAnswer("other_driver", person=make.DRIVER))
    assert await sent() == 800
    await letters.dispatch_waiting(house)
    assert await make.state_of(house, other) == "verified"
    async with house.db.begin(make.SYSTEM) as tx:
        driver = await party_in_role(tx, case_id, "driver")
    assert driver is not None
    async with house.db.begin(Actor(ActorKind.CITIZEN, str(driver.id), frozenset({"driver"}), case_id=case_id)) as tx:
        await etle.answer_as_driver(tx, case_id, "decline_driving")
    assert (await sent(), await make.state_of(house, case_id)) == (801, "letter_sent")


async def test_what_waits_for_a_second_officer_fills_no_batch(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    doubtful = await make.case_of(house, await make.capture(house, location="Simpang tua"), confidence=0.3)
    assert doubtful is not None
    officer = await make.officer_of(house, doubtful)
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, doubtful, etle.Decision(action="start_review"))
        await etle.decide(tx, doubtful, etle.Decision(action="verify", registry_matches=True, reason="cocok"))
    younger = await make.verified(house, at=clock.now() - timedelta(minutes=1))
    async with house.db.begin(make.SYSTEM) as tx:
        assert [case_id for case_id, _ in await letters._waiting(tx, "PMJ")] == [younger]
    async with house.db.begin(await make.other_officer(house, officer)) as tx:
        await etle.decide(tx, doubtful, etle.Decision(action="endorse"))
    async with house.db.begin(make.SYSTEM) as tx:
        assert [case_id for case_id, _ in await letters._waiting(tx, "PMJ")] == [doubtful, younger]


async def test_a_letter_that_has_not_left_in_time_is_a_senior_officers_work(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.verified(house)

    async def work() -> list[str]:
        async with house.db.begin(make.SYSTEM) as tx:
            return [task.kind for task in await cases.tasks_of(tx.session, case_id)]

    clock.advance(timedelta(days=3))
    await cases.sweep(house)
    assert await work() == []
    clock.advance(timedelta(days=1))
    await cases.sweep(house)
    assert await work() == ["late_letter"]
    await letters.dispatch_waiting(house)
    assert (await make.state_of(house, case_id), await work()) == ("letter_sent", [])


async def test_the_night_s_block_proposals_are_listed_in_the_morning(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    due = (await _due(house, case_id))["etle.answer_due"].astimezone(JAKARTA)
    morning = datetime(due.year, due.month, due.day, 6, tzinfo=JAKARTA) + timedelta(days=1)
    clock.set(due + timedelta(minutes=1))
    await cases.sweep(house)

    async def listed() -> int:
        async with house.db.read() as connection:
            return len(await etle.list_proposed(connection, "PMJ", now=clock.now(), limit=10))

    assert await listed() == 0, "one batch a day, at the policy's hour"
    clock.set(morning - timedelta(seconds=1))
    assert await listed() == 0
    clock.set(morning)
    assert await listed() == 1
    clock.set(morning + timedelta(hours=18, minutes=30))  # the next night: what was listed stays so
    assert await listed() == 1


async def test_a_block_that_is_lifted_too_late_is_counted_and_asked_for_again(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    async with house.db.begin(make.SYSTEM) as tx:
        about: dict[str, Any] = {"case_id": case_id, "vehicle_id": "CONTOH-001", "plate": make.PLATE, "unit": "PMJ"}
        about |= {"reason": "mark_overdue", "proposed_at": tx.now}
        tx.session.add(Block(**about, state="lifting", lift_asked_at=tx.now))
        tx.session.add(Block(**about, state="signed", signed_at=tx.now))

    async def late() -> int:
        async with house.db.read() as connection:
            return await etle.late_lifts(connection, clock.now())

    clock.advance(timedelta(seconds=59))
    assert await late() == 0
    clock.advance(timedelta(seconds=2))
    assert await late() == 1
    await blocks.ask_again(house)
    assert await drain(house) == [], "its own job has still tries left"
    clock.advance(GIVEN_UP_AFTER)
    await blocks.ask_again(house)
    assert {"etle.lift_block", "etle.set_block"} <= set(await drain(house))
    async with house.db.read() as connection:
        assert {each.state for each in await blocks.blocks_of_case(connection, case_id)} == {"lifted", "set"}


async def test_a_polda_whose_quota_is_full_does_not_hold_up_another(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    full = await make.verified(house, at=clock.now() - timedelta(hours=5))
    async with house.db.begin(make.SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, full)
        assert ticket is not None
        tx.session.add(DispatchDay(polda_code="PMJ", day=clock.now().astimezone(JAKARTA).date(), sent=800))
    other = await make.verified(house, location="Simpang Dago, Bandung")
    async with house.db.begin(make.SYSTEM) as tx:
        await tx.session.execute(update(Ticket).where(Ticket.case_id == other).values(polda_code="JABAR"))
    await letters.dispatch_waiting(house)
    assert await make.state_of(house, full) == "verified"
    assert await make.state_of(house, other) == "letter_sent"


async def test_a_violation_whose_letter_never_left_expires(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.verified(house)
    clock.advance(timedelta(days=90))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "expired_unsent"


async def test_when_every_channel_fails_a_person_finds_another_address(house: House) -> None:
    await make.demo_set(house)
    case_id = await _without_proof(house)
    await _all_fail(house)
    assert await make.state_of(house, case_id) == "letter_sent", "the paper is still being printed"
    await print_letter(house, str((await _letter(house, case_id)).id))
    await _all_fail(house)
    assert await make.state_of(house, case_id) == "undelivered"
    officer = await make.officer_of(house, case_id)
    async with house.db.begin(officer) as tx:
        await etle.correct_address(tx, case_id, address="Jalan Baru 5, Jakarta", phone="+6281200000009")
    await letters.dispatch_waiting(house)
    assert await make.state_of(house, case_id) == "letter_sent"


async def test_a_doubtful_reading_waits_for_a_second_officer(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house), confidence=0.4, doubtful=True)
    assert case_id is not None
    first = await make.officer_of(house, case_id)
    async with house.db.begin(first) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        await etle.decide(tx, case_id, etle.Decision(action="verify", registry_matches=True, reason="cocok"))
    await drain(house)
    assert await make.state_of(house, case_id) == "verified"
    with pytest.raises(Problem, match="cases-four-eyes"):
        async with house.db.begin(first) as tx:
            await etle.decide(tx, case_id, etle.Decision(action="endorse"))
    async with house.db.begin(await make.other_officer(house, first)) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="endorse"))
    await drain(house)
    assert await make.state_of(house, case_id) == "letter_sent"


async def test_a_block_is_proposed_once_signed_and_withdrawn_when_paid_before_signing(
    house: House, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    clock.advance(timedelta(days=25))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "payment_overdue"
    await make.pay(house, case_id)
    await drain(house)
    async with house.db.begin(make.SYSTEM) as tx:
        states = (await tx.session.execute(select(Block.state))).scalars().all()
    assert states == ["withdrawn"]
    vehicle = await house[make.registries.VehicleRegistry].find(make.PLATE)
    assert vehicle is not None
    assert not vehicle.blocked


async def test_silence_is_admitted_only_after_the_policy_s_time(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    clock.advance(timedelta(days=20))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "unanswered"
    officer = await make.officer_of(house, case_id)
    with pytest.raises(Problem, match="etle-silence-is-not-admission"):
        async with house.db.begin(officer) as tx:
            await etle.decide(tx, case_id, etle.Decision(action="issue_tilang"))
    clock.advance(timedelta(days=60))
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="issue_tilang"))
    assert await make.state_of(house, case_id) == "tilang_issued"


async def test_an_old_case_keeps_the_policy_it_was_stamped_with(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    before = await _due(house, case_id)
    async with house.db.begin(make.SYSTEM) as tx:
        await tx.session.execute(update(Ticket).where(Ticket.case_id == case_id).values(resend=False))
    assert await _due(house, case_id) == before
