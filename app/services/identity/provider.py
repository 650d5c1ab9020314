"""Authlib's framework-neutral OAuth core on our tables: what a client, a code, a token and a person are to it.

Authlib's core is synchronous. It runs inside `AsyncSession.run_sync`, the greenlet bridge that SQLAlchemy itself uses, so
its look-ups and our one transaction are the same, and nothing of a grant is written twice. `oauth.py` has the endpoints.
"""

import logging
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_id
from app.services.identity import signing_keys
from app.services.identity.credentials import CredentialKind, secret_hash
from app.services.identity.models import Credential, OAuthCode, OAuthGrant, Person, RefreshToken, StaffMember
from app.services.identity.roles import CITIZEN_SCOPES, SCOPES, expand, scopes_of_staff
from app.services.identity.sessions import TOKEN_BYTES, SignedIn, SubjectKind
from app.services.identity.tokens import ACCESS_TTL, AccessFor, mint_access_token

CODE_TTL = timedelta(seconds=60)
REFRESH_TTL = {SubjectKind.CITIZEN: timedelta(days=30), SubjectKind.STAFF: timedelta(hours=10)}
ID_TOKEN_TTL = timedelta(minutes=10)
PKCE = "S256"
MAX_PARAMETER = 2_000

# At DEBUG Authlib writes whole tokens into the log.
logging.getLogger("authlib").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class OAuthCall:
    """An HTTP request to the provider, free of any framework. Pairs keep repeated parameters, which RFC 6749 forbids."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    form: Sequence[tuple[str, str]] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class OAuthAnswer:
    """What to answer: a JSON body, or a redirect to `location`."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def location(self) -> str | None:
        """Where the browser is sent, if it is."""
        return self.headers.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        self.headers["Location"] = value


class _App(ClientMixin):  # type: ignore[misc]  # authlib has no types
    """A registered app as Authlib sees a client: public, code and refresh only."""

    def __init__(self, row: Credential, provider: "Provider") -> None:
        self.row, self.provider = row, provider
        self.client_id = row.client_id
        self.id_token_signed_response_alg = signing_keys.ALGORITHM

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_default_redirect_uri(self) -> str | None:
        return self.row.redirect_uris[0] if len(self.row.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        asked = (scope or "openid").split()
        return " ".join(each for each in asked if each in self.row.scopes) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return any(redirect_uri_matches(registered, redirect_uri) for registered in self.row.redirect_uris)

    def check_client_secret(self, _client_secret: str) -> bool:
        return False

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass(frozen=True, slots=True)
class Subject:
    """The person a grant is about, with what they may have today."""

    id: UUID
    kind: SubjectKind
    roles: frozenset[str]
    unit: str | None
    scopes: frozenset[str]
    grant: OAuthGrant | None = None
    session: SignedIn | None = None

    def get_user_id(self) -> str:
        return str(self.id)


class _Code:
    """An authorization code with its grant, as Authlib and its extensions read it."""

    def __init__(self, row: OAuthCode, grant: OAuthGrant) -> None:
        self.row, self.grant = row, grant
        self.code_challenge, self.code_challenge_method = row.code_challenge, row.code_challenge_method

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return self.grant.scope

    def get_nonce(self) -> str | None:
        return self.row.nonce

    def get_auth_time(self) -> int:
        return int(self.grant.auth_time.timestamp())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return list(self.grant.amr)


class _Refresh:
    """A refresh token with its grant."""

    def __init__(self, row: RefreshToken, grant: OAuthGrant) -> None:
        self.row, self.grant = row, grant

    def check_client(self, client: _App) -> bool:
        return self.grant.client_id == client.client_id

    def get_scope(self) -> str:
        return self.row.scope


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._lists.items()}

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, call: OAuthCall, provider: "Provider") -> None:
        super().__init__(call.method, f"{provider.issuer}{call.path}", headers=dict(call.headers))
        self.provider = provider
        self._query, self._form = _Payload(call.query), _Payload(call.form)
        self.payload = self._form if call.method == "POST" else self._query

    @property
    def args(self) -> dict[str, str]:
        return self._query.data

    @property
    def form(self) -> dict[str, str]:
        return self._form.data


class _Issuer(IssuerParameter):  # type: ignore[misc]
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class _S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE that cannot be left out or downgraded: Authlib requires it at the token endpoint only, and would take `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = (PKCE,)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != PKCE:
            raise InvalidRequestError("PKCE with code_challenge_method S256 is required")
        super().validate_code_challenge(grant, redirect_uri)


class _OpenID(OpenIDCode):  # type: ignore[misc]
    """Id tokens by our clock and key; they name roles and unit of staff, and nothing personal."""

    def exists_nonce(self, _nonce: str, _request: Any) -> bool:
        # The nonce is for the app to compare. Refusing one seen before would only punish the browser's back button.
        return False

    def resolve_client_private_key(self, client: _App) -> ECKey:
        return client.provider.key

    def get_encode_header(self, client: _App) -> dict[str, str]:
        return {"alg": signing_keys.ALGORITHM, "kid": str(client.provider.key.kid), "typ": "JWT"}

    def get_client_claims(self, client: _App) -> dict[str, Any]:
        now = client.provider.tx.now
        return {
            "iss": client.provider.issuer,
            "aud": client.client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + ID_TOKEN_TTL).timestamp()),
        }

    def generate_user_info(self, user: Subject, scope: str) -> dict[str, Any]:
        claims: dict[str, Any] = {"sub": str(user.id)}
        if user.kind is SubjectKind.STAFF and "profile" in scope.split():
            claims |= {"roles": sorted(user.roles), "unit": user.unit}
        return claims


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        provider, subject = _of(request), request.user
        now = provider.tx.now
        grant = OAuthGrant(
            id=new_id(),
            client_id=request.client.client_id,
            subject_kind=subject.kind,
            subject_id=subject.id,
            session_id=subject.session.session_id if subject.session else None,
            scope=" ".join(each for each in request.scope.split() if each in subject.scopes),
            amr=list(subject.session.amr) if subject.session else [],
            auth_time=subject.session.signed_in_at if subject.session else now,
            created_at=now,
            expires_at=now + REFRESH_TTL[subject.kind],
        )
        provider.db.add(grant)
        provider.db.flush()
        data = request.payload.data
        provider.db.add(
            OAuthCode(
                code_hash=secret_hash(code),
                grant_id=grant.id,
                redirect_uri=request.payload.redirect_uri or "",
                nonce=data.get("nonce"),
                code_challenge=data["code_challenge"],
                code_challenge_method=data["code_challenge_method"],
                expires_at=now + CODE_TTL,
            )
        )
        provider.db.flush()

    def query_authorization_code(self, code: str, client: _App) -> _Code | None:
        provider = _of(self.request)
        query = select(OAuthCode).where(col(OAuthCode.code_hash) == secret_hash(code)).with_for_update()
        row = provider.db.execute(query).scalar_one_or_none()
        if row is None:
            return None
        grant = provider.db.get_one(OAuthGrant, row.grant_id)
        if grant.client_id != client.client_id:
            return None
        if row.used_at is not None:
            provider.revoke_grant(grant, "a code was used twice")  # RFC 6749 4.1.2: somebody else has it too
            return None
        alive = grant.revoked_at is None and provider.tx.now < row.expires_at
        return _Code(row, grant) if alive else None

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        authorization_code.row.used_at = _of(self.request).tx.now

    def authenticate_user(self, authorization_code: _Code) -> Subject | None:
        return _of(self.request).subject_of_grant(authorization_code.grant)


class _RotatingRefresh(RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> _Refresh | None:
        provider = _of(self.request)
        found = provider.find_refresh(refresh_token)
        if found is None or found.grant.client_id != self.request.client.client_id:
            return None
        if found.row.used_at is not None:
            provider.revoke_grant(found.grant, "a refresh token was used twice")  # RFC 9700 4.14.2
            return None
        alive = found.grant.revoked_at is None and provider.tx.now < min(found.row.expires_at, found.grant.expires_at)
        return found if alive else None

    def authenticate_user(self, refresh_token: _Refresh) -> Subject:
        subject = _of(self.request).subject_of_grant(refresh_token.grant)
        if subject is None:
            raise InvalidGrantError("The account is closed.")
        return subject

    def revoke_old_credential(self, refresh_token: _Refresh) -> None:
        refresh_token.row.used_at = _of(self.request).tx.now


class _Revocation(RevocationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = ("none",)
    # An access token lives ten minutes and is not looked up anywhere; saying so is RFC 7009 2.2.1.
    SUPPORTED_TOKEN_TYPES = ("refresh_token",)

    def query_token(self, token_string: str, _token_type_hint: str | None) -> _Refresh | None:
        found: _Refresh | None = self.server.find_refresh(token_string)
        return found

    def revoke_token(self, token: _Refresh, _request: Any) -> None:
        self.server.revoke_grant(token.grant, "revoked by the app")


class Provider(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for one request, on one transaction."""

    def __init__(self, tx: Tx, db: Session, key: ECKey) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.tx, self.db, self.key = tx, db, key
        self.issuer = tx.house.settings.public_url
        self.extension = _Issuer(self.issuer)
        self.extension(self)
        self.register_token_generator("default", self._tokens)
        self.register_grant(_CodeGrant, [_S256Only(required=True), _OpenID()])
        self.register_grant(_RotatingRefresh)
        self.register_endpoint(_Revocation)

    def query_client(self, client_id: str) -> _App | None:
        query = select(Credential).where(
            col(Credential.client_id) == client_id[:MAX_PARAMETER],
            col(Credential.kind) == CredentialKind.APP,
            col(Credential.disabled_at).is_(None),
        )
        row = self.db.execute(query).scalar_one_or_none()
        if row is None:
            return None
        return _App(row, self)

    def create_oauth2_request(self, request: OAuthCall | Request) -> Request:
        if isinstance(request, Request):
            return request
        return Request(request, self)

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> OAuthAnswer:
        return OAuthAnswer(status, dict(body) if isinstance(body, list) else body, dict(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def save_token(self, token: Mapping[str, Any], request: Request) -> None:
        """Keep the hash of the new refresh token; access tokens are signed and kept nowhere."""
        source = request.authorization_code or request.refresh_token
        self.db.add(
            RefreshToken(
                token_hash=secret_hash(token["refresh_token"]),
                grant_id=source.grant.id,
                scope=token["scope"],
                issued_at=self.tx.now,
                expires_at=source.grant.expires_at,
            )
        )

    def subject_of_session(self, session: SignedIn) -> Subject | None:
        return self._subject(session.subject_kind, session.subject_id, session=session)

    def subject_of_grant(self, grant: OAuthGrant) -> Subject | None:
        return self._subject(SubjectKind(grant.subject_kind), grant.subject_id, grant=grant)

    def find_refresh(self, token: str) -> _Refresh | None:
        query = select(RefreshToken).where(col(RefreshToken.token_hash) == secret_hash(token)).with_for_update()
        row = self.db.execute(query).scalar_one_or_none()
        if row is None:
            return None
        return _Refresh(row, self.db.get_one(OAuthGrant, row.grant_id))

    def revoke_grant(self, grant: OAuthGrant, why: str) -> None:
        if grant.revoked_at is None:
            grant.revoked_at, grant.revoked_why = self.tx.now, why
            self.db.flush()

    def _subject(self, kind: SubjectKind, id: UUID, **more: Any) -> Subject | None:
        if kind is SubjectKind.STAFF:
            member = self.db.get(StaffMember, id)
            if member is None or member.disabled_at is not None:
                return None
            roles = expand(member.roles)
            return Subject(id, kind, roles, member.unit, scopes_of_staff(roles), **more)
        if self.db.get(Person, id) is None:
            return None
        return Subject(id, kind, frozenset(), None, frozenset(CITIZEN_SCOPES), **more)

    def _tokens(
        self, *, client: _App, user: Subject, scope: str, include_refresh_token: bool, **_: object
    ) -> dict[str, Any]:
        granted = " ".join(each for each in scope.split() if each in user.scopes)
        grant = user.grant
        access = AccessFor(
            subject=str(user.id),
            kind=user.kind,
            client_id=client.client_id,
            scope=granted,
            roles=sorted(user.roles),
            unit=user.unit,
            auth_time=grant.auth_time if grant else None,
            amr=grant.amr if grant else (),
        )
        token: dict[str, Any] = {
            "token_type": "Bearer",
            "access_token": mint_access_token(
                self.key,
                access,
                issuer=self.issuer,
                audience=self.tx.house.settings.oidc_audience,
                now=self.tx.now,
            ),
            "expires_in": int(ACCESS_TTL.total_seconds()),
            "scope": granted,
        }
        if include_refresh_token:
            token["refresh_token"] = secrets.token_urlsafe(TOKEN_BYTES)
        return token


def _of(request: Request) -> Provider:
    """The provider that a grant works for; typed, where Authlib's attributes are not."""
    return request.provider


def redirect_uri_matches(registered: str, given: str) -> bool:
    """Exact comparison (RFC 9700 2.1), save that a native app on loopback may choose its port (RFC 8252 7.3)."""
    if registered == given:
        return True
    try:
        one, other = urlsplit(registered), urlsplit(given)
    except ValueError:  # no URL at all, such as `http://[`
        return False
    if one.scheme != "http" or one.hostname not in {"127.0.0.1", "::1"} or "@" in other.netloc:
        return False
    return (one.scheme, one.hostname, one.path, one.query) == (other.scheme, other.hostname, other.path, other.query)
