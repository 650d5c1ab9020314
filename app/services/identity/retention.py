"""What identity forgets, and when: codes after a day, sessions and grants a month after their end, dead signing keys."""

from datetime import timedelta

from sqlalchemy import delete, or_, select
from sqlmodel import col

from app.core import vault
from app.core.db import Tx
from app.services.identity.models import (
    BrowserSession,
    OAuthCode,
    OAuthGrant,
    OneTimeCode,
    Person,
    RefreshToken,
    SigningKey,
    StaffMember,
)

CODES_KEPT = timedelta(days=1)
SESSIONS_KEPT = timedelta(days=30)
BATCH = 1000


async def forget_expired(tx: Tx) -> None:
    """Delete what has served; run hourly, in bounded batches. A second use of a refresh token stays detectable for a month."""
    await _forget_codes(tx)
    before = tx.now - SESSIONS_KEPT
    ended = or_(col(BrowserSession.expires_at) < before, col(BrowserSession.revoked_at) < before)
    await tx.session.execute(delete(BrowserSession).where(ended))
    dead = (
        select(col(OAuthGrant.id))
        .where(or_(col(OAuthGrant.expires_at) < before, col(OAuthGrant.revoked_at) < before))
        .limit(BATCH)
    )
    grants = (await tx.session.execute(dead)).scalars().all()
    for table in (OAuthCode, RefreshToken):
        await tx.session.execute(delete(table).where(col(table.grant_id).in_(grants)))
    await tx.session.execute(delete(OAuthGrant).where(col(OAuthGrant.id).in_(grants)))
    await tx.session.execute(delete(SigningKey).where(col(SigningKey.retired_at) < before))


async def _forget_codes(tx: Tx) -> None:
    old = (
        select(col(OneTimeCode.id), col(OneTimeCode.key_id))
        .where(col(OneTimeCode.expires_at) < tx.now - CODES_KEPT)
        .limit(BATCH)
    )
    rows = (await tx.session.execute(old)).all()
    await tx.session.execute(delete(OneTimeCode).where(col(OneTimeCode.id).in_([row.id for row in rows])))
    # A code that was never redeemed leaves the key of a person who never was: destroyed, unless the key is somebody's.
    candidates = {row.key_id for row in rows if row.key_id is not None}
    for key_id in candidates - await _keys_in_use(tx, list(candidates)):
        await vault.destroy(tx, key_id)


async def _keys_in_use(tx: Tx, key_ids: list[object]) -> set[object]:
    used: set[object] = set()
    for column in (col(Person.key_id), col(StaffMember.key_id), col(OneTimeCode.key_id)):
        used |= set((await tx.session.execute(select(column).where(column.in_(key_ids)))).scalars())
    # A key that is linked to a NIK belongs to that person in every room.
    linked = select(col(vault.DataKey.id)).where(
        col(vault.DataKey.id).in_(key_ids), col(vault.DataKey.person_bidx).is_not(None)
    )
    return used | set((await tx.session.execute(linked)).scalars())
