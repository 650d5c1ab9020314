"""`loket keys bank`, `client connect`, `ask`, `disconnect` and the doctor's word on banks, against a fake bank."""

import asyncio
import json
import threading
from contextlib import contextmanager

import pytest

from tests.banks import KEYS
from tests.cli.running import Loket
from tests.loopback import Loopback
from tests.services.billing.fake_bank import OUR_ID, SECRET, FakeBank


@pytest.fixture
def loket(tmp_path, sqlite_template):
    database = tmp_path / "loket.db"
    database.write_bytes(sqlite_template.read_bytes())
    (tmp_path / "bank.pem").write_text(KEYS["public_key_pem"])
    made = Loket(tmp_path, f"sqlite:///{database}")
    assert made("client", "add", "bank", "Bank Uji", "--public-key", "bank.pem").status == 0
    return made


@contextmanager
def listening(fake):
    """The fake bank in a thread of its own: commands have the main thread's loop for themselves."""
    loop, ready, stop, url = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), []

    async def serve():
        async with Loopback(fake.answer) as server:
            url.append(server.url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield url[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def test_a_bank_is_connected_and_asked(loket):
    pem = json.loads(loket("keys", "bank", "--json").stdout)["public_key"]
    assert pem.strip() in loket("keys", "bank").stdout  # the same key each time
    [bill] = json.loads(loket("sandbox", "bills", "--json").stdout)
    fake = FakeBank(pem)
    account = {key: bill[key] for key in ("customer_no", "partner_service_id")}
    number = {
        "partnerServiceId": account["partner_service_id"],
        "customerNo": account["customer_no"],
        "virtualAccountNo": account["partner_service_id"] + account["customer_no"],
    }
    assert "loket client connect" in loket("doctor").words
    with listening(fake) as url:
        options = ("--base-url", url, "--client-id", OUR_ID, "--json")
        said = json.loads(loket("client", "connect", "bank uji", *options, answer=SECRET + "\n").stdout)
        assert said["token"] == "ok"
        assert f"bank Bank Uji: {url.removeprefix('http://')} answers" in loket("doctor").words
        unknown = loket("client", "ask", "Bank Uji", bill["virtual_account_no"])
        assert (unknown.status, "no such payment" in unknown.words) == (0, True)
        fake.paid("R1", number)
        paid = json.loads(loket("client", "ask", "Bank Uji", bill["virtual_account_no"], "--json").stdout)
        assert paid == {"status": "paid", "code": "2002600", "amount": 250_000, "fault": None}
        assert loket("client", "ask", "Bank Uji", "R404").status == 1
    assert SECRET not in (loket.home / "loket.db").read_bytes().decode("latin-1")
    silent = loket("client", "ask", "Bank Uji", bill["virtual_account_no"])
    assert (silent.status, "nothing" in silent.words) == (1, True)
    assert loket("doctor").status == 1
    assert loket("client", "disconnect", "Bank Uji").status == 0
    assert loket("client", "disconnect", "Bank Uji").status == 1
    assert loket("doctor").status == 0


def test_a_bank_without_our_key_gives_no_token_and_the_secret_may_be_a_file(loket):
    loket("keys", "bank", "--new")
    (loket.home / "secret").write_text(SECRET + "\n")
    with listening(FakeBank(KEYS["public_key_pem"])) as url:
        options = ("--base-url", url, "--client-id", OUR_ID, "--secret-file", "secret")
        said = loket("client", "connect", "Bank Uji", *options)
    assert (said.status, "no token yet: HTTP 401 4017300" in said.words, SECRET in said.words) == (0, True, False)
    assert "loket keys bank" in said.words


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("Bank Lain", "--base-url", "https://x.example", "--client-id", "a"), 1),
        (("Bank Uji", "--base-url", "http://x.example", "--client-id", "a"), 1),
        (("Bank Uji", "--base-url", "https://x.example", "--client-id", ""), 1),
        (("Bank Uji", "--base-url", "https://x.example"), 2),
    ],
)
def test_refusals(loket, options, status):
    assert loket("client", "connect", *options, answer="s\n").status == status
    assert loket("client", "connect", "Bank Uji", "--base-url", "https://x.example", "--client-id", "a").status == 1


def test_a_new_key_is_another_one(loket):
    first = json.loads(loket("keys", "bank", "--json").stdout)
    assert json.loads(loket("keys", "bank", "--new", "--json").stdout) != first
