"""`loket verdicts`: the court's decisions by file, seen first."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.cli.common import console, emit, open_house, refuse, run
from app.services.etle import verdict_files
from app.services.etle.verdict_files import ALL, COURT, Looked

app = typer.Typer(help="The court's decisions by file, seen first.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="CSV: register_no,fine,cost", exists=True, dir_okay=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]


@app.command("preview")
def preview(file: File, as_json: Json = False) -> None:
    """Show what an import would do; no ticket changes. Exit status 1 where the file has faults."""
    looked = run(_preview(file.read_bytes(), file.name))
    _check(looked, file)
    _show(looked, as_json)


@app.command("import")
def import_(file: File, as_json: Json = False) -> None:
    """Enter the verdicts that are ready of a file that was looked at; doing it again changes nothing."""
    looked = run(_import(file.read_bytes(), file))
    _show(looked, as_json)
    left = looked.file.lines - looked.file.imported - looked.file.decided
    if left:
        raise refuse(f"{left} of {looked.file.lines} lines were not imported; see above.")


async def _preview(data: bytes, name: str) -> Looked:
    async with open_house() as house:
        return await verdict_files.look_at(house, COURT, data, name=name, unit=ALL)


async def _import(data: bytes, file: Path) -> Looked:
    async with open_house() as house:
        async with house.db.read() as connection:
            found = await verdict_files.find_checked(connection, ALL, hashlib.sha256(data).hexdigest())
        if found is None:
            raise refuse(f"Nobody has looked at these very bytes yet: loket verdicts preview {file}")
        _check(Looked(found, ()), file)
        async with house.db.begin(COURT) as tx:
            await verdict_files.apply(tx, found.id, ALL)
        await verdict_files.carry_out(house, str(found.id))
        return await verdict_files.look_again(house, COURT, found.id)


def _check(looked: Looked, file: Path) -> None:
    if looked.file.faults:
        lines = "\n".join(f"line {line}: {text.en}" for line, text in looked.file.faults)
        raise refuse(f"{file}:\n{lines}")


def _show(looked: Looked, as_json: bool) -> None:
    file = looked.file
    names = ("ready", "decided", "differs", "unknown", "refused", "imported")
    counts: dict[str, Any] = {name: getattr(file, name) for name in names}

    def human() -> None:
        table = Table("Line", "Register", "Fine", "Cost", "Now")
        for each in looked.lines:
            stands = f" ({each.stands[0]:,} + {each.stands[1]:,})" if each.outcome == "differs" and each.stands else ""
            table.add_row(str(each.line), each.register_no, f"{each.fine:,}", f"{each.cost:,}", each.outcome + stands)
        console.print(table)
        console.print(", ".join(f"{count} {name}" for name, count in counts.items() if count), highlight=False)

    lines = [
        {
            "line": each.line,
            "register_no": each.register_no,
            "fine": each.fine,
            "cost": each.cost,
            "outcome": str(each.outcome),
            "stands": each.stands,
        }
        for each in looked.lines
    ]
    shown = {"id": file.id, "sha256": file.sha256, "state": file.state, "counts": counts, "lines": lines}
    emit(shown, as_json=as_json, human=human)
