"""`loket doctor`: what is configured, what answers, what is missing, in words, with the command that mends it."""

import asyncio
import shutil
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import Annotated

import typer
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.cli.common import REFUSED, console, emit, run
from app.core import reach
from app.core.config import Settings
from app.core.crypto import RINGS, KeyRing
from app.core.house import House
from app.core.migrations import pending
from app.services import cases, etle, reference
from app.services.documents.certificates import CertificateFault
from app.services.documents.signing import DocumentSigner
from app.services.identity import connections, credentials, demo
from app.services.recognition import PlannedRecogniser
from app.wiring import build_house

REACH_TIMEOUT_S = 3.0
LOW_SPACE_BYTES = 2_000_000_000
CERTIFICATE_LOW = timedelta(days=45)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `state` is ok, note (works, but know it) or bad (will not work)."""

    about: str
    state: str
    words: str


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Say what is configured, reachable and missing. Exit status 1 when something will not work."""
    findings = run(_examine())
    emit([asdict(each) for each in findings], as_json=as_json, human=lambda: _show(findings))
    if any(each.state == "bad" for each in findings):
        raise typer.Exit(REFUSED)


async def _examine() -> list[Finding]:
    settings = Settings()
    findings = [_python(), _mode(settings), _keys(settings), _space(settings)]
    findings += [Finding("production", "bad", fault) for fault in settings.production_faults()]
    if any(each.state == "bad" for each in findings):
        return [*findings, Finding("rest", "note", "not looked at: mend the above first")]
    schema = await asyncio.to_thread(_schema, settings)
    findings.append(schema)
    house = build_house(settings)
    called: list[Finding] = []
    strangers: list[Finding] = []
    try:
        if schema.state == "ok":
            findings.append(await _reference(house))
            findings.append(await _cases(house))
            findings += await _late_lifts(house)
            findings += await _not_read(house)
            findings += await _demonstration(house)
            called = await _banks(house)
            strangers = await _plans(house)
        findings.append(await _storage(house))
        findings.append(_seals(house))
    finally:
        await house.close()
    findings += [each async for each in _neighbours(settings)]
    findings += [
        await _reach(f"recogniser {name}", url)
        for name, url in house[PlannedRecogniser].servers.items()
        if url != settings.recogniser
    ]
    findings += called
    findings.append(_recogniser(house))
    findings += strangers
    return findings


def _seals(house: House) -> Finding:
    """The certificate under which issued documents are sealed now, and for how long."""
    now = house.clock.now()
    try:
        identity = house[DocumentSigner].certificates.current(now)
    except CertificateFault as fault:
        return Finding("seals", "bad", str(fault))
    until = identity.certificate.not_valid_after_utc
    if house.settings.document_certificates is None:
        return Finding(
            "seals", "note", "documents are sealed under a certificate of our own making, which nobody trusts"
        )
    if until - now < CERTIFICATE_LOW:
        words = (
            f"the certificate of documents ends on {until:%Y-%m-%d}; ask for the next: loket keys request-certificate"
        )
        return Finding("seals", "note", words)
    return Finding("seals", "ok", f"documents are sealed by {identity.subject} until {until:%Y-%m-%d}")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", f"Python {version}, {ssl.OPENSSL_VERSION}")


def _mode(settings: Settings) -> Finding:
    if settings.production:
        return Finding("mode", "ok", f"production, reached as {settings.public_url}")
    words = f"development, reached as {settings.public_url}: demo sign-ins and the sandbox bank are on"
    return Finding("mode", "note", words)


def _keys(settings: Settings) -> Finding:
    path = settings.keys_file
    if not path.exists():
        missing = f"no key ring at {path}; make one: loket keys new {path}"
        return Finding("keys", "bad" if settings.production else "note", missing)
    try:
        ring = KeyRing.load(path)
    except (ValueError, AttributeError, OSError) as error:
        return Finding("keys", "bad", f"{path} is no key ring: {error}")
    if path.stat().st_mode & 0o077:
        return Finding("keys", "note", f"{path} can be read by others; mend it: chmod 600 {path}")
    waiting = [(name, max(ring.mac_keys(name))) for name in RINGS]
    waiting = [(name, newest) for name, newest in waiting if newest != ring.current_id(name) and name != "index"]
    if waiting:
        name, newest = waiting[0]
        words = f"the ring {name} has the key {newest}, not used yet; once every process knows it: loket keys use {name} {newest}"
        return Finding("keys", "note", words)
    return Finding("keys", "ok", f"key ring at {path}")


def _space(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    words = f"{free / 1e9:.1f} GB free at {settings.home}"
    return Finding("space", "note" if free < LOW_SPACE_BYTES else "ok", words)


def _schema(settings: Settings) -> Finding:
    url = settings.effective_database_url
    shown = make_url(url).render_as_string(hide_password=True)
    try:
        lacking = pending(url)
    except Exception as error:  # any failure to connect means the same to the operator
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Finding("database", "bad", f"{shown} does not answer: {reason}")
    if lacking:
        return Finding("database", "bad", f"{shown} answers, but lacks migrations; run: loket migrate")
    return Finding("database", "ok", f"{shown} answers and has the schema of this version")


async def _reference(house: House) -> Finding:
    async with house.db.read() as conn:
        number = await reference.revision_number(conn)
        if house.db.dialect == "postgresql":
            await conn.execute(text("SELECT 1"))
    if number == 0:
        return Finding("reference", "bad", "no reference data; run: loket seed reference")
    return Finding("reference", "ok", f"reference data at revision {number}")


async def _cases(house: House) -> Finding:
    async with house.db.read() as conn:
        strays = await cases.find_strays(conn, house[cases.Lifecycles])
    if strays:
        return Finding("cases", "bad", " ".join(each.words for each in strays))
    return Finding("cases", "ok", "every case stands in a state that its lifecycle knows")


async def _late_lifts(house: House) -> list[Finding]:
    """Who has paid waits no longer than the policy's time for the block to be lifted."""
    async with house.db.read() as conn:
        late = await etle.late_lifts(conn, house.clock.now())
    words = f"{late} blocks wait longer than the policy's time to be lifted: does the vehicle registry answer, is a worker running?"
    return [Finding("blocks", "bad", words)] if late else []


async def _not_read(house: House) -> list[Finding]:
    """Captures that a recogniser could not read so far, with the recogniser and its failure: nothing is lost, and nobody is
    accused of what waits there."""
    async with house.db.read() as conn:
        causes = await etle.not_read(conn)
    said = {
        True: "were given up: mend it, then have them read again at /counter/bacaan",
        False: "are tried again; `loket anpr probe` says more",
    }
    return [
        Finding("readings", "note", f"last cause {each.cause}: {each.captures} captures {said[each.given_up]}")
        for each in causes
    ]


async def _demonstration(house: House) -> list[Finding]:
    """In production nobody of the demo set may come in; elsewhere they are what it is for."""
    if not house.settings.production:
        return []
    async with house.db.read() as conn:
        return [Finding("demonstration", "bad", words) for words in await demo.list_active(conn, house.keys)]


async def _banks(house: House) -> list[Finding]:
    """Each bank that calls us: can we call it, to ask what became of a payment?"""
    async with house.db.read() as reading:
        banks = await credentials.list_(reading, kind=credentials.CredentialKind.BANK)
        called = {each.bank: each for each in await connections.connections(reading, house.keys)}
    findings = []
    for bank in (each for each in banks if each.disabled_at is None):
        if bank.client_id in called:
            findings.append(await _reach(f"bank {bank.name}", called[bank.client_id].base_url))
        else:
            words = f'cannot be asked about a payment; connect it: loket client connect "{bank.name}"'
            findings.append(Finding(f"bank {bank.name}", "note", words))
    return findings


async def _storage(house: House) -> Finding:
    try:
        async with asyncio.timeout(REACH_TIMEOUT_S):
            await house.storage.check()
    except Exception as error:  # whatever the store's library raises, it does not answer
        return Finding("storage", "bad", f"{house.storage.url} does not answer: {type(error).__name__}")
    return Finding("storage", "ok", f"{house.storage.url} answers")


async def _neighbours(settings: Settings) -> AsyncIterator[Finding]:
    """Each service that is configured by address: does anything listen there?"""
    configured = {**reach.neighbours(settings), "rate limits": reach.shared_limits(settings)}
    otherwise = {
        "vehicle registry": "the embedded table",
        "sign-in": "the embedded identity provider",
        "e-mail": "not sent; messages go to the outbox",
        "message gateway": "none; messages go to the outbox",
        "rate limits": "in memory",
    }
    for about in (*otherwise, *(name for name in configured if name not in otherwise)):
        url = configured.get(about)
        yield await _reach(about, url) if url else Finding(about, "ok", otherwise[about])


async def _reach(about: str, url: str) -> Finding:
    try:
        return Finding(about, "ok", f"{await reach.reach(url)} answers")
    except (OSError, TimeoutError) as error:
        return Finding(about, "bad", f"{reach.place_of(url)} does not answer: {type(error).__name__}")


def _recogniser(house: House) -> Finding:
    if house.settings.recogniser != "embedded":
        readers = ", ".join(house[PlannedRecogniser].readers)
        return Finding("recogniser", "ok", f"{readers}; `loket anpr probe` has each read a picture")
    missing = [name for name in ("rapidocr", "onnxruntime", "cv2") if find_spec(name) is None]
    if missing:
        words = f"embedded, but {', '.join(missing)} is not installed: every capture goes to an officer"
        return Finding("recogniser", "bad", words)
    return Finding("recogniser", "ok", "embedded; its model is installed")


async def _plans(house: House) -> list[Finding]:
    """Who has a plan of their own for reading plates and is nobody: a misspelt name would never be noticed otherwise."""
    plans = house[PlannedRecogniser].plans
    async with house.db.read() as connection:
        units = await reference.list_units(connection, level="POLDA", limit=reference.MOST_UNITS)
        known = await credentials.list_(connection, kind=credentials.CredentialKind.CAMERA)
    poldas, cameras = {each.code for each in units}, {each.client_id for each in known}
    strangers = sorted({*plans.poldas} - poldas) + sorted({*plans.cameras} - cameras)
    return [
        Finding("recogniser", "bad", f"there is a plan for {name}, which is no Polda or camera here")
        for name in strangers
    ]


def _show(findings: list[Finding]) -> None:
    signs = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]BAD [/]"}
    for each in findings:
        console.print(f"{signs[each.state]} {each.about}: ", end="", highlight=False)
        console.print(each.words, markup=False, highlight=False)
