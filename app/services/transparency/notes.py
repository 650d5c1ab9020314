"""Signed checkpoints: C2SP `signed-note` with Ed25519 around a C2SP `tlog-checkpoint`.

The text is three lines (origin, number of leaves, root in base64), an empty line, then a line for each
signature: ``— name base64(key hash || signature)``. Outside witnesses can add theirs without asking us.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.services.transparency.merkle import HASH_BYTES, Hash

ED25519 = b"\x01"  # signature type of c2sp.org/signed-note
KEY_HASH_BYTES = 4
NOTE_MAX_CHARS = 20_000
SIZE_MAX_DIGITS = 19


class BadNote(ValueError):
    """A text that is no signed checkpoint, or a key that is no verifier key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint states: at this log, so many leaves have this root."""

    origin: str
    size: int
    root: Hash

    def text(self) -> str:
        """The bytes that are signed, as text; ends with a line break."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A log's public key with the name that signs, as published: ``name+hash+base64(type || key)``."""

    name: str
    public: bytes

    @classmethod
    def of(cls, name: str, key: Ed25519PublicKey) -> "VerifierKey":
        """The verifier key for a name and public key."""
        return cls(name, key.public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read the published form; `BadNote` says what is wrong."""
        # The base64 part may hold '+' itself, so cut from the left: name and hash hold none.
        name, key_hash, rest = _three_parts(text.strip())
        raw = _from_base64(rest)
        if raw[:1] != ED25519 or len(raw) != 33:
            raise BadNote("a verifier key must be Ed25519")
        key = cls(name, raw[1:])
        if key.key_hash().hex() != key_hash:
            raise BadNote("the verifier key's hash does not match its key: it was mistyped or altered")
        return key

    def key_hash(self) -> bytes:
        """Four bytes by which a signature line names its key."""
        digest = hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()
        return digest[:KEY_HASH_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_hash().hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


def sign(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey) -> str:
    """The signed note for a checkpoint."""
    text = checkpoint.text()
    key_hash = VerifierKey.of(name, key.public_key()).key_hash()
    signature = base64.b64encode(key_hash + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n"


def read(note: str) -> Checkpoint:
    """What a note states, its signatures not looked at; `BadNote` when it is malformed."""
    text, _ = _parts(note)
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not (lines[1].isascii() and lines[1].isdigit()):
        raise BadNote("a checkpoint has at least the lines origin, size and root")
    if len(lines[1]) > SIZE_MAX_DIGITS or lines[1] != str(int(lines[1])):
        raise BadNote("a checkpoint's size is a number of at most 19 digits without leading zeros")
    root = _from_base64(lines[2])
    if len(root) != HASH_BYTES:
        raise BadNote("a checkpoint's root has 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def signers(note: str, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """Those of `keys` that did sign the note. A line that claims one and does not verify is a `BadNote`."""
    text, lines = _parts(note)
    known = {(key.name, key.key_hash()): key for key in keys}
    found = []
    for line in lines:
        name, _, encoded = line.removeprefix("— ").partition(" ")
        raw = _from_base64(encoded)
        key = known.get((name, raw[:KEY_HASH_BYTES]))
        if key is None:
            continue  # somebody else's signature, such as a witness's
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[KEY_HASH_BYTES:], text.encode())
        except InvalidSignature:
            raise BadNote(f"the signature of {name} is wrong: the checkpoint was altered") from None
        found.append(key)
    return found


def _parts(note: str) -> tuple[str, list[str]]:
    if len(note) > NOTE_MAX_CHARS:
        raise BadNote("the note is too long")
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not gap or lines[-1] != "" or len(lines) < 2 or not all(each.startswith("— ") for each in lines[:-1]):
        raise BadNote("not a signed note: text, an empty line, then signature lines")
    return text + "\n", lines[:-1]


def _three_parts(text: str) -> tuple[str, str, str]:
    parts = text.split("+", 2)
    if len(parts) != 3 or not parts[0] or " " in parts[0]:
        raise BadNote("a verifier key looks like name+hash+key")
    return parts[0], parts[1], parts[2]


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("not base64") from error
