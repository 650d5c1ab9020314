"""`loket settlements`: banks' statement files, read and booked here and now."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.cli.common import console, emit, errors, open_house, refuse, run
from app.core.actor import SYSTEM
from app.core.house import House
from app.services.billing.settlement import queries, receiving
from app.services.billing.settlement.importing import import_file
from app.services.billing.settlement.models import FileState, SettlementFile
from app.services.billing.settlement.queries import FileView

app = typer.Typer(help="Banks' statement files.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Banks' statement files."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, MT940 or camt.053", exists=True, dir_okay=False)],
    bank: Annotated[str, typer.Option(help="The bank's name or client id.")],
    unit: Annotated[
        str | None, typer.Option(help="The Polda whose payments it holds; all where it is left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Read a file and book it, with progress; doing it again changes nothing. Exit status 1 where it is refused."""
    view, already = run(_import(file, bank, unit, quiet=as_json))
    shown = {
        "id": view.id, "state": view.state, "already": already, "lines": view.lines_total, "new": view.lines_new,
        "counts": dict(view.counts), "refusal": view.refusal.en if view.refusal else None,
    }  # fmt: skip
    emit(shown, as_json=as_json, human=lambda: _show(view, already=already))
    if view.refusal is not None:
        raise refuse(f"{file}: {view.refusal.en}. Nothing of it was booked.")
    if view.state is not FileState.DONE:
        raise refuse(
            "Another file of this bank is being read; this one follows by itself. `loket worker` must be running."
        )


async def _import(file: Path, bank: str, unit: str | None, *, quiet: bool) -> tuple[FileView, bool]:
    async with open_house() as house:
        sent = await receiving.receive(house, SYSTEM, file, bank=bank, unit=unit, name=file.name)
        with _progress(quiet) as progress:
            await _read(house, sent.id, progress)
        async with house.db.read() as connection:
            return await queries.get_file(connection, SYSTEM, sent.id), sent.already


async def _read(house: House, file_id: UUID, progress: Progress) -> None:
    bar = progress.add_task("booked", total=None)

    def watch(file: SettlementFile) -> None:
        progress.update(bar, total=file.lines_total, completed=file.lines_done)

    await import_file(house, str(file_id), watch=watch)


def _progress(quiet: bool) -> Progress:
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    return Progress(*columns, console=errors, disable=quiet)


def _show(view: FileView, *, already: bool) -> None:
    table = Table("Lines", "How many")
    for name, count in view.counts.items():
        table.add_row(name, f"{count:,}")
    if view.counts:
        console.print(table)
    had = " It was imported before." if already else ""
    console.print(f"{view.state}: {view.lines_total or 0:,} lines, {view.lines_new:,} new.{had}", highlight=False)
