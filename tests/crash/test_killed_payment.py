"""The server is killed inside a payment, or before its answer is read: what was not committed never was, what was stays.

The retry of an uncommitted payment is a first payment; the retry of a committed one whose answer was lost gets the
stored answer.
"""

import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.house import House
from app.services import billing
from app.services.billing.models import Bill, SnapExternalId, SnapPayment
from app.services.identity import credentials
from app.wiring import build_house
from tests.banks import KEYS, PAYMENT, Bank, flag
from tests.ops.server import Server

WITHIN_S = 20


async def test_killed_before_the_commit_nothing_was_booked(engine_url: str, tmp_path: Path) -> None:
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url))
    bank, number = await prepare(house)
    with Server(tmp_path, engine_url, "--no-worker") as server:
        async with client_of(server) as client, house.db.begin(SYSTEM) as tx:
            bank.client = client
            await bank.sign_in()
            # The server's payment waits for this lock, in the middle of its transaction, when it is killed.
            await tx.session.execute(select(Bill).with_for_update())
            call = asyncio.create_task(bank.pay(number, "R1", external_id="1"))
            await asyncio.wait([call], timeout=1)
            assert not call.done()
            server.process.kill()
            server.process.wait(WITHIN_S)
            await asyncio.wait([call], timeout=WITHIN_S)
            assert isinstance(call.exception(), httpx.TransportError)
    assert await counted(house, SnapPayment) == await counted(house, SnapExternalId) == 0
    with Server(tmp_path, engine_url, "--no-worker") as server:
        async with client_of(server) as client:
            bank.client = client
            assert flag(await bank.pay(number, "R1", external_id="1")) == ("2002500", "00")
            assert flag(await bank.pay(number, "R1", external_id="1")) == ("2002500", "00")
    await one_entry(house)


async def test_answer_lost_after_the_commit_the_retry_gets_it(engine_url: str, tmp_path: Path) -> None:
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url))
    bank, number = await prepare(house)
    with Server(tmp_path, engine_url, "--no-worker") as server:
        async with client_of(server) as client:
            bank.client = client
            await bank.sign_in()
        with socket.create_connection(("127.0.0.1", server.port), WITHIN_S) as wire:
            wire.sendall(await as_bytes(bank, number))
            await until_booked(house)  # and nobody reads the answer
            server.process.kill()
            server.process.wait(WITHIN_S)
    with Server(tmp_path, engine_url, "--no-worker") as server:
        async with client_of(server) as client:
            bank.client = client
            first, again = await bank.pay(number, "R1"), await bank.pay(number, "R1")
    assert flag(first) == ("2002500", "00")
    assert again.content == first.content
    await one_entry(house)


async def prepare(house: House) -> tuple[Bank, str]:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_bank(tx, "Bank Uji", public_key_pem=KEYS["public_key_pem"])
        bill = await billing.open_bill(
            tx,
            case_id=None,
            purpose="fine",
            unit="PMJ",
            amount=250_000,
            expires_at=tx.now + timedelta(days=7),
            title="Tilang uji",
        )
    bank = Bank(house, None, made.client_id, made.secret, made.partner_service_id, KEYS["private_key_pem"])
    assert isinstance(house.clock, SystemClock)
    return bank, bill.customer_no


def client_of(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, timeout=WITHIN_S)


async def as_bytes(bank: Bank, number: str) -> bytes:
    """The bank's payment as it goes over the wire."""
    captured: list[httpx.Request] = []

    async def capture(request: httpx.Request) -> httpx.Response:
        captured.append(request)
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(capture), base_url="http://test") as writer:
        bank.client = writer
        await bank.pay(number, "R1")
    [request] = captured
    lines = [f"POST {PAYMENT} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + request.content


async def until_booked(house: House) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await counted(house, SnapPayment) == 0:
            await asyncio.sleep(0.02)


async def counted(house: House, model: type) -> int:
    async with house.db.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(model))).scalar_one())


async def one_entry(house: House) -> None:
    report = await billing.ledger_check(house)
    assert (report.faults, report.entries) == ((), 1)
    await house.close()
