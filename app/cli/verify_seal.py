"""The part of `loket verify` that looks at issued documents: does the electronic seal hold, and is it one of ours?

Anybody can seal a forged paper with a certificate of their own making, so a seal that was compared with no published
certificate is not called valid. What no file can say is whether the document was revoked since: the answer names the address
that does.
"""

from pathlib import Path
from typing import Any

import typer
from rich.markup import escape

from app.cli.common import REFUSED, console, emit, refuse
from app.core.config import Settings
from app.core.crypto import KeyRing
from app.services.documents.certificates import CertificateFault, build_certificates
from app.services.documents.seal_checks import SealVerdict, verify_seal

NOT_PINNED = (
    "WHOSE seal it is was not checked: give --key with the certificates that are published at "
    "/v1/transparency/document-certificates"
)


def verify_sealed(data: bytes, key: str | None, *, as_json: bool) -> None:
    """Print the verdict on a sealed PDF; exit status 1 unless the seal holds and is one of ours."""
    verdict = verify_seal(data, _published(key))
    emit([_as_json(verdict)], as_json=as_json, human=lambda: _show(verdict))
    if not verdict.pinned:
        raise typer.Exit(REFUSED)


def _published(key: str | None) -> bytes | None:
    """The certificates to compare with: those given, else this installation's own if it has some, else none."""
    if key is not None:
        if not Path(key).is_file():
            raise refuse(f"--key must name a file with the published certificates (PEM); there is none at {key}.")
        return Path(key).read_bytes()
    settings = Settings()
    if not settings.keys_file.is_file():
        return None
    try:
        return build_certificates(settings, KeyRing.load(settings.keys_file)).pem().encode()
    except CertificateFault as fault:
        raise refuse(f"{fault}.") from None


def _as_json(verdict: SealVerdict) -> dict[str, Any]:
    return {
        "valid": verdict.pinned,
        "fault": verdict.fault or (None if verdict.pinned else NOT_PINNED),
        "unchanged": verdict.holds,
        "pinned": verdict.pinned,
        "signer": verdict.signer or None,
        "certificate": verdict.certificate or None,
        "sealed_at": verdict.sealed_at.isoformat() if verdict.sealed_at else None,
        "stamped_at": verdict.stamped_at.isoformat() if verdict.stamped_at else None,
        "reason": verdict.reason or None,
        "check_at": verdict.contact or None,
    }


def _show(verdict: SealVerdict) -> None:
    if not verdict.holds:
        console.print(f"[red]NOT VALID[/red]: {escape(verdict.fault)}", highlight=False, soft_wrap=True)
        return
    stamp = f", time stamp {verdict.stamped_at:%Y-%m-%d %H:%M} UTC" if verdict.stamped_at else ""
    sealed = f"{verdict.sealed_at:%Y-%m-%d %H:%M}" if verdict.sealed_at else "without a time"
    if verdict.pinned:
        console.print(f"[green]VALID[/green]: one of our seals, made {sealed}{stamp}", highlight=False)
    else:
        console.print(
            f"[yellow]UNCHANGED since {sealed}{stamp}[/yellow]; {NOT_PINNED}", highlight=False, soft_wrap=True
        )
    console.print(f"  {escape(verdict.reason)}", highlight=False, soft_wrap=True)
    console.print(f"  sealed by {escape(verdict.signer)}", highlight=False, soft_wrap=True)
    console.print(f"  certificate SHA-256 {verdict.certificate}", highlight=False, soft_wrap=True)
    console.print(
        f"  whether it was revoked since, no file can say: ask at {escape(verdict.contact)}",
        highlight=False,
        soft_wrap=True,
    )
