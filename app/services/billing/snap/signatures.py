"""SNAP BI signatures, over the bytes that were received.

ASPI SNAP Developer Site, "Keamanan": the token request is RSA-signed over ``client_id|timestamp``; each transaction
carries an HMAC-SHA512 (signature type 1) or an RSA signature (type 2) over method, path, hash of the minified body and
timestamp. A verifier that parses and writes the body again fails on raw UTF-8, on ``\\/`` and on ``10.10``: so nothing
here ever parses.
"""

import base64
import binascii
import hashlib
import hmac
import re
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from app.services.billing.banks import SignatureEncoding

HMAC_BYTES = 64

# A string (closed or cut off), or blanks between tokens. Possessive, so that no body can make it backtrack.
_STRING_OR_BLANKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[ \t\r\n]+', re.DOTALL)
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+", re.ASCII)


def minify(body: bytes) -> bytes:
    """The body without blank, tab, CR and LF outside of strings; order, escapes and spelling of numbers stay."""
    return _STRING_OR_BLANKS.sub(lambda found: found[0] if found[0][:1] == b'"' else b"", body)


def body_hash(body: bytes) -> str:
    """Lower-case hex SHA-256 of the minified body; without a body that of the empty string."""
    return hashlib.sha256(minify(body)).hexdigest()


def token_string_to_sign(client_id: str, timestamp: str) -> str:
    """What a bank signs to get an access token. `timestamp` is the header's text, not the instant."""
    return f"{client_id}|{timestamp}"


def symmetric_string_to_sign(method: str, path: str, access_token: str, body: bytes, timestamp: str) -> str:
    """Signature type 1. `path` is the raw request target, query included; the token comes without ``Bearer``."""
    return f"{method}:{path}:{access_token}:{body_hash(body)}:{timestamp}"


def asymmetric_string_to_sign(method: str, path: str, body: bytes, timestamp: str) -> str:
    """Signature type 2: as type 1 without the token."""
    return f"{method}:{path}:{body_hash(body)}:{timestamp}"


def symmetric_signature(secret: str, string_to_sign: str) -> bytes:
    """HMAC-SHA512 under the secret's UTF-8 bytes, which are never base64-decoded."""
    return hmac.new(_utf8(secret), _utf8(string_to_sign), hashlib.sha512).digest()


def rsa_signature(private_key_pem: str, string_to_sign: str) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 under a key of ours."""
    key = load_pem_private_key(private_key_pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("SNAP wants an RSA key")
    return key.sign(_utf8(string_to_sign), PKCS1v15(), hashes.SHA256())


def hmac_is_valid(secret: str, string_to_sign: str, signature: str) -> bool:
    """Whether `signature`, base64 or hex of one case, is the HMAC. Constant time; False for anything unreadable."""
    given = decode_signature(signature, HMAC_BYTES)
    expected = symmetric_signature(secret, string_to_sign)
    return hmac.compare_digest(given if given is not None else bytes(HMAC_BYTES), expected) and given is not None


def rsa_is_valid(public_key_pem: str | None, string_to_sign: str, signature: str) -> bool:
    """Whether `signature` is RSASSA-PKCS1-v1_5 with SHA-256 under this key.

    None stands for an unknown client: a key of our own is tried, so that the answer takes the same time.
    """
    key = (_public_key(public_key_pem) if public_key_pem else None) or _nobodys_key()
    given = decode_signature(signature, (key.key_size + 7) // 8)
    try:
        key.verify(given if given is not None else b"", _utf8(string_to_sign), PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return public_key_pem is not None


def encode_signature(raw: bytes, encoding: SignatureEncoding) -> str:
    """A signature of ours as this bank reads it."""
    return raw.hex() if encoding is SignatureEncoding.HEX else base64.b64encode(raw).decode()


def decode_signature(text: str, size: int) -> bytes | None:
    """The `size` bytes of a signature written in base64 (padded, canonical) or in hex; None for anything else.

    ASPI's own samples are hex, the banks seen send base64; hex is longer, so that the length tells them apart.
    """
    if len(text) == 2 * size:
        return bytes.fromhex(text) if _HEX.fullmatch(text) else None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # The spelling must be the one and only: base64 leaves spare bits that a forger could vary.
    return raw if len(raw) == size and base64.b64encode(raw).decode() == text else None


@lru_cache(maxsize=256)
def _public_key(pem: str) -> RSAPublicKey | None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


@lru_cache(maxsize=1)
def _nobodys_key() -> RSAPublicKey:
    # Not a product of two primes that anybody knows: it verifies nothing, at the cost of a real key.
    modulus = int.from_bytes(b"\xc3" + hashlib.shake_256(b"loket: nobody's key").digest(254) + b"\x01", "big")
    return RSAPublicNumbers(65537, modulus).public_key()


def _utf8(text: str) -> bytes:
    # Header bytes reach us as Latin-1 text; a lone surrogate must fail to match, not fail to encode.
    return text.encode("utf-8", "surrogatepass")
