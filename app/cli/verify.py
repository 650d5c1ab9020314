"""`loket verify FILE [--key KEY]`: check a proof, the receipt that carries it, a draw, or the seal of an issued document,
without any network.

Needs no house: whoever holds the file and the log's public key can run this on a machine that never met the server.
"""

import io
import json
import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from rich.markup import escape

from app.cli import verify_seal
from app.cli.common import REFUSED, console, emit, refuse
from app.core.config import Settings
from app.core.crypto import KeyRing
from app.services import appointments, cases, documents, transparency
from app.services.cases import DrawVerdict
from app.services.documents import seal_checks
from app.services.transparency import ATTACHMENT_NAME

FILE_MAX_BYTES = 20 * 1024 * 1024
PROOFS_MAX = 1000


def verify(
    file: Annotated[
        Path, typer.Argument(help="A receipt (PDF or JSON), a proof or a draw (JSON), or an issued document (PDF).")
    ],
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            help="The log's public key (name+hash+key), or a file that holds it; for an issued document the file of "
            "published certificates (PEM).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Verify a receipt, proof, draw or issued document offline."""
    data = _read(file)
    if data[:5] == b"%PDF-" and seal_checks.is_sealed(data):
        verify_seal.verify_sealed(data, key, as_json=as_json)
        return
    keys = _keys(key)
    verdicts = [_verdict(proof, keys) for proof in _proofs(file, data)]
    emit([_as_json(each) for each in verdicts], as_json=as_json, human=lambda: _show(verdicts))
    if any(each.fault for each in verdicts):
        raise typer.Exit(REFUSED)


def _verdict(document: dict[str, Any], keys: tuple[str, ...]) -> DrawVerdict:
    """What looking at one document showed; of a proof alone nobody is drawn."""
    if str(document.get("format")).startswith("loket-draw/"):
        return cases.verify_draw(document, keys)
    if str(document.get("format")).startswith("loket-slots/"):
        slots = appointments.verify_slot_draw(document, keys)
        drawn = ", ".join(f"{ask} {slot or 'waits'}" for ask, slot in slots.drawn)
        return DrawVerdict(slots.pool, drawn=drawn, fault=slots.fault)
    if document.get("format") == documents.RECEIPT_FORMAT:
        verdict = documents.verify_receipt(document, keys)
    else:
        verdict = transparency.verify_proof(document, keys)
    return DrawVerdict(verdict, fault=verdict.fault)


def _read(path: Path) -> bytes:
    if path.stat().st_size > FILE_MAX_BYTES:
        raise refuse(f"{path} is larger than {FILE_MAX_BYTES // 1024 // 1024} MB; this is no receipt of ours.")
    return path.read_bytes()


def _proofs(path: Path, data: bytes) -> list[dict[str, Any]]:
    """The proofs of a file: one object, or an object with a list `proofs`."""
    if data[:5] == b"%PDF-":
        data = _attached(path, data)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise refuse(f"{path} is neither a PDF receipt nor a JSON proof.") from None
    found = value.get("proofs", [value]) if isinstance(value, dict) else value
    if not isinstance(found, list) or not 0 < len(found) <= PROOFS_MAX:
        raise refuse(f"{path} holds no proof, or more than {PROOFS_MAX}.")
    if not all(isinstance(each, dict) for each in found):
        raise refuse(f"{path} holds something that is no proof.")
    return found


def _attached(path: Path, data: bytes) -> bytes:
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with the file is said once, below
    try:
        files = PdfReader(io.BytesIO(data)).attachments
        # The typesetter names an attachment by its path inside the template folder.
        attached = next((files[name] for name in files if name.rpartition("/")[2] == ATTACHMENT_NAME), None)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise refuse(f"{path} cannot be read as a PDF: {type(error).__name__}.") from None
    if not attached:
        raise refuse(f"{path} carries no proof (no attached file {ATTACHMENT_NAME}).")
    return attached[0]


def _keys(key: str | None) -> tuple[str, ...]:
    """The keys to trust: those given, else this installation's own if it has some, else none."""
    if key is not None:
        path = Path(key)
        text = path.read_text("utf-8") if "+" not in key or path.is_file() else key
        return _listed(text)
    settings = Settings()
    if not settings.keys_file.is_file():
        return ()
    return transparency.verifier_keys(KeyRing.load(settings.keys_file), settings.transparency_origin)


def _listed(text: str) -> tuple[str, ...]:
    """Keys from a text: one on each line, or the answer of `/v1/transparency/keys`."""
    try:
        published = json.loads(text)
    except ValueError:
        published = None
    if isinstance(published, dict) and isinstance(published.get("keys"), list):
        found = tuple(str(each["key"] if isinstance(each, dict) else each) for each in published["keys"])
    else:
        found = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not found:
        raise refuse("There is no key in what --key names.")
    return found


def _as_json(found: DrawVerdict) -> dict[str, Any]:
    verdict = found.pool
    return {
        "valid": not found.fault,
        "fault": found.fault or None,
        "drawn": found.drawn or None,
        "pinned": verdict.pinned,
        "key": verdict.key or None,
        "origin": verdict.origin or None,
        "tree_size": verdict.tree_size,
        "leaf_index": verdict.leaf_index,
        "body": verdict.body,
    }


def _show(verdicts: list[DrawVerdict]) -> None:
    for found in verdicts:
        if found.fault:
            console.print(f"[red]NOT VALID[/red]: {escape(found.fault)}", highlight=False, soft_wrap=True)
            continue
        each = found.pool
        console.print(
            f"[green]VALID[/green]: record {each.leaf_index} of {each.tree_size} in the log {escape(each.origin)}",
            highlight=False,
        )
        note = "pinned" if each.pinned else "NOT PINNED: it stands in the file itself; compare it, or give --key"
        console.print(f"  signed by {escape(each.key)} ({note})", highlight=False, soft_wrap=True)
        if found.drawn:
            console.print(
                f"  from this pool the checkpoint draws {escape(found.drawn)}", highlight=False, soft_wrap=True
            )
        for name, value in sorted((each.body or {}).items()):
            console.print(f"  {escape(name)}: {escape(_shown(value))}", highlight=False, soft_wrap=True)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
