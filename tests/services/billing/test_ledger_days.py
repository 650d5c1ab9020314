"""Closing statements and the days of the ledger: whatever happens to the money, their figures are those of the lines."""

import asyncio
import shutil
import tempfile
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.problems import Problem
from app.services import billing
from app.services.billing import days, ledger, money_sheet, refunds, statements
from app.services.billing.accounts import BANK, BANK_CHARGES, FINE_DEPOSITS, FINES, SUSPENSE, bank_clearing
from app.services.billing.ledger import Line
from app.services.billing.models import EntryKind, LedgerEntry, LedgerLine
from app.services.billing.snap.times import bank_day
from app.services.identity import credentials
from tests.banks import KEYS
from tests.conftest import START, open_house
from tests.settlements import DAY, Told, join_desk

NEXT = DAY + timedelta(days=1)
POLDAS = ("PMJ", "JABAR")
UNITS = ("PMJ-POLRESTRO-DEPOK", "JABAR")
STEPS = (
    "pay", "pay", "pay", "reverse", "settle", "settle_other", "refund", "returned", "fine", "forfeit", "sleep", "roll_up", "month"
)  # fmt: skip


class Life:
    """Two banks, bills of two Poldas, and everything that may happen to them, in any order."""

    def __init__(self, house):
        self.house = house
        self.paid, self.settled = [], []

    async def begin(self):
        async with self.house.db.begin(SYSTEM) as tx:
            made = [
                await credentials.add_bank(tx, name, public_key_pem=KEYS["public_key_pem"]) for name in ("Satu", "Dua")
            ]
        self.banks = [each.client_id for each in made]
        return self

    async def do(self, step, number):
        bank = self.banks[number % 2]
        try:
            async with self.house.db.begin(SYSTEM) as tx:
                await getattr(self, step)(tx, bank, number)
        except Problem:
            pass

    async def pay(self, tx, bank, number):
        bill = await billing.open_bill(
            tx,
            case_id=None,
            purpose="fine",
            unit=UNITS[number % 3 % 2],
            amount=1_000 + number,
            expires_at=tx.now + timedelta(days=9),
            title="uji",
        )
        await billing.post_payment(tx, bill.id, amount=bill.amount, debit=bank_clearing(bank), memo="uji")
        self.paid.append((bank, bill.id, bill.amount))

    async def reverse(self, tx, _bank, number):
        if self.paid:
            _, bill_id, _ = self.paid[number % len(self.paid)]
            await billing.reverse_payment(tx, bill_id, "uji")
            self.paid = [each for each in self.paid if each[1] != bill_id]

    async def settle(self, tx, _bank, number):
        waiting = [each for each in self.paid if each not in self.settled]
        if waiting:
            bank, bill_id, amount = each = waiting[number % len(waiting)]
            lines = [Line(bank_clearing(bank), -amount, bill_id), Line(BANK, amount - 10), Line(BANK_CHARGES, 10)]
            await ledger.post(tx, EntryKind.SETTLEMENT, "uji", lines)
            self.settled.append(each)

    async def settle_other(self, tx, bank, number):
        """Nothing that we know of a bill."""
        await ledger.post(tx, EntryKind.SETTLEMENT, "uji", [Line(BANK, 5 + number), Line(SUSPENSE, -5 - number)])
        lines = [Line(bank_clearing(bank), 7), Line(BANK, -7)]
        await ledger.post(tx, EntryKind.SETTLEMENT_CORRECTED, "uji", lines)

    async def refund(self, tx, _bank, number):
        if self.paid:
            _, bill_id, amount = self.paid[number % len(self.paid)]
            await billing.pay_out(tx, await billing.owe_refund(tx, bill_id, amount // 2, "uji"))

    async def returned(self, tx, _bank, number):
        """A refund left, and the receiving bank sent it back: it is owed again."""
        if self.paid:
            _, bill_id, amount = self.paid[number % len(self.paid)]
            refund = await billing.owe_refund(tx, bill_id, amount // 4, "uji")
            await billing.pay_out(tx, refund)
            await refunds.take_back(tx, refund, "uji")

    async def fine(self, tx, _bank, number):
        """What a verdict does."""
        if self.paid:
            _, bill_id, _ = self.paid[number % len(self.paid)]
            held = await ledger.held_for_bill(tx.session, bill_id, FINE_DEPOSITS)
            if held > 0:
                lines = ledger.transfer(held, debit=FINE_DEPOSITS, credit=FINES, bill_id=bill_id)
                await ledger.post(tx, EntryKind.VERDICT, "uji", lines)

    async def forfeit(self, tx, _bank, number):
        if self.paid:
            _, bill_id, amount = self.paid[number % len(self.paid)]
            await billing.forfeit(tx, await billing.owe_refund(tx, bill_id, amount // 3, "uji"))

    async def month(self, tx, _bank, _number):
        """A month passes, and the treasury gets its fines."""
        held = (await ledger.balances(tx.session)).get(FINES, 0)
        if held < 0:
            lines = ledger.transfer(-held, debit=FINES, credit=BANK)
            await ledger.post(tx, EntryKind.REMITTED, "uji", lines)
        self.house.clock.set(tx.now + timedelta(days=3))

    async def sleep(self, tx, _bank, number):
        self.house.clock.set(tx.now + timedelta(hours=5 + number % 40))

    async def roll_up(self, tx, _bank, _number):
        await days.roll_up(tx)


async def live(house, steps):
    life = await Life(house).begin()
    for step, number in steps:
        await life.do(step, number)
    return life


async def lines_of(source, account, day=None):
    """The account's movement by the ledger's own lines: the truth."""
    query = (
        select(func.coalesce(func.sum(LedgerLine.amount), 0))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(LedgerLine.account == account)
    )
    if day is not None:
        begins = days.day_begins(day)
        query = query.where(LedgerEntry.at >= begins, LedgerEntry.at < begins + timedelta(days=1))
    return int((await source.execute(query)).scalar_one())


async def hold(life):
    """What is true of every history."""
    house = life.house
    now = house.clock.now()
    first, last = bank_day(START), bank_day(now)
    async with house.db.read() as source:
        assert await days.faults(source) == []
        for bank in life.banks:
            opening = dict.fromkeys((None, *POLDAS), 0)
            day = first
            while day <= last:
                made = {
                    unit: await billing.closing_statement(source, bank=bank, unit=unit, day=day, now=now)
                    for unit in (None, *POLDAS)
                }
                for unit, each in made.items():
                    adds_up(each.clearing)
                    assert each.clearing.opening == opening[unit], "the closing of a day is the opening of the next"
                    opening[unit] = each.clearing.closing
                whole = made[None].clearing
                moved = await lines_of(source, bank_clearing(bank), day)
                assert whole.closing - whole.opening == moved, "the ledger's own lines"
                in_poldas = sum(made[unit].clearing.payments for unit in POLDAS)
                assert whole.payments == in_poldas
                day += timedelta(days=1)
            assert opening[None] == await lines_of(source, bank_clearing(bank))
            listed = await billing.statement_days(source, unit=None, first=first, last=last, bank=bank)
            assert sum(each.clearing.payments for each in listed) == sum(
                row.amount
                for row in await days.moved(source, account=bank_clearing(bank))
                if row.kind == EntryKind.PAYMENT
            )


async def hold_sheet(life):
    """The public sheet of every history: nothing is missing, and what is left of it lies in the accounts."""
    house = life.house
    async with house.db.read() as source:
        sheet = await money_sheet.money_sheet(source, now=house.clock.now())
        balances = await ledger.balances(source)
    total = sheet.total
    assert total.received == (total.fines + total.fees + total.forfeited + total.refunds_paid + total.still_open)
    lies = sum(
        amount for account, amount in balances.items() if account in ("BA", "KS", "BF") or account.startswith("BC:")
    )
    assert total.received - total.refunds_paid - total.handed_on == lies
    held = {account: -amount for account, amount in balances.items()}
    assert (total.deposits, total.refunds_owed, total.unexplained) == (
        held.get("TD", 0),
        held.get("RF", 0),
        held.get("SU", 0),
    )
    states = total.fines + total.fees + total.forfeited - total.handed_on
    assert states == sum(held.get(account, 0) for account in (FINES, "TR", "PF", "JR"))
    assert total.refunds_paid == -sum(
        row.amount for row in await rows_of(house, BANK) if row.about == EntryKind.REFUND_PAID
    )
    for name in (field.name for field in fields(money_sheet.Sheet)):
        assert getattr(total, name) == sum(getattr(each.sheet, name) for each in sheet.months)
        assert getattr(total, name) == sum(getattr(each.sheet, name) for each in sheet.poldas)
        assert not sheet.months or getattr(total, name) == getattr(sheet.months[0].until, name)


async def rows_of(house, account):
    async with house.db.read() as source:
        return await days.moved(source, account=account)


def adds_up(figures):
    assert figures.opening + figures.payments - figures.reversals - figures.settled + figures.other == figures.closing


HISTORIES = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 60)), min_size=4, max_size=30)


@given(steps=HISTORIES)
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes: each example is a house of its own
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_statements_are_the_ledger_in_every_history(sqlite_template, steps):
    async def play():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "loket.db"
            shutil.copy(sqlite_template, path)
            async with open_house(f"sqlite:///{path}", path.parent, FixedClock(START)) as house:
                life = await live(house, steps)
                await hold(life)
                await hold_sheet(life)

    asyncio.run(play())


LONG = [(STEPS[number % len(STEPS)], number * 7 % 61) for number in range(60)]


async def test_statements_are_the_ledger(house):
    life = await live(house, LONG)
    await hold(life)
    await hold_sheet(life)
    while True:
        async with house.db.begin(SYSTEM) as tx:
            if await days.roll_up(tx) is None:
                break
    await hold(life)
    await hold_sheet(life)


async def test_a_day_is_rolled_up_once_and_only_when_it_is_over(house):
    life = await live(house, [("pay", 1)])
    day = bank_day(START)
    end = days.day_begins(day) + timedelta(days=1)
    for at, rolled in ((end + timedelta(minutes=59), None), (end + timedelta(hours=1), day), (end, None)):
        house.clock.set(at)
        async with house.db.begin(SYSTEM) as tx:
            assert await days.roll_up(tx) == rolled
    await hold(life)


async def test_days_that_were_tampered_with_are_found(house):
    await live(house, [("pay", 1), ("sleep", 39), ("roll_up", 0)])
    async with house.db.begin(SYSTEM) as tx:
        row = (await tx.session.execute(select(days.LedgerDay).where(days.LedgerDay.account == "TD"))).scalar_one()
        row.amount += 1
    report = await billing.ledger_check(house)
    assert any("the days of the ledger say -1000 of TD, its lines -1001" in fault for fault in report.faults)


async def test_today_is_not_final_and_tomorrow_is_refused(house):
    life = await live(house, [("pay", 1)])
    async with house.db.read() as source:
        now, today = house.clock.now(), bank_day(START)
        assert not (await billing.closing_statement(source, bank="Satu", unit=None, day=today, now=now)).final
        tomorrow = today + timedelta(days=1)
        with pytest.raises(Problem, match="billing-statement-no-such-day"):
            await billing.closing_statement(source, bank=life.banks[0], unit=None, day=tomorrow, now=now)
        with pytest.raises(Problem, match="billing-statement-bank-unknown"):
            await billing.closing_statement(source, bank="Tiga", unit=None, day=today, now=now)
        later = now + timedelta(days=1)
        assert (await billing.closing_statement(source, bank="Satu", unit=None, day=today, now=later)).final


@pytest.mark.parametrize(
    ("own", "wanted", "seen"),
    [
        ("PMJ", None, "PMJ"),
        ("PMJ", "PMJ", "PMJ"),
        ("PMJ", "JABAR", "forbidden"),
        ("KORLANTAS", None, None),
        ("KORLANTAS", "JABAR", "JABAR"),
        ("NOWHERE", None, "forbidden"),
    ],
)
async def test_statements_of_one_s_own_polda(house, own, wanted, seen):
    actor = Actor(ActorKind.STAFF, "1", roles=frozenset({"finance"}), unit=own)
    async with house.db.read() as source:
        if seen == "forbidden":
            with pytest.raises(Problem, match="not-permitted"):
                await statements.unit_for(source, actor, wanted)
        else:
            assert await statements.unit_for(source, actor, wanted) == seen


def test_a_row_of_csv_has_every_figure_once():
    made = statements.ClosingStatement(
        date(2026, 3, 2), "=Satu", "c", "PMJ", "Polda", True, START, statements.DayFigures(), statements.FileFigures()
    )
    figures = [field.name for part in (made.clearing, made.files) for field in fields(part)]
    header, row, end = billing.statement_csv(made).split("\n")
    assert header.split(",") == ["day", "bank", "client_id", "unit", "final", "currency", *figures]
    assert (row.split(",")[:6], end) == (["2026-03-02", "'=Satu", "c", "PMJ", "yes", "IDR"], "")


async def test_what_a_banks_files_brought_is_what_the_ledger_booked(house, client):
    """Matched, with a fee, without a bill, taken back, and told otherwise by a corrected file."""
    desk = await join_desk(house, client)
    one, two, three = [await desk.paid(f"R{number}", 100_000 * number) for number in (1, 2, 3)]
    strange = Told("X1", "NOBODY", desk.bank.partner + "1234567890", 77_000)
    await desk.send([replace(one, fee=1_500), two, strange])
    await figures_are_the_ledgers(desk, fees=1_500, suspense_in=77_000, settled=300_000)
    await desk.send([replace(one, fee=1_000), two, three], name="corrected.csv")
    await figures_are_the_ledgers(desk, fees=1_000, suspense_in=0, settled=600_000)
    await desk.send([replace(two, mark="R", reference="BACK", day=NEXT)], name="next.csv")
    await figures_are_the_ledgers(desk, fees=1_000, suspense_in=0, settled=400_000, reversals=200_000)


async def figures_are_the_ledgers(desk, *, reversals=0, **wanted):
    house = desk.house
    now, day = house.clock.now(), bank_day(house.clock.now())
    async with house.db.read() as source:
        made = await billing.closing_statement(source, bank=desk.bank.client_id, unit="PMJ", day=day, now=now)
        whole = await billing.closing_statement(source, bank=desk.bank.client_id, unit=None, day=day, now=now)
        assert await lines_of(source, BANK_CHARGES) == whole.files.fees == wanted["fees"]
        assert -await lines_of(source, SUSPENSE) == whole.files.suspense_in - whole.files.suspense_out
        assert await lines_of(source, bank_clearing(desk.bank.client_id)) == whole.clearing.closing
    assert whole.files.suspense_in == wanted["suspense_in"]
    assert (made.clearing.settled, made.clearing.reversals) == (wanted["settled"], reversals)
    assert made.clearing == whole.clearing
    adds_up(made.clearing)
