"""A signed-in citizen's own tickets on a page."""

import re

import httpx
import pytest

from app.core.house import House
from app.routers.http.guards import SESSION_COOKIE
from app.routers.pages import mine
from app.services.registries.demo import PEOPLE
from tests import make
from tests.signing_in import citizen_session

BUDI, SITI = PEOPLE[0], PEOPLE[1]


@pytest.fixture
async def browser(house: House, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The owner of the demo vehicle, signed in by a one-time code; the account is bound to their NIK."""
    await make.demo_set(house)
    _, token = await citizen_session(house, nik=make.VEHICLE.owner_nik or "", phone="+6281200000001")
    client.cookies.set(SESSION_COOKIE, token)
    return client


async def test_who_is_not_signed_in_is_sent_there_and_comes_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/saya")
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk?next=%2Fsaya")


async def test_my_ticket_is_there_and_opens(house: House, browser: httpx.AsyncClient) -> None:
    case_id = await make.letter_sent(house)
    assert (await browser.get(f"/tilang/{case_id}")).status_code != 200, "not before it was found here"
    page = await browser.get("/saya")
    assert page.status_code == 200
    assert f'href="/tilang/{case_id}"' in page.text
    assert make.VEHICLE.owner_nik not in page.text, "masked even here"
    assert (await browser.get(f"/tilang/{case_id}")).status_code == 200


async def test_another_persons_ticket_is_not(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    _, token = await citizen_session(house, nik=SITI.nik, phone="+6281200000002")
    client.cookies.set(SESSION_COOKIE, token)
    page = await client.get("/saya")
    assert (page.status_code, str(case_id) in page.text) == (200, False)
    assert "Tidak ada tilang atas NIK Anda." in page.text


async def test_page_after_page(house: House, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mine, "PAGE", 1)
    cases = {str(await make.letter_sent(house, location=f"Simpang {name}")) for name in "AB"}
    first = await browser.get("/saya")
    href = re.search(r'href="(/saya\?after=[^"]+)"', first.text)
    assert href is not None
    second = await browser.get(href[1])
    shown = [set(re.findall(r'href="/tilang/([0-9a-f-]{36})"', page.text)) for page in (first, second)]
    assert (len(shown[0]), shown[0] | shown[1]) == (1, cases)
    assert (await browser.get("/saya?after=x")).status_code == 422
