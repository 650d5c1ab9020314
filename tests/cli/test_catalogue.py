"""`loket catalogue`, as whoever writes a service file runs it."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Loket

EXTRA = Path(__file__).parents[1] / "data" / "catalogue_extra" / "band-permit.yaml"


@pytest.fixture
def loket(tmp_path: Path, engine_url: str) -> Loket:
    return Loket(tmp_path, engine_url)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A directory with one good service file of its own."""
    folder = tmp_path / "layanan"
    folder.mkdir()
    (folder / EXTRA.name).write_text(EXTRA.read_text())
    return folder


def test_a_fault_is_said_with_file_and_line_and_stops_the_start(tmp_path: Path, own: Path) -> None:
    loket = Loket(tmp_path, "sqlite:///nothing.db")
    good = loket("catalogue", "check", str(own))
    assert (good.status, good.words) == (0, "14 services, no fault.")

    file = own / EXTRA.name
    file.write_text(file.read_text().replace("working_hours: 8", "working_hour: 8"))
    bad = loket("catalogue", "check", str(own))
    assert bad.status == 1
    assert f"{file}:20: the file: service_level has an unknown key 'working_hour'" in bad.words
    as_json = json.loads(loket("catalogue", "check", str(own), "--json").stdout)
    assert as_json["ok"] is False
    assert {fault["line"] for fault in as_json["faults"]} == {20}

    loket.settings["LOKET_CATALOGUE"] = str(own)
    assert loket("catalogue", "check").status == 1, "the setting's directory is checked where none is named"
    refused = loket("catalogue", "show", "band-permit")
    assert refused.status == 1
    assert "band-permit.yaml:20: the file: service_level has an unknown key 'working_hour'" in refused.words


def test_a_service_of_a_directory_is_shown_before_it_is_put_into_service(loket: Loket, own: Path) -> None:
    shown = loket("catalogue", "show", "band-permit", str(own))
    assert shown.status == 0, shown.words
    assert "Izin musik" in shown.words
    assert "PNBP: Rp0" in shown.words


def test_a_service_is_shown_in_words_with_its_price(loket: Loket) -> None:
    shown = loket("catalogue", "show", "sim-renewal")
    assert shown.status == 0, shown.words
    assert "Perpanjangan SIM" in shown.words
    assert "PNBP: Rp30.000 - Rp80.000" in shown.words
    english = loket("catalogue", "show", "sim-renewal", "--en", "--json")
    found = json.loads(english.stdout)
    assert found["title"] == "Renewal of a driving licence"
    assert (found["price"]["from"], found["price"]["to"]) == (30_000, 80_000)
    unknown = loket("catalogue", "show", "nothing")
    assert (unknown.status, "no service with the code nothing" in unknown.words) == (1, True)
