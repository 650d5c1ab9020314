"""`loket client connect`, `disconnect` and `ask`: how we call a bank that calls us, and asking it by hand."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import REFUSED, console, emit, open_house, refuse, run
from app.core.actor import SYSTEM
from app.core.house import House
from app.core.money import show_rupiah
from app.core.problems import Problem
from app.services.billing.banks import SignatureType, bank_profile
from app.services.billing.snap import client_jobs
from app.services.billing.snap.client import BankCalls, NoToken
from app.services.billing.snap.client_jobs import BankAnswer
from app.services.billing.snap.models import BankSays
from app.services.identity import connections
from app.services.identity.connections import DEFAULT_CHANNEL

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
Bank = Annotated[str, typer.Argument(help="The bank's name or client id, as `loket client list` shows it.")]
BY_HAND = "asked_by_hand"
_TOLD = {
    BankSays.PAID: "paid",
    BankSays.REFUSED: "not paid: it refused, cancelled or gave back",
    BankSays.UNKNOWN: "it knows no such payment",
    BankSays.PENDING: "not decided yet",
    BankSays.UNCLEAR: "an answer that cannot be believed",
    BankSays.SILENT: "nothing",
}


def connect(
    name: Bank,
    base_url: Annotated[str, typer.Option(help="Where its SNAP BI stands, what comes before /v1.0 included.")],
    client_id: Annotated[str, typer.Option(help="Our client id at that bank.")],
    secret_file: Annotated[
        Path | None,
        typer.Option(help="File that holds our client secret there; default a prompt, or standard input.", exists=True),
    ] = None,
    partner_id: Annotated[str | None, typer.Option(help="X-PARTNER-ID, where it is not the client id.")] = None,
    channel_id: Annotated[str, typer.Option(help="CHANNEL-ID that the bank gave us.")] = DEFAULT_CHANNEL,
    as_json: Json = False,
) -> None:
    """Note how to call a bank (SNAP BI 73 and 26), and try whether it gives us a token."""
    secret = _secret(secret_file)
    said = run(_connect(name, base_url, client_id, secret, partner_id, channel_id))
    words = (
        "It gave us a token." if said == "ok" else f"It gave us no token yet: {said}\nGive it our key: loket keys bank"
    )

    def human() -> None:
        console.print(f"{name} is called at {base_url}. {words}", markup=False, highlight=False, soft_wrap=True)

    emit({"bank": name, "base_url": base_url, "client_id": client_id, "token": said}, as_json=as_json, human=human)


def disconnect(name: Bank, as_json: Json = False) -> None:
    """Forget how to call a bank; it goes on calling us."""
    if not run(_disconnect(name)):
        raise refuse(f"{name} was not connected.")
    emit({"bank": name, "connected": False}, as_json=as_json, human=lambda: console.print("Forgotten."))


def ask(
    name: Bank,
    subject: Annotated[str, typer.Argument(help="A paymentRequestId, or a virtual account number.")],
    as_json: Json = False,
) -> None:
    """Ask a bank what became of a payment. Exit status 0 when it said so, 1 when it did not."""
    said = run(_ask(name, subject))

    def human() -> None:
        amount = f", {show_rupiah(said.amount, 'en')}" if said.amount is not None else ""
        line = f"{name} says: {_TOLD[said.status]}{amount} ({said.code or said.fault})"
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    shown = {"status": said.status, "code": said.code, "amount": said.amount, "fault": said.fault}
    emit(shown, as_json=as_json, human=human)
    if said.status not in (BankSays.PAID, BankSays.REFUSED, BankSays.UNKNOWN):
        raise typer.Exit(REFUSED)


async def _connect(
    name: str, base_url: str, client_id: str, secret: str, partner_id: str | None, channel_id: str
) -> str:
    async with open_house() as house:
        async with house.db.begin(SYSTEM) as tx:
            bank = await connections.connect(
                tx,
                name,
                base_url=base_url,
                client_id=client_id,
                secret=secret,
                partner_id=partner_id,
                channel_id=channel_id,
            )
        return await _try_token(house, bank)


async def _try_token(house: House, bank: str) -> str:
    async with house.db.read() as reading:
        made = await connections.connection_of(reading, house.keys, bank)
    if made is None or bank_profile(made.profile).signature is SignatureType.ASYMMETRIC:
        return "ok"  # signature type 2 has no token
    try:
        await house[BankCalls].token(made, house.clock)
    except NoToken as why:
        return str(why)
    except Problem as problem:
        return problem.detail("en")
    return "ok"


async def _disconnect(name: str) -> bool:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return await connections.disconnect(tx, name)


async def _ask(name: str, subject: str) -> BankAnswer:
    async with open_house() as house:
        async with house.db.begin(SYSTEM) as tx:
            bank = await connections.bank_named(tx, name)
        await client_jobs.ask_status(house, bank, subject, BY_HAND)
        async with house.db.read() as reading:
            said = await client_jobs.latest_answer(reading, bank, subject)
    if said is None:
        raise refuse("Nobody could be asked.")
    return said


def _secret(file: Path | None) -> str:
    if file is not None:
        return file.read_text("utf-8").strip()
    if sys.stdin.isatty():
        return str(typer.prompt("Our client secret at that bank", hide_input=True)).strip()
    return sys.stdin.readline().strip()
