"""One PostgreSQL database for the tests of a process, put back to its first contents after each of them."""

import uuid
from collections.abc import Callable

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

PRISTINE = "pristine"
SCHEMAS = ("public", "dbos")


class SharedPostgres:
    """A database of its own name on the tests' server; `fill` migrates it and loads the reference data."""

    def __init__(self, server: str, fill: Callable[[str], None]) -> None:
        self._server, self._fill = server, fill
        self._name = f"loket_test_{uuid.uuid4().hex[:12]}"
        self.url = make_url(server).set(database=self._name).render_as_string(hide_password=False)
        self._make()

    def put_back(self) -> None:
        """Undo what a test has written; a database whose schema was touched is made anew."""
        try:
            with psycopg.connect(self.url) as connection:
                connection.execute("SET lock_timeout = '5s'")
                connection.execute("SET session_replication_role = replica")  # neither foreign keys nor triggers
                if self._tables(connection) != self._known:
                    raise psycopg.errors.UndefinedTable
                for table in self._known:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table)))
                for schema, table in self._seeded:
                    here, kept = sql.Identifier(schema, table), sql.Identifier(PRISTINE, f"{schema}.{table}")
                    connection.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(here, kept))
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
        with psycopg.connect(self.url) as connection:
            self._known = self._tables(connection)
            self._seeded: list[tuple[str, str]] = []
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(PRISTINE)))
            for schema, table in sorted(self._known):
                here, kept = sql.Identifier(schema, table), sql.Identifier(PRISTINE, f"{schema}.{table}")
                if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(here)).fetchone():
                    connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, here))
                    self._seeded.append((schema, table))

    def _tables(self, connection: psycopg.Connection) -> set[tuple[str, str]]:
        rows = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)", [list(SCHEMAS)]
        ).fetchall()
        return {(schema, table) for schema, table in rows}

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self._name)))
