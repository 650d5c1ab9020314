"""Access tokens of banks: opaque, random, 900 seconds. A bank has many machines, so a new one leaves the others alive."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, select
from sqlmodel import col

from app.core.db import Database, Tx
from app.core.hot import HotQuery
from app.services.billing.models import SnapToken
from app.services.billing.snap.models import ANSWER_LOST, BankStatusQuestion

LIFETIME_S = 900
_BYTES = 32


async def issue(tx: Tx, client_id: str) -> str:
    """A new token for this bank; on the way its dead ones are deleted."""
    token = secrets.token_urlsafe(_BYTES)
    await tx.session.execute(
        delete(SnapToken).where(col(SnapToken.client_id) == client_id, col(SnapToken.expires_at) <= tx.now)
    )
    tx.session.add(
        SnapToken(
            token_hash=_hash(token),
            client_id=client_id,
            issued_at=tx.now,
            expires_at=tx.now + timedelta(seconds=LIFETIME_S),
        )
    )
    await tx.session.flush()
    return token


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a good token is; `unheard`: whether an answer of ours to this bank may have been lost."""

    client_id: str
    unheard: bool


async def owner_of(db: Database, token: str, now: datetime) -> str | None:
    """The client id of a token that is ours and still good; None for every other text."""
    owner = await look_up_owner(db, token, now)
    return None if owner is None else owner.client_id


async def look_up_owner(db: Database, token: str, now: datetime) -> Owner | None:
    """`owner_of` with what else a transaction wants to know: asked for along the way, it costs no look of its own."""
    rows = await db.look(_OWNER, token_hash=_hash(token))
    return Owner(str(rows[0]["client_id"]), bool(rows[0]["unheard"])) if rows and rows[0]["expires_at"] > now else None


_OWNER = HotQuery(
    select(
        col(SnapToken.client_id),
        col(SnapToken.expires_at),
        exists()
        .where(
            col(BankStatusQuestion.client_id) == col(SnapToken.client_id),
            col(BankStatusQuestion.closed_at).is_(None),
            col(BankStatusQuestion.reason) == ANSWER_LOST,
        )
        .label("unheard"),
    ).where(col(SnapToken.token_hash) == bindparam("token_hash"))
)


def _hash(token: str) -> str:
    # 256 random bits: a plain hash keeps them.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
