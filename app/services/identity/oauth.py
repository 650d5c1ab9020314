"""The embedded OAuth 2.1 and OpenID Connect provider: Authlib's framework-neutral core on our tables.

Errors come back as answers, not as exceptions: what a refused request must change (a replayed code revokes its family)
is committed with it.

Only the authorization code flow with PKCE S256 for public clients is there (OAuth 2.1 draft, RFC 9700), refresh tokens
rotate at each use, and a second use revokes the whole family. Consent is implicit: apps are registered by an operator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import (
    OAuth2Error,
)
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint

from app.core.db import Tx
from app.services.identity import signing_keys
from app.services.identity.provider import MAX_PARAMETER, PKCE, OAuthAnswer, OAuthCall, Provider, Request, Subject
from app.services.identity.roles import CITIZEN_SCOPES, SCOPES
from app.services.identity.sessions import SignedIn, SubjectKind


@dataclass(frozen=True, slots=True)
class SignInNeeded:
    """The request is sound, and somebody must sign in first: `staff` when it asks for what only staff may have."""

    staff: bool


async def authorize(tx: Tx, call: OAuthCall, session: SignedIn | None) -> OAuthAnswer | SignInNeeded:
    """The authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2).

    Errors that may be shown to the app become a redirect; a wrong client or redirect URI never does.
    """
    key = await signing_keys.current(tx)
    return await tx.session.run_sync(lambda sync: _authorize(Provider(tx, sync, key), call, session))


async def exchange(tx: Tx, call: OAuthCall) -> OAuthAnswer:
    """The token endpoint (RFC 6749 3.2): a code, or a refresh token, for tokens."""
    key = await signing_keys.current(tx)
    answer = await tx.session.run_sync(
        lambda sync: _answered(Provider(tx, sync, key), call, lambda each, request: each.create_token_response(request))
    )
    await tx.session.flush()
    return answer


async def revoke(tx: Tx, call: OAuthCall) -> OAuthAnswer:
    """The revocation endpoint (RFC 7009): a refresh token ends its whole family. Unknown ones answer the same."""
    key = await signing_keys.current(tx)
    name = RevocationEndpoint.ENDPOINT_NAME
    return await tx.session.run_sync(
        lambda sync: _answered(
            Provider(tx, sync, key), call, lambda each, request: each.create_endpoint_response(name, request)
        )
    )


def discovery(issuer: str) -> dict[str, Any]:
    """The discovery document (OpenID Connect Discovery 1.0, RFC 8414)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": [PKCE],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signing_keys.ALGORITHM],
        "scopes_supported": list(SCOPES),
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "amr", "nonce", "roles", "unit"],
        "prompt_values_supported": ["none", "login"],
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["id", "en"],
    }


def _authorize(provider: "Provider", call: OAuthCall, session: SignedIn | None) -> OAuthAnswer | SignInNeeded:
    subject = None if session is None else provider.subject_of_session(session)
    state = None
    try:
        request = provider.create_oauth2_request(call)
        request.user, state = subject, request.payload.state
        grant = provider.get_authorization_grant(request)
        grant.validate_no_multiple_request_parameter(request)
        grant.validate_consent_request()
    except (OAuth2Error, ValueError) as found:
        error = _told(found)
        error.state = state
        refused: OAuthAnswer = provider.handle_error_response(None, error)
        if refused.location:
            provider.extension.add_issuer_parameter(provider, refused)
        return refused
    asked = request.payload.data
    staff = not set((request.scope or "").split()) <= set(CITIZEN_SCOPES)
    if subject is None or grant.prompt == "login" or _too_old(asked.get("max_age"), subject, provider.tx.now):
        return SignInNeeded(staff=staff)
    if staff and subject.kind is not SubjectKind.STAFF and asked.get("prompt") != "none":
        return SignInNeeded(staff=True)
    granted: OAuthAnswer = provider.create_authorization_response(request, grant_user=subject, grant=grant)
    return granted


def _answered(
    provider: "Provider", call: OAuthCall, answer: Callable[["Provider", "Request"], OAuthAnswer]
) -> OAuthAnswer:
    try:
        return answer(provider, provider.create_oauth2_request(call))
    except (OAuth2Error, ValueError) as found:
        refused: OAuthAnswer = provider.handle_error_response(None, _told(found))
        return refused


def _told(error: OAuth2Error | ValueError) -> OAuth2Error:
    """Authlib quotes what was sent in its description, and stumbles over characters that RFC 6749 forbids there."""
    return error if isinstance(error, OAuth2Error) else InvalidRequestError()


def _too_old(max_age: str | None, subject: "Subject", now: datetime) -> bool:
    """Whether the sign-in is older than the app will have it (`max_age` in seconds, OpenID Connect Core 3.1.2.1)."""
    if max_age is None or not (max_age.isascii() and max_age.isdigit()) or subject.session is None:
        return False
    return now > subject.session.signed_in_at + timedelta(seconds=int(max_age[:9]))


def pairs(encoded: str) -> list[tuple[str, str]]:
    """The pairs of a query or form; ValueError for more than fifty, or one longer than ours can be or with control characters."""
    read = parse_qsl(encoded, keep_blank_values=True, max_num_fields=50)
    if any(len(value) > MAX_PARAMETER or not value.isprintable() for _, value in read):
        raise ValueError("a parameter is too long, or no text")
    return read
