"""Transparency: an append-only Merkle log of salted commitments, signed checkpoints, proofs, and check codes.

The lowest room: whatever must leave a proof calls `append` in its own transaction.
"""

from app.services.transparency import check_codes
from app.services.transparency.log import (
    Covered,
    append,
    checkpoint,
    consistency_between,
    entries_of,
    first_covering,
    inclusion_of,
    newest_checkpoint,
    proof_of,
    sequence,
    verifier_keys,
)
from app.services.transparency.proofs import ATTACHMENT_NAME, Proof, Verdict, verify_proof
from app.services.transparency.tiles import TILE_WIDTH, tile_of

__all__ = [
    "ATTACHMENT_NAME",
    "TILE_WIDTH",
    "Covered",
    "Proof",
    "Verdict",
    "append",
    "check_codes",
    "checkpoint",
    "consistency_between",
    "entries_of",
    "first_covering",
    "inclusion_of",
    "newest_checkpoint",
    "proof_of",
    "sequence",
    "tile_of",
    "verifier_keys",
    "verify_proof",
]
