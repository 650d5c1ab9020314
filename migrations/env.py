"""One set of migrations for SQLite and PostgreSQL; the URL comes from the settings, or from the caller's connection."""

from typing import Any

from alembic import context
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import Connection, make_url

from app.core.config import Settings
from app.core.db import JsonColumn, UtcDateTime
from app.tables import metadata

# On SQLite DBOS keeps its tables in our file; they are its own business.
DBOS_TABLES = frozenset(
    {
        "dbos_migrations", "workflow_status", "operation_outputs", "workflow_inputs", "workflow_queue", "notifications",
        "workflow_events", "workflow_events_history", "streams", "event_dispatch_kv", "queues", "workflow_schedules",
        "application_versions", "datasource_migrations",
    }
)  # fmt: skip
LOCK_KEY = 0x10CE7


def include_name(name: str | None, type_: str, parent_names: Any) -> bool:
    """Leave out what is not ours."""
    if type_ == "table":
        return name not in DBOS_TABLES and not (name or "").startswith(("sqlite_", "dbos_", "workflow_"))
    return True


def render_item(type_: str, obj: Any, autogen_context: Any) -> str | bool:
    """Render our column types by name."""
    if type_ == "type" and isinstance(obj, UtcDateTime | JsonColumn):
        autogen_context.imports.add("from app.core.db import JsonColumn, UtcDateTime")
        return f"{type(obj).__name__}()"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations on this connection, one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET lock_timeout = '10s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_KEY})")
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        render_item=render_item,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        if connection.dialect.name == "postgresql":
            connection.rollback()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK_KEY})")
            connection.commit()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    url = make_url(context.config.get_main_option("sqlalchemy.url") or Settings().effective_database_url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
