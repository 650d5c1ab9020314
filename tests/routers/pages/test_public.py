"""Pages that anybody may open: the check of a code, the public log, the API's documentation, problems as pages."""

import shutil
from pathlib import Path

import httpx
import pytest

from app.core import problems
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import TOO_MANY_REQUESTS
from app.core.texts import Text
from app.main import create_app
from app.services import transparency
from tests.conftest import open_house
from tests.routers.pages.world import TOKEN, Browser

ABOUT = Text("Surat konfirmasi", "Confirmation letter")


async def issue(house: House, kind: str = "letter") -> str:
    async with house.db.begin(SYSTEM) as tx:
        return await transparency.check_codes.issue(tx, kind, "PMJ", ABOUT)  # type: ignore[arg-type]


async def test_a_code_of_ours_is_genuine_however_it_is_typed(browser: Browser, house: House) -> None:
    code = await issue(house)
    assert "Asli, dari kami" in await browser.get(f"/periksa/{code}")
    assert "Polda Metro Jaya" in browser.text
    await browser.get(f"/periksa?code={code[:4].lower()}-{code[4:]}")
    assert "Asli, dari kami" in browser.text


async def test_a_code_that_was_never_sent_is_said_so(browser: Browser, house: House) -> None:
    assert "tidak pernah kami kirim" in await browser.get("/periksa/CEKAAAAAAAAAAAAA", status=404)
    assert "Jangan membayar" in browser.text


async def test_a_revoked_code_was_ours_but_is_no_longer_good(browser: Browser, house: House) -> None:
    code = await issue(house, "document")
    async with house.db.begin(SYSTEM) as tx:
        await transparency.check_codes.revoke(tx, code)
    assert "tidak berlaku lagi" in await browser.get(f"/periksa/{code}")


@pytest.mark.parametrize("code", ["%3Cscript%3E", "a" * 100, "%00", "..%2F..%2F", "💥"])
async def test_odd_codes_are_refused_as_pages(browser: Browser, house: House, code: str) -> None:
    browser.page = await browser.client.get(f"/periksa/{code}")
    assert browser.page.status_code in (404, 422)
    assert "<script>" not in browser.page.text


async def test_the_log_is_shown_with_its_signature(browser: Browser, house: House) -> None:
    await issue(house)
    async with house.db.begin(SYSTEM) as tx:
        await transparency.append(tx, "test", {"n": 1})
    await transparency.sequence(house)
    assert house.settings.transparency_origin in await browser.get("/transparansi")


async def test_the_documentation_names_every_operation_and_every_problem(browser: Browser, house: House) -> None:
    document = (await browser.client.get("/openapi.json")).json()
    await browser.get("/docs")
    for path in document["paths"]:
        assert path in browser.text
    await browser.get("/docs/tickets")
    assert "chassis_no" in browser.text
    await browser.get("/docs/nothing", status=404)
    await browser.get("/docs/problems")
    for kind in problems.catalogue():
        assert f'id="{kind.code}"' in browser.page.text


async def test_every_subject_of_the_documentation_opens(browser: Browser, house: House) -> None:
    document = (await browser.client.get("/openapi.json")).json()
    tags = {
        tag
        for methods in document["paths"].values()
        for each in methods.values()
        for tag in each.get("tags", ["other"])
    }
    for tag in tags:
        await browser.get(f"/docs/{tag}")


async def test_people_get_pages_and_programs_get_problem_details(browser: Browser, house: House) -> None:
    for path in ("/tidak-ada", "/tilang/bukan-id", "/periksa/%3Cscript%3E"):
        assert "Tidak ditemukan" in await browser.get(path, status=404)
    as_program = await browser.client.get("/tidak-ada", headers={"accept": "*/*"})
    assert as_program.headers["content-type"] == "application/problem+json"
    in_api = await browser.client.get("/v1/tickets/0195f0aa-0000-7000-8000-000000000001")
    assert in_api.headers["content-type"] == "application/problem+json"


async def test_a_query_with_too_many_fields_is_no_crash(browser: Browser, house: House) -> None:
    await browser.get("/?" + "a=1&" * 200)
    await browser.get("/tidak-ada?" + "a=1&" * 200, status=404)


async def test_pages_carry_their_headers_and_are_kept_by_no_cache(browser: Browser, house: House) -> None:
    await browser.get("/")
    headers = browser.page.headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["content-language"] == "id"
    assert len(browser.page.content) < 60_000


async def test_too_many_look_ups_are_slowed_down_as_a_page(
    sqlite_template: Path, tmp_path: Path, clock: FixedClock
) -> None:
    url = f"sqlite:///{tmp_path}/loket.db"
    shutil.copy(sqlite_template, tmp_path / "loket.db")
    async with open_house(url, tmp_path, clock, rate_limits="on") as house:
        browser = Browser.of(create_app(house))
        for _ in range(11):
            await browser.get("/tilang")
            browser.page = await _look_up(browser)
        assert browser.page.status_code == 429
        assert TOO_MANY_REQUESTS.title.id in browser.text
        assert int(browser.page.headers["retry-after"]) > 0
        await browser.client.aclose()


async def _look_up(browser: Browser) -> httpx.Response:
    token = TOKEN.search(browser.page.text)
    assert token is not None
    values = {"plate": "B1TEST", "way": "stnk", "chassis_no": "AAAAA", "engine_no": "BBBBB", "_token": token[1]}
    return await browser.client.post("/tilang", data=values)
