"""`loket verdicts`: the court's decisions by file, seen first."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.cli.common import console, emit, open_house, refuse, run
from app.services.etle import verdicts

app = typer.Typer(help="The court's decisions by file, seen first.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="CSV: register_no,fine,cost", exists=True, dir_okay=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]


@app.command("preview")
def preview(file: File, as_json: Json = False) -> None:
    """Show what an import would do; changes nothing."""
    _show(run(_run(file.read_text("utf-8"), file, changes=False)), as_json)


@app.command("import")
def import_(file: File, as_json: Json = False) -> None:
    """Enter the verdicts that are ready; doing it again changes nothing."""
    lines = run(_run(file.read_text("utf-8"), file, changes=True))
    _show(lines, as_json)
    refused = [each for each in lines if each.outcome.startswith(("refused", "unknown"))]
    if refused:
        raise refuse(f"{len(refused)} of {len(lines)} lines were not imported; see above.")


async def _run(text: str, file: Path, *, changes: bool) -> list[verdicts.VerdictLine]:
    async with open_house() as house:
        try:
            return await (verdicts.import_file if changes else verdicts.preview)(house, text)
        except verdicts.BadVerdictFile as error:
            raise refuse(f"{file}:\n{error}") from None


def _show(lines: list[verdicts.VerdictLine], as_json: bool) -> None:
    def human() -> None:
        table = Table("Line", "Register", "Fine", "Cost", "Outcome")
        for each in lines:
            table.add_row(str(each.line), each.register_no, f"{each.fine:,}", f"{each.cost:,}", each.outcome)
        console.print(table)

    shown = [
        {
            "line": each.line,
            "register_no": each.register_no,
            "fine": each.fine,
            "cost": each.cost,
            "outcome": each.outcome,
        }
        for each in lines
    ]
    emit(shown, as_json=as_json, human=human)
