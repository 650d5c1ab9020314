"""Hot looks: a select that is built and compiled once, and on PostgreSQL is run by the driver itself, prepared.

Building a select, keying its cache and wrapping its rows cost several times what PostgreSQL needs to answer, and going
there and back costs more than either (`make bench`). So the few looks that a crowd asks go this way, and those that come
while others are under way go together, in one query: nobody waits for company, and the more come the less each costs.
All else goes through `Database.read`.
"""

import asyncio
import math
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg import AsyncConnection, AsyncRawCursor, OperationalError
from psycopg.types.json import set_json_loads
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

from app.core.problems import BUSY
from app.core.texts import Text

Rows = list[dict[str, Any]]
MOST_TOGETHER = 64
"""Looks in one query: enough that going there and back no longer counts, few enough that none waits for the others."""
MOST_WAITING = 2_000
"""Looks that wait in this process; beyond it the caller hears at once that we are busy."""
PATIENCE_S = 6.0
"""How long a query may take before all who wait for it hear that we are busy."""
_SERVICE = Text("Layanan ini", "This service")


class HotQuery:
    """One select with named parameters (`bindparam`), all of them text; build it at import.

    On PostgreSQL it is asked for many at once: the select stands in a LATERAL over the looks, which go there as one JSON
    text, so each look is an index search of its own, and `n` says whose a row is.
    """

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self.query = query
        dialect = psycopg_dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's own lack
        compiled = query.compile(dialect=dialect)
        self._asked = tuple(name for name, bind in compiled.binds.items() if bind.required)
        # Lists (`IN`) are written out at once, which wants a value for every parameter: any text will do.
        state = compiled.construct_expanded_state(dict.fromkeys(self._asked, ""))
        names = list(state.positiontup or ())
        self._constants = [state.parameters[name] for name in names if name not in self._asked]
        self.sql = _for_many(state.statement, names, self._asked)
        columns = query.selected_columns
        self._names = tuple(columns.keys())
        self._mend: tuple[tuple[int, Callable[[Any], Any]], ...] = tuple(
            (place, mend)
            for place, column in enumerate(columns)
            if (mend := column.type.result_processor(dialect, None)) is not None
        )

    def parameters(self, given: Sequence[Mapping[str, str]]) -> list[Any]:
        """What goes to the driver, in the order of `$1`, `$2`: all that is asked, then the query's constants."""
        return [orjson.dumps(given).decode(), *self._constants]

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """A row of the driver's, by name, in the types of our tables."""
        mended = list(values)
        for place, mend in self._mend:
            if mended[place] is not None:
                mended[place] = mend(mended[place])
        return dict(zip(self._names, mended, strict=True))


def _for_many(statement: str, names: Sequence[str], asked: Sequence[str]) -> str:
    constants = [name for name in names if name not in asked]
    places = {name: f"asked.{name}" for name in asked}
    places |= {name: f"${number}" for number, name in enumerate(constants, start=2)}
    inner = re.sub(r"\$(\d+)", lambda place: places[names[int(place[1]) - 1]], statement)
    fields = ", ".join(f"{name} text" for name in asked)
    return (
        f"SELECT asked.n, found.* FROM ROWS FROM (json_to_recordset($1::json) AS ({fields})) "  # noqa: S608 ours
        f"WITH ORDINALITY AS asked({', '.join(asked)}, n) CROSS JOIN LATERAL ({inner}) AS found"
    )


@dataclass(frozen=True, slots=True)
class _Look:
    given: Mapping[str, str]
    found: asyncio.Future[Rows]


class HotPool:
    """The driver's own connections for hot looks: read-only, without transactions, with prepared statements."""

    def __init__(self, url: str, size: int, options: str) -> None:
        self._url = url
        # Made once: to plan a look anew each time costs PostgreSQL more than to answer it, and no value changes the plan.
        self._options = f"{options} -c plan_cache_mode=force_generic_plan"
        self._may_start = size
        self._free: list[AsyncRawCursor[tuple[Any, ...]]] = []
        self._waiting: dict[HotQuery, deque[_Look]] = {}
        self._under_way: dict[asyncio.Task[None], HotQuery] = {}
        self._gathering = False
        self._closed = False

    async def rows(self, query: HotQuery, given: Mapping[str, str]) -> Rows:
        """Run it, together with all that come in this same moment. Raises BUSY where there are too many, or too slow."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.setdefault(query, deque())
        if len(waiting) >= MOST_WAITING:
            raise _busy()
        look = _Look(given, loop.create_future())
        waiting.append(look)
        if not self._gathering:
            self._gathering = True
            loop.call_soon(self._start)  # after everybody whose request arrived in this round of the loop
        return await look.found

    async def close(self) -> None:
        """Finish what is under way and close all connections."""
        self._closed = True
        await asyncio.gather(*self._under_way)
        await self._let_go()

    def _start(self) -> None:
        """Start what may start: one query of a kind at a time, and another for each full load that waits meanwhile."""
        self._gathering = False
        busy = set(self._under_way.values())
        for query, waiting in self._waiting.items():
            while waiting and self._may_start and (query not in busy or len(waiting) >= MOST_TOGETHER):
                together = [waiting.popleft() for _ in range(min(len(waiting), MOST_TOGETHER))]
                self._may_start -= 1
                task = asyncio.create_task(self._answer(query, together))
                self._under_way[task] = query
                busy.add(query)
                task.add_done_callback(self._next)

    def _next(self, done: asyncio.Task[None]) -> None:
        del self._under_way[done]
        self._may_start += 1
        self._start()

    async def _answer(self, query: HotQuery, looks: Sequence[_Look]) -> None:
        """Give each look its rows, or each what went wrong."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                rows = await self._twice(query, query.parameters([look.given for look in looks]))
            found: list[Rows] = [[] for _ in looks]
            for n, *values in rows:
                found[n - 1].append(query.row(values))
        except Exception as error:
            for look in looks:
                if not look.found.done():
                    look.found.set_exception(_busy() if isinstance(error, TimeoutError) else error)
        else:
            for look, its in zip(looks, found, strict=True):
                if not look.found.done():  # its caller may have gone
                    look.found.set_result(its)

    async def _twice(self, query: HotQuery, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Connections that broke while they lay idle cost one more try: looking twice changes nothing."""
        reused = bool(self._free)
        try:
            return await self._once(query, parameters)
        except OperationalError:
            if not reused or self._closed:
                raise
            await self._let_go()  # the server went away and came back: the others are as dead as this one
            return await self._once(query, parameters)

    async def _once(self, query: HotQuery, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = self._free.pop() if self._free else await self._connect()
        try:
            await cursor.execute(query.sql, parameters, prepare=True, binary=True)
            found = await cursor.fetchall()
        except BaseException:  # also when the time is up: an answer may still be on its way
            await cursor.connection.close()
            raise
        self._free.append(cursor)
        return found

    async def _connect(self) -> AsyncRawCursor[tuple[Any, ...]]:
        connection = await AsyncConnection.connect(self._url, autocommit=True, options=self._options)
        set_json_loads(orjson.loads, connection)
        return AsyncRawCursor(connection)

    async def _let_go(self) -> None:
        while self._free:
            await self._free.pop().connection.close()


def _busy() -> Exception:
    wait = math.ceil(PATIENCE_S)
    return BUSY(name=_SERVICE, retry_after=wait, headers={"Retry-After": str(wait)})
