"""Money that comes home, as the payee and finance see it: on a phone and on a screen, by axe, with no script fault."""

from uuid import UUID

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from app.core.actor import SYSTEM
from app.services import billing, etle
from app.services.identity.roles import Role
from tests import make
from tests.browser.conftest import PHONE, Site, Watcher, open_context
from tests.browser.test_citizen_pages import look_up
from tests.browser.test_counter_pages import check_both, sign_in
from tests.refunds import COURT, NUMBER, debit, payouts
from tests.routers.pages.world import Story

pytestmark = pytest.mark.browser


async def bring_to_refund(story: Story, site: Site) -> None:
    await story.letter()
    async with site.house.db.begin(make.owner_of(story.case_id)) as tx:
        await etle.answer_letter(tx, story.case_id, etle.LetterAnswer("self", person=make.DRIVER))
    await story.issue()
    await make.pay(site.house, story.case_id)
    async with site.house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, story.case_id, fine=100_000, cost=2_000)


async def give(phone: Watcher, number: str = NUMBER) -> None:
    await phone.page.get_by_label("Bank", exact=True).select_option("002")
    await phone.page.get_by_label("Nomor rekening").fill(number)
    await phone.page.get_by_label("Nama pemilik rekening").fill("Budi Contoh")
    await phone.page.get_by_role("button", name="Simpan rekening").click()


async def test_a_refund_from_the_account_to_the_bank(
    phone: Watcher, desk: Watcher, chromium: Chromium, story: Story, site: Site
) -> None:
    await bring_to_refund(story, site)
    async with site.house.db.begin(SYSTEM) as tx:
        await billing.enter_known_account(tx, bank_code="002", number=NUMBER, name="CONTOH BUDI, SH")
        await billing.enter_known_account(tx, bank_code="002", number="999000111", name="SITI RAHAYU")
        await billing.enter_known_account(tx, bank_code="002", number="999000222", name="BUDI CONTOHH")

    await sign_in(desk, site, Role.FINANCE)
    await desk.go("/counter/refunds")
    await check_both(desk, "refunds-empty")
    await desk.go("/counter/payment-orders")
    await check_both(desk, "payment-orders-empty")
    await desk.go("/counter/refunds?waiting=account")
    await check_both(desk, "refunds-no-account")

    await look_up(phone)
    await phone.check("refund-ticket")
    await phone.page.get_by_role("button", name="Beri tahu rekening Anda").click()
    await phone.check("refund-no-account")
    await phone.page.get_by_role("button", name="Simpan rekening").click()
    await phone.check("refund-errors")
    await give(phone, "999000111")
    await phone.check("refund-refused")
    await give(phone, "999000222")
    await phone.check("refund-doubtful")

    await desk.go("/counter/refunds?waiting=names")
    await check_both(desk, "refunds-names")
    await desk.page.get_by_role("link", name="Periksa nama").click()
    await check_both(desk, "account-names")
    await desk.page.get_by_role("radio", name="Bukan, minta").check()
    await desk.page.get_by_role("button", name="Simpan keputusan").click()
    await check_both(desk, "refunds-decided")

    await give(phone)
    await phone.check("refund-checked")
    await desk.go("/counter/refunds")
    await check_both(desk, "refunds-ready")
    await desk.page.get_by_role("button", name="Susun perintah bayar").click()
    await check_both(desk, "refunds-draft-errors")
    await desk.page.get_by_label("Rekening pembayar").select_option("PMJ-BRI")
    await desk.page.get_by_role("button", name="Susun perintah bayar").click()
    await expect(desk.page.locator("#release", has_text="orang lain harus melepasnya")).to_be_visible()
    await check_both(desk, "payment-order-draft")
    path = desk.page.url.removeprefix(site.url).partition("?")[0]

    context = await open_context(chromium, PHONE)
    chief = Watcher(await context.new_page(), site.url)
    await sign_in(chief, site, Role.SUPERVISOR)
    await chief.go(path)
    await check_both(chief, "payment-order-to-release")
    await chief.page.get_by_role("button", name="Lepas perintah bayar").click()
    await check_both(chief, "payment-order-released")
    await context.close()

    await desk.go(path)
    async with desk.page.expect_download() as taken:
        await desk.page.get_by_role("button", name="Unduh berkas").click()
    assert (await taken.value).suggested_filename.endswith(".xml")
    await phone.go(f"/tilang/{story.case_id}/pengembalian")
    await phone.check("refund-on-its-way")
    [payout] = await payouts(site.house, UUID(path.rpartition("/")[2]))
    assert await debit(site.house, payout.end_to_end_id) is billing.Outcome.BOOKED
    await phone.go(f"/tilang/{story.case_id}/pengembalian")
    await phone.check("refund-paid")
    await desk.go(path)
    await check_both(desk, "payment-order-done")
    await desk.go("/counter/payment-orders?lang=en")
    await check_both(desk, "payment-orders")
