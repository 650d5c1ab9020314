"""Imported once in the process that servers are forked from: what each of them would read and compile for itself."""

import tempfile
from pathlib import Path

from app.cli import serve  # noqa: F401 with all that it imports
from app.core.config import Settings
from app.routers import pages
from app.wiring import build_house

with tempfile.TemporaryDirectory() as folder:
    build_house(Settings(_env_file=None, home=Path(folder)))
pages.warm_up()
