"""What staff see at the counter, on a screen and on a phone."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from app.core.actor import SYSTEM
from app.routers.http.guards import SESSION_COOKIE
from app.services.identity import sessions, staff
from app.services.identity.roles import Role
from app.services.identity.sessions import SubjectKind
from tests import make
from tests.browser.conftest import DESK, PHONE, Site, Watcher
from tests.routers.pages.world import Story

pytestmark = pytest.mark.browser


async def sign_in(desk: Watcher, site: Site, role: Role, staff_id: UUID | None = None) -> None:
    async with site.house.db.begin(SYSTEM) as tx:
        if staff_id is None:
            staff_id = (await staff.list_officers(tx.session, unit="PMJ", role=role))[0].id
        token = await sessions.open_session(tx, SubjectKind.STAFF, staff_id, amr=("pwd", "otp"))
    await desk.page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.url, "httpOnly": True}])


async def check_both(desk: Watcher, name: str) -> None:
    for size in (PHONE, DESK):
        await desk.page.set_viewport_size(size)  # type: ignore[arg-type]
        await desk.check(name)


async def test_review_from_the_list_to_the_decision(desk: Watcher, story: Story, site: Site) -> None:
    await sign_in(desk, site, Role.OFFICER, await story.officer())
    await desk.go("/counter")
    await check_both(desk, "tasks")
    await desk.page.get_by_role("link", name="ETL").first.click()
    await check_both(desk, "case-new")
    await desk.page.get_by_role("button", name="Mulai memeriksa").click()
    await desk.go(f"/counter/cases/{story.case_id}")
    await check_both(desk, "case-review")
    await desk.page.get_by_role("button", name="Simpan keputusan").click()
    await check_both(desk, "case-review-errors")
    await desk.page.get_by_role("radio", name="Pelanggaran benar").check()
    await desk.page.get_by_label("Pelat yang Anda baca").fill("B 1234 XYZ")
    await desk.page.get_by_role("radio", name="Ya, merek, tipe dan warna cocok").check()
    await check_both(desk, "case-review-verify")
    await desk.page.get_by_role("button", name="Simpan keputusan").click()
    await check_both(desk, "tasks-done")
    assert await story.state() == "verified"


async def test_what_waits_for_its_lot(desk: Watcher, story: Story, site: Site) -> None:
    await make.undrawn(site.house, await make.capture(site.house, location="Simpang Harmoni"))
    await sign_in(desk, site, Role.OFFICER, await story.officer())
    await desk.go("/counter")
    await expect(desk.page.get_by_role("heading", name="Menunggu undian")).to_be_visible()
    await expect(desk.page.get_by_role("cell", name="Sedang diundi")).to_be_visible()
    await check_both(desk, "tasks-undrawn")


async def test_objection_and_purpose(desk: Watcher, story: Story, site: Site) -> None:
    await story.letter()
    await story.object("Mobil saya putih, yang di foto hitam.")
    await sign_in(desk, site, Role.COUNTER)
    await desk.go(f"/counter/cases/{story.case_id}")
    await check_both(desk, "purpose")
    await desk.page.get_by_role("radio", name="Pengawasan").check()
    await desk.page.get_by_role("button", name="Buka perkara").click()
    await check_both(desk, "case-objection")


async def test_lists_without_work(desk: Watcher, story: Story, site: Site) -> None:
    await sign_in(desk, site, Role.INVESTIGATOR)
    for name, path in (("tasks-empty", "/counter"), ("blocks-empty", "/counter/blocks"), ("sign-out", "/keluar")):
        await desk.go(path)
        await check_both(desk, name)
