"""`make bench`: what our layers cost, as ratios that hold on any machine; bare times would only describe this one.

PostgreSQL where a server answers (`LOKET_TEST_POSTGRES_URL`), else SQLite. Limits, logs and metrics are on. The server
runs on one core and the load on another where there are two; payments have a server process per core. Writes
`var/bench.json`. BENCH_ROWS, BENCH_SECONDS and BENCH_BILLS (that many bills more in the table) are read.
"""

import asyncio
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import psycopg.sql
from rich.console import Console
from rich.table import Table

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.logs import configure_logs
from app.services.reference import NATIONAL_ZONE
from scripts import bench_data, bench_forward, bench_load, bench_payments
from scripts.bench_cpu import cpu_ticks
from scripts.wait_ready import wait_ready
from tests import make

ROOT = Path(__file__).resolve().parents[1]
ROWS = int(os.environ.get("BENCH_ROWS", "20000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = 3
BILLS = int(os.environ.get("BENCH_BILLS", "1000000"))
PHOTOGRAPHS = 5
GOALS = {
    "look-up / bare route": ">= 0.30",
    "payments / pgbench at 8 clients": ">= 0.35",
    "slowest 1 % of payments at 8 clients, ms": "< 100",
    bench_forward.THROUGHPUT: ">= 0.85",
    bench_forward.ADDITION: "<= 6",
    f"payments with {BILLS:,} bills more / without": ">= 0.9",
}
console = Console(width=110)


def main() -> None:
    """Measure, print the table, keep it."""
    with _database() as url, tempfile.TemporaryDirectory() as home:
        settings = {"LOKET_DATABASE_URL": url, "LOKET_HOME": home, "LOKET_LOG_LEVEL": "info", "LOKET_RATE_LIMITS": "on"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
        os.environ.clear()
        os.environ.update(environment | settings)
        engine = "PostgreSQL" if url.startswith("postgres") else "SQLite"
        configure_logs("warning", "console")
        ratios = bench_load.run(_measure(url))
    _show(engine, ratios)
    out = ROOT / "var" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    report = {"engine": engine, "rows": ROWS, "at": SystemClock().now().isoformat(timespec="seconds"), "ratios": ratios}
    out.write_text(json.dumps(report, indent=1) + "\n")


async def _measure(url: str) -> dict[str, float]:
    settings = Settings(_env_file=None)
    console.print(f"Making one ticket and {ROWS} copies of its rows ...", highlight=False)
    case_id, sql, parameters = await bench_data.one_ticket(settings)
    plates = bench_data.copy_ticket(url, case_id, ROWS)
    ratios: dict[str, float] = {}
    with _server("scripts.bench_server") as (port, pid):
        bare, look_up, cpu, framework = await _look_ups(port, pid, plates)
        ratios["look-up / bare route"] = look_up / bare
        ratios["a FastAPI route that does nothing / bare route"] = framework / bare
        ratios["the same by the server's own CPU time"] = cpu
    if (selects := _selects_per_second(url, sql, parameters)) is not None:
        ratios["PostgreSQL's own SELECT / bare route"] = selects / bare
        ratios["look-up / PostgreSQL's own SELECT"] = look_up / selects
    if url.startswith("postgres") and shutil.which("pgbench"):
        processes = os.cpu_count() or 1
        ratios |= await bench_payments.ratios(url, seconds=SECONDS, processes=processes, bills=BILLS)
    ratios |= await _forwarding(settings)
    with _server("loket serve") as (port, _):
        ratios["capture accepted to plate read / one bare reading"] = await _capture_to_reading(port, settings)
    return {name: round(ratio, 4) for name, ratio in ratios.items()}


async def _look_ups(port: int, pid: int, plates: list[str]) -> tuple[float, float, float, float]:
    """Answers a second of the bare route and of the look-up: medians of rounds that take turns.

    The third is their ratio by CPU seconds of the server process, which a busy machine does not distort. The fourth is
    what a route of FastAPI answers a second that does nothing either.
    """
    # All of them: a plate may be asked for ten times a minute, which 5,000 plates on a fast machine were.
    bodies = [_look_up_body(plate) for plate in random.Random(1).sample(plates, len(plates))]
    # Each caller has an address of its own, as citizens do: the limits count, and none is reached. The bare route is
    # asked with the very same bytes, because the server reads that header too.
    look_ups, bare, framework = (
        [
            bench_load.post(path, body, {"X-Forwarded-For": f"10.{n >> 8 & 255}.{n & 255}.7"})
            for n, body in enumerate(bodies)
        ]
        for path in ("/v1/tickets/lookup", "/bench/bare/look-up", "/bench/framework/look-up")
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.post("/v1/tickets/lookup", content=bodies[0], headers=_JSON)
        (await client.post("/bench/keep/look-up", content=answer.content)).raise_for_status()
    plain, measured, ordinary, by_cpu = [], [], [], []
    for _ in range(ROUNDS):
        start = cpu_ticks(pid)
        plain.append(await bench_load.load(port, bare, _is_ok, seconds=SECONDS))
        between = cpu_ticks(pid)
        measured.append(await bench_load.load(port, look_ups, _is_one_ticket, seconds=SECONDS))
        end = cpu_ticks(pid)
        ordinary.append(await bench_load.load(port, framework, _is_ok, seconds=SECONDS))
        by_cpu.append((between - start) / plain[-1].answers / ((end - between) / measured[-1].answers))
    a_second = [statistics.median(each.per_second for each in rounds) for rounds in (plain, measured, ordinary)]
    return a_second[0], a_second[1], statistics.median(by_cpu), a_second[2]


async def _capture_to_reading(port: int, settings: Settings) -> float:
    """From the moment a capture is accepted until its plate is read, against the reading alone over HTTP."""
    pictures = bench_data.photographs(ROOT / "var" / "bench", PHOTOGRAPHS + 1)
    headers = {"X-Api-Key": await bench_data.camera_key(settings)}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
        await client.post("/v1/anpr/recognitions", files=_picture(pictures[-1]))  # loads the model
        ratios = []
        for picture in pictures[:-1]:
            started = time.perf_counter()
            (await client.post("/v1/anpr/recognitions", files=_picture(picture))).raise_for_status()
            alone = time.perf_counter() - started
            taken = (datetime.now(NATIONAL_ZONE) - timedelta(minutes=1)).isoformat()
            metadata = {"captured_at": taken, "violation": "287-2-APILL", "location": make.LOCATION}
            data = {"metadata": json.dumps(metadata)}
            accepted = await client.post("/v1/anpr/captures", files=_picture(picture), data=data)
            accepted.raise_for_status()
            started = time.perf_counter()
            place = f"/v1/anpr/captures/{accepted.json()['id']}"
            while (await client.get(place)).json()["state"] == "received":  # noqa: ASYNC110 another process changes it
                await asyncio.sleep(0.01)
            ratios.append((time.perf_counter() - started) / alone)
    return statistics.median(ratios)


async def _forwarding(settings: Settings) -> dict[str, float]:
    """What the gateway adds in front of somebody else's recogniser that takes 50 ms."""
    photograph = bench_data.photographs(ROOT / "var" / "bench", 1)[0]
    keys = await bench_forward.camera_keys(settings)
    with bench_forward.backend() as backend:
        os.environ["LOKET_RECOGNISER"] = f"http://127.0.0.1:{backend}"
        try:
            with _server("scripts.bench_server") as (port, _):
                picture = bench_forward.picture(photograph)
                return await bench_forward.ratios(port, backend, keys, picture, seconds=SECONDS)
        finally:
            del os.environ["LOKET_RECOGNISER"]


def _selects_per_second(url: str, sql: str, parameters: Sequence[Any]) -> float | None:
    """What PostgreSQL alone does with the look-up's very statement, prepared, by pgbench; None without either."""
    pgbench = shutil.which("pgbench")
    if pgbench is None or not url.startswith("postgres"):
        return None
    with psycopg.connect(url) as connection, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        values = [psycopg.sql.Literal(value).as_string(connection) for value in parameters]
        statement = re.sub(r"\$(\d+)", lambda place: values[int(place[1]) - 1], sql)
        script.write(re.sub(r"\s+", " ", statement) + ";\n")
        script.flush()
        command = [
            pgbench,
            "-n",
            "-M",
            "prepared",
            "-c",
            "8",
            "-j",
            "1",
            "-T",
            str(int(SECONDS) or 1),
            "-f",
            script.name,
        ]
        done = subprocess.run([*command, url], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    return float(found[1]) if found else None


_JSON = {"Content-Type": "application/json"}


def _look_up_body(plate: str) -> bytes:
    numbers = {"plate": plate, "chassis_no": make.VEHICLE.chassis_no, "engine_no": make.VEHICLE.engine_no}
    return json.dumps(numbers).encode()


def _picture(data: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"image": ("capture.jpg", data, "image/jpeg")}


def _is_ok(status: bytes, _body: bytes) -> bool:
    return status.endswith(b"200 OK")


def _is_one_ticket(status: bytes, body: bytes) -> bool:
    return status.endswith(b"200 OK") and body.count(b'"reference"') == 1


@contextmanager
def _server(module: str) -> Iterator[tuple[int, int]]:
    port = 8100 + os.getpid() % 800
    alone = module.startswith("scripts.bench_server")
    command = (
        [sys.executable, "-m", module, str(port)]
        if alone
        else [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port)]
    )
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([*_on_core(0, alone), *command], cwd=ROOT, stdout=log, stderr=log)
        try:
            if not wait_ready(f"http://127.0.0.1:{port}", lambda: process.poll() is None):
                log.seek(0)
                raise SystemExit(f"the server did not start:\n{log.read().decode()[-4000:]}")
            if alone and hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
                os.sched_setaffinity(0, set(range(1, os.cpu_count() or 2)))
            yield port, process.pid
        finally:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
            process.terminate()
            process.wait(60)


def _on_core(core: int, alone: bool) -> list[str]:
    """The words that keep a command on one core, where the machine has two and can."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(core)] if alone and taskset and (os.cpu_count() or 1) > 1 else []


@contextmanager
def _database() -> Iterator[str]:
    """A database for this run alone: PostgreSQL where a server answers, else a SQLite file."""
    server = os.environ.get("LOKET_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    name = f"loket_bench_{uuid.uuid4().hex[:8]}"
    try:
        admin = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        console.print("No PostgreSQL answers: measuring SQLite.", style="yellow")
        with tempfile.TemporaryDirectory() as directory:
            yield f"sqlite:///{directory}/bench.db"
        return
    with admin:
        admin.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        try:
            yield server.rsplit("/", 1)[0] + f"/{name}"
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]


def _show(engine: str, ratios: dict[str, float]) -> None:
    table = Table(title=f"{engine}, {ROWS} tickets, {bench_load.CONNECTIONS} connections")
    table.add_column("ratio")
    table.add_column("value", justify="right")
    table.add_column("goal", justify="right")
    for name, ratio in ratios.items():
        table.add_row(name, f"{ratio:.3f}", GOALS.get(name, ""))
    console.print(table)


if __name__ == "__main__":
    main()
