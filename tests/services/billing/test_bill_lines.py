"""Several lines on one bill: PNBP, PKB and SWDKLLJ are paid together, booked apart, and given back apart."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.core.actor import SYSTEM
from app.core.ids import new_id
from app.core.problems import Problem
from app.core.texts import Text
from app.services import billing
from app.services.billing import ledger
from app.services.billing.accounts import FEES_DUE, JASA_RAHARJA, bapenda, kind_of
from app.services.billing.models import Bill, BillLine, LedgerLine
from tests.banks import join_bank

PKB = bapenda("DKI Jakarta")
LINES = (
    billing.LineOf("STNK_R4_5Y", Text("Penerbitan STNK", "Registration certificate"), FEES_DUE, 200_000),
    billing.LineOf("TNKB_R4", Text("Pelat nomor", "Number plates"), FEES_DUE, 100_000),
    billing.LineOf("PKB", Text("Pajak kendaraan bermotor", "Vehicle tax"), PKB, 3_150_000),
    billing.LineOf("SWDKLLJ_R4", Text("SWDKLLJ", "Accident contribution"), JASA_RAHARJA, 143_000),
)
AMOUNT = 3_593_000
PAID = {"BA": AMOUNT, FEES_DUE: -300_000, PKB: -3_150_000, JASA_RAHARJA: -143_000}


async def open_bill(house, *, lines=LINES, amount=AMOUNT):
    async with house.db.begin(SYSTEM) as tx:
        return await billing.open_bill(
            tx, case_id=None, purpose="fee", unit="PMJ", amount=amount, title="STNK lima tahunan", lines=lines
        )


async def pay(house, bill):
    async with house.db.begin(SYSTEM) as tx:
        return await billing.post_payment(tx, bill.id, amount=bill.amount, debit="BA", memo="uji")


async def balances(house):
    report = await billing.ledger_check(house)
    assert report.faults == ()
    return {account: amount for account, amount in report.balances.items() if amount}


async def test_one_payment_is_one_entry_with_a_credit_for_each_account(house, clock):
    bill = await open_bill(house)
    assert bill.expires_at == clock.now() + timedelta(hours=168)
    entry_id = await pay(house, bill)
    assert await balances(house) == PAID
    async with house.db.read() as connection:
        lines = (await connection.execute(select(LedgerLine.account, LedgerLine.amount, LedgerLine.bill_id))).all()
        entries = set((await connection.execute(select(LedgerLine.entry_id))).scalars())
        shown = await billing.bill_by_id(connection, bill.id, at=clock.now())
    assert sorted(lines) == sorted((account, amount, bill.id) for account, amount in PAID.items())
    assert entries == {entry_id}
    assert shown.state == "paid"
    assert shown.lines == LINES


async def test_a_bill_over_one_thing_shows_one_line(house, clock):
    bill = await open_bill(house, lines=(), amount=200_000)
    async with house.db.read() as connection:
        shown = await billing.bill_by_id(connection, bill.id)
    title = Text("STNK lima tahunan", "STNK lima tahunan")
    assert shown.lines == (billing.LineOf("fee", title, FEES_DUE, 200_000),)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (LINES[:3], "billing-lines-differ"),
        ((*LINES, LINES[0]), "billing-lines-differ"),
        ((*LINES, billing.LineOf("X", Text("x", "x"), FEES_DUE, 0)), "billing-lines-refused"),
        ((billing.LineOf("X", Text("x", "x"), "TD", AMOUNT),), "billing-lines-refused"),
        ((billing.LineOf("X", Text("x", "x"), "BP:", AMOUNT),), "billing-lines-refused"),
        ((billing.LineOf("X", Text("x", "x"), FEES_DUE, 1),) * 25, "billing-lines-refused"),
    ],
)
async def test_lines_that_do_not_make_the_amount_are_refused_whole(house, lines, problem):
    with pytest.raises(Problem, match=problem):
        await open_bill(house, lines=lines)
    async with house.db.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(Bill))).scalar_one() == 0


async def test_the_database_keeps_the_lines_equal_to_the_amount(house):
    bill, plain = await open_bill(house), await open_bill(house, lines=(), amount=5)
    line = {"code": "X", "title_id": "x", "title_en": "x", "account": FEES_DUE, "amount": 1}
    attempts = [
        insert(BillLine).values(bill_id=bill.id, ordinal=9, **line),
        insert(BillLine).values(bill_id=plain.id, ordinal=1, **line),
        update(BillLine).values(amount=1),
        delete(BillLine),
        update(Bill).values(amount=7),
        update(Bill).values(account=FEES_DUE),
        update(Bill).values(customer_no="1000000008"),
        delete(Bill).where(Bill.id == plain.id),
    ]
    for attempt in attempts:
        with pytest.raises(DBAPIError):
            async with house.db.begin(SYSTEM) as tx:
                await tx.session.execute(attempt)
    await pay(house, bill)
    assert await balances(house) == PAID


async def test_a_bill_whose_lines_are_missing_cannot_be_paid(house):
    """What the service cannot do, done behind its back: a bill of several lines that has none."""
    values = {
        **(await open_bill(house, lines=(), amount=5)).model_dump(),
        "id": new_id(),
        "customer_no": "1000000008",
        "account": "*",
    }
    with pytest.raises((DBAPIError, ledger.UnbalancedEntry)):
        async with house.db.begin(SYSTEM) as tx:
            await tx.session.execute(insert(Bill).values(**values))
            await tx.session.flush()
            await billing.post_payment(tx, values["id"], amount=5, debit="BA", memo="uji")
    assert await balances(house) == {}


async def test_a_reversal_undoes_every_line(house):
    bill = await open_bill(house)
    await pay(house, bill)
    async with house.db.begin(SYSTEM) as tx:
        await billing.reverse_payment(tx, bill.id, "bank membalik")
    assert await balances(house) == {}
    await pay(house, bill)
    assert await balances(house) == PAID


async def test_the_whole_is_owed_back_from_every_account(house):
    bill = await open_bill(house)
    await pay(house, bill)
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="billing-refund-line-needed"):
            await billing.owe_refund(tx, bill.id, 100_000, "sebagian")
        with pytest.raises(Problem, match="billing-refund-too-large"):
            await billing.owe_refund(tx, bill.id, AMOUNT + 1, "terlalu banyak")
        await billing.owe_refund(tx, bill.id, AMOUNT, "permohonan ditolak")
    assert await balances(house) == {"BA": AMOUNT, "RF": -AMOUNT}


async def test_a_part_is_owed_back_from_the_account_that_is_named(house):
    bill = await open_bill(house)
    await pay(house, bill)
    async with house.db.begin(SYSTEM) as tx:
        await billing.owe_refund(tx, bill.id, 100_000, "pelat tidak jadi", account=FEES_DUE)
        with pytest.raises(Problem, match="billing-refund-too-large"):
            await billing.owe_refund(tx, bill.id, 200_001, "terlalu banyak", account=FEES_DUE)
        with pytest.raises(Problem, match="billing-money-moved-on"):
            await billing.reverse_payment(tx, bill.id, "uji")
    expected = {**PAID, FEES_DUE: -200_000, "RF": -100_000}
    assert await balances(house) == expected
    async with house.db.begin(SYSTEM) as tx:
        await billing.owe_refund(tx, bill.id, AMOUNT - 100_000, "sisanya")
    assert await balances(house) == {"BA": AMOUNT, "RF": -AMOUNT}


async def test_a_bank_pays_several_lines_by_one_number(house, client):
    bank = await (await join_bank(house, client)).sign_in()
    bill = await open_bill(house)
    asked = (await bank.inquire(bill.customer_no, "R1")).json()
    assert asked["virtualAccountData"]["totalAmount"]["value"] == f"{AMOUNT}.00"
    paid = await bank.pay(bill.customer_no, "R1", AMOUNT)
    assert paid.json()["responseCode"] == "2002500"
    expected = {account: amount for account, amount in PAID.items() if account != "BA"}
    assert await balances(house) == {**expected, f"BC:{bank.client_id}": AMOUNT}


@pytest.mark.parametrize(
    ("breakage", "fault"),
    [
        ("UPDATE bill_lines SET amount = amount + 1 WHERE code = 'PKB'", "the lines of a bill do not sum"),
        ("UPDATE bill_lines SET account = 'JR' WHERE code = 'PKB'", "a payment does not credit"),
        ("UPDATE bill_lines SET account = 'JR' WHERE code = 'PKB'", "a payment credits something"),
        ("DELETE FROM bill_lines", "the lines of a bill do not sum"),
        ("UPDATE ledger_lines SET amount = amount - 5 WHERE account = 'JR'", "a payment does not credit"),
    ],
)
async def test_the_check_finds_lines_that_somebody_bent(house, breakage, fault):
    await pay(house, await open_bill(house))
    async with house.db.begin(SYSTEM) as tx:
        if house.db.dialect == "postgresql":
            await tx.session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in ("bill_lines_no_update", "bill_lines_no_delete", "ledger_lines_no_update"):
                await tx.session.execute(text(f"DROP TRIGGER {name}"))
        await tx.session.execute(text(breakage))
    report = await billing.ledger_check(house)
    assert any(fault in each for each in report.faults), report.faults


def test_a_province_has_one_account():
    assert bapenda(" Jawa  Barat") == bapenda("JAWA BARAT") == "BP:JAWA-BARAT"
    assert kind_of("BP:JAWA-BARAT") == "liability"
    for wrong in ("", "ÄÖ", "x" * 60, "a;b"):
        with pytest.raises(ValueError, match="is no province"):
            bapenda(wrong)
    for unknown in ("BP:", "BP:jawa", "XX", "*"):
        with pytest.raises(KeyError):
            kind_of(unknown)
