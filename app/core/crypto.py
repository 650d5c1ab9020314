"""Keys and what is done with them: field encryption, blind indexes, signatures, short-lived signed tokens.

Four separate rings (personal data, log, documents, tokens) and one for blind indexes. A ring holds several keys: one of
them seals and signs, all open and verify. Rotation takes two steps, because processes are restarted one by one and none
may meet a value that it cannot open: a new key is first known to all of them, and used only then.
"""

import base64
import binascii
import hashlib
import hmac
import io
import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RINGS = ("personal", "index", "log", "documents", "tokens")
_USED = "used"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_P256_BYTES = 32
_PIECE_BYTES = 1024 * 1024
_TAG_BYTES = 16
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, 2.4.2


class CannotOpen(Exception):
    """A sealed value that no key of the ring opens: altered, bound to another place, or the key is gone."""


class BadToken(Exception):
    """A token that is forged, altered, for another purpose, or past its time."""


class KeyRing:
    """The keys of one installation, by ring. Read from a JSON file: ``{"personal": {"2026-11-a": "<base64>"}, ...}``.

    ``"used": {"personal": "2026-11-a"}`` in it says which key seals and signs; where it says nothing, the newest does.
    """

    def __init__(self, rings: Mapping[str, Mapping[str, bytes]], used: Mapping[str, str] | None = None) -> None:
        missing = [ring for ring in RINGS if not rings.get(ring)]
        if missing:
            raise ValueError(f"the key ring lacks keys for: {', '.join(missing)}")
        self._rings = {ring: dict(sorted(keys.items())) for ring, keys in rings.items()}
        if any(len(key) != _KEY_BYTES for keys in self._rings.values() for key in keys.values()):
            raise ValueError("every key of the ring must have 32 bytes")
        # Blind indexes are looked up by, so their key is never rotated in place: the oldest stays.
        self._index_key = self._rings["index"][min(self._rings["index"])]
        self._used = {ring: max(keys) for ring, keys in self._rings.items()} | dict(used or {})
        unknown = [f"{ring} {kid}" for ring, kid in self._used.items() if kid not in self._rings.get(ring, {})]
        if unknown:
            raise ValueError(f"the key ring says to use keys that it does not have: {', '.join(unknown)}")

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """Read the file; ValueError says what is wrong with it."""
        raw = json.loads(path.read_text("utf-8"))
        used = raw.pop(_USED, None)
        keys = {ring: {kid: base64.b64decode(key) for kid, key in keys.items()} for ring, keys in raw.items()}
        return cls(keys, used)

    @classmethod
    def generate(cls, key_id: str = "1") -> "KeyRing":
        """A ring with one fresh key each."""
        return cls({ring: {key_id: secrets.token_bytes(_KEY_BYTES)} for ring in RINGS})

    def with_new_key(self, ring: str, key_id: str) -> "KeyRing":
        """The same ring with one more key, which opens and verifies and is not used yet; ids sort by age, so `key_id`
        must sort after the others."""
        if ring == "index":
            raise ValueError("the index ring is not rotated in place: blind indexes would no longer match")
        if key_id <= max(self._rings[ring]):
            raise ValueError(f"{key_id!r} must sort after {max(self._rings[ring])!r}")
        fresh = {**self._rings[ring], key_id: secrets.token_bytes(_KEY_BYTES)}
        return KeyRing({**self._rings, ring: fresh}, self._used)

    def using(self, ring: str, key_id: str) -> "KeyRing":
        """The same keys, of which `key_id` seals and signs from now on."""
        if ring == "index":
            raise ValueError("the index ring is not rotated in place: blind indexes would no longer match")
        if key_id not in self._rings[ring]:
            raise ValueError(f"the ring {ring} has no key {key_id!r}")
        return KeyRing(self._rings, {**self._used, ring: key_id})

    def save(self, path: Path) -> None:
        """Write the file, readable by its owner alone."""
        keys = {
            ring: {kid: base64.b64encode(key).decode() for kid, key in keys.items()}
            for ring, keys in self._rings.items()
        }
        pinned = {ring: kid for ring, kid in self._used.items() if kid != max(self._rings[ring])}
        text = json.dumps({**keys, **({_USED: pinned} if pinned else {})}, indent=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        fresh.replace(path)

    def current_id(self, ring: str) -> str:
        """The id of the key that seals and signs now."""
        return self._used[ring]

    def seal(self, ring: str, plaintext: bytes, aad: bytes) -> str:
        """Encrypt with the key that the ring uses (AES-256-GCM); `aad` binds the value to its place."""
        key_id = self.current_id(ring)
        return f"{key_id}.{seal_with(self._rings[ring][key_id], plaintext, aad)}"

    def open(self, ring: str, sealed: str, aad: bytes) -> bytes:
        """Decrypt what `seal` made; `CannotOpen` when it is not ours."""
        key_id, _, body = sealed.partition(".")
        key = self._rings[ring].get(key_id)
        if key is None:
            raise CannotOpen(f"ring {ring} has no key {key_id!r}")
        return open_with(key, body, aad)

    def blind_index(self, purpose: str, normalised: str) -> str:
        """A keyed hash by which an encrypted value is found again: HMAC-SHA-256 in hex, separate for each purpose."""
        return _mac_of(self._index_key, f"{purpose}\x00{normalised}".encode()).hex()

    def mac_keys(self, ring: str) -> dict[str, bytes]:
        """The ring's keys, derived for message authentication, by id."""
        return {kid: _derive(key, b"loket mac") for kid, key in self._rings[ring].items()}

    def signing_key(self, ring: str) -> tuple[str, Ed25519PrivateKey]:
        """The Ed25519 key that signs for this ring now, with its id."""
        key_id = self.current_id(ring)
        return key_id, Ed25519PrivateKey.from_private_bytes(_derive(self._rings[ring][key_id], b"loket ed25519"))

    def public_keys(self, ring: str) -> dict[str, Ed25519PublicKey]:
        """Every public key of the ring, by id: old signatures stay verifiable."""
        return {
            kid: Ed25519PrivateKey.from_private_bytes(_derive(key, b"loket ed25519")).public_key()
            for kid, key in self._rings[ring].items()
        }

    def certificate_keys(self, ring: str) -> dict[str, ec.EllipticCurvePrivateKey]:
        """The ring's keys on the curve P-256, by id: what X.509 certificates are made for, as PDF readers and the
        authorities that certify know no Ed25519."""
        return {kid: _derive_p256(key, b"loket p-256") for kid, key in self._rings[ring].items()}

    def authority_key(self, ring: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key of an authority of our own making, from the ring's oldest key; for demonstrations."""
        return _derive_p256(self._rings[ring][min(self._rings[ring])], b"loket p-256 authority")


@lru_cache(maxsize=64)
def _derive_p256(key: bytes, info: bytes) -> ec.EllipticCurvePrivateKey:
    # 64 bits more than the order has, so that the remainder favours no scalar (FIPS 186-5 A.2.1).
    wide = HKDF(algorithm=hashes.SHA256(), length=_P256_BYTES + 8, salt=None, info=info).derive(key)
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_P256_ORDER - 1) + 1, ec.SECP256R1())


@lru_cache(maxsize=64)
def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(key)


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> HMAC:
    return HMAC(key, hashes.SHA256())


def _mac_of(key: bytes, message: bytes) -> bytes:
    # A copy of the keyed state: preparing a key costs OpenSSL more than hashing a short message.
    mac = _keyed(key).copy()
    mac.update(message)
    return mac.finalize()


def seal_with(key: bytes, plaintext: bytes, aad: bytes) -> str:
    """AES-256-GCM under `key`: base64url of nonce and ciphertext."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _encode(nonce + AESGCM(key).encrypt(nonce, plaintext, aad))


def open_with(key: bytes, sealed: str, aad: bytes) -> bytes:
    """The reverse of `seal_with`; raises `CannotOpen`."""
    try:
        raw = _decode(sealed)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("the sealed value does not open") from error


def seal_bytes_with(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM under `key`: nonce and ciphertext as they are, for what lies in the object store."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def seal_file_with(key: bytes, source: BinaryIO, target: BinaryIO, aad: bytes) -> str:
    """What `seal_bytes_with` makes, piece by piece from one open file into another; the SHA-256 of what was read, in hex."""
    nonce, digest = secrets.token_bytes(_NONCE_BYTES), hashlib.sha256()
    sealing = Cipher(AES(key), GCM(nonce)).encryptor()
    sealing.authenticate_additional_data(aad)
    target.write(nonce)
    source.seek(0)
    while piece := source.read(_PIECE_BYTES):
        digest.update(piece)
        target.write(sealing.update(piece))
    target.write(sealing.finalize() + sealing.tag)
    source.seek(0)
    return digest.hexdigest()


def open_bytes_with(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The reverse of `seal_bytes_with`; raises `CannotOpen`."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("the sealed bytes do not open") from error


def seal_pieces_with(key: bytes, source: BinaryIO, target: BinaryIO, aad: bytes) -> None:
    """Seal what is left of an open file for `open_pieces_with`: each MiB by itself, bound to its place and to whether it is
    the last."""
    piece, place = source.read(_PIECE_BYTES), 0
    while True:
        following = source.read(_PIECE_BYTES)
        target.write(seal_bytes_with(key, piece, _place(aad, place, last=not following)))
        if not following:
            return
        piece, place = following, place + 1


def open_pieces_with(key: bytes, source: BinaryIO, aad: bytes) -> BinaryIO:
    """The reverse of `seal_pieces_with`, as a stream for what is too large for memory.

    No byte is given out before its piece is proved, so that whoever acts upon what they read has read what was sealed.
    Reading raises `CannotOpen` where a piece was altered, moved or cut off. Closing it closes `source`.
    """
    return cast(BinaryIO, io.BufferedReader(_Pieces(key, source, aad), _PIECE_BYTES))


class _Pieces(io.RawIOBase):
    """The pieces in their order, opened one after the other."""

    def __init__(self, key: bytes, source: BinaryIO, aad: bytes) -> None:
        self._key, self._source, self._aad = key, source, aad
        self._open, self._place = b"", 0
        self._following: bytes | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._open and self._following != b"":
            self._open = self._next()
        count = min(len(buffer), len(self._open))
        buffer[:count], self._open = self._open[:count], self._open[count:]
        return count

    def close(self) -> None:
        self._source.close()
        super().close()

    def _next(self) -> bytes:
        sealed = self._read() if self._following is None else self._following
        self._following = self._read()
        opened = open_bytes_with(self._key, sealed, _place(self._aad, self._place, last=not self._following))
        self._place += 1
        return opened

    def _read(self) -> bytes:
        return self._source.read(_NONCE_BYTES + _PIECE_BYTES + _TAG_BYTES)


def _place(aad: bytes, place: int, *, last: bool) -> bytes:
    return b"%s %d %s" % (aad, place, b"last" if last else b"more")


class TokenSigner:
    """Short-lived tokens that we alone make and read: links to evidence, ticket access, form tokens.

    ``payload.key-id.mac``; HMAC-SHA-256 under the tokens ring. The purpose is part of what is signed, so that a token
    for one door never opens another.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys.mac_keys("tokens")
        self._current = keys.current_id("tokens")

    def issue(self, purpose: str, claims: Mapping[str, Any], *, ttl: timedelta, now: datetime) -> str:
        """A token for `claims` (JSON), good until `now + ttl`."""
        until = int(now.timestamp() + ttl.total_seconds())
        payload = _encode(orjson.dumps({**claims, "exp": until}))
        return f"{payload}.{self._current}.{self._mac(self._current, purpose, payload)}"

    def verify(self, purpose: str, token: str, now: datetime) -> dict[str, Any]:
        """The claims of a token that is ours, for this purpose and still good; else `BadToken`."""
        payload, _, rest = token.partition(".")
        key_id, _, mac = rest.rpartition(".")
        if key_id not in self._keys or not hmac.compare_digest(
            self._mac(key_id, purpose, payload).encode(), mac.encode("utf-8", "replace")
        ):
            raise BadToken("not a token of ours")
        claims: dict[str, Any] = json.loads(_decode(payload))
        if now.timestamp() >= claims["exp"]:
            raise BadToken("past its time")
        return claims

    def _mac(self, key_id: str, purpose: str, payload: str) -> str:
        message = f"{purpose}\x00{payload}".encode("utf-8", "replace")
        return _encode(_mac_of(self._keys[key_id], message))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error
