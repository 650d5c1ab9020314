"""Signing staff in at an external OpenID issuer: authorization code with PKCE, state and nonce (OpenID Connect Core 3.1).

We are the relying party here, for the counter pages alone; apps go to the issuer themselves. What was begun is kept in a
sealed cookie of that one browser, so that no other can finish it.
"""

import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from app.core.crypto import CannotOpen, KeyRing
from app.core.house import House
from app.services.identity.problems import SIGN_IN_FAILED
from app.services.identity.tokens import BadAccessToken, IssuerKeys, TokenClaims, TokenVerifier

GOOD_FOR = timedelta(minutes=10)
SCOPE = "openid profile"
_AAD = b"identity.relying"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that was begun: what must come back, and where the person wanted to go."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    next: str
    until: float

    def sealed(self, keys: KeyRing) -> str:
        """For the browser's cookie."""
        return keys.seal("tokens", json.dumps(asdict(self)).encode(), _AAD)


def read_attempt(keys: KeyRing, cookie: str, now: datetime) -> Attempt | None:
    """What this browser began; None when it began nothing, or too long ago."""
    try:
        attempt = Attempt(**json.loads(keys.open("tokens", cookie, _AAD)))
    except (CannotOpen, ValueError, TypeError):
        return None
    return attempt if now.timestamp() < attempt.until else None


async def begin(house: House, issuer: IssuerKeys, *, redirect_uri: str, next: str) -> tuple[str, Attempt]:
    """Where to send the browser, and the attempt to keep in it. Raises UPSTREAM_UNAVAILABLE, SIGN_IN_FAILED."""
    metadata = await _metadata(issuer)
    until = (house.clock.now() + GOOD_FOR).timestamp()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    attempt = Attempt(state, nonce, verifier, next, until)
    query = {
        "response_type": "code",
        "client_id": house.settings.oidc_client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }
    return f"{metadata['authorization_endpoint']}?{urlencode(query)}", attempt


async def finish(
    house: House, issuer: IssuerKeys, attempt: Attempt, *, redirect_uri: str, state: str, code: str
) -> TokenClaims:
    """The claims of the id token that the code was good for. Raises SIGN_IN_FAILED for anything that does not fit."""
    if not hmac.compare_digest(attempt.state.encode(), state.encode("utf-8", "replace")):
        raise SIGN_IN_FAILED()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": house.settings.oidc_client_id,
        "code_verifier": attempt.verifier,
    }
    metadata = await _metadata(issuer)
    answer = await issuer.upstream.request("POST", metadata["token_endpoint"], data=form)
    verifier = TokenVerifier(house.settings.oidc_issuer, house.settings.oidc_client_id, issuer)
    try:
        body = answer.json() if answer.status_code == 200 else {}
        claims = await verifier.verify(str(body["id_token"]), house.clock.now())
    except (BadAccessToken, ValueError, KeyError, TypeError) as error:
        raise SIGN_IN_FAILED() from error
    if claims.nonce is None or not hmac.compare_digest(claims.nonce.encode(), attempt.nonce.encode()):
        raise SIGN_IN_FAILED()
    return claims


async def _metadata(issuer: IssuerKeys) -> dict[str, Any]:
    try:
        return await issuer.metadata()
    except BadAccessToken as error:
        raise SIGN_IN_FAILED() from error
