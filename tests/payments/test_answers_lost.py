"""A bank that was told nothing of its payment is asked what became of it, unless it repeats itself and is answered."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.routers import snap
from app.services.billing.models import Bill
from app.services.billing.snap import client_jobs
from app.services.billing.snap.models import ANSWER_LOST, BankStatusQuestion
from tests.banks import PAYMENT, join_bank, open_test_bill
from tests.conftest import open_house
from tests.drain import drain
from tests.payments.books import BOOKED, Books, beside, booked, heard, server_of
from tests.payments.test_failure_cases_d import rename
from tests.payments.wire import PostgresWire, Wire
from tests.services.billing.fake_bank import connected


async def noted() -> None:
    """Until every note of a lost answer is written."""
    await asyncio.gather(*snap.NOTING)


async def questions(house) -> list[BankStatusQuestion]:
    async with house.db.begin(SYSTEM) as tx:
        return list((await tx.session.execute(select(BankStatusQuestion))).scalars())


async def test_a_bank_that_repeats_itself_is_not_asked(house, clock, bank, bill, books):
    await rename(house, "snap_payments", "snap_payments_away")
    heard(await bank.pay(bill.customer_no, "R1"), "5002500")
    heard(await bank.inquire(bill.customer_no, "R1"), "2002400", flag="00")
    await rename(house, "snap_payments_away", "snap_payments")
    await noted()
    [asked] = await questions(house)
    assert (asked.client_id, asked.subject, asked.reason) == (bank.client_id, "R1", ANSWER_LOST)
    assert (asked.virtual_account_no, asked.bill_id) == (bank.partner + bill.customer_no, bill.id)
    assert asked.next_at == asked.opened_at + timedelta(minutes=5)
    await books.look()
    booked(await bank.pay(bill.customer_no, "R2"))  # another payment answers nothing about the first
    assert [each.outcome for each in await questions(house)] == [None]
    heard(await bank.pay(bill.customer_no, "R1"), "4042514", flag="01")
    [closed] = await questions(house)
    assert (closed.outcome, closed.next_at, closed.closed_at) == ("repeated", None, clock.now())
    await books.changed(**{**BOOKED, "external_ids": 2})
    clock.advance(timedelta(hours=1))
    await client_jobs.ask_due(house)
    assert await drain(house) == []
    assert await books.incidents() == []


async def test_refusals_and_inquiries_open_no_question(house, bank, bill, books):
    heard(await bank.pay(bill.customer_no, "R1", 1), "4042513", flag="01")
    heard(await bank.pay(bill.customer_no, "R1", secret="guess"), "4012500", about="[Signature]")
    await rename(house, "snap_inquiries", "snap_inquiries_away")
    heard(await bank.inquire(bill.customer_no, "R1"), "5002400")
    await rename(house, "snap_inquiries_away", "snap_inquiries")
    await noted()
    await books.changed(external_ids=1)


async def test_a_bank_that_does_not_repeat_itself_is_asked_and_a_difference_is_a_persons(
    postgres_house, tmp_path, clock
):
    async with (
        PostgresWire(postgres_house.db.url) as wire,
        open_house(wire.url, tmp_path, clock) as far,
        server_of(far) as client,
    ):
        bank = await (await join_bank(postgres_house, client)).sign_in()
        bill = await open_test_bill(postgres_house)
        books = await Books.open(postgres_house)
        wire.state = Wire.CUT_AFTER_COMMIT
        heard(await bank.pay(bill.customer_no, "R1"), "5002500")
        await noted()
        await books.changed(**BOOKED, questions=1)
    clock.advance(timedelta(minutes=5))
    async with connected(postgres_house, bank.client_id) as fake:  # which knows of no payment
        await client_jobs.ask_due(postgres_house)
        assert (await drain(postgres_house))[0] == "billing.ask_again"
        assert [each["paymentRequestId"] for each in fake.asked] == ["R1"]
    assert await books.incidents() == ["bank_says_not_paid"]
    await books.hold(BC=250_000, TD=-250_000)  # and nothing is booked on an answer alone


async def test_a_bank_that_hangs_up_while_we_work_is_asked(house, bank, bill, books):
    async with server_of(house) as client:
        call = asyncio.create_task(hang_up(client, bank, bill))
        async with house.db.begin(SYSTEM) as tx:
            await tx.session.execute(select(Bill).with_for_update())
            await asyncio.wait([call], timeout=snap.IMPATIENT_AFTER_S + 0.2)
        assert await call == 200
    await noted()
    await books.changed(**BOOKED, questions=1)
    [asked] = await questions(house)
    assert (asked.subject, asked.outcome) == ("R1", None)


async def hang_up(client, bank, bill) -> int:
    """Pay, and be gone before the answer comes; returns the status that nobody hears."""
    requests = []
    client.event_hooks["request"].append(lambda request: capture(requests, request))
    with pytest.raises(_Captured):
        await beside(bank, client).pay(bill.customer_no, "R1")
    [request] = requests
    body, status = [request.content], []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": "POST",
        "path": PAYMENT, "raw_path": PAYMENT.encode(), "query_string": b"", "root_path": "",
        "server": ("test", 80), "client": ("127.0.0.1", 1), "headers": request.headers.raw,
    }  # fmt: skip
    scope["headers"] = [(name.lower(), value) for name, value in scope["headers"]]

    async def receive():
        return {"type": "http.request", "body": body.pop()} if body else {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await client._transport.app(scope, receive, send)
    return status[0]


class _Captured(Exception):
    """The request is in hand; it need not go on its way."""


async def capture(requests, request):
    requests.append(request)
    raise _Captured
