"""Failure cases 31 to 43: wrong or awkward payments."""

import asyncio
from datetime import timedelta

import pytest

from app.core.actor import SYSTEM, Actor, ActorKind
from app.services import billing, cases, etle
from app.services.billing import incidents
from app.services.billing.snap.times import bank_day
from app.services.billing.treasury import overdue, remittances
from tests import make
from tests.banks import INQUIRY, PAYMENT, open_test_bill
from tests.payments.books import BOOKED, NOT_FOUND, booked, heard

SENIOR = Actor(ActorKind.STAFF, "senior", frozenset({"senior_officer"}), unit="PMJ")
COURT = Actor(ActorKind.STAFF, "court", frozenset({"court"}), unit="PMJ")
PROSECUTOR = Actor(ActorKind.STAFF, "prosecutor", frozenset({"prosecutor"}), unit="PMJ")
TREASURERS = [Actor(ActorKind.STAFF, f"finance-{n}", frozenset({"finance"}), unit="PMJ") for n in (1, 2)]


async def cancel(house, bill):
    async with house.db.begin(SYSTEM) as tx:
        await billing.cancel_bill(tx, bill.id, "dibatalkan")


def in_money(bank, bill, **paid):
    money = {"value": "250000.00", "currency": "IDR", **paid}
    return {**bank.payment_body(bill.customer_no, "R1"), "paidAmount": money, "totalAmount": money}


@pytest.mark.parametrize(
    "paid",
    [{"value": "249999.00"}, {"value": "250001.00"}, {"value": "250000.50"}, {"value": "0.00"}, {"currency": "USD"}],
)
async def test_case_31_another_amount_or_currency(bank, bill, books, paid):
    heard(await bank.call(PAYMENT, in_money(bank, bill, **paid)), "4042513", flag="01")
    await books.changed(external_ids=1)
    assert await books.state(bill) == "open"
    await books.hold()


async def test_case_31_a_total_that_is_not_what_was_paid(bank, bill, books):
    body = bank.payment_body(bill.customer_no, "R1", totalAmount={"value": "250001.00", "currency": "IDR"})
    heard(await bank.call(PAYMENT, body), "4042513", flag="01")
    await books.changed(external_ids=1)
    await books.hold()


async def test_case_32_what_is_no_amount(bank, bill, books):
    for value in (
        "abc",
        "",
        " ",
        "-250000.00",
        "+250000.00",
        "1e4",
        "1,000.00",
        "250.000,00",
        "٢٥٠٠٠٠",
        "２５００００",
        250000,
        250000.0,
        True,
        [],
        {},
        "99999999999999999.00",
        "250000.001",
        "250000.",
        ".50",
        "0x10",
        "250000\n",
    ):
        answer = await bank.call(PAYMENT, in_money(bank, bill, value=value))
        heard(answer, "4002501", about="paidAmount.value")
    heard(await bank.call(PAYMENT, in_money(bank, bill, value=None)), "4002502", about="paidAmount.value")
    heard(await bank.call(PAYMENT, in_money(bank, bill, currency="idr")), "4002501", about="paidAmount.currency")
    body = bank.payment_body(bill.customer_no, "R1", paidAmount="250000.00")
    heard(await bank.call(PAYMENT, body), "4002501", about="paidAmount")
    heard(await bank.call(PAYMENT, {**body, "paidAmount": None}), "4002502", about="paidAmount")
    await books.changed()
    await books.hold()


async def test_case_33_unknown_bills_all_look_the_same(house, bank, ticket, bill, books):
    async with house.db.begin(SENIOR) as tx:
        await etle.decide(tx, ticket.case_id, etle.Decision(action="annul", reason="Kamera salah lokasi."))
    cancelled = await open_test_bill(house)
    await cancel(house, cancelled)
    wrong_digit = bill.customer_no[:-1] + str((int(bill.customer_no[-1]) + 1) % 10)
    await books.look()
    said = []
    for number in (ticket.customer_no, cancelled.customer_no, wrong_digit, "1000000008", "1"):
        inquiry = heard(await bank.inquire(number, "R1"), "4042412", flag="01", about=NOT_FOUND)
        payment = heard(await bank.pay(number, "R1"), "4042512", flag="01", about=NOT_FOUND)
        for body in (inquiry, payment):
            for field in ("customerNo", "virtualAccountNo"):
                assert number in body["virtualAccountData"].pop(field)
        said.append((inquiry, payment))
    assert all(each == said[0] for each in said)
    await books.changed(external_ids=10)
    await books.hold()


async def test_case_34_a_paid_bill_and_another_payer(bank, other, bill, books):
    booked(await bank.pay(bill.customer_no, "R1"))
    await books.changed(**BOOKED)
    for payer in (bank, other):
        heard(await payer.inquire(bill.customer_no, "R2"), "4042414", flag="01")
        heard(await payer.pay(bill.customer_no, "R2"), "4042514", flag="01")
        body = payer.payment_body(bill.customer_no, "R3", channelCode=6010)
        heard(await payer.call(PAYMENT, body, CHANNEL_ID="95251"), "4042514", flag="01")
        heard(await payer.pay(bill.customer_no, "R4", 1), "4042514", flag="01")
    await books.changed(external_ids=8)
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_35_two_payers_at_the_same_instant(bank, other, bill, books):
    payers = [bank, other]
    answers = await asyncio.gather(*(payers[n % 2].pay(bill.customer_no, f"R{n}") for n in range(10)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    booked(won[0])
    for answer in answers:
        if answer is not won[0]:
            heard(answer, "4042514", flag="01")
    await books.changed(**{**BOOKED, "external_ids": 10})
    await books.hold(BC=250_000, TD=-250_000)


@pytest.mark.parametrize("swept", [False, True])
async def test_case_36_expired_at_inquiry_and_at_payment(house, clock, bank, bill, books, swept):
    clock.advance(timedelta(days=7))
    await bank.sign_in()
    if swept:
        async with house.db.begin(SYSTEM) as tx:
            assert await billing.expire(tx) == 1
    heard(await bank.inquire(bill.customer_no, "R1"), "4042419", flag="01")
    heard(await bank.pay(bill.customer_no, "R1"), "4042519", flag="01")
    await books.changed(external_ids=2)
    await books.hold()


@pytest.mark.parametrize("swept", [False, True])
async def test_case_37_inquired_before_the_end_paid_after_it(house, clock, bank, bill, books, swept):
    never_inquired = await open_test_bill(house)
    clock.advance(timedelta(days=7, seconds=-10))
    await bank.sign_in()
    heard(await bank.inquire(bill.customer_no, "R1"), "2002400", flag="00")
    clock.advance(timedelta(seconds=15))
    if swept:
        async with house.db.begin(SYSTEM) as tx:
            assert await billing.expire(tx) == 2
    await books.changed(external_ids=1, inquiries=1)
    heard(await bank.inquire(bill.customer_no, "R9"), "4042419", flag="01")
    heard(await bank.pay(never_inquired.customer_no, "R2"), "4042519", flag="01")
    heard(await bank.pay(bill.customer_no, "R3"), "4042519", flag="01")  # not this payment's inquiry
    heard(await bank.pay(bill.customer_no, "R1", 1), "4042513", flag="01")
    await books.changed(external_ids=4)
    body = bank.payment_body(bill.customer_no, "R1", trxDateTime="2026-03-09T09:59:58+07:00")
    assert booked(await bank.call(PAYMENT, body))["virtualAccountData"]["trxDateTime"] == "2026-03-09T09:59:58+07:00"
    await books.changed(**BOOKED)
    async with house.db.read() as connection:
        paid = await billing.bill_by_id(connection, bill.id)
    assert (paid.state, paid.paid_at) == ("paid", clock.now())  # dated by our commit
    await books.hold(BC=250_000, TD=-250_000)


@pytest.mark.parametrize(
    ("minutes", "late_s", "honoured"), [(10, 599, True), (10, 600, False), (3, 179, True), (3, 180, False)]
)
async def test_case_37_how_long_is_the_rule_of_the_unit(house, clock, bank, bill, books, minutes, late_s, honoured):
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(billing.Bill, bill.id)
        assert row is not None
        assert row.grace_minutes in (None, 10)  # the national policy's
        row.grace_minutes = minutes
    clock.advance(timedelta(days=7, seconds=-10))
    await bank.sign_in()
    heard(await bank.inquire(bill.customer_no, "R1"), "2002400", flag="00")
    clock.advance(timedelta(seconds=10 + late_s))
    await bank.sign_in()
    await books.look()
    answer = await bank.pay(bill.customer_no, "R1")
    if honoured:
        booked(answer)
        await books.changed(**BOOKED)
    else:
        heard(answer, "4042519", flag="01")
        await books.changed(external_ids=1)
    await books.hold(**({"BC": 250_000, "TD": -250_000} if honoured else {}))


async def test_case_38_the_amount_changed_between_inquiry_and_payment(house, clock, bank, ticket, books):
    """A change cancels the account and makes a new bill, so that no account ever asks for two amounts."""
    async with house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, ticket.case_id, fine=70_000, cost=2_000)
    async with house.db.read() as connection:
        new = await billing.bill_of(connection, ticket.case_id)
    assert new is not None
    number = new.virtual_accounts[0].customer_no
    assert (new.amount, number != ticket.customer_no) == (72_000, True)
    await books.look()
    heard(await bank.pay(ticket.customer_no, "R1", 72_000), "4042512", flag="01", about=NOT_FOUND)
    heard(await bank.pay(ticket.customer_no, "R1", ticket.bill.amount), "4042512", flag="01", about=NOT_FOUND)
    heard(await bank.pay(number, "R1", ticket.bill.amount), "4042513", flag="01")
    await books.changed(external_ids=3)
    await books.hold()
    booked(await bank.pay(number, "R1", 72_000))
    assert await make.state_of(house, ticket.case_id) == "settled"
    await books.hold(BC=72_000, RV=-72_000)


async def test_case_39_a_payment_without_any_inquiry(bank, ticket, books):
    booked(await bank.pay(ticket.customer_no, "R1", ticket.bill.amount))
    await books.changed(**BOOKED, events=1, receipts=1, messages=1, jobs=1)
    await books.hold(BC=ticket.bill.amount, TD=-ticket.bill.amount)


async def test_case_40_the_case_is_annulled_while_the_bank_asks(house, bank, ticket, books):
    heard(await bank.inquire(ticket.customer_no, "R1"), "2002400", flag="00")
    async with house.db.begin(SENIOR) as tx:
        await etle.decide(tx, ticket.case_id, etle.Decision(action="annul", reason="Kamera salah lokasi."))
    await books.look()
    heard(await bank.inquire(ticket.customer_no, "R2"), "4042412", flag="01", about=NOT_FOUND)
    heard(await bank.pay(ticket.customer_no, "R2", ticket.bill.amount), "4042512", flag="01", about=NOT_FOUND)
    heard(await bank.pay(ticket.customer_no, "R1", 1), "4042513", flag="01")
    await books.changed(external_ids=3)
    first = await bank.pay(ticket.customer_no, "R1", ticket.bill.amount)
    booked(first)
    assert (await bank.pay(ticket.customer_no, "R1", ticket.bill.amount)).content == first.content
    assert await books.incidents() == ["paid_after_cancel"]
    assert await make.state_of(house, ticket.case_id) == "annulled"
    async with house.db.read() as connection:
        [refund] = await billing.refunds_of(connection, ticket.case_id)
        kinds = [task.kind for task in await cases.tasks_of(connection, ticket.case_id)]
    assert (refund.amount, refund.state) == (ticket.bill.amount, "owed")
    assert "unexpected_payment" in kinds  # a person decides
    await books.hold(BC=ticket.bill.amount, RF=-ticket.bill.amount)


async def test_case_40_the_case_is_closed_while_the_bank_asks(house, bank, ticket, books):
    """Its fine was paid at the prosecutor's office."""
    async with house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, ticket.case_id, fine=70_000, cost=2_000)
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, ticket.case_id)
    number = bill.virtual_accounts[0].customer_no
    heard(await bank.inquire(number, "R1"), "2002400", flag="00")
    async with house.db.begin(PROSECUTOR) as tx:
        await etle.decide(tx, ticket.case_id, etle.Decision(action="record_payment", reason="Dibayar di kejaksaan."))
    await books.look()
    heard(await bank.inquire(number, "R2"), "4042412", flag="01", about=NOT_FOUND)
    heard(await bank.pay(number, "R2", 72_000), "4042512", flag="01", about=NOT_FOUND)
    await books.changed(external_ids=2)
    booked(await bank.pay(number, "R1", 72_000))
    assert (await books.came("incidents"), await books.came("refunds"), await books.came("payments")) == (1, 1, 1)
    assert await books.incidents() == ["paid_after_cancel"]
    assert await make.state_of(house, ticket.case_id) == "settled"
    async with house.db.read() as connection:
        [refund] = await billing.refunds_of(connection, ticket.case_id)
        kinds = [task.kind for task in await cases.tasks_of(connection, ticket.case_id)]
    assert (refund.amount, refund.state) == (72_000, "owed")
    assert "unexpected_payment" in kinds  # a person decides
    await books.hold(BC=72_000, RF=-72_000)


async def test_case_40_the_case_is_before_the_court_while_the_bank_asks(house, bank, ticket, books):
    """Whoever objects to a ticket is heard by the court (UU 22/2009 art. 267): its verdict puts another bill in the place."""
    heard(await bank.inquire(ticket.customer_no, "R1"), "2002400", flag="00")
    async with house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, ticket.case_id, fine=70_000, cost=2_000)
    await books.look()
    heard(await bank.inquire(ticket.customer_no, "R2"), "4042412", flag="01", about=NOT_FOUND)
    heard(await bank.pay(ticket.customer_no, "R2", ticket.bill.amount), "4042512", flag="01", about=NOT_FOUND)
    await books.changed(external_ids=2)
    booked(await bank.pay(ticket.customer_no, "R1", ticket.bill.amount))
    await books.changed(**{**BOOKED, "entries": 2, "lines": 4}, incidents=1, refunds=1)
    assert await books.incidents() == ["paid_after_cancel"]
    assert await make.state_of(house, ticket.case_id) == "decided"  # what the court asks is still to be paid
    await books.hold(BC=ticket.bill.amount, RF=-ticket.bill.amount)


async def test_case_40_outside_of_the_grace(house, clock, bank, bill, books):
    heard(await bank.inquire(bill.customer_no, "R1"), "2002400", flag="00")
    await cancel(house, bill)
    clock.advance(timedelta(minutes=10))
    await books.look()
    heard(await bank.pay(bill.customer_no, "R1"), "4042512", flag="01", about=NOT_FOUND)
    await books.changed(external_ids=1)
    await books.hold()


@pytest.mark.parametrize(
    "members",
    [
        {"customerNo": int},
        {"subCompany": None, "hashedSourceAccountNo": "", "paymentType": 1, "additionalInfo": None},
        {"unheardOf": {"deep": [1, 2, {"x": None}]}, "billDetails": None, "freeTexts": []},
        {"billDetails": [{"billNo": str(n), "billAmount": {"value": "1.00", "currency": "IDR"}} for n in range(24)]},
        {"trxDateTime": "20201231T235959Z", "referenceNo": {"x": "\x00"}, "totalAmount": None, "flagAdvise": 7},
        {"totalAmount": {"value": "", "currency": ""}, "additionalInfo": []},
        {"totalAmount": [], "billDetails": [], "freeTexts": None},
        {"virtualAccountName": "\ud800\x00", "virtualAccountEmail": "x" * 5000, "paidBills": "95000"},
    ],
)
async def test_case_41_odd_but_harmless_fields(bank, bill, books, members):
    given = {name: value(bill.customer_no) if value is int else value for name, value in members.items()}
    inquiry = {**bank.inquiry_body(bill.customer_no, "R1"), **given}
    inquiry.pop("totalAmount", None)
    heard(await bank.call(INQUIRY, inquiry), "2002400", flag="00")
    data = booked(await bank.call(PAYMENT, {**bank.payment_body(bill.customer_no, "R1"), **given}))[
        "virtualAccountData"
    ]
    assert data["customerNo"] == bill.customer_no
    await books.changed(**{**BOOKED, "external_ids": 2, "inquiries": 1})
    await books.hold(BC=250_000, TD=-250_000)


async def test_case_42_the_verdict_is_lower_than_the_deposit(house, clock, bank, ticket, books):
    amount = ticket.bill.amount
    booked(await bank.pay(ticket.customer_no, "R1", amount))
    async with house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, ticket.case_id, fine=100_000, cost=2_000)
    await books.hold(BC=amount, RV=-102_000, RF=102_000 - amount)
    async with house.db.read() as connection:
        [refund] = await billing.refunds_of(connection, ticket.case_id)
    assert (refund.amount, refund.state) == (amount - 102_000, "owed")
    clock.advance(timedelta(days=364))
    await cases.sweep(house)
    await books.hold(BC=amount, RV=-102_000, RF=102_000 - amount)
    clock.advance(timedelta(days=3))
    await cases.sweep(house)
    await books.hold(BC=amount, RV=-102_000, TR=102_000 - amount)
    async with house.db.read() as connection:
        [refund] = await billing.refunds_of(connection, ticket.case_id)
    assert refund.state == "forfeited"


async def test_case_43_paid_and_not_remitted(house, clock, bank, books):
    """The bank and the citizen hear that it is paid; whether the treasury has it is another question, and an alarm."""
    bill = await open_test_bill(house, purpose="fee", amount=200_000, title="STNK uji")
    await books.look()
    booked(await bank.pay(bill.customer_no, "R1", 200_000))
    await books.changed(**BOOKED)
    await books.hold(BC=200_000, PF=-200_000)
    clock.advance(timedelta(days=1, minutes=-1))
    await overdue.raise_alarms(house)
    await books.changed()
    clock.advance(timedelta(days=6))
    for _ in range(2):  # one alarm, however often it is looked
        await overdue.raise_alarms(house)
    await books.changed(incidents=1)
    assert await books.incidents() == ["paid_not_remitted"]
    assert await books.state(bill) == "paid"
    await bank.sign_in()
    heard(await bank.status(bill.customer_no, "R1"), "2002600", flag="00")
    await books.changed(external_ids=1)

    first, second = TREASURERS
    proof = remittances.read_numbers(
        "treasury", billing_code="820260302465628", ntb="123456789012", ntpn="0A1B2C3D4E5F6G7H", transfer_no=""
    )
    async with house.db.begin(first) as tx:
        day = bank_day(tx.now)
        [found] = [await remittances.record(tx, "PMJ", "treasury", proof, amount=200_000, remitted_on=day, until=day)]
    await books.changed()
    await books.hold(BC=200_000, PF=-200_000)
    async with house.db.begin(second) as tx:
        await remittances.confirm(tx, found, "PMJ")
    await books.changed(entries=1, lines=2)
    await books.hold(BC=200_000, BA=-200_000)
    await overdue.raise_alarms(house)
    async with house.db.read() as connection:
        open_ones = await incidents.list_incidents(connection, first, closed=False, limit=10)
        [closed] = await incidents.list_incidents(connection, first, closed=True, limit=10)
    assert (open_ones, closed.closed_by, closed.facts["amount"]) == ([], "system", 200_000)
    await books.changed()
