"""Opening an original from the case's page, and the owner who reads of it and asks for it."""

import pytest
from playwright.async_api import expect

from app.services.identity.roles import Role
from tests.browser.conftest import Site, Watcher
from tests.browser.test_counter_pages import check_both, sign_in
from tests.routers.pages.world import Story

pytestmark = pytest.mark.browser


async def test_an_original_is_opened_with_a_reason_and_seen(desk: Watcher, story: Story, site: Site) -> None:
    await sign_in(desk, site, Role.OFFICER, await story.officer())
    await desk.go(f"/counter/cases/{story.case_id}")
    await desk.page.get_by_text("Buka foto asli", exact=True).click()
    await check_both(desk, "case-original-form")
    await desk.page.get_by_role("button", name="Catat dan buka foto asli").click()
    await expect(desk.page.get_by_role("alert")).to_be_visible()
    await check_both(desk, "case-original-errors")
    await desk.page.get_by_role("radio", name="Pelat perlu dibaca").check()
    await desk.page.get_by_label("Penjelasan").fill("dua pelat berdekatan")
    await desk.page.get_by_role("button", name="Catat dan buka foto asli").click()
    await check_both(desk, "case-original-open")
    link = desk.page.get_by_role("link", name="Lihat foto asli")
    picture = await desk.page.context.request.get(site.url + (await link.get_attribute("href") or ""))
    assert (picture.status, picture.headers["content-type"]) == (200, "image/jpeg")
    await expect(desk.page.get_by_text("Foto asli dibuka oleh Penyidik pembantu")).to_be_visible()
