"""What a newcomer reads leads somewhere: links, paths in backticks, `make` and `loket` commands, and every library."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from app.cli import app

ROOT = Path(__file__).parents[2]
READ_FIRST = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DATA_PAGE = ROOT / "app" / "data" / "reference" / "README.md"
PAGES = [*READ_FIRST, *sorted((ROOT / "docs").rglob("*.md")), DATA_PAGE]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]*)\)")
IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^\s*```[a-z]*\n(.*?)^\s*```", re.DOTALL | re.MULTILINE)
PATH = re.compile(r"(?:app|docs|migrations|openapi|requirements|scripts|tests|\.ci)/[\w./-]+")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@every_page
def test_links_lead_to_a_file_and_to_its_heading(page: Path) -> None:
    broken = []
    for link in LINK.findall(_prose(page)):
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


@every_page
def test_paths_in_backticks_exist(page: Path) -> None:
    named = {word.rstrip("/.") for word in IN_BACKTICKS.findall(_prose(page)) if PATH.fullmatch(word)}
    assert {path for path in named if not (ROOT / path).exists()} == set()


@every_page
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named: set[str] = set()
    for said in _commands(page, "make"):
        bare = re.sub(r'\w+=("[^"]*"|\S*)', "", said)  # m="add a column" is no target
        named.update(word for word in bare.split()[1:] if word.isalpha())
    assert named - targets == set()


@every_page
def test_every_loket_command_exists(page: Path) -> None:
    assert [said for said in _commands(page, "loket") if not _is_command(said.split()[1:])] == []


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(each.name for each in folder.glob("*.md") if each.name != "README.md")
    assert [name[:5] for name in pages] == [f"{number:04d}-" for number in range(1, len(pages) + 1)], (
        "take the next number"
    )
    assert set(re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", (folder / "README.md").read_text())) == set(pages)


def test_every_direct_dependency_has_its_reason() -> None:
    explained = re.findall(r"^\| ([a-z0-9-]+) \| \S", (ROOT / "docs" / "libraries.md").read_text(), re.MULTILINE)
    wanted = []
    for name in ("base.in", "test.in"):
        lines = (ROOT / "requirements" / name).read_text().splitlines()
        wanted += [match[0] for line in lines if (match := re.match(r"[a-z0-9][a-z0-9-]*", line))]
    assert sorted(set(explained) - {"library", "---"}) == sorted(wanted)


def _prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return FENCED.sub("", page.read_text("utf-8"))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them, and those it sets itself."""
    text = page.read_text("utf-8")
    made = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}
    return made | set(re.findall(r'<a id="([^"]+)"', text))


def _commands(page: Path, program: str) -> Iterator[str]:
    """What the page tells its reader to type: in backticks, or lines of fenced blocks; comments are cut off."""
    text = page.read_text("utf-8")
    lines = [line.strip() for block in FENCED.findall(text) for line in block.splitlines()]
    for said in [*IN_BACKTICKS.findall(_prose(page)), *lines]:
        for part in re.split(r"&&|\$\(|\|", said.partition("#")[0]):
            if part.strip().startswith(f"{program} "):
                yield part.strip()


def _is_command(words: list[str]) -> bool:
    """Whether the words lead to a command or a group of them, before options and arguments."""
    command = typer.main.get_command(app)
    for word in words:
        commands = getattr(command, "commands", None)
        if commands is None or word.startswith("-") or word == "COMMAND":
            break
        if word not in commands:
            return False
        command = commands[word]
    return True
