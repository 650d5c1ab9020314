"""Fixtures: a house on SQLite and on PostgreSQL, from a template that was migrated and filled once per run."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core import db
from app.core.clock import FixedClock
from app.core.config import Settings
from app.core.crypto import KeyRing
from app.core.house import House
from app.core.migrations import migrate
from app.main import create_app
from app.services.etle.shown import Finders
from app.services.identity import passwords
from app.wiring import build_house
from tests.postgres import SharedPostgres
from tests.seed import seed_template

POSTGRES_URL = os.environ.get("LOKET_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
ENGINES = ("sqlite", "postgresql")
START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # a Monday, 10:00 in Jakarta
KEYS = KeyRing(
    {ring: {"1": bytes([place]) * 32} for place, ring in enumerate(("personal", "index", "log", "documents", "tokens"))}
)
_skipped_postgres: list[str] = []
# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
IN_MEMORY = Path("/dev/shm")
if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK):
    # Where tests keep their files: every commit of SQLite waits for the disk, which a test has no use for.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[PasswordHasher]:
    """Passwords are hashed at next to no cost: the shipped one (given here) would be half of many a test."""
    shipped = passwords._HASHER
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield shipped
    passwords._HASHER = shipped


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> None:
    """Every test has engines of its own, and each of them would compile every statement anew: a sixth of many a test.

    SQLAlchemy keeps what it compiled by dialect: here all dialects of a kind are one, and all engines share one cache.
    """
    for kind in (PGDialectAsync_psycopg, SQLiteDialect_aiosqlite):
        kind.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign, assignment]
        kind.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign, assignment]
    compiled: dict[Any, Any] = {}
    made = db.create_async_engine

    def sharing(*given: Any, **options: Any) -> AsyncEngine:
        engine = made(*given, **options)
        engine.sync_engine.update_execution_options(compiled_cache=compiled)
        return engine

    db.create_async_engine = sharing


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> str | None:
    """The URL of the server for tests, or None when none answers."""
    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        _skipped_postgres.append(str(error).strip().splitlines()[0])
        return None
    return POSTGRES_URL


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    _fill(f"sqlite:///{path}")
    with_wal = path.with_name("template.db-wal")
    assert not with_wal.exists() or with_wal.stat().st_size == 0, "the template still has a write-ahead log"
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str | None) -> Iterator[SharedPostgres | None]:
    """One database for all tests of this process, put back after each: making and dropping one waits for the disk."""
    if postgres_server is None:
        yield None
        return
    shared = SharedPostgres(POSTGRES_URL, _fill)
    try:
        yield shared
    finally:
        shared.drop()


@pytest.fixture(params=ENGINES)
def engine_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of this test's own, on each engine in turn."""
    if request.param == "sqlite":
        path = tmp_path / "loket.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    yield from _own_postgres(request.getfixturevalue("postgres_database"))


@pytest.fixture
def postgres_url(postgres_database: SharedPostgres | None) -> Iterator[str]:
    """A fresh PostgreSQL database; for what only a server can show, such as real races."""
    yield from _own_postgres(postgres_database)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
async def house(engine_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    """A house on a database of its own, with reference data and a clock that stands still."""
    async with open_house(engine_url, tmp_path, clock) as made:
        yield made


@pytest.fixture
async def postgres_house(postgres_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    """A house on PostgreSQL alone."""
    async with open_house(postgres_url, tmp_path, clock) as made:
        yield made


class open_house:
    """A house for tests: ``async with open_house(url, home, clock) as house``."""

    def __init__(self, url: str, home: Path, clock: FixedClock, **settings: Any) -> None:
        values = {"home": home, "database_url": url, "storage_url": "memory:///", "rate_limits": "off", **settings}
        built = build_house(Settings(_env_file=None, **values), clock=clock, keys=KEYS)
        # Looking for faces takes seconds a picture; the tests of privacy bring the finders that are shipped.
        self._house = replace(built, parts={**built.parts, Finders: Finders(_nothing, _nothing, finds_plates=True)})

    async def __aenter__(self) -> House:
        return self._house

    async def __aexit__(self, *_: object) -> None:
        await self._house.close()


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client on the application of this house; background work is run by `drain`."""
    transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def _nothing(_picture: object) -> tuple[()]:
    return ()


def _own_postgres(shared: SharedPostgres | None) -> Iterator[str]:
    if shared is None:
        pytest.skip("PostgreSQL does not answer; set LOKET_TEST_POSTGRES_URL")
    yield shared.url
    shared.put_back()


def _fill(url: str) -> None:
    migrate(url)
    asyncio.run(_seed(url))


async def _seed(url: str) -> None:
    settings = Settings(_env_file=None, database_url=url, storage_url="memory:///", rate_limits="off")
    house = build_house(settings, clock=FixedClock(START), keys=KEYS)
    try:
        await seed_template(house)
    finally:
        await house.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == "says":  # `record_property("says", ...)`: what a run by chance has seen
                terminalreporter.line(f"{report.nodeid}: {value}")
    if _skipped_postgres:
        terminalreporter.section("PostgreSQL tests were SKIPPED", sep="!", red=True, bold=True)
        terminalreporter.line(f"No server answers at {POSTGRES_URL}: {_skipped_postgres[0]}")
        terminalreporter.line("Set LOKET_TEST_POSTGRES_URL to a server where databases may be created.")
