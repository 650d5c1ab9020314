"""One set of migrations for both engines: up, down to nothing, up again; and models and migrations say the same."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, pool
from sqlalchemy.engine import Engine, make_url

from app.core.migrations import downgrade, migrate, pending
from app.tables import metadata


@pytest.fixture
def engine(engine_url: str) -> Engine:
    url = make_url(engine_url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, poolclass=pool.NullPool)


def _ours(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) & set(metadata.tables)


def test_up_down_and_up_again(engine_url: str, engine: Engine) -> None:
    assert _ours(engine) == set(metadata.tables)
    downgrade(engine_url)
    assert _ours(engine) == set()
    assert pending(engine_url)
    migrate(engine_url)
    assert _ours(engine) == set(metadata.tables)
    assert not pending(engine_url)


def test_models_and_migrations_say_the_same(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _parents: kind != "table" or name in metadata.tables,
                "compare_type": True,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(engine_url: str) -> None:
    migrate(engine_url)
    assert not pending(engine_url)
