"""One-time codes: six digits, five minutes, five tries, one use. For signing in, binding a NIK, consenting at a counter.

The table keeps a keyed hash: six digits alone could be found from a plain one in no time. A row is made even where
nothing is sent, so that neither the answer nor its time tells whether an account or a match exists.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app.core import vault
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.ids import new_id
from app.services.identity.models import OneTimeCode

GOOD_FOR = timedelta(minutes=5)
MAX_TRIES = 5
DIGITS = 6


class CodePurpose(StrEnum):
    """What a code is for; a code for one purpose is none for another."""

    SIGN_IN = "sign_in"
    BIND_IDENTITY = "bind_identity"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code that was just made, to be sent and then forgotten."""

    id: UUID
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """What a right code opens: whom it was about, and what was held for that moment."""

    id: UUID
    about: str
    key_id: UUID | None
    held: Mapping[str, str | None] = field(repr=False)


async def new_code(
    tx: Tx,
    purpose: CodePurpose,
    about: str,
    *,
    key_id: UUID | None = None,
    held: Mapping[str, str | None] | None = None,
) -> NewCode:
    """Make a code for `about` (an opaque id or blind index); earlier ones of the same purpose end here.

    `held` (personal data needed when it is redeemed) is sealed under the data key `key_id`.
    """
    earlier = (col(OneTimeCode.purpose) == purpose) & (col(OneTimeCode.about) == about)
    await tx.session.execute(
        update(OneTimeCode).where(earlier, col(OneTimeCode.used_at).is_(None)).values(used_at=tx.now)
    )
    fresh = NewCode(new_id(), str(secrets.randbelow(10**DIGITS)).zfill(DIGITS))
    sealed = await vault.seal(tx, key_id, held) if key_id and held else {}
    tx.session.add(
        OneTimeCode(
            id=fresh.id,
            purpose=purpose,
            about=about,
            key_id=key_id,
            held_enc=sealed,
            code_hash=_hash(tx.house.keys, fresh.id, fresh.code),
            created_at=tx.now,
            expires_at=tx.now + GOOD_FOR,
        )
    )
    await tx.session.flush()
    return fresh


async def redeem(tx: Tx, purpose: CodePurpose, code_id: UUID, code: str) -> RedeemedCode | None:
    """Use a code up; None when it is wrong, old, used, or tried too often.

    The caller must let the transaction commit on None too, for the failed try to count, and refuse after it.
    """
    row = await tx.lock(OneTimeCode, code_id)
    given = _hash(tx.house.keys, code_id, code.strip()[:32])
    right = hmac.compare_digest(given, row.code_hash if row else "")
    if row is None or row.purpose != purpose or row.used_at or row.tries >= MAX_TRIES or tx.now >= row.expires_at:
        return None
    row.tries += 1
    if not right:
        return None
    row.used_at = tx.now
    held = await vault.open_(tx.session, tx.house.keys, row.key_id, row.held_enc) if row.key_id else {}
    row.held_enc = {}
    return RedeemedCode(row.id, row.about, row.key_id, held)


async def redeem_latest(tx: Tx, purpose: CodePurpose, about: str, code: str) -> RedeemedCode | None:
    """`redeem` for the newest open code about this person; for callers who hold no code id."""
    query = (
        select(col(OneTimeCode.id))
        .where(col(OneTimeCode.purpose) == purpose, col(OneTimeCode.about) == about, col(OneTimeCode.used_at).is_(None))
        .order_by(col(OneTimeCode.created_at).desc(), col(OneTimeCode.id).desc())
        .limit(1)
    )
    code_id = (await tx.session.execute(query)).scalar_one_or_none()
    return await redeem(tx, purpose, code_id or new_id(), code)


def _hash(keys: KeyRing, code_id: UUID, code: str) -> str:
    return keys.blind_index("one-time-code", f"{code_id}:{code}")
