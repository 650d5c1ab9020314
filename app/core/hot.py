"""Hot looks: a select that is built and compiled once, and on PostgreSQL is run by the driver itself, prepared.

Building a select, keying its cache and wrapping its rows cost several times what PostgreSQL needs to answer (`make
bench`), so the few queries that a crowd asks go this way. All else goes through `Database.read`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

Rows = list[dict[str, Any]]
POOL_TIMEOUT_S = 6.0


class HotQuery:
    """One select with named parameters (`bindparam`), all of them text; build it at import."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self.query = query
        dialect = psycopg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        compiled = query.compile(dialect=dialect)
        # Lists (`IN`) are written out at once, which wants a value for every parameter: any text will do.
        state = compiled.construct_expanded_state({name: "" for name, bind in compiled.binds.items() if bind.required})
        self.sql = state.statement
        self._constants = dict(state.parameters)
        columns = query.selected_columns
        self._names = tuple(columns.keys())
        self._mend: tuple[tuple[int, Callable[[Any], Any]], ...] = tuple(
            (place, mend)
            for place, column in enumerate(columns)
            if (mend := column.type.result_processor(dialect, None)) is not None
        )

    def parameters(self, given: dict[str, str]) -> dict[str, Any]:
        """What goes to the driver: the query's own constants, and what was given."""
        return self._constants | given

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """A row of the driver's, by name, in the types of our tables."""
        mended = list(values)
        for place, mend in self._mend:
            mended[place] = mend(mended[place])
        return dict(zip(self._names, mended, strict=True))


class HotPool:
    """The driver's own connections for hot looks: read-only, without transactions, with prepared statements."""

    def __init__(self, url: str, size: int, options: str) -> None:
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            timeout=POOL_TIMEOUT_S,
            kwargs={"autocommit": True, "prepare_threshold": 0, "options": options},
        )
        self._opening = asyncio.Lock()

    async def rows(self, query: HotQuery, given: dict[str, str]) -> Rows:
        """Run it. A connection that broke while it lay idle costs one more try: looking twice changes nothing."""
        if self._pool.closed:
            async with self._opening:
                await self._pool.open()
        try:
            return await self._once(query, given)
        except OperationalError:
            await self._pool.check()
            return await self._once(query, given)

    async def _once(self, query: HotQuery, given: dict[str, str]) -> Rows:
        connection = await self._pool.getconn()
        try:
            cursor = await connection.execute(query.sql, query.parameters(given))
            return [query.row(each) for each in await cursor.fetchall()]
        finally:
            await self._pool.putconn(connection)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()
