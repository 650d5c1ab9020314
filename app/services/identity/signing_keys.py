"""The keys that sign tokens: ES256, several at once, rotated with ``loket keys rotate-signing`` or each month by schedule.

The newest unretired key signs. A retired one stays in the published set until every token that it signed has died, so
that a rotation refuses nobody. Private keys lie sealed under the tokens ring.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey, KeySet
from sqlalchemy import select, update
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.db import Tx
from app.services.identity.credentials import Reader
from app.services.identity.models import SigningKey

ALGORITHM = "ES256"
PUBLISHED_AFTER = timedelta(hours=1)  # longer than any token lives, and than any relying party caches our keys
ROTATE_AFTER = timedelta(days=30)


async def rotate(tx: Tx) -> str:
    """Make a fresh key the one that signs; gives its id. The others retire, and are published for one more hour."""
    await tx.session.execute(update(SigningKey).where(col(SigningKey.retired_at).is_(None)).values(retired_at=tx.now))
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    kid = str(key.kid)
    private = json.dumps(key.as_dict(private=True)).encode()
    tx.session.add(
        SigningKey(
            kid=kid,
            public_jwk=key.as_dict(private=False),
            private_enc=tx.house.keys.seal("tokens", private, _aad(kid)),
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    return kid


async def rotate_when_old(tx: Tx) -> bool:
    """Rotate a key that has signed for a month; whether it did."""
    query = select(col(SigningKey.created_at)).where(col(SigningKey.retired_at).is_(None))
    newest = max((await tx.session.execute(query)).scalars(), default=None)
    if newest is None or tx.now < newest + ROTATE_AFTER:
        return False
    await rotate(tx)
    return True


async def current(tx: Tx) -> ECKey:
    """The key that signs now, made when there is none yet."""
    query = (
        select(col(SigningKey.kid), col(SigningKey.private_enc))
        .where(col(SigningKey.retired_at).is_(None))
        .order_by(col(SigningKey.created_at).desc(), col(SigningKey.kid))
        .limit(1)
    )
    row = (await tx.session.execute(query)).one_or_none()
    if row is None:
        await rotate(tx)
        row = (await tx.session.execute(query)).one()
    return _open(tx.house.keys, row.kid, row.private_enc)


async def published(source: Reader, now: datetime) -> list[dict[str, Any]]:
    """The public keys that tokens may be signed with, newest first: the JWK set (RFC 7517)."""
    alive = (col(SigningKey.retired_at).is_(None)) | (col(SigningKey.retired_at) > now - PUBLISHED_AFTER)
    query = select(col(SigningKey.public_jwk)).where(alive).order_by(col(SigningKey.created_at).desc())
    return list((await source.execute(query)).scalars())


def key_set(jwks: list[dict[str, Any]]) -> KeySet:
    """The keys as joserfc takes them."""
    return KeySet.import_key_set({"keys": jwks})


def _open(keys: KeyRing, kid: str, sealed: str) -> ECKey:
    return ECKey.import_key(json.loads(keys.open("tokens", sealed, _aad(kid))))


def _aad(kid: str) -> bytes:
    return f"signing key {kid}".encode()
