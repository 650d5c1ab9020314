"""The database: one code path for SQLite (embedded) and PostgreSQL, and the only place that commits.

Only edges (doors, jobs, commands) open the one transaction: ``async with house.db.begin(actor) as tx``. Leaving the
block commits; whatever is raised inside rolls everything back.
"""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import JSON, Dialect, MetaData, Select, String, bindparam, event, select, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm.attributes import manager_of_class
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

from app.core import hot
from app.core.actor import Actor
from app.core.hot import HotPool, HotQuery
from app.core.prepared import Prepared, Rows, Runner, Statement, Values

__all__ = [
    "Database",
    "Enqueuer",
    "JsonColumn",
    "JsonValue",
    "Table",
    "Tx",
    "UtcDateTime",
    "async_url",
    "in_transaction",
]

if TYPE_CHECKING:  # the house holds the database, and a transaction shows its house
    from app.core.house import House

Row = TypeVar("Row", bound=SQLModel)
log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 6_000  # SQLite's lock timeout, for the same reason as the next
LOCK_TIMEOUT_MS = 6_000  # under the 8 s after which a bank gives up waiting for our answer
STATEMENT_TIMEOUT_MS = 30_000
PING_AFTER_IDLE_S = 5.0

_in_transaction: ContextVar[bool] = ContextVar("loket_in_transaction", default=False)


_SQLITE_BUSY, _LOCK_NOT_AVAILABLE, _DEADLOCK = 5, "55P03", "40P01"


def is_busy(error: DBAPIError) -> bool:
    """Whether the database was only busy: somebody held what we need for longer than we wait (SQLite's one place to write, a row's lock),
    or two waited for each other. Nothing was changed, and the same call is good a little later."""
    state = getattr(error.orig, "sqlstate", None)
    code = getattr(error.orig, "sqlite_errorcode", None)
    return state in (_LOCK_NOT_AVAILABLE, _DEADLOCK) or (code is not None and code & 0xFF == _SQLITE_BUSY)


class Table(SQLModel):
    """Base of every table. Constraint names follow one convention, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in, aware and UTC out. On SQLite it is ISO text of fixed width, which sorts as time does."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant needs a zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


class JsonColumn(TypeDecorator[Any]):
    """JSON: `jsonb` on PostgreSQL, text on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())


@dataclass(slots=True)
class Tx:
    """One transaction with its one instant, its actor and the house.

    `now` is read from the clock once; `as_of` differs from it only in a sweep that looks ahead, and both are written
    into events.
    """

    session: AsyncSession
    now: datetime
    as_of: datetime
    actor: Actor
    house: "House"
    _runner: Runner | None = None

    async def run(self, prepared: Prepared, values: Values) -> Rows:
        """Run a statement that was built at import, and return its rows; see `app.core.prepared`."""
        return await self._running().rows(prepared, values)

    async def run_all(self, *several: Statement) -> list[Rows]:
        """Run several in this order, in one going to the database and back; returns the rows of each."""
        return await self._running().all(*several)

    def _running(self) -> Runner:
        if self._runner is None:
            self._runner = Runner(self.session, by_driver=self.house.db.dialect == "postgresql")
        return self._runner

    async def enqueue(self, job: str, *args: JsonValue) -> None:
        """Have a background job run: it exists exactly if this transaction commits. Unknown names raise KeyError."""
        await self.house.db.enqueuer.enqueue(self.session, job, *args)

    async def lock(self, model: type[Row], id: UUID | str | int) -> Row | None:
        """Load a row fresh and keep others from changing it until the end; None when there is no such row."""
        found: Row | None = (await self.session.execute(_locking(model), {"locked": id})).scalar_one_or_none()
        return found

    async def serialise(self, key: str) -> None:
        """Let transactions that name the same key pass one after the other. SQLite has one writer at a time anyway."""
        if self.house.db.dialect == "postgresql":
            await self.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})

    async def one(self, model: type[Row], id: UUID | str | int) -> Row | None:
        """Load a row by its key; None when there is no such row."""
        return await self.session.get(model, id)


class Enqueuer:
    """Puts a job into the queue inside a caller's transaction. Set by wiring; see `app.core.jobs`."""

    async def enqueue(self, session: AsyncSession, job: str, *args: JsonValue) -> None:
        raise RuntimeError(f"no job queue is connected; {job}{args} was not enqueued in {session}")


class Database:
    """An engine with the two ways in: `begin` to change, `read` to look."""

    def __init__(self, url: str, *, pool: int = 10) -> None:
        self.url = url
        self.dialect = "postgresql" if url.startswith("postgres") else "sqlite"
        self.engine = _make_engine(url, pool)
        # On PostgreSQL looking has connections of its own: the server refuses writes on them, no BEGIN and ROLLBACK goes
        # around each look, and a crowd that looks does not keep a bank from paying.
        self._reading = _make_postgres_engine(url, pool, looking=True) if self.dialect == "postgresql" else self.engine
        self._hot = HotPool(url, pool, _postgres_options(looking=True)) if self.dialect == "postgresql" else None
        self.enqueuer = Enqueuer()
        self._house: House | None = None

    def move_in(self, house: "House") -> None:
        """Called once by the house that holds this database."""
        self._house = house

    @property
    def house(self) -> "House":
        if self._house is None:
            raise RuntimeError("this database belongs to no house yet")
        return self._house

    @asynccontextmanager
    async def begin(self, actor: Actor, *, as_of: datetime | None = None) -> AsyncIterator[Tx]:
        """The one transaction of a request or job. Commits on leaving the block, rolls back on any exception."""
        now = self.house.clock.now()
        token = _in_transaction.set(True)
        try:
            async with AsyncSession(self.engine, expire_on_commit=False, autoflush=True) as session:
                yield Tx(session=session, now=now, as_of=as_of or now, actor=actor, house=self.house)
                await session.commit()  # whatever was raised has passed by here: closing the session rolls back
        finally:
            _in_transaction.reset(token)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for looking only: no transaction is kept, nothing is written."""
        async with self._reading.connect() as connection:
            if self.dialect == "sqlite":
                connection = await connection.execution_options(loket_read=True)
            yield connection

    async def look(self, query: HotQuery, **given: str) -> hot.Rows:
        """The rows of a hot query; for anything that a crowd does not ask, use `read`."""
        if self._hot is not None:
            return await self._hot.rows(query, given)
        async with self.read() as connection:
            return [dict(row) for row in (await connection.execute(query.query, given)).mappings()]

    async def close(self) -> None:
        """Close all connections."""
        if self._hot is not None:
            await self._hot.close()
        await self.engine.dispose()
        await self._reading.dispose()


def loose(model: type[Row], row: Any) -> Row:
    """An instance of this row that no session watches: to be read; what is set on it is not written."""
    instance: Row = manager_of_class(model).new_instance()
    instance.__dict__.update(row._asdict())
    return instance


@lru_cache
def _locking(model: type[SQLModel]) -> Select[Any]:
    key = model.__table__.primary_key.columns[0]  # type: ignore[attr-defined]
    query = select(model).where(key == bindparam("locked")).with_for_update()
    return query.execution_options(populate_existing=True)


def in_transaction() -> bool:
    """Whether the running task holds a transaction open; calling out is refused then."""
    return _in_transaction.get()


def async_url(url: str) -> str:
    """The SQLAlchemy URL with the driver we use: aiosqlite or psycopg."""
    parsed = make_url(url)
    driver = "postgresql+psycopg" if parsed.drivername.startswith("postgres") else "sqlite+aiosqlite"
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def _make_postgres_engine(url: str, pool: int, *, looking: bool) -> AsyncEngine:
    engine = create_async_engine(
        async_url(url),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=LOCK_TIMEOUT_MS / 1000,
        connect_args={"options": _postgres_options(looking=looking)},
        **({"isolation_level": "AUTOCOMMIT"} if looking else {}),
    )
    event.listen(engine.sync_engine, "checkout", _ping_if_idle)
    return engine


def _postgres_options(*, looking: bool) -> str:
    options = [f"lock_timeout={LOCK_TIMEOUT_MS}", f"statement_timeout={STATEMENT_TIMEOUT_MS}", "timezone=UTC"]
    if looking:
        options.append("default_transaction_read_only=on")
    return " ".join(f"-c {option}" for option in options)


def _make_engine(url: str, pool: int) -> AsyncEngine:
    if url.startswith("postgres"):
        return _make_postgres_engine(url, pool, looking=False)
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(async_url(url), pool_size=pool, max_overflow=0, pool_timeout=LOCK_TIMEOUT_MS / 1000)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _ping_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    # `pool_pre_ping` would ask before every use, which doubled the cost of a look-up. Raising here makes the pool try
    # another connection; one that breaks within these seconds of use costs its one request.
    now = time.monotonic()
    if now - record.info.get("last_used", now) > PING_AFTER_IDLE_S:
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            cursor.close()
            connection.rollback()
        except Exception as error:
            raise DisconnectionError from error
    record.info["last_used"] = now


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy emits BEGIN itself (see _begin_sqlite): the driver's own late, implicit BEGIN would let two writers
    # read first and then deadlock. FULL: a committed payment survives a power cut.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")  # else INSERT OR REPLACE removes what may not be deleted
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    reading = connection.get_execution_options().get("loket_read", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
