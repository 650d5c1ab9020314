"""`loket seed reference` and `loket reference`, as an operator runs them."""

import json
from pathlib import Path

import pytest

from app.services import reference
from tests.cli.running import Loket

DATA = Path(reference.__file__).parents[2] / "data" / "reference"
DEARER = ("Running a red light,500000", "Running a red light,750000")


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
    assert (done.status, json.loads(done.stdout)) == (0, [])


def test_a_change_is_seen_asked_about_and_applied(loket: Loket, tmp_path: Path) -> None:
    file = edited(tmp_path, "violations.csv", *DEARER)
    seen = loket("reference", "diff", file)
    assert seen.status == 0
    assert "~ 287-2-APILL" in seen.words
    assert "max_fine: 500000 -> 750000" in seen.words
    assert "0 added, 1 changed, 0 removed" in seen.words

    refused = loket("reference", "apply", file, answer="n\n")
    assert refused.status == 1
    assert json.loads(loket("reference", "diff", file, "--json").stdout)["changed"] == 1, "nothing was applied"

    applied = loket("reference", "apply", file, "--yes", "--from", "2099-01-01", "--json")
    assert applied.status == 0, applied.words
    assert json.loads(applied.stdout)["valid_from"] == "2099-01-01"
    assert json.loads(loket("reference", "diff", file, "--json").stdout)["changes"] == []


def test_a_script_that_has_nobody_to_answer_applies(loket: Loket, tmp_path: Path) -> None:
    file = edited(tmp_path, "violations.csv", *DEARER)
    applied = loket("reference", "apply", file)
    assert applied.status == 0, applied.words
    assert "~ 287-2-APILL" in applied.words
    again = loket("reference", "apply", file, "--json")
    assert (again.status, json.loads(again.stdout)) == (0, {"revision": None})


def test_a_bad_file_is_refused_with_file_and_line_and_nothing_applied(loket: Loket, tmp_path: Path) -> None:
    file = edited(tmp_path, "violations.csv", DEARER[0], "Running a red light,five hundred")
    line = next(n for n, text in enumerate(Path(file).read_text().splitlines(), 1) if "five hundred" in text)
    refused = loket("reference", "apply", file, "--yes")
    assert refused.status == 1
    assert f"violations.csv:{line}: max_fine_idr: 'five hundred' is not a whole number" in refused.words
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
    assert done.status == status, done.words
    assert words in done.words
