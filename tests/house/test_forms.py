"""No form of another site is taken: every unsafe page route wants the token of a page that we drew for this browser."""

from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import Response

from app.core.house import House
from app.main import create_app
from app.routers.http.guards import SESSION_COOKIE
from app.routers.pages.session import COOKIE, HeldTicket, Session, keep_session
from app.services.identity.problems import CROSS_SITE, FORM_STALE
from app.services.identity.roles import Role
from tests import make
from tests.routers.pages.world import HTML, Browser
from tests.signing_in import citizen_session

# Called by programs: their proof stands in a header that no other site can make a browser send.
PROGRAMS = ("/v1/", "/v1.0/", "/oauth/token", "/oauth/revoke", "/NotificationInfo/", "/k/{key}")
CITIZENS = ("/permohonan", "/akun", "/saya")
PLACES = {"{section}": "person", "{name}": "photo"}


def unsafe_pages(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of each page route that changes something."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and not (route.path or "").startswith(PROGRAMS):
            for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
                yield method, route.path or ""


@pytest.fixture
async def browser(house: House) -> Browser:
    """A browser with everything that another site could borrow: an officer's session and a ticket's cookie."""
    await make.demo_set(house)
    made = Browser.of(create_app(house))
    made.client.follow_redirects = False
    await made.sign_in_staff(house, Role.OFFICER)
    return made


def address(path: str, case_id: UUID) -> str:
    """A route's path with something that may stand in each of its places."""
    for place, value in {"{id}": str(case_id), **PLACES}.items():
        path = path.replace(place, value)
    return path


async def test_every_unsafe_page_wants_its_token(house: House, browser: Browser) -> None:
    case_id = await make.letter_sent(house)
    hold(house, browser, case_id)
    citizen = Browser.of(create_app(house))
    citizen.client.follow_redirects = False
    citizen.client.cookies.set(SESSION_COOKIE, (await citizen_session(house))[1])
    pages = list(unsafe_pages(create_app(house)))
    assert len(pages) > 15
    for method, path in pages:
        who = citizen if path.startswith(CITIZENS) else browser
        answer = await who.client.request(method, address(path, case_id), data={"action": "x"}, headers=HTML)
        assert answer.status_code == FORM_STALE.status, (method, path, answer.status_code)
    assert await make.state_of(house, case_id) == "letter_sent"


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://elsewhere.example"}],
)
async def test_every_unsafe_page_refuses_another_site(house: House, browser: Browser, headers: dict[str, str]) -> None:
    case_id = await make.letter_sent(house)
    hold(house, browser, case_id)
    for method, path in unsafe_pages(create_app(house)):
        answer = await browser.client.request(
            method, address(path, case_id), data={"action": "x"}, headers={**HTML, **headers}
        )
        assert answer.status_code == CROSS_SITE.status, (method, path, answer.status_code)


async def test_json_doors_refuse_a_session_that_another_site_borrows(
    house: House, client: httpx.AsyncClient, browser: Browser
) -> None:
    case_id = await make.letter_sent(house)
    cookie = {SESSION_COOKIE: browser.client.cookies[SESSION_COOKIE]}
    client.cookies.update(cookie)
    action = {"action": "verify"}
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await client.post(
            f"/v1/counter/cases/{case_id}/actions", json=action, headers={**headers, "Idempotency-Key": "x"}
        )
        assert (answer.status_code, answer.json()["code"]) == (CROSS_SITE.status, CROSS_SITE.code)


def hold(house: House, browser: Browser, case_id: UUID) -> None:
    """The cookie of a browser that has looked this ticket up."""
    response = Response()
    keep_session(response, house, Session((HeldTicket(case_id, case_id, "owner"),)))
    token = response.headers["set-cookie"].split(";")[0].removeprefix(f"{COOKIE}=")
    browser.client.cookies.set(COOKIE, token)
