"""Failure cases 20 to 30: one payment, told more than once. One entry, and always the first answer."""

import asyncio
import json
from datetime import timedelta

import pytest

from app.services import billing
from app.services.billing import jobs
from tests.banks import PAYMENT, join_bank, open_test_bill
from tests.drain import drain
from tests.payments.books import BOOKED, NOT_FOUND, booked, heard

ONCE_TOLD = {**BOOKED, "events": 1, "receipts": 1, "messages": 1, "jobs": 1}
"""What the payment of a ticket leaves, once: beside the booking its event, its receipt, and the message to the payer."""


@pytest.fixture
async def bca(house, client):
    """A bank that wants to hear 4042518 when it repeats itself."""
    return await (await join_bank(house, client, name="BCA", profile="bca")).sign_in()


async def test_case_20_exact_duplicate(house, clock, bank, ticket, books):
    first = await bank.pay(ticket.customer_no, "R1", ticket.bill.amount, external_id="1")
    booked(first)
    await books.changed(**ONCE_TOLD)
    for minutes in (1, 4):
        clock.advance(timedelta(minutes=minutes))
        again = await bank.call(PAYMENT, json.loads(first.request.content), external_id="1")
        booked(again)
        assert again.content == first.content
    await books.changed()
    assert await drain(house) == ["notifications.deliver"]
    await books.hold(BC=ticket.bill.amount, TD=-ticket.bill.amount)


async def test_case_20_at_a_bank_that_wants_inconsistent(bca, bill, books):
    first = await bca.pay(bill.customer_no, "R1", external_id="1")
    booked(first)
    await books.changed(**BOOKED)
    again = heard(await bca.pay(bill.customer_no, "R1", external_id="1"), "4042518", flag="00")
    assert again["virtualAccountData"] == first.json()["virtualAccountData"]
    await books.changed()
    assert await books.incidents() == []
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_21_a_new_external_id_advice_or_not_another_time(bank, bill, books):
    body = bank.payment_body(bill.customer_no, "R1")
    first = await bank.call(PAYMENT, body)
    booked(first)
    await books.changed(**BOOKED)
    repeats = [
        {**body, "flagAdvise": "Y", "trxDateTime": "2026-03-02T10:05:00+07:00"},
        {**body, "flagAdvise": "N", "trxDateTime": "2026-03-02T10:06:00+07:00"},
        {**body, "referenceNo": "99", "channelCode": "6010"},
        {**body, "partnerServiceId": bank.partner, "customerNo": int(bill.customer_no)},
        dict(reversed(body.items())),
        {name: value for name, value in body.items() if name not in ("flagAdvise", "totalAmount", "trxDateTime")},
    ]
    for repeat in repeats:
        again = await bank.call(PAYMENT, repeat)
        booked(again)
        assert again.content == first.content
    await books.changed(external_ids=len(repeats))
    await books.hold(BC=250_000, TD=-250_000)


@pytest.mark.parametrize("same_external_id", [True, False])
async def test_case_22_twenty_duplicates_at_once(bank, ticket, books, same_external_id):
    answers = await asyncio.gather(
        *(
            bank.pay(ticket.customer_no, "R1", ticket.bill.amount, external_id="7" if same_external_id else f"7{n}")
            for n in range(20)
        )
    )
    for answer in answers:
        booked(answer)
    assert len({answer.content for answer in answers}) == 1
    await books.changed(**{**ONCE_TOLD, "external_ids": 1 if same_external_id else 20})
    await books.hold(BC=ticket.bill.amount, TD=-ticket.bill.amount)


async def test_case_22_at_a_bank_that_wants_inconsistent(bca, bill, books):
    answers = await asyncio.gather(*(bca.pay(bill.customer_no, "R1") for _ in range(20)))
    first = [answer for answer in answers if answer.status_code == 200]
    assert len(first) == 1
    booked(first[0])
    for answer in answers:
        if answer is not first[0]:
            assert heard(answer, "4042518", flag="00")["virtualAccountData"] == first[0].json()["virtualAccountData"]
    await books.changed(**{**BOOKED, "external_ids": 20})
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_23_advice_before_its_original(bank, ticket, books):
    body = bank.payment_body(ticket.customer_no, "R1", ticket.bill.amount)
    advice = await bank.call(PAYMENT, {**body, "flagAdvise": "Y"})
    booked(advice)
    await books.changed(**ONCE_TOLD)
    late = await bank.call(PAYMENT, body)
    booked(late)
    assert late.content == advice.content
    await books.changed(external_ids=1)
    await books.hold(BC=ticket.bill.amount, TD=-ticket.bill.amount)


async def test_case_24_advice_for_a_payment_that_was_refused(bank, bill, books):
    body = bank.payment_body(bill.customer_no, "R1", 249_999)
    first = heard(await bank.call(PAYMENT, body), "4042513", flag="01")
    advice = heard(await bank.call(PAYMENT, {**body, "flagAdvise": "Y"}), "4042513", flag="01")
    assert advice == first
    await books.changed(external_ids=2)
    await books.hold()
    booked(await bank.pay(bill.customer_no, "R1"))  # only booked results are final
    await books.changed(**BOOKED)


@pytest.mark.parametrize(
    "paid", [{"value": "1.00"}, {"value": "250000.50"}, {"currency": "USD"}, {"value": "250001.00", "currency": "SGD"}]
)
async def test_case_25_the_same_id_with_another_amount(bank, bill, books, paid):
    first = await bank.pay(bill.customer_no, "R1")
    booked(first)
    await books.changed(**BOOKED)
    money = {"value": "250000.00", "currency": "IDR", **paid}
    body = {**bank.payment_body(bill.customer_no, "R1"), "paidAmount": money, "totalAmount": money}
    for _ in range(2):
        again = heard(await bank.call(PAYMENT, body), "4042518", flag="00")
        assert again["virtualAccountData"] == first.json()["virtualAccountData"]
    await books.changed(external_ids=2, incidents=1)
    assert await books.incidents() == ["same_payment_other_amount"]
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_26_the_same_id_for_another_account(house, bank, bill, books):
    another = await open_test_bill(house)
    booked(await bank.pay(bill.customer_no, "R1"))
    await books.changed(**BOOKED)
    for number, amount in ((another.customer_no, 250_000), (another.customer_no, 1), ("1000000008", 250_000)):
        heard(await bank.pay(number, "R1", amount), "4042512", flag="01", about=NOT_FOUND)
    await books.changed(external_ids=3, incidents=1)
    assert await books.incidents() == ["same_payment_other_account"]
    assert await books.state(another) == "open"
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_27_the_same_external_id_for_another_payment(house, bank, bill, books):
    another = await open_test_bill(house)
    first = await bank.pay(bill.customer_no, "R1", external_id="7")
    booked(first)
    await books.changed(**BOOKED)
    heard(await bank.pay(another.customer_no, "R2", external_id="7"), "4092500", flag="01")
    heard(await bank.pay(bill.customer_no, "R2", external_id="7"), "4092500", flag="01")
    await books.changed()
    assert (await bank.pay(bill.customer_no, "R1", external_id="7")).content == first.content
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_28_the_id_of_last_month_for_a_new_bill(house, clock, bank, bill, books):
    booked(await bank.pay(bill.customer_no, "R1"))
    clock.advance(timedelta(days=31))
    await next(job for job in jobs.JOBS if job.name == "billing.forget").run(house)
    await bank.sign_in()
    new = await open_test_bill(house)
    await books.look()
    heard(await bank.pay(new.customer_no, "R1"), "4042512", flag="01", about=NOT_FOUND)
    heard(await bank.pay(bill.customer_no, "R1", 1), "4042518", flag="00")
    booked(await bank.pay(bill.customer_no, "R1"))
    await books.changed(external_ids=3, incidents=2)
    assert sorted(await books.incidents()) == ["same_payment_other_account", "same_payment_other_amount"]
    assert await books.state(new) == "open"
    await books.hold(BC=250_000, TD=-250_000)


@pytest.mark.parametrize("spelling", ["250000", "250000.0", "0250000.00"])
async def test_case_29_a_duplicate_with_the_amount_in_another_spelling(bank, bill, books, spelling):
    first = await bank.pay(bill.customer_no, "R1")
    again = await bank.pay(bill.customer_no, "R1", spelling)
    booked(again)
    assert again.content == first.content
    await books.changed(**{**BOOKED, "external_ids": 2})
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_30_two_banks_use_the_same_id(house, bank, other, bill, books):
    theirs = await open_test_bill(house, amount=99_000)
    ours, others = await asyncio.gather(
        bank.pay(bill.customer_no, "R1", external_id="1"), other.pay(theirs.customer_no, "R1", 99_000, external_id="1")
    )
    booked(ours)
    booked(others)
    assert ours.content != others.content
    await books.changed(**{name: 2 * count for name, count in BOOKED.items()})
    heard(await other.pay(bill.customer_no, "R2"), "4042514", flag="01")
    heard(await other.pay(bill.customer_no, "R1"), "4042512", flag="01", about=NOT_FOUND)
    report = await billing.ledger_check(house)
    assert report.balances[f"BC:{bank.client_id}"] == 250_000
    assert report.balances[f"BC:{other.client_id}"] == 99_000
    await books.hold(BC=349_000, TD=-349_000)
