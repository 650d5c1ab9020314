"""A stateful test of the books: hypothesis plays banks, officers, courts and the clock at random; they
always agree.

What must hold at any moment (every rule is followed by it): the ledger check finds nothing; a bill is paid
if and only if one unreversed entry names it; each distinct (bank, paymentRequestId) that heard 2002500/00
is one payment entry; and saying any of it again changes nothing.
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
from sqlalchemy import func, select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.problems import Problem
from app.services import billing
from app.services.billing.banks import bank_profile
from app.services.billing.models import Bill, LedgerEntry, Refund
from app.services.billing.snap import judgement
from app.services.billing.snap.callers import TransactionCaller
from app.services.billing.snap.requests import read_inquiry, read_payment
from app.services.identity import credentials
from tests.banks import KEYS, open_test_bill
from tests.conftest import START, open_house

REQUEST_IDS = ("R1", "R2", "R3", "R4")
AMOUNTS = (1_000, 2_000)


class Books(RuleBasedStateMachine):
    """Two banks and a few bills; `template` is set by the test."""

    template: Path

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "loket.db"
        shutil.copy(self.template, path)
        self.loop = asyncio.new_event_loop()
        self.clock = FixedClock(START)
        self.house = self.do(open_house(f"sqlite:///{path}", path.parent, self.clock).__aenter__())
        self.banks = [self.do(self.join(name, profile)) for name, profile in (("Satu", "bri"), ("Dua", "bca"))]
        self.bills = []
        self.confirmed = {}
        self.reversed_entries = 0

    def teardown(self):
        self.do(self.house.close())
        self.loop.close()
        self.folder.cleanup()

    def do(self, work):
        return self.loop.run_until_complete(work)

    async def join(self, name, profile):
        async with self.house.db.begin(SYSTEM) as tx:
            made = await credentials.add_bank(tx, name, public_key_pem=KEYS["public_key_pem"], profile=profile)
            return await credentials.bank_client(tx.session, self.house.keys, made.client_id)

    async def in_transaction(self, work, actor=SYSTEM):
        try:
            async with self.house.db.begin(actor) as tx:
                return await work(tx)
        except Problem:
            return None

    def caller(self, bank, external_id):
        return TransactionCaller(bank, bank_profile(bank.profile), 0.0, external_id, "95221")

    def body(self, bank, bill, **members):
        partner = bank.partner_service_id.strip()
        account = {"partnerServiceId": partner, "customerNo": bill.customer_no}
        return json.dumps({**account, "virtualAccountNo": partner + bill.customer_no, **members}).encode()

    @rule(amount=st.sampled_from(AMOUNTS), hours=st.integers(1, 48))
    def open_bill(self, amount, hours):
        if len(self.bills) < 4:
            self.bills.append(self.do(open_test_bill(self.house, amount=amount, days=hours / 24)))

    @precondition(lambda self: self.bills)
    @rule(
        bank=st.integers(0, 1), bill=st.integers(0, 3), request_id=st.sampled_from(REQUEST_IDS), ext=st.integers(1, 9)
    )
    def inquire(self, bank, bill, request_id, ext):
        who, what = self.banks[bank], self.bills[bill % len(self.bills)]
        request = read_inquiry(self.body(who, what, inquiryRequestId=request_id))
        self.do(self.in_transaction(lambda tx: judgement.judge_inquiry(tx, self.caller(who, str(ext)), request)))

    @precondition(lambda self: self.bills)
    @rule(
        bank=st.integers(0, 1),
        bill=st.integers(0, 3),
        request_id=st.sampled_from(REQUEST_IDS),
        ext=st.integers(1, 9),
        amount=st.sampled_from(AMOUNTS),
        times=st.integers(1, 2),
    )
    def pay(self, bank, bill, request_id, ext, amount, times):
        who, what = self.banks[bank], self.bills[bill % len(self.bills)]
        money = {"value": f"{amount}.00", "currency": "IDR"}
        request = read_payment(self.body(who, what, paymentRequestId=request_id, paidAmount=money))
        actor = Actor(ActorKind.BANK, who.client_id, frozenset({"bank"}))
        for _ in range(times):
            answer = self.do(
                self.in_transaction(lambda tx: judgement.judge_payment(tx, self.caller(who, str(ext)), request), actor)
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
    @rule(bill=st.integers(0, 3))
    def cancel(self, bill):
        what = self.bills[bill % len(self.bills)]
        self.do(self.in_transaction(lambda tx: billing.cancel_bill(tx, what.id, "uji")))

    @precondition(lambda self: self.bills)
    @rule(bill=st.integers(0, 3))
    def bank_takes_it_back(self, bill):
        what = self.bills[bill % len(self.bills)]
        if self.do(self.in_transaction(lambda tx: billing.reverse_payment(tx, what.id, "uji"))):
            self.reversed_entries += 1

    @precondition(lambda self: self.bills)
    @rule(bill=st.integers(0, 3), amount=st.integers(1, 2_500))
    def owe_refund(self, bill, amount):
        what = self.bills[bill % len(self.bills)]
        self.do(self.in_transaction(lambda tx: billing.owe_refund(tx, what.id, amount, "uji")))

    @rule(close=st.sampled_from([billing.pay_out, billing.forfeit]))
    def close_a_refund(self, close):
        async def work(tx):
            refund = (await tx.session.execute(select(Refund.id).order_by(Refund.id).limit(1))).scalar_one_or_none()
            if refund is not None:
                await close(tx, refund)

        self.do(self.in_transaction(work))

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
            payments = (
                await connection.execute(
                    select(func.count()).select_from(LedgerEntry).where(LedgerEntry.kind == "payment")
                )
            ).scalar_one()
            paid = (await connection.execute(select(func.count()).where(Bill.state == "paid"))).scalar_one()
        assert payments == len(self.confirmed)
        assert paid == payments - self.reversed_entries


@pytest.mark.slow
def test_no_order_of_calls_breaks_the_books(sqlite_template):
    machine = type("BooksHere", (Books,), {"template": sqlite_template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=False,
        ),
    )
