"""Access tokens of banks: opaque, random, 900 seconds. A bank has many machines, so a new one leaves the others alive."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, literal, select
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.db import Database, Tx
from app.core.hot import HotQuery
from app.services.billing.models import SnapToken
from app.services.billing.snap.models import ANSWER_LOST, BankStatusQuestion
from app.services.identity import credentials
from app.services.identity.credentials import BankClient
from app.services.identity.models import Credential

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
    rows = await db.look(_OWNER, token_hash=_hash(token))
    owner = _owner(rows[0], now) if rows else None
    return owner.client_id if owner is not None else None


async def look_up_both(
    db: Database, keys: KeyRing, client_id: str, token: str, now: datetime
) -> tuple[BankClient | None, Owner | None]:
    """The bank of this client id (disabled ones too), and whose good token this is: what every transaction wants to know,
    asked in one look that costs the same whatever is found."""
    known = client_id if client_id.isprintable() else ""
    [row] = await db.look(_BOTH, client_id=known, token_hash=_hash(token))
    return credentials.bank_of_row(keys, row) if row["client_id"] is not None else None, _owner(row, now)


_TOKEN: tuple[Any, ...] = (
    col(SnapToken.client_id).label("owner"),
    col(SnapToken.expires_at),
    exists()
    .where(
        col(BankStatusQuestion.client_id) == col(SnapToken.client_id),
        col(BankStatusQuestion.closed_at).is_(None),
        col(BankStatusQuestion.reason) == ANSWER_LOST,
    )
    .label("unheard"),
)
_IS_TOKEN = col(SnapToken.token_hash) == bindparam("token_hash")
_IS_BANK = and_(
    col(Credential.client_id) == bindparam("client_id"), col(Credential.kind) == credentials.CredentialKind.BANK
)
_OWNER = HotQuery(select(*_TOKEN).where(_IS_TOKEN))
_BOTH = HotQuery(
    select(*credentials.BANK_COLUMNS, *_TOKEN).select_from(
        select(literal(1)).subquery("always").outerjoin(Credential, _IS_BANK).outerjoin(SnapToken, _IS_TOKEN)
    )
)


def _owner(row: Mapping[str, Any], now: datetime) -> Owner | None:
    good = row["owner"] is not None and row["expires_at"] > now
    return Owner(str(row["owner"]), bool(row["unheard"])) if good else None


def _hash(token: str) -> str:
    # 256 random bits: a plain hash keeps them.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
