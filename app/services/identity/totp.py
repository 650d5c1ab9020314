"""Time-based one-time passwords, the second factor of staff: RFC 6238 over HOTP (RFC 4226), SHA-1, six digits, 30 s.

SHA-1 is what every authenticator app computes; the construction does not rest on its collision resistance (RFC 6238 1.2).
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
SKEW_STEPS = 1
SECRET_BYTES = 20


def new_secret() -> str:
    """A fresh 160-bit secret in base 32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(now: datetime) -> int:
    """The number of the 30-second step that an instant lies in."""
    return int(now.timestamp()) // STEP_S


def code_of(secret: str, step: int) -> str:
    """The six digits of one step (RFC 4226 5.3)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: str, code: str, now: datetime, *, after: int = 0) -> int | None:
    """The step whose code this is, one step of clock skew either way; None for a wrong code or one not newer than `after`.

    A code works once: the caller keeps the step that it returns (RFC 6238 5.2).
    """
    found = None
    for step in range(step_at(now) - SKEW_STEPS, step_at(now) + SKEW_STEPS + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode("utf-8", "replace")) and step > after:
            found = step
    return found


def enrolment_uri(secret: str, *, account: str, issuer: str) -> str:
    """The ``otpauth://`` URI that authenticator apps read from a QR code."""
    query = urlencode({"secret": secret, "issuer": issuer, "digits": DIGITS, "period": STEP_S})
    return f"otpauth://totp/{quote(f'{issuer}:{account}')}?{query}"
