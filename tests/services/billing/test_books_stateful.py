"""A stateful test of the books: hypothesis plays banks, officers, courts, statement files and the clock at random.

What must hold at any moment (every rule is followed by it): the ledger check finds nothing; a bill is paid
if and only if one unreversed entry names it; each distinct (bank, paymentRequestId) that heard 2002500/00
is one payment entry; a bank's clearing account is what it booked less what it settled; and saying any of it again
changes nothing. Whatever is refused is refused with a problem that the rule expects, never another.
"""

import asyncio
import json
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.problems import Problem
from app.services import billing
from app.services.billing.banks import bank_profile
from app.services.billing.models import Bill, LedgerEntry, Refund
from app.services.billing.problems import (
    BILL_ALREADY_PAID,
    BILL_NOT_PAID,
    MONEY_MOVED_ON,
    REFUND_NOT_OWED,
    REFUND_TOO_LARGE,
)
from app.services.billing.settlement import receiving
from app.services.billing.snap import judgement
from app.services.billing.snap.callers import TransactionCaller
from app.services.billing.snap.requests import read_inquiry, read_payment
from app.services.identity import credentials
from tests import make
from tests.banks import KEYS, open_test_bill
from tests.conftest import START, open_house
from tests.drain import drain
from tests.settlements import Told, written

REQUEST_IDS = ("R1", "R2", "R3", "R4")
AMOUNTS = (1_000, 2_000)
FINE = 500_000
"""The maximum of the ticket's violation, which its bill asks for."""


class Books(RuleBasedStateMachine):
    """Two banks, a ticket's bill and a few of no case. `connect` gives a database with the ticket in it; set by the test."""

    connect: object

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        self.loop = asyncio.new_event_loop()
        self.clock = FixedClock(START)
        self.house = self.do(open_house(self.connect(folder), folder, self.clock).__aenter__())
        self.banks = [self.do(self.join(name, profile)) for name, profile in (("Satu", "bri"), ("Dua", "bca"))]
        self.case_id, bill = self.do(self.the_ticket())
        self.bills = [bill]
        self.confirmed = {}
        self.files = 0

    def teardown(self):
        self.do(self.house.close())
        self.loop.close()
        self.folder.cleanup()

    async def the_ticket(self):
        async with self.house.db.read() as connection:
            query = select(Bill.id, Bill.case_id, Bill.customer_no, Bill.amount).where(Bill.case_id.is_not(None))
            row = (await connection.execute(query)).one()
        assert row.amount == FINE
        return row.case_id, row

    def do(self, work):
        return self.loop.run_until_complete(work)

    async def join(self, name, profile):
        async with self.house.db.begin(SYSTEM) as tx:
            made = await credentials.add_bank(tx, name, public_key_pem=KEYS["public_key_pem"], profile=profile)
            return await credentials.bank_client(tx.session, self.house.keys, made.client_id)

    async def in_transaction(self, work, *expected, actor=SYSTEM):
        """What the work returns; None where it was refused with one of the expected problems."""
        try:
            async with self.house.db.begin(actor) as tx:
                return await work(tx)
        except Problem as problem:
            if problem.type in expected:
                return None
            raise

    def caller(self, bank, external_id):
        return TransactionCaller(bank, bank_profile(bank.profile), 0.0, external_id, "95221")

    def body(self, bank, bill, **members):
        partner = bank.partner_service_id.strip()
        account = {"partnerServiceId": partner, "customerNo": bill.customer_no}
        return json.dumps({**account, "virtualAccountNo": partner + bill.customer_no, **members}).encode()

    @rule(amount=st.sampled_from(AMOUNTS), hours=st.integers(1, 48))
    def open_bill(self, amount, hours):
        if len(self.bills) < 5:
            self.bills.append(self.do(open_test_bill(self.house, amount=amount, days=hours / 24)))

    @precondition(lambda self: self.bills)
    @rule(
        bank=st.integers(0, 1), bill=st.integers(0, 4), request_id=st.sampled_from(REQUEST_IDS), ext=st.integers(1, 9)
    )
    def inquire(self, bank, bill, request_id, ext):
        who, what = self.banks[bank], self.bills[bill % len(self.bills)]
        request = read_inquiry(self.body(who, what, inquiryRequestId=request_id))
        self.do(self.in_transaction(lambda tx: judgement.judge_inquiry(tx, self.caller(who, str(ext)), request)))

    @precondition(lambda self: self.bills)
    @rule(
        bank=st.integers(0, 1),
        bill=st.integers(0, 4),
        request_id=st.sampled_from(REQUEST_IDS),
        ext=st.integers(1, 9),
        over=st.sampled_from([0, 0, 0, 1]),
        times=st.integers(1, 2),
    )
    def pay(self, bank, bill, request_id, ext, over, times):
        who, what = self.banks[bank], self.bills[bill % len(self.bills)]
        money = {"value": f"{what.amount + over}.00", "currency": "IDR"}
        request = read_payment(self.body(who, what, paymentRequestId=request_id, paidAmount=money))
        actor = Actor(ActorKind.BANK, who.client_id, frozenset({"bank"}))
        for _ in range(times):
            answer = self.do(
                self.in_transaction(
                    lambda tx: judgement.judge_payment(tx, self.caller(who, str(ext)), request), actor=actor
                )
            )
            said = json.loads(answer.body)
            data = said["virtualAccountData"]
            if data["paymentFlagStatus"] == "00":
                assert said["responseCode"] in ("2002500", "4042518")
                # Whatever is said about a payment, it is what was said first.
                known = self.confirmed.setdefault((who.client_id, request_id), (what.id, data["paidAmount"]))
                assert known == (what.id, data["paidAmount"])
            else:
                assert said["responseCode"] in ("4042512", "4042513", "4042514", "4042519", "4092500")

    @precondition(lambda self: self.bills)
    @rule(bill=st.integers(0, 4))
    def cancel(self, bill):
        what = self.bills[bill % len(self.bills)]
        self.do(self.in_transaction(lambda tx: billing.cancel_bill(tx, what.id, "uji"), BILL_ALREADY_PAID))

    @precondition(lambda self: self.bills)
    @rule(bill=st.integers(0, 4))
    def bank_takes_it_back(self, bill):
        what = self.bills[bill % len(self.bills)]
        taken_back = lambda tx: billing.reverse_payment(tx, what.id, "uji")  # noqa: E731
        self.do(self.in_transaction(taken_back, BILL_NOT_PAID, MONEY_MOVED_ON))

    @precondition(lambda self: self.bills)
    @rule(bill=st.integers(0, 4), amount=st.integers(1, 2_500))
    def owe_refund(self, bill, amount):
        what = self.bills[bill % len(self.bills)]
        self.do(
            self.in_transaction(
                lambda tx: billing.owe_refund(tx, what.id, amount, "uji"), REFUND_TOO_LARGE, BILL_NOT_PAID
            )
        )

    @rule(due=st.sampled_from([0, 1, FINE // 2, FINE, FINE + 1]))
    def the_court_decides(self, due):
        """The verdict takes its part of whatever is held, owes back the rest, and may come again."""
        done = self.do(self.in_transaction(lambda tx: billing.settle_verdict(tx, self.case_id, due)))
        assert done.taken + done.rest <= due
        assert 0 <= done.refund <= FINE
        again = self.do(self.in_transaction(lambda tx: billing.settle_verdict(tx, self.case_id, due)))
        assert (again.taken, again.refund) == (0, 0)

    @precondition(lambda self: self.bills)
    @rule(
        bank=st.integers(0, 1),
        bill=st.integers(0, 4),
        request_id=st.sampled_from(REQUEST_IDS),
        off=st.sampled_from([0, 0, 0, -1, 1]),
        mark=st.sampled_from(["C", "C", "C", "R"]),
        twice=st.booleans(),
    )
    def the_bank_sends_a_file(self, bank, bill, request_id, off, mark, twice):
        """A line of this or another payment, right or wrong, told once or twice, or one that takes money back."""
        who, what = self.banks[bank], self.bills[bill % len(self.bills)]
        account = who.partner_service_id.strip() + what.customer_no
        line = Told(f"REF{request_id}", request_id, account, what.amount + off, mark=mark, day=self.clock.now().date())
        self.files += 1
        name = Path(self.folder.name) / f"file-{self.files}.csv"
        name.write_bytes(written([line] * (2 if twice else 1)))
        sender = Actor(ActorKind.BANK, who.client_id, frozenset({"bank"}))
        self.do(receiving.receive(self.house, sender, name, bank=None, unit=None))
        self.do(drain(self.house))

    @rule(close=st.sampled_from([billing.pay_out, billing.forfeit]))
    def close_a_refund(self, close):
        async def work(tx):
            refund = (await tx.session.execute(select(Refund.id).order_by(Refund.id).limit(1))).scalar_one_or_none()
            if refund is not None:
                await close(tx, refund)

        self.do(self.in_transaction(work, REFUND_NOT_OWED))

    @rule(minutes=st.sampled_from([1, 9, 61, 60 * 24]))
    def time_passes(self, minutes):
        self.clock.advance(timedelta(minutes=minutes))

    @rule()
    def sweep(self):
        self.do(self.in_transaction(billing.expire))

    @invariant()
    def the_books_agree(self):
        report = self.do(billing.ledger_check(self.house))
        assert report.faults == ()
        self.do(self.compare())

    async def compare(self):
        async with self.house.db.read() as connection:
            payments = select(LedgerEntry.id).where(LedgerEntry.kind == "payment")
            booked = set((await connection.execute(payments)).scalars())
            undone = set((await connection.execute(select(LedgerEntry.reverses))).scalars())
            paid = set((await connection.execute(select(Bill.paid_entry_id).where(Bill.state == "paid"))).scalars())
            assert paid == booked - undone
        assert len(booked) == len(self.confirmed)


async def issue_a_ticket(house):
    """A ticket with its bill, whose letter and news have gone out."""
    await make.demo_set(house)
    await make.tilang_issued(house)
    await drain(house)


def play(connect, *, examples):
    machine = type("BooksHere", (Books,), {"connect": staticmethod(connect)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=False,
        ),
    )


@pytest.mark.slow
def test_no_order_of_calls_breaks_the_books(sqlite_template, tmp_path):
    with_ticket = tmp_path / "ticket.db"
    shutil.copy(sqlite_template, with_ticket)
    prepare(f"sqlite:///{with_ticket}", tmp_path)

    def connect(folder):
        shutil.copy(with_ticket, folder / "loket.db")
        return f"sqlite:///{folder / 'loket.db'}"

    play(connect, examples=15)


@pytest.mark.slow
def test_no_order_of_calls_breaks_the_books_on_postgresql(postgres_database, tmp_path):
    if postgres_database is None:
        pytest.skip("PostgreSQL does not answer; set LOKET_TEST_POSTGRES_URL")

    def connect(_folder):
        postgres_database.put_back()
        prepare(postgres_database.url, tmp_path)
        return postgres_database.url

    try:
        play(connect, examples=3)
    finally:
        postgres_database.put_back()


def prepare(url, home):
    async def work():
        async with open_house(url, home, FixedClock(START)) as house:
            await issue_a_ticket(house)

    asyncio.run(work())
