"""What a citizen with a cheap phone sees: each page at 360 pixels, by axe, without console errors, by keyboard too."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from app.core.clock import FixedClock
from app.routers.http.guards import SESSION_COOKIE
from app.services import billing, cases
from tests import make
from tests.banks import join_bank
from tests.browser.conftest import Site, Watcher, open_context
from tests.routers.pages.test_citizen import DRIVER
from tests.routers.pages.world import Story
from tests.signing_in import citizen_session, last_code

pytestmark = pytest.mark.browser


async def look_up(phone: Watcher) -> None:
    await phone.go("/tilang")
    await phone.page.get_by_label("Pelat nomor").fill("B 1234 XYZ")
    await phone.page.get_by_role("radio", name="STNK", exact=True).check()
    await phone.page.get_by_label("Nomor rangka").fill(make.VEHICLE.chassis_no)
    await phone.page.get_by_label("Nomor mesin").fill(make.VEHICLE.engine_no)
    await phone.page.get_by_role("button", name="Cek tilang").click()


async def press(phone: Watcher, name: str) -> None:
    await phone.page.get_by_role("button", name=name).click()


async def test_pages_that_anybody_may_open(phone: Watcher, site: Site) -> None:
    for name, path in (
        ("home", "/"),
        ("lookup", "/tilang"),
        ("letter", "/tilang?ref=ETL7K3M9QXT4"),
        ("results-empty", "/tilang/hasil"),
        ("check", "/periksa"),
        ("check-unknown", "/periksa/CEKAAAA"),
        ("transparency", "/transparansi"),
        ("accessibility", "/aksesibilitas"),
        ("not-found", "/tidak-ada"),
        ("session-over", "/tilang/0195f0aa-0000-7000-8000-000000000001"),
        ("sign-in", "/masuk"),
        ("sign-in-staff", "/masuk/petugas"),
        ("outbox", "/sandbox/outbox"),
        ("docs", "/docs"),
        ("docs-tickets", "/docs/tickets"),
        ("docs-banks", "/docs/banks"),
        ("docs-problems", "/docs/problems"),
        ("home-english", "/?lang=en"),
        ("lookup-english", "/tilang"),
    ):
        await phone.go(path)
        await phone.check(name)
    assert await phone.page.locator("html").get_attribute("lang") == "en"


async def test_the_whole_way_from_look_up_to_receipt(phone: Watcher, story: Story, site: Site) -> None:
    bank = await join_bank(site.house, site.client)
    await story.letter()
    await phone.go("/tilang")
    await press(phone, "Cek tilang")
    await expect(phone.page.locator(".govuk-error-summary")).to_be_focused()
    await phone.check("lookup-errors")
    await look_up(phone)
    await phone.check("ticket")
    broken = await phone.page.evaluate("[...document.images].filter(i => i.complete && !i.naturalWidth).length")
    assert broken == 0
    await phone.page.get_by_role("button", name="Jawab sekarang").click()
    await phone.check("answer-1")
    await press(phone, "Lanjut")
    await phone.check("answer-1-error")
    await phone.page.get_by_role("radio", name="Ya", exact=True).check()
    await press(phone, "Lanjut")
    await phone.check("answer-2")
    await phone.page.get_by_role("radio", name="Saya sendiri").check()
    await press(phone, "Lanjut")
    await phone.check("answer-3")
    await press(phone, "Lanjut")
    await phone.check("answer-3-errors")
    for field, value in DRIVER.items():
        await phone.page.locator(f"[name='{field}']").fill(value)
    await press(phone, "Lanjut")
    await phone.check("answer-check")
    await press(phone, "Kirim jawaban")
    await phone.check("answer-done")
    await story.issue()
    await phone.page.get_by_role("button", name="Ke halaman tilang").click()
    await phone.check("ticket-issued")
    await phone.page.get_by_role("button", name="Lihat cara membayar").click()
    await phone.check("payment")
    await phone.page.get_by_text("Cara bayar lewat").first.click()
    await phone.check("payment-how")
    async with site.house.db.read() as connection:
        bill = await billing.bill_of(connection, story.case_id, at=site.house.clock.now())
    assert bill is not None
    await bank.sign_in()
    await bank.pay(bill.virtual_accounts[0].customer_no, bank.next_id(), bill.amount)
    await story.settle()
    await phone.page.get_by_role("button", name="Periksa lagi").click()
    await phone.check("payment-received")
    for page in ("bukti", "riwayat"):
        await phone.go(f"/tilang/{story.case_id}/{page}")
        await phone.check(page)
    async with phone.page.expect_download() as download:
        await phone.page.evaluate("location.href = location.href.replace('riwayat', 'bukti.json')")
    assert (await download.value).suggested_filename == "bukti.json"


async def test_a_number_whose_time_is_over_and_the_next_one(
    phone: Watcher, story: Story, site: Site, clock: FixedClock
) -> None:
    await join_bank(site.house, site.client)
    await story.letter()
    await story.admit()
    await story.issue()
    clock.advance(timedelta(days=120))
    await cases.sweep(site.house)
    await look_up(phone)
    await phone.check("ticket-overdue")
    await phone.go(f"/tilang/{story.case_id}/bayar")
    await phone.check("payment-lapsed")
    await press(phone, "Minta nomor pembayaran baru")
    await expect(phone.page.get_by_text("Bayar sebelum")).to_be_visible()
    await phone.check("payment-again")


async def test_my_tickets_with_an_account(phone: Watcher, story: Story, site: Site) -> None:
    _, token = await citizen_session(site.house, nik=make.VEHICLE.owner_nik or "")
    cookie = {"name": SESSION_COOKIE, "value": token, "url": site.url, "httpOnly": True}
    await phone.page.context.add_cookies([cookie])  # type: ignore[list-item]
    await phone.go("/saya")
    await phone.check("mine-none")
    await story.letter()
    await phone.go("/saya")
    await phone.check("mine")
    await phone.page.get_by_role("link", name="Menerobos").first.click()
    await phone.check("mine-ticket")
    await sign_in_with_code(phone, site)
    await phone.page.wait_for_url("**/saya")
    await phone.check("mine-unbound")


async def sign_in_with_code(phone: Watcher, site: Site) -> None:
    """Another account, which is bound to no NIK; it leads back to where it was asked for."""
    await phone.page.context.clear_cookies()
    await phone.go("/saya")
    await phone.page.get_by_label("Nomor ponsel atau e-mail").fill("081399990000")
    await phone.page.locator("main button").first.click()
    await phone.page.get_by_label("Kode").fill(await last_code(site.house))
    await phone.page.locator("main button").first.click()


async def test_an_objection_with_documents(phone: Watcher, story: Story) -> None:
    await story.letter()
    await look_up(phone)
    await phone.go(f"/tilang/{story.case_id}/jawab")
    await phone.page.get_by_role("radio", name="Tidak").check()
    await press(phone, "Lanjut")
    await phone.check("objection-2")
    await phone.page.get_by_role("radio", name="Bukan kendaraan saya").check()
    await press(phone, "Lanjut")
    await phone.page.get_by_label("Ceritakan alasannya").fill("Mobil saya putih.\nYang di foto hitam, dan bannya lain.")
    await phone.check("objection-3")
    await press(phone, "Lanjut")
    await phone.page.get_by_label("Pilih foto atau PDF").set_input_files(
        files=[{"name": "mobil saya.jpg", "mimeType": "image/jpeg", "buffer": make.photograph(seed=2)}]
    )
    await phone.page.get_by_role("button", name="Unggah", exact=True).click()
    await phone.check("objection-documents")
    await press(phone, "Lanjut tanpa mengunggah lagi")
    await phone.check("objection-check")
    await press(phone, "Kirim jawaban")
    assert await story.state() == "objection"


async def test_everything_works_without_scripts(chromium: Chromium, story: Story, site: Site) -> None:
    await story.letter()
    context = await open_context(chromium, java_script_enabled=False)
    phone = Watcher(await context.new_page(), site.url)
    await look_up(phone)
    await phone.page.get_by_role("button", name="Jawab sekarang").click()
    await phone.page.get_by_role("radio", name="Ya", exact=True).check()
    await press(phone, "Lanjut")
    await phone.page.get_by_role("radio", name="Saya sendiri").check()
    await press(phone, "Lanjut")
    for field, value in DRIVER.items():
        await phone.page.locator(f"[name='{field}']").fill(value)
    await press(phone, "Lanjut")
    await press(phone, "Kirim jawaban")
    assert await story.state() == "confirmed"
    await context.close()


async def test_the_keyboard_alone_is_enough(phone: Watcher, story: Story) -> None:
    await story.letter()
    await phone.go("/tilang")
    keyboard = phone.page.keyboard
    await keyboard.press("Tab")
    await expect(phone.page.locator(".govuk-skip-link")).to_be_focused()
    await keyboard.press("Enter")
    await expect(phone.page.locator("#main-content")).to_be_focused()
    await keyboard.press("Tab")
    await expect(phone.page.locator("#plate")).to_be_focused()
    await keyboard.type("B1234XYZ")
    await keyboard.press("Tab")
    await keyboard.press("Space")
    await keyboard.press("Tab")
    await keyboard.type(make.VEHICLE.chassis_no)
    await keyboard.press("Tab")
    await keyboard.type(make.VEHICLE.engine_no)
    await keyboard.press("Enter")
    await phone.page.wait_for_url(f"**/tilang/{story.case_id}")


async def test_a_question_opens_under_its_answer(phone: Watcher, site: Site) -> None:
    await phone.go("/tilang")
    await expect(phone.page.locator("#chassis_no")).to_be_hidden()
    await phone.page.get_by_role("radio", name="STNK", exact=True).check()
    await expect(phone.page.locator("#chassis_no")).to_be_visible()
    await expect(phone.page.locator("#reference")).to_be_hidden()
    await phone.page.get_by_role("radio", name="Surat atau pesan konfirmasi").check()
    await expect(phone.page.locator("#reference")).to_be_visible()
    await expect(phone.page.locator("#chassis_no")).to_be_hidden()


async def test_a_payment_number_is_copied_without_its_blanks(chromium: Chromium, story: Story, site: Site) -> None:
    await join_bank(site.house, site.client)
    await story.letter()
    await story.admit()
    await story.issue()
    context = await open_context(chromium, permissions=["clipboard-read", "clipboard-write"])
    phone = Watcher(await context.new_page(), site.url)
    await look_up(phone)
    await phone.go(f"/tilang/{story.case_id}/bayar")
    shown = await phone.page.locator("#va-1").inner_text()
    await phone.page.locator("[data-copy='va-1']").click()
    await expect(phone.page.locator("[data-copy='va-1']")).to_have_text("Tersalin")
    assert await phone.page.evaluate("navigator.clipboard.readText()") == shown.replace(" ", "")
    await context.close()
