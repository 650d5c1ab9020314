"""Opening an original from the case's page, and the owner who reads of it and asks for it."""

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.services import cameras, reference
from app.services.cameras.models import EvidenceFile
from app.services.identity.roles import Role
from tests.browser.conftest import Site, Watcher
from tests.browser.test_citizen_pages import look_up
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


async def test_an_area_is_drawn_on_the_picture_covered_and_taken_back(desk: Watcher, story: Story, site: Site) -> None:
    await sign_in(desk, site, Role.OFFICER, await story.officer())
    await desk.go(f"/counter/cases/{story.case_id}")
    await desk.page.get_by_role("link", name="Samarkan bagian foto").first.click()
    await check_both(desk, "cover")
    box = await desk.page.locator("img[data-area]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.2
    await desk.page.mouse.move(x, y)
    await desk.page.mouse.down()
    await desk.page.mouse.move(x - box["width"] * 0.3, y - box["height"] * 0.1, steps=4)
    await desk.page.mouse.up()
    sides = [
        float(await desk.page.locator(f"[name={side}]").input_value()) for side in ("left", "top", "right", "bottom")
    ]
    assert [round(each) for each in sides] == [50, 10, 80, 20], "drawn from right to left, and upwards"
    await desk.page.get_by_role("button", name="Samarkan bidang ini").click()
    await expect(desk.page.locator(".govuk-error-summary")).to_be_visible()
    await check_both(desk, "cover-errors")
    await desk.page.get_by_label("Apa yang disamarkan").fill("penumpang di belakang")
    await desk.page.get_by_role("button", name="Samarkan bidang ini").click()
    await desk.go(f"/counter/cases/{story.case_id}")
    await desk.page.get_by_role("link", name="Samarkan bagian foto").first.click()
    await expect(desk.page.get_by_text("Disamarkan dengan tangan: 1 bidang")).to_be_visible()
    await check_both(desk, "cover-one")
    await desk.page.get_by_label("Apa yang disamarkan").fill("bukan wajah")
    await desk.page.get_by_role("button", name="Batalkan semua").click()
    await desk.go(f"/counter/cases/{story.case_id}")
    await desk.page.get_by_role("link", name="Samarkan bagian foto").first.click()
    await expect(desk.page.get_by_text("Disamarkan dengan tangan: 0 bidang")).to_be_visible()


async def test_an_owner_asks_for_the_original_and_sees_what_was_deleted(
    phone: Watcher, story: Story, site: Site
) -> None:
    await story.letter()
    await look_up(phone)
    await phone.page.get_by_text("Kamera dan keaslian foto").click()
    await expect(phone.page.get_by_text("Sidik SHA-256 foto yang ditampilkan")).to_be_visible()
    await phone.check("ticket-evidence")
    await phone.page.get_by_role("button", name="Minta foto asli diperiksa").click()
    await expect(phone.page.get_by_text("Pemilik meminta foto asli diperiksa")).to_be_visible()
    async with site.house.db.begin(SYSTEM) as tx:
        rule = cameras.KeptFor("paid", "PMJ", (await reference.policy(tx.session, "PMJ", tx.now.date())).id, 8760)
        files = (await tx.session.execute(select(EvidenceFile))).scalars().all()
        await cameras.delete_evidence(tx, rule, files)
    await cameras.finish_deletions(site.house)
    await phone.page.reload()
    await expect(phone.page.get_by_text("sudah dihapus menurut kebijakan")).to_be_visible()
    await phone.check("ticket-deleted")
    await phone.go("/transparansi")
    await expect(phone.page.get_by_text("Perkara selesai")).to_be_visible()
    await phone.check("transparency-deletions")
