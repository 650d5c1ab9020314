"""Access tokens for testers, so that a script can act as a person. Refused in production."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from app.core.db import Tx
from app.services.identity import people, signing_keys, staff, totp
from app.services.identity.demo import DEMO_TOTP_SECRET
from app.services.identity.passwords import hash_password
from app.services.identity.roles import CITIZEN_SCOPES, Role, scopes_of_staff
from app.services.identity.sessions import SubjectKind
from app.services.identity.staff import Officer
from app.services.identity.tokens import AccessFor, mint_access_token

CLIENT = "loket-sandbox"


async def token_for_role(tx: Tx, role: Role, *, unit: str, prefer: str | None = None) -> str:
    """An access token of somebody with this role in this unit; a made-up member of staff is added where there is none.
    `prefer` is the id of the one to act as, if it is among them.

    Raises RuntimeError in production, STAFF_INVALID for an unknown unit.
    """
    _refuse_in_production(tx)
    members = await staff.list_officers(tx.session, unit=unit, role=role)
    if not members:
        # Nobody knows this password: the made-up person exists for tokens alone.
        password_hash = await hash_password(secrets.token_urlsafe(24))
        email = f"{role}.{unit.lower()}@example.test".replace("_", "-")
        await staff.plant(
            tx, email, roles=[role], unit=unit, password_hash=password_hash, totp_secret=totp.new_secret()
        )
        members = await staff.list_officers(tx.session, unit=unit, role=role)
    wanted = [each for each in members if str(each.id) == prefer]
    return await token_for_staff(tx, (wanted or members)[0])


async def token_for_citizen(tx: Tx, *, nik: str, name: str, phone: str) -> str:
    """An access token of a citizen whose account is bound to this NIK, made where there is none. Raises RuntimeError in
    production."""
    _refuse_in_production(tx)
    person_id = await people.plant(tx, nik=nik, name=name, phone=phone)
    return await _mint(tx, person_id, SubjectKind.CITIZEN, CITIZEN_SCOPES)


def demo_code(tx: Tx) -> str:
    """The demo staff's second factor of this moment. Raises RuntimeError in production."""
    _refuse_in_production(tx)
    return totp.code_of(DEMO_TOTP_SECRET, totp.step_at(tx.now))


async def token_for_staff(tx: Tx, member: Officer) -> str:
    """An access token of this member of staff, as if they had signed in. Raises RuntimeError in production."""
    _refuse_in_production(tx)
    scopes = sorted(scopes_of_staff(member.roles))
    return await _mint(tx, member.id, SubjectKind.STAFF, scopes, roles=sorted(member.roles), unit=member.unit)


async def _mint(
    tx: Tx,
    subject: UUID,
    kind: SubjectKind,
    scopes: Sequence[str],
    *,
    roles: Sequence[str] = (),
    unit: str | None = None,
) -> str:
    settings, key = tx.house.settings, await signing_keys.current(tx)
    access = AccessFor(
        str(subject), kind, CLIENT, " ".join(scopes), roles=roles, unit=unit, auth_time=tx.now, amr=("sandbox",)
    )
    return mint_access_token(key, access, issuer=settings.public_url, audience=settings.oidc_audience, now=tx.now)


def _refuse_in_production(tx: Tx) -> None:
    if tx.house.settings.production:
        raise RuntimeError("sandbox tokens are refused in production")
