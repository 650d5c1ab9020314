"""A message's way: committed with its cause, sent once, tried again, and its outcome told."""

import asyncio
import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.core import vault
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import UPSTREAM_UNAVAILABLE
from app.services.notifications import (
    Medium,
    MessageState,
    Outcome,
    OutgoingMessage,
    Recipient,
    Result,
    find_message,
    list_outbox,
    messages_of,
    record_delivery,
    send,
)
from app.services.notifications.models import Message, OutboxMessage
from app.services.notifications.sending import LEASE, PAUSES, deliver, retry_due
from app.services.transparency import check_codes
from tests.drain import drain
from tests.services.notifications.samples import ABOUT, MAIL, PHONE, SAMPLES, queued, sent, with_channel

LETTER = "etle_letter_sent"


class Carrier:
    """A channel whose answers are laid out beforehand; the last one stays."""

    name = "test"

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.answers = list(answers) or [Outcome(Result.SENT)]
        self.taken: list[OutgoingMessage] = []

    async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
        self.taken.append(message)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def state_of(house: House, message_id: object) -> MessageState:
    async with house.db.read() as conn:
        found = await find_message(conn, message_id)  # type: ignore[arg-type]
    assert found is not None
    return found.state


async def row_of(house: House, message_id: object) -> Message:
    async with house.db.begin(SYSTEM) as tx:
        return (await tx.session.execute(select(Message).where(Message.id == message_id))).scalar_one()  # type: ignore[arg-type]


async def test_a_message_to_a_telephone_is_delivered_in_the_local_outbox(house: House) -> None:
    message_id = await sent(house)
    assert await drain(house) == ["notifications.deliver"]
    assert await state_of(house, message_id) == MessageState.DELIVERED
    async with house.db.read() as conn:
        (shown,) = await list_outbox(conn, house.keys, to="0812-3000-0001")
        assert await list_outbox(conn, house.keys, to="0812-3000-0002") == []
    assert shown.to == PHONE
    assert "B 1234 XYZ" in shown.text
    assert shown.check_code in shown.text


async def test_the_code_of_a_message_is_known_to_the_public_check(house: House) -> None:
    row = await row_of(house, await sent(house))
    async with house.db.read() as conn:
        item = await check_codes.find(conn, row.check_code)
    assert item is not None
    assert (item.kind, item.unit, item.about) == ("message", "POLDA-CONTOH", ABOUT)


async def test_nothing_readable_is_stored(house: House) -> None:
    await sent(house, template="one_time_code")
    await sent(house)
    await drain(house)
    async with house.db.read() as conn:
        tables = [Message.__table__, OutboxMessage.__table__]  # type: ignore[attr-defined]
        stored = str([(await conn.execute(select(table))).all() for table in tables])
    for secret in (PHONE, "81230000001", "B 1234 XYZ", "493817", "Jl. Contoh"):
        assert secret not in stored


async def test_a_message_exists_exactly_if_its_cause_does(house: House) -> None:
    async def send_and_fail() -> None:
        async with house.db.begin(SYSTEM) as tx:
            to = Recipient(await vault.key_for_person(tx, None), Medium.SMS, PHONE)
            await send(tx, to=to, template=LETTER, params=SAMPLES[LETTER], unit="U", about=ABOUT)
            raise RuntimeError("the cause failed")

    with pytest.raises(RuntimeError):
        await send_and_fail()
    assert await queued(house) == []
    async with house.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM messages"))).scalar_one() == 0
        assert (await conn.execute(text("SELECT count(*) FROM check_codes"))).scalar_one() == 0


async def test_many_workers_hand_a_message_over_once(house: House) -> None:
    carrier = Carrier()
    house = with_channel(house, carrier)
    message_id = await sent(house)
    await asyncio.gather(*(deliver(house, str(message_id)) for _ in range(6)))
    assert len(carrier.taken) == 1
    assert await state_of(house, message_id) == MessageState.SENT
    await deliver(house, str(message_id))
    assert len(carrier.taken) == 1


async def test_a_message_is_tried_again_with_growing_pauses_and_then_fails(house: House, clock: FixedClock) -> None:
    carrier = Carrier(Outcome(Result.LATER, error="busy"))
    house = with_channel(house, carrier)
    message_id = await sent(house)
    await drain(house)
    for attempt, pause in enumerate(PAUSES, 1):
        assert len(carrier.taken) == attempt
        clock.advance(pause - timedelta(seconds=1))
        await retry_due(house)
        await drain(house)
        assert len(carrier.taken) == attempt
        clock.advance(timedelta(seconds=1))
        await retry_due(house)
        await drain(house)
    assert len(carrier.taken) == len(PAUSES) + 1
    assert {message.id for message in carrier.taken} == {message_id}
    assert await state_of(house, message_id) == MessageState.FAILED


async def test_an_upstream_that_is_down_means_later(house: House, clock: FixedClock) -> None:
    house = with_channel(house, Carrier(UPSTREAM_UNAVAILABLE(name="gateway"), Outcome(Result.SENT)))
    message_id = await sent(house)
    await drain(house)
    assert await state_of(house, message_id) == MessageState.QUEUED
    assert (await row_of(house, message_id)).last_error == "upstream-unavailable"
    clock.advance(PAUSES[0])
    await retry_due(house)
    await drain(house)
    assert await state_of(house, message_id) == MessageState.SENT


async def test_a_worker_that_dies_while_sending_loses_nothing(house: House, clock: FixedClock) -> None:
    carrier = Carrier(RuntimeError("killed"), Outcome(Result.SENT))
    house = with_channel(house, carrier)
    message_id = await sent(house)
    with pytest.raises(RuntimeError):
        await deliver(house, str(message_id))
    await deliver(house, str(message_id))
    assert len(carrier.taken) == 1, "taken up before the lease was over"
    clock.advance(LEASE)
    await retry_due(house)
    await drain(house)
    assert await state_of(house, message_id) == MessageState.SENT


async def test_a_job_that_was_lost_is_found_by_the_sweep(house: House, clock: FixedClock) -> None:
    message_id = await sent(house)
    schema = "dbos." if house.db.dialect == "postgresql" else ""
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(text(f"UPDATE {schema}workflow_status SET status = 'CANCELLED'"))
    clock.advance(LEASE)
    await retry_due(house)
    await drain(house)
    assert await state_of(house, message_id) == MessageState.DELIVERED


async def test_a_refusal_is_final_and_told(house: House) -> None:
    house = with_channel(house, Carrier(Outcome(Result.REFUSED, error="smtp-550")))
    message_id = await sent(house, tell="notifications.retry_due")
    await deliver(house, str(message_id))
    assert await state_of(house, message_id) == MessageState.FAILED
    assert ("notifications.retry_due", [str(message_id), "failed"]) in await queued(house)


async def test_a_medium_without_a_channel_fails_and_says_so(house: House) -> None:
    house = with_channel(house, None)
    message_id = await sent(house)
    await drain(house)
    row = await row_of(house, message_id)
    assert (row.state, row.last_error) == (MessageState.FAILED, "no-channel")


async def test_a_one_time_code_is_forgotten_when_sent_and_never_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    carrier = Carrier()
    house = with_channel(house, carrier)
    message_id = await sent(house, template="one_time_code")
    await drain(house)
    row = await row_of(house, message_id)
    assert (row.params_enc, row.address_enc) == (None, None)
    assert "493817" in carrier.taken[0].text
    assert "493817" not in repr(carrier.taken[0])
    assert PHONE not in repr(carrier.taken[0])
    assert "493817" not in caplog.text


async def test_a_one_time_code_is_not_sent_late(house: House, clock: FixedClock) -> None:
    carrier = Carrier(Outcome(Result.LATER), Outcome(Result.SENT))
    house = with_channel(house, carrier)
    message_id = await sent(house, template="one_time_code", valid_until=clock.now() + timedelta(seconds=50))
    await drain(house)
    clock.advance(PAUSES[0])
    await retry_due(house)
    await drain(house)
    row = await row_of(house, message_id)
    assert (len(carrier.taken), row.state, row.last_error) == (1, MessageState.FAILED, "too-late")
    assert row.params_enc is None


async def test_an_erased_person_gets_no_message(house: House) -> None:
    carrier = Carrier()
    house = with_channel(house, carrier)
    message_id = await sent(house)
    async with house.db.begin(SYSTEM) as tx:
        await vault.destroy(tx, (await tx.session.execute(select(Message.key_id))).scalar_one())  # type: ignore[call-overload]
    await drain(house)
    assert carrier.taken == []
    assert (await row_of(house, message_id)).last_error == "person-erased"


async def test_an_erased_person_is_gone_from_the_outbox_too(house: House) -> None:
    await sent(house)
    await drain(house)
    async with house.db.begin(SYSTEM) as tx:
        await vault.destroy(tx, (await tx.session.execute(select(OutboxMessage.key_id))).scalar_one())  # type: ignore[call-overload]
    async with house.db.read() as conn:
        (shown,) = await list_outbox(conn, house.keys)
    assert (shown.to, shown.text) == ("", "")


async def test_news_of_the_delivery_may_be_faster_than_the_carriers_answer(house: House) -> None:
    class QuickPhone(Carrier):
        async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
            async with house.db.begin(SYSTEM) as tx:
                await record_delivery(tx, message.id, tx.now, "provider_receipt")
            return Outcome(Result.SENT)

    house = with_channel(house, QuickPhone())
    message_id = await sent(house)
    await drain(house)
    assert await state_of(house, message_id) == MessageState.DELIVERED


async def test_the_language_is_the_readers(house: House) -> None:
    await sent(house, address=MAIL, medium=Medium.EMAIL, lang="en")
    await drain(house)
    async with house.db.read() as conn:
        (shown,) = await list_outbox(conn, house.keys, to="SITI@example.test ")
    assert shown.subject == "ETLE confirmation letter for B 1234 XYZ"
    assert "Monday, 2 March 2026" in shown.text


async def test_mail_in_the_outbox_is_sent_but_not_proven(house: House) -> None:
    message_id = await sent(house, address=MAIL, medium=Medium.EMAIL)
    await drain(house)
    assert await state_of(house, message_id) == MessageState.SENT


async def test_the_messages_of_a_case(house: House) -> None:
    case_id = uuid4()
    first, second = await sent(house, case_id=case_id), await sent(house, case_id=case_id, template="etle_reminder")
    await sent(house)
    async with house.db.read() as conn:
        found = await messages_of(conn, case_id)
    assert [(each.id, each.template) for each in found] == [(first, LETTER), (second, "etle_reminder")]


async def test_a_letter_without_its_paper_is_our_mistake(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        to = Recipient(await vault.key_for_person(tx, None), Medium.POST, "Siti\nJl. Contoh 1")
        with pytest.raises(ValueError, match="needs the document"):
            await send(tx, to=to, template=LETTER, params=SAMPLES[LETTER], unit="U", about=ABOUT)
