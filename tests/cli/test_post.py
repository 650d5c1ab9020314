"""`loket post`: a day's letters are printed, taken by the post, and the post's news is read, as the print room does
it."""

import asyncio
import csv
import json
from pathlib import Path
from uuid import uuid4

import pytest

from app.core import vault
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services.notifications import Medium, messages_of, seal_paper
from app.services.notifications.paper_post import collect_letters
from tests.cli.spoken import Loket, speaker
from tests.conftest import KEYS, START, open_house
from tests.drain import drain
from tests.services.notifications import samples

CASE = uuid4()
PDF = b"%PDF-1.7 a letter"
NIKS = ("9999010101010001", "9999010101010002", "9999010101010003")
DAY, UNIT = "2026-03-02", "POLDA-CONTOH"


async def with_letters(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for nik in NIKS:
        async with house.db.begin(SYSTEM) as tx:
            key_id = await vault.key_for_person(tx, nik)
            sealed = await seal_paper(tx, key_id, PDF)
        assert PDF not in sealed
        monkeypatch.setattr(samples, "PAPER", await house.storage.put(sealed))
        await samples.sent(house, medium=Medium.POST, address="Siti\nJl. Contoh 1", case_id=CASE, nik=nik)
    await drain(house)
    await collect_letters(house)


@pytest.fixture
def loket(
    tmp_path: Path, engine_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Loket:
    async def prepare() -> None:
        storage = (tmp_path / "objects").as_uri()
        async with open_house(engine_url, tmp_path, FixedClock(START), storage_url=storage) as house:
            await with_letters(house, monkeypatch)

    asyncio.run(prepare())
    KEYS.save(tmp_path / "keys.json")
    return speaker(tmp_path, monkeypatch, capsys, engine_url)


def states(engine_url: str, tmp_path: Path) -> list[tuple[str, str | None]]:
    async def look() -> list[tuple[str, str | None]]:
        async with open_house(engine_url, tmp_path, FixedClock(START)) as house, house.db.read() as conn:
            return [(each.state.value, each.delivery_proof) for each in await messages_of(conn, CASE)]

    return asyncio.run(look())


def test_a_batch_goes_from_the_printer_to_the_news(loket: Loket, tmp_path: Path, engine_url: str) -> None:
    waiting = json.loads(loket("post", "batches", "--json").out)
    assert waiting == [{"unit": UNIT, "batch_on": DAY, "letters": 3}]

    printed = loket("post", "print", UNIT, "out", "--day", DAY, "--json")
    assert (printed.status, json.loads(printed.out)["letters"]) == (0, 3), printed.err
    assert [each.read_bytes() for each in sorted((tmp_path / "out").glob("*.pdf"))] == [PDF] * 3

    with (tmp_path / "out" / "letters.csv").open() as source:
        lines = list(csv.DictReader(source))
    filled = "letter_id,tracking_no\n" + "".join(f"{line['letter_id']},POS{n}\n" for n, line in enumerate(lines))
    (tmp_path / "filled.csv").write_text(filled)
    assert loket("post", "dispatched", "filled.csv").status == 0
    assert loket("post", "batches", "--json").out.strip() == "[]"
    again = loket("post", "dispatched", "filled.csv")
    assert (again.status, "is dispatched" in again.err) == (1, True)

    news = "tracking_no,event,at,reason\nPOS0,delivered,2026-03-04T14:20+07:00,\nPOS1,returned,,moved\n"
    (tmp_path / "news.csv").write_text(news)
    assert json.loads(loket("post", "news", "news.csv", "--json").out) == {"lines": 2, "news": 2, "unknown": []}
    assert json.loads(loket("post", "news", "news.csv", "--json").out)["news"] == 0
    assert states(engine_url, tmp_path) == [("delivered", "carrier_receipt"), ("returned", None), ("sent", None)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("POS9,delivered,2026-03-04T14:20+07:00,", "unknown tracking number: POS9"),
        ("POS0,lost,,", "delivered or returned"),
    ],
)
def test_news_that_is_wrong_is_refused_in_words(loket: Loket, tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "news.csv").write_text(f"tracking_no,event,at,reason\n{line}\n")
    said = loket("post", "news", "news.csv")
    assert (said.status, words in said.out + said.err) == (1, True)


def test_a_batch_that_is_not_there_and_a_file_that_is_wrong(loket: Loket, tmp_path: Path) -> None:
    assert "no letters to print" in loket("post", "print", UNIT, "out", "--day", "2026-03-09").err
    assert loket("post", "print", UNIT, "out", "--day", "soon").status == 2
    assert loket("post", "dispatched", "none.csv").status == 1
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    assert "none of ours" in loket("post", "dispatched", "wrong.csv").err
