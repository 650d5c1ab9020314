"""Real races at the banks' door on PostgreSQL: two processes' worth of houses on one database."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest
from sqlalchemy import func, select

from app.main import create_app
from app.services import billing
from app.services.billing.models import SnapPayment
from tests.banks import Bank, flag, join_bank, open_test_bill
from tests.conftest import open_house

MANY = 20


@pytest.fixture
async def two_houses(postgres_url, tmp_path, clock):
    """Two houses, each with connections of its own, as two server processes would have."""
    async with AsyncExitStack() as stack:
        houses = [await stack.enter_async_context(open_house(postgres_url, tmp_path, clock)) for _ in range(2)]
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False),
                    base_url="http://test",
                )
            )
            for house in houses
        ]
        yield houses, clients


async def at_both(houses, clients, **how) -> list[Bank]:
    """One bank with a connection to each house."""
    first = await (await join_bank(houses[0], clients[0], **how)).sign_in()
    second = Bank.__new__(Bank)
    second.__dict__.update(first.__dict__)
    second.client = clients[1]
    return [first, second]


async def payments(house) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(SnapPayment))).scalar_one()


@pytest.mark.parametrize("same_external_id", [True, False])
async def test_twenty_duplicates_at_once_are_one_entry(two_houses, same_external_id):
    houses, clients = two_houses
    banks = await at_both(houses, clients)
    bill = await open_test_bill(houses[0])
    answers = await asyncio.gather(
        *(
            banks[n % 2].pay(bill.customer_no, "R1", external_id="7" if same_external_id else f"7{n}")
            for n in range(MANY)
        )
    )
    assert [flag(answer) for answer in answers] == [("2002500", "00")] * MANY
    assert len({answer.content for answer in answers}) == 1
    report = await billing.ledger_check(houses[0])
    assert (report.faults, report.entries) == ((), 1)


async def test_twenty_duplicates_at_a_bank_that_wants_inconsistent(two_houses):
    houses, clients = two_houses
    banks = await at_both(houses, clients, profile="bca")
    bill = await open_test_bill(houses[0])
    answers = await asyncio.gather(*(banks[n % 2].pay(bill.customer_no, "R1") for n in range(MANY)))
    assert sorted(flag(answer) for answer in answers) == [("2002500", "00")] + [("4042518", "00")] * (MANY - 1)


async def test_two_payers_at_once_one_wins(two_houses):
    houses, clients = two_houses
    banks = await at_both(houses, clients)
    other = await (await join_bank(houses[1], clients[1], name="Bank Lain", profile="mandiri")).sign_in()
    bill = await open_test_bill(houses[0])
    payers = [*banks, other]
    answers = await asyncio.gather(*(payers[n % 3].pay(bill.customer_no, f"R{n}") for n in range(MANY)))
    assert sorted(flag(answer) for answer in answers) == [("2002500", "00")] + [("4042514", "01")] * (MANY - 1)
    report = await billing.ledger_check(houses[0])
    assert (report.faults, report.entries) == ((), 1)


async def test_one_payment_id_for_two_bills_at_once_is_booked_once(two_houses):
    houses, clients = two_houses
    banks = await at_both(houses, clients)
    bills = [await open_test_bill(houses[0]) for _ in range(4)]
    answers = await asyncio.gather(*(banks[n % 2].pay(bills[n % 4].customer_no, "R1") for n in range(MANY)))
    outcomes = {flag(answer) for answer in answers}
    assert outcomes == {("2002500", "00"), ("4042512", "01")}
    assert await payments(houses[0]) == 1
    report = await billing.ledger_check(houses[0])
    assert (report.faults, report.entries) == ((), 1)


async def test_many_bills_at_once(two_houses):
    houses, clients = two_houses
    banks = await at_both(houses, clients)
    bills = [await open_test_bill(houses[0]) for _ in range(MANY)]
    answers = await asyncio.gather(
        *(banks[n % 2].pay(bill.customer_no, f"R{n}") for n, bill in enumerate(bills)),
        *(banks[n % 2].inquire(bill.customer_no, f"R{n}") for n, bill in enumerate(bills)),
    )
    assert [flag(answer) for answer in answers[:MANY]] == [("2002500", "00")] * MANY
    assert {flag(answer) for answer in answers[MANY:]} <= {("2002400", "00"), ("4042414", "01")}
    report = await billing.ledger_check(houses[0])
    assert (report.faults, report.entries) == ((), MANY)
