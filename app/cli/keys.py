"""`loket keys`: the key ring file, and the key by which banks know us. Rotation adds a key; old ones go on opening and verifying, so nothing stops."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import console, emit, open_house, refuse, run
from app.core import vault
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.crypto import RINGS, KeyRing
from app.services.identity import connections, signing_keys

app = typer.Typer(help="The key ring: make one, see it, add keys.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
REWRAP_BATCH = 500


@app.command("new")
def new(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")],
) -> None:
    """Make a fresh key ring. Keep a copy where the database backup is not: without it personal data is lost."""
    if file.exists():
        raise refuse(f"{file} exists already; a key ring is never overwritten.")
    KeyRing.generate().save(file)
    console.print(f"A fresh key ring is in {file}, readable by {os.environ.get('USER', 'its owner')} alone.")


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """The ids of every ring's keys, newest last; never the keys themselves."""
    ring = _ring()
    listed = {name: sorted(ring.mac_keys(name)) for name in RINGS}
    emit(listed, as_json=as_json, human=lambda: _show(listed))


@app.command("rotate")
def rotate(
    ring: Annotated[str, typer.Argument(help="personal, log, documents or tokens.")],
    key_id: Annotated[str, typer.Option("--id", help="Id of the new key; sorts after the others, e.g. 2027-01.")],
) -> None:
    """Add a key to a ring. Restart every process afterwards: it seals and signs with the new key from then on."""
    if ring not in RINGS:
        raise refuse(f"{ring!r} is none of {', '.join(RINGS)}.")
    try:
        changed = _ring().with_new_key(ring, key_id)
    except ValueError as error:
        raise refuse(f"{error}.") from None
    path = Settings().keys_file
    changed.save(path)
    console.print(f"{path}: the ring {ring} has the new key {key_id}. Restart every process.", highlight=False)
    if ring == "personal":
        console.print("Then wrap people's data keys with it: loket keys rewrap")


@app.command("rotate-signing")
def rotate_signing(as_json: Json = False) -> None:
    """Sign tokens with a fresh key from now on; the old one stays published until its tokens have died."""
    kid = run(_rotate_signing())
    emit({"kid": kid}, as_json=as_json, human=lambda: console.print(f"Tokens are signed with {kid}.", highlight=False))


@app.command("bank")
def bank(
    new: Annotated[
        bool, typer.Option("--new", help="Make a fresh key; banks use it once they are connected again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Our RSA public key (PEM): what a bank needs before we can call it."""
    key = run(_partner_key(fresh=new))

    def human() -> None:
        console.print(key.public_key_pem.strip(), markup=False, highlight=False, soft_wrap=True)

    emit({"id": str(key.id), "public_key": key.public_key_pem}, as_json=as_json, human=human)


@app.command("rewrap")
def rewrap(as_json: Json = False) -> None:
    """Wrap every person's data key with the newest key, in batches; may be interrupted and run again."""
    count = run(_rewrap())
    emit({"rewrapped": count}, as_json=as_json, human=lambda: console.print(f"{count} data keys were wrapped anew."))


async def _rotate_signing() -> str:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return await signing_keys.rotate(tx)


async def _partner_key(*, fresh: bool) -> connections.OurKey:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        return await (connections.new_key(tx) if fresh else connections.our_key(tx))


async def _rewrap() -> int:
    total = 0
    async with open_house() as house:
        while True:
            async with house.db.begin(SYSTEM) as tx:
                done = await vault.rewrap(tx, REWRAP_BATCH)
            total += done
            if done == 0:
                return total


def _ring() -> KeyRing:
    path = Settings().keys_file
    if not path.exists():
        raise refuse(f"There is no key ring at {path}. Make one: loket keys new {path}")
    try:
        return KeyRing.load(path)
    except (ValueError, AttributeError) as error:
        raise refuse(f"{path} is no key ring: {error}") from None


def _show(listed: dict[str, Any]) -> None:
    for name, ids in listed.items():
        console.print(f"{name}: {', '.join(ids)}", highlight=False)
