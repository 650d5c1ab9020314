"""What staff see of applications, on a screen and on a phone: the review, the queue's desk, hours, offers, help."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from app.core.actor import SYSTEM
from app.routers.http.guards import SESSION_COOKIE
from app.services import cases
from app.services.identity import sessions, staff
from app.services.identity.roles import Role
from app.services.identity.sessions import SubjectKind
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.browser.conftest import DESK, PHONE, Site, Watcher
from tests.drain import drain

pytestmark = pytest.mark.browser


@pytest.fixture
async def opened(site: Site) -> None:
    """A unit with staff and hours."""
    await make.demo_set(site.house)
    await opened_unit(site.house)


@pytest.fixture
async def applied(site: Site, opened: None) -> str:
    """A renewal of a licence that waits for the officer who was drawn; gives its id."""
    del opened
    citizen = await Desk(site.house, site.client, demo.BUDI).sign_in()
    elsewhere = "Jalan Lain No. 77, RT 003/RW 004, Kelurahan Tebet, Jakarta Selatan"
    draft = await citizen.hand_in(await citizen.draft("sim-renewal", sim_class="A", address=elsewhere))
    await citizen.submit(draft["id"])
    await citizen.pay(draft["id"])
    await citizen.post(f"/v1/applications/{draft['id']}/messages", {"text": "Apakah fotonya cukup?"}, status=201)
    await drain(site.house)
    await cases.draw_announced(site.house)
    return str(draft["id"])


async def sign_in(desk: Watcher, site: Site, role: Role, case_id: str | None = None) -> None:
    """A session at the unit: of the officer who was drawn for the case, or of anybody with the role."""
    async with site.house.db.begin(SYSTEM) as tx:
        case = await tx.session.get(cases.Case, UUID(case_id)) if case_id else None
        found = [each.id for each in await staff.list_officers(tx.session, unit=POLRES, role=role)]
        drawn = case.assigned_to if case else None
        chosen = next((each for each in found if str(each) == drawn), found[0])
        token = await sessions.open_session(tx, SubjectKind.STAFF, chosen, amr=("pwd", "otp"))
    await desk.page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.url, "httpOnly": True}])


async def check_both(desk: Watcher, name: str) -> None:
    for size in (PHONE, DESK):
        await desk.page.set_viewport_size(size)  # type: ignore[arg-type]
        await desk.check(name)


async def test_review_marks_and_decision(desk: Watcher, site: Site, applied: str) -> None:
    await sign_in(desk, site, Role.OFFICER, applied)
    await desk.go("/counter")
    await desk.page.get_by_role("link", name="SIM").first.click()
    await check_both(desk, "application-review")
    picture = desk.page.get_by_role("img", name="Pasfoto")
    assert await picture.evaluate("image => image.complete && image.naturalWidth") > 0, (
        "the policy lets pictures through"
    )
    await desk.page.locator("summary", has_text="Pasfoto").click()
    await desk.page.locator("#words-documents-photo").fill("Latar belakang kurang biru")
    await desk.page.get_by_role("radio", name="Minta perbaikan").check()
    await desk.page.get_by_role("button", name="Simpan keputusan").click()
    await check_both(desk, "application-review-errors")
    await expect(desk.page.locator("#words-documents-photo")).to_have_value("Latar belakang kurang biru")
    await desk.page.locator("#mark-documents-photo").select_option("photo")
    await desk.page.get_by_role("button", name="Simpan keputusan").click()
    await expect(desk.page.get_by_text("tersimpan")).to_be_visible()


@pytest.mark.usefixtures("opened")
async def test_the_desk_of_the_queue_hours_and_offers(desk: Watcher, site: Site) -> None:
    await sign_in(desk, site, Role.COUNTER)
    await desk.go("/counter/antrean")
    await desk.page.get_by_label("Nama loket").fill("3")
    await desk.page.get_by_role("button", name="Simpan loket").click()
    await desk.page.get_by_label("Tanpa janji temu").select_option("counter")
    await desk.page.get_by_role("button", name="Beri nomor").click()
    await desk.page.get_by_role("button", name="Panggil berikutnya").click()
    await expect(desk.page.get_by_text("A001", exact=True)).to_be_visible()
    await desk.page.get_by_label("Kode QR").press_sequentially("bukan-kode\n")  # as a scanner types
    await expect(desk.page.locator("#code-error")).to_be_visible()
    await check_both(desk, "queue-desk-serving")
    await desk.go("/counter/bantu")
    await check_both(desk, "counter-help")
    who = demo.PEOPLE[demo.BUDI]
    for label, value in (("NIK", who.nik), ("Nomor kartu keluarga", who.kk_no)):
        await desk.page.get_by_label(label).fill(value)
    for label, value in (("Tanggal", who.born_on.day), ("Bulan", who.born_on.month), ("Tahun", who.born_on.year)):
        await desk.page.get_by_label(label, exact=True).fill(str(value))
    await desk.page.get_by_label("Layanan").select_option("skck-new")
    await desk.page.get_by_text("Tidak punya HP atau surel?").click()
    await desk.page.get_by_role("button", name="Cetak formulir").click()
    await expect(desk.page.get_by_text("Menunggu tanda tangan dan pindai.")).to_be_visible()
    await check_both(desk, "consent-forms")
    await sign_in(desk, site, Role.SUPERVISOR)
    for name, path in (
        ("hours", "/counter/jadwal"),
        ("hours-of-kind", "/counter/jadwal/jam/skck_fingerprints"),
        ("offer", "/counter/layanan/sim-renewal"),
    ):
        await desk.go(path)
        await desk.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await desk.check(name)
