"""The OpenID provider as an app meets it: the whole flow, and every way to bend it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services.identity import credentials, sessions, signing_keys
from app.services.identity.models import OAuthGrant
from app.services.identity.provider import redirect_uri_matches
from app.services.identity.roles import CITIZEN_SCOPES, STAFF_SCOPES
from tests.signing_in import (
    VERIFIER,
    add_app,
    authorize_url,
    citizen_session,
    demo_staff,
    exchange,
    query_of,
    refresh,
    sign_in_staff,
)

Client = httpx.AsyncClient


@pytest.fixture
async def app_id(house: House) -> str:
    return await add_app(house)


@pytest.fixture
async def signed_in(house: House, client: Client) -> Client:
    _, cookie = await citizen_session(house)
    client.cookies.set("loket_session", cookie)
    return client


async def code_for(client: Client, app_id: str, /, **changes: str | None) -> str:
    answer = await client.get(authorize_url(app_id, **changes))
    assert answer.status_code == 302, answer.text
    return query_of(answer)["code"]


async def tokens_for(client: Client, app_id: str) -> dict[str, Any]:
    answer = await exchange(client, app_id, await code_for(client, app_id))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def grants(house: House) -> list[str | None]:
    async with house.db.read() as connection:
        return list((await connection.execute(select(col(OAuthGrant.revoked_why)))).scalars())


async def test_the_whole_flow(house: House, signed_in: Client, app_id: str) -> None:
    config = (await signed_in.get("/.well-known/openid-configuration")).json()
    assert config["issuer"] == house.settings.public_url
    assert config["code_challenge_methods_supported"] == ["S256"]
    answer = await signed_in.get(authorize_url(app_id))
    back = query_of(answer)
    assert answer.headers["location"].startswith("https://app.example/cb?")
    assert (back["state"], back["iss"]) == ("st/ate", config["issuer"])
    token = await exchange(signed_in, app_id, back["code"])
    assert token.headers["cache-control"] == "no-store"
    body = token.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "openid profile me")
    keys = KeySet.import_key_set((await signed_in.get("/oauth/jwks")).json())
    id_token = jwt.decode(body["id_token"], keys, algorithms=["ES256"])
    assert (id_token.claims["aud"], id_token.claims["nonce"]) == (app_id, "n-once")
    assert "roles" not in id_token.claims
    access = jwt.decode(body["access_token"], keys, algorithms=["ES256"])
    assert access.header["typ"] == "at+jwt"
    signed_in.cookies.clear()
    me = await signed_in.get("/v1/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.status_code == 200
    assert me.json()["id"] == access.claims["sub"]


async def test_who_is_not_signed_in_is_asked_and_comes_back(client: Client, app_id: str) -> None:
    answer = await client.get(authorize_url(app_id, prompt="login"))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/masuk?next=%2Foauth%2Fauthorize")
    assert "prompt" not in answer.headers["location"]
    answer = await client.get(authorize_url(app_id, prompt="none"))
    assert query_of(answer)["error"] == "login_required"


async def test_prompt_login_and_max_age_ask_again(signed_in: Client, app_id: str, clock: FixedClock) -> None:
    assert (await signed_in.get(authorize_url(app_id, prompt="login"))).status_code == 303
    clock.advance(timedelta(minutes=5))
    assert (await signed_in.get(authorize_url(app_id, max_age="60"))).status_code == 303
    assert (await signed_in.get(authorize_url(app_id, max_age="600"))).status_code == 302


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"scope": "counter"}, "invalid_scope"),
    ],
)
async def test_faults_that_the_app_may_know_go_back_to_it(
    signed_in: Client, app_id: str, changes: dict[str, str | None], error: str
) -> None:
    answer = await signed_in.get(authorize_url(app_id, **changes))
    assert answer.status_code == 302
    back = query_of(answer)
    assert (back["error"], back["state"]) == (error, "st/ate")
    assert "code" not in back
    assert answer.headers["location"].startswith("https://app.example/cb?")


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": "https://app.example/cb/../x"},
        {"redirect_uri": "https://app.example/cb?x=1"},
        {"redirect_uri": "https://app.example.evil.example/cb"},
        {"client_id": "app-nobody"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/cb", "response_type": "token"},
    ],
)
async def test_a_wrong_app_or_address_is_never_redirected_to(
    signed_in: Client, app_id: str, changes: dict[str, str | None]
) -> None:
    answer = await signed_in.get(authorize_url(app_id, **changes))
    assert answer.status_code in (400, 401)
    assert "location" not in answer.headers
    page = await signed_in.get(authorize_url(app_id, **changes), headers={"Accept": "text/html"})
    assert page.status_code in (400, 401)
    assert "govuk-heading-l" in page.text


async def test_a_repeated_parameter_is_refused(signed_in: Client, app_id: str) -> None:
    answer = await signed_in.get(authorize_url(app_id) + "&scope=openid")
    assert query_of(answer)["error"] == "invalid_request" if "location" in answer.headers else answer.status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "https://app.example/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"client_id": "app-nobody"}, "invalid_client"),
        ({"client_secret": "x"}, "invalid_client"),
    ],
)
async def test_a_code_is_good_only_with_all_that_it_was_asked_with(
    signed_in: Client, app_id: str, changes: dict[str, str | None], error: str
) -> None:
    code = await code_for(signed_in, app_id)
    answer = await exchange(signed_in, app_id, code, **changes)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error


async def test_another_app_cannot_use_the_code(house: House, signed_in: Client, app_id: str) -> None:
    other = await add_app(house)
    code = await code_for(signed_in, app_id)
    assert (await exchange(signed_in, other, code)).json()["error"] == "invalid_grant"
    assert (await exchange(signed_in, app_id, code)).status_code == 200


async def test_a_code_lives_a_minute(signed_in: Client, app_id: str, clock: FixedClock) -> None:
    code = await code_for(signed_in, app_id)
    clock.advance(timedelta(seconds=60))
    assert (await exchange(signed_in, app_id, code)).json()["error"] == "invalid_grant"


async def test_a_code_that_is_used_twice_ends_what_it_gave(house: House, signed_in: Client, app_id: str) -> None:
    code = await code_for(signed_in, app_id)
    first = (await exchange(signed_in, app_id, code)).json()
    assert (await exchange(signed_in, app_id, code)).json()["error"] == "invalid_grant"
    assert await grants(house) == ["a code was used twice"]
    assert (await refresh(signed_in, app_id, first["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_code_that_is_used_twice_at_once_is_given_once(signed_in: Client, app_id: str) -> None:
    code = await code_for(signed_in, app_id)
    answers = await asyncio.gather(*(exchange(signed_in, app_id, code) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400]


async def test_refresh_tokens_rotate_and_a_second_use_ends_the_family(
    house: House, signed_in: Client, app_id: str
) -> None:
    first = await tokens_for(signed_in, app_id)
    second = (await refresh(signed_in, app_id, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    third = (await refresh(signed_in, app_id, second["refresh_token"])).json()
    stolen = await refresh(signed_in, app_id, first["refresh_token"])
    assert stolen.json()["error"] == "invalid_grant"
    assert await grants(house) == ["a refresh token was used twice"]
    assert (await refresh(signed_in, app_id, third["refresh_token"])).json()["error"] == "invalid_grant"


async def test_one_refresh_token_used_at_once_gives_one_answer(signed_in: Client, app_id: str) -> None:
    token = (await tokens_for(signed_in, app_id))["refresh_token"]
    answers = await asyncio.gather(*(refresh(signed_in, app_id, token) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [200, 400, 400]


async def test_a_refresh_cannot_widen_its_scope(signed_in: Client, app_id: str) -> None:
    token = (await tokens_for(signed_in, app_id))["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": app_id, "refresh_token": token, "scope": "openid tickets"}
    assert (await signed_in.post("/oauth/token", data=form)).json()["error"] == "invalid_scope"
    form["scope"] = "openid"
    assert (await signed_in.post("/oauth/token", data=form)).json()["scope"] == "openid"


async def test_another_app_cannot_refresh(house: House, signed_in: Client, app_id: str) -> None:
    token = (await tokens_for(signed_in, app_id))["refresh_token"]
    other = await add_app(house)
    assert (await refresh(signed_in, other, token)).json()["error"] == "invalid_grant"
    assert (await refresh(signed_in, app_id, token)).status_code == 200


async def test_refresh_tokens_end_by_themselves(signed_in: Client, app_id: str, clock: FixedClock) -> None:
    token = (await tokens_for(signed_in, app_id))["refresh_token"]
    clock.advance(timedelta(days=30))
    assert (await refresh(signed_in, app_id, token)).json()["error"] == "invalid_grant"


async def test_revoking_ends_the_family_and_tells_nothing(house: House, signed_in: Client, app_id: str) -> None:
    tokens = await tokens_for(signed_in, app_id)
    other = await add_app(house)
    revoke = {"client_id": app_id, "token": tokens["refresh_token"]}
    assert (await signed_in.post("/oauth/revoke", data={**revoke, "client_id": other})).status_code == 400
    assert (await signed_in.post("/oauth/revoke", data={**revoke, "token": "unknown"})).status_code == 200
    assert await grants(house) == [None]
    assert (await signed_in.post("/oauth/revoke", data=revoke)).status_code == 200
    assert await grants(house) == ["revoked by the app"]
    assert (await refresh(signed_in, app_id, tokens["refresh_token"])).status_code == 400


async def test_signing_out_ends_the_apps_too(house: House, signed_in: Client, app_id: str) -> None:
    tokens = await tokens_for(signed_in, app_id)
    async with house.db.begin(SYSTEM) as tx:
        await sessions.close_session(tx, signed_in.cookies["loket_session"])
    assert (await refresh(signed_in, app_id, tokens["refresh_token"])).status_code == 400
    assert (await signed_in.get(authorize_url(app_id))).status_code == 303


async def test_a_disabled_app_gets_nothing(house: House, signed_in: Client, app_id: str) -> None:
    tokens = await tokens_for(signed_in, app_id)
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, app_id)
    assert (await refresh(signed_in, app_id, tokens["refresh_token"])).json()["error"] == "invalid_client"
    assert (await signed_in.get(authorize_url(app_id))).status_code == 400


async def test_staff_tokens_carry_role_and_unit_and_open_staff_doors(house: House, client: Client) -> None:
    await demo_staff(house)
    app = await add_app(house, scopes=(*CITIZEN_SCOPES, *STAFF_SCOPES))
    asked = await client.get(authorize_url(app, scope="openid profile counter"))
    assert asked.headers["location"].startswith("/masuk/petugas?")
    await sign_in_staff(client, house, "pimpinan@example.test")
    code = await code_for(client, app, scope="openid profile counter")
    body = (await exchange(client, app, code)).json()
    keys = KeySet.import_key_set((await client.get("/oauth/jwks")).json())
    claims = jwt.decode(body["id_token"], keys, algorithms=["ES256"]).claims
    assert claims["roles"] == ["senior_officer", "supervisor"]
    assert claims["unit"] == "PMJ"
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert body["scope"] == "openid profile counter"


async def test_a_citizen_who_asks_for_the_counter_is_sent_to_staff_sign_in(house: House, signed_in: Client) -> None:
    app = await add_app(house, scopes=(*CITIZEN_SCOPES, *STAFF_SCOPES))
    answer = await signed_in.get(authorize_url(app, scope="openid counter"))
    assert answer.headers["location"].startswith("/masuk/petugas?")
    body = (
        await exchange(signed_in, app, await code_for(signed_in, app, scope="openid counter", prompt="none"))
    ).json()
    assert body["scope"] == "openid"


async def test_keys_rotate_without_refusing_anybody(
    house: House, signed_in: Client, app_id: str, clock: FixedClock
) -> None:
    old = await tokens_for(signed_in, app_id)
    async with house.db.begin(SYSTEM) as tx:
        await signing_keys.rotate(tx)
    new = await tokens_for(signed_in, app_id)
    assert len((await signed_in.get("/oauth/jwks")).json()["keys"]) == 2
    for tokens in (old, new):
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await signed_in.get("/v1/me", headers=header)).status_code == 200
    clock.advance(timedelta(hours=1))
    assert len((await signed_in.get("/oauth/jwks")).json()["keys"]) == 1


async def test_no_private_key_is_published_or_kept_plain(house: House, client: Client) -> None:
    keys = (await client.get("/oauth/jwks")).json()["keys"]
    assert len(keys) == 1
    assert "d" not in keys[0]
    assert (keys[0]["kty"], keys[0]["crv"], keys[0]["alg"]) == ("EC", "P-256", "ES256")


@pytest.mark.parametrize("body", [b"", b"&" * 300, b"grant_type=" + b"x" * 5000, b"\xff\xfe=\x00", b"a=1;b=2"])
async def test_noise_is_a_4xx(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/oauth/token", "/oauth/revoke"):
        assert 400 <= (await client.post(path, content=body, headers=headers)).status_code < 500
    assert (await client.post("/oauth/token", json={"grant_type": "authorization_code"})).status_code == 415
    assert (await client.get("/oauth/authorize?client_id=%00&redirect_uri=%ff")).status_code < 500


@pytest.mark.parametrize(
    ("registered", "given", "same"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", True),
        ("http://127.0.0.1:8765/cb", "http://127.0.0.1:1/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51234/other", False),
        ("http://127.0.0.1/cb", "http://evil.example@127.0.0.1/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.2/cb", False),
        ("http://localhost/cb", "http://localhost:9/cb", False),
        ("https://app.example/cb", "https://app.example:444/cb", False),
        ("test.app:/cb", "test.app:/cb", True),
    ],
)
def test_redirect_uris_are_compared_exactly_save_for_a_loopback_port(registered: str, given: str, same: bool) -> None:
    assert redirect_uri_matches(registered, given) is same


def test_the_verifier_of_these_tests_is_well_formed() -> None:
    assert len(VERIFIER) == 43
