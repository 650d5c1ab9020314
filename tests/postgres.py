"""One PostgreSQL database for the tests of a process, put back to its first contents after each of them."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

PRISTINE = "pristine"
SCHEMAS = ("public", "dbos")
TRUNCATED_EVERY = 20
Table = tuple[str, str]
State = tuple[Any, ...] | None


class SharedPostgres:
    """A database of its own name on the tests' server; `fill` migrates it and loads the reference data."""

    def __init__(self, server: str, fill: Callable[[str], None]) -> None:
        self._server, self._fill = server, fill
        self._name = f"loket_test_{uuid.uuid4().hex[:12]}"
        self.url = make_url(server).set(database=self._name).render_as_string(hide_password=False)
        self._make()

    def put_back(self) -> None:
        """Undo what a test has written; a database whose schema was touched is made anew."""
        self._times += 1
        try:
            with psycopg.connect(self.url) as connection:
                connection.execute("SET lock_timeout = '5s'")
                connection.execute("SET session_replication_role = replica")  # neither foreign keys nor triggers
                sizes = self._sizes(connection)
                if sizes.keys() != self._known:
                    raise psycopg.errors.UndefinedTable
                touched = [table for table, size in sizes.items() if size and table not in self._seeded]
                self._empty(connection, touched)
                for table in self._seeded:
                    if self._state(connection, table) != self._states[table]:
                        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table)))
                        self._fill_again(connection, table)
                        self._states[table] = self._state(connection, table)
        except psycopg.Error:
            self.drop()
            self._make()

    def drop(self) -> None:
        """Remove the database."""
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def _make(self) -> None:
        self._admin("CREATE DATABASE {}")
        # A killed process of ours loses nothing by this, a killed server would: who tests that has a server of their own.
        self._admin("ALTER DATABASE {} SET synchronous_commit = off")
        self._fill(self.url)
        self._times = 0
        with psycopg.connect(self.url) as connection:
            self._known = self._sizes(connection).keys()
            self._seeded: list[Table] = []
            self._states: dict[Table, State] = {}
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(PRISTINE)))
            for table in sorted(self._known):
                here, kept = sql.Identifier(*table), _kept(table)
                if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(here)).fetchone():
                    connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, here))
                    self._seeded.append(table)
                    self._states[table] = self._state(connection, table)

    def _empty(self, connection: psycopg.Connection, tables: Sequence[Table]) -> None:
        """Deleting is quicker, but what is deleted stays in the file until a vacuum, and every look reads past it."""
        if not tables:
            return
        names = [sql.Identifier(*table) for table in tables]
        if self._times % TRUNCATED_EVERY == 0:
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(names)))
        else:
            connection.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(name) for name in names))

    def _fill_again(self, connection: psycopg.Connection, table: Table) -> None:
        connection.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(sql.Identifier(*table), _kept(table)))

    def _state(self, connection: psycopg.Connection, table: Table) -> State:
        """How many rows, written by which transactions: whoever writes a row changes one of them."""
        query = sql.SQL("SELECT count(*), sum(xmin::text::bigint) FROM {}").format(sql.Identifier(*table))
        return connection.execute(query).fetchone()

    def _sizes(self, connection: psycopg.Connection) -> dict[Table, int]:
        """Every table with the bytes of its file; one that was not written to since it was emptied has none."""
        rows = connection.execute(
            "SELECT nspname, relname, pg_relation_size(pg_class.oid) FROM pg_class "
            "JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind = 'r' AND nspname = ANY(%s)",
            [list(SCHEMAS)],
        ).fetchall()
        return {(schema, name): size for schema, name, size in rows}

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self._name)))


def _kept(table: Table) -> sql.Identifier:
    schema, name = table
    return sql.Identifier(PRISTINE, f"{schema}.{name}")
