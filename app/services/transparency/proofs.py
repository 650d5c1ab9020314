"""Proofs that stand alone: what was recorded, its place in the log, and the signed checkpoint that covers it.

Whoever holds one needs no network and no trust in this server's database: only the log's public key, which is
published, printed and known to others (`loket verify FILE --key KEY`).
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.db import JsonValue
from app.services.transparency import notes
from app.services.transparency.canonical import canonical_json, commitment
from app.services.transparency.merkle import Hash, inclusion_holds, leaf_hash

FORMAT = "loket-proof/1"
ATTACHMENT_NAME = "loket-proof.json"
"""Under this name a receipt (PDF) carries its proof."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That one leaf stands in the log. `keys` are the log's verifier keys as the log itself states them."""

    leaf_id: UUID
    body: str
    salt: bytes
    index: int
    tree_size: int
    path: tuple[Hash, ...]
    checkpoint: str
    keys: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """The published shape; `verify_proof` reads it."""
        return {
            "format": FORMAT,
            "leaf_id": str(self.leaf_id),
            "body": json.loads(self.body),
            "salt": self.salt.hex(),
            "commitment": commitment(self.salt, self.body).hex(),
            "leaf_index": self.index,
            "tree_size": self.tree_size,
            "path": [base64.b64encode(each).decode() for each in self.path],
            "checkpoint": self.checkpoint,
            "keys": list(self.keys),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What looking at a proof showed. `fault` is empty when it holds; `pinned`: under a key that the verifier
    brought along, and not merely under one that the proof names itself."""

    holds: bool
    fault: str = ""
    pinned: bool = False
    key: str = ""
    origin: str = ""
    tree_size: int = 0
    leaf_index: int = 0
    body: Mapping[str, JsonValue] | None = None


def verify_proof(proof: Mapping[str, JsonValue], keys: Sequence[str] = ()) -> Verdict:
    """Check a proof offline: commitment, path (RFC 9162 2.1.3.2), checkpoint and signature. Never raises.

    `keys` are verifier keys (``name+hash+base64``) that the caller trusts. Without them the signature is checked
    with the keys inside the proof, and the verdict says that it is not pinned.
    """
    try:
        return _verify(proof, keys)
    except (notes.BadNote, ValueError, TypeError, KeyError) as error:
        return Verdict(holds=False, fault=_fault_of(error))


def _verify(proof: Mapping[str, JsonValue], keys: Sequence[str]) -> Verdict:
    if proof["format"] != FORMAT:
        raise ValueError(f"not a proof of the format {FORMAT}")
    body = proof["body"]
    if not isinstance(body, dict):
        raise ValueError("body must be an object")
    committed = commitment(bytes.fromhex(_text(proof, "salt")), canonical_json(body))
    if committed.hex() != proof["commitment"]:
        raise ValueError("the body or the salt was altered: they do not give the commitment")
    checkpoint = notes.read(_text(proof, "checkpoint"))
    index, size = _count(proof, "leaf_index"), _count(proof, "tree_size")
    if checkpoint.size != size:
        raise ValueError("the proof is for a tree of another size than the checkpoint")
    if not inclusion_holds(leaf=leaf_hash(committed), index=index, size=size, path=_path(proof), root=checkpoint.root):
        raise ValueError("the path does not lead to the checkpoint's root: the record is not in the log")
    key, pinned = _signer(proof, keys)
    return Verdict(
        holds=True,
        pinned=pinned,
        key=str(key),
        origin=checkpoint.origin,
        tree_size=size,
        leaf_index=index,
        body=body,
    )


def _signer(proof: Mapping[str, JsonValue], trusted: Sequence[str]) -> tuple[notes.VerifierKey, bool]:
    note = _text(proof, "checkpoint")
    origin = notes.read(note).origin
    inside = proof["keys"] if isinstance(proof["keys"], list) else []
    texts = list(trusted) or [str(each) for each in inside]
    found = [key for key in notes.signers(note, map(notes.VerifierKey.parse, texts)) if key.name == origin]
    if not found:
        raise ValueError("the checkpoint is not signed by " + ("the key given" if trusted else "its own key"))
    return found[0], bool(trusted)


def _path(proof: Mapping[str, JsonValue]) -> list[Hash]:
    path = proof["path"]
    if not isinstance(path, list):
        raise ValueError("path must be a list")
    try:
        return [base64.b64decode(str(each), validate=True) for each in path]
    except binascii.Error:
        raise ValueError("path must hold base64") from None


def _text(proof: Mapping[str, JsonValue], name: str) -> str:
    value = proof[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def _count(proof: Mapping[str, JsonValue], name: str) -> int:
    value = proof[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number")
    return value


def _fault_of(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
