"""`loket sandbox token` and `loket sandbox totp`: act as a person, for testers and scripts. Refused in production."""

from typing import Annotated

import typer

from app.cli.common import console, emit, open_house, refuse, refuse_in_production, run
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.services import cases
from app.services.identity import sandbox, staff
from app.services.identity.roles import Role
from app.services.identity.tokens import ACCESS_TTL
from app.services.registries import Nik
from app.services.registries.demo import PEOPLE

CITIZEN = "citizen"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]


def token(
    role: Annotated[str, typer.Option(help=f"{CITIZEN}, {', '.join(Role)}.")],
    unit: Annotated[str, typer.Option(help="Unit of a member of staff.")] = "PMJ",
    nik: Annotated[str | None, typer.Option(help="NIK of a citizen; default is a made-up one.")] = None,
    as_json: Json = False,
) -> None:
    """An access token, as if that person had signed in. Of staff, whoever the newest open work of the role waits for:
    the officer who was drawn, or one whom four eyes do not keep out."""
    _refuse("Making tokens without a sign-in")
    if role != CITIZEN and role not in set(Role):
        raise typer.BadParameter(f"roles are {CITIZEN}, {', '.join(Role)}", param_hint="--role")
    made = run(_citizen(nik) if role == CITIZEN else _staff(Role(role), unit))
    shown = {"access_token": made, "token_type": "Bearer", "expires_in": int(ACCESS_TTL.total_seconds())}
    emit(shown, as_json=as_json, human=lambda: print(made))


def totp(email: str, as_json: Json = False) -> None:
    """The second factor's code of this moment for the demo staff, who all share one secret."""
    _refuse("Showing a second factor")
    code = run(_code())
    emit({"email": email, "code": code}, as_json=as_json, human=lambda: console.print(code, highlight=False))


def _refuse(what: str) -> None:
    settings = Settings()
    refuse_in_production(settings, what)
    if settings.oidc_issuer:
        raise refuse(f"Sign-in is done at {settings.oidc_issuer}; ask it for a token.")


async def _citizen(nik: str | None) -> str:
    known = {person.nik: person for person in PEOPLE}
    person = known.get(nik or PEOPLE[0].nik)
    parsed = Nik.parse(nik or PEOPLE[0].nik)
    if parsed is None:
        raise refuse("That cannot be a NIK: 16 digits, province first.")
    name, phone = (person.name, person.phone) if person else ("Warga Contoh", f"+62812{str(parsed)[-8:]}")
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return await sandbox.token_for_citizen(tx, nik=str(parsed), name=name, phone=phone)


async def _staff(role: Role, unit: str) -> str:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        members = [str(each.id) for each in await staff.list_officers(tx.session, unit=unit, role=role)]
        drawn = await cases.awaited(tx.session, role=role, unit=unit, among=members)
        return await sandbox.token_for_role(tx, role, unit=unit, prefer=drawn)


async def _code() -> str:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return sandbox.demo_code(tx)
