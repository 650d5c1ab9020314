"""Access tokens for testers, so that a script can act as a person. Refused in production."""

from app.core.db import Tx
from app.services.identity import signing_keys
from app.services.identity.roles import scopes_of_staff
from app.services.identity.sessions import SubjectKind
from app.services.identity.staff import Officer
from app.services.identity.tokens import AccessFor, mint_access_token

CLIENT = "loket-sandbox"


async def token_for_staff(tx: Tx, member: Officer) -> str:
    """An access token of this member of staff, as if they had signed in. Raises RuntimeError in production."""
    settings = tx.house.settings
    if settings.production:
        raise RuntimeError("sandbox tokens are refused in production")
    access = AccessFor(
        str(member.id),
        SubjectKind.STAFF,
        CLIENT,
        " ".join(sorted(scopes_of_staff(member.roles))),
        roles=sorted(member.roles),
        unit=member.unit,
        auth_time=tx.now,
        amr=("sandbox",),
    )
    key = await signing_keys.current(tx)
    return mint_access_token(key, access, issuer=settings.public_url, audience=settings.oidc_audience, now=tx.now)
