"""The books on both engines: entries balance, nothing is changed afterwards, a bill is paid iff one entry names it."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.actor import SYSTEM
from app.core.ids import luhn_digit
from app.core.problems import Problem
from app.core.texts import Text
from app.services import billing
from app.services.billing import ledger
from app.services.billing.bills import LineOf, customer_no_is_valid
from app.services.billing.ledger import Line, UnbalancedEntry
from app.services.billing.models import Bill, BillLine, EntryKind, LedgerEntry, LedgerLine
from tests.banks import open_test_bill


async def pay(house, bill):
    async with house.db.begin(SYSTEM) as tx:
        return await billing.post_payment(tx, bill.id, amount=bill.amount, debit="BA", memo="uji")


async def sound(house):
    report = await billing.ledger_check(house)
    assert report.faults == ()
    return report


async def view(house, bill):
    async with house.db.read() as connection:
        return await billing.bill_by_id(connection, bill.id, at=house.clock.now())


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [Line("TD", 0), Line("BA", 0)],
        [Line("TD", 5)],
        [Line("TD", 5), Line("BA", -4)],
        [Line("TD", 5), Line("BA", -5), Line("RF", 0)],
    ],
)
async def test_what_does_not_balance_is_not_written(house, lines):
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(UnbalancedEntry):
            await ledger.post(tx, EntryKind.PAYMENT, "uji", lines)
    assert (await sound(house)).entries == 0


async def test_an_unknown_account_is_refused(house):
    with pytest.raises(KeyError):
        async with house.db.begin(SYSTEM) as tx:
            await ledger.post(tx, EntryKind.PAYMENT, "uji", ledger.transfer(5, debit="XX", credit="TD"))
    assert (await sound(house)).entries == 0


@pytest.mark.parametrize("model", [LedgerEntry, LedgerLine])
async def test_the_database_lets_nobody_change_the_ledger(house, model):
    await pay(house, await open_test_bill(house))
    change = update(LedgerLine).values(amount=1) if model is LedgerLine else update(LedgerEntry).values(memo="x")
    for statement in (change, delete(model)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with house.db.begin(SYSTEM) as tx:
                await tx.session.execute(statement)
    assert (await sound(house)).entries == 1


@pytest.mark.parametrize(
    "table", ["ledger_entries", "ledger_lines", "snap_payments", "snap_later_ids", "bill_lines", "bills"]
)
async def test_postgresql_lets_nobody_empty_a_table_of_the_books(postgres_house, table):
    await pay(postgres_house, await open_test_bill(postgres_house))
    for statement in (f"TRUNCATE {table} CASCADE", f"TRUNCATE {table}"):
        with pytest.raises(DBAPIError, match=r"append-only|never deleted|referenced in a foreign key"):
            async with postgres_house.db.begin(SYSTEM) as tx:
                await tx.session.execute(text(statement))
    assert (await sound(postgres_house)).entries == 1


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_sqlite_lets_nobody_put_another_bill_in_the_place_of_one(house):
    """Another file handle, which has said nothing of triggers: the same bill would ask for something else."""
    async with house.db.begin(SYSTEM) as tx:
        of_lines = await billing.open_bill(
            tx, case_id=None, purpose="fee", unit="PMJ", amount=5, title="uji",
            lines=[LineOf("SKCK", Text("a", "a"), "PF", 5)],
        )  # fmt: skip
    bill = await open_test_bill(house)
    columns = "purpose, account, unit, title, amount, currency, customer_no, state, opened_at, expires_at"
    cheaper = columns.replace("amount", "1").replace("customer_no", "'0' || substr(customer_no, 2)")
    before = await rows_of(house, Bill, BillLine)
    for statement in (
        f"INSERT OR REPLACE INTO bills (id, {columns}) SELECT id, {columns} FROM bills",
        f"INSERT OR REPLACE INTO bills (id, {columns}) SELECT id, {cheaper} FROM bills",
        "REPLACE INTO bill_lines SELECT bill_id, ordinal, code, title_id, title_en, 'JR', amount FROM bill_lines",
    ):
        refused = pytest.raises(sqlite3.DatabaseError, match=r"append-only|never deleted")
        with closing(sqlite3.connect(make_url(house.db.url).database)) as other, refused:
            other.execute(statement)
        assert await rows_of(house, Bill, BillLine) == before
    assert {row.id for row in before[0]} == {bill.id, of_lines.id}
    await sound(house)


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)  # PostgreSQL knows no REPLACE
@pytest.mark.parametrize("told", [True, False], ids=["by our connections", "by any other"])
async def test_sqlite_lets_nobody_put_another_row_in_the_place_of_one(house, told):
    """INSERT OR REPLACE deletes the row in its way, and asks triggers on DELETE only where the connection says so."""
    bill, taken_back = await open_test_bill(house), await open_test_bill(house)
    await pay(house, bill)
    await pay(house, taken_back)
    async with house.db.begin(SYSTEM) as tx:
        await billing.reverse_payment(tx, taken_back.id, "uji")
    before = await rows_of_the_books(house)
    if told:

        async def replace(statement):
            async with house.db.begin(SYSTEM) as tx:
                await tx.session.execute(text(statement))
    else:

        async def replace(statement):
            with closing(sqlite3.connect(make_url(house.db.url).database)) as other, other:
                other.execute(statement)

    for statement in (
        "INSERT OR REPLACE INTO ledger_lines (id, entry_id, account, amount) SELECT id, entry_id, account, 1 FROM ledger_lines",
        "INSERT OR REPLACE INTO ledger_entries (id, at, kind, memo, actor) SELECT id, at, kind, 'x', actor FROM ledger_entries",
        "INSERT OR REPLACE INTO ledger_entries (id, at, kind, memo, actor, reverses)"
        " SELECT 'other', at, kind, 'x', actor, reverses FROM ledger_entries WHERE reverses IS NOT NULL",
        "REPLACE INTO ledger_lines SELECT * FROM ledger_lines",
        "UPDATE OR REPLACE ledger_lines SET amount = 1",
    ):
        with pytest.raises((DBAPIError, sqlite3.DatabaseError), match="append-only"):
            await replace(statement)
    assert await rows_of_the_books(house) == before
    assert [len(rows) for rows in before] == [3, 6]
    await sound(house)


async def rows_of_the_books(house):
    return await rows_of(house, LedgerEntry, LedgerLine)


async def rows_of(house, *models):
    async with house.db.read() as connection:
        return [
            (await connection.execute(select(each.__table__).order_by(*each.__table__.primary_key))).all()
            for each in models
        ]


async def test_postgresql_refuses_an_entry_that_does_not_balance(postgres_house):
    bill = await open_test_bill(postgres_house)
    await pay(postgres_house, bill)

    async def add_a_line():
        async with postgres_house.db.begin(SYSTEM) as tx:
            entry = (await tx.session.execute(select(LedgerEntry.id))).scalar_one()
            tx.session.add(LedgerLine(entry_id=entry, account="TD", amount=5))

    with pytest.raises(DBAPIError, match="does not balance"):
        await add_a_line()


async def test_a_paid_flag_without_an_entry_is_refused(house):
    bill = await open_test_bill(house)
    with pytest.raises(IntegrityError):
        async with house.db.begin(SYSTEM) as tx:
            await tx.session.execute(update(Bill).where(Bill.id == bill.id).values(state="paid"))


async def test_a_payment_pays_once_and_in_full(house, clock):
    bill = await open_test_bill(house)
    assert (await view(house, bill)).state == "open"
    with pytest.raises(Problem, match="billing-amount-differs"):
        async with house.db.begin(SYSTEM) as tx:
            await billing.post_payment(tx, bill.id, amount=bill.amount - 1, debit="BA", memo="uji")
    entry_id = await pay(house, bill)
    shown = await view(house, bill)
    assert (shown.state, shown.paid_entry_id, shown.paid_at) == ("paid", entry_id, clock.now())
    with pytest.raises(Problem, match="billing-bill-already-paid"):
        await pay(house, bill)
    with pytest.raises(Problem, match="billing-bill-already-paid"):
        async with house.db.begin(SYSTEM) as tx:
            await billing.cancel_bill(tx, bill.id, "terlambat")
    assert (await sound(house)).balances == {"BA": 250_000, "TD": -250_000}


async def test_a_reversal_opens_the_bill_again_and_happens_once(house):
    bill = await open_test_bill(house)
    entry_id = await pay(house, bill)
    async with house.db.begin(SYSTEM) as tx:
        await billing.reverse_payment(tx, bill.id, "bank membalik")
    assert (await view(house, bill)).state == "open"
    with pytest.raises(Problem, match="billing-bill-not-paid"):
        async with house.db.begin(SYSTEM) as tx:
            await billing.reverse_payment(tx, bill.id, "sekali lagi")
    with pytest.raises(IntegrityError):
        async with house.db.begin(SYSTEM) as tx:
            await ledger.reverse(tx, entry_id, "sekali lagi")
    await pay(house, bill)
    report = await sound(house)
    assert (report.entries, report.balances) == (3, {"BA": 250_000, "TD": -250_000})


async def test_refunds_are_owed_and_closed_once(house):
    bill, other = await open_test_bill(house), await open_test_bill(house)
    with pytest.raises(Problem, match="billing-bill-not-paid"):
        async with house.db.begin(SYSTEM) as tx:
            await billing.owe_refund(tx, bill.id, 1, "uji")
    await pay(house, bill)
    await pay(house, other)
    async with house.db.begin(SYSTEM) as tx:
        refund = await billing.owe_refund(tx, bill.id, 100_000, "uji")
        rest = await billing.owe_refund(tx, bill.id, 150_000, "uji")
        with pytest.raises(Problem, match="billing-refund-too-large"):
            await billing.owe_refund(tx, bill.id, 1, "uji")
        with pytest.raises(Problem, match="billing-amount-not-positive"):
            await billing.owe_refund(tx, other.id, 0, "uji")
        with pytest.raises(Problem, match="billing-money-moved-on"):
            await billing.reverse_payment(tx, bill.id, "uji")
    assert (await view(house, bill)).refund_owed == 250_000
    async with house.db.begin(SYSTEM) as tx:
        await billing.pay_out(tx, refund)
        await billing.forfeit(tx, rest)
    for close in (billing.pay_out, billing.forfeit):
        with pytest.raises(Problem, match="billing-refund-not-owed"):
            async with house.db.begin(SYSTEM) as tx:
                await close(tx, refund)
    shown = await view(house, bill)
    assert (shown.state, shown.refund_owed, shown.refund_paid) == ("paid", 0, 100_000)
    assert (await sound(house)).balances == {"BA": 400_000, "RF": 0, "TD": -250_000, "TR": -150_000}


async def test_bills_expire_by_time_and_by_sweep(house, clock):
    bill = await open_test_bill(house, days=1)
    clock.advance(timedelta(days=1))
    assert (await view(house, bill)).state == "expired"
    async with house.db.begin(SYSTEM) as tx:
        assert await billing.expire(tx) == 1
        assert await billing.expire(tx) == 0
    await sound(house)


async def test_cancelling_is_final(house):
    bill = await open_test_bill(house)
    async with house.db.begin(SYSTEM) as tx:
        await billing.cancel_bill(tx, bill.id, "uji")
        again = await billing.cancel_bill(tx, bill.id, "lagi")
    assert (again.state, again.ended_why) == ("cancelled", "uji")


async def test_customer_numbers_have_a_check_digit_and_no_leading_zero(house):
    numbers = [(await open_test_bill(house)).customer_no for _ in range(20)]
    assert len(set(numbers)) == 20
    for number in numbers:
        assert len(number) == 10
        assert number[0] != "0"
        assert customer_no_is_valid(number)
        for place in range(12):
            for digit in "0123456789":
                typed = number[:place] + digit + number[place + 1 :]
                assert customer_no_is_valid(typed) is (typed == number)
    assert not customer_no_is_valid("١" * 11 + luhn_digit("1" * 11))


async def test_a_bill_must_ask_for_something(house):
    for amount in (0, -5):
        with pytest.raises(Problem, match="billing-amount-not-positive"):
            await open_test_bill(house, amount=amount)


@pytest.mark.parametrize(
    ("breakage", "fault"),
    [
        ("UPDATE ledger_lines SET amount = amount + 1 WHERE account = 'TD'", "an entry does not balance"),
        ("DELETE FROM ledger_lines", "an entry has no lines"),
        ("UPDATE bills SET state = 'open', paid_entry_id = NULL", "a bill that is not paid"),
        ("UPDATE ledger_entries SET kind = 'verdict'", "a paid bill is not named"),
        ("UPDATE bills SET amount = 1", "a paid bill is not named"),
        ("INSERT INTO ledger_entries (id, at, kind, memo, actor) VALUES (:id, :at, 'payment', 'x', 'x')", "no lines"),
    ],
)
async def test_the_check_finds_what_somebody_bent(house, breakage, fault):
    await pay(house, await open_test_bill(house))
    async with house.db.begin(SYSTEM) as tx:
        if house.db.dialect == "postgresql":
            await tx.session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in ("ledger_entries_no_update", "ledger_lines_no_update", "ledger_lines_no_delete", "bills_fixed"):
                await tx.session.execute(text(f"DROP TRIGGER {name}"))
        values = {
            "id": "0" * 31 + "1",
            "at": "2026-03-02 03:00:00.000000Z" if house.db.dialect == "postgresql" else "x",
        }
        used = {name: value for name, value in values.items() if f":{name}" in breakage}
        await tx.session.execute(text(breakage), used)
    report = await billing.ledger_check(house)
    assert any(fault in each for each in report.faults), report.faults
