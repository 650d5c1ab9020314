"""`loket registry`: fill the embedded registers from a file. What would change is shown first."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import console, emit, open_house, refuse, run
from app.core.house import House
from app.services import registries
from app.services.registries import POPULATION, REGISTER_FILES, VEHICLES, ImportView

app = typer.Typer(help="The embedded registers.", no_args_is_help=True)


class Kind(StrEnum):
    """Which register a file is for."""

    VEHICLES = "vehicles"
    POPULATION = "population"
    LICENCES = "licences"
    RECORDS = "records"
    TAX = "tax"
    INSURANCE = "insurance"
    HEALTH = "health"
    PSYCHOLOGY = "psychology"
    JKN = "jkn"


_REGISTERS: dict[str, Any] = {Kind.VEHICLES: VEHICLES, Kind.POPULATION: POPULATION, **REGISTER_FILES}


@app.callback()
def group() -> None:
    """The embedded registers."""


@app.command("import")
def import_(
    kind: Kind,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="UTF-8: CSV with a header line, or JSON lines.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "--preview", help="Show what would change and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; asks nothing.")] = False,
) -> None:
    """Check the file, show what it would change, then apply it. Nothing is written while one line is wrong."""
    register = _REGISTERS[kind]
    seen = _with_house(lambda house: registries.preview(house, register, file))
    if not as_json:
        _show(seen)
    wanted = not dry_run and bool(seen.new or seen.changed)
    if wanted and not yes:
        if as_json:
            raise refuse("With --json, say --yes to apply or --dry-run to look.")
        wanted = typer.confirm("Apply?")
    done = _with_house(lambda house: registries.apply(house, register, file)) if wanted else None
    emit(
        {"applied": wanted, **asdict(done or seen)},
        as_json=as_json,
        human=lambda: console.print("Applied." if wanted else "Nothing was changed."),
    )


def _show(view: ImportView) -> None:
    console.print(f"new: {view.new}   changed: {view.changed}   unchanged: {view.same}", highlight=False)
    for name, lines, count in (("new", view.new_lines, view.new), ("changed", view.changed_lines, view.changed)):
        if lines:
            more = ", ..." if count > len(lines) else ""
            console.print(f"  {name} on lines {', '.join(map(str, lines))}{more}", highlight=False)


def _with_house(work: Callable[[House], Awaitable[ImportView]]) -> ImportView:
    async def opened() -> ImportView:
        async with open_house() as house:
            return await work(house)

    return run(opened())
