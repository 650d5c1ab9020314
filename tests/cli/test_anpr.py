"""`loket anpr`, as an operator runs it."""

import json
import re
from pathlib import Path

import pytest

from app.sandbox.photographs import draw_photograph, draw_unreadable
from tests.cli.running import Loket


@pytest.fixture
def loket(tmp_path: Path, sqlite_template: Path) -> Loket:
    database = tmp_path / "loket.db"
    database.write_bytes(sqlite_template.read_bytes())
    return Loket(tmp_path, f"sqlite:///{database}")


def test_a_recogniser_is_measured_on_labelled_pictures(loket: Loket, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(draw_photograph("B 1234 XYZ", seed=1))
    (folder / "two.jpg").write_bytes(draw_photograph("D 9040 EFG", seed=2))
    (folder / "street.jpg").write_bytes(draw_unreadable(seed=3))
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "labels.csv").write_text(
        "\ufefffile,plate,kind\none.jpg,B1234XYZ,car\ntwo.jpg,d 9040 efg,car\nstreet.jpg,L1A,none\nbroken.jpg,L1A,none\n"
    )
    done = loket("anpr", "evaluate", str(folder), "--wrong", "--json")
    assert done.status == 0, done.words
    measured = json.loads(done.stdout)
    assert (measured["pictures"], measured["exact"], measured["exact_percent"]) == (4, 2, 50.0)
    assert measured["exact_interval_percent"] == [15.0, 85.0]  # Wilson, 2 of 4
    assert measured["by_kind"] == {"car": 100.0, "none": 0.0}
    sure = measured["accepted_at"]["0.5"]
    assert (sure["coverage_percent"], sure["precision_percent"]) == (50.0, 100.0)
    assert sure["precision_interval_percent"] == [34.2, 100.0]
    assert (measured["recogniser"], measured["refused"]) == ("embedded", 1)
    assert measured["ms_p50"] <= measured["ms_p95"]
    assert measured["peak_memory_mib"] > 50
    assert [row["file"] for row in measured["wrong"]] == ["street.jpg", "broken.jpg"]
    page = Path(measured["page"]).read_text()
    assert Path(measured["page"]) == tmp_path / "evaluation.html"
    assert all(
        words in page for words in ('lang="id"', "50 % (15–85), 2/4", "<svg", "street.jpg", "tidak dapat dibuka")
    )
    assert page.count('src="data:image/jpeg') == 1
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)  # it loads nothing
    english = tmp_path / "english.html"
    done = loket(
        "anpr", "evaluate", str(folder), "--recogniser", "embedded", "--page", str(english), "--language", "en"
    )
    assert done.status == 0, done.words
    assert "from 0.5" in done.words
    assert 'lang="en"' in english.read_text()


def test_what_cannot_be_measured_is_said(loket: Loket, tmp_path: Path) -> None:
    done = loket("anpr", "evaluate", str(tmp_path))
    assert done.status == 1
    assert "labels.csv" in done.words
    (tmp_path / "labels.csv").write_text("picture,text\n")
    assert "columns file and plate" in loket("anpr", "evaluate", str(tmp_path)).words
    (tmp_path / "labels.csv").write_text("file,plate\nnone.jpg,B1A\n")
    done = loket("anpr", "evaluate", str(tmp_path))
    assert done.status == 1
    assert "none.jpg" in done.words
    (tmp_path / "labels.csv").write_text("file,plate\none.jpg,B1A\ntwo.jpg\n")
    assert "line 3" in loket("anpr", "evaluate", str(tmp_path)).words
    (tmp_path / "labels.csv").write_text("file,plate\nnone.jpg,B1A\n")
    loket.settings["LOKET_RECOGNISER"] = "tesseract"
    done = loket("anpr", "evaluate", str(tmp_path))
    assert done.status == 1
    assert "embedded" in done.words


def test_every_configured_recogniser_is_tried_on_a_picture(loket: Loket, tmp_path: Path) -> None:
    """A server that answers may still not read: it is tried, not asked how it feels."""
    loket.settings["LOKET_RECOGNISER"] = "recognisers.yaml"
    (tmp_path / "recognisers.yaml").write_text(
        "recognisers:\n  own: {kind: embedded}\n  away: {kind: omni-lpr, url: 'http://127.0.0.1:9'}\ndefault: {read: [own]}\n"
    )
    done = loket("anpr", "probe", "--json")
    assert done.status == 1
    own, away = json.loads(done.stdout)
    assert (own["recogniser"], own["read_right"], away["read_right"]) == ("own", True, False)
    assert own["words"].startswith("B1234XYZ")
    assert re.fullmatch(r"away does not answer\..* \(ClientConnectorError: .*127\.0\.0\.1:9.*\)", away["words"])
    assert "recogniser: own, away; `loket anpr probe`" in loket("doctor").words
    (tmp_path / "recognisers.yaml").write_text("recognisers:\n  own: {kind: embedded}\ndefault: {read: [own]}\n")
    done = loket("anpr", "probe")
    assert (done.status, "ok B1234XYZ" in done.words) == (0, True)
    plans = "poldas: {PMJ: {read: [own]}, JAKARTA: {read: [own]}}\ncameras: {cam-nobody: {read: [own]}}\n"
    (tmp_path / "recognisers.yaml").write_text(
        "recognisers:\n  own: {kind: embedded}\ndefault: {read: [own]}\n" + plans
    )
    told = loket("doctor").words
    assert [name in told for name in ("plan for PMJ", "plan for JAKARTA", "plan for cam-nobody")] == [False, True, True]
    (tmp_path / "recognisers.yaml").write_text("recognisers: {}\n")
    for command in (("anpr", "probe"), ("doctor",)):
        done = loket(*command)
        assert done.status == 1
        assert "recognisers.yaml: recognisers" in done.words


def test_no_shadow_has_read_anything_yet(loket: Loket) -> None:
    done = loket("anpr", "shadow", "--json")
    assert (done.status, json.loads(done.stdout)) == (0, {"pairs": [], "differ": []})
    assert "docs/recognisers.md" in loket("anpr", "shadow", "--since", "2026-01-01").words


def test_a_certificate_is_entered_for_a_camera(loket: Loket) -> None:
    camera = json.loads(loket("client", "add", "camera", "Sarinah 1", "--unit", "PMJ", "--json").stdout)
    certificate = ["--number", "KL-1/2026", "--valid-until", "2027-01-31", "--model", "Demo 3000"]
    done = loket("anpr", "certificate", camera["client_id"], *certificate, "--json")
    assert done.status == 0, done.words
    shown = json.loads(done.stdout)
    assert (shown["name"], shown["certificate_no"], shown["certificate_until"]) == (
        "Sarinah 1",
        "KL-1/2026",
        "2027-01-31",
    )
    assert loket("anpr", "certificate", "cam-nobody", *certificate).status == 1
    wrong = loket("anpr", "certificate", camera["client_id"], "--number", "1", "--valid-until", "31/01/2027")
    assert wrong.status == 2
    assert "2027-01-31" in wrong.words
