"""Hot looks: a select that is built and compiled once, and on PostgreSQL is run by the driver itself, prepared.

Building a select, keying its cache and wrapping its rows cost several times what PostgreSQL needs to answer (`make
bench`), so the few queries that a crowd asks go this way. All else goes through `Database.read`.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncRawCursor, OperationalError
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

from app.core.problems import BUSY
from app.core.texts import Text

Rows = list[dict[str, Any]]
POOL_TIMEOUT_S = 6.0
_SERVICE = Text("Layanan ini", "This service")


class HotQuery:
    """One select with named parameters (`bindparam`), all of them text; build it at import."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self.query = query
        dialect = psycopg_dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's own lack
        compiled = query.compile(dialect=dialect)
        # Lists (`IN`) are written out at once, which wants a value for every parameter: any text will do.
        state = compiled.construct_expanded_state({name: "" for name, bind in compiled.binds.items() if bind.required})
        self.sql = state.statement
        self._constants = tuple(state.positional_parameters)
        self._places = {name: place for place, name in enumerate(state.positiontup or ())}
        columns = query.selected_columns
        self._names = tuple(columns.keys())
        self._mend: tuple[tuple[int, Callable[[Any], Any]], ...] = tuple(
            (place, mend)
            for place, column in enumerate(columns)
            if (mend := column.type.result_processor(dialect, None)) is not None
        )

    def parameters(self, given: Mapping[str, str]) -> list[Any]:
        """What goes to the driver, in the order of `$1`, `$2`: the query's own constants, and what was given."""
        values = list(self._constants)
        for name, value in given.items():
            values[self._places[name]] = value
        return values

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """A row of the driver's, by name, in the types of our tables."""
        mended = list(values)
        for place, mend in self._mend:
            mended[place] = mend(mended[place])
        return dict(zip(self._names, mended, strict=True))


class HotPool:
    """The driver's own connections for hot looks: read-only, without transactions, with prepared statements.

    A list and a semaphore: `psycopg_pool` with its checks, workers and statistics cost as much as the query itself.
    """

    def __init__(self, url: str, size: int, options: str) -> None:
        self._url = url
        self._options = options
        self._room = asyncio.Semaphore(size)
        self._free: list[AsyncRawCursor[tuple[Any, ...]]] = []
        self._closed = False

    async def rows(self, query: HotQuery, given: dict[str, str]) -> Rows:
        """Run it. Connections that broke while they lay idle cost one more try: looking twice changes nothing.

        Raises BUSY when no connection comes free in time.
        """
        await self._enter()
        try:
            reused = bool(self._free)
            try:
                found = await self._once(query, given)
            except OperationalError:
                if not reused or self._closed:
                    raise
                await self._let_go()  # the server went away and came back: the others are as dead as this one
                found = await self._once(query, given)
        finally:
            self._room.release()
        return [query.row(each) for each in found]

    async def close(self) -> None:
        """Close all connections; those in use are closed when they come back."""
        self._closed = True
        await self._let_go()

    async def _enter(self) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(POOL_TIMEOUT_S):
                await self._room.acquire()
        except TimeoutError:
            wait = math.ceil(POOL_TIMEOUT_S)
            raise BUSY(name=_SERVICE, retry_after=wait, headers={"Retry-After": str(wait)}) from None

    async def _once(self, query: HotQuery, given: dict[str, str]) -> list[tuple[Any, ...]]:
        cursor = self._free.pop() if self._free else await self._connect()
        try:
            await cursor.execute(query.sql, query.parameters(given), prepare=True, binary=True)
            found = await cursor.fetchall()
        except BaseException:  # also when the caller is cancelled: an answer may still be on its way
            await cursor.connection.close()
            raise
        self._free.append(cursor)
        if self._closed:
            await self._let_go()
        return found

    async def _connect(self) -> AsyncRawCursor[tuple[Any, ...]]:
        return AsyncRawCursor(await AsyncConnection.connect(self._url, autocommit=True, options=self._options))

    async def _let_go(self) -> None:
        while self._free:
            await self._free.pop().connection.close()
