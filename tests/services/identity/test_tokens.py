"""Access tokens: ours and an external issuer's, forged, aged, misdirected; key rotation; what is remembered."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.main import create_app
from app.services.identity.sessions import SubjectKind
from app.services.identity.tokens import BadAccessToken, TokenVerifier
from tests.conftest import open_house
from tests.loopback import Loopback, Reply
from tests.signing_in import citizen_session, token_for


async def verified(house: House, token: str) -> Any:
    return await house[TokenVerifier].verify(token, house.clock.now())


async def test_our_own_token_says_who_and_for_what(house: House) -> None:
    person, _ = await citizen_session(house)
    claims = await verified(house, await token_for(house, person, SubjectKind.CITIZEN, "openid me"))
    assert (claims.subject, claims.scopes, claims.kind) == (str(person), {"openid", "me"}, "citizen")


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"audience": "another"},
        {"ttl": timedelta(seconds=-61)},
    ],
)
async def test_wrong_issuer_audience_or_time_is_refused(house: House, changes: dict[str, Any]) -> None:
    token = await token_for(house, UUID(int=1), SubjectKind.CITIZEN, "me", **changes)
    with pytest.raises(BadAccessToken):
        await verified(house, token)


async def test_a_minute_of_clock_skew_is_forgiven_and_no_more(house: House, clock: FixedClock) -> None:
    now = clock.now()
    ahead = await token_for(house, UUID(int=1), SubjectKind.CITIZEN, "me", now=now + timedelta(seconds=59))
    await verified(house, ahead)
    far = await token_for(house, UUID(int=1), SubjectKind.CITIZEN, "me", now=now + timedelta(seconds=90))
    with pytest.raises(BadAccessToken):
        await verified(house, far)


async def test_a_remembered_token_still_ends(house: House, clock: FixedClock) -> None:
    token = await token_for(house, UUID(int=1), SubjectKind.CITIZEN, "me")
    await verified(house, token)
    clock.advance(timedelta(minutes=11))
    with pytest.raises(BadAccessToken, match="expired"):
        await verified(house, token)


def recoded(
    token: str, header: dict[str, Any], claims: dict[str, Any] | None = None, *, signature: str | None = None
) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    def read(text: str) -> dict[str, Any]:
        return dict(json.loads(base64.urlsafe_b64decode(text + "==")))

    head, body, old = token.split(".")
    return ".".join(
        [
            part({**read(head), **header}),
            part({**read(body), **(claims or {})}),
            signature if signature is not None else old,
        ]
    )


@pytest.mark.parametrize(
    ("header", "claims", "signature"),
    [
        ({"alg": "none"}, {}, ""),
        ({"alg": "None"}, {}, ""),
        ({}, {"sub": str(UUID(int=2))}, None),
        ({"kid": "unknown"}, {}, None),
        ({"kid": None}, {}, None),
        ({"alg": "RS256"}, {}, None),
        ({"typ": "JWT"}, {}, None),
        ({"crit": ["exp"]}, {}, None),
    ],
)
async def test_forgeries_are_refused(
    house: House, header: dict[str, Any], claims: dict[str, Any], signature: str | None
) -> None:
    token = await token_for(house, UUID(int=1), SubjectKind.CITIZEN, "me")
    with pytest.raises(BadAccessToken):
        await verified(house, recoded(token, header, claims, signature=signature))


async def test_the_public_key_is_no_secret_to_sign_with(house: House) -> None:
    token = await token_for(house, UUID(int=1), SubjectKind.CITIZEN, "me")
    jwks = await house[TokenVerifier].source.fetch(house.clock.now())
    public = ECKey.import_key(jwks[0]).as_pem(private=False)
    unsigned = recoded(token, {"alg": "HS256"}, signature="").rstrip(".")
    mac = hmac.new(public, unsigned.encode(), hashlib.sha256).digest()
    forged = f"{unsigned}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(BadAccessToken):
        await verified(house, forged)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 9000, "..", "é.é.é", "eyJhbGciOiJub25lIn0..", "\x00"])
async def test_noise_is_refused(house: House, token: str) -> None:
    with pytest.raises(BadAccessToken):
        await verified(house, token)


class Issuer:
    """An OpenID provider of somebody else, with discovery, rotating keys and a token endpoint."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
        self.published = [self.key]
        self.fetches = 0
        self.down = False
        self.url = ""
        self.says: str | None = None
        self.form: dict[str, str] = {}
        self.id_claims: dict[str, Any] = {}

    async def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if self.down:
            return Reply(503, {})
        if path == "/.well-known/openid-configuration":
            answer = {
                "issuer": self.says or self.url,
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint": f"{self.url}/token",
                "authorization_endpoint": f"{self.url}/authorize",
            }
            return Reply(200, answer)
        if path == "/keys":
            self.fetches += 1
            return Reply(200, {"keys": [key.as_dict(private=False) for key in self.published]})
        if path == "/token" and method == "POST":
            self.form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            return Reply(200, {"id_token": self.sign(self.id_claims, typ="JWT")})
        return Reply(404, {})

    def rotate(self) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
        self.published = [self.key, *self.published]

    def sign(self, claims: dict[str, Any], *, typ: str = "at+jwt") -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, "typ": typ}, claims, self.key, ["RS256"])

    def token(self, clock: FixedClock, **changes: Any) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": "loket",
            "sub": "u-1",
            "iat": now,
            "exp": now + 300,
            "azp": "app",
            "scope": "openid profile counter me",
            "roles": ["officer", "unknown-role"],
            "unit": "PMJ",
            **changes,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    async with Loopback(made) as server:
        made.url = server.url
        yield made


@pytest.fixture
async def abroad(engine_url: str, tmp_path: Path, clock: FixedClock, issuer: Issuer) -> AsyncIterator[House]:
    """A house whose people sign in at the external issuer."""
    async with open_house(engine_url, tmp_path, clock, oidc_issuer=issuer.url) as made:
        yield made


@pytest.fixture
async def web(abroad: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(abroad), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_an_external_officer_comes_in_by_role_and_unit_of_their_claims(
    web: httpx.AsyncClient, issuer: Issuer, clock: FixedClock
) -> None:
    assert (await web.get("/v1/counter/tasks", headers=bearer(issuer.token(clock)))).status_code == 200
    assert (await web.get("/v1/counter/tasks", headers=bearer(issuer.token(clock, unit="JABAR")))).status_code == 200
    for changes in ({"roles": None}, {"roles": ["unknown-role"]}, {"scope": "openid"}):
        answer = await web.get("/v1/counter/tasks", headers=bearer(issuer.token(clock, **changes)))
        assert answer.status_code == 403, changes
    for changes in ({"unit": None}, {"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}):
        answer = await web.get("/v1/counter/tasks", headers=bearer(issuer.token(clock, **changes)))
        assert answer.status_code == 401, changes


async def test_an_external_citizen_has_an_account(web: httpx.AsyncClient, issuer: Issuer, clock: FixedClock) -> None:
    token = issuer.token(clock, roles=None, unit=None)
    first = await web.get("/v1/me", headers=bearer(token))
    assert first.status_code == 200, first.text
    again = await web.get("/v1/me", headers=bearer(issuer.token(clock, roles=None, jti="2")))
    assert again.json()["id"] == first.json()["id"]


async def test_a_rotated_key_is_fetched_and_a_forger_does_not_make_us_ask_all_day(
    abroad: House, issuer: Issuer, clock: FixedClock
) -> None:
    await verified(abroad, issuer.token(clock))
    assert issuer.fetches == 1
    stranger = Issuer()
    stranger.url = issuer.url
    for _ in range(5):
        with pytest.raises(BadAccessToken):
            await verified(abroad, stranger.token(clock, jti=str(_)))
    assert issuer.fetches == 1
    clock.advance(timedelta(seconds=30))
    issuer.rotate()
    await verified(abroad, issuer.token(clock))
    assert issuer.fetches == 2


async def test_known_keys_outlive_the_issuer_and_unknown_ones_say_that_it_is_down(
    abroad: House, issuer: Issuer, clock: FixedClock
) -> None:
    await verified(abroad, issuer.token(clock))
    issuer.down = True
    clock.advance(timedelta(minutes=2))
    await verified(abroad, issuer.token(clock))
    issuer.rotate()
    with pytest.raises((BadAccessToken, Problem)):
        await verified(abroad, issuer.token(clock))


async def test_a_discovery_document_of_somebody_else_is_not_believed(
    abroad: House, issuer: Issuer, clock: FixedClock
) -> None:
    issuer.says = "https://evil.example"
    with pytest.raises(BadAccessToken):
        await verified(abroad, issuer.token(clock))


async def test_the_embedded_doors_are_closed_then(web: httpx.AsyncClient, issuer: Issuer) -> None:
    assert (await web.get("/.well-known/openid-configuration")).headers["location"].startswith(issuer.url)
    for method, path in (("GET", "/oauth/jwks"), ("GET", "/oauth/authorize"), ("POST", "/oauth/token")):
        answer = await web.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "identity-provider-elsewhere")


async def test_staff_sign_in_at_the_external_issuer(web: httpx.AsyncClient, issuer: Issuer, clock: FixedClock) -> None:
    away = await web.get("/masuk/petugas?next=/counter")
    location = urlsplit(away.headers["location"])
    asked = {name: values[0] for name, values in parse_qs(location.query).items()}
    assert (asked["code_challenge_method"], asked["response_type"], asked["client_id"]) == (
        "S256",
        "code",
        "loket-counter",
    )
    now = int(clock.now().timestamp())
    issuer.id_claims = {
        "iss": issuer.url,
        "aud": "loket-counter",
        "sub": "u-7",
        "iat": now,
        "exp": now + 300,
        "nonce": asked["nonce"],
        "roles": ["officer"],
        "unit": "PMJ",
    }
    assert (await web.get("/oauth/callback", params={"state": "other", "code": "c"})).status_code == 401
    back = await web.get("/oauth/callback", params={"state": asked["state"], "code": "c"})
    assert back.status_code == 200, back.text
    assert issuer.form["code_verifier"]
    assert (await web.get("/counter", headers={"Accept": "text/html"})).status_code == 200


@pytest.mark.parametrize(
    "changes", [{"nonce": "other"}, {"aud": "loket"}, {"roles": []}, {"unit": "NOWHERE"}, {"exp": 1}]
)
async def test_an_id_token_that_does_not_fit_signs_nobody_in(
    web: httpx.AsyncClient, issuer: Issuer, clock: FixedClock, changes: dict[str, Any]
) -> None:
    away = await web.get("/masuk/petugas")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(away.headers["location"]).query).items()}
    now = int(clock.now().timestamp())
    fitting = {"iss": issuer.url, "aud": "loket-counter", "sub": "u", "iat": now, "exp": now + 300, "unit": "PMJ"}
    issuer.id_claims = {**fitting, "nonce": asked["nonce"], "roles": ["officer"], **changes}
    answer = await web.get("/oauth/callback", params={"state": asked["state"], "code": "c"})
    assert answer.status_code in (401, 422)
    assert "loket_session" not in web.cookies
