"""Failure cases that are races, against three server processes on one database: what is once is once in the database."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.house import House
from app.core.problems import Problem
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
def servers(engine_url: str, tmp_path: Path) -> Iterator[list[ForkedServer]]:
    """Three server processes, each on a port of its own, as behind a load balancer."""
    with ExitStack() as stack:
        started = [ForkedServer(tmp_path, engine_url, name=f"server-{number}") for number in range(PROCESSES)]
        for server in started:
            server.start()
            stack.push(server.__exit__)
        for server in started:
            server.wait()
        yield started


async def test_races_between_server_processes(servers, engine_url, tmp_path):
    """Cases 22, 25, 26, 27, 30, 35 and 40, all on one start of the servers."""
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url, storage_url="memory:///"))
    async with clients_of(servers) as clients:
        first = await (await join_bank(house, clients[0], name="Bank Uji", profile="bri")).sign_in()
        second = await (await join_bank(house, clients[0], name="Bank Lain", profile="mandiri")).sign_in()
        ours, theirs = [[beside(bank, client) for client in clients] for bank in (first, second)]
        ticket = await case_22(house, ours)
        await case_35(house, ours, theirs)
        await case_30(house, ours, theirs)
        await case_25(house, ours)
        await case_26(house, ours)
        await case_27(house, ours)
        for inquired in (False, True):
            await case_40(house, ours, inquired=inquired)
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


async def case_25(house: House, ours: Sequence[Bank]) -> None:
    """One id over the right amount and over another at the same instant: the right one is booked, whichever came first."""
    bill = await open_test_bill(house)
    books = await Books.open(house)
    answers = await at_once(lambda n: ours[n % PROCESSES].pay(bill.customer_no, "A1", 250_000 if n % 2 else 1))
    right, wrong = answers[1::2], answers[::2]
    for answer in right:
        booked(answer)
    assert len({answer.content for answer in right}) == 1
    for answer in wrong:
        if answer.json()["responseCode"] == "4042518":
            assert heard(answer, "4042518", flag="00")["virtualAccountData"] == right[0].json()["virtualAccountData"]
        else:
            heard(answer, "4042513", flag="01")
    late = any(answer.json()["responseCode"] == "4042518" for answer in wrong)
    await books.changed(**{**BOOKED, "external_ids": AT_ONCE, "incidents": int(late)})


async def case_26(house: House, ours: Sequence[Bank]) -> None:
    """One id for several bills at the same instant: one of them is paid by it, and nobody is told so of another."""
    bills = [await open_test_bill(house) for _ in range(4)]
    books = await Books.open(house)
    answers = await at_once(lambda n: ours[n % PROCESSES].pay(bills[n % 4].customer_no, "M1"))
    [paid] = [place for place, bill in enumerate(bills) if await books.state(bill) == "paid"]
    for place, answer in enumerate(answers):
        if place % 4 == paid:
            booked(answer)
        else:
            heard(answer, "4042512", flag="01", about=NOT_FOUND)
    await books.changed(**{**BOOKED, "external_ids": AT_ONCE, "incidents": 1})


async def case_27(house: House, ours: Sequence[Bank]) -> None:
    """One X-EXTERNAL-ID for many payments at the same instant: one of them has it, and the others are conflicts."""
    bills = [await open_test_bill(house) for _ in range(4)]
    books = await Books.open(house)
    answers = await at_once(lambda n: ours[n % PROCESSES].pay(bills[n % 4].customer_no, f"E{n}", external_id="4711"))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    booked(won[0])
    for answer in answers:
        if answer is not won[0]:
            heard(answer, "4092500", flag="01")
    await books.changed(**BOOKED)


async def case_40(house: House, ours: Sequence[Bank], *, inquired: bool) -> None:
    """A bill is cancelled in the midst of its payments: before them, and then they are refused, or owed back where the bank
    had inquired; or after them, and then it stays paid."""
    bill, request_id = await open_test_bill(house), f"C{inquired:d}"
    if inquired:
        heard(await ours[0].inquire(bill.customer_no, request_id), "2002400", flag="00")
    books = await Books.open(house)
    pay = lambda n: ours[n % PROCESSES].pay(bill.customer_no, request_id)  # noqa: E731
    answers = await at_once(lambda n: cancel(house, bill) if n == AT_ONCE // 2 else pay(n))
    cancelled = answers.pop(AT_ONCE // 2)
    told = len(answers)
    if inquired or not cancelled:
        for answer in answers:
            booked(answer)
        owed = {"entries": 2, "lines": 4, "refunds": 1, "incidents": 1} if cancelled else {}
        await books.changed(**{**BOOKED, **owed, "external_ids": told})
    else:
        for answer in answers:
            heard(answer, "4042512", flag="01", about=NOT_FOUND)
        await books.changed(external_ids=told)
    assert await books.state(bill) == ("cancelled" if cancelled and not inquired else "paid")


async def cancel(house: House, bill: billing.Bill) -> bool:
    """Whether there was still something to cancel: not where the bill has been paid."""
    with contextlib.suppress(Problem):
        async with house.db.begin(SYSTEM) as tx:
            await billing.cancel_bill(tx, bill.id, "uji")
        return True
    return False


async def books_of_all(house: House, ticket: int) -> None:
    """Every race together: what each bank was told paid is what the ledger has."""
    books = await Books.open(house)
    async with house.db.read() as connection:
        told = (await connection.execute(text("SELECT sum(amount) FROM snap_payments"))).scalar_one()
        owed = (await connection.execute(text("SELECT coalesce(sum(amount), 0) FROM refunds"))).scalar_one()
    assert told >= ticket + 6 * 250_000
    refunds = {"RF": -int(owed)} if owed else {}
    await books.hold(BC=int(told), TD=int(owed) - int(told), **refunds)


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
