"""What banks ask at their door, over HTTP, on both engines: inquiry, payment, status. Each failure case has its test in
`tests/payments`; here is what they do not look at."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.services import billing
from app.services.billing.models import (
    Bill,
    LedgerEntry,
    PaymentIncident,
    SnapInquiry,
    SnapPayment,
)
from tests.banks import (
    INQUIRY,
    PAYMENT,
    STATUS,
    Bank,
    code,
    flag,
    join_bank,
    open_test_bill,
)


@pytest.fixture
async def bank(house, client) -> Bank:
    return await (await join_bank(house, client)).sign_in()


@pytest.fixture
async def bill(house):
    return await open_test_bill(house)


async def count(house, model) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def state_of(house, bill) -> str:
    async with house.db.read() as connection:
        return (await connection.execute(select(Bill.state).where(Bill.id == bill.id))).scalar_one()


async def assert_sound(house, entries: int) -> None:
    report = await billing.ledger_check(house)
    assert report.faults == ()
    assert report.entries == entries


async def incidents(house) -> list[str]:
    async with house.db.read() as connection:
        return list((await connection.execute(select(PaymentIncident.kind))).scalars())


# --- inquiry --------------------------------------------------------------------------------------------------------------


async def test_an_inquiry_tells_the_bill_and_nothing_personal(house, bank, bill):
    answer = await bank.inquire(bill.customer_no, "R1")
    assert flag(answer) == ("2002400", "00")
    data = answer.json()["virtualAccountData"]
    assert data["totalAmount"] == {"value": "250000.00", "currency": "IDR"}
    assert data["virtualAccountName"] == "Tilang uji"
    assert data["virtualAccountTrxType"] == "C"
    assert data["inquiryRequestId"] == "R1"
    assert {name: data[name] for name in bank.account("")} == bank.account(bill.customer_no)
    assert await count(house, SnapInquiry) == 1
    await assert_sound(house, entries=0)


async def test_accounts_are_found_in_every_spelling_and_echoed(bank, bill):
    number = bank.partner + bill.customer_no
    spellings = [
        (bank.partner, bill.customer_no, number),
        (bank.partner.zfill(8), bill.customer_no, number.zfill(20)),
        (bank.partner.rjust(8), number, number),
        (bank.partner.rjust(8), int(bill.customer_no), bank.partner.rjust(8) + bill.customer_no),
    ]
    for fields in spellings:
        body = dict(zip(("partnerServiceId", "customerNo", "virtualAccountNo"), fields, strict=True))
        answer = await bank.call(INQUIRY, {**body, "inquiryRequestId": "R1"})
        assert flag(answer) == ("2002400", "00")
        assert answer.json()["virtualAccountData"]["customerNo"] == str(fields[1])
    disagreeing = {**bank.account(bill.customer_no), "virtualAccountNo": number[:-1] + "0", "inquiryRequestId": "R1"}
    if disagreeing["virtualAccountNo"] == number:
        disagreeing["virtualAccountNo"] = number[:-1] + "1"
    assert code(await bank.call(INQUIRY, disagreeing)) == "4002401"


@pytest.mark.parametrize("name", ["partnerServiceId", "customerNo", "virtualAccountNo", "inquiryRequestId"])
@pytest.mark.parametrize(
    ("value", "case"),
    [
        (None, "02"),
        ("", "02"),
        ([], "01"),
        (True, "01"),
        ("\x00", "01"),
        ("\ud800", "01"),
        ("x" * 129, "01"),
        (1.5, "01"),
    ],
)
async def test_fields_that_are_missing_or_misshapen(bank, bill, name, value, case):
    answer = await bank.call(INQUIRY, {**bank.inquiry_body(bill.customer_no, "R1"), name: value})
    assert code(answer) == f"40024{case}"
    assert name in answer.json()["responseMessage"] or name != "inquiryRequestId"


async def test_unknown_bills_all_look_the_same(house, bank, bill):
    cancelled = await open_test_bill(house)
    async with house.db.begin(SYSTEM) as tx:
        await billing.cancel_bill(tx, cancelled.id, "dibatalkan")
    wrong_digit = bill.customer_no[:-1] + str((int(bill.customer_no[-1]) + 1) % 10)
    bodies = []
    for number in (cancelled.customer_no, wrong_digit, "100000000008", "1"):
        inquiry, payment = await bank.inquire(number, "R1"), await bank.pay(number, "R1")
        assert (flag(inquiry), flag(payment)) == (("4042412", "01"), ("4042512", "01"))
        body = inquiry.json()
        for field in bank.account(""):
            body["virtualAccountData"].pop(field)
        bodies.append(body)
    assert all(body == bodies[0] for body in bodies)
    await assert_sound(house, entries=0)


async def test_a_payment_is_booked_before_the_answer(house, bank, bill):
    assert code(await bank.inquire(bill.customer_no, "R1")) == "2002400"
    answer = await bank.pay(bill.customer_no, "R1")
    assert flag(answer) == ("2002500", "00")
    data = answer.json()["virtualAccountData"]
    assert data["paidAmount"] == data["totalAmount"] == {"value": "250000.00", "currency": "IDR"}
    assert (data["paymentRequestId"], data["referenceNo"]) == ("R1", "00113696201")
    assert await state_of(house, bill) == "paid"
    report = await billing.ledger_check(house)
    assert report.sound
    assert report.balances == {f"BC:{bank.client_id}": 250_000, "TD": -250_000}


async def test_a_refused_payment_is_judged_afresh(house, bank, bill):
    for _ in range(2):
        assert flag(await bank.pay(bill.customer_no, "R1", 249_999, external_id="1")) == ("4042513", "01")
    assert flag(await bank.pay(bill.customer_no, "R1", external_id="1")) == ("2002500", "00")
    await assert_sound(house, entries=1)


# --- payment: C, wrong or awkward ------------------------------------------------------------------------------------------------


async def test_optional_nonsense_is_no_reason_to_refuse(house, bank, bill):
    body = bank.payment_body(
        bill.customer_no, "R1", trxDateTime="20201231T235959Z", referenceNo={"x": "\x00"}, totalAmount=None
    )
    answer = await bank.call(PAYMENT, {**body, "virtualAccountName": "\ud800\x00", "flagAdvise": 7})
    assert flag(answer) == ("2002500", "00")
    assert answer.json()["virtualAccountData"]["trxDateTime"] == "20201231T235959Z"
    assert answer.json()["virtualAccountData"]["referenceNo"] == ""


@pytest.mark.parametrize("swept", [False, True])
async def test_grace_for_a_payment_whose_inquiry_came_in_time(house, clock, bank, swept):
    bill, other = await open_test_bill(house, days=1 / 24), await open_test_bill(house, days=1 / 24)
    clock.advance(timedelta(minutes=59, seconds=50))
    await bank.sign_in()
    assert flag(await bank.inquire(bill.customer_no, "R1")) == ("2002400", "00")
    clock.advance(timedelta(seconds=15))
    if swept:
        async with house.db.begin(SYSTEM) as tx:
            assert await billing.expire(tx) == 2
    assert flag(await bank.pay(other.customer_no, "R2")) == ("4042519", "01")  # never inquired
    assert flag(await bank.pay(bill.customer_no, "R3")) == ("4042519", "01")  # not this payment's inquiry
    assert flag(await bank.pay(bill.customer_no, "R1")) == ("2002500", "00")
    assert await state_of(house, bill) == "paid"
    await assert_sound(house, entries=1)


async def test_grace_ends(house, clock, bank):
    bill = await open_test_bill(house, days=1 / 24)
    clock.advance(timedelta(minutes=59))
    await bank.sign_in()
    assert flag(await bank.inquire(bill.customer_no, "R1")) == ("2002400", "00")
    clock.advance(timedelta(minutes=11))
    assert flag(await bank.pay(bill.customer_no, "R1")) == ("4042519", "01")


async def test_a_bill_cancelled_between_inquiry_and_payment_is_booked_and_owed_back(house, clock, bank, bill):
    assert flag(await bank.inquire(bill.customer_no, "R1")) == ("2002400", "00")
    async with house.db.begin(SYSTEM) as tx:
        await billing.cancel_bill(tx, bill.id, "perkara dibatalkan")
    assert flag(await bank.inquire(bill.customer_no, "R2")) == ("4042412", "01")
    assert flag(await bank.pay(bill.customer_no, "R3")) == ("4042512", "01")
    assert flag(await bank.pay(bill.customer_no, "R1")) == ("2002500", "00")
    assert flag(await bank.pay(bill.customer_no, "R1")) == ("2002500", "00")
    assert await incidents(house) == ["paid_after_cancel"]
    report = await billing.ledger_check(house)
    assert report.sound
    assert report.balances == {f"BC:{bank.client_id}": 250_000, "RF": -250_000, "TD": 0}


async def test_a_reversed_payment_is_not_confirmed_again(house, bank, bill):
    await bank.pay(bill.customer_no, "R1")
    async with house.db.begin(SYSTEM) as tx:
        await billing.reverse_payment(tx, bill.id, "bank membalik")
    assert await state_of(house, bill) == "open"
    assert flag(await bank.pay(bill.customer_no, "R1")) == ("4042512", "01")
    assert code(await bank.status(bill.customer_no, "R1")) == "4042601"
    assert flag(await bank.pay(bill.customer_no, "R2")) == ("2002500", "00")
    await assert_sound(house, entries=3)


# --- status ------------------------------------------------------------------------------------------------------------------------


async def test_status(house, client, bank, bill):
    other = await (await join_bank(house, client, name="Bank Lain", profile="mandiri")).sign_in()
    await bank.inquire(bill.customer_no, "R1")
    assert code(await bank.status(bill.customer_no, "R1")) == "4042601"
    await bank.pay(bill.customer_no, "R1")
    answer = await bank.status(bill.customer_no, "R1")
    assert flag(answer) == ("2002600", "00")
    assert answer.json()["virtualAccountData"]["paidAmount"] == {"value": "250000.00", "currency": "IDR"}
    by_payment_id = await bank.call(STATUS, {**bank.account(bill.customer_no), "paymentRequestId": "R1"})
    assert flag(by_payment_id) == ("2002600", "00")
    assert code(await bank.status(bill.customer_no, "R9")) == "4042601"
    assert code(await other.status(bill.customer_no, "R1")) == "4042601"
    assert code(await bank.status("100000000008", "R1")) == "4042612"
    assert code(await bank.call(STATUS, bank.account(bill.customer_no))) == "4002602"


# --- the whole truth ---------------------------------------------------------------------------------------------------------------


async def test_replaying_the_whole_log_changes_nothing(house, bank):
    bills = [await open_test_bill(house) for _ in range(3)]
    log = []
    for place, each in enumerate(bills):
        for answer in (
            await bank.inquire(each.customer_no, f"R{place}"),
            await bank.pay(each.customer_no, f"R{place}", 1),
            await bank.pay(each.customer_no, f"R{place}"),
        ):
            log.append(answer.request)
    before = await count(house, LedgerEntry)
    for request in log:
        again = await bank.client.send(request)
        assert again.status_code in (200, 404)
    assert before == await count(house, LedgerEntry) == 3
    confirmed = await count(house, SnapPayment)
    assert confirmed == 3
    await assert_sound(house, entries=3)
