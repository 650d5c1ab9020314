"""The same request twice has the effect of one: Idempotency-Key and answer kept in the transaction that did the work.

An answer may hold what a person wrote, so it lies sealed for its two days.
Source: IETF draft-ietf-httpapi-idempotency-key-header.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Field, col

from app.core.db import JsonValue, Table, Tx, UtcDateTime
from app.core.ids import new_id
from app.core.problems import ProblemType
from app.core.texts import Text

KEPT_FOR = timedelta(hours=48)
MAX_KEY_LENGTH = 128
RING = "personal"

KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    422,
    Text("Idempotency-Key sudah dipakai", "Idempotency-Key was used before"),
    Text(
        "Kunci ini dipakai untuk kiriman lain. Pakai kunci baru.", "This key came with another request. Use a new key."
    ),
)
KEY_MISSING = ProblemType(
    "idempotency-key-missing",
    400,
    Text("Idempotency-Key tidak ada", "Idempotency-Key is missing"),
    Text("Sertakan header Idempotency-Key dengan nilai acak.", "Send the header Idempotency-Key with a random value."),
)


class KeptAnswer(Table, table=True):
    """The answer to one request of one actor, by its key; `fingerprint` is a SHA-256 over method, path, query and body."""

    __tablename__ = "kept_answers"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slot: str = Field(unique=True, max_length=400)
    fingerprint: str = Field(max_length=64)
    status: int
    body_enc: str
    at: datetime = Field(sa_type=UtcDateTime, index=True)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request was answered before."""

    status: int
    body: JsonValue


async def find_answer(tx: Tx, key: str, fingerprint: str) -> Answered | None:
    """The answer kept for this key; KEY_REUSED when the key came with a different request.

    Two of the same at once pass here one after the other, so that the second finds the answer of the first.
    """
    await tx.serialise(f"once:{_slot(tx, key)}")
    row = (
        await tx.session.execute(select(KeptAnswer).where(col(KeptAnswer.slot) == _slot(tx, key)))
    ).scalar_one_or_none()
    if row is not None and row.fingerprint != fingerprint:
        raise KEY_REUSED()
    if row is None:
        return None
    return Answered(row.status, json.loads(tx.house.keys.open(RING, row.body_enc, row.slot.encode())))


async def replace_answer(tx: Tx, key: str, fingerprint: str, body: JsonValue) -> None:
    """Keep the answer in place of an earlier one under the same key."""
    await tx.session.execute(delete(KeptAnswer).where(col(KeptAnswer.slot) == _slot(tx, key)))
    await keep_answer(tx, key, fingerprint, 200, body)


async def keep_answer(tx: Tx, key: str, fingerprint: str, status: int, body: JsonValue) -> None:
    """Keep the answer under a key for which `find_answer` found none."""
    slot = _slot(tx, key)
    sealed = tx.house.keys.seal(RING, json.dumps(body).encode(), slot.encode())
    tx.session.add(KeptAnswer(slot=slot, fingerprint=fingerprint, status=status, body_enc=sealed, at=tx.now))
    await tx.session.flush()


async def forget_answers(tx: Tx) -> None:
    """Drop what is older than two days."""
    await tx.session.execute(delete(KeptAnswer).where(col(KeptAnswer.at) < tx.now - KEPT_FOR))


def _slot(tx: Tx, key: str) -> str:
    return f"{tx.actor.kind}:{tx.actor.id}:{key}"
