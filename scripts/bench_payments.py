"""Payments a second through HTTP, against the very same statements run by pgbench on the same database, in one run.

The statements are listened off the driver during one payment of ours, the looks at bank and token before it included, so
the comparison cannot drift from the code. Commits are durable on both sides, which is asserted. pgbench is told each bill by one statement more, which a bank's call brings along.

The rates are compared, and so is the CPU time that one payment takes of all who work on it (servers, the database's
processes, whoever asks): where others use the machine too, the scheduler gives pgbench's process for each client more
of it than our few servers, and only the second comparison holds.
"""

import asyncio
import itertools
import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg import sql
from sqlalchemy import insert

from app.core import pipelines
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.house import House
from app.core.ids import luhn_digit, new_id
from app.main import create_app
from app.services import billing
from app.services.billing.models import Bill
from app.wiring import build_house
from scripts import bench_data, bench_load
from scripts.bench_cpu import cpu_time
from scripts.wait_ready import wait_ready
from tests.banks import PAYMENT, Bank, join_bank, open_test_bill
from tests.ops.server import free_port

CLIENTS = (1, 8, 32)
GOAL_AT_8 = 0.35
ROUNDS = 3
"""Whatever is compared takes turns, and the median counts: a machine that others use too is not the same twice."""
WARM_UP = 200
BATCH = 2_000
TICKETS = 60
AMOUNT = 250_000
NUMBERS = itertools.count(secrets.randbelow(800_000_000) + 100_000_000)
WEEK = timedelta(days=7)
ROOT = Path(__file__).resolve().parents[1]
SKIPPED = re.compile(r"^\s*(SELECT 1|BEGIN|COMMIT|ROLLBACK|SELECT clock_timestamp)\b", re.IGNORECASE)
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
Statement = tuple[str, Any]


@dataclass
class Place:
    """A database, a bank that pays there, and the server processes in front of it."""

    url: str
    house: House
    bank: Bank
    ports: Sequence[int]
    pids: Sequence[int]
    script: str


async def ratios(url: str, *, seconds: float, processes: int, bills: int) -> dict[str, float]:
    """By number of clients: payments over pgbench's transactions, and the slowest hundredth in milliseconds.

    With `bills`, a second database has that many bills more, and its rate is held against the first one's. Then the
    rate of tickets' payments, which move a case, against that of bills of no case.
    """
    found: dict[str, float] = {}
    async with _place(url, processes) as place:
        for clients in CLIENTS:
            took, by_cpu, slowest = [], [], []
            for _ in range(ROUNDS):
                tps, theirs = await _pgbench(place, clients, seconds)
                http, ours = await _pay(place, clients, seconds, expected=tps)
                took.append(http.per_second / tps)
                by_cpu += [theirs / ours] if theirs and ours else []
                slowest.append(http.quantile(0.99))
            found[f"payments / pgbench at {clients} clients"] = statistics.median(took)
            found |= _by_cpu(f"{clients} clients", by_cpu)
            found[f"slowest 1 % of payments at {clients} clients, ms"] = 1000 * statistics.median(slowest)
        found["a ticket's payment / that of a bill of no case"] = await _tickets(place)
        if bills:
            async with bench_data.second_database(url, "more_bills") as other:
                _fill(other, bills)
                async with _place(other, processes) as larger:
                    rate, by_cpu = await _held_against(larger, place, seconds)
                    found[f"payments with {bills:,} bills more / without"] = rate
                    found |= _by_cpu(f"{bills:,} bills more", by_cpu)
                    await _check(larger)
        await _check(place)
    return found


@asynccontextmanager
async def _place(url: str, processes: int) -> AsyncIterator[Place]:
    with psycopg.connect(url) as connection:
        for name, value in DURABLE.items():
            said = connection.execute(f"SHOW {name}").fetchone()  # type: ignore[arg-type]
            if said != (value,):
                raise SystemExit(f"PostgreSQL has {name}={said}: a payment that a power cut takes back is none")
    house = build_house(Settings(_env_file=None, database_url=url))
    try:
        transport = httpx.ASGITransport(app=create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            bank = await (
                await join_bank(house, client, name=f"Bank Ukur {new_id().hex[-6:]}", profile="bni")
            ).sign_in()
            script = await _script(house, bank)
        with _servers(processes, url) as running:
            yield Place(url, house, bank, list(running), list(running.values()), script)
    finally:
        await house.close()


async def _held_against(larger: Place, smaller: Place, seconds: float) -> tuple[float, list[float]]:
    """The rate of one place over the other's at 8 clients, and by CPU time, in rounds that take turns."""
    took, by_cpu = [], []
    for _ in range(ROUNDS):
        few, cheap = await _pay(smaller, 8, seconds, expected=1_000)
        many, dear = await _pay(larger, 8, seconds, expected=1_000)
        took.append(many.per_second / few.per_second)
        by_cpu += [cheap / dear] if dear else []
    return statistics.median(took), by_cpu


def _by_cpu(what: str, ratios: Sequence[float]) -> dict[str, float]:
    """A row of the table, where CPU time could be seen."""
    return {f"the same by CPU time, {what}": statistics.median(ratios)} if ratios else {}


async def _tickets(place: Place) -> float:
    """Payments of tickets (case lock, event, leaf, receipt, message) over as many of bills of no case, each paid once."""
    tickets = await bench_data.issued_tickets(place.house, TICKETS)
    bills = [(number, AMOUNT) for _, number in await _open_bills(place.house, TICKETS)]
    took = []
    for part in range(ROUNDS):
        asked = [[_payment(place.bank, *each) for each in some[part::ROUNDS]] for some in (tickets, bills)]
        moved, still = [await bench_load.load(place.ports, each, _is_paid, connections=4) for each in asked]
        took.append(moved.per_second / still.per_second)
    return statistics.median(took)


async def _check(place: Place) -> None:
    report = await billing.ledger_check(place.house)
    if not report.sound:
        raise SystemExit(f"the books are not sound after the bench: {report.faults}")


async def _script(house: House, bank: Bank) -> str:
    """One payment's statements as a pgbench script, as the driver was given them: by its cursors, or several at once."""
    heard: list[Statement] = []
    execute, at_once = psycopg.AsyncCursor.execute, pipelines.at_once

    async def listen(cursor: Any, query: Any, params: Any = None, **how: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if not SKIPPED.match(text):
            heard.append((text, params or ()))
        return await execute(cursor, query, params, **how)

    async def overhear(driver: pipelines.Driver, several: Sequence[pipelines.Asked]) -> list[list[pipelines.Row]]:
        rows = await at_once(driver, several)
        heard.extend((text.decode(), params) for text, params in several)
        return rows

    for _ in range(3):  # the first payments open accounts, and make the statements known to their connections
        await bank.pay((await open_test_bill(house)).customer_no, new_id().hex)
    bill = await open_test_bill(house)
    request = new_id().hex
    psycopg.AsyncCursor.execute, pipelines.at_once = listen, overhear  # type: ignore[method-assign]
    try:
        answer = await bank.pay(bill.customer_no, request)
    finally:
        psycopg.AsyncCursor.execute, pipelines.at_once = execute, at_once  # type: ignore[method-assign]
    assert answer.json()["responseCode"] == "2002500", answer.text
    assert len({text for text, _ in heard}) == len(heard), "a statement was heard twice"
    return _written(heard, {bill.id: "bill", bill.customer_no: "customer", request: "request"})


def _written(heard: Sequence[Statement], names: dict[Any, str]) -> str:
    """The statements with names in place of what is a payment's own: ids, the bill's numbers, texts that hold a colon."""
    first = next(place for place, (text, _) in enumerate(heard) if text.startswith("INSERT"))
    lines: list[str] = []
    made: dict[str, str] = {}
    for place, (text, values) in enumerate(heard):
        if place == first:
            lines.append("BEGIN;")
        lines.append(_filled(text, values, names, made) + ";")
    lines.append("COMMIT;")
    asked = ", ".join(["id AS bill", "customer_no AS customer", "'r' || n || random() AS request", *made.values()])
    return (
        f"SELECT {asked} FROM bench_bills WHERE n = (SELECT nextval('bench_bill')) \\gset\n" + "\n".join(lines) + "\n"
    )


def _filled(text: str, values: Any, names: dict[Any, str], made: dict[str, str]) -> str:
    """One statement; its parameters are `%(name)s` by way of the session, `$1` by way of the driver alone."""

    def value(place: re.Match[str]) -> str:
        key = place[1] or place[2]
        given = values[int(key) - 1] if place[2] else values[key]
        if isinstance(given, list):
            return "ARRAY[" + ", ".join(_said(each, names, made) for each in given) + "]"
        return _said(given, names, made)

    filled = re.sub(r"%\((\w+)\)s|\$(\d+)", value, text)
    return re.sub(r"\s+", " ", filled.replace("%%", "%"))


def _said(given: Any, names: dict[Any, str], made: dict[str, str]) -> str:
    own = names.get(given) if isinstance(given, str | UUID | datetime) else None
    if own is None and (isinstance(given, UUID) or _is_external_id(given)):
        own = names[given] = f"u{len(names)}"
        made[own] = f"gen_random_uuid() AS {own}"
    elif own is None and isinstance(given, str | datetime) and ":" in str(given):
        # A colon in a text would be read as the beginning of a variable's name.
        own = names[given] = f"t{len(names)}"
        made[own] = f"convert_from(decode('{str(given).encode().hex()}', 'hex'), 'UTF8') AS {own}"
    return f":{own}" if own else sql.Literal(given).as_string(None)


def _is_external_id(given: Any) -> bool:
    """As `Bank.next_id` writes them."""
    return isinstance(given, str) and len(given) == 20 and given.isdigit()


async def _pgbench(place: Place, clients: int, seconds: float) -> tuple[float, float]:
    """Transactions a second, and the CPU time of one."""
    numbers = await _open_bills(place.house, int(3_000 * seconds))
    with (
        psycopg.connect(place.url, autocommit=True) as connection,
        tempfile.NamedTemporaryFile("w", suffix=".sql") as file,
    ):
        connection.execute("DROP TABLE IF EXISTS bench_bills")
        connection.execute("DROP SEQUENCE IF EXISTS bench_bill")
        connection.execute("CREATE SEQUENCE bench_bill")
        connection.execute("CREATE TABLE bench_bills (n bigint PRIMARY KEY, id uuid, customer_no text)")
        with connection.cursor().copy("COPY bench_bills FROM STDIN") as copy:
            for n, (id, customer_no) in enumerate(numbers, start=1):
                copy.write_row((n, id, customer_no))
        connection.execute("ANALYZE bench_bills")
        file.write(place.script)
        file.flush()
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(int(seconds) or 1)]
        output = asyncio.subprocess.PIPE
        done = await asyncio.create_subprocess_exec(*command, "-f", file.name, place.url, stdout=output, stderr=output)
        async with cpu_time(place.url, [done.pid]) as spent:
            said, complaints = await done.communicate()
        rate, count = re.search(rb"tps = ([0-9.]+)", said), re.search(rb"actually processed: ([0-9]+)", said)
        if done.returncode or rate is None or count is None:
            raise SystemExit(f"pgbench failed:\n{complaints.decode()[-2000:]}")
        return float(rate[1]), spent() / int(count[1])


async def _pay(place: Place, clients: int, seconds: float, *, expected: float) -> tuple[bench_load.Measured, float]:
    """Payments as they were answered, and the CPU time of one."""
    numbers = await _open_bills(place.house, int(expected * seconds) + WARM_UP)
    requests = [_payment(place.bank, customer_no, AMOUNT) for _, customer_no in numbers]
    await bench_load.load(place.ports, requests[:WARM_UP], _is_paid, connections=clients)
    async with cpu_time(place.url, [*place.pids, os.getpid()]) as spent:
        measured = await bench_load.load(
            place.ports, requests[WARM_UP:], _is_paid, seconds=seconds, connections=clients, again=False
        )
    return measured, spent() / measured.answers


async def _open_bills(house: House, count: int) -> list[tuple[UUID, str]]:
    """Open bills straight into the table."""
    numbers = [str(next(NUMBERS)) for _ in range(count)]
    opened = {number + luhn_digit(number): new_id() for number in numbers}
    async with house.db.begin(SYSTEM) as tx:
        like = await billing.open_bill(
            tx, case_id=None, purpose="fine", unit="PMJ", amount=AMOUNT, title="Tilang uji", expires_at=tx.now + WEEK
        )
        values = like.model_dump()
        rows = [{**values, "id": id, "customer_no": customer_no} for customer_no, id in opened.items()]
        for start in range(0, len(rows), BATCH):
            await tx.session.execute(insert(Bill), rows[start : start + BATCH])
    return [(id, customer_no) for customer_no, id in opened.items()]


def _fill(url: str, count: int) -> None:
    """As many bills more, of numbers that nobody asks for and that lie all over the index; ids grow, as ours do."""
    with psycopg.connect(url, autocommit=True) as connection:
        columns = [name for name in Bill.model_fields if name not in ("id", "customer_no")]
        kept = sql.SQL(", ").join(map(sql.Identifier, columns))
        with _without_indexes(connection, "bills"):
            connection.execute(
                sql.SQL(
                    "INSERT INTO bills (id, customer_no, {kept}) "
                    "SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, "
                    "'x' || (n * 2654435761 % 10000000019), {kept} "
                    "FROM (SELECT * FROM bills WHERE state = 'open' LIMIT 1) b, generate_series(1, {count}) n"
                ).format(kept=kept, count=sql.Literal(count))
            )
        connection.execute("VACUUM ANALYZE bills")
        connection.execute("CHECKPOINT")


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """Indexes but the key's are made again afterwards, which takes a fraction of keeping them meanwhile."""
    found = connection.execute(
        "SELECT i.relname, pg_get_indexdef(i.oid), c.conname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
        "LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype = 'u' "
        "WHERE x.indrelid = %s::regclass AND NOT x.indisprimary",
        [table],
    ).fetchall()
    for name, _, constraint in found:
        drop = "ALTER TABLE {table} DROP CONSTRAINT {name}" if constraint else "DROP INDEX {name}"
        connection.execute(sql.SQL(drop).format(table=sql.Identifier(table), name=sql.Identifier(name)))
    yield
    for name, definition, constraint in found:
        connection.execute(definition)
        if constraint:
            connection.execute(
                sql.SQL("ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}").format(
                    table=sql.Identifier(table), name=sql.Identifier(name)
                )
            )


def _payment(bank: Bank, customer_no: str, amount: int) -> bytes:
    """A payment as the bank signs it, ready to be sent."""
    body = json.dumps(bank.payment_body(customer_no, new_id().hex, amount), separators=(",", ":")).encode()
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
def _servers(count: int, url: str) -> Iterator[dict[int, int]]:
    """So many server processes of one application, each on a port of its own, as behind a load balancer: port and pid."""
    ports = [free_port() for _ in range(count)]
    with tempfile.TemporaryFile() as log:
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "scripts.bench_server", str(port)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "LOKET_DATABASE_URL": url},
            )
            for port in ports
        ]
        try:
            for port, process in zip(ports, running, strict=True):
                if not wait_ready(f"http://127.0.0.1:{port}", lambda process=process: process.poll() is None):  # type: ignore[misc]
                    log.seek(0)
                    raise SystemExit(f"a server did not start:\n{log.read().decode()[-4000:]}")
            yield {port: process.pid for port, process in zip(ports, running, strict=True)}
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(60)
