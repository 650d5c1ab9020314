"""`loket reference diff|apply FILE`: reference data changes by file, and the difference is seen first."""

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import console, emit, open_house, refuse, run
from app.core.actor import Actor, ActorKind
from app.core.db import JsonValue
from app.services import reference
from app.services.reference import Change, ChangeKind, Difference, Scope

app = typer.Typer(help="Change units, violations, plates, fees and policies by file.", no_args_is_help=True)

OPERATOR = Actor(kind=ActorKind.STAFF, id="operator", roles=frozenset({"operator"}))
"""Who has a shell on the machine; the deployment's own log says which person that was."""

File = Annotated[
    Path, typer.Argument(help="A CSV or YAML file named after its table: fees-2027.csv, etle_policies.yaml.")
]
Partial = Annotated[bool, typer.Option("--partial", help="The file lists only what to add or change; remove nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]

_COLOURS = {ChangeKind.ADDED: ("green", "+"), ChangeKind.CHANGED: ("yellow", "~"), ChangeKind.REMOVED: ("red", "-")}
_LONGEST_SHOWN = 90


@app.command("diff")
def diff(file: File, partial: Partial = False, as_json: Json = False) -> None:
    """Show what applying a file would add, change and remove. Changes nothing."""
    run(_diff(file, _scope(partial), as_json))


@app.command("apply")
def apply(
    file: File,
    starts: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of effect; default today (WIB).")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    partial: Partial = False,
    as_json: Json = False,
) -> None:
    """Show the difference, ask (where somebody can answer), and apply the file whole."""
    run(_apply(file, starts.date() if starts else None, yes, _scope(partial), as_json))


async def _diff(path: Path, scope: Scope, as_json: bool) -> None:
    file = _read(path)
    async with open_house() as house, house.db.read() as conn:
        found = await reference.difference(conn, file, scope=scope)
    emit(_as_json(found), as_json=as_json, human=lambda: _show(found))


async def _apply(path: Path, starts: date | None, yes: bool, scope: Scope, as_json: bool) -> None:
    file = _read(path)
    async with open_house() as house:
        async with house.db.read() as conn:
            found = await reference.difference(conn, file, scope=scope)
        if not as_json:
            _show(found)
        if found.changes and not (yes or as_json or _agreed()):
            raise refuse("Nothing was changed. Say --yes to apply without a question.")
        async with house.db.begin(OPERATOR) as tx:
            revision = await reference.apply(tx, file, valid_from=starts, scope=scope, seen=found.digest)
    if revision is None:
        emit({"revision": None}, as_json=as_json, human=lambda: None)
        return
    answer = {"revision": revision.number, "valid_from": revision.valid_from, **_as_json(found)}
    sentence = f"Applied as revision {revision.number}, in force from {revision.valid_from}."
    emit(answer, as_json=as_json, human=lambda: console.print(sentence, highlight=False))


def _agreed() -> bool:
    """The operator's yes. A script, which has nobody to answer, has seen the difference with `reference diff`."""
    try:
        return typer.confirm("Apply this?", default=False)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        console.print()
        return True


def _scope(partial: bool) -> Scope:
    return Scope.LISTED if partial else Scope.WHOLE


def _read(path: Path) -> reference.ReferenceFile:
    table = reference.table_of(path.name)
    return reference.read_file(table, path.name, path.read_bytes())


def _as_json(found: Difference) -> dict[str, Any]:
    return {
        "table": found.file.table.name,
        "file_sha256": found.file.sha256,
        "added": found.count(ChangeKind.ADDED),
        "changed": found.count(ChangeKind.CHANGED),
        "removed": found.count(ChangeKind.REMOVED),
        "changes": [change.as_json() for change in found.changes],
    }


def _show(found: Difference) -> None:
    if not found.changes:
        console.print(f"{found.file.table.name}: no difference.")
        return
    for change in found.changes:
        _show_change(change)
    counts = ", ".join(f"{found.count(kind)} {kind.value}" for kind in ChangeKind)
    console.print(f"{found.file.table.name}: {counts}", highlight=False)


def _show_change(change: Change) -> None:
    colour, sign = _COLOURS[change.kind]
    console.print(f"[{colour}]{sign} {escape(change.code)}[/]", highlight=False)
    if change.kind is ChangeKind.CHANGED:
        for column, after in change.after.items():
            before = _shown(change.before.get(column))
            console.print(f"    {column}: [red]{before}[/] -> [green]{_shown(after)}[/]", highlight=False)


def _shown(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return escape(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")
