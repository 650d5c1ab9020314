"""Failure cases 22, 30 and 35 against three server processes on one PostgreSQL: what is once is once in the database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.core.config import Settings
from app.core.house import House
from app.services import billing
from app.wiring import build_house
from tests import make
from tests.banks import Bank, join_bank, open_test_bill
from tests.drain import drain
from tests.ops.forked import ForkedServer
from tests.payments.books import BOOKED, NOT_FOUND, Books, beside, booked, heard
from tests.payments.test_failure_cases_b import ONCE_TOLD

PROCESSES = 3
AT_ONCE = 24
WITHIN_S = 30


@pytest.fixture
def servers(postgres_url: str, tmp_path: Path) -> Iterator[list[ForkedServer]]:
    """Three server processes, each on a port of its own, as behind a load balancer."""
    with ExitStack() as stack:
        started = [ForkedServer(tmp_path, postgres_url, name=f"server-{number}") for number in range(PROCESSES)]
        for server in started:
            server.start()
            stack.push(server.__exit__)
        for server in started:
            server.wait()
        yield started


async def test_cases_22_30_and_35_between_server_processes(servers, postgres_url, tmp_path):
    """All on one start of the servers."""
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=postgres_url, storage_url="memory:///"))
    async with clients_of(servers) as clients:
        first = await (await join_bank(house, clients[0], name="Bank Uji", profile="bri")).sign_in()
        second = await (await join_bank(house, clients[0], name="Bank Lain", profile="mandiri")).sign_in()
        ours, theirs = [[beside(bank, client) for client in clients] for bank in (first, second)]
        ticket = await case_22(house, ours)
        await case_35(house, ours, theirs)
        await case_30(house, ours, theirs)
        await books_of_all(house, ticket)
    await house.close()


async def case_22(house: House, ours: Sequence[Bank]) -> int:
    """Duplicates at the same instant: each hears the same, and there is one of everything. Returns the amount."""
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await drain(house)
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, case_id)
    assert bill is not None
    number = bill.virtual_accounts[0].customer_no
    books = await Books.open(house)
    answers = await at_once(lambda n: ours[n % PROCESSES].pay(number, "R1", bill.amount))
    for answer in answers:
        booked(answer)
    assert len({answer.content for answer in answers}) == 1
    await books.changed(**{**ONCE_TOLD, "external_ids": AT_ONCE})
    assert await drain(house) == ["notifications.deliver"]
    return bill.amount


async def case_35(house: House, ours: Sequence[Bank], theirs: Sequence[Bank]) -> None:
    """Two payers at the same instant for one bill: one wins, all others hear that it is paid."""
    bill = await open_test_bill(house)
    books = await Books.open(house)
    payers = [*ours, *theirs]
    answers = await at_once(lambda n: payers[n % len(payers)].pay(bill.customer_no, f"P{n}"))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    booked(won[0])
    for answer in answers:
        if answer is not won[0]:
            heard(answer, "4042514", flag="01")
    await books.changed(**{**BOOKED, "external_ids": AT_ONCE})


async def case_30(house: House, ours: Sequence[Bank], theirs: Sequence[Bank]) -> None:
    """Two banks use the same id at the same instant, each for its own bill: each has its own payment."""
    bills = [await open_test_bill(house), await open_test_bill(house)]
    books = await Books.open(house)
    sides = [ours, theirs]
    answers = await at_once(lambda n: sides[n % 2][n % PROCESSES].pay(bills[n % 2].customer_no, "SAME"))
    for answer in answers:
        booked(answer)
    assert len({answer.content for answer in answers}) == 2
    await books.changed(**{**{name: 2 * count for name, count in BOOKED.items()}, "external_ids": AT_ONCE})
    heard(await theirs[1].pay(bills[0].customer_no, "SAME"), "4042512", flag="01", about=NOT_FOUND)
    await books.changed(external_ids=1, incidents=1)


async def books_of_all(house: House, ticket: int) -> None:
    books = await Books.open(house)
    assert await books.incidents() == ["same_payment_other_account"]
    await books.hold(BC=ticket + 3 * 250_000, TD=-ticket - 3 * 250_000)


async def at_once(call: Callable[[int], object]) -> list[httpx.Response]:
    """So many calls in one moment, spread over the processes."""
    return list(await asyncio.gather(*(call(n) for n in range(AT_ONCE))))


@asynccontextmanager
async def clients_of(servers: Sequence[ForkedServer]) -> AsyncIterator[list[httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, timeout=WITHIN_S))
            for server in servers
        ]
