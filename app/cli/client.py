"""`loket client`: credentials of cameras, banks and apps. A secret is shown once, when it is made."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.cli import client_connect
from app.cli.common import console, emit, open_house, run
from app.core.actor import SYSTEM
from app.core.db import Tx
from app.services.identity import credentials
from app.services.identity.camera_digests import digest_password
from app.services.identity.credentials import CredentialKind, NewCredential
from app.services.identity.roles import CITIZEN_SCOPES

app = typer.Typer(help="Credentials of cameras, banks and apps.", no_args_is_help=True)
add = typer.Typer(help="Make a credential; its secret is shown once.", no_args_is_help=True)
app.add_typer(add, name="add")
app.command("connect")(client_connect.connect)
app.command("disconnect")(client_connect.disconnect)
app.command("ask")(client_connect.ask)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
ClientId = Annotated[str, typer.Argument(help="The client id, as `loket client list` shows it.")]


@add.command("bank")
def add_bank(
    name: str,
    public_key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The bank's RSA public key (PEM).")],
    profile: Annotated[str | None, typer.Option(help="Its bank profile, such as `bri`.")] = None,
    unit: Annotated[str | None, typer.Option(help="The Polda whose statements alone it may send; default all.")] = None,
    as_json: Json = False,
) -> None:
    """A bank that asks and pays by SNAP BI."""
    pem = public_key.read_text("utf-8", errors="replace")
    made = _change(lambda tx: credentials.add_bank(tx, name, public_key_pem=pem, profile=profile, unit=unit))
    _show(made, "client_secret", as_json)


@add.command("camera")
def add_camera(
    name: str,
    unit: Annotated[str, typer.Option(help="Code of the unit that the camera belongs to.")],
    path_key: Annotated[bool, typer.Option("--path-key", help="A key for `/k/{key}/` alone.")] = False,
    as_json: Json = False,
) -> None:
    """A camera, or the software beside one."""
    made = _change(lambda tx: credentials.add_camera(tx, name, unit=unit, path_only=path_key))
    _show(made, "api_key", as_json)


@add.command("app")
def add_app(
    name: str,
    redirect_uri: Annotated[list[str], typer.Option(help="Where sign-in returns to; may be given several times.")],
    origin: Annotated[list[str] | None, typer.Option(help="Browser origin of the app (CORS).")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope that the app may ask for.")] = None,
    as_json: Json = False,
) -> None:
    """An app or web front end that signs people in (OAuth 2.1 with PKCE)."""
    made = _change(
        lambda tx: credentials.add_app(
            tx, name, redirect_uris=redirect_uri, origins=origin or [], scopes=scope or CITIZEN_SCOPES
        )
    )
    _show(made, None, as_json)


@app.command("rotate")
def rotate(
    client_id: ClientId,
    grace_hours: Annotated[float, typer.Option(min=0, max=720, help="How long the old secret stays good.")] = 24,
    as_json: Json = False,
) -> None:
    """Make a new secret; the old one stays good for a while."""
    made = _change(lambda tx: credentials.rotate(tx, client_id, grace=timedelta(hours=grace_hours)))
    _show(made, "api_key" if made.kind is CredentialKind.CAMERA else "client_secret", as_json)


@app.command("digest")
def digest(client_id: ClientId, as_json: Json = False) -> None:
    """User name and password of a camera that answers HTTP digest (Dahua); another password for every key."""
    password = _change(lambda tx: digest_password(tx.session, tx.house.keys, client_id))
    told = {"username": client_id, "password": password}
    emit(told, as_json=as_json, human=lambda: console.print(f"User name  {client_id}\nPassword   {password}"))


@app.command("disable")
def disable(client_id: ClientId, as_json: Json = False) -> None:
    """Shut a credential out, at once and for good."""
    _change(lambda tx: credentials.disable(tx, client_id))
    emit({"client_id": client_id, "disabled": True}, as_json=as_json, human=lambda: console.print("Disabled."))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """All credentials, without secrets."""
    views = run(_listed())

    def human() -> None:
        table = Table("Client id", "Kind", "Name", "Unit", "Number", "State", "Last used")
        for each in views:
            state = "disabled" if each.disabled_at else "active"
            used = f"{each.last_used_at:%Y-%m-%d %H:%M}" if each.last_used_at else "never"
            number = each.partner_service_id or ""
            table.add_row(each.client_id, each.kind, each.name, each.unit or "", number, state, used)
        console.print(table)

    emit([asdict(each) for each in views], as_json=as_json, human=human)


def _change(work: Callable[[Tx], Awaitable[Any]]) -> Any:
    async def in_one_transaction() -> Any:
        async with open_house() as house, house.db.begin(SYSTEM) as tx:
            return await work(tx)

    return run(in_one_transaction())


async def _listed() -> list[credentials.CredentialView]:
    async with open_house() as house, house.db.read() as connection:
        return await credentials.list_(connection)


def _show(made: NewCredential, secret_name: str | None, as_json: bool) -> None:
    shown = {"client_id": made.client_id}
    if secret_name is not None and made.secret is not None:
        shown[secret_name] = made.secret
    if made.partner_service_id is not None:
        shown["partner_service_id"] = made.partner_service_id

    def human() -> None:
        for name, value in shown.items():
            console.print(f"{name}: {value}", highlight=False, markup=False, soft_wrap=True)
        if secret_name is not None:
            console.print("Keep the secret now: it is not shown again.")

    emit(shown, as_json=as_json, human=human)
