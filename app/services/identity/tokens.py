"""Access tokens: how ours are made, and how ours and an external issuer's are verified. RFC 9068 (at+jwt), RFC 8725.

One verifier serves both: it knows an issuer, an audience and a source of public keys. Verified tokens are remembered by
hash until they expire, so that a busy caller costs one signature check per token, not per request.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from joserfc.jws import extract_compact
from joserfc.jwt import JWTClaimsRegistry

from app.core.config import Settings
from app.core.db import Database
from app.core.upstream import Upstream
from app.services.identity.sessions import SubjectKind
from app.services.identity.signing_keys import ALGORITHM, key_set, published

ACCESS_TTL = timedelta(minutes=10)
LEEWAY_S = 60
ISSUER_TIMEOUT_S = 5.0
MAX_TOKEN = 8_192
REMEMBERED = 10_000
KEYS_TTL = timedelta(minutes=10)
TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
# Asymmetric only: with HS256 among them, a public key could be used as a secret (RFC 8725 2.1); "none" is never known.
ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]


class BadAccessToken(Exception):
    """A token that is not good here; the text is for logs, never for the caller."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a verified token says: who, through which app, for what, until when."""

    issuer: str
    subject: str
    client_id: str
    scopes: frozenset[str]
    roles: tuple[str, ...]
    unit: str | None
    kind: str | None
    good_until: datetime
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class AccessFor:
    """For whom an access token is made."""

    subject: str
    kind: SubjectKind
    client_id: str
    scope: str
    roles: Sequence[str] = ()
    unit: str | None = None
    auth_time: datetime | None = None
    amr: Sequence[str] = field(default=())


def mint_access_token(
    key: ECKey, access: AccessFor, *, issuer: str, audience: str, now: datetime, ttl: timedelta = ACCESS_TTL
) -> str:
    """A signed at+jwt (RFC 9068 2.2) for this subject."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": access.subject,
        "client_id": access.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + ttl).timestamp()),
        "jti": secrets.token_urlsafe(16),
        "scope": access.scope,
        "kind": access.kind,
    }
    if access.kind is SubjectKind.STAFF:
        claims |= {"roles": sorted(access.roles), "unit": access.unit}
    if access.auth_time is not None:
        claims |= {"auth_time": int(access.auth_time.timestamp()), "amr": list(access.amr)}
    return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims, key)


class KeySource(Protocol):
    """Where an issuer's public keys come from. `cool_down` is how long it is left alone after being asked."""

    cool_down: timedelta

    async def fetch(self, now: datetime) -> list[dict[str, Any]]:
        """The issuer's JWKs as they are now."""
        ...


class OwnKeys:
    """The embedded provider's keys, from our own table: one short query, so a rotation is noticed at once."""

    cool_down = timedelta(0)

    def __init__(self, db: Database) -> None:
        self._db = db

    async def fetch(self, now: datetime) -> list[dict[str, Any]]:
        async with self._db.read() as connection:
            return await published(connection, now)


class IssuerKeys:
    """An external issuer's keys: OpenID discovery, then its JWK set, both through an `Upstream`."""

    cool_down = timedelta(seconds=30)

    def __init__(self, issuer: str, upstream: Upstream) -> None:
        self.issuer, self.upstream = issuer, upstream

    async def fetch(self, now: datetime) -> list[dict[str, Any]]:
        metadata = await self.metadata()
        answer = await self.upstream.request("GET", metadata["jwks_uri"])
        keys = answer.json().get("keys", []) if answer.status_code == 200 else []
        return [key for key in keys if key.get("kty") in {"EC", "RSA", "OKP"} and key.get("use", "sig") == "sig"]

    async def metadata(self) -> dict[str, Any]:
        """The discovery document; `BadAccessToken` when it speaks for another issuer (OpenID Discovery 4.3)."""
        answer = await self.upstream.request("GET", f"{self.issuer}/.well-known/openid-configuration")
        metadata: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        if metadata.get("issuer") != self.issuer:
            raise BadAccessToken("the discovery document names another issuer")
        return metadata

    async def aclose(self) -> None:
        """Close the connections."""
        await self.upstream.aclose()


class TokenVerifier:
    """Verifies bearer tokens of one issuer for one audience."""

    def __init__(self, issuer: str, audience: str, source: KeySource) -> None:
        self.issuer, self.audience, self.source = issuer, audience, source
        self._keys: KeySet | None = None
        self._kids: frozenset[str] = frozenset()
        self._fetched_at: datetime | None = None
        self._remembered: dict[bytes, TokenClaims] = {}

    async def verify(self, token: str, now: datetime) -> TokenClaims:
        """The claims of a token that is signed by the issuer, for us, and in its time; else `BadAccessToken`.

        A key id that is not known has the keys fetched again, once the source has cooled down: so a rotation at the issuer
        is followed, and a forger cannot make us ask it all day. Raises UPSTREAM_UNAVAILABLE while keys cannot be had at all.
        """
        if len(token) > MAX_TOKEN:
            raise BadAccessToken("too long")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._remembered.get(digest)
        if known is not None:
            if now < known.good_until:
                return known
            del self._remembered[digest]
            raise BadAccessToken("expired")
        claims = self._checked(token, await self._keys_for(token, now), now)
        self._remember(digest, claims)
        return claims

    async def aclose(self) -> None:
        """Let go of the key source's connections."""
        close = getattr(self.source, "aclose", None)
        if close is not None:
            await close()

    async def _keys_for(self, token: str, now: datetime) -> KeySet:
        kid = _key_id(token)
        stale = self._fetched_at is None or now >= self._fetched_at + KEYS_TTL
        rested = self._fetched_at is None or now >= self._fetched_at + self.source.cool_down
        if self._keys is None or stale or (kid not in self._kids and rested):
            jwks = await self.source.fetch(now)
            self._keys, self._fetched_at = key_set(jwks), now
            self._kids = frozenset(str(key.get("kid")) for key in jwks)
        if kid not in self._kids:
            raise BadAccessToken("signed with an unknown key")
        return self._keys

    def _checked(self, token: str, keys: KeySet, now: datetime) -> TokenClaims:
        registry = JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
            registry.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise BadAccessToken(type(error).__name__) from error
        # An id token is addressed to an app, but an issuer may be set up carelessly: the type must say what it is,
        # save at issuers that know no types and say plain JWT.
        type_ = str(decoded.header.get("typ", "JWT")).lower()
        if type_ not in TOKEN_TYPES and (type_ != "jwt" or isinstance(self.source, OwnKeys)):
            raise BadAccessToken(f"a token of type {type_[:20]}")
        return _claims(decoded.claims)

    def _remember(self, digest: bytes, claims: TokenClaims) -> None:
        if len(self._remembered) >= REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[digest] = claims


def build_verifier(settings: Settings, db: Database) -> TokenVerifier:
    """The verifier that the settings ask for: our own provider, or the issuer in LOKET_OIDC_ISSUER."""
    if not settings.oidc_issuer:
        return TokenVerifier(settings.public_url, settings.oidc_audience, OwnKeys(db))
    upstream = Upstream("OpenID issuer", settings.oidc_issuer, timeout_s=ISSUER_TIMEOUT_S)
    return TokenVerifier(settings.oidc_issuer, settings.oidc_audience, IssuerKeys(settings.oidc_issuer, upstream))


def _key_id(token: str) -> str:
    try:
        return str(extract_compact(token.encode("ascii")).headers()["kid"])
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise BadAccessToken("no readable header") from error


def _claims(raw: Mapping[str, Any]) -> TokenClaims:
    roles, unit, kind = raw.get("roles", []), raw.get("unit"), raw.get("kind")
    return TokenClaims(
        issuer=str(raw["iss"]),
        subject=str(raw["sub"]),
        client_id=str(raw.get("client_id") or raw.get("azp") or ""),
        scopes=frozenset(str(raw.get("scope", "")).split()),
        roles=tuple(str(role) for role in roles) if isinstance(roles, list) else (),
        unit=unit if isinstance(unit, str) else None,
        kind=kind if isinstance(kind, str) else None,
        good_until=datetime.fromtimestamp(int(raw["exp"]) + LEEWAY_S, UTC),
        nonce=raw.get("nonce") if isinstance(raw.get("nonce"), str) else None,
    )
