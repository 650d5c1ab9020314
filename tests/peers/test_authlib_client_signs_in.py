"""A third party signs in: Authlib's own OAuth client goes through discovery, PKCE, code, id token, refresh and revocation."""

import warnings

import httpx
from authlib.common.security import generate_token
from joserfc import jwt
from joserfc.jwk import KeySet

from app.main import create_app
from tests.signing_in import REDIRECT, add_app, citizen_session

with warnings.catch_warnings():  # it would rather have httpx2, which is not ours to choose
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import AsyncOAuth2Client


async def test_authlib_s_client_gets_refreshes_and_revokes_tokens(house):
    app_id = await add_app(house)
    _, cookie = await citizen_session(house)
    base = house.settings.public_url
    transport = httpx.ASGITransport(app=create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url=base) as browser:
        config = (await browser.get("/.well-known/openid-configuration")).json()
        async with AsyncOAuth2Client(
            client_id=app_id,
            redirect_uri=REDIRECT,
            scope="openid profile me",
            token_endpoint_auth_method="none",
            revocation_endpoint_auth_method="none",
            code_challenge_method="S256",
            transport=transport,
            base_url=base,
        ) as client:
            verifier, nonce = generate_token(48), generate_token(16)
            url, state = client.create_authorization_url(
                config["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
            browser.cookies.set("loket_session", cookie)
            back = (await browser.get(url)).headers["location"]
            token = await client.fetch_token(
                config["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
            )
            keys = KeySet.import_key_set((await browser.get(config["jwks_uri"])).json())
            claims = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
            assert (claims["nonce"], claims["aud"], claims["iss"]) == (nonce, app_id, base)
            assert (await client.get(f"{base}/v1/me")).status_code == 200
            newer = await client.refresh_token(config["token_endpoint"], refresh_token=token["refresh_token"])
            assert newer["refresh_token"] != token["refresh_token"]
            await client.revoke_token(config["revocation_endpoint"], token=newer["refresh_token"])
            answer = await browser.post(
                config["token_endpoint"],
                data={
                    "grant_type": "refresh_token",
                    "client_id": app_id,
                    "refresh_token": newer["refresh_token"],
                },
            )
            assert answer.json()["error"] == "invalid_grant"
