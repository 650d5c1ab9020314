"""`loket staff`: the people who work in this software, their unit and roles."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from app.cli.common import console, emit, open_house, run
from app.core.actor import SYSTEM
from app.services.identity import staff
from app.services.identity.roles import Role

app = typer.Typer(help="The people who work here.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]


@app.command("add")
def add(
    email: str,
    role: Annotated[list[Role], typer.Option(help="What they do; may be given several times.")],
    unit: Annotated[str, typer.Option(help="Code of their unit.")],
    as_json: Json = False,
) -> None:
    """Give somebody a place. The temporary password is shown once and changed at the first sign-in."""
    made = run(_add(email, role, unit))

    def human() -> None:
        console.print(f"{made.email} may sign in with the temporary password:", highlight=False, markup=False)
        console.print(f"  {made.temporary_password}", highlight=False, markup=False)

    emit(asdict(made), as_json=as_json, human=human)


@app.command("disable")
def disable(email: str, as_json: Json = False) -> None:
    """Shut somebody out at once."""
    run(_disable(email))
    emit({"email": email, "disabled": True}, as_json=as_json, human=lambda: console.print("Disabled."))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Everybody, by unit."""
    views = run(_listed())

    def human() -> None:
        table = Table("E-mail", "Unit", "Roles", "Second factor", "State")
        for each in views:
            state = "disabled" if each.disabled_at else "active"
            factor = "set" if each.enrolled else "not yet"
            table.add_row(each.email or "(external)", each.unit, ", ".join(each.roles), factor, state)
        console.print(table)

    emit([asdict(each) for each in views], as_json=as_json, human=human)


async def _add(email: str, roles: list[Role], unit: str) -> staff.NewStaff:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return await staff.add(tx, email, roles=[str(role) for role in roles], unit=unit)


async def _disable(email: str) -> None:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        await staff.disable(tx, email)


async def _listed() -> list[staff.StaffView]:
    async with open_house() as house, house.db.read() as connection:
        return await staff.list_(connection, house.keys)
