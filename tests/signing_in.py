"""Signing in as a browser and as an app would, over HTTP; for tests of doors that want somebody."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import httpx

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import identity
from app.services.identity import credentials, people, sessions, signing_keys, totp
from app.services.identity.demo import DEMO_PASSWORD, DEMO_TOTP_SECRET
from app.services.identity.roles import CITIZEN_SCOPES
from app.services.identity.sessions import SubjectKind
from app.services.identity.tokens import AccessFor, mint_access_token
from app.services.notifications import list_outbox
from tests.drain import drain
from tests.planting import planted

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "https://app.example/cb"


async def add_app(house: House, *, scopes: tuple[str, ...] = CITIZEN_SCOPES, redirect: str = REDIRECT) -> str:
    """Register an app; gives its client id."""
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_app(
            tx, "App", redirect_uris=[redirect], origins=["https://app.example"], scopes=scopes
        )
    return made.client_id


async def demo_staff(house: House) -> None:
    """The made-up staff."""
    await planted(house, identity.seed_demo)


async def citizen_session(
    house: House, *, nik: str = "3174011211879901", phone: str = "+6281200000001"
) -> tuple[UUID, str]:
    """A citizen with a session; gives account id and cookie."""
    async with house.db.begin(SYSTEM) as tx:
        person_id = await people.plant(tx, nik=nik, name="Budi Contoh", phone=phone)
        return person_id, await sessions.open_session(tx, SubjectKind.CITIZEN, person_id, amr=("otp",))


async def token_for(house: House, subject: UUID, kind: SubjectKind, scope: str, **changes: Any) -> str:
    """An access token of the embedded provider."""
    async with house.db.begin(SYSTEM) as tx:
        key = await signing_keys.current(tx)
    values: dict[str, Any] = {
        "issuer": house.settings.public_url,
        "audience": house.settings.oidc_audience,
        "now": house.clock.now(),
        **changes,
    }
    return mint_access_token(key, AccessFor(str(subject), kind, "test", scope), **values)


def authorize_url(app: str, /, **changes: str | None) -> str:
    """The address an app sends the browser to; None leaves a parameter out."""
    query = {
        "response_type": "code",
        "client_id": app,
        "redirect_uri": REDIRECT,
        "scope": "openid profile me",
        "state": "st/ate",
        "nonce": "n-once",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return "/oauth/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})


def query_of(response: httpx.Response) -> dict[str, str]:
    """The query of the redirect."""
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def exchange(client: httpx.AsyncClient, app: str, use_code: str, /, **changes: str | None) -> httpx.Response:
    """The token request for a code."""
    form = {
        "grant_type": "authorization_code",
        "client_id": app,
        "code": use_code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }
    return await client.post("/oauth/token", data={name: value for name, value in form.items() if value is not None})


async def refresh(client: httpx.AsyncClient, client_id: str, token: str) -> httpx.Response:
    """The token request for a refresh token."""
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token}
    return await client.post("/oauth/token", data=form)


async def submit(client: httpx.AsyncClient, page: httpx.Response, action: str, **values: str) -> httpx.Response:
    """Fill in the form of a page and send it, hidden fields and all."""
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    fields = {name: unescape(value) for name, value in hidden.items()}
    return await client.post(action, data={**fields, **values})


async def last_code(house: House) -> str:
    """The digits of the one-time code that was sent last, as its reader sees them; '' when none was."""
    await drain(house)
    async with house.db.read() as connection:
        for message in await list_outbox(connection, house.keys):
            found = re.match(r"(\d{6})\b", message.subject)
            if found:
                return found.group(1)
    return ""


async def sign_in_staff(client: httpx.AsyncClient, house: House, email: str) -> httpx.Response:
    """Sign this browser in as one of the demo staff."""
    page = await client.get("/masuk/petugas?next=/counter")
    page = await submit(client, page, "/masuk/petugas", email=email, password=DEMO_PASSWORD)
    page = await client.get(page.headers["location"])
    code = totp.code_of(DEMO_TOTP_SECRET, totp.step_at(house.clock.now()))
    return await submit(client, page, "/masuk/petugas/kode", code=code)
