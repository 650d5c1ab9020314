"""Bring a database to the schema of this version, and tell whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

from app.core.jobs import migrate_queue

_ROOT = Path(__file__).resolve().parents[2]


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade our tables and the job queue's. Safe to run from several processes at once."""
    if url.startswith("sqlite"):
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(_config(url), revision)
    migrate_queue(url)


def downgrade(url: str, revision: str = "base") -> None:
    """Take our tables back to an older revision."""
    command.downgrade(_config(url), revision)


def pending(url: str) -> bool:
    """Whether migrations are missing in this database."""
    head = ScriptDirectory.from_config(_config(url)).get_current_head()
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() != head
    finally:
        engine.dispose()


def _config(url: str) -> Config:
    config = Config(str(_ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
