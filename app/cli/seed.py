"""`loket seed`: what a fresh database needs."""

from typing import Annotated

import typer

from app.cli.common import console, emit, open_house, run
from app.core.actor import SYSTEM
from app.services import reference

app = typer.Typer(help="Fill a fresh database.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]


@app.command("reference")
def seed_reference(as_json: Json = False) -> None:
    """Load units, violations, plates, fees and policies; may be run as often as you like."""
    run(_seed_reference(as_json))


async def _seed_reference(as_json: bool) -> None:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        revisions = await reference.load_packaged(tx)
    loaded = [{"table": each.table_name, "added": each.added, "valid_from": each.valid_from} for each in revisions]

    def human() -> None:
        for each in loaded:
            console.print(f"{each['table']}: {each['added']} rows from {each['valid_from']}", highlight=False)
        if not loaded:
            console.print("Nothing new: the reference data was loaded before.")

    emit(loaded, as_json=as_json, human=human)
