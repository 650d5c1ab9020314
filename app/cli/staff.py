"""`loket staff`: the people who work in this software, their unit and roles, and when no case is drawn to them."""

from dataclasses import asdict
from datetime import date, datetime
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


@app.command("absent")
def absent(
    email: str,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, included.")],
    as_json: Json = False,
) -> None:
    """Draw no case to somebody on these days, counted in their unit's zone. Why they are away is not kept."""
    run(_absent(email, first.date(), last.date()))
    emit(
        {"email": email, "absent_from": first.date(), "absent_until": last.date()},
        as_json=as_json,
        human=lambda: console.print(f"No case is drawn to them from {first.date()} until {last.date()}."),
    )


@app.command("present")
def present(email: str, as_json: Json = False) -> None:
    """Take back every absence that has not ended."""
    taken_back = run(_present(email))
    emit({"email": email, "taken_back": taken_back}, as_json=as_json, human=lambda: console.print("Present again."))


@app.command("lots")
def lots(
    email: str,
    number: Annotated[
        int, typer.Argument(min=0, max=staff.MAX_WEIGHT, help="1 is the usual; 0: no case is drawn to them.")
    ],
    as_json: Json = False,
) -> None:
    """How many lots somebody has when a case is drawn: 2 for twice as many cases, 0 for none."""
    run(_lots(email, number))
    emit({"email": email, "lots": number}, as_json=as_json, human=lambda: console.print(f"{number} lots from now on."))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Everybody, by unit."""
    views = run(_listed())

    def human() -> None:
        table = Table("E-mail", "Unit", "Roles", "Second factor", "State", "Lots", "Absent")
        for each in views:
            state = "disabled" if each.disabled_at else "active"
            factor = "set" if each.enrolled else "not yet"
            away = ", ".join(f"{first} to {last}" for first, last in each.absences)
            roles, lots = ", ".join(each.roles), str(each.draw_weight)
            table.add_row(each.email or "(external)", each.unit, roles, factor, state, lots, away)
        console.print(table)

    emit([asdict(each) for each in views], as_json=as_json, human=human)


async def _add(email: str, roles: list[Role], unit: str) -> staff.NewStaff:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return await staff.add(tx, email, roles=[str(role) for role in roles], unit=unit)


async def _disable(email: str) -> None:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        await staff.disable(tx, email)


async def _absent(email: str, first: date, last: date) -> None:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        await staff.set_absent(tx, email, first=first, last=last)


async def _present(email: str) -> int:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return await staff.set_present(tx, email)


async def _lots(email: str, number: int) -> None:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        await staff.set_weight(tx, email, number)


async def _listed() -> list[staff.StaffView]:
    async with open_house() as house, house.db.read() as connection:
        return await staff.list_(connection, house.keys)
