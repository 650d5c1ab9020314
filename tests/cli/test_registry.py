"""`loket registry import`, as an operator runs it."""

import json
from pathlib import Path

import pytest

from app.services.registries.demo import PEOPLE
from tests.cli.running import Loket

NIK = PEOPLE[0].nik


@pytest.fixture
def loket(tmp_path: Path, engine_url: str) -> Loket:
    return Loket(tmp_path, engine_url)


def test_a_register_file_is_seen_asked_about_and_applied(loket: Loket, tmp_path: Path) -> None:
    file = tmp_path / "jkn.csv"
    file.write_text(f"nik,active\n{NIK},true\n{PEOPLE[1].nik},false\n")
    seen = loket("registry", "import", "jkn", str(file), "--preview")
    assert seen.status == 0, seen.words
    assert "new: 2 changed: 0 unchanged: 0 new on lines 2, 3 Nothing was changed." in seen.words
    assert "Nothing was changed" in loket("registry", "import", "jkn", str(file), answer="n\n").words
    assert "Applied." in loket("registry", "import", "jkn", str(file), answer="y\n").words
    again = loket("registry", "import", "jkn", str(file), "--yes", "--json")
    assert (again.status, json.loads(again.stdout)["same"]) == (0, 2)


def test_wrong_lines_are_named_without_their_values(loket: Loket, tmp_path: Path) -> None:
    file = tmp_path / "tax.csv"
    file.write_text("plate,due_on,stnk_valid_until,pkb,opsen,bbnkb,penalty\nB1A,soon,2028-01-01,1,0,0,0\n")
    refused = loket("registry", "import", "tax", str(file), "--yes")
    assert refused.status == 1
    assert "line 2: due_on: not a date like 1987-11-12" in refused.words
    assert "soon" not in refused.words
    assert loket("registry", "import", "taxes", str(file)).status == 2
