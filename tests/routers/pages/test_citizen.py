"""The citizen's way through the pages, against the real application on both engines."""

import io
import json
import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from PIL import Image
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.routers.pages.session import COOKIE
from app.services import billing, cases, transparency
from app.services.billing.qris import codes as qris_codes
from app.services.billing.qris.acquirers import Acquirer, SnapAcquirer
from app.services.cases import Case
from app.services.documents import qr_svg
from app.services.etle import Decision
from app.services.etle.models import Answer, Attachment, Party
from app.services.identity.roles import Role
from tests import make
from tests.banks import join_bank
from tests.routers.pages.world import Browser, Story
from tests.services.billing.fake_bank import connected
from tests.services.billing.test_qris import made

DRIVER = {
    "driver-name": "Siti Misal",
    "driver-nik": "3174014503909902",
    "driver-address": "Jalan Contoh No. 2, Jakarta Selatan",
    "driver-phone": "0812 0000 0022",
}


@pytest.fixture
async def asked(story: Story, browser: Browser) -> Story:
    """A letter was sent, and the owner has looked the ticket up."""
    await story.letter()
    await browser.look_up()
    return story


async def answer(browser: Browser, story: Story, yours: str, kind: str, fields: dict[str, str]) -> None:
    """From the first question to the last page before sending."""
    await browser.get(f"/tilang/{story.case_id}/jawab")
    await browser.send({"yours": yours})
    assert browser.path.endswith("/keadaan")
    await browser.send({"kind": kind})
    assert browser.path.endswith("/data")
    await browser.send(fields)


# --- looking up ---------------------------------------------------------------------------------------------------


async def test_the_ticket_shows_what_the_camera_saw_and_how_sure_the_machine_was(
    browser: Browser, asked: Story
) -> None:
    assert browser.path == f"/tilang/{asked.case_id}"
    for words in (
        "Surat konfirmasi terkirim",
        "B 1234 XYZ",
        "Keyakinan mesin",
        "Kamera Sarinah",
        "belum tilang",
        "Toyota",
    ):
        assert words in browser.text
    pictures = re.findall(r'<img[^>]+src="([^"]+)"', browser.page.text)
    assert pictures
    assert all(each.startswith("/v1/evidence/") for each in pictures)
    for each in pictures:
        shown = await browser.client.get(each)
        assert shown.headers["content-type"] == "image/jpeg"


async def test_the_letter_opens_the_ticket_too(browser: Browser, story: Story, house: House) -> None:
    await story.letter()
    async with house.db.begin(SYSTEM) as tx:
        code = (await tx.session.execute(select(col(Party.code)))).scalars().one()
    await browser.get(f"/tilang?ref={code}")
    assert f'value="{code}"' in browser.page.text
    await browser.send({"plate": "B1234XYZ", "way": "letter", "reference": code.lower()}, to="/tilang")
    assert browser.path == f"/tilang/{story.case_id}"


@pytest.mark.parametrize("wrong", ["plate", "chassis_no", "engine_no"])
async def test_a_wrong_number_and_no_ticket_are_the_same_page(browser: Browser, story: Story, wrong: str) -> None:
    await story.letter()
    right = {"plate": "B1234XYZ", "chassis_no": make.VEHICLE.chassis_no, "engine_no": make.VEHICLE.engine_no}
    typed = {**right, wrong: "B9999ZZ" if wrong == "plate" else "AAAAA"}
    await browser.get("/tilang")
    await browser.send({**typed, "way": "stnk"})
    assert "Tidak ada tilang yang cocok" in browser.text
    assert COOKIE not in browser.client.cookies
    await browser.get(f"/tilang/{story.case_id}", status=401)


async def test_an_incomplete_look_up_says_what_is_missing_at_its_field(browser: Browser, house: House) -> None:
    await browser.get("/tilang")
    await browser.send({"plate": "", "way": "stnk", "chassis_no": "AB", "engine_no": ""}, status=422)
    assert 'href="#plate"' in browser.page.text
    assert 'href="#engine_no"' in browser.page.text
    assert "Kesalahan: " in browser.text
    await browser.send({"plate": "B 1", "way": "stnk", "chassis_no": "AB", "engine_no": "CD"}, status=422)
    assert 'href="#chassis_no"' in browser.page.text
    await browser.send({"plate": "B 1234 XYZ"}, status=422)
    assert "Pilih STNK atau surat." in browser.text
    await browser.send({"plate": "\x00", "way": "letter", "reference": "x" * 9000}, status=422)


async def test_no_ticket_opens_without_look_up_or_after_its_hour(
    browser: Browser, asked: Story, clock: FixedClock
) -> None:
    stranger = Browser(
        httpx.AsyncClient(transport=browser.client._transport, base_url="http://test", headers={"accept": "text/html"})
    )
    for page in ("", "/bayar", "/bukti", "/riwayat", "/jawab", "/surat.pdf", "/tanda-terima.pdf"):
        assert "Sesi Anda sudah berakhir" in await stranger.get(f"/tilang/{asked.case_id}{page}", status=401)
    clock.advance(timedelta(minutes=61))
    assert "Sesi Anda sudah berakhir" in await browser.get(f"/tilang/{asked.case_id}", status=401)


async def test_all_tickets_of_a_vehicle_are_listed(browser: Browser, asked: Story, clock: FixedClock) -> None:
    assert "Tilang yang ditemukan: 1" in await browser.get("/tilang/hasil")
    clock.advance(timedelta(minutes=50))
    await asked.another(seed=3, location="Bundaran Contoh, Jakarta Pusat")
    await browser.look_up()
    assert browser.path == "/tilang/hasil"
    assert "Tilang yang ditemukan: 2" in browser.text
    assert browser.text.index("Bundaran Contoh") < browser.text.index("Simpang Sarinah")


async def test_a_shared_phone_forgets_the_tickets(browser: Browser, asked: Story) -> None:
    await answer(browser, asked, "yes", "self", DRIVER)
    await browser.get(f"/tilang/{asked.case_id}")
    await browser.send({}, to="/tilang/tutup")
    assert browser.path == "/tilang"
    await browser.get(f"/tilang/{asked.case_id}", status=401)
    assert "loket_answer" not in browser.client.cookies


NASTY = [
    "\x00",
    "A" * 10_000,
    "💥\u202e",
    "' OR 1=1 --",
    "../../etc/passwd",
    "{{7*7}}",
    "<script>alert(1)</script>",
    " \r\n\t ",
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
async def test_no_text_breaks_a_form(browser: Browser, asked: Story, text: str) -> None:
    everywhere = ("plate", "chassis_no", "engine_no", "reference", "reason", *DRIVER, "driver-email", "driver-sim_no")
    filled = dict.fromkeys((*everywhere, "sold_on-day", "buyer-name", "buyer-address"), text)
    await browser.get("/tilang")
    for way in ("stnk", "letter", text):
        page = await browser.client.post("/tilang", data={**filled, "way": way, "_token": browser.token()})
        assert page.status_code in (200, 422)
        assert "<script>alert" not in page.text
    for kind in ("self", "other_driver", "object"):
        await browser.get(f"/tilang/{asked.case_id}/jawab")
        await browser.send({"yours": "yes"})
        await browser.send({"kind": kind})
        page = await browser.client.post(browser.path, data={**filled, "_token": browser.token()})
        assert page.status_code in (200, 422), page.text[:2000]
        assert "<script>alert" not in page.text
    assert (await browser.client.get("/periksa", params={"code": text})).status_code in (200, 404, 422)
    assert await asked.state() == "letter_sent"


# --- forms are ours alone -----------------------------------------------------------------------------------------


async def test_a_form_from_elsewhere_is_refused(browser: Browser, asked: Story) -> None:
    path = f"/tilang/{asked.case_id}/jawab"
    await browser.get(path)
    token = re.search(r'name="_token" value="([^"]+)"', browser.page.text)
    assert token is not None
    for values, headers in (
        ({"yours": "yes"}, {}),
        ({"yours": "yes", "_token": "abc.1.def"}, {}),
        ({"yours": "yes", "_token": token[1]}, {"sec-fetch-site": "cross-site"}),
        ({"yours": "yes", "_token": token[1]}, {"origin": "https://elsewhere.example"}),
    ):
        refused = await browser.client.post(path, data=values, headers=headers)
        assert refused.status_code == 403
        assert "<h1" in refused.text


async def test_a_form_token_of_another_browser_is_refused(browser: Browser, asked: Story, house: House) -> None:
    other = Browser(
        httpx.AsyncClient(transport=browser.client._transport, base_url="http://test", headers={"accept": "text/html"})
    )
    await other.get("/tilang")
    other_token = re.search(r'name="_token" value="([^"]+)"', other.page.text)
    assert other_token is not None
    refused = await browser.client.post(
        f"/tilang/{asked.case_id}/jawab", data={"yours": "yes", "_token": other_token[1]}
    )
    assert refused.status_code == 403


# --- the five answers ---------------------------------------------------------------------------------------------


async def test_owner_who_drove_confirms_and_gets_a_number_to_pay(
    browser: Browser, asked: Story, house: House, client: httpx.AsyncClient
) -> None:
    await join_bank(house, client)
    await answer(browser, asked, "yes", "self", DRIVER)
    assert browser.path.endswith("/periksa")
    assert "3174014503909902" in browser.text
    await browser.send({})
    assert browser.path.endswith("/selesai")
    assert "Jawaban diterima" in browser.text
    assert await asked.state() == "confirmed"
    await asked.issue()
    await browser.get(f"/tilang/{asked.case_id}")
    assert "Lihat cara membayar" in browser.text
    await browser.get(f"/tilang/{asked.case_id}/bayar")
    assert "Rp500.000" in browser.text
    assert "Ada dua nomor" in browser.text
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, asked.case_id, at=house.clock.now())
    assert bill is not None
    shown = re.findall(r'class="loket-number" id="(va-1|register)">([^<]+)<', browser.page.text)
    assert dict(shown)["va-1"].replace(" ", "") == bill.virtual_accounts[0].virtual_account_no.strip()
    for paper in ("surat.pdf", "tilang.pdf"):
        pdf = await browser.client.get(f"/tilang/{asked.case_id}/{paper}")
        assert pdf.content.startswith(b"%PDF")


async def test_a_named_driver_gets_a_code_of_his_own_and_accepts(browser: Browser, asked: Story, house: House) -> None:
    await answer(browser, asked, "yes", "other_driver", DRIVER)
    await browser.send({})
    assert await asked.state() == "awaiting_driver"
    async with house.db.begin(SYSTEM) as tx:
        code = (await tx.session.execute(select(col(Party.code)).where(col(Party.role) == "driver"))).scalars().one()
    driver = Browser.of(browser.client._transport.app)  # type: ignore[attr-defined]
    await driver.get(f"/tilang?ref={code}")
    await driver.send({"plate": "B1234XYZ", "way": "letter", "reference": code}, to="/tilang")
    assert "apakah Anda yang mengemudi" in driver.text
    await driver.get(f"/tilang/{asked.case_id}/pengemudi")
    await driver.send({}, status=422)
    await driver.send({"drove": "yes"})
    assert await asked.state() == "confirmed"
    await driver.client.aclose()


async def test_a_sold_vehicle_goes_to_its_buyer(browser: Browser, asked: Story, house: House) -> None:
    fields = {"buyer-name": "Agus Umpama", "buyer-address": "Jalan Contoh No. 3, Bandung"}
    await answer(
        browser, asked, "no", "sold", {**fields, "sold_on-day": "1", "sold_on-month": "2", "sold_on-year": "2026"}
    )
    assert browser.path.endswith("/dokumen")
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(picture, "PNG")
    await browser.send({"do": "upload"}, file=("kuitansi.png", picture.getvalue()))
    assert "kuitansi.png" in browser.text
    await browser.send({"do": "continue"})
    assert browser.path.endswith("/periksa")
    assert "Minggu, 1 Februari 2026" in browser.text
    await browser.send({})
    assert "Jawaban diterima" in browser.text
    async with house.db.begin(SYSTEM) as tx:
        kept = (await tx.session.execute(select(Answer))).scalars().one()
        attached = (await tx.session.execute(select(Attachment))).scalars().one()
    assert kept.kind == "sold"
    assert str(kept.sold_on) == "2026-02-01"
    assert attached.answer_id == kept.id


@pytest.mark.parametrize(("yours", "kind"), [("no", "not_mine"), ("yes", "object")])
async def test_an_objection_waits_for_another_officer(browser: Browser, asked: Story, yours: str, kind: str) -> None:
    await answer(browser, asked, yours, kind, {"reason": "Mobil saya putih, di foto hitam.\r\nLihat lampiran."})
    await browser.send({"do": "continue"})
    await browser.send({})
    assert await asked.state() == "objection"
    await browser.get(f"/tilang/{asked.case_id}")
    assert "diputus oleh petugas lain" in browser.text


async def test_wrong_details_are_named_and_nothing_is_lost(browser: Browser, asked: Story) -> None:
    wrong = {**DRIVER, "driver-nik": "123", "driver-phone": "", "driver-address": "x\x01y"}
    await browser.get(f"/tilang/{asked.case_id}/jawab")
    await browser.send({"yours": "maybe"}, status=422)
    await browser.send({"yours": "yes"})
    await browser.send({"kind": "sold"}, status=422)
    await browser.send({"kind": "self"})
    await browser.send(wrong, status=422)
    for name in ("driver-nik", "driver-phone", "driver-address"):
        assert f'href="#{name}"' in browser.page.text
    assert 'value="Siti Misal"' in browser.page.text
    assert "NIK pengemudi:" in browser.text


async def test_a_changed_mind_starts_the_other_branch_anew(browser: Browser, asked: Story) -> None:
    await answer(browser, asked, "yes", "self", DRIVER)
    await browser.get(f"/tilang/{asked.case_id}/jawab")
    await browser.send({"yours": "no"})
    await browser.get(f"/tilang/{asked.case_id}/jawab/periksa")
    assert browser.path.endswith("/jawab")


@pytest.mark.parametrize("content", [b"MZ not a picture", b"", b"%PDF-1.4 broken", b"\xff\xd8\xff\xe0 broken"])
async def test_a_file_that_is_none_is_refused_with_words(browser: Browser, asked: Story, content: bytes) -> None:
    await answer(browser, asked, "no", "not_mine", {"reason": "Bukan kendaraan saya, pelatnya ditiru."})
    await browser.send({"do": "upload"}, file=("virus.apk", content), status=422)
    assert 'href="#file"' in browser.page.text
    await browser.send({"do": "upload"}, status=422)
    assert "Pilih berkas dahulu." in browser.text


async def test_an_answer_can_be_sent_once(browser: Browser, asked: Story, house: House) -> None:
    await answer(browser, asked, "yes", "self", DRIVER)
    late = browser.page
    await browser.send({})
    browser.page = late
    await browser.get(f"/tilang/{asked.case_id}/jawab")
    assert browser.path == f"/tilang/{asked.case_id}"


# --- after paying -------------------------------------------------------------------------------------------------


async def test_the_payment_page_and_the_bill_have_the_acquirers_code_and_no_other(
    browser: Browser, asked: Story, house: House, client: httpx.AsyncClient
) -> None:
    bank = await join_bank(house, client, name="Bank Akuisisi")
    await answer(browser, asked, "yes", "self", DRIVER)
    await browser.send({})
    await asked.issue()
    await browser.get(f"/tilang/{asked.case_id}/bayar")
    assert "QRIS" not in browser.text
    acquired = replace(house, parts={**house.parts, Acquirer: SnapAcquirer(bank.client_id, "UJI")})
    async with connected(acquired, bank.client_id) as fake:
        fake.codes = lambda order: made(order["amount"]["value"])
        async with house.db.read() as connection:
            bill = await billing.bill_of(connection, asked.case_id)
        assert bill is not None
        await qris_codes.make_code(acquired, str(bill.id))
    await browser.get(f"/tilang/{asked.case_id}/bayar")
    assert '<figure class="loket-qris"' in browser.page.text
    assert qr_svg(made(f"{bill.amount}.00")) in browser.page.text


async def test_a_number_whose_time_is_over_is_replaced_at_the_press_of_a_button(
    browser: Browser, asked: Story, house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await join_bank(house, client)
    await answer(browser, asked, "yes", "self", DRIVER)
    await browser.send({})
    await asked.issue()
    number = re.compile(r'class="loket-number" id="va-1">([^<]+)<')
    await browser.get(f"/tilang/{asked.case_id}/bayar")
    [first] = number.findall(browser.page.text)
    assert "Minta nomor pembayaran baru" not in browser.text
    clock.advance(timedelta(days=120))
    await cases.sweep(house)
    await browser.look_up()
    await browser.get(f"/tilang/{asked.case_id}/bayar")
    assert "Waktu bayar nomor ini sudah lewat" in browser.text
    assert not number.findall(browser.page.text)
    await browser.send({})
    [second] = number.findall(browser.page.text)
    assert first != second
    assert "Minta nomor pembayaran baru" not in browser.text


async def test_after_payment_there_is_a_receipt_and_a_proof(
    browser: Browser, asked: Story, house: House, client: httpx.AsyncClient
) -> None:
    bank = await join_bank(house, client)
    await answer(browser, asked, "yes", "self", DRIVER)
    await browser.send({})
    await asked.issue()
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, asked.case_id, at=house.clock.now())
    assert bill is not None
    await bank.sign_in()
    paid = await bank.pay(bill.virtual_accounts[0].customer_no, bank.next_id(), bill.amount)
    assert paid.status_code == 200, paid.text
    await asked.settle()
    assert await asked.state() == "deposit_paid"
    await browser.get(f"/tilang/{asked.case_id}/bayar")
    assert "Pembayaran diterima" in browser.text
    receipt = await browser.client.get(f"/tilang/{asked.case_id}/tanda-terima.pdf")
    assert receipt.content.startswith(b"%PDF")
    proof = await browser.client.get(f"/tilang/{asked.case_id}/bukti.json")
    assert transparency.verify_proof(json.loads(proof.text)).holds
    await browser.get(f"/tilang/{asked.case_id}/bukti")
    assert "Daun nomor" in browser.text


async def test_the_citizen_sees_who_looked_and_what_for(browser: Browser, asked: Story, house: House) -> None:
    clerk = Browser.of(browser.client._transport.app)  # type: ignore[attr-defined]
    await clerk.sign_in_staff(house, Role.COUNTER)
    await clerk.get(f"/counter/cases/{asked.case_id}")
    await clerk.send({"purpose": "other", "other": "Pertanyaan lewat telepon"})
    await clerk.client.aclose()
    await browser.get(f"/tilang/{asked.case_id}/riwayat")
    assert "Pertanyaan lewat telepon" in browser.text


async def test_english_is_chosen_once_and_stays(browser: Browser, asked: Story) -> None:
    await browser.get(f"/tilang/{asked.case_id}?lang=en")
    assert "Confirmation letter sent" in browser.text
    await browser.get(f"/tilang/{asked.case_id}/bayar")
    assert "nothing to pay yet" in browser.text
    assert '<html lang="en"' in browser.page.text


async def test_an_annulled_ticket_asks_for_nothing(browser: Browser, asked: Story) -> None:
    await asked.decide(Decision("annul", reason="Foto menunjukkan lampu hijau"), by=None, role=Role.SENIOR_OFFICER)
    await browser.get(f"/tilang/{asked.case_id}")
    assert "Anda tidak perlu membayar apa pun" in browser.text
    assert "Jawab sekarang" not in browser.text
    assert "Foto menunjukkan lampu hijau" in browser.text


async def test_what_only_the_registry_knows_is_on_no_page(browser: Browser, asked: Story, house: House) -> None:
    owner = make.VEHICLE
    pages = [f"/tilang/{asked.case_id}{page}" for page in ("", "/bayar", "/bukti", "/riwayat", "/jawab")]
    for page in pages:
        await browser.get(page)
        for secret in (owner.chassis_no, owner.engine_no):
            assert secret not in browser.page.text
    async with house.db.begin(SYSTEM) as tx:
        assert (await tx.session.get(Case, asked.case_id)) is not None
