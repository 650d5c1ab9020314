"""`loket keys`: the key ring file, and the key by which banks know us. A new key is known to every process before any uses it; old ones go on opening and verifying, so nothing stops."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import console, emit, open_house, refuse, run
from app.core import vault
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.crypto import RINGS, KeyRing
from app.services.documents import certificates
from app.services.identity import connections, signing_keys

app = typer.Typer(help="The key ring: make one, see it, add keys and use them.", no_args_is_help=True)
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
    used = {name: ring.current_id(name) for name in RINGS}
    listed = {name: sorted(ring.mac_keys(name)) for name in RINGS}
    emit({**listed, "used": used}, as_json=as_json, human=lambda: _show(listed, used))


@app.command("add")
def add(
    ring: Annotated[str, typer.Argument(help="personal, log, documents or tokens.")],
    key_id: Annotated[
        str, typer.Option("--id", help="Id of the new key; sorts after the others. Today's date if left out.")
    ] = "",
) -> None:
    """Add a key to a ring, used by nobody yet. Restart every process, then `loket keys use RING KEY`."""
    key_id = key_id or f"{datetime.now(UTC):%Y-%m-%d}"
    path = _change(ring, lambda keys: keys.with_new_key(ring, key_id))
    console.print(f"{path}: the ring {ring} has the new key {key_id}; nothing is sealed with it yet.", highlight=False)
    if ring == certificates.RING:
        console.print("Papers are sealed with it only under a certificate: loket keys request-certificate")
    console.print(
        f"Restart every process, one by one; when the last one knows it: loket keys use {ring} {key_id}",
        highlight=False,
        soft_wrap=True,
    )


@app.command("use")
def use(
    ring: Annotated[str, typer.Argument(help="personal, log, documents or tokens.")],
    key_id: Annotated[str, typer.Argument(help="One of the ring's keys, which every running process knows.")],
) -> None:
    """Seal and sign with this key of the ring. Each process does so from its next start on; all of them open both."""
    path = _change(ring, lambda keys: keys.using(ring, key_id))
    console.print(f"{path}: the ring {ring} uses {key_id}. Restart every process, one by one.", highlight=False)
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


@app.command("request-certificate")
def request_certificate(
    key_id: Annotated[str | None, typer.Option("--id", help="Which key of the ring documents; the newest.")] = None,
    name: Annotated[str, typer.Option("--name", help="Whose seal it is.")] = certificates.SEAL_NAME,
    organisation: Annotated[str, typer.Option("--organisation", help="Of which organisation.")] = (
        certificates.ORGANISATION
    ),
) -> None:
    """A request (PKCS #10, PEM) for the key that seals issued papers, for the certificate authority. Its answer goes into the
    file of LOKET_DOCUMENT_CERTIFICATES, with the authority's own certificates."""
    try:
        made = certificates.certificate_request(_ring(), key_id=key_id, name=name, organisation=organisation)
    except ValueError as error:
        raise refuse(f"{error}.") from None
    console.print(made.strip(), markup=False, highlight=False, soft_wrap=True)


@app.command("certificates")
def list_certificates(as_json: Json = False) -> None:
    """The certificates that issued papers are sealed under: whose, by whom, until when, and which one seals now."""
    try:
        found = certificates.build_certificates(Settings(), _ring())
        seals = found.current(datetime.now(UTC))
    except certificates.CertificateFault as fault:
        raise refuse(f"{fault}.") from None
    listed = [_line_of(each, seals=each == seals) for each in found.identities]
    emit(listed, as_json=as_json, human=lambda: _show_certificates(listed))


@app.command("rewrap")
def rewrap(as_json: Json = False) -> None:
    """Wrap every person's data key with the key that is used now, in batches; may be interrupted and run again."""
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


def _change(ring: str, change: Callable[[KeyRing], KeyRing]) -> Path:
    if ring not in RINGS:
        raise refuse(f"{ring!r} is none of {', '.join(RINGS)}.")
    try:
        changed = change(_ring())
    except ValueError as error:
        raise refuse(f"{error}.") from None
    path = Settings().keys_file
    changed.save(path)
    return path


def _ring() -> KeyRing:
    path = Settings().keys_file
    if not path.exists():
        raise refuse(f"There is no key ring at {path}. Make one: loket keys new {path}")
    try:
        return KeyRing.load(path)
    except (ValueError, AttributeError) as error:
        raise refuse(f"{path} is no key ring: {error}") from None


def _line_of(identity: certificates.Identity, *, seals: bool) -> dict[str, Any]:
    certificate = identity.certificate
    return {
        "key_id": identity.key_id,
        "seals": seals,
        "subject": identity.subject,
        "issuer": certificate.issuer.rfc4514_string(),
        "valid_from": certificate.not_valid_before_utc.isoformat(),
        "valid_until": certificate.not_valid_after_utc.isoformat(),
        "sha256": identity.fingerprint,
    }


def _show_certificates(listed: list[dict[str, Any]]) -> None:
    for each in listed:
        console.print(
            f"{each['key_id']}{' (seals now)' if each['seals'] else ''}: {each['subject']}\n"
            f"  by {each['issuer']}, until {each['valid_until'][:10]}\n"
            f"  SHA-256 {each['sha256']}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _show(listed: dict[str, list[str]], used: dict[str, str]) -> None:
    for name, ids in listed.items():
        marked = (f"{kid} (used)" if kid == used[name] else kid for kid in ids)
        console.print(f"{name}: {', '.join(marked)}", highlight=False)
