"""From a proof to an `Actor`: verified token claims and browser sessions become somebody with roles, unit and scopes."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import Actor, ActorKind
from app.core.db import Tx
from app.services.identity import people, staff
from app.services.identity.credentials import Reader
from app.services.identity.models import Person, StaffMember
from app.services.identity.roles import CITIZEN_SCOPES, KNOWN, expand, scopes_of_staff
from app.services.identity.sessions import SignedIn, SubjectKind
from app.services.identity.tokens import TokenClaims


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody an external issuer vouches for whom we have no row of yet, or one that is out of date."""

    subject: str
    roles: tuple[str, ...]
    unit: str | None


async def actor_of_claims(source: Reader, claims: TokenClaims, *, own_issuer: str) -> Actor | Stranger | None:
    """Who a verified token speaks for, with no more scopes than it carries; None once their account is gone or disabled.

    For an external issuer the claims `roles` and `unit` decide; `Stranger` asks the caller to `welcome` them.
    """
    if claims.issuer == own_issuer and claims.kind is not None:
        return await _own(source, claims)
    return await _external(source, claims)


async def welcome(tx: Tx, stranger: Stranger) -> None:
    """Make or refresh the row of somebody an external issuer vouches for. Raises STAFF_INVALID for an unknown unit."""
    if stranger.unit is None:
        await people.know_external(tx, stranger.subject)
    else:
        await staff.know_external(tx, stranger.subject, roles=stranger.roles, unit=stranger.unit)


async def actor_of_session(source: Reader, session: SignedIn) -> Actor | None:
    """Who a signed-in browser belongs to; None once disabled."""
    if session.subject_kind is SubjectKind.STAFF:
        return await staff.find_actor(source, session.subject_id)
    return await people.find_actor(source, session.subject_id)


async def _own(source: Reader, claims: TokenClaims) -> Actor | None:
    try:
        subject = UUID(claims.subject)
    except ValueError:
        return None
    if claims.kind == SubjectKind.STAFF:
        return _narrowed(await staff.find_actor(source, subject), claims)
    # A citizen's token is short-lived and opens their own things only: no look at the table on each request.
    return Actor(
        ActorKind.CITIZEN,
        str(subject),
        roles=frozenset({"citizen"}),
        scopes=claims.scopes & frozenset(CITIZEN_SCOPES),
    )


async def _external(source: Reader, claims: TokenClaims) -> Actor | Stranger | None:
    subject = f"{claims.issuer}|{claims.subject}"
    roles = tuple(sorted({role for role in claims.roles if role in KNOWN}))
    if not roles:
        query = select(col(Person.id)).where(col(Person.external_subject) == subject)
        person_id = (await source.execute(query)).scalar_one_or_none()
        known = None if person_id is None else await people.find_actor(source, person_id)
        return Stranger(subject, (), None) if known is None else _narrowed(known, claims)
    columns = (col(StaffMember.id), col(StaffMember.unit), col(StaffMember.roles), col(StaffMember.disabled_at))
    row = (await source.execute(select(*columns).where(col(StaffMember.external_subject) == subject))).one_or_none()
    if row is not None and row.disabled_at is not None:
        return None
    if row is None or row.unit != claims.unit or tuple(row.roles) != roles:
        return Stranger(subject, roles, claims.unit) if claims.unit else None
    held = expand(roles)
    actor = Actor(ActorKind.STAFF, str(row.id), roles=held, unit=row.unit, scopes=scopes_of_staff(held))
    return _narrowed(actor, claims)


def _narrowed(actor: Actor | None, claims: TokenClaims) -> Actor | None:
    return None if actor is None else replace(actor, scopes=actor.scopes & claims.scopes)
