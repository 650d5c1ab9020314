"""Statements of a hot transaction: built and compiled once, and on PostgreSQL run by the driver itself, prepared.

Going through the session costs three times what the driver needs, and going to the database and back more than a statement
itself (`make bench`); a payment runs a dozen. So its few go this way, on the very connection and in the very transaction
of the session, and those that do not wait for each other's answer go together. On SQLite they go through the session, one
by one. Errors are SQLAlchemy's, as everywhere.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import psycopg
from psycopg import AsyncConnection
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.compiler import SQLCompiler

from app.core import pipelines
from app.core.pipelines import Driver

_DIALECT = psycopg_dialect(paramstyle="numeric_dollar", dbapi=psycopg)  # type: ignore[no-untyped-call]
Values = Mapping[str, Any]
Rows = Sequence[Any]
Mend = Callable[[Any], Any]


class Prepared:
    """One statement with named parameters; build it at import. Parameters without a value are given at each run."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement

    @cached_property
    def for_driver(self) -> "Compiled":
        """As PostgreSQL's driver takes it."""
        return Compiled(self.statement)


class Compiled:
    """The statement in PostgreSQL's words, and what turns our values into the driver's and back."""

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        asked = {name for name, bind in compiled.binds.items() if bind.required}
        # Lists (`IN`) are written out at once, which wants a value for every parameter: any will do.
        state = compiled.construct_expanded_state(dict.fromkeys(asked))
        self.sql = state.statement.encode()
        self._places = tuple(
            (name, _bind(compiled, name), None) if name in asked else (None, None, state.parameters[name])
            for name in state.positiontup or ()
        )
        found: Any = getattr(statement, "selected_columns", None) or getattr(statement, "_returning", ())
        columns: list[Any] = list(found)
        keys = [str(getattr(column, "key", place)) for place, column in enumerate(columns)]
        self._row: Any = namedtuple("Row", keys, rename=True)  # type: ignore[misc]  # made of a query
        self._mend: tuple[tuple[int, Mend], ...] = tuple(
            (place, mend)
            for place, column in enumerate(columns)
            if (mend := column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)) is not None
        )

    def parameters(self, values: Values) -> list[Any]:
        """What goes to the driver, in the order of `$1`, `$2`."""
        return [
            constant if name is None else values[name] if bind is None else bind(values[name])
            for name, bind, constant in self._places
        ]

    def row(self, values: Sequence[Any]) -> Any:
        """A row of the driver's, by name, in the types of our tables."""
        if not self._mend:
            return self._row._make(values)
        mended = list(values)
        for place, mend in self._mend:
            mended[place] = mend(mended[place])
        return self._row._make(mended)


Statement = tuple[Prepared, Values]


class Runner:
    """Runs prepared statements in the transaction of one session."""

    def __init__(self, session: AsyncSession, *, by_driver: bool) -> None:
        self._session, self._by_driver = session, by_driver
        self._driver: Driver | None = None

    async def rows(self, prepared: Prepared, values: Values) -> Rows:
        """Run it and return its rows, if it has any; what the session has not written yet is written before."""
        if not self._by_driver:
            result = await self._session.execute(prepared.statement, values)
            # What comes of an ORM select has no such word.
            return result.all() if getattr(result, "returns_rows", True) else ()
        [rows] = await self.all((prepared, values))
        return rows

    async def all(self, *several: Statement) -> list[Rows]:
        """Run them in this order, in one going there and back; each one's rows. None sees less than one that ran alone
        would: it begins when the one before it has ended, with whatever was committed by then."""
        if not self._by_driver:
            return [await self.rows(*each) for each in several]
        driver = self._driver or await self._open()
        await self._flush()
        compiled = [prepared.for_driver for prepared, _ in several]
        asked = [(each.sql, each.parameters(values)) for each, (_, values) in zip(compiled, several, strict=True)]
        try:
            answers = await pipelines.at_once(driver, asked)
        except psycopg.Error as error:
            said = b"; ".join(sql for sql, _ in asked).decode()
            raise DBAPIError.instance(
                said, None, error, psycopg.Error, hide_parameters=True, dialect=_DIALECT
            ) from error
        return [[each.row(row) for row in rows] for each, rows in zip(compiled, answers, strict=True)]

    async def _open(self) -> Driver:
        connection = await self._session.connection()
        proxied = connection.sync_connection
        assert proxied is not None
        driver = proxied.connection.driver_connection
        assert isinstance(driver, AsyncConnection)
        self._driver = driver
        return driver

    async def _flush(self) -> None:
        if self._session.new or self._session.deleted or self._session.dirty:
            await self._session.flush()


def _bind(compiled: SQLCompiler, name: str) -> Mend | None:
    return compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
