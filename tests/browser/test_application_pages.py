"""Applying with a cheap phone: from the service's page to the submitted application with an error on the way, and what follows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Route, expect

from app.core.actor import SYSTEM
from app.routers.http.guards import SESSION_COOKIE
from app.services import appointments
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper
from tests.browser.conftest import Site, Watcher
from tests.signing_in import citizen_session

pytestmark = pytest.mark.browser
ELSEWHERE = {"sim-international": "KORLANTAS"}
BUDI = demo.PEOPLE[demo.BUDI]
PIECE = 64 * 1024
"""Of `loket.js`."""


async def sign_in(phone: Watcher, site: Site) -> None:
    _, token = await citizen_session(site.house, nik=BUDI.nik, phone=BUDI.phone)
    cookie = {"name": SESSION_COOKIE, "value": token, "url": site.url, "httpOnly": True}
    await phone.page.context.add_cookies([cookie])  # type: ignore[list-item]


async def press(phone: Watcher, name: str) -> None:
    await phone.page.get_by_role("button", name=name).click()


async def hand_in(phone: Watcher, name: str, data: bytes) -> None:
    await phone.page.locator("#file").set_input_files(
        files=[{"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": data}]
    )
    await press(phone, "Unggah")
    taken = phone.page.get_by_text("Berkas diterima.")
    await expect(taken.or_(phone.page.locator("[role=status] .govuk-error-message")).first).to_be_visible(
        timeout=60_000
    )


async def test_a_licence_is_renewed_in_one_sitting(phone: Watcher, site: Site) -> None:
    await make.demo_set(site.house)
    await opened_unit(site.house)
    await sign_in(phone, site)
    await phone.go("/layanan/sim-renewal")
    await phone.check("service")
    await phone.page.get_by_role("button", name="Mulai permohonan").first.click()
    await phone.page.get_by_label("Nama kota atau Polres").fill("jakarta selatan")
    await press(phone, "Cari")
    await phone.page.get_by_role("radio", name="Polres Metro Jakarta Selatan").check()
    await phone.check("begin")
    await phone.page.get_by_role("button", name="Mulai", exact=True).click()
    await phone.check("tasks")
    draft = phone.page.url
    await press(phone, "Lanjutkan: SIM")
    await phone.page.get_by_label("Golongan SIM").select_option("A")
    await press(phone, "Simpan dan lanjut")
    await expect(phone.page.get_by_label("Nomor SIM")).not_to_have_value("")
    await press(phone, "Simpan dan lanjut")
    await phone.page.get_by_label("Tinggi badan").fill("tinggi")
    await phone.page.get_by_role("radio", name="O", exact=True).check()
    await phone.page.get_by_label("Pekerjaan").fill("Guru")
    await press(phone, "Simpan dan lanjut")
    await expect(phone.page.locator(".govuk-error-summary")).to_be_focused()
    await phone.check("section-errors")
    await phone.page.get_by_label("Tinggi badan").fill("168")
    await press(phone, "Simpan dan lanjut")
    await expect(phone.page.get_by_label("Alamat kirim")).to_be_hidden()
    await phone.page.get_by_role("radio", name="Kirim lewat pos").check()
    await phone.check("section-open")
    await press(phone, "Simpan dan lanjut")
    await phone.page.goto(f"{draft}/berkas/photo")
    await hand_in(phone, "photo", paper("ktp"))
    await phone.check("paper-refused")
    for name, rule in (("photo", "sim"), ("ktp", None), ("old_sim", None), ("signature", "signature")):
        await phone.page.goto(f"{draft}/berkas/{name}")
        await hand_in(phone, name, paper(name, rule))
    await phone.check("paper")
    await phone.page.goto(f"{draft}/periksa")
    await phone.check("check")
    await press(phone, "Ajukan permohonan")
    await phone.check("done")
    assert await phone.page.get_by_text("Permohonan diajukan").count() > 0


async def test_the_forms_of_every_service_are_held_against_the_same_rules(phone: Watcher, site: Site) -> None:
    await make.demo_set(site.house)
    for unit in (POLRES, *ELSEWHERE.values()):
        await opened_unit(site.house, unit)
    desk = await Desk(site.house, site.client, demo.BUDI).sign_in()
    await sign_in(phone, site)
    services = [each["code"] for each in (await desk.get("/v1/services"))["items"]]
    assert len(services) == 13
    for code in services:
        described = await desk.get(f"/v1/services/{code}")
        made = await desk.post("/v1/applications", {"service": code, "unit": ELSEWHERE.get(code, POLRES)}, status=201)
        draft = f"/permohonan/{made['id']}"
        places = [f"isian/{each['name']}" for each in described["form"]["x-sections"]]
        places += [f"berkas/{each['name']}" for each in made["documents"][:1]]
        for place in ("", *places):
            await phone.go(f"{draft}/{place}".rstrip("/"))
            await phone.check(f"{code}-{place.replace('/', '-')}")


async def test_what_follows_and_what_everybody_may_open(phone: Watcher, site: Site) -> None:
    await make.demo_set(site.house)
    await opened_unit(site.house)
    desk = await Desk(site.house, site.client, demo.BUDI).sign_in()
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="private_employer"))
    await sign_in(phone, site)
    base = f"/permohonan/{draft['id']}"
    await phone.go(f"{base}/jadwal")
    await phone.check("slots")
    await phone.page.locator(".loket-slots button").first.click()
    await desk.submit(draft["id"])
    for name, path in (("bill", "/bayar"), ("messages", "/pesan"), ("account", "/rekening"), ("cancel", "/batal")):
        await phone.go(base + path)
        await phone.check(f"application-{name}")
    await desk.pay(draft["id"])
    await phone.go(base)
    await phone.check("application")
    async with site.house.db.begin(SYSTEM) as tx:
        await appointments.take_ticket(tx, POLRES, kind="skck_fingerprints")
        await appointments.take_ticket(tx, POLRES, kind="skck_fingerprints")
        await appointments.call_next(tx, POLRES, counter="3")
    for name, path in (
        ("applications", "/permohonan"),
        ("my-account", "/akun"),
        ("nik", "/akun/nik"),
        ("status", "/permohonan/status"),
        ("services", "/layanan"),
        ("standard", "/layanan/skck-new/standar"),
        ("statistics", "/statistik"),
        ("queue", f"/antrean/{POLRES}?diam=ya"),
        ("waiting-times", f"/antrean/{POLRES}/waktu-tunggu"),
        ("services-english", "/layanan?lang=en"),
        ("application-english", base),
    ):
        await phone.go(path)
        await phone.check(name)


async def test_a_scarce_day_the_waiting_list_and_a_full_board(phone: Watcher, site: Site) -> None:
    await make.demo_set(site.house)
    await opened_unit(site.house)
    async with site.house.db.begin(SYSTEM) as tx:
        known = (await appointments.windows_of(tx.session, POLRES))["skck_fingerprints"]
        scarce = [replace(each, drawn=each.weekday > 3, opens_days_before=3) for each in known]
        await appointments.set_windows(tx, POLRES, "skck_fingerprints", windows=scarce)
    desk = await Desk(site.house, site.client, demo.BUDI).sign_in()
    await sign_in(phone, site)
    base = f"/permohonan/{(await desk.draft('skck-new', purpose='private_employer'))['id']}/jadwal"
    await phone.go(base)
    await expect(phone.page.get_by_role("heading", name="Hari yang diundi")).to_be_visible()
    await phone.check("slots-drawn")
    await phone.page.get_by_role("checkbox").first.check()
    await phone.page.get_by_role("button", name="Ikut undian").first.click()
    await expect(phone.page.get_by_role("button", name="Ubah jam saya")).to_be_visible()
    await expect(phone.page.get_by_role("checkbox").first).to_be_checked()
    await phone.page.get_by_text("Tidak ada yang cocok? Daftar tunggu").click()
    today = site.house.clock.now() + timedelta(days=20)
    for group, day in (("Mulai hari", today), ("Sampai hari", today + timedelta(days=9))):
        fields = phone.page.get_by_role("group", name=group)
        for label, value in (("Tanggal", day.day), ("Bulan", day.month), ("Tahun", day.year)):
            await fields.get_by_label(label, exact=True).fill(str(value))
    await press(phone, "Masuk daftar tunggu")
    await phone.check("slots-waiting")
    vehicle = await desk.draft("stnk-annual", owner_nik=None)
    await phone.go(f"/permohonan/{vehicle['id']}/kendaraan-lain")
    await phone.check("another-vehicle")
    async with site.house.db.begin(SYSTEM) as tx:
        for number in range(18):
            await appointments.take_ticket(tx, POLRES, kind="skck_fingerprints" if number % 3 else "counter")
        for counter in ("1", "2", "SKCK 3"):
            await appointments.call_next(tx, POLRES, counter=counter)
    await phone.go(f"/antrean/{POLRES}?diam=ya")
    await phone.check("queue-full")


async def test_a_paper_goes_in_pieces_and_on_after_a_cut(phone: Watcher, site: Site) -> None:
    await make.demo_set(site.house)
    await opened_unit(site.house)
    desk = await Desk(site.house, site.client, demo.BUDI).sign_in()
    draft = await desk.draft("sim-renewal", sim_class="A")
    await sign_in(phone, site)
    sent: list[str] = []

    async def line(route: Route) -> None:
        """Cuts the second piece, and lets what follows through."""
        method = route.request.method
        sent.append(method)
        await (route.abort("connectionreset") if method == "PATCH" and sent.count(method) == 2 else route.continue_())

    await phone.page.route("**/v1/uploads/*", line)
    data = paper("old_sim")
    assert len(data) > 2 * PIECE
    await phone.go(f"/permohonan/{draft['id']}/berkas/old_sim")
    await hand_in(phone, "old_sim", data)
    await expect(phone.page.get_by_text("Berkas diterima.")).to_be_visible()
    assert "HEAD" in sent, "after the cut it asks where it stands"
    assert sent.count("PATCH") == -(-len(data) // PIECE) + 1
    seen = await desk.get(f"/v1/applications/{draft['id']}")
    assert {each["name"]: each["state"] for each in seen["documents"]}["old_sim"] == "accepted"
