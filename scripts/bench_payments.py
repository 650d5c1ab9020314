"""Payments a second through HTTP, against the very same statements run by pgbench on the same database, in one run.

The statements are listened off one payment of ours, so the comparison cannot drift from the code. Commits are durable
on both sides. pgbench is told each bill by one statement more, which a bank's call brings along.
"""

import asyncio
import itertools
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg import sql
from sqlalchemy import event, insert

from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.house import House
from app.core.ids import luhn_digit, new_id
from app.main import create_app
from app.services import billing
from app.services.billing.models import Bill
from app.wiring import build_house
from scripts import bench_load
from scripts.wait_ready import wait_ready
from tests.banks import PAYMENT, Bank, join_bank, open_test_bill

CLIENTS = (1, 8, 32)
GOAL_AT_8 = 0.35
WARM_UP = 200
BATCH = 2_000
NUMBERS = itertools.count(secrets.randbelow(800_000_000) + 100_000_000)
WEEK = timedelta(days=7)
ROOT = Path(__file__).resolve().parents[1]
SKIPPED = re.compile(r"^\s*(SELECT 1|BEGIN|COMMIT|ROLLBACK)\b", re.IGNORECASE)
Statement = tuple[str, list[dict[str, Any]]]


async def ratios(url: str, *, seconds: float, processes: int, bills: int) -> dict[str, float]:
    """By number of clients: payments over pgbench's transactions, and the slowest hundredth in milliseconds.

    With `bills`, the rate at 8 clients is measured again with that many bills more in the table.
    """
    house = build_house(Settings(_env_file=None))
    try:
        transport = httpx.ASGITransport(app=create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            bank = await (await join_bank(house, client, name="Bank Ukur", profile="bni")).sign_in()
            script = await _script(house, bank)
        found: dict[str, float] = {}
        with _servers(processes) as ports:
            http, tps = {}, {}
            for clients in CLIENTS:
                tps[clients] = await _pgbench(house, url, script, clients, seconds)
                http[clients] = await _pay(house, bank, ports, clients, seconds, expected=tps[clients])
                found[f"payments / pgbench at {clients} clients"] = http[clients].per_second / tps[clients]
                found[f"slowest 1 % of payments at {clients} clients, ms"] = 1000 * http[clients].quantile(0.99)
            if bills:
                _fill(url, bills)
                more = await _pay(house, bank, ports, 8, seconds, expected=tps[8])
                found[f"payments with {bills:,} bills more / without"] = more.per_second / http[8].per_second
        report = await billing.ledger_check(house)
        if not report.sound:
            raise SystemExit(f"the books are not sound after the bench: {report.faults}")
        return found
    finally:
        await house.close()


async def _script(house: House, bank: Bank) -> str:
    """One payment's statements as a pgbench script."""
    heard: list[Statement] = []

    def listen(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        if not SKIPPED.match(text):
            heard.append((text, list(values) if many else [values]))

    for _ in range(3):  # the first payments open accounts
        await bank.pay((await open_test_bill(house)).customer_no, new_id().hex)
    bill = await open_test_bill(house)
    request = new_id().hex
    engines = (house.db.engine.sync_engine, house.db._reading.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", listen)
    answer = await bank.pay(bill.customer_no, request)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", listen)
    assert answer.json()["responseCode"] == "2002500", answer.text
    return _written(heard, {bill.id: "bill", bill.customer_no: "customer", request: "request"})


def _written(heard: Sequence[Statement], names: dict[Any, str]) -> str:
    """The statements with names in place of what is a payment's own: ids, the bill's numbers, texts that hold a colon."""
    first = next(place for place, (text, _) in enumerate(heard) if text.startswith("INSERT"))
    lines, made = [], {}
    for place, (text, rows) in enumerate(heard):
        if place == first:
            lines.append("BEGIN;")
        for row in rows:
            lines.append(_filled(text, row, names, made) + ";")
    lines.append("COMMIT;")
    asked = ", ".join(["id AS bill", "customer_no AS customer", "'r' || n || random() AS request", *made.values()])
    return (
        f"SELECT {asked} FROM bench_bills WHERE n = (SELECT nextval('bench_bill')) \\gset\n" + "\n".join(lines) + "\n"
    )


def _filled(text: str, row: dict[str, Any], names: dict[Any, str], made: dict[str, str]) -> str:
    def value(place: re.Match[str]) -> str:
        given = row[place[1]]
        own = names.get(given) if isinstance(given, str | UUID | datetime) else None
        if own is None and (isinstance(given, UUID) or place[1].startswith("external_id")):
            own = names[given] = f"u{len(names)}"
            made[own] = f"gen_random_uuid() AS {own}"
        elif own is None and isinstance(given, str | datetime) and ":" in str(given):
            # A colon in a text would be read as the beginning of a variable's name.
            own = names[given] = f"t{len(names)}"
            made[own] = f"convert_from(decode('{str(given).encode().hex()}', 'hex'), 'UTF8') AS {own}"
        return f":{own}" if own else sql.Literal(given).as_string(None)

    return re.sub(r"\s+", " ", re.sub(r"%\((\w+)\)s", value, text).replace("%%", "%"))


async def _pgbench(house: House, url: str, script: str, clients: int, seconds: float) -> float:
    """Transactions a second."""
    numbers = await _open_bills(house, int(3_000 * seconds))
    with psycopg.connect(url, autocommit=True) as connection, tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        connection.execute("DROP TABLE IF EXISTS bench_bills")
        connection.execute("DROP SEQUENCE IF EXISTS bench_bill")
        connection.execute("CREATE SEQUENCE bench_bill")
        connection.execute("CREATE TABLE bench_bills (n bigint PRIMARY KEY, id uuid, customer_no text)")
        with connection.cursor().copy("COPY bench_bills FROM STDIN") as copy:
            for n, (id, customer_no) in enumerate(numbers, start=1):
                copy.write_row((n, id, customer_no))
        connection.execute("ANALYZE bench_bills")
        file.write(script)
        file.flush()
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(int(seconds) or 1)]
        output = asyncio.subprocess.PIPE
        done = await asyncio.create_subprocess_exec(*command, "-f", file.name, url, stdout=output, stderr=output)
        said, complaints = await done.communicate()
        rate = re.search(rb"tps = ([0-9.]+)", said)
        if done.returncode or rate is None:
            raise SystemExit(f"pgbench failed:\n{complaints.decode()[-2000:]}")
        return float(rate[1])


async def _pay(
    house: House, bank: Bank, ports: Sequence[int], clients: int, seconds: float, *, expected: float
) -> bench_load.Measured:
    numbers = await _open_bills(house, int(expected * seconds) + WARM_UP)
    requests = [_payment(bank, customer_no) for _, customer_no in numbers]
    await bench_load.load(ports, requests[:WARM_UP], _is_paid, connections=clients)
    return await bench_load.load(ports, requests[WARM_UP:], _is_paid, seconds=seconds, connections=clients, again=False)


async def _open_bills(house: House, count: int) -> list[tuple[UUID, str]]:
    """Open bills straight into the table."""
    numbers = [str(next(NUMBERS)) for _ in range(count)]
    opened = {number + luhn_digit(number): new_id() for number in numbers}
    async with house.db.begin(SYSTEM) as tx:
        like = await billing.open_bill(
            tx, case_id=None, purpose="fine", unit="PMJ", amount=250_000, title="Tilang uji", expires_at=tx.now + WEEK
        )
        values = like.model_dump()
        rows = [{**values, "id": id, "customer_no": customer_no} for customer_no, id in opened.items()]
        for start in range(0, len(rows), BATCH):
            await tx.session.execute(insert(Bill), rows[start : start + BATCH])
    return [(id, customer_no) for customer_no, id in opened.items()]


def _fill(url: str, count: int) -> None:
    """As many bills more, of numbers that nobody asks for."""
    with psycopg.connect(url, autocommit=True) as connection:
        columns = [name for name in Bill.model_fields if name not in ("id", "customer_no")]
        kept = sql.SQL(", ").join(map(sql.Identifier, columns))
        connection.execute(
            sql.SQL(
                "INSERT INTO bills (id, customer_no, {kept}) SELECT gen_random_uuid(), 'x' || n, {kept} "
                "FROM (SELECT * FROM bills WHERE state = 'open' LIMIT 1) b, generate_series(1, {count}) n"
            ).format(kept=kept, count=sql.Literal(count))
        )
        connection.execute("VACUUM ANALYZE bills")
        connection.execute("CHECKPOINT")


def _payment(bank: Bank, customer_no: str) -> bytes:
    """A payment as the bank signs it, ready to be sent."""
    body = json.dumps(bank.payment_body(customer_no, new_id().hex), separators=(",", ":")).encode()
    stamp = bank.timestamp()
    headers = {
        "Authorization": f"Bearer {bank.access_token}",
        "X-TIMESTAMP": stamp,
        "X-SIGNATURE": bank.sign("POST", PAYMENT, body, stamp),
        "X-PARTNER-ID": bank.client_id,
        "X-EXTERNAL-ID": bank.next_id(),
        "CHANNEL-ID": "95221",
    }
    return bench_load.post(PAYMENT, body, headers)


def _is_paid(_status: bytes, body: bytes) -> bool:
    return b'"2002500"' in body


@contextmanager
def _servers(count: int) -> Iterator[list[int]]:
    """So many server processes of one application, each on a port of its own, as behind a load balancer."""
    ports = [9_000 + os.getpid() % 800 + number for number in range(count)]
    with tempfile.TemporaryFile() as log:
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "scripts.bench_server", str(port)], cwd=ROOT, stdout=log, stderr=log
            )
            for port in ports
        ]
        try:
            for port, process in zip(ports, running, strict=True):
                if not wait_ready(f"http://127.0.0.1:{port}", lambda process=process: process.poll() is None):  # type: ignore[misc]
                    log.seek(0)
                    raise SystemExit(f"a server did not start:\n{log.read().decode()[-4000:]}")
            yield ports
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(60)
