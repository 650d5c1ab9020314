"""`loket seed reference` and `loket reference`, as an operator runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.services import reference

DATA = Path(reference.__file__).parents[2] / "data" / "reference"
DEARER = ("Running a red light,500000", "Running a red light,750000")


class Loket:
    """Runs the command line against one database."""

    def __init__(self, home: Path, database_url: str) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LOKET_")},
            "LOKET_HOME": str(home),
            "LOKET_DATABASE_URL": database_url,
            "NO_COLOR": "1",
            "COLUMNS": "160",
        }
        self.directory = home

    def __call__(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *arguments],
            env={**self.environment, "PYTHONPATH": str(Path(reference.__file__).parents[3])},
            cwd=self.directory, input=answer, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture
def loket(tmp_path: Path, engine_url: str) -> Loket:
    return Loket(tmp_path, engine_url)


def edited(directory: Path, name: str, old: str, new: str) -> str:
    text = (DATA / name).read_text()
    assert old in text
    path = directory / name
    path.write_text(text.replace(old, new))
    return str(path)


def test_seeding_twice_is_seeding_once(loket: Loket) -> None:
    done = loket("seed", "reference", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_a_change_is_seen_asked_about_and_applied(loket: Loket, tmp_path: Path) -> None:
    file = edited(tmp_path, "violations.csv", *DEARER)
    seen = loket("reference", "diff", file)
    assert seen.returncode == 0
    assert "~ 287-2-APILL" in seen.stdout
    assert "max_fine: 500000 -> 750000" in seen.stdout
    assert "0 added, 1 changed, 0 removed" in seen.stdout

    refused = loket("reference", "apply", file, answer="n\n")
    assert refused.returncode == 1
    assert json.loads(loket("reference", "diff", file, "--json").stdout)["changed"] == 1, "nothing was applied"

    applied = loket("reference", "apply", file, "--yes", "--from", "2099-01-01", "--json")
    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["valid_from"] == "2099-01-01"
    assert json.loads(loket("reference", "diff", file, "--json").stdout)["changes"] == []


def test_a_bad_file_is_refused_with_file_and_line_and_nothing_applied(loket: Loket, tmp_path: Path) -> None:
    file = edited(tmp_path, "violations.csv", DEARER[0], "Running a red light,five hundred")
    line = next(n for n, text in enumerate(Path(file).read_text().splitlines(), 1) if "five hundred" in text)
    refused = loket("reference", "apply", file, "--yes")
    assert refused.returncode == 1
    assert f"violations.csv:{line}: max_fine_idr: 'five hundred' is not a whole number" in refused.stderr
    assert json.loads(loket("reference", "diff", str(DATA / "violations.csv"), "--json").stdout)["changes"] == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("reference", "diff", "banks.csv"), 1, "does not say which table"),
        (("reference", "diff", "units.csv"), 1, "No such file"),
        (("reference", "apply"), 2, "Missing argument"),
        (("reference", "apply", "units.csv", "--from", "tomorrow"), 2, "--from"),
    ],
)
def test_wrong_use_says_what_to_do(loket: Loket, arguments: tuple[str, ...], status: int, words: str) -> None:
    done = loket(*arguments)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
