"""Staff's pages for applications: review, marks, decisions by two, messages, printing, hours, the queue, offers."""

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import appointments, cases
from app.services.applications import issuing
from app.services.identity import staff
from app.services.identity.roles import Role
from app.services.notifications import list_outbox
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper
from tests.drain import drain
from tests.routers.pages.world import Browser

ELSEWHERE = "Jalan Lain No. 77, RT 003/RW 004, Kelurahan Tebet, Jakarta Selatan"
ONCE = re.compile(r'name="once" value="([^"]+)"')


@dataclass
class Counter:
    """The staff's browser at the unit, and the citizen whose application it is about."""

    browser: Browser
    desk: Desk
    id: str

    @property
    def page(self) -> str:
        return f"/counter/cases/{self.id}"

    @property
    def house(self) -> House:
        return self.desk.house

    async def sit(self, role: Role) -> None:
        """Sign in as somebody with this role at the unit: as an officer, the one who was drawn."""
        async with self.house.db.begin(SYSTEM) as tx:
            case = await tx.session.get(cases.Case, UUID(self.id))
            found = [each.id for each in await staff.list_officers(tx.session, unit=POLRES, role=role)]
        assert case is not None
        drawn = [each for each in found if str(each) == case.assigned_to]
        await self.browser.sign_in_staff(self.house, role, staff_id=(drawn or found)[0])

    async def open(self, role: Role, purpose: str | None = None) -> None:
        """Sit down and open the application, for a purpose where there is no work on it."""
        await self.sit(role)
        await self.browser.get(self.page)
        if purpose is not None:
            await self.browser.send({"purpose": purpose})

    async def decide(self, status: int = 200, **values: str) -> str:
        """Send the decision's form of the open page."""
        once = ONCE.search(self.browser.page.text)
        assert once is not None
        sent = {"once": once[1], "looks": self.field("looks"), "stated": self.field("stated"), **values}
        return await self.browser.send(sent, to=f"{self.page}/decision", status=status)

    def field(self, name: str) -> str:
        """The value of a hidden field of the open page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.browser.page.text)
        return unescape(found[1]) if found else ""

    def looked(self) -> dict[str, str]:
        """Every box for what only a person can see, ticked."""
        return {f"look-{number}": "yes" for number in range(1, int(self.field("looks") or 0) + 1)}

    async def state(self) -> str:
        return await self.desk.state(self.id)


async def handed_in(desk: Desk, service: str, **form: Any) -> str:
    """An application that was handed in and paid, with its officer drawn."""
    draft = await desk.hand_in(await desk.draft(service, **form))
    checked = await desk.post(f"/v1/applications/{draft['id']}/check")
    if checked["needs_appointment"]:
        await desk.book(draft["id"], service, POLRES)
    await desk.submit(draft["id"])
    if checked["amount"]:
        await desk.pay(draft["id"])
    await settle(desk.house)
    return str(draft["id"])


async def settle(house: House) -> None:
    """Run the queue and let the announced lots fall."""
    await drain(house)
    await cases.draw_announced(house)
    await drain(house)


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


@pytest.fixture
async def counter(desk: Desk, browser: Browser) -> Counter:
    """A renewal of a licence, drawn to an officer of the unit."""
    return Counter(browser, desk, await handed_in(desk, "sim-renewal", sim_class="A", address=ELSEWHERE))


# --- review ----------------------------------------------------------------------------------------------------------


async def test_the_drawn_officer_sees_form_papers_and_registers_side_by_side(counter: Counter) -> None:
    browser = counter.browser
    await counter.sit(Role.OFFICER)
    paper_door = f"{counter.page}/documents/photo"
    assert (await browser.client.get(paper_door)).status_code == 403, "no picture before the look is recorded"
    await browser.get("/counter")
    for words in ("Periksa permohonan", "Perpanjangan SIM", "Waktu layanan", "Anda"):
        assert words in browser.text
    await browser.get(counter.page)
    for words in (
        "Golongan SIM",
        ELSEWHERE,
        "Beda dengan register:",
        demo.PEOPLE[demo.BUDI].address,
        "Register kependudukan",
        "Wajah lurus ke depan",
        "Dipenuhi",
        "Perpol 5/2021",
        "Siapa yang membuka permohonan ini",
    ):
        assert words in browser.text, words
    picture = await browser.client.get(paper_door)
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["content-disposition"] == "inline"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert "no-store" in picture.headers["cache-control"]
    assert (await browser.client.get(f"{counter.page}/documents/nothing")).status_code == 404


async def test_a_decision_wants_its_parts_and_loses_nothing_that_was_typed(counter: Counter) -> None:
    await counter.open(Role.OFFICER)
    await counter.decide(422)
    assert "Pilih satu keputusan." in counter.browser.text
    await counter.decide(422, action="approve")
    assert "Centang semua yang sudah Anda lihat" in counter.browser.text
    await counter.decide(422, action="ask_correction")
    assert "Tandai di atas" in counter.browser.text
    typed = {"mark-form-address": "data_mismatch", "words-form-address": "Alamat KTP berbeda"}
    await counter.decide(422, action="approve", **counter.looked(), **typed)
    assert "Anda menandai sesuatu" in counter.browser.text
    assert 'value="Alamat KTP berbeda"' in counter.browser.page.text
    assert '<option value="data_mismatch" selected>' in counter.browser.page.text
    await counter.decide(422, action="propose_refusal", reason="Surat palsu <b>")
    assert "Pilih alasan dari daftar." in counter.browser.text
    assert "Surat palsu &lt;b&gt;" in counter.browser.page.text
    await counter.decide(422, **{"action": "ask_correction", "mark-form-nothing": "photo", "words-form-nothing": "x"})
    assert "bukan isian atau berkas" in counter.browser.text
    assert await counter.state() == "in_review"


async def test_a_mark_on_the_very_field_reaches_the_applicant_and_can_be_withdrawn(counter: Counter) -> None:
    await counter.open(Role.OFFICER)
    marks = {
        "mark-documents-photo": "photo",
        "words-documents-photo": "Latar kurang biru",
        "mark-form-address": "data_mismatch",
        "words-form-address": "",
    }
    await counter.decide(action="ask_correction", **marks)
    assert "tersimpan" in counter.browser.text
    seen = await counter.desk.get(f"/v1/applications/{counter.id}")
    assert seen["state"] == "needs_correction"
    assert {each["pointer"]: each["words"] for each in seen["marks"]} == {
        "/documents/photo": "Latar kurang biru",
        "/form/address": None,
    }
    await counter.open(Role.OFFICER, purpose="task")
    assert "Latar kurang biru" in counter.browser.text
    withdrawn = {"pointer": "/form/address", "stated": counter.field("stated"), "once": counter.field("once")}
    await counter.browser.send(withdrawn, to=f"{counter.page}/marks")
    assert "Tanda dicabut." in counter.browser.text
    seen = await counter.desk.get(f"/v1/applications/{counter.id}")
    assert [each["pointer"] for each in seen["marks"]] == ["/documents/photo"]
    events = (await counter.desk.get(f"/v1/applications/{counter.id}/timeline"))["items"]
    assert "withdraw_mark" in [each["action"] for each in events]


async def test_an_approval_that_is_sent_twice_issues_once(counter: Counter) -> None:
    await counter.open(Role.OFFICER)
    page = counter.browser.page
    approval = {"action": "approve", "version": counter.field("version"), **counter.looked()}
    await counter.decide(**approval)
    assert await counter.state() == "issued"
    counter.browser.page = page
    await counter.decide(**approval)
    assert counter.browser.path == "/counter"
    assert "tersimpan" in counter.browser.text


async def test_a_refusal_is_proposed_by_one_and_confirmed_by_another(counter: Counter) -> None:
    await counter.open(Role.OFFICER)
    await counter.decide(action="propose_refusal", code="false_document", reason="Surat kesehatan tidak asli")
    assert await counter.state() == "refusal_proposed"
    await counter.open(Role.OFFICER, purpose="task")
    assert "Keputusan yang tidak dapat Anda ambil" in counter.browser.text
    assert "Tolak permohonan" in counter.browser.text
    assert "Simpan keputusan" not in counter.browser.text
    await counter.decide(403, action="confirm_refusal", reason="Setuju dengan diri sendiri")
    await counter.sit(Role.SUPERVISOR)
    await counter.browser.get("/counter")
    assert "Putuskan usul penolakan" in counter.browser.text
    await counter.browser.get(counter.page)
    assert "Surat kesehatan tidak asli" in counter.browser.text
    await counter.decide(action="confirm_refusal", reason="Benar, tidak asli")
    assert await counter.state() == "rejected"


async def test_who_has_no_work_says_what_for_and_another_unit_sees_nothing(counter: Counter) -> None:
    browser = counter.browser
    await counter.sit(Role.COUNTER)
    await browser.get(counter.page)
    assert "Untuk keperluan apa" in browser.text
    assert ELSEWHERE not in browser.text
    await browser.send({"purpose": "help"})
    assert ELSEWHERE in browser.text
    assert "Membantu warga" in browser.text
    assert "hanya petugas yang diundi" in browser.text.lower() or "Hanya: " in browser.text or "Hanya " in browser.text
    async with counter.house.db.begin(SYSTEM) as tx:
        stranger = (await staff.list_officers(tx.session, unit="JABAR", role=Role.OFFICER))[0].id
    await browser.sign_in_staff(counter.house, Role.OFFICER, staff_id=stranger)
    await browser.get(counter.page, status=404)
    assert (await browser.client.get(f"{counter.page}/documents/photo")).status_code == 404


async def test_staff_and_applicant_write_to_each_other_with_files(counter: Counter) -> None:
    await counter.desk.post(f"/v1/applications/{counter.id}/messages", {"text": "Apakah fotonya cukup?"}, status=201)
    await counter.open(Role.OFFICER)
    assert "Apakah fotonya cukup?" in counter.browser.text
    to, sent = f"{counter.page}/messages", {"once": counter.field("once"), "text": "Cukup, ini contohnya."}
    page, picture = counter.browser.page, paper("photo")
    for _ in range(2):
        counter.browser.page = page
        await counter.browser.send(sent, to=to, file=("contoh.jpg", picture))
        assert "Pesan terkirim" in counter.browser.text
    messages = (await counter.desk.get(f"/v1/applications/{counter.id}/messages"))["messages"]
    assert [each["by"] for each in messages] == ["citizen", "staff"]
    link = re.search(r'href="(/counter/cases/[^"]+/messages/[^"]+/file)"', counter.browser.page.text)
    assert link is not None
    assert (await counter.browser.client.get(link[1])).headers["content-type"] == "image/jpeg"
    await counter.browser.send({"text": "Tetap ada", "once": "lain"}, to=to, status=422, file=("x.pdf", b"%PDF-rusak"))
    assert "Tetap ada" in counter.browser.page.text
    await counter.browser.send({"text": " "}, to=to, status=422)


async def test_what_is_late_is_shown_to_the_supervisor(counter: Counter, clock: FixedClock) -> None:
    clock.advance(timedelta(days=20))
    await cases.sweep(counter.house)
    await counter.sit(Role.SUPERVISOR)
    await counter.browser.get("/counter?show=late")
    assert "Permohonan melewati waktu layanan" in counter.browser.text
    assert "Terlambat" in counter.browser.text
    await counter.sit(Role.OFFICER)
    await counter.browser.get("/counter?show=late")
    assert "Tidak ada yang terlambat." in counter.browser.text


# --- printing and finding --------------------------------------------------------------------------------------------


async def test_printed_is_noted_once_together_with_the_case(counter: Counter) -> None:
    browser, house = counter.browser, counter.house
    await counter.desk.act(counter.id, Role.OFFICER, "approve")
    await drain(house, raise_errors=False)  # the register is told after the seal, and may be asked too early
    async with house.db.read() as connection:
        [order] = await issuing.list_print_orders(connection, POLRES)
    await counter.sit(Role.COUNTER)
    await browser.get("/counter/cetak")
    assert order.number in browser.text
    pdf = await browser.client.get(f"/counter/cetak/{order.document_id}/dokumen.pdf")
    assert pdf.content.startswith(b"%PDF")
    page, sent = browser.page, {"document": str(order.document_id), "once": counter.field("once")}
    for _ in range(2):
        browser.page = page
        await browser.send(sent, to="/counter/cetak")
        assert "tercatat sudah dicetak" in browser.text
    assert await counter.state() == "printed"
    browser.page = page
    await browser.send({**sent, "once": "another-page-value"}, to="/counter/cetak", status=409)
    browser.page = page
    await browser.send({"document": "junk"}, to="/counter/cetak", status=404)
    await browser.get("/counter/cetak")
    assert "Dicetak" in browser.text
    await counter.open(Role.COUNTER, purpose="help")
    await counter.decide(422, action="ship")
    await counter.decide(action="make_ready")
    assert await counter.state() == "ready"


async def test_printing_through_the_case_takes_the_order_off_the_list(counter: Counter) -> None:
    await counter.desk.act(counter.id, Role.OFFICER, "approve")
    await drain(counter.house, raise_errors=False)
    await counter.desk.act(counter.id, Role.COUNTER, "print")
    async with counter.house.db.read() as connection:
        assert await issuing.list_print_orders(connection, POLRES) == ()
    assert await counter.state() == "printed"


async def test_a_program_prints_as_the_page_does(counter: Counter) -> None:
    desk = counter.desk
    await desk.act(counter.id, Role.OFFICER, "approve")
    await drain(counter.house, raise_errors=False)
    here, elsewhere = [await desk.staff(Role.COUNTER, unit) for unit in (POLRES, "PMJ-POLRESTRO-JAKARTA-PUSAT")]
    client, orders = desk.client, "/v1/counter/print-orders"
    listed = (await client.get(orders, headers=here)).json()
    [order] = listed["orders"]
    assert (order["case"], order["prints"], listed["to_hand_over"]) == (counter.id, "kartu SIM", [])
    found = await client.get("/v1/counter/applications", headers=here, params={"reference": order["reference"].lower()})
    assert found.json() == {"id": counter.id}
    mistyped = await client.get("/v1/counter/applications", headers=here, params={"reference": "SIM7K3M9QXT4"})
    assert mistyped.status_code == 404
    opened = f"/v1/counter/cases/{counter.id}"
    assert (await client.get(f"{opened}/document.pdf", headers=here)).json()["code"] == "applications-purpose-needed"
    file = f"{orders}/{order['id']}/document.pdf"
    assert (await client.get(file, headers=elsewhere)).status_code == 404
    assert (await client.get(file, headers=here)).content.startswith(b"%PDF")
    await client.get(opened, headers=here, params={"purpose": "menyerahkan kartu"})
    assert (await client.get(f"{opened}/document.pdf", headers=here)).content.startswith(b"%PDF")
    printed = f"{orders}/{order['id']}/printed"
    assert (await client.post(printed, headers=elsewhere)).status_code == 404
    done = await client.post(printed, headers=here)
    assert (done.status_code, done.json()["state"]) == (200, "printed")
    assert (await client.post(printed, headers=here)).json() == done.json()
    twice = await client.post(printed, headers=await desk.staff(Role.COUNTER, POLRES))
    assert (twice.status_code, twice.json()["code"]) == (409, "applications-not-ordered")
    listed = (await client.get(orders, headers=here)).json()
    assert (listed["orders"], [each["state"] for each in listed["to_hand_over"]]) == ([], ["printed"])
    looks = [
        each
        for each in (await desk.get(f"/v1/applications/{counter.id}/timeline"))["items"]
        if each["action"] == "look"
    ]
    assert any("mencetak dokumen" in str(each) for each in looks)


async def test_an_application_is_found_by_its_reference(counter: Counter) -> None:
    reference_no = (await counter.desk.get(f"/v1/applications/{counter.id}"))["reference"]
    await counter.sit(Role.OFFICER)
    await counter.browser.get(f"/counter/cari?nomor={reference_no.lower()}")
    assert counter.browser.path == counter.page
    for typed in ("SIM7K3M9QXT4", "", "%00", "x" * 80):
        await counter.browser.get(f"/counter/cari?nomor={typed}", status=404)


# --- the queue -------------------------------------------------------------------------------------------------------


async def test_the_queue_from_the_reference_to_the_end(desk: Desk, browser: Browser, clock: FixedClock) -> None:
    id = await handed_in(desk, "skck-new", purpose="private_employer")
    counter = Counter(browser, desk, id)
    await desk.act(id, Role.OFFICER, "call_in")
    seen = await desk.get(f"/v1/applications/{id}")
    clock.advance(timedelta(days=1))
    await desk.sign_in()
    await counter.sit(Role.COUNTER)
    await browser.get("/counter/antrean")
    await browser.send({"once": counter.field("once")}, to="/counter/antrean/panggil", status=422)
    assert "Pilih loket Anda dahulu." in browser.text
    await browser.send({"counter": "<3>"}, to="/counter/antrean/loket", status=422)
    await browser.send({"counter": "3"}, to="/counter/antrean/loket")
    assert "Loket 3" in browser.text
    page, walk_in = browser.page, {"kind": "counter", "helped": "pregnant", "once": counter.field("once")}
    for _ in range(2):
        browser.page = page
        await browser.send(walk_in, to="/counter/antrean/nomor")
        assert "Nomor antrean: A001" in browser.text
    await browser.send({"code": seen["reference"], "once": counter.field("once")}, to="/counter/antrean/datang")
    assert "A002: sudah tercatat datang." in browser.text
    await browser.send({"code": "SIM7K3M9QXT4"}, to="/counter/antrean/datang", status=409)
    assert "Kode ini bukan dari Loket" in browser.text
    assert "SIM7K3M9QXT4" in browser.page.text
    await drain(desk.house)
    assert await desk.state(id) == "attended"
    await browser.send({"jump": "yes", "number": "A001"}, to="/counter/antrean/panggil", status=422)
    assert "Pilih alasannya." in browser.text
    await browser.send({"once": counter.field("once")}, to="/counter/antrean/panggil")
    assert "A002 dipanggil." in browser.text, "who is helped goes a while after they came"
    entry = counter.field("entry")
    await browser.send({"once": counter.field("once")}, to="/counter/antrean/panggil", status=409)
    for step in ("serve", "finish"):
        await browser.send({"entry": entry, "step": step}, to="/counter/antrean/langkah")
    await browser.send({"entry": entry, "step": "serve"}, to="/counter/antrean/langkah", status=409)
    await browser.send({"entry": "junk", "step": "serve"}, to="/counter/antrean/langkah", status=404)
    async with desk.house.db.read() as connection:
        board = await appointments.board_of(connection, POLRES, now=desk.house.clock.now())
    assert [line.entry.number for line in board.waiting] == ["A001"]


async def test_a_scanned_code_checks_in_once(desk: Desk, browser: Browser, clock: FixedClock) -> None:
    id = await handed_in(desk, "skck-new", purpose="private_employer")
    counter = Counter(browser, desk, id)
    token = (await desk.get(f"/v1/applications/{id}/appointment"))["check_in_token"]
    await counter.sit(Role.COUNTER)
    await browser.get("/counter/antrean")
    await browser.send({"code": token}, to="/counter/antrean/datang", status=409)
    assert "pada hari lain" in browser.text
    clock.advance(timedelta(days=1))
    await counter.sit(Role.COUNTER)
    await browser.get("/counter/antrean")
    page, scan = browser.page, {"code": token, "once": counter.field("once")}
    for words in ("A001: sudah tercatat datang.", "A001: sudah tercatat"):
        browser.page = page
        await browser.send(scan, to="/counter/antrean/datang")
        assert words in browser.text


async def test_what_a_scanner_kept_while_the_line_was_down_is_counted_once(
    desk: Desk, browser: Browser, clock: FixedClock
) -> None:
    id = await handed_in(desk, "skck-new", purpose="private_employer")
    counter = Counter(browser, desk, id)
    token = (await desk.get(f"/v1/applications/{id}/appointment"))["check_in_token"]
    clock.advance(timedelta(days=1))
    await counter.sit(Role.COUNTER)
    await browser.get("/counter/antrean")
    to = "/counter/antrean/pindaian"
    await browser.send({}, to=to, status=422)
    assert "Pilih berkas dari alat pindai" in browser.text
    file = ("scan.txt", f"07.58 https://loket.example/{token}\r\n\r\n08:01:10;bukan-kode\n".encode())
    for _ in range(2):
        await browser.send({}, to=to, file=file, status=409)
        assert "1 tercatat datang, 0 sudah tercatat sebelumnya, 1 tidak dapat dicatat." in browser.text
        assert "Baris 2: Kode ini bukan dari Loket" in browser.text
    async with desk.house.db.read() as connection:
        [line] = (await appointments.board_of(connection, POLRES, now=clock.now())).waiting
    assert f"{line.entry.arrived_at + timedelta(hours=7):%H.%M}" == "07.58"
    wrong = {"scanned_on-day": "1", "scanned_on-month": "1", "scanned_on-year": "2026"}
    await browser.send(wrong, to=to, file=file, status=422)
    assert "paling lama tujuh hari lalu" in browser.text
    await browser.send({}, to=to, file=("scan.txt", b"x\n" * 101), status=422)


# --- hours and offers ------------------------------------------------------------------------------------------------


async def test_hours_are_changed_by_the_supervisor_and_conflicts_are_shown(desk: Desk, browser: Browser) -> None:
    id = await handed_in(desk, "skck-new", purpose="private_employer")
    counter = Counter(browser, desk, id)
    await counter.sit(Role.OFFICER)
    await browser.get("/counter/jadwal")
    assert "Ubah jam" not in browser.text
    await counter.sit(Role.SUPERVISOR)
    path = "/counter/jadwal/jam/skck_fingerprints"
    await browser.get(path)
    hours = {
        "version": counter.field("version"), "days": "6", "opens": "08:00", "closes": "07.00", "minutes": "20", "rooms": "3",
        "staff": "2", "opens_days_before": "14", "valid_from-day": "1", "valid_from-month": "3", "valid_from-year": "2026",
    }  # fmt: skip
    await browser.send(hours | {"minutes": "x"}, to=path, status=422)
    assert "Tulis angka dari 1 sampai 480." in browser.text
    await browser.send(hours, to=path, status=422)
    assert "Jam tutup harus sesudah jam buka." in browser.text
    assert 'value="07.00"' in browser.page.text
    await browser.send(hours | {"closes": "11.30"}, to=path)
    assert "Sabtu 08.00-11.30: 2 tempat tiap 20 menit" in browser.text
    await browser.send(hours | {"closes": "11.30", "days": "7"}, to=path, status=409)
    assert "sudah diubah orang lain" in browser.text
    await browser.get(path)
    removed = re.search(r'name="remove" value="(2-[^"]+)"', browser.page.text)
    assert removed is not None
    await browser.send({"version": counter.field("version"), "remove": removed[1]}, to=path)
    assert "Janji temu yang tidak cocok lagi" in browser.text
    await browser.get("/counter/jadwal/jam/nothing", status=404)
    await browser.get("/counter/jadwal/hari?tanggal=2026-03-03")
    assert "1 janji temu" in browser.text
    await browser.get("/counter/jadwal/hari?tanggal=junk")


async def test_a_day_is_closed_and_opened_again(desk: Desk, browser: Browser) -> None:
    counter = Counter(browser, desk, await handed_in(desk, "sim-renewal", sim_class="A"))
    await counter.sit(Role.SUPERVISOR)
    await browser.get("/counter/jadwal")
    day = {"day-day": "9", "day-month": "3", "day-year": "2026"}
    await browser.send(day | {"why": ""}, to="/counter/jadwal/tutup", status=422)
    await browser.send({"day-day": "40", "why": "Apel besar"}, to="/counter/jadwal/tutup", status=422)
    assert "Apel besar" in browser.page.text
    await browser.send(day | {"day-year": "2025", "why": "Apel besar"}, to="/counter/jadwal/tutup", status=422)
    await browser.send(day | {"why": "Apel besar"}, to="/counter/jadwal/tutup")
    assert "Hari itu ditutup." in browser.text
    await browser.send({"reopen": "2026-03-09"}, to="/counter/jadwal/tutup")
    assert "Apel besar" not in browser.text


async def test_a_service_is_suspended_with_a_notice_and_resumed(desk: Desk, browser: Browser) -> None:
    counter = Counter(browser, desk, await handed_in(desk, "sim-renewal", sim_class="A"))
    await counter.sit(Role.COUNTER)
    assert (await browser.client.get("/counter/layanan")).status_code == 403
    await counter.sit(Role.SUPERVISOR)
    await browser.get("/counter/layanan")
    assert "Perpanjangan SIM" in browser.text
    path = "/counter/layanan/sim-renewal"
    await browser.get(path)
    suspend = {"action": "suspend", "notice_id": "Server dirawat", "notice_en": "", "unit": POLRES}
    await browser.send(suspend, to=path, status=422)
    assert "Server dirawat" in browser.page.text
    await browser.send(suspend | {"notice_en": "Server is being serviced"}, to=path)
    assert "Tersimpan: Perpanjangan SIM." in browser.text
    assert "Server dirawat" in browser.text
    await browser.get(path)
    await browser.send({"action": "resume", "unit": POLRES}, to=path)
    assert "Dihentikan" not in browser.text
    await browser.get(path)
    first = {"action": "offer", "from-day": "1", "from-month": "6", "from-year": "2026"}
    await browser.send(first | {"from-month": "16"}, to=path, status=422)
    await browser.send(first, to=path)
    assert "Direncanakan" in browser.text
    await browser.get("/counter/layanan/nothing", status=404)
    await browser.get("/counter/layanan?unit=JABAR", status=403)


# --- help at the counter ---------------------------------------------------------------------------------------------


async def code_sent(house: House) -> str:
    """The newest code that went to Budi's registered phone."""
    await drain(house, raise_errors=False)
    async with house.db.read() as connection:
        shown = await list_outbox(connection, house.keys, to=demo.PEOPLE[demo.BUDI].phone)
    return re.findall(r"\b\d{6}\b", shown[0].text)[0]


async def test_an_applicant_without_a_phone_is_helped_with_a_code_for_each_step(desk: Desk, browser: Browser) -> None:
    house, who = desk.house, demo.PEOPLE[demo.BUDI]
    async with house.db.begin(SYSTEM) as tx:
        clerk = (await staff.list_officers(tx.session, unit=POLRES, role=Role.COUNTER))[0].id
    await browser.sign_in_staff(house, Role.COUNTER, staff_id=clerk)
    await browser.get("/counter/bantu")
    await browser.send({"nik": "12", "kk_no": "x"}, status=422)
    for words in ("Bukan NIK", "Isi tanggal lahir", "Bukan nomor KK", "Pilih layanannya."):
        assert words in browser.text
    born = {"born_on-day": "12", "born_on-month": "11", "born_on-year": "1987"}
    claim = {"nik": who.nik, "kk_no": who.kk_no, "service": "sim-renewal", **born}
    await browser.send(claim | {"kk_no": "3174010101219999"}, to="/counter/bantu", status=422)
    assert "tidak cocok satu sama lain" in browser.text
    await browser.send(claim, to="/counter/bantu")
    assert who.phone not in browser.page.text
    await browser.send(claim | {"code": "000000", "once": "the-first-try"}, to="/counter/bantu/mulai", status=422)
    await browser.send(claim | {"code": await code_sent(house), "once": "the-second-try"}, to="/counter/bantu/mulai")
    assert "Permohonan dimulai." in browser.text
    page = browser.path
    await browser.get(f"{page}/isian/licence")
    await browser.send({"form-sim_class": "A", "form-licence_no": "x"}, status=422)
    assert 'value="x"' in browser.page.text
    await browser.send({"form-sim_class": "A", "form-licence_no": who.nik})
    await browser.get(f"{page}/berkas/photo")
    await browser.send({}, status=422)
    assert "Pilih berkas dahulu." in browser.text
    await browser.send({}, file=("foto.jpg", paper("photo")))
    await browser.get(f"{page}/periksa")
    assert "Yang perlu dilengkapi" in browser.text
    assert "Kirim kode persetujuan" not in browser.text
    await fill_in(browser, page)
    await browser.get(f"{page}/periksa")
    await browser.send({"step": "submit"}, to=f"{page}/kode")
    assert "Kode dikirim ke" in browser.text
    agreed = {"step": "submit", "once": "submitting-it-now", "code": await code_sent(house)}
    await browser.send(agreed | {"code": "000000"}, to=f"{page}/setuju", status=422)
    shown = browser.page
    for _ in range(2):
        browser.page = shown
        await browser.send(agreed, to=f"{page}/setuju")
        assert "Yang dibayar" in browser.text
    async with house.db.begin(SYSTEM) as tx:
        elsewhere = (await staff.list_officers(tx.session, unit="PMJ", role=Role.COUNTER))[0].id
    await browser.sign_in_staff(house, Role.COUNTER, staff_id=elsewhere)
    await browser.get(page, status=404)


async def test_help_with_an_application_begun_elsewhere_needs_its_own_code(desk: Desk, browser: Browser) -> None:
    draft = await desk.draft("sim-renewal", sim_class="A")
    counter = Counter(browser, desk, draft["id"])
    await counter.sit(Role.COUNTER)
    await browser.get("/counter/bantu")
    await browser.send({"go": "on", "reference": "SIM7K3M9QXT4"}, status=404)
    await browser.send({"go": "on", "reference": draft["reference"]}, to="/counter/bantu")
    page = f"/counter/bantu/{draft['id']}"
    assert browser.path == page
    assert "pemohon harus setuju dahulu" in browser.text
    assert (await browser.client.get(f"{page}/isian/licence")).status_code == 403
    await browser.send({"step": "help"}, to=f"{page}/kode")
    await browser.send({"step": "help", "code": await code_sent(desk.house)}, to=f"{page}/setuju")
    assert "Pemohon setuju dibantu di sini." in browser.text
    await browser.send({"step": "cancel"}, to=f"{page}/kode")
    await browser.send({"step": "cancel", "code": await code_sent(desk.house)}, to=f"{page}/setuju")
    assert await desk.state(draft["id"]) == "cancelled"


async def test_another_date_and_a_draft_opened_again_take_the_applicants_code(
    desk: Desk, browser: Browser, clock: FixedClock
) -> None:
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="private_employer"))
    await desk.book(draft["id"], "skck-new", POLRES)
    await desk.submit(draft["id"])
    counter, page = Counter(browser, desk, draft["id"]), f"/counter/bantu/{draft['id']}"
    await counter.sit(Role.COUNTER)
    await browser.get(page)
    await browser.send({"step": "help"}, to=f"{page}/kode")
    await browser.send({"step": "help", "code": await code_sent(desk.house)}, to=f"{page}/setuju")
    await browser.get(f"{page}/rekening")
    await browser.send({"step": "account"}, to=f"{page}/kode")
    account = {"step": "account", "bank_code": "002", "number": "x", "holder": demo.PEOPLE[demo.BUDI].name}
    account |= {"code": await code_sent(desk.house), "once": "an-account-of-theirs"}
    await browser.send(account, to=f"{page}/setuju", status=422)
    assert "5 sampai 20 angka" in browser.text
    await browser.send(account | {"number": "1234567890"}, to=f"{page}/setuju")
    assert "Rekening tersimpan." in browser.text
    await browser.get(f"{page}/rekening")
    assert "7890" in browser.text
    await browser.send({"step": "reopen"}, to=f"{page}/kode")
    await browser.send({"step": "reopen", "code": await code_sent(desk.house)}, to=f"{page}/setuju")
    assert "Permohonan dibuka lagi" in browser.text
    assert await counter.state() == "draft"
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await desk.act(draft["id"], Role.OFFICER, "call_in")
    clock.advance(timedelta(days=4))
    await cases.sweep(desk.house)
    await desk.sign_in()
    assert await counter.state() == "no_show"
    await counter.sit(Role.COUNTER)
    await browser.get(page)
    assert "Atur jadwal (perlu kode)" in browser.text
    await browser.get(f"{page}/jadwal?mulai=9999-12-31")
    await browser.get(f"{page}/jadwal")
    times = re.findall(r'<option value="(2026[^"]+)"', browser.page.text)
    without = {"starts_at": times[0], "step": "rebook", "code": "000000", "once": "choosing-it-now"}
    await browser.send(without, to=f"{page}/setuju", status=422)
    assert "Kode atau nomor formulir salah" in browser.text
    await browser.send({"step": "rebook"}, to=f"{page}/kode")
    assert "Kode dikirim ke" in browser.text
    code = await code_sent(desk.house)
    await browser.send({"step": "rebook", "code": code, "starts_at": "besok"}, to=f"{page}/setuju", status=422)
    assert "Pilih jam dahulu." in browser.text
    await browser.send(without | {"code": code, "once": "choosing-it-again"}, to=f"{page}/setuju")
    assert "Jadwal tersimpan." in browser.text
    assert await counter.state() == "appointment"
    await browser.get(f"{page}/jadwal")
    await browser.send({"starts_at": times[1]}, to=f"{page}/jadwal", status=422)
    assert "kode" in browser.text, "no date is moved without one"


async def test_who_is_helped_waits_and_takes_part_in_a_draw(desk: Desk, browser: Browser, clock: FixedClock) -> None:
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="private_employer"))
    counter, page = Counter(browser, desk, draft["id"]), f"/counter/bantu/{draft['id']}"
    await counter.sit(Role.COUNTER)
    await browser.get(page)
    await browser.send({"step": "help"}, to=f"{page}/kode")
    await browser.send({"step": "help", "code": await code_sent(desk.house)}, to=f"{page}/setuju")
    dates, first, last = f"{page}/jadwal", *((clock.now() + timedelta(days=days)).date() for days in (14, 20))
    await browser.get(dates)
    await browser.send({"act": "wait", "first-day": "x"}, to=dates, status=422)
    assert "Isi hari pertama dengan angka." in browser.text
    days = {
        f"{name}-{part}": str(getattr(day, part))
        for name, day in (("first", first), ("last", last))
        for part in ("day", "month", "year")
    }
    await browser.send({"act": "wait", **days}, to=dates)
    assert "Pemohon ada di daftar tunggu." in browser.text
    await browser.get(dates)
    assert "Pemohon di daftar tunggu" in browser.text
    await browser.send({"act": "stop"}, to=dates)
    assert "Pemohon keluar dari daftar tunggu." in browser.text

    async with desk.house.db.begin(SYSTEM) as tx:
        known = (await appointments.windows_of(tx.session, POLRES))["skck_fingerprints"][0]
        same = {name: getattr(known, name) for name in appointments.Window.__slots__}
        drawn = [
            appointments.Window(**same | {"weekday": day, "drawn": True, "opens_days_before": 2}) for day in range(1, 8)
        ]
        await appointments.set_windows(tx, POLRES, "skck_fingerprints", windows=drawn)
    await browser.get(dates)
    asked = re.findall(r'value="(ask [0-9-]+)"', browser.page.text)
    wish = re.findall(r'name="wishes" type="checkbox" value="([^"]+)"', browser.page.text)[0]
    await browser.send({"act": asked[0], "wishes": unescape(wish)}, to=dates)
    assert "Pemohon ikut undian." in browser.text
    await browser.get(dates)
    assert "checked" in browser.page.text
    own = await desk.get(f"/v1/applications/{draft['id']}/appointment/ask")
    assert [f"ask {own['day']}", len(own["wishes"])] == [asked[0], 1]
    await browser.send({"act": "withdraw"}, to=dates)
    assert "Pemohon batal ikut undian." in browser.text
    await browser.get(dates)
    await browser.send({"act": "ask nothing"}, to=dates, status=422)
    await browser.send({"act": "stop"}, to=dates, status=409)


async def test_a_firm_date_is_let_go_at_the_counter_with_a_code_alone(desk: Desk, browser: Browser) -> None:
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="private_employer"))
    await desk.book(draft["id"], "skck-new", POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    counter, page = Counter(browser, desk, draft["id"]), f"/counter/bantu/{draft['id']}"
    await counter.sit(Role.COUNTER)
    await browser.get(page)
    await browser.send({"step": "help"}, to=f"{page}/kode")
    await browser.send({"step": "help", "code": await code_sent(desk.house)}, to=f"{page}/setuju")
    await browser.get(f"{page}/jadwal")
    await browser.send({"act": "drop"}, to=f"{page}/jadwal", status=422)
    await browser.get(f"{page}/jadwal")
    await browser.send(
        {"step": "rebook", "act": "drop", "code": "000000", "once": "letting-it-go"}, to=f"{page}/setuju", status=422
    )
    await browser.send({"step": "rebook"}, to=f"{page}/kode")
    drop = {"step": "rebook", "act": "drop", "code": await code_sent(desk.house), "once": "letting-it-go-now"}
    await browser.send(drop, to=f"{page}/setuju")
    assert "Jadwal dilepas." in browser.text
    assert (
        await desk.client.get(f"/v1/applications/{draft['id']}/appointment", headers=desk.headers)
    ).status_code == 404


async def fill_in(browser: Browser, page: str) -> None:
    """Every section and paper that is not done yet, from the examples of the service's own form."""
    described = (await browser.client.get("/v1/services/sim-renewal")).json()["form"]
    for section in described["x-sections"]:
        await browser.get(f"{page}/isian/{section['name']}")
        fields = {name: described["properties"][name] for name in section["fields"]}
        values = {f"form-{name}": str(each["examples"][0]) for name, each in fields.items()}
        await browser.send(values | {"form-sim_class": "A", "form-licence_no": demo.PEOPLE[demo.BUDI].nik})
    for link in re.findall(rf'href="({page}/berkas/[a-z_]+)"', browser.page.text):
        if "authority" not in link and "immigration" not in link:
            await browser.get(link)
            name = link.rsplit("/", 1)[1]
            await browser.send({}, file=("berkas.jpg", paper(name, name if name == "signature" else None)))
