"""Signed-in browsers. The cookie holds 256 random bits, the table their hash; signing out ends it at once, everywhere.

Lifetimes follow the risk: a counter screen that nobody touches closes after half an hour (OWASP session management).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_id
from app.services.identity.credentials import Reader, secret_hash
from app.services.identity.models import BrowserSession, OAuthGrant

SEEN_EVERY = timedelta(minutes=5)
TOKEN_BYTES = 32


class SubjectKind(StrEnum):
    """Who a session, a grant or a token is about."""

    CITIZEN = "citizen"
    STAFF = "staff"


ABSOLUTE = {SubjectKind.STAFF: timedelta(hours=10), SubjectKind.CITIZEN: timedelta(hours=12)}
IDLE = {SubjectKind.STAFF: timedelta(minutes=30), SubjectKind.CITIZEN: timedelta(hours=2)}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that is good now. `seen_stale` asks the door to note the visit (`touch`)."""

    session_id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    amr: tuple[str, ...]
    signed_in_at: datetime
    seen_stale: bool


async def open_session(tx: Tx, kind: SubjectKind, subject_id: UUID, *, amr: Sequence[str]) -> str:
    """Sign a browser in; gives the token for its cookie. `amr` names the proofs given (RFC 8176)."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    tx.session.add(
        BrowserSession(
            id=new_id(),
            token_hash=secret_hash(token),
            subject_kind=kind,
            subject_id=subject_id,
            amr=list(amr),
            created_at=tx.now,
            seen_at=tx.now,
            expires_at=tx.now + ABSOLUTE[kind],
        )
    )
    await tx.session.flush()
    return token


async def find_session(source: Reader, token: str, now: datetime) -> SignedIn | None:
    """The session of a cookie; None once it was closed, is too old, or was left idle."""
    if not token or len(token) > 200:
        return None
    query = select(
        col(BrowserSession.id),
        col(BrowserSession.subject_kind),
        col(BrowserSession.subject_id),
        col(BrowserSession.amr),
        col(BrowserSession.created_at),
        col(BrowserSession.seen_at),
        col(BrowserSession.expires_at),
    ).where(col(BrowserSession.token_hash) == secret_hash(token), col(BrowserSession.revoked_at).is_(None))
    row = (await source.execute(query)).one_or_none()
    if row is None or now >= row.expires_at or now >= row.seen_at + IDLE[SubjectKind(row.subject_kind)]:
        return None
    stale = now >= row.seen_at + SEEN_EVERY
    return SignedIn(row.id, SubjectKind(row.subject_kind), row.subject_id, tuple(row.amr), row.created_at, stale)


async def touch(tx: Tx, session_id: UUID) -> None:
    """Note that the session is in use; called at most every five minutes."""
    await tx.session.execute(update(BrowserSession).where(col(BrowserSession.id) == session_id).values(seen_at=tx.now))


async def retire_session(tx: Tx, token: str) -> None:
    """End the session that a new sign-in of the same browser replaces; apps stay signed in. Unknown tokens change nothing."""
    this, open_ = col(BrowserSession.token_hash) == secret_hash(token), col(BrowserSession.revoked_at).is_(None)
    await tx.session.execute(update(BrowserSession).where(this, open_).values(revoked_at=tx.now))


async def close_session(tx: Tx, token: str) -> None:
    """Sign the browser out, and with it every app that signed in through it. Unknown tokens change nothing."""
    query = select(col(BrowserSession.id)).where(col(BrowserSession.token_hash) == secret_hash(token))
    session_id = (await tx.session.execute(query)).scalar_one_or_none()
    if session_id is not None:
        await _revoke(tx, col(BrowserSession.id) == session_id, col(OAuthGrant.session_id) == session_id, "signed out")


async def close_all_of(tx: Tx, kind: SubjectKind, subject_id: UUID, *, why: str) -> None:
    """End every session and grant of one person: account disabled, binding moved, contact recycled."""
    sessions = (col(BrowserSession.subject_kind) == kind) & (col(BrowserSession.subject_id) == subject_id)
    grants = (col(OAuthGrant.subject_kind) == kind) & (col(OAuthGrant.subject_id) == subject_id)
    await _revoke(tx, sessions, grants, why)


async def _revoke(tx: Tx, sessions: ColumnElement[bool], grants: ColumnElement[bool], why: str) -> None:
    open_ = col(BrowserSession.revoked_at).is_(None)
    await tx.session.execute(update(BrowserSession).where(sessions, open_).values(revoked_at=tx.now))
    await tx.session.execute(
        update(OAuthGrant)
        .where(grants, col(OAuthGrant.revoked_at).is_(None))
        .values(revoked_at=tx.now, revoked_why=why)
    )
