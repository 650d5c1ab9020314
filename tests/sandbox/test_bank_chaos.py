"""The sandbox bank notices a biller that lies, forgets, doubles or is silent."""

import asyncio
import json

import httpx
import pytest

from app.sandbox import bank_life, bank_run
from app.sandbox.bank import BankPass, SandboxBank
from app.sandbox.bank_books import Belief, Books
from app.sandbox.bank_life import Bill, Report, Teller
from app.sandbox.bank_run import Pace, ask_all, pay_all
from app.sandbox.bank_tricks import TRICKS
from tests.banks import KEYS

BILLS = [Bill("   77720", f"123456{n:04d}", 250_000) for n in range(30)]


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(bank_life, "WAIT_S", 0.001)
    monkeypatch.setattr(bank_run, "ASK_AGAIN_S", 0.001)


class Biller:
    """A biller without signatures, rules or memory of amounts: each test gives it one fault."""

    def __init__(self, fault: str = "") -> None:
        self.fault, self.paid = fault, {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        service, body = request.url.path.rpartition("/")[2], json.loads(request.content)
        if service == "b2b":
            return httpx.Response(200, json={"responseCode": "2007300", "accessToken": "t", "expiresIn": "900"})
        request_id = body.get("paymentRequestId") or body["inquiryRequestId"]
        if service == "inquiry":
            amount = "1.00" if self.fault == "shows another amount" else "250000.00"
            data = {"totalAmount": {"value": amount, "currency": "IDR"}}
            return httpx.Response(200, json={"responseCode": "2002400", "virtualAccountData": data})
        if service == "status":
            return self._status(request_id)
        return self._pay(request_id, body)

    def _pay(self, request_id, body):
        if self.fault == "silent":
            return httpx.Response(504, json={"responseCode": "5042500"})
        known = request_id in self.paid
        if self.fault == "refuses repeats" and known:
            return httpx.Response(
                404, json={"responseCode": "4042514", "virtualAccountData": {"paymentFlagStatus": "01"}}
            )
        self.paid[request_id] = body["paidAmount"]
        data = {"paymentFlagStatus": "00", "paidAmount": body["paidAmount"]}
        if self.fault == "no flag":
            del data["paymentFlagStatus"]
        return httpx.Response(200, json={"responseCode": "2002500", "virtualAccountData": data})

    def _status(self, request_id):
        if request_id not in self.paid or self.fault == "forgets":
            return httpx.Response(404, json={"responseCode": "4042601"})
        data = {"paymentFlagStatus": "00", "paidAmount": self.paid[request_id]}
        return httpx.Response(200, json={"responseCode": "2002600", "virtualAccountData": data})


async def visit(fault, tmp_path, *, chaos=False, trick=None, bills=BILLS[:3]):
    transport = httpx.MockTransport(Biller(fault).answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://biller") as client:
        bank = SandboxBank(BankPass("BANK", "77720", "secret", KEYS["private_key_pem"]), client)
        teller = Teller(bank, Books(tmp_path), Report(), "1")
        if trick:
            await TRICKS[trick](teller, bills[0])
        else:
            await pay_all(teller, bills, Pace(), chaos=chaos, stop=asyncio.Event(), paid=lambda: None)
        await ask_all(teller)
    return teller


async def test_a_good_biller_breaks_nothing(tmp_path):
    teller = await visit("", tmp_path)
    assert teller.report.broken == []
    assert teller.books.counts(teller.report.request_ids)[Belief.PAID] == 3


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("shows another amount", "an open bill is shown with its amount"),
        ("forgets", "what was told paid is known, with its amount"),
    ],
)
async def test_a_fault_is_noticed(fault, broken, tmp_path):
    teller = await visit(fault, tmp_path)
    assert any(each.startswith(broken) for each in teller.report.broken), teller.report.broken


async def test_a_success_code_without_a_flag_is_a_time_out(tmp_path):
    teller = await visit("no flag", tmp_path, bills=BILLS[:1])
    [payment] = teller.books.payments.values()
    assert (payment.belief, payment.code) == (Belief.PAID, "2002600")  # the question cleared it up
    assert teller.report.codes["2002500"] == bank_life.REPETITIONS + 1


@pytest.mark.parametrize(
    ("trick", "broken"),
    [
        ("burst", "what was told paid is told so again"),
        ("advice_first", "the late original gets the advice's answer"),
        ("replay", "what was told paid is told so again"),
    ],
)
async def test_a_biller_that_refuses_repeats(trick, broken, tmp_path):
    teller = await visit("refuses repeats", tmp_path, trick=trick)
    assert any(each.startswith(broken) for each in teller.report.broken), teller.report.broken


@pytest.mark.parametrize(
    ("trick", "broken"),
    [
        ("forged", "a forged signature is refused"),
        ("altered", "an altered body is refused"),
        ("wrong_clock", "a time outside the window is refused"),
        ("wrong_amount", " is refused code=2002500"),
        ("two_payers", "one bill is paid once"),
        ("paid_already", "a paid bill is refused"),
        ("id_used_today", "a used X-EXTERNAL-ID is a conflict"),
        ("other_amount_later", "another amount under a paid id is inconsistent"),
        ("other_account", "another account under a used id is not paid"),
        ("said_twice", "a repeated name is refused"),
        ("mistyped", "a mistyped number is not found"),
    ],
)
async def test_a_biller_that_takes_everything(trick, broken, tmp_path):
    teller = await visit("", tmp_path, trick=trick)
    assert any(broken in each for each in teller.report.broken), teller.report.broken


async def test_silence_breaks_nothing_but_leaves_nothing_paid(tmp_path):
    teller = await visit("silent", tmp_path)
    assert {each.belief for each in teller.books.payments.values()} == {Belief.REFUSED}
    assert teller.report.broken == []  # status says: no such payment


async def test_it_stops_when_told_to(tmp_path):
    async with httpx.AsyncClient(transport=httpx.MockTransport(Biller().answer), base_url="http://biller") as client:
        bank = SandboxBank(BankPass("BANK", "77720", "secret", KEYS["private_key_pem"]), client)
        teller, stop = Teller(bank, Books(tmp_path), Report(), "1"), asyncio.Event()
        await pay_all(teller, BILLS, Pace(), chaos=False, stop=stop, paid=stop.set)
    assert 0 < len(teller.report.request_ids) < len(BILLS)
