"""What the handbook promises is tried each time: backup and restore on both engines, and `make run` from a clean clone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.server import ROOT, free_port

WITHIN_S = 400  # some ten starts of the command line each; a busy machine of two cores needs minutes for them


def script(*words: str, **settings: str) -> str:
    """Run one of `scripts/` as an operator does, on a port of its own; what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    kept |= {name: os.environ[name] for name in ("LOKET_TEST_POSTGRES_URL",) if name in os.environ}
    done = subprocess.run(
        ["bash", *words],
        cwd=ROOT,
        env=kept | settings | {"PORT": str(free_port())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


@pytest.fixture
def in_venv() -> Path:
    """The environment that runs these tests, which the scripts use too."""
    home = Path(sys.prefix)
    if home != ROOT / ".venv" and not (ROOT / ".venv").exists():
        pytest.skip("the scripts use .venv, which `make test` makes")
    return home


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_backup_and_restore(engine: str, in_venv: Path, request: pytest.FixtureRequest) -> None:
    if engine == "postgresql":
        if request.getfixturevalue("postgres_server") is None:
            pytest.skip("PostgreSQL does not answer; set LOKET_TEST_POSTGRES_URL")
        if not (shutil.which("psql") and shutil.which("pg_dump")):
            pytest.skip("no psql and pg_dump on this machine")
    assert f"{engine}: " in script("scripts/backup_restore.sh", engine)


def test_make_run_from_a_clean_clone(in_venv: Path) -> None:
    """What is committed is enough: an empty folder and an empty HOME, with packages that are here already."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    told = script("scripts/clean_clone.sh", "run", PACKAGES_OF=str(in_venv))
    assert "clean clone: done" in told
