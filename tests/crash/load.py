"""Banks under load that retry as banks do, and what must be true when everybody has been killed often enough."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
from sqlalchemy import func, insert, select

from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.house import House
from app.core.ids import new_id
from app.services import billing
from app.services.billing.bills import new_customer_no
from app.services.billing.models import Bill, BillState, SnapPayment
from app.wiring import build_house
from tests.banks import PAYMENT, Bank, code, flag, join_bank, open_test_bill

AMOUNT = 250_000
WITHIN_S = 60
BANK_WAITS_S = 10
PAUSE_S = 0.1
"""How long a bank's machine waits before it repeats itself."""
NOT_DECIDED = ("5002500", "5042500")
BOOKED = ("2002500", "00")


@dataclass
class Told:
    """A payment that its bank was told is booked, and the answer it heard first."""

    bank: Bank
    customer_no: str
    request_id: str
    answer: bytes


@dataclass
class Load:
    """Several machines of two banks that pay bill after bill, at whichever server they reach."""

    house: House
    banks: list[Bank]
    bills: Iterator[str]
    random: random.Random
    told: list[Told] = field(default_factory=list)
    heard: Counter[str] = field(default_factory=Counter)
    in_flight: Counter[str] = field(default_factory=Counter)
    over: bool = False

    @classmethod
    @asynccontextmanager
    async def on(cls, url: str, home: Path, servers: list[str], *, bills: int, seed: int) -> AsyncIterator[Self]:
        """A house beside the servers' with two banks and their bills."""
        house = build_house(Settings(_env_file=None, home=home, database_url=url, storage_url="memory:///"))
        chance = random.Random(seed)
        async with httpx.AsyncClient(base_url="http://nowhere", timeout=BANK_WAITS_S) as client:
            banks = [await join_bank(house, client, name=f"Bank {name}", profile="standard") for name in "AB"]
            load = cls(house, banks, iter(await open_bills(house, bills)), chance)
            for bank in banks:
                bank.client = _Balancer(client, servers, load)
                await load._new_token(bank)
            try:
                yield load
            finally:
                load.over = True
        await house.close()

    async def run(self, machines: int) -> None:
        """Pay until it is over, and then until the last payment under way has been told."""
        async with asyncio.TaskGroup() as all_of_them:
            for number in range(machines):
                all_of_them.create_task(self._machine(self.banks[number % len(self.banks)]))

    async def _machine(self, bank: Bank) -> None:
        for place, customer_no in enumerate(self.bills):
            if self.over:
                return
            request_id = new_id().hex
            if self.random.random() < 0.3:
                await self._heard(bank.inquire(customer_no, request_id))
            if place % 10 == 9:  # two machines of one bank tell of the same payment
                await asyncio.gather(*(self._pay(bank, customer_no, request_id) for _ in range(2)))
            else:
                await self._pay(bank, customer_no, request_id)
        raise AssertionError("there were too few bills for so many kills")

    async def _pay(self, bank: Bank, customer_no: str, request_id: str) -> None:
        """Tell of one payment until it is told booked: again in the same words, as advice, and with another token."""
        external_id, advice = bank.next_id(), "N"
        async with asyncio.timeout(WITHIN_S):
            while True:
                body = bank.payment_body(customer_no, request_id, AMOUNT, flagAdvise=advice)
                answer = await self._heard(bank.call(PAYMENT, body, external_id=external_id))
                if answer is not None and code(answer) not in NOT_DECIDED:
                    assert flag(answer) == BOOKED, answer.text
                    self.told.append(Told(bank, customer_no, request_id, answer.content))
                    return
                await asyncio.sleep(PAUSE_S)
                advice = "Y"
                if self.random.random() < 0.5:
                    external_id = bank.next_id()
                if self.random.random() < 0.2:
                    await self._new_token(bank)

    async def _new_token(self, bank: Bank) -> None:
        async with asyncio.timeout(WITHIN_S):
            while (answer := await self._heard(bank.ask_token())) is None or answer.status_code != 200:
                await asyncio.sleep(PAUSE_S)
        bank.access_token = answer.json()["accessToken"]

    async def _heard(self, call) -> httpx.Response | None:
        """The answer, or None where there was none; counted either way."""
        try:
            answer = await call
        except httpx.TransportError as error:
            self.heard[type(error).__name__] += 1
            return None
        self.heard[code(answer)] += 1
        return answer

    @property
    def unheard(self) -> int:
        """Calls of which nobody knows what became: the connection broke, or we said that nothing is decided."""
        return sum(count for name, count in self.heard.items() if not name.isdecimal() or name in NOT_DECIDED)

    async def assert_nothing_lost(self) -> str:
        """What was told is booked once, what is booked is told again in the same words, and the books are sound.

        Returns in words what was looked at.
        """
        first = {(told.bank.client_id, told.request_id): told for told in self.told}
        assert all(told.answer == first[told.bank.client_id, told.request_id].answer for told in self.told)
        booked = await self._booked()
        assert set(booked) == set(first), "what was told and what is booked differ"
        assert all(booked[key] == 1 for key in booked)
        for told in first.values():
            again = await self._heard(told.bank.pay(told.customer_no, told.request_id, AMOUNT))
            assert again is not None
            assert again.content == told.answer
        report = await billing.ledger_check(self.house)
        assert (report.faults, report.entries) == ((), len(first))
        assert -report.balances["TD"] == len(first) * AMOUNT
        assert await self._paid_bills() == len(first)
        return (
            f"{len(first)} payments told to two banks, each booked once and told again in the same words; "
            f"{self.unheard} calls unanswered; {report.entries} ledger entries, no fault; heard {dict(self.heard)}"
        )

    async def _booked(self) -> dict[tuple[str, str], int]:
        query = select(SnapPayment.client_id, SnapPayment.payment_request_id, func.count(SnapPayment.id)).group_by(
            SnapPayment.client_id, SnapPayment.payment_request_id
        )
        async with self.house.db.read() as connection:
            return {(client_id, request_id): count for client_id, request_id, count in await connection.execute(query)}

    async def _paid_bills(self) -> int:
        async with self.house.db.read() as connection:
            query = select(func.count()).select_from(Bill).where(Bill.state == BillState.PAID)
            return int((await connection.execute(query)).scalar_one())


class _Balancer:
    """Stands where a bank's client does: each call goes to one of the servers by chance, dead or not."""

    def __init__(self, client: httpx.AsyncClient, servers: list[str], load: Load) -> None:
        self._client, self._servers, self._load = client, servers, load

    async def post(self, path: str, **how) -> httpx.Response:
        server = self._load.random.choice(self._servers)
        self._load.in_flight[server] += 1
        try:
            return await self._client.post(server + path, **how)
        finally:
            self._load.in_flight[server] -= 1


async def open_bills(house: House, count: int) -> list[str]:
    """Customer numbers of so many open bills, straight into the table."""
    like = await open_test_bill(house, amount=AMOUNT)
    numbers = {like.customer_no}
    while len(numbers) <= count:  # of a hundred thousand drawn by chance some are the same
        numbers.add(new_customer_no())
    numbers.remove(like.customer_no)
    rows = [{**like.model_dump(), "id": new_id(), "customer_no": number} for number in numbers]
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(insert(Bill), rows)
    return [row["customer_no"] for row in rows]
