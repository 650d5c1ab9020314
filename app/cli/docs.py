"""`loket docs`: the parts of docs/ that follow from code are drawn from it, and `--check` fails where they differ.

A page holds a pair of marks, ``<!-- drawn: settings -->`` and ``<!-- end -->``; what stands between them is ours.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from prometheus_client import REGISTRY

import app as package
from app.cli import lifecycle
from app.cli.common import console, refuse
from app.core.config import Settings
from app.core.limits import LIMITS
from app.core.problems import catalogue

ROOT = Path(package.__file__).resolve().parents[1]
_DRAWN = re.compile(r"(<!-- drawn: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def docs(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a page differs.")] = False,
) -> None:
    """Draw settings, problems, commands, limits, metrics and lifecycles into docs/ from the code."""
    differing = []
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        drawn = draw(text, context.find_root().command)
        if drawn != text:
            differing.append(str(page.relative_to(ROOT)))
            if not check:
                page.write_text(drawn, "utf-8")
    for name, drawn in lifecycle.pages().items():
        file = ROOT / "docs" / "lifecycles" / name
        if not file.exists() or file.read_text("utf-8") != drawn:
            differing.append(str(file.relative_to(ROOT)))
            if not check:
                file.parent.mkdir(exist_ok=True)
                file.write_text(drawn, "utf-8")
    if check and differing:
        raise refuse(f"These pages differ from the code: {', '.join(differing)}. Run: make openapi")
    console.print(f"{len(differing)} pages were drawn anew." if differing else "The docs follow the code.")


def draw(text: str, commands: Any) -> str:
    """A page with its drawn parts filled in; ValueError for a mark that nothing draws."""
    drawers: dict[str, Callable[[], Iterator[str]]] = {
        "settings": _settings,
        "problems": _problems,
        "limits": _limits,
        "metrics": _metrics,
        "commands": lambda: _commands(commands),
    }

    def fill(match: re.Match[str]) -> str:
        if match[2] not in drawers:
            raise ValueError(f"nothing draws {match[2]!r}; known are {', '.join(drawers)}")
        return match[1] + "\n".join(drawers[match[2]]()) + "\n" + match[3]

    return _DRAWN.sub(fill, text)


def _settings() -> Iterator[str]:
    yield "| variable | default | what it does |"
    yield "| --- | --- | --- |"
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") else f"`{field.default}`"
        yield f"| `LOKET_{name.upper()}` | {default} | {_cell(field.description or '')} |"


def _problems() -> Iterator[str]:
    for problem in catalogue():
        yield f'<a id="{problem.code}"></a>'
        yield f"### {problem.code} ({problem.status})"
        yield ""
        yield f"{problem.title.en}. {problem.detail.en}"
        yield ""
        yield f"> {problem.title.id}. {problem.detail.id}"
        yield ""


def _limits() -> Iterator[str]:
    yield "| limit | hits of one key |"
    yield "| --- | --- |"
    for name, limit in LIMITS.items():
        yield f"| `{name}` | {limit.amount} per {limit.multiples if limit.multiples > 1 else ''}{limit.GRANULARITY.name} |"


def _metrics() -> Iterator[str]:
    yield "| metric | kind | labels | what it counts |"
    yield "| --- | --- | --- | --- |"
    ours = {collector for name, collector in REGISTRY._names_to_collectors.items() if name.startswith("loket_")}
    for metric in sorted(ours, key=lambda each: each._name):  # type: ignore[attr-defined]
        name, kind = metric._name, metric._type  # type: ignore[attr-defined]
        labels = ", ".join(metric._labelnames)  # type: ignore[attr-defined]
        shown = f"{name}_total" if kind == "counter" else name
        yield f"| `{shown}` | {kind} | {labels} | {_cell(metric._documentation)} |"  # type: ignore[attr-defined]


def _commands(root: Any) -> Iterator[str]:
    yield "| command | what it does |"
    yield "| --- | --- |"
    for path, command in _leaves(root, ("loket",)):
        arguments = [str(each.name).upper() for each in command.params if each.param_type_name == "argument"]
        help_ = (command.help or "").strip().split("\n\n")[0].replace("\n", " ")
        yield f"| `{' '.join([*path, *arguments])}` | {_cell(help_)} |"


def _leaves(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The commands below a group, with their paths; Typer brings its own copy of click, so these have no public type."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(command, (*path, name))
        elif not command.hidden:
            yield (*path, name), command


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
