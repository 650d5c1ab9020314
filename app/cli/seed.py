"""`loket seed`: what a fresh database needs."""

from typing import Annotated

import typer

from app.cli import demo_set
from app.cli.common import console, emit, open_house, refuse_in_production, run
from app.core.actor import SYSTEM
from app.core.config import Settings
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


@app.command("demo")
def seed_demo(as_json: Json = False) -> None:
    """Load made-up staff, people, vehicles, a camera, a bank and two tickets; prints where to click and sign-ins."""
    refuse_in_production(Settings(), "The demo set")
    run(_seed_demo(as_json))


async def _seed_demo(as_json: bool) -> None:
    async with open_house() as house:
        made = await demo_set.seed(house)
        shown = demo_set.summary(house, made)

    def human() -> None:
        console.print("\n[bold]Loket[/bold] is ready for a look around:", highlight=False)
        for name, address in shown["pages"].items():
            console.print(f"  {name:8} {address}", highlight=False)
        numbers = shown["look_up"]
        console.print("\nA ticket to look up:", highlight=False)
        for name, value in numbers.items():
            console.print(f"  {name:11} {value}", highlight=False)
        console.print(f"\nStaff sign in with the password {shown['password']} and a code from", highlight=False)
        console.print(f"  .venv/bin/{shown['second_factor']}", highlight=False)
        for each in shown["staff"]:
            console.print(f"  {each['email']:28} {each['role']:15} {each['unit']}", highlight=False)
        console.print(f"\nCamera key  {shown['camera_key']}\nSandbox bank  {shown['bank_file']}", highlight=False)
        console.print("\nThe whole story against a running server:  make demo\n", highlight=False)

    emit(shown, as_json=as_json, human=human)
