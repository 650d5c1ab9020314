"""The news: proof of arrival, letters that come back, and the daily batch for the post."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.config import Settings
from app.core.house import House
from app.core.problems import Problem
from app.services.notifications import (
    LetterState,
    Medium,
    MessageState,
    MessageView,
    build_channels,
    dispatch_letters,
    find_message,
    letters_of_batch,
    list_batches,
    list_outbox,
    message_by_tracking,
    record_delivery,
    record_return,
)
from app.services.notifications.paper_post import collect_letters
from tests.drain import drain
from tests.services.notifications.samples import MAIL, PAPER, queued, sent

HOME = "Siti Contohwati\nJl. Melati No. 12\nKotacontoh 12430"
UNIT = "POLDA-CONTOH"


async def seen(house: House, message_id: UUID) -> MessageView:
    async with house.db.read() as conn:
        found = await find_message(conn, message_id)
    assert found is not None
    return found


async def test_the_first_proof_stands_and_is_told_once(house: House, clock: FixedClock) -> None:
    message_id = await sent(house, medium=Medium.EMAIL, address=MAIL, tell="notifications.retry_due")
    await drain(house)
    clock.advance(timedelta(days=2))
    first = clock.now() - timedelta(hours=1)
    async with house.db.begin(SYSTEM) as tx:
        assert await record_delivery(tx, message_id, first, "opened")
        assert not await record_delivery(tx, message_id, clock.now(), "provider_receipt")
        assert not await record_return(tx, message_id, "moved")
    view = await seen(house, message_id)
    assert (view.state, view.delivered_at, view.delivery_proof) == (MessageState.DELIVERED, first, "opened")
    assert await queued(house) == [("notifications.retry_due", [str(message_id), "delivered"])]


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
async def test_a_proof_from_the_future_or_before_the_message_is_refused(
    house: House, clock: FixedClock, days: int
) -> None:
    message_id = await sent(house)
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem) as caught:
            await record_delivery(tx, message_id, clock.now() + timedelta(days=days), "carrier_receipt")
    assert caught.value.type.code == "notifications-proof-in-future"


async def test_news_of_an_unknown_message(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:
        for news in (record_delivery(tx, uuid4(), clock.now(), "opened"), record_return(tx, uuid4(), "moved")):
            with pytest.raises(Problem) as caught:
                await news
            assert caught.value.type.status == 404


async def test_a_letter_opened_by_its_reader_has_arrived_even_if_the_post_returned_it(
    house: House, clock: FixedClock
) -> None:
    message_id = await sent(house, medium=Medium.POST, address=HOME)
    await drain(house)
    async with house.db.begin(SYSTEM) as tx:
        assert await record_return(tx, message_id, "nobody-home")
    assert (await seen(house, message_id)).state == MessageState.RETURNED
    async with house.db.begin(SYSTEM) as tx:
        assert await record_delivery(tx, message_id, tx.now, "opened")
    assert (await seen(house, message_id)).state == MessageState.DELIVERED


async def test_letters_leave_in_the_daily_batch_of_their_unit(house: House, clock: FixedClock) -> None:
    ids = [await sent(house, medium=Medium.POST, address=HOME) for _ in range(3)]
    await drain(house)
    await collect_letters(house)
    today = clock.now().date()
    async with house.db.read() as conn:
        (batch,) = await list_batches(conn, UNIT)
        letters = await letters_of_batch(conn, UNIT, today)
        assert await list_batches(conn, "ANOTHER") == []
    assert (batch.batch_on, batch.letters) == (today, 3)
    assert [each.message_id for each in letters] == ids
    assert {each.document for each in letters} == {PAPER}

    clock.advance(timedelta(hours=5))
    async with house.db.begin(SYSTEM) as tx:
        await dispatch_letters(tx, {each.letter_id: f"POS{place}" for place, each in enumerate(letters)})
    async with house.db.read() as conn:
        assert await list_batches(conn, UNIT) == []
        assert await message_by_tracking(conn, "POS1") == ids[1]
    assert (await seen(house, ids[0])).sent_at == clock.now()

    clock.advance(timedelta(days=2))
    async with house.db.begin(SYSTEM) as tx:
        await record_delivery(tx, ids[1], tx.now, "carrier_receipt")
        await record_return(tx, ids[2], "moved")
    async with house.db.read() as conn:
        states = [each.state for each in await letters_of_batch(conn, UNIT, today)]
    assert states == [LetterState.DISPATCHED, LetterState.DELIVERED, LetterState.RETURNED]


async def test_a_late_letter_joins_and_an_old_batch_keeps_its_day(house: House, clock: FixedClock) -> None:
    await sent(house, medium=Medium.POST, address=HOME)
    await drain(house)
    await collect_letters(house)
    await collect_letters(house)
    clock.advance(timedelta(days=1))
    await sent(house, medium=Medium.POST, address=HOME)
    await drain(house)
    await collect_letters(house)
    async with house.db.read() as conn:
        assert [each.letters for each in await list_batches(conn, UNIT)] == [1, 1]


async def test_a_letter_is_dispatched_once(house: House) -> None:
    await sent(house, medium=Medium.POST, address=HOME)
    await drain(house)
    await collect_letters(house)
    async with house.db.begin(SYSTEM) as tx:
        (letter,) = await letters_of_batch(await tx.session.connection(), UNIT, tx.now.date())
        await dispatch_letters(tx, {letter.letter_id: None})
        with pytest.raises(Problem) as caught:
            await dispatch_letters(tx, {letter.letter_id: "POS1"})
        assert caught.value.type.code == "notifications-letter-state"
        with pytest.raises(Problem):
            await dispatch_letters(tx, {uuid4(): "POS1"})


async def test_the_outbox_shows_letters_with_their_paper(house: House) -> None:
    await sent(house, medium=Medium.POST, address=HOME)
    await drain(house)
    async with house.db.read() as conn:
        (shown,) = await list_outbox(conn, house.keys)
    assert (shown.medium, shown.document, shown.to) == ("post", PAPER, HOME)


def test_production_has_no_local_outbox() -> None:
    production = Settings(_env_file=None, env="production")  # type: ignore[call-arg]
    channels = build_channels(production)
    assert [medium for medium in Medium if channels.find(medium) is None] == [
        Medium.WHATSAPP,
        Medium.SMS,
        Medium.EMAIL,
    ]


def test_settings_choose_the_channels() -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        smtp_url="smtp://127.0.0.1:2525",
        message_gateway_url="http://127.0.0.1:9",
    )
    channels = build_channels(settings)
    assert {medium.value: getattr(channels.find(medium), "name", None) for medium in Medium} == {
        "whatsapp": "http",
        "sms": "http",
        "email": "smtp",
        "post": "post",
    }
