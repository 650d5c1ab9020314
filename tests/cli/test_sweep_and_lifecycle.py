"""`loket sweep` and `loket lifecycle`, as an operator runs them."""

import json
from pathlib import Path

import pytest

from app.services.cases import drawing
from app.services.cases.loading import read_shipped
from tests.cli.spoken import Loket, speaker


@pytest.fixture
def loket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Loket:
    return speaker(tmp_path, monkeypatch, capsys)


def test_a_sweep_of_an_empty_house(
    tmp_path: Path, engine_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loket = speaker(tmp_path, monkeypatch, capsys, engine_url)
    said = loket("sweep", "--now", "2026-03-11T09:00:00+07:00", "--json")
    assert (said.status, json.loads(said.out or "null")) == (0, {"done": 0, "stuck": 0}), said.err


@pytest.mark.parametrize(
    ("time", "words"), [("yesterday", "no ISO 8601 time"), ("2026-03-11T09:00", "needs an offset")]
)
def test_a_time_must_be_one(loket: Loket, time: str, words: str) -> None:
    said = loket("sweep", "--now", time)
    assert (said.status, words in " ".join(said.err.replace("│", " ").split())) == (2, True)


def test_a_lifecycle_is_drawn(loket: Loket, tmp_path: Path) -> None:
    etle = read_shipped("etle")
    assert loket("lifecycle", "etle").out == drawing.mermaid(etle)
    assert loket("lifecycle", "etle", "--format", "svg", "--lang", "en").out == drawing.svg(etle, "en")
    assert loket("lifecycle", "etle", "--format", "svg", "--output", "x.svg").status == 0
    assert (tmp_path / "x.svg").read_text("utf-8") == drawing.svg(etle)


def test_an_unknown_lifecycle_or_format(loket: Loket) -> None:
    unknown = loket("lifecycle", "stnk")
    assert (unknown.status, "there are: application, etle" in unknown.err) == (1, True)
    assert loket("lifecycle", "etle", "--format", "pdf").status == 2
