"""Pages that few open and nobody should open in vain: revocation, printing, help at the counter, stopped readings, second look, shield."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import expect
from sqlalchemy import update

from app.core.actor import SYSTEM
from app.services import etle
from app.services.etle import Decision, second_look
from app.services.etle.turn_models import ReadingTurn, TurnState
from app.services.identity.roles import Role
from app.services.notifications import list_outbox
from app.services.registries import demo
from tests import make
from tests.applying import Desk, opened_unit
from tests.browser import test_counter_pages as etle_desk
from tests.browser.conftest import Site, Watcher
from tests.browser.test_application_pages import sign_in as sign_in_citizen
from tests.browser.test_counter_application_pages import check_both, sign_in
from tests.drain import drain
from tests.services.etle.test_second_look import annul, let_few_be_enough

pytestmark = pytest.mark.browser
BUDI = demo.PEOPLE[demo.BUDI]


async def press(watcher: Watcher, name: str) -> None:
    await watcher.page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
async def opened(site: Site) -> None:
    await make.demo_set(site.house)
    await opened_unit(site.house)


@pytest.mark.usefixtures("opened")
async def test_printing_and_taking_a_document_back_by_two(desk: Watcher, site: Site) -> None:
    citizen = await Desk(site.house, site.client, demo.BUDI).sign_in()
    id = await citizen.through("sim-renewal", sim_class="A")
    await drain(site.house, raise_errors=False)
    await sign_in(desk, site, Role.COUNTER)
    await desk.go("/counter/cetak")
    await check_both(desk, "printing")
    await desk.go("/counter/cari")
    await check_both(desk, "find")
    await desk.go(f"/counter/cases/{id}")
    await desk.page.get_by_role("radio").first.check()
    await desk.page.locator("main form button").first.click()
    await desk.go(f"/counter/cases/{id}/pencabutan")
    await check_both(desk, "revocation")
    await press(desk, "Usulkan")
    await check_both(desk, "revocation-errors")
    await desk.page.get_by_role("radio", name="Cabut").first.check()
    await desk.page.get_by_label("Alasan dari daftar").select_option("lost")
    await desk.page.get_by_label("Penjelasan untuk yang memutuskan").fill("Pemegang datang dengan surat kehilangan")
    await press(desk, "Usulkan")
    await check_both(desk, "revocation-mine")
    await sign_in(desk, site, Role.SUPERVISOR)
    await desk.go("/counter")
    await check_both(desk, "tasks-revocation")
    await desk.go(f"/counter/cases/{id}")
    await desk.go(f"/counter/cases/{id}/pencabutan")
    await check_both(desk, "revocation-decide")
    await press(desk, "Simpan putusan")
    await check_both(desk, "revocation-decide-errors")
    await desk.page.get_by_role("radio", name="Setuju; dokumen tidak berlaku").check()
    await desk.page.get_by_label("Alasan tertulis").fill("Laporan kehilangan sudah diperiksa")
    await press(desk, "Simpan putusan")
    await expect(desk.page.get_by_text("Dicabut", exact=True)).to_be_visible()
    await check_both(desk, "revocation-done")
    issued = (await citizen.get(f"/v1/applications/{id}"))["issued"]
    await desk.go(f"/periksa/{issued['verify']}")
    await check_both(desk, "verify-revoked")


@pytest.mark.usefixtures("opened")
async def test_an_applicant_is_helped_through_every_page(desk: Watcher, site: Site) -> None:
    await sign_in(desk, site, Role.COUNTER)
    await desk.go("/counter/bantu")
    await desk.page.get_by_label("NIK", exact=True).fill(BUDI.nik)
    await desk.page.get_by_label("Nomor kartu keluarga").fill(BUDI.kk_no)
    for label, value in (("Tanggal", BUDI.born_on.day), ("Bulan", BUDI.born_on.month), ("Tahun", BUDI.born_on.year)):
        await desk.page.get_by_label(label, exact=True).fill(str(value))
    await desk.page.get_by_label("Layanan").select_option("skck-new")
    await press(desk, "Kirim kode persetujuan")
    await check_both(desk, "help-code")
    await drain(site.house)
    async with site.house.db.read() as connection:
        sent = (await list_outbox(connection, site.house.keys, to=BUDI.phone))[0].text
    await desk.page.get_by_label("Kode").fill(re.findall(r"\b\d{6}\b", sent)[0])
    await desk.page.locator("main form button").first.click()
    await check_both(desk, "help-tasks")
    base = desk.page.url.split("?")[0]
    described = (await site.client.get("/v1/services/skck-new")).json()
    for section in described["form"]["x-sections"]:
        await desk.page.goto(f"{base}/isian/{section['name']}")
        await check_both(desk, f"help-{section['name']}")
    await desk.page.goto(f"{base}/berkas/{described['documents'][0]['name']}")
    await check_both(desk, "help-paper")
    for place in ("jadwal", "periksa", "rekening"):
        await desk.page.goto(f"{base}/{place}")
        await check_both(desk, f"help-{place}")


@pytest.mark.usefixtures("opened")
async def test_offers_hours_and_closed_days(desk: Watcher, site: Site) -> None:
    await sign_in(desk, site, Role.SUPERVISOR)
    for name, path in (
        ("offers", "/counter/layanan"),
        ("closed-days", "/counter/jadwal/hari"),
        ("hours", "/counter/jadwal"),
    ):
        await desk.go(path)
        await check_both(desk, name)


async def test_readings_that_stopped(desk: Watcher, site: Site) -> None:
    await make.demo_set(site.house)
    await etle_desk.sign_in(desk, site, Role.SUPERVISOR)
    await desk.go("/counter/bacaan")
    await check_both(desk, "readings-empty")
    camera = await make.camera(site.house, site.client)
    for number in range(3):
        sent = await camera.send(
            make.photograph(seed=number),
            at=site.house.clock.now() - timedelta(minutes=number),
            location="Simpang Harmoni",
        )
        assert sent.status_code == 202
    async with site.house.db.begin(SYSTEM) as tx:
        dead = {"state": TurnState.DEAD, "tries": 8, "problem": "upstream-unavailable", "due_at": tx.now}
        await tx.session.execute(update(ReadingTurn).values(**dead))
    await desk.go("/counter/bacaan")
    await check_both(desk, "readings")
    await desk.page.get_by_role("button", name=re.compile("^Baca lagi.*Kamera")).first.click()
    await check_both(desk, "readings-again")


async def test_a_second_look_at_a_case(desk: Watcher, site: Site) -> None:
    house = site.house
    await make.demo_set(house)
    await let_few_be_enough(house)
    ids = [
        await make.letter_sent(house, at=house.clock.now() - timedelta(hours=2 + number), location="Simpang Buruk")
        for number in range(3)
    ]
    await annul(house, ids[2])
    await second_look.look_again(house)
    await etle_desk.sign_in(desk, site, Role.SENIOR_OFFICER)
    await desk.go("/counter")
    await check_both(desk, "tasks-second-look")
    await desk.go(f"/counter/cases/{ids[0]}")
    await check_both(desk, "second-look")
    await desk.page.get_by_role("button", name="Tetap berlaku").click()
    await check_both(desk, "second-look-errors")
    await desk.go("/transparansi")
    await check_both(desk, "transparency-second-looks")


async def test_the_shield_from_the_owner_to_the_officer(desk: Watcher, site: Site) -> None:
    house = site.house
    await make.demo_set(house)
    await sign_in_citizen(desk, site)
    await desk.go("/saya/perisai")
    await check_both(desk, "shields-empty")
    await press(desk, "Daftarkan")
    await check_both(desk, "shields-errors")
    await desk.page.get_by_label("Pelat nomor").fill("B 1234 XYZ")
    await desk.page.get_by_label("Warna kendaraan").fill("Hitam")
    await desk.page.get_by_label("Ciri-ciri").fill("Penyok di pintu kiri")
    for name, seed in (("front", 11), ("rear", 12)):
        file = {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": make.photograph(seed=seed)}
        await desk.page.locator(f"#{name}").set_input_files(files=[file])  # type: ignore[list-item]
    await press(desk, "Daftarkan")
    await check_both(desk, "shields")
    case_id = await make.case_of(house, await make.capture(house, at=house.clock.now() - timedelta(hours=5)))
    assert case_id is not None
    officer = await make.officer_of(house, case_id)
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, Decision(action="start_review"))
    await etle_desk.sign_in(desk, site, Role.OFFICER, UUID(officer.id))
    await desk.go(f"/counter/cases/{case_id}")
    await check_both(desk, "case-shield")
    await desk.page.get_by_role("radio", name="Pelanggaran benar").check()
    await press(desk, "Simpan keputusan")
    await check_both(desk, "case-shield-errors")


@pytest.mark.usefixtures("opened")
async def test_the_steps_that_a_citizen_seldom_takes(phone: Watcher, site: Site) -> None:
    citizen = await Desk(site.house, site.client, demo.BUDI).sign_in()
    draft = await citizen.hand_in(await citizen.draft("sim-renewal", sim_class="A"))
    await sign_in_citizen(phone, site)
    base = f"/permohonan/{draft['id']}"
    await phone.go(f"{base}/pembebasan")
    await phone.check("exemption")
    await phone.go(f"{base}/batal")
    await phone.check("discard")
    await citizen.submit(draft["id"])
    await phone.go(f"{base}/buka-lagi")
    await phone.check("reopen")
    await phone.go("/permohonan/mulai?service=skck-new")
    await phone.page.get_by_label("Nama kota atau Polres").fill("jakarta selatan")
    await press(phone, "Cari")
    await phone.page.get_by_role("radio", name="Polres Metro Jakarta Selatan").check()
    await phone.page.get_by_role("radio", name="Anggota kartu keluarga saya").check()
    siti = demo.PEOPLE[demo.SITI]
    await phone.page.get_by_label("NIK anggota keluarga").fill(siti.nik)
    await phone.page.get_by_label("Nomor kartu keluarga").fill(siti.kk_no)
    for label, value in (("Tanggal", siti.born_on.day), ("Bulan", siti.born_on.month), ("Tahun", siti.born_on.year)):
        await phone.page.get_by_label(label, exact=True).fill(str(value))
    await press(phone, "Mulai")
    await phone.check("begin-not-family")
