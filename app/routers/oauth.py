"""OAuth 2.1 and OpenID Connect for apps: discovery, keys, authorization, tokens, revocation. Sign-in pages are in `pages`.

With an external issuer (LOKET_OIDC_ISSUER) these doors are closed: apps go to that issuer.
"""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from app.core.actor import PUBLIC
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import INVALID_REQUEST, UNSUPPORTED_MEDIA
from app.routers.http.deps import TheAddress, TheHouse
from app.routers.http.guards import SESSION_COOKIE, public
from app.routers.pages.visit import TheVisit
from app.services.identity import oauth, sessions, signing_keys
from app.services.identity.oauth import SignInNeeded, pairs
from app.services.identity.problems import EMBEDDED_PROVIDER_OFF
from app.services.identity.provider import OAuthAnswer, OAuthCall

router = APIRouter(tags=["sign-in"], dependencies=[public()])
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FORM = "application/x-www-form-urlencoded"
KEYS_CACHED = "public, max-age=300"


def _described(*required: str, optional: tuple[str, ...] = (), place: str | None = None) -> dict[str, Any]:
    """What the OpenAPI document says of a door whose parameters Authlib reads: in the query, or in a form."""
    names = {name: name in required for name in (*required, *optional)}
    if place == "query":
        text = {"type": "string"}
        return {
            "parameters": [
                {"name": name, "in": "query", "required": must, "schema": text} for name, must in names.items()
            ]
        }
    schema = {"type": "object", "required": list(required), "properties": {name: {"type": "string"} for name in names}}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


_AUTHORIZE = _described(
    "response_type",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    optional=("redirect_uri", "scope", "state", "nonce", "prompt", "max_age"),
    place="query",
)
_TOKEN = _described(
    "grant_type", "client_id", optional=("code", "code_verifier", "redirect_uri", "refresh_token", "scope")
)
_REVOKE = _described("token", "client_id", optional=("token_type_hint",))
_REFUSED: dict[int | str, dict[str, Any]] = {400: {"description": "An OAuth error (RFC 6749 5.2)"}}


@router.get("/.well-known/openid-configuration")
@router.get("/.well-known/oauth-authorization-server", include_in_schema=False)
async def discovery(house: TheHouse) -> Response:
    """Where everything is (OpenID Connect Discovery 1.0, RFC 8414). With an external issuer: where its document is."""
    if house.settings.oidc_issuer:
        return RedirectResponse(f"{house.settings.oidc_issuer}/.well-known/openid-configuration", 307)
    headers = {"Cache-Control": KEYS_CACHED, "Access-Control-Allow-Origin": "*"}
    return JSONResponse(oauth.discovery(house.settings.public_url), headers=headers)


@router.get("/oauth/jwks")
async def published_keys(house: TheHouse) -> Response:
    """The keys that tokens are signed with (RFC 7517); retired ones stay until their tokens have died."""
    _embedded(house)
    async with house.db.read() as connection:
        jwks = await signing_keys.published(connection, house.clock.now())
    if not jwks:
        async with house.db.begin(PUBLIC) as tx:
            await signing_keys.current(tx)
            jwks = await signing_keys.published(tx.session, tx.now)
    return JSONResponse({"keys": jwks}, headers={"Cache-Control": KEYS_CACHED, "Access-Control-Allow-Origin": "*"})


@router.get("/oauth/authorize", openapi_extra=_AUTHORIZE, responses=_REFUSED)
async def authorize(request: Request, house: TheHouse, visit: TheVisit) -> Response:
    """Begin signing in to an app (authorization code, PKCE S256 only): answers with a redirect to the app or to the sign-in page.

    A wrong client or redirect URI is told to the person, never sent anywhere.
    """
    _embedded(house)
    call = OAuthCall("GET", request.url.path, query=_read(request.url.query))
    async with house.db.begin(PUBLIC) as tx:
        token = request.cookies.get(SESSION_COOKIE, "")
        session = await sessions.find_session(tx.session, token, tx.now)
        answer = await oauth.authorize(tx, call, session)
    if isinstance(answer, SignInNeeded):
        again = [(name, value) for name, value in call.query if name not in ("prompt", "max_age")]
        page = "/masuk/petugas" if answer.staff else "/masuk"
        location = f"{page}?{urlencode({'next': f'{request.url.path}?{urlencode(again)}'})}"
        return RedirectResponse(location, 303, headers=NO_STORE)
    if answer.location is None and "text/html" in request.headers.get("accept", ""):
        return visit.show("oauth/refused.html", status=answer.status, error=answer.body)
    return _response(answer)


@router.post("/oauth/token", openapi_extra=_TOKEN, responses=_REFUSED)
async def token(request: Request, house: TheHouse, address: TheAddress) -> Response:
    """A code or a refresh token for tokens. Refresh tokens work once; a second use ends the whole sign-in (RFC 9700)."""
    _embedded(house)
    await house[Limits].hit("token-address", address)
    call = await _form_call(request)
    async with house.db.begin(PUBLIC) as tx:
        answer = await oauth.exchange(tx, call)
    return _response(answer)


@router.post("/oauth/revoke", openapi_extra=_REVOKE, responses=_REFUSED)
async def revoke(request: Request, house: TheHouse, address: TheAddress) -> Response:
    """Give a refresh token back (RFC 7009); its whole family ends. Tokens that are not known answer the same."""
    _embedded(house)
    await house[Limits].hit("token-address", address)
    call = await _form_call(request)
    async with house.db.begin(PUBLIC) as tx:
        answer = await oauth.revoke(tx, call)
    return _response(answer)


def _embedded(house: House) -> None:
    if house.settings.oidc_issuer:
        raise EMBEDDED_PROVIDER_OFF(issuer=house.settings.oidc_issuer)


async def _form_call(request: Request) -> OAuthCall:
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise UNSUPPORTED_MEDIA(expected=FORM)
    body = (await request.body()).decode("utf-8", "replace")
    return OAuthCall("POST", request.url.path, form=_read(body), headers=request.headers)


def _read(encoded: str) -> list[tuple[str, str]]:
    try:
        return pairs(encoded)
    except ValueError as error:
        raise INVALID_REQUEST() from error


def _response(answer: OAuthAnswer) -> Response:
    headers = {**answer.headers, **NO_STORE}
    if answer.location is not None:
        return Response(status_code=answer.status, headers=headers)
    return JSONResponse(answer.body, answer.status, headers)
