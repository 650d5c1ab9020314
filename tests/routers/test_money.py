"""The public balanced sheet over HTTP and as a page."""

from datetime import timedelta

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.house import House
from app.routers.pages.money import plot_of, round_step, short_rupiah
from app.services import billing
from app.services.billing import Sheet
from app.services.billing.money_sheet import MonthSheet
from app.services.billing.snap.times import bank_day
from tests.banks import open_test_bill
from tests.conftest import START

URL = "/v1/transparency/money"


async def receive(house: House, amount: int, refund: int = 0) -> None:
    bill = await open_test_bill(house, amount=amount)
    async with house.db.begin(SYSTEM) as tx:
        await billing.post_payment(tx, bill.id, amount=amount, debit="BC:satu", memo="uji")
        if refund:
            await billing.pay_out(tx, await billing.owe_refund(tx, bill.id, refund, "uji"))


async def test_received_is_what_became_of_it(house: House, client: httpx.AsyncClient) -> None:
    await receive(house, 500_000, refund=100_000)
    house.clock.set(START + timedelta(days=40))  # type: ignore[attr-defined]
    await receive(house, 250_000)
    answer = await client.get(URL)
    assert answer.headers["cache-control"] == "public, max-age=60"
    body = answer.json()
    total = body["total"]
    assert (total["received"], total["refunds_paid"], total["still_open"]) == (750_000, 100_000, 650_000)
    assert [(each["month"], each["figures"]["received"], each["still_open_after"]) for each in body["months"]] == [
        ("2026-04", 250_000, 650_000),
        ("2026-03", 500_000, 400_000),
    ]
    assert [(each["unit"], each["figures"]["received"]) for each in body["poldas"]] == [("PMJ", 750_000)]


async def test_a_crowd_costs_one_reading_a_minute(house: House, client: httpx.AsyncClient) -> None:
    await receive(house, 500_000)
    first = (await client.get(URL)).json()
    await receive(house, 250_000)
    assert (await client.get(URL)).json() == first
    house.clock.set(START + timedelta(seconds=60))  # type: ignore[attr-defined]
    assert (await client.get(URL)).json()["total"]["received"] == 750_000


async def test_the_page_says_the_same_in_both_languages(house: House, client: httpx.AsyncClient) -> None:
    assert "Belum ada uang yang diterima" in (await client.get("/transparansi/uang")).text
    house.clock.set(START + timedelta(minutes=2))  # type: ignore[attr-defined]
    await receive(house, 1_234_000)
    page = (await client.get("/transparansi/uang")).text
    assert "Rp1.234.000" in page
    assert "Masih terbuka" in page
    assert "Still open" in (await client.get("/transparansi/uang", params={"lang": "en"})).text


def month(number: int, **figures: int) -> MonthSheet:
    day = bank_day(START).replace(day=1) + timedelta(days=31 * number)
    sheet = Sheet(**figures)  # type: ignore[arg-type]
    return MonthSheet(day, sheet, sheet, ())


def test_the_blocks_of_a_bar_are_as_high_as_their_money() -> None:
    plot = plot_of([month(1, fines=30, deposits=70), month(0, fines=0, deposits=50)], "id")
    assert plot is not None
    heights = [block.height for block in plot.blocks]
    assert heights == pytest.approx([244 * 0.5, 244 * 0.3, 244 * 0.7], abs=0.01)
    assert min(block.y for block in plot.blocks) == pytest.approx(16, abs=0.01)
    assert [mark.text for mark in plot.scale] == ["Rp0", "Rp25", "Rp50", "Rp75", "Rp100"]
    assert plot_of([], "id") is None
    assert plot_of([month(0)], "id") is None


@pytest.mark.parametrize(
    ("least", "step"),
    [(0.1, 1), (1, 1), (1.5, 2), (7, 10), (21, 25), (26, 50), (1_875_000, 2_000_000), (10**12, 10**12)],
)
def test_steps_of_the_scale_can_be_counted_in(least: float, step: int) -> None:
    assert round_step(least) == step


@pytest.mark.parametrize(
    ("amount", "indonesian", "english"),
    [
        (0, "Rp0", "Rp0"),
        (999, "Rp999", "Rp999"),
        (1_500_000, "Rp1,5 juta", "Rp1.5 m"),
        (2_000_000_000, "Rp2 miliar", "Rp2 bn"),
    ],
)
def test_amounts_on_the_scale_are_short(amount: int, indonesian: str, english: str) -> None:
    assert (short_rupiah(amount, "id"), short_rupiah(amount, "en")) == (indonesian, english)
