"""What does not agree with a bank, and verdicts by file, as staff see them: on a phone and on a screen, by axe."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import expect

from app.core.actor import SYSTEM
from app.services.etle.models import Ticket
from app.services.identity.roles import Role
from tests import make
from tests.browser.conftest import Site, Watcher
from tests.browser.test_counter_pages import check_both, sign_in
from tests.drain import drain
from tests.settlements import Desk, Told, join_desk, two_treasurers

pytestmark = pytest.mark.browser


async def test_a_difference_from_the_file_to_the_books(desk: Watcher, site: Site) -> None:
    await make.demo_set(site.house)
    first, second = await two_treasurers(site.house)
    await sign_in(desk, site, Role.FINANCE, UUID(first.id))
    await desk.go("/counter/rekonsiliasi")
    await check_both(desk, "rekonsiliasi-empty")
    bank: Desk = await join_desk(site.house, site.client)
    line = await bank.unpaid("R1")
    charge = Told("ADM", "", line.account, 250_000, mark="D", text="BIAYA")
    named = Told(
        **{name: getattr(line, name) for name in ("reference", "request", "account")}, text="TILANG A.N. CONTOH"
    )
    await bank.send([named, charge])
    await bank.bank.pay((await bank.paid("R5")).account.removeprefix(bank.bank.partner), "R5", 1)
    await desk.go("/counter/rekonsiliasi")
    await check_both(desk, "rekonsiliasi")
    page = desk.page
    await page.get_by_role("link", name="Tidak dikenal").click()
    await check_both(desk, "rekonsiliasi-difference")
    await page.get_by_role("button", name="Usulkan").click()
    await check_both(desk, "rekonsiliasi-errors")
    await page.get_by_role("radio", name="Bukukan untuk tagihan").check()
    await page.get_by_label("Alasan").fill("Uangnya untuk tilang ini, sudah ditanyakan kepada bank.")
    await page.get_by_role("button", name="Usulkan").click()
    await expect(page.get_by_text("Anda yang mengusulkan")).to_be_visible()
    await check_both(desk, "rekonsiliasi-proposed")
    await sign_in(desk, site, Role.FINANCE, UUID(second.id))
    await page.reload()
    await check_both(desk, "rekonsiliasi-second-person")
    await page.get_by_role("button", name="Setujui dan bukukan").click()
    await expect(page.get_by_text("Disetujui dan dibukukan.")).to_be_visible()
    await check_both(desk, "rekonsiliasi-closed")
    await desk.go("/counter/rekonsiliasi?state=closed")
    await check_both(desk, "rekonsiliasi-list-closed")
    await desk.go("/counter/rekonsiliasi/kejadian")
    await check_both(desk, "kejadian")
    await page.get_by_role("link", name="Satu pembayaran, dua jumlah").click()
    await check_both(desk, "kejadian-one")
    await page.get_by_label("Apa yang ditemukan").fill("Salah ketik teller; bank sudah memperbaiki.")
    await page.get_by_role("button", name="Tutup kejadian").click()
    await expect(page.get_by_text("Kejadian ditutup.")).to_be_visible()
    await check_both(desk, "kejadian-empty")


async def test_verdicts_from_a_file(desk: Watcher, site: Site, tmp_path: Path) -> None:
    await make.demo_set(site.house)
    case_id = await make.tilang_issued(site.house)
    async with site.house.db.begin(SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, case_id)
    assert ticket is not None
    await sign_in(desk, site, Role.COURT)
    await desk.go("/counter/putusan")
    await check_both(desk, "putusan-empty")
    file = tmp_path / "sidang 2 Maret.csv"
    file.write_text(f"register_no,fine,cost\n{ticket.register_no},70000,2000\nZ0000000,1,1\n")
    await desk.page.get_by_label("Berkas CSV").set_input_files(file)
    await desk.page.get_by_role("button", name="Lihat dahulu").click()
    await expect(desk.page.get_by_role("cell", name="nomor tidak dikenal")).to_be_visible()
    await check_both(desk, "putusan-seen")
    async with desk.page.expect_navigation():
        await desk.page.get_by_role("button", name="Catat putusan yang siap").click()
    await drain(site.house)
    await desk.page.reload()
    await expect(desk.page.get_by_role("cell", name="sudah tercatat sama")).to_be_visible()
    await check_both(desk, "putusan-applied")
    await desk.go("/counter/putusan")
    await check_both(desk, "putusan-list")
