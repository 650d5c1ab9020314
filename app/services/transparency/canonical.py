"""What is written into the log, byte for byte: canonical JSON, and the salted commitment that is public.

Canonical is RFC 8785 (JCS) within narrower limits: ASCII keys, no floats, integers that JavaScript can hold.
So a stranger's verifier in any language arrives at the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping

from app.core.db import JsonValue

SALT_BYTES = 16
INTEGER_LIMIT = 2**53 - 1


def canonical_json(body: Mapping[str, JsonValue]) -> str:
    """The one text of a body: keys sorted, no spaces, no floats. ValueError names what cannot be written."""
    _check(body, "body")
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def commitment(salt: bytes, body: str) -> bytes:
    """``SHA-256(salt || body)``: public, and says nothing about the body to who lacks the salt."""
    return hashlib.sha256(salt + body.encode()).digest()


def _check(value: object, where: str) -> None:
    if isinstance(value, float):
        raise ValueError(f"{where}: a float has no canonical text; write an integer or a string")
    if isinstance(value, int) and abs(value) > INTEGER_LIMIT:
        raise ValueError(f"{where}: an integer beyond 2**53 loses digits in other languages; write a string")
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"{where}: keys are ASCII text")
            _check(each, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            _check(each, f"{where}[{number}]")
    elif isinstance(value, str):
        _check_text(value, where)
    elif value is not None and not isinstance(value, int):
        raise ValueError(f"{where}: {type(value).__name__} cannot be written as JSON")


def _check_text(value: str, where: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: the text holds half a character") from None
