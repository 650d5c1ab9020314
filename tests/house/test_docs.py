"""The docs say what the code does: what can be drawn is drawn, and what is named exists."""

import re
from pathlib import Path

import pytest
import typer

from app.cli import app
from app.cli.docs import ROOT, draw

PAGES = sorted((ROOT / "docs").rglob("*.md")) + sorted(ROOT.glob("*.md"))


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_the_drawn_parts_follow_the_code(page: Path) -> None:
    text = page.read_text()
    assert draw(text, typer.main.get_command(app)) == text, "run: make openapi"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_of_ours_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_of_the_code_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`((?:app|scripts|tests|migrations|requirements)/[\w./-]+)`", page.read_text()))
    assert {path for path in named if not (ROOT / path.rstrip("/")).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"\bloket ((?:[a-z-]+ ?)+)", " ".join(re.findall(r"`(loket [^`]+)`", page.read_text()))))
    assert {words for words in named if not _exists(words.split())} == set()


def test_the_lines_that_are_tried_are_in_the_handbook() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text()
    for mark in ("sqlite-backup", "sqlite-restore", "postgresql-backup", "postgresql-restore"):
        assert f"<!-- tried: {mark} -->\n```sh\n" in handbook


def _exists(words: list[str]) -> bool:
    """Whether the first words lead to a command; what follows a command are its arguments."""
    command = typer.main.get_command(app)
    for word in words:
        commands = getattr(command, "commands", None)
        if commands is None:
            return True
        if word not in commands:
            return False
        command = commands[word]
    return True
