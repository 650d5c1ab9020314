"""A citizen applies on pages alone: from the service's page to the submitted application, and what may go wrong on the way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import unescape
from uuid import UUID

import httpx
import pytest
import yaml

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.texts import Text
from app.main import create_app
from app.routers.http.guards import SESSION_COOKIE
from app.routers.pages import application_words as words
from app.routers.pages import applications as applications_page
from app.services import appointments, cases, catalogue, reference
from app.services.catalogue.parsing import EXEMPTIONS
from app.services.identity import people, sessions
from app.services.identity.roles import Role
from app.services.identity.sessions import SubjectKind
from app.services.registries import demo
from app.services.registries.imports import enter_person
from app.services.registries.lines import PersonLine
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper, registers_down
from tests.drain import drain
from tests.routers.pages.test_templates import APP
from tests.routers.pages.world import Browser
from tests.signing_in import citizen_session, last_code

BUDI, SITI = demo.PEOPLE[demo.BUDI], demo.PEOPLE[demo.SITI]
PERSON = {
    "form-citizenship": "WNI",
    "form-address": BUDI.address,
    "form-blood_type": "O",
    "form-height_cm": "168",
    "form-occupation": "Guru",
}


@dataclass
class Applicant(Browser):
    """A browser that holds every page it sees against what all pages must keep."""

    def sound(self) -> None:
        html = self.page.text
        assert html.count("<h1") == 1, self.path
        assert not re.search(r"<script(?![^>]*\bsrc=)", html)
        assert "<style" not in html
        assert not re.search(r"""<[^>]+\s(style|on[a-z]+)\s*=""", html)
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), (self.path, sorted({each for each in ids if ids.count(each) > 1}))

    async def get(self, path: str, status: int = 200) -> str:
        said = await super().get(path, status)
        if "text/html" in self.page.headers["content-type"]:
            self.sound()
        return said

    async def send(
        self,
        values: Mapping[str, str],
        *,
        to: str | None = None,
        status: int = 200,
        file: tuple[str, bytes] | None = None,
    ) -> str:
        hidden = dict(re.findall(r'<input type="hidden" name="(seen|once|version)" value="([^"]*)"', self.page.text))
        said = await super().send({**hidden, **values}, to=to, status=status, file=file)
        self.sound()
        return said

    async def raw(self, values: Mapping[str, str], to: str) -> httpx.Response:
        """The same form once more, without looking at where it leads."""
        return await self.client.post(to, data={"_token": self.token(), **values}, follow_redirects=False)

    @property
    def once(self) -> str:
        found = re.search(r'name="once" value="([^"]+)"', self.page.text)
        assert found is not None
        return found[1]


async def browser_for(house: House, person: demo.DemoPerson) -> Applicant:
    """Somebody's browser, signed in; the account is bound to their NIK."""
    made = Applicant.of(create_app(house))
    _, token = await citizen_session(house, nik=person.nik, phone=person.phone)
    made.client.cookies.set(SESSION_COOKIE, token)
    assert isinstance(made, Applicant)
    return made


@pytest.fixture
async def budi(house: House) -> Applicant:
    """Budi with a browser, and a unit that is open."""
    await make.demo_set(house)
    await opened_unit(house)
    return await browser_for(house, BUDI)


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient, budi: Applicant) -> Desk:
    """The same Budi over JSON, and everybody at the unit."""
    return await Desk(house, client, demo.BUDI).sign_in()


async def begun(budi: Applicant, service: str = "sim-renewal") -> str:
    """A fresh draft; gives the address of its page."""
    await budi.get(f"/permohonan/mulai?service={service}&unit={POLRES}")
    await budi.send({"service": service, "unit": POLRES, "who": "self"}, to="/permohonan/mulai")
    return budi.path


async def filled_in(budi: Applicant) -> str:
    """A renewal with everything that is asked for."""
    base = await begun(budi)
    await budi.get(f"{base}/isian/licence")
    await budi.send({"form-sim_class": "A", "form-licence_no": ""})
    await budi.get(f"{base}/isian/person")
    await budi.send(PERSON)
    await budi.get(f"{base}/isian/delivery")
    await budi.send({"form-delivery": "post", "form-delivery_address": BUDI.address})
    for name, rule in (("ktp", None), ("old_sim", None), ("photo", "sim"), ("signature", "signature")):
        await budi.get(f"{base}/berkas/{name}")
        await budi.send({}, file=(f"{name}.jpg", paper(name, rule)))
    return base


# --- before the first question --------------------------------------------------------------------------------------------


async def test_a_service_shows_what_it_costs_needs_and_where(house: House, budi: Applicant) -> None:
    said = await budi.get("/layanan")
    for title in ("Perpanjangan SIM", "SKCK baru", "Pengesahan STNK tahunan"):
        assert title in said
    said = await budi.get("/layanan/sim-renewal")
    for part in ("Rp30.000 sampai Rp80.000", "Rp37.500", "Pasfoto latar biru", "UU 22/2009", "Belum bisa diperpanjang"):
        assert part in said
    async with house.db.begin(SYSTEM) as tx:
        unit = await reference.unit(tx.session, POLRES)
        await catalogue.suspend(tx, unit, "sim-renewal", Text("Pindah gedung", "Moving house"), None)
    said = await budi.get("/layanan/sim-renewal?nama=jakarta+selatan&polda=PMJ&lang=en")
    assert "Moving house" in said
    assert "Legal basis" in said
    assert "Maklumat pelayanan" in await budi.get("/layanan/skck-new/standar?lang=id")
    more = re.search(
        r'href="(/layanan/sim-renewal\?after=[^"]+)"', (await budi.client.get("/layanan/sim-renewal")).text
    )
    assert more is not None
    await budi.get(unescape(more[1]))
    await budi.get("/layanan/tidak-ada", 404)
    await budi.get("/layanan/sim-renewal?nama=%00x%F0%9F%98%80&polda=%00")


async def test_who_says_a_few_things_is_told_what_is_theirs_and_not_asked_again(house: House, budi: Applicant) -> None:
    said = await budi.get("/layanan/skck-new")
    assert "Tergantung jawaban Anda atas: Untuk keperluan apa?; Kewarganegaraan" in said
    assert "Bila diperlukan" not in said
    said_of_me = {
        "citizenship": "WNI",
        "purpose": "work_abroad",
        "prints_on_file": "false",
        "delivery": "digital",
    }
    query = "&".join(f"form-{name}={value}" for name, value in said_of_me.items())
    said = await budi.get(f"/layanan/skck-new?{query}")
    for shown in ("Diurus oleh: Polda", "Paspor", "Pasfoto 4x6 latar merah", "Rp30.000", "Kosongkan jawaban"):
        assert shown in said, shown
    for hidden in ("Pasfoto 4x6 latar kuning", "Surat sponsor", "Kartu rumus sidik jari", "Rp60.000", "Tergantung"):
        assert hidden not in said, hidden
    begin = re.search(r'href="(/permohonan/mulai\?[^"]*unit=[^"]+)"', budi.page.text)
    assert begin is not None
    await budi.get(unescape(begin[1]))
    carried = dict(re.findall(r'<input type="hidden" name="(form-[a-z_]+)" value="([^"]*)"', budi.page.text))
    assert carried == {f"form-{name}": value for name, value in said_of_me.items()}
    await budi.send({"service": "skck-new", "unit": POLRES, "who": "self", **carried}, to="/permohonan/mulai")
    await budi.get(f"{budi.path}/isian/purpose")
    assert 'value="work_abroad" selected' in budi.page.text
    for nonsense in ("form-purpose=%00", "form-purpose=mars&form-citizenship=", "form-nothing=1&form-prints_on_file=x"):
        await budi.get(f"/layanan/skck-new?{nonsense}")


async def test_an_account_confirms_its_nik_and_goes_on_where_it_was(house: House) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    browser = Applicant.of(create_app(house))
    async with house.db.begin(SYSTEM) as tx:
        person = await people.know_external(tx, "issuer|somebody")
        token = await sessions.open_session(tx, SubjectKind.CITIZEN, person, amr=("otp",))
    browser.client.cookies.set(SESSION_COOKIE, token)
    assert "Konfirmasi NIK dahulu" in await browser.get("/permohonan/mulai?service=skck-new", 403)
    assert "belum dikonfirmasi" in await browser.get("/permohonan")
    await browser.get("/akun/nik?next=/permohonan/mulai?service=skck-new")
    next_page = {"next": "/permohonan/mulai?service=skck-new"}
    said = await browser.send({"nik": "123\0", "kk_no": "x" * 6000, "born_on-day": "40", **next_page}, status=422)
    assert "tidak bisa disimpan" in said
    born = {f"born_on-{part}": str(getattr(BUDI.born_on, part)) for part in ("day", "month", "year")}
    assert "Bukan NIK" in await browser.send({"nik": "123", "kk_no": BUDI.kk_no, **next_page, **born}, status=422)
    claim = {"nik": BUDI.nik, "kk_no": BUDI.kk_no, **next_page}
    await browser.send(claim | born)
    assert browser.path == "/akun/nik/kode"
    assert "tidak cocok" in await browser.send({"code": "000000", **next_page}, status=422)
    await browser.send({"code": await last_code(house), **next_page})
    assert browser.path == "/permohonan/mulai"
    assert BUDI.nik not in await browser.get("/akun"), "masked even here"


async def test_a_draft_is_begun_once_however_often_it_is_pressed(budi: Applicant) -> None:
    await budi.get(f"/permohonan/mulai?service=sim-renewal&unit={POLRES}")
    form = {"service": "sim-renewal", "unit": POLRES, "who": "self", "once": budi.once}
    places = {(await budi.raw(form, "/permohonan/mulai")).headers["location"] for _ in range(3)}
    assert len(places) == 1
    assert "Lanjutkan draf" in await budi.get("/permohonan/mulai?service=sim-renewal"), "a second one is said"
    said = await budi.send({**form, "unit": "TIDAK-ADA"}, to="/permohonan/mulai", status=422)
    assert "Pilih kesatuan." in said
    said = await budi.send({**form, "who": "family", "nik": "1"}, to="/permohonan/mulai", status=422)
    assert "Bukan nomor KK" in said
    await budi.send({**form, "service": "x\0"}, to="/permohonan/mulai", status=404)


async def test_an_adult_of_the_family_is_asked_for_a_code_on_a_page_of_its_own(house: House, budi: Applicant) -> None:
    born_on = date(1988, 3, 12)
    wife = PersonLine("3174015203881101", "Ani Contoh", born_on, BUDI.kk_no, "Jalan Contoh No. 1", "+6281200000981")
    async with house.db.begin(SYSTEM) as tx:
        await enter_person(tx, wife)
    await budi.get(f"/permohonan/mulai?service=skck-new&unit={POLRES}")
    born = {"born_on-day": "12", "born_on-month": "3", "born_on-year": "1988"}
    form = {"service": "skck-new", "unit": POLRES, "who": "family", "nik": wife.nik, "kk_no": wife.kk_no, **born}
    said = await budi.send(form, to="/permohonan/mulai")
    assert "Persetujuan anggota keluarga" in said
    assert "+6281200000981" not in budi.page.text
    filled = {**form, "sent_to": "x"}
    assert "Ketik kode" in await budi.send(filled, to="/permohonan/mulai", status=422)
    assert "Kode atau nomor formulir salah" in await budi.send(
        {**filled, "code": "000000"}, to="/permohonan/mulai", status=422
    )
    await budi.send({**filled, "code": await last_code(house)}, to="/permohonan/mulai")
    assert re.fullmatch(r"/permohonan/[0-9a-f-]{36}", budi.path)


async def test_a_child_of_the_card_is_applied_for_by_its_parent_alone(house: House, budi: Applicant) -> None:
    niece = PersonLine("3174015204121103", "Ina Contoh", date(2012, 4, 12), BUDI.kk_no, "Jalan Contoh No. 1")
    async with house.db.begin(SYSTEM) as tx:
        await enter_person(tx, niece)
    putri = demo.PEOPLE[demo.PUTRI]
    await budi.get(f"/permohonan/mulai?service=skck-new&unit={POLRES}")
    for child, born, status in ((niece, "12 4 2012", 422), (putri, "18 4 2013", 200)):
        day, month, year = born.split()
        values = {
            "born_on-day": day,
            "born_on-month": month,
            "born_on-year": year,
            "nik": child.nik,
            "kk_no": child.kk_no,
        }
        form = {"service": "skck-new", "unit": POLRES, "who": "family", **values}
        said = await budi.send(form, to="/permohonan/mulai", status=status)
        assert ("hanya ayah, ibu, atau wali yang tercatat di Dukcapil dapat mengajukan" in said) is (status == 422)
    assert re.fullmatch(r"/permohonan/[0-9a-f-]{36}", budi.path)


# --- the form ------------------------------------------------------------------------------------------------------------


async def test_what_is_right_is_kept_what_is_wrong_is_named_and_nothing_typed_is_lost(
    house: House, budi: Applicant
) -> None:
    base = await begun(budi)
    await budi.get(f"{base}/isian/person")
    wrong = {**PERSON, "form-height_cm": "tinggi", "form-blood_type": "Z<b>", "form-occupation": "a\0b"}
    said = await budi.send(wrong, status=422)
    assert "Pekerjaan: ada huruf yang tidak dapat dipakai" in said
    said = await budi.send({**wrong, "form-occupation": "Guru"}, status=422)
    assert "Tinggi badan (cm): isi dengan bilangan bulat" in said
    assert "Golongan darah: pilih dari" in said
    assert 'value="tinggi"' in budi.page.text, "what was typed is there"
    elsewhere = await browser_for(house, BUDI)
    await elsewhere.get(f"{base}/isian/person")
    assert 'value="Guru"' in elsewhere.page.text, "what was right is saved, and there on another device"
    await budi.send({**PERSON, "form-address": "x" * 9000}, status=422)
    await budi.send({**PERSON, "do": "later"})
    assert "Tersimpan." in budi.text
    assert (await budi.client.get(f"{base}/isian/tidak-ada")).status_code == 404
    stranger = await browser_for(house, SITI)
    for page in (
        "",
        "/isian/person",
        "/berkas/photo",
        "/periksa",
        "/bayar",
        "/pesan",
        "/rekening",
        "/jadwal",
        "/riwayat",
    ):
        await stranger.get(base + page, 404)


async def test_what_a_register_knows_is_filled_in_and_one_answer_opens_the_next_question(budi: Applicant) -> None:
    base = await begun(budi)
    await budi.get(f"{base}/isian/licence")
    assert "wajib diisi" not in await budi.send({"form-sim_class": "A", "form-licence_no": ""})
    assert "Sebagian kami isikan dari data resmi" in budi.text
    assert 'name="form-licence_no" type="text" spellcheck="false" value="99' in budi.page.text, "his licence's number"
    await budi.get(f"{base}/isian/delivery")
    assert "govuk-radios__conditional" in budi.page.text
    said = await budi.send({"form-delivery": "pickup"}, status=422)
    assert "Siapa yang mengambil: pilih salah satu" in said


async def test_a_program_is_filled_in_for_as_the_page_is(budi: Applicant, desk: Desk) -> None:
    made = await desk.post("/v1/applications", {"service": "sim-renewal", "unit": POLRES}, status=201)
    assert "licence_no" not in made["form"]
    patched = await desk.patch(made["id"], {"sim_class": "A"})
    assert patched["form"]["licence_no"].startswith("99"), "the class led to the number of his licence"
    assert (await desk.patch(made["id"], {"licence_no": "123456789012"}))["form"]["licence_no"] == "123456789012"


async def test_a_further_vehicle_takes_along_what_is_the_persons_own(budi: Applicant, desk: Desk) -> None:
    first = await desk.hand_in(await desk.draft("stnk-annual", plate="B1234XYZ", owner_nik=None))
    page = f"/permohonan/{first['id']}/kendaraan-lain"
    assert "Kendaraan lain dengan isian yang sama" in await budi.get(f"/permohonan/{first['id']}")
    await budi.get(page)
    assert "B1234XYZ" not in budi.page.text
    said = await budi.send({"form-plate": "BUKAN PLAT", "form-chassis_tail": ""}, to=page, status=422)
    assert "5 angka terakhir nomor rangka" in said
    assert 'value="BUKAN PLAT"' in budi.page.text
    await budi.send({"form-plate": "B 2468 KJL", "form-chassis_tail": "00002", "form-owner_nik": ""}, to=page)
    sent = {"form-plate": "B 1357 EFG", "form-chassis_tail": "00003", "form-owner_nik": "", "once": budi.once}
    places = {(await budi.raw(sent, page)).headers["location"] for _ in range(2)}
    assert len(places) == 1, "pressed twice it makes one"
    reference = places.pop().partition("=")[2]
    listed = await desk.get("/v1/applications")
    assert len(listed["applications"]) == 3
    other = await desk.get(
        f"/v1/applications/{next(each['id'] for each in listed['applications'] if each['reference'] == reference)}"
    )
    assert (other["form"]["plate"], other["form"]["delivery"], "owner_nik" in other["form"]) == (
        "B1357EFG",
        "digital",
        False,
    )
    assert {each["name"]: each["state"] for each in other["documents"]} == {"ktp": "accepted", "stnk": "missing"}
    renewal = await begun(budi)
    await budi.get(f"{renewal}/kendaraan-lain")
    assert budi.path == renewal, "a licence has no vehicle"


async def test_two_tabs_show_both(budi: Applicant) -> None:
    base = await begun(budi)
    await budi.get(f"{base}/isian/person")
    seen = re.search(r'name="seen" value="([^"]+)"', budi.page.text)
    assert seen is not None
    await budi.raw({**PERSON, "seen": seen[1]}, f"{base}/isian/person")
    again = await budi.raw({**PERSON, "seen": seen[1]}, f"{base}/isian/person")
    assert again.status_code == 303, "the same once more is no conflict"
    said = await budi.send({**PERSON, "form-occupation": "Petani", "seen": seen[1]}, status=409)
    assert "Yang tersimpan sekarang: Guru" in said
    assert 'value="Petani"' in budi.page.text
    await budi.send({**PERSON, "form-occupation": "Petani"})
    await budi.get(f"{base}/isian/person")
    assert 'value="Petani"' in budi.page.text


# --- papers --------------------------------------------------------------------------------------------------------------


async def test_a_picture_is_refused_at_once_with_an_example_of_a_good_one(house: House, budi: Applicant) -> None:
    base = await begun(budi)
    assert "Contoh yang baik" in await budi.get(f"{base}/berkas/photo")
    assert "Pilih berkas dahulu." in await budi.send({}, status=422)
    for bad in (b"", b"%PDF-1.4 not one", b"\xff\xd8\xff broken", b"x" * (5 * 1024 * 1024)):
        await budi.send({}, file=("foto.jpg", bad), status=422)
    said = await budi.send({}, file=("foto.jpg", paper("ktp")), status=422)
    assert "Kepala dan bahu" in said
    assert "Berkas diterima." in await budi.send({}, file=("foto.jpg", paper("photo", "sim")))
    small = await budi.client.get(f"{base}/berkas/photo/pratinjau.jpg")
    assert (small.status_code, small.content[:3]) == (200, b"\xff\xd8\xff")
    assert small.headers["cache-control"] == "no-store"
    stranger = await browser_for(house, SITI)
    assert (await stranger.client.get(f"{base}/berkas/photo/pratinjau.jpg")).status_code == 404
    other = await begun(budi)
    await budi.get(f"{other}/berkas/photo")
    again = re.search(r'name="again" value="([^"]+)"', budi.page.text)
    assert again is not None
    assert "Berkas diterima." in await budi.send({"again": again[1]})
    await budi.send({"again": "x\0"}, status=422)
    await budi.get(f"{base}/berkas/tidak-ada", 404)


async def test_a_paper_that_is_wanted_because_a_register_is_silent_has_its_page(
    house: House, budi: Applicant, desk: Desk
) -> None:
    base = await filled_in(budi)
    async with registers_down(house, "jkn") as broken:
        waiting = await browser_for(broken, BUDI)
        assert "Serahkan Bukti JKN aktif." in await waiting.get(f"{base}/periksa")
        assert f'href="{base}/berkas/jkn_proof"' in waiting.page.text
        await waiting.get(f"{base}/berkas/jkn_proof")
        assert "Berkas diterima." in await waiting.send({}, file=("jkn.jpg", paper("jkn_proof")))
        await waiting.get(f"{base}/periksa")
        await waiting.send({})
        assert waiting.path == f"{base}/selesai"
        assert await desk.state(base.rsplit("/", 1)[1]) == "manual_check"


# --- check, submit, pay --------------------------------------------------------------------------------------------------


async def test_the_whole_way_and_everything_once(house: House, budi: Applicant, desk: Desk) -> None:
    base = await filled_in(budi)
    id = base.rsplit("/", 1)[1]
    said = await budi.get(f"{base}/periksa")
    assert "Lolos" in said
    assert "Jumlah yang dibayar di sini Rp80.000" in said
    form = {"version": re.findall(r'name="version" value="(\d+)"', budi.page.text)[0]}
    answers = [await budi.raw(form, f"{base}/periksa") for _ in range(3)]
    assert {each.headers["location"] for each in answers} == {f"{base}/selesai"}
    assert "Permohonan diajukan" in await budi.get(f"{base}/selesai?lang=en") or "Application submitted" in budi.text
    await budi.get(f"{base}/bayar?lang=id")
    await desk.pay(id)
    await drain(house)
    assert "Pembayaran diterima" in await budi.get(f"{base}/bayar")
    assert "CEK" in await budi.get(base)
    await budi.get(f"{base}/isian/person")
    assert budi.path == base, "closed now"
    said = await budi.get(f"{base}/batal")
    assert "semua uang kembali" in said
    await budi.send({})
    assert "Permohonan dibatalkan." in budi.text
    assert "Rp80.000" in await budi.get(f"{base}/rekening")
    await budi.get(f"{base}/bukti")
    await budi.get(f"{base}/riwayat")
    assert (await budi.client.get(f"{base}/bukti.json")).headers["content-type"].startswith("application/json")


async def test_what_is_missing_leads_to_its_page_and_a_second_one_is_made_only_when_meant(
    house: House, budi: Applicant, desk: Desk
) -> None:
    base = await begun(budi)
    said = await budi.get(f"{base}/periksa")
    assert "Ajukan permohonan" not in said
    for hasty in ("akan ditolak", "tidak ada di data Korlantas", "Rp0"):
        assert hasty not in said, "nobody has said of which class yet"
    assert "Biayanya terlihat di sini setelah isian lengkap" in said
    assert f'href="{base}/berkas/photo"' in budi.page.text
    assert f'href="{base}/isian/person#form-occupation"' in budi.page.text
    first = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    await desk.submit(first["id"])
    second = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    page = f"/permohonan/{second['id']}/periksa"
    await budi.get(page)
    said = await budi.send({}, status=409)
    assert f"Permohonan {first['reference']} untuk hal yang sama sedang berjalan" in said
    await budi.send({"duplicate": "yes"})
    assert budi.path == f"/permohonan/{second['id']}/selesai"
    await budi.get(f"/permohonan/{second['id']}/buka-lagi")
    await budi.send({})
    assert "Semua isian masih ada." in budi.text
    await desk.patch(second["id"], {"occupation": "Petani"})
    await budi.get(page)
    version = re.findall(r'name="version" value="(\d+)"', budi.page.text)[0]
    await desk.patch(second["id"], {"occupation": "Guru"})
    assert "diubah di tab atau perangkat lain" in await budi.send({"version": version}, status=412)
    assert "Guru" in budi.text, "what it says by now"


async def test_what_would_be_refused_is_said_before_any_money(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.TONO).sign_in()
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="C"))
    tono = await browser_for(house, demo.PEOPLE[demo.TONO])
    said = await tono.get(f"/permohonan/{draft['id']}/periksa")
    assert "JKN (BPJS Kesehatan) Anda belum aktif" in said
    assert "belum ada yang perlu dibayar" in said
    said = await tono.send({}, status=422)
    assert "Belum dapat diajukan" in said


async def test_an_exemption_is_claimed_and_an_account_given(budi: Applicant) -> None:
    base = await filled_in(budi)
    await budi.get(f"{base}/pembebasan")
    await budi.send({"ground": "semua"}, status=422)
    await budi.send({"ground": "poor"})
    said = await budi.get(f"{base}/periksa")
    assert "dibebaskan (Rp80.000)" in said
    assert "Jumlah yang dibayar di sini Rp0" in said
    await budi.get(f"{base}/rekening")
    await budi.send({"bank_code": "x\0", "number": "1", "holder": ""}, status=422)
    await budi.send({"bank_code": "002", "number": "1234567890", "holder": BUDI.name})
    assert "Rekening tersimpan." in budi.text


# --- after it is handed in -----------------------------------------------------------------------------------------------


async def test_a_mark_leads_to_just_that_field_and_paper(house: House, budi: Applicant, desk: Desk) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    marks = [
        {"pointer": "/form/occupation", "code": "data_mismatch", "words": "KTP tertulis lain <b>"},
        {"pointer": "/documents/photo", "code": "photo"},
    ]
    await desk.act(draft["id"], Role.OFFICER, "ask_correction", marks=marks)
    base = f"/permohonan/{draft['id']}"
    assert "Perbaiki: Pekerjaan" in await budi.get(base)
    await budi.get(f"{base}/isian/person")
    assert "KTP tertulis lain <b>" in budi.text
    assert "form-height_cm" not in budi.page.text, "nothing else is asked"
    await budi.send({"form-occupation": "Petani"})
    await budi.get(f"{base}/isian/licence")
    assert budi.path == base
    await budi.get(f"{base}/periksa")
    assert "Belum diperbaiki" in await budi.send({}, status=422)
    await budi.get(f"{base}/berkas/photo")
    same = paper("photo", "sim")
    assert "sama dengan yang ditandai" in await budi.send({}, file=("foto.jpg", same), status=422)
    await budi.send({}, file=("foto.jpg", paper("other photo")))
    await budi.get(f"{base}/periksa")
    await budi.send({})
    assert "Perbaikan terkirim." in budi.text
    await desk.act(draft["id"], Role.OFFICER, "approve")
    await drain(house)
    assert "Unduh dokumen" in await budi.get(base)
    assert (await budi.client.get(f"{base}/dokumen.pdf")).content.startswith(b"%PDF")
    assert "Petugas" in await budi.get(f"{base}/riwayat")


async def test_messages_are_sent_once_and_read_when_they_are_looked_at(
    house: House, budi: Applicant, desk: Desk
) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    page = f"/permohonan/{draft['id']}/pesan"
    await budi.get(page)
    assert "Tulis pesannya" in await budi.send({"text": " "}, status=422)
    await budi.send({"text": "x" * 2001}, status=422)
    await budi.send({"text": "a\0b"}, status=422)
    await budi.send({"text": "Halo"}, file=("x.exe", b"MZ"), status=422)
    assert "bukan JPEG, PNG, WebP atau PDF" in budi.text
    form = {"text": "Apakah foto saya cukup?", "once": budi.once}
    for _ in range(3):
        assert (await budi.raw(form, page)).status_code == 303
    assert (await budi.get(page)).count("Apakah foto saya cukup?") == 1
    await budi.send({"text": ""}, file=("bukti <b>.jpg", paper("ktp")))
    href = re.search(rf'href="({page}/[0-9a-f-]{{36}})"', budi.page.text)
    assert href is not None
    assert (await budi.client.get(href[1])).headers["content-disposition"].startswith("attachment")
    headers = await desk.staff(Role.OFFICER, POLRES)
    case = f"/v1/counter/cases/{draft['id']}"
    await desk.client.get(case, headers=headers, params={"purpose": "menjawab pesan"})
    await desk.client.post(f"{case}/messages", headers=headers, json={"text": "Cukup."})
    assert "(1 baru)" in await budi.get(f"/permohonan/{draft['id']}")
    assert "Cukup." in await budi.get(page)
    assert "baru)" not in await budi.get(f"/permohonan/{draft['id']}")


async def test_a_time_is_chosen_moved_let_go_and_waited_for(house: House, budi: Applicant, clock: FixedClock) -> None:
    page = f"{await begun(budi, 'skck-new')}/jadwal"
    await budi.get(page)
    times = re.findall(r'name="starts_at" value="([^"]+)"', budi.page.text)
    assert "Pilih jam dahulu." in await budi.send({"starts_at": "besok\0"}, status=422)
    await budi.send({"starts_at": "0001-01-01T00:00:00+00:00"}, status=422)
    await budi.get(page)
    await budi.send({"starts_at": times[0]})
    assert "Jadwal tersimpan." in budi.text
    await budi.get(page)
    await budi.send({"starts_at": times[1]})
    await budi.get(page)
    assert "Pindah ke waktu lain" in budi.text
    await budi.send({}, to=f"{page}/lepas")
    assert "Jadwal dilepas." in budi.text
    await budi.get(page)
    await budi.send({"first-day": "x"}, to=f"{page}/tunggu", status=422)
    await budi.get(page)
    first, last = clock.now() + timedelta(days=40), clock.now() + timedelta(days=60)
    range_ = {f"{name}-{part}": str(getattr(at, part)) for name, at in (("first", first), ("last", last)) for part in ("day", "month", "year")}  # fmt: skip
    await budi.send(range_, to=f"{page}/tunggu")
    assert "Anda di daftar tunggu" in budi.text
    await budi.send({"do": "stop"}, to=f"{page}/tunggu")
    assert "Anda di daftar tunggu" not in budi.text
    await budi.send({"day": "2026-03-05"}, to=f"{page}/undi", status=422)
    await budi.get(f"{page}?mulai=9999-12-31")
    await budi.get(f"{page}?mulai=0001-01-01")


async def test_a_place_that_is_held_for_who_has_paid_is_taken_by_one_press(
    house: House, budi: Applicant, desk: Desk
) -> None:
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="private_employer"))
    booked = await desk.book(draft["id"], "skck-new", POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    page = f"/permohonan/{draft['id']}/jadwal"
    async with house.db.begin(SYSTEM) as tx:
        await appointments.release(tx, UUID(draft["id"]), why="test")
        until = tx.now + timedelta(minutes=30)
        starts_at = datetime.fromisoformat(booked["starts_at"])
        place = {"unit": POLRES, "kind": "skck_fingerprints", "starts_at": starts_at}
        await appointments.hold(tx, UUID(draft["id"]), **place, until=until)
    assert "Ambil tempat ini" in await budi.get(f"/permohonan/{draft['id']}")
    assert "Ambil sebelum itu" in await budi.get(page)
    taken = re.search(r'<input type="hidden" name="starts_at" value="([^"]+)"', budi.page.text)
    assert taken is not None
    await budi.send({"starts_at": taken[1]}, to=page)
    assert "Jadwal tersimpan." in budi.text
    assert "Sudah pasti." in await budi.get(page)


async def test_who_has_missed_twice_reads_that_the_money_comes_back(
    budi: Applicant, desk: Desk, clock: FixedClock
) -> None:
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="private_employer"))
    await desk.book(draft["id"], "skck-new", POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await desk.act(draft["id"], Role.OFFICER, "call_in")
    page = f"/permohonan/{draft['id']}"
    for said, chooses in (("Pilih jadwal baru satu kali lagi", True), ("dua kali tidak datang", False)):
        clock.advance(timedelta(days=4))
        await cases.sweep(desk.house)
        await desk.sign_in()
        budi = await browser_for(desk.house, BUDI)
        assert said in await budi.get(page)
        assert (f'href="{page}/jadwal"' in budi.page.text) is chooses
        if chooses:
            await desk.book(draft["id"], "skck-new", POLRES)


async def test_a_scarce_day_is_asked_for_and_the_ask_withdrawn(
    house: House, budi: Applicant, clock: FixedClock
) -> None:
    async with house.db.begin(SYSTEM) as tx:
        window = (await appointments.windows_of(tx.session, POLRES))["skck_fingerprints"][0]
        drawn = [
            appointments.Window(
                **{name: getattr(window, name) for name in appointments.Window.__slots__}
                | {"weekday": day, "drawn": True, "opens_days_before": 3}
            )
            for day in range(1, 8)
        ]
        await appointments.set_windows(tx, POLRES, "skck_fingerprints", windows=drawn)
    page = f"{await begun(budi, 'skck-new')}/jadwal"
    assert "Hari yang diundi" in await budi.get(page)
    day = re.findall(r'name="day" value="([^"]+)"', budi.page.text)[0]
    wish = re.findall(r'name="wishes" type="checkbox" value="([^"]+)"', budi.page.text)[0]
    await budi.send({"day": day, "wishes": wish}, to=f"{page}/undi")
    assert "Anda ikut undian" in budi.text
    await budi.send({"do": "stop"}, to=f"{page}/undi")
    assert "Anda ikut undian" not in budi.text


# --- for everybody -------------------------------------------------------------------------------------------------------


async def test_the_status_needs_reference_and_day_of_birth(house: House, budi: Applicant, desk: Desk) -> None:
    draft = await desk.draft("sim-renewal", sim_class="A")
    anybody = Applicant.of(create_app(house))
    await anybody.get(f"/permohonan/status?ref={draft['reference']}")
    born = {f"born_on-{part}": str(getattr(BUDI.born_on, part)) for part in ("day", "month", "year")}
    assert "Perpanjangan SIM" in await anybody.send({"reference": draft["reference"].lower(), **born})
    for wrong in (
        {"reference": draft["reference"], **born, "born_on-year": "1990"},
        {"reference": "SIM0000000000", **born},
    ):
        assert "Tidak ditemukan." in await anybody.send(wrong, status=422)
    await anybody.send({"reference": "\0" * 50, "born_on-day": "9" * 5000}, status=422)


async def test_my_applications_page_after_page(budi: Applicant, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applications_page, "PAGE", 1)
    made = {(await desk.draft("sim-renewal"))["id"] for _ in range(2)}
    await budi.get("/permohonan")
    first = set(re.findall(r'href="/permohonan/([0-9a-f-]{36})"', budi.page.text))
    href = re.search(r'href="(/permohonan\?after=[^"]+)"', budi.page.text)
    assert href is not None
    await budi.get(href[1])
    assert first | set(re.findall(r'href="/permohonan/([0-9a-f-]{36})"', budi.page.text)) == made
    assert (await budi.client.get("/permohonan?after=x")).status_code == 422


async def test_open_figures_and_the_queue_are_for_everybody(house: House, budi: Applicant, desk: Desk) -> None:
    anybody = Applicant.of(create_app(house))
    assert "12 Polres" in await anybody.get("/statistik")
    first = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    await desk.submit(first["id"])
    said = await anybody.get("/statistik?hari=7&lang=en")
    assert "Applications submitted 1" in said
    assert "<rect" in anybody.page.text
    own = "sendiri=ya&first-day=1&first-month=1&first-year=1&last-day={}&last-month=1&last-year=1"
    await anybody.get(f"/statistik?{own.format(2)}")
    await anybody.get(f"/statistik?{own.format('x')}&lang=id", 422)
    await anybody.get("/statistik?hari=365")
    assert (await anybody.client.get("/v1/statistics?from=0001-01-01&to=0001-01-02")).status_code == 200
    async with house.db.begin(SYSTEM) as tx:
        await appointments.take_ticket(tx, POLRES, kind="skck_fingerprints", case_id=UUID(first["id"]))
        await appointments.take_ticket(tx, POLRES, kind="skck_fingerprints")
        await appointments.call_next(tx, POLRES, counter="3")
    said = await anybody.get(f"/antrean/{POLRES}")
    assert "Loket 3" in said
    assert BUDI.name not in said
    assert anybody.page.headers["refresh"] == "20"
    await anybody.get(f"/antrean/{POLRES}?diam=ya")
    assert "refresh" not in anybody.page.headers
    assert "Silakan ke loket 3" in await budi.get(f"/permohonan/{first['id']}")
    await anybody.get("/antrean/TIDAK-ADA", 404)
    said = await anybody.get(f"/antrean/{POLRES}/waktu-tunggu")
    assert "14 hari terakhir" in said
    assert "0 menit" in said
    assert "Real waiting times" in await anybody.get(f"/antrean/{POLRES}/waktu-tunggu?lang=en")
    elsewhere = await anybody.get("/antrean/PMJ-POLRESTRO-JAKARTA-PUSAT/waktu-tunggu?lang=id")
    assert "Belum ada yang dipanggil sejak" in elsewhere
    await anybody.get("/antrean/TIDAK-ADA/waktu-tunggu", 404)


def test_every_state_and_ground_has_its_words() -> None:
    declared = yaml.safe_load((APP / "data/lifecycles/application.yaml").read_text("utf-8"))
    assert set(declared["states"]) == set(words.MEANINGS)
    assert set(words.DUE_LABELS) >= {name for name, state in declared["states"].items() if state.get("deadlines")}
    assert set(words.GROUNDS) == EXEMPTIONS
