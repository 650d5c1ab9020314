"""`loket ledger statement`: a bank's day as CSV and on paper, for whoever closes the books."""

import asyncio
import csv
import io
from pathlib import Path

import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.services import billing
from app.services.billing.accounts import bank_clearing
from app.services.billing.snap.times import bank_day
from app.services.identity import credentials
from tests.banks import KEYS, open_test_bill
from tests.cli.running import Loket
from tests.conftest import START, open_house

DAY = bank_day(START).isoformat()


async def one_payment(url: str, home: Path) -> None:
    async with open_house(url, home, FixedClock(START)) as house:
        bill = await open_test_bill(house, amount=250_000)
        async with house.db.begin(SYSTEM) as tx:
            made = await credentials.add_bank(tx, "Bank Contoh", public_key_pem=KEYS["public_key_pem"])
            await billing.post_payment(tx, bill.id, amount=250_000, debit=bank_clearing(made.client_id), memo="uji")


@pytest.fixture
def loket(tmp_path: Path, sqlite_template: Path) -> Loket:
    database = tmp_path / "loket.db"
    database.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{database}"
    asyncio.run(one_payment(url, tmp_path))
    return Loket(tmp_path, url)


def test_a_day_as_csv_and_pdf(loket: Loket) -> None:
    wanted = ("ledger", "statement", "--bank", "Bank Contoh", "--unit", "PMJ", "--day", DAY)
    done = loket(*wanted)
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (done.status, row["payments"], row["closing"], row["final"]) == (0, "250000", "250000", "yes")
    assert loket(*wanted, "--format", "pdf", "--out", "rekap.pdf").status == 0
    assert (loket.home / "rekap.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--bank", "Bank Lain", "--day", DAY), "Bank Lain"),
        (("--bank", "Bank Contoh", "--day", "yesterday"), "no day like 2026-11-23"),
        (("--bank", "Bank Contoh", "--day", "0001-01-01"), "0001-01-01"),
        (("--bank", "Bank Contoh", "--unit", "NOWHERE", "--day", DAY), "NOWHERE"),
    ],
)
def test_what_is_wrong_is_said(loket: Loket, changed: tuple[str, ...], said: str) -> None:
    done = loket("ledger", "statement", *changed)
    assert done.status != 0
    assert said in done.words
