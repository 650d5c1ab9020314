"""The sandbox bank acts by itself against a real server: chaos, its statement, and status asked of it by us."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.sandbox.bank import timestamp
from app.sandbox.bank_books import Belief, Books, Payment
from tests.cli.spoken import speaker
from tests.cli.test_sandbox_bank import bank  # noqa: F401 a fixture
from tests.ops.server import ROOT, Server, free_port

PAYMENTS = 60


@pytest.fixture
def loket(engine_url, tmp_path, monkeypatch, capsys):
    return speaker(tmp_path, monkeypatch, capsys, engine_url)


def test_sixty_payments_of_a_bank_that_does_everything_wrong(loket, bank, engine_url, tmp_path):  # noqa: F811
    with Server(tmp_path, engine_url, "--no-worker") as server:
        monkey = ("--count", str(PAYMENTS), "--chaos", "--seed", "20261124", "--ledger", "--base-url", server.url)
        said = loket("sandbox", "bank", "run", *monkey, "--json")
        assert said.out, said.err
        told = json.loads(said.out)
        assert (said.status, told["broken"]) == (0, [])
        assert (told["bills"], told["payments"]["paid"], "doubt" in told["payments"]) == (PAYMENTS, PAYMENTS, False)
        assert len(told["tricks"]) > 12

        bills = loket("sandbox", "bills", "--count", "2", "--json").out
        (tmp_path / "feed.json").write_text(bills)
        said = loket("sandbox", "bank", "run", "--feed", "feed.json", "--base-url", server.url)
        assert (said.status, "Every expectation was held." in said.out) == (0, True)
        again = loket("sandbox", "bank", "run", "--feed", "feed.json", "--base-url", server.url)
        assert (again.status, "BROKEN: an open bill is shown" in again.err) == (1, True)

    report = json.loads(loket("ledger", "check", "--json").out)
    paid = PAYMENTS + 2
    assert (report["sound"], report["entries"]) == (True, paid)
    assert report["balances"][f"BC:{bank['client_id']}"] == paid * 250_000
    statement = json.loads(loket("sandbox", "bank", "settle", "--out", "day.csv", "--json").out)
    assert (statement["lines"], statement["rupiah"]) == (paid, paid * 250_000)
    assert len((tmp_path / "day.csv").read_text().splitlines()) == 1 + paid


def test_the_bank_answers_what_we_ask(loket, bank, engine_url, tmp_path):  # noqa: F811
    (tmp_path / "loket.pem").write_text(loket("keys", "bank").out)
    [paid, unpaid] = json.loads(loket("sandbox", "bills", "--count", "2", "--json").out)
    with Server(tmp_path, engine_url, "--no-worker") as server:
        pay = ("sandbox", "bank", "pay", paid["virtual_account_no"], "--request-id", "R1", "--base-url", server.url)
        assert loket(*pay).status == 0
    with serving(tmp_path, engine_url) as url:
        biller = json.loads((tmp_path / "sandbox" / "bank" / "biller.json").read_text())
        options = ("--base-url", url, "--client-id", biller["client_id"], "--secret-file", "sandbox/bank/biller.secret")
        assert "It gave us a token." in loket("client", "connect", "Bank Uji", *options).out
        said = json.loads(loket("client", "ask", "Bank Uji", "R1", "--json").out)
        assert said == {"status": "paid", "code": "2002600", "amount": 250_000, "fault": None}
        unknown = loket("client", "ask", "Bank Uji", unpaid["virtual_account_no"])
        assert (unknown.status, "4042601" in unknown.out) == (0, True)


class serving:
    """`loket sandbox bank serve` in a process of its own."""

    def __init__(self, home, database_url):
        self._port = free_port()
        settings = {"LOKET_HOME": str(home), "LOKET_DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", "from app.cli import main; main()", "sandbox", "bank", "serve"]
        self._process = subprocess.Popen(
            [*command, "--biller-key", "loket.pem", "--port", str(self._port)],
            cwd=home, env={**os.environ, **settings}, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self):
        url = f"http://127.0.0.1:{self._port}"
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(url)
                return url
            assert self._process.poll() is None
            time.sleep(0.1)
        raise AssertionError("the sandbox bank does not listen")

    def __exit__(self, *_):
        self._process.terminate()
        assert self._process.wait(20) == 0


def test_refusals_in_words(loket, bank, tmp_path):  # noqa: F811
    (tmp_path / "feed.json").write_text('[{"customer_no": 1}]')
    said = loket("sandbox", "bank", "run", "--feed", "feed.json")
    assert (said.status, "holds no bills" in said.err) == (1, True)
    said = loket("sandbox", "bank", "run", "--count", "1", "--base-url", "http://127.0.0.1:9")
    assert (said.status, "does not answer" in said.err) == (1, True), said
    said = loket("sandbox", "bank", "settle", "--deliver", "--base-url", "http://127.0.0.1:9")
    assert (said.status, "does not answer" in said.err) == (1, True), said
    assert loket("sandbox", "bank", "settle", "--format", "xls").status == 2


def test_two_banks_that_were_played_in_one_folder_write_a_statement_each(loket, bank, tmp_path):  # noqa: F811
    own = json.loads((tmp_path / "sandbox" / "bank.json").read_text())
    other = {**own, "client_id": "bank-other", "partner_service_id": "90001"}
    (tmp_path / "other.json").write_text(json.dumps(other))
    books, now = Books(tmp_path / "sandbox" / "bank"), timestamp()
    for place, each in enumerate((own, other), start=1):
        partner, number = each["partner_service_id"], f"123456789{place}"
        books.note(Payment(f"R{place}", partner, number, place * 1_000, f"{place}", now, Belief.PAID, "2002500", 1))
    for rupiah, whose in ((1_000, ()), (2_000, ("--credentials", "other.json"))):
        said = json.loads(loket("sandbox", "bank", "settle", "--format", "mt940", *whose, "--json").out)
        assert (said["lines"], said["rupiah"]) == (1, rupiah)
        day = now[2:10].replace("-", "")
        text = Path(said["file"]).read_text()
        assert f":60F:C{day}IDR0," in text
        assert f":62F:C{day}IDR{rupiah}," in text
