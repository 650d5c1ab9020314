"""Writes a migration from the difference between the models and the migrations: ``make migration m="add a column"``.

Read what it wrote before committing it: renames look like a drop and an add, and data does not move by itself.
"""

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

ROOT = Path(__file__).resolve().parents[1]


def main(message: str) -> None:
    """Upgrade an empty SQLite database to the newest migration, and compare it with the models."""
    with tempfile.TemporaryDirectory() as directory:
        config = Config(str(ROOT / "alembic.ini"))
        config.set_main_option("sqlalchemy.url", f"sqlite:///{directory}/empty.db")
        command.upgrade(config, "head")
        newest = ScriptDirectory.from_config(config).get_current_head() or "0000"
        number = f"{int(newest[:4]) + 1:04d}" if re.match(r"\d{4}", newest) else None
        command.revision(config, message=message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
