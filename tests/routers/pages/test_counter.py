"""The counter: what waits, one decision with its reason, four eyes, the batch of block requests."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases, etle
from app.services.etle import Decision
from app.services.etle.models import Block, Ticket
from app.services.identity import staff
from app.services.identity.roles import Role
from app.services.recognition import PlateLook, Validity
from app.services.reference import PlateColour, PlateUse
from app.services.registries import VehicleRegistry
from app.services.registries.models import VehicleRecord
from tests import make
from tests.drain import drain
from tests.routers.pages.world import Browser, Story


@pytest.fixture
async def officer(browser: Browser, story: Story, house: House) -> Browser:
    """The officer who was drawn, signed in at the counter."""
    await browser.sign_in_staff(house, Role.OFFICER, staff_id=await story.officer())
    return browser


def page_of(story: Story) -> str:
    return f"/counter/cases/{story.case_id}"


async def decide(browser: Browser, story: Story, status: int = 200, **values: str) -> None:
    await browser.send(values, to=f"{page_of(story)}/decision", status=status)


async def test_who_is_not_signed_in_is_sent_to_the_sign_in(browser: Browser, house: House) -> None:
    for page in ("/counter", "/counter/blocks"):
        answer = await browser.client.get(page, follow_redirects=False)
        assert answer.status_code == 303
        assert "next=%2Fcounter" in answer.headers["location"]


async def test_a_drawn_case_waits_for_its_officer_alone(officer: Browser, story: Story, house: House) -> None:
    await officer.get("/counter")
    assert "Periksa foto dan data" in officer.text
    assert f'href="{page_of(story)}"' in officer.page.text
    async with house.db.begin(SYSTEM) as tx:
        others = await staff.list_officers(tx.session, unit="PMJ", role=Role.OFFICER)
    mine = await story.officer()
    await officer.sign_in_staff(house, Role.OFFICER, staff_id=next(each.id for each in others if each.id != mine))
    await officer.get("/counter")
    assert "Tidak ada tugas yang menunggu" in officer.text


async def test_officer_verifies_with_picture_reading_and_registry_side_by_side(officer: Browser, story: Story) -> None:
    await officer.get(page_of(story))
    for words in ("Keyakinan mesin", "Menurut registrasi kendaraan", "Toyota Avanza", "Mulai memeriksa"):
        assert words in officer.text
    # The decision is about the picture: whose vehicle it is stays covered until a letter was sent.
    assert "Budi Contoh" not in officer.page.text
    assert make.VEHICLE.owner_nik not in officer.page.text
    as_json = (await officer.client.get(f"/v1{page_of(story)}")).json()
    assert as_json["registry"]["owner_name"] is None
    assert as_json["parties"] == []
    await decide(officer, story, action="start_review")
    assert "tersimpan" in officer.text
    await officer.get(page_of(story))
    await decide(officer, story, action="verify", registry_match="yes", plate="b 1234 xyz", reason="")
    assert await story.state() == "verified"


async def test_the_officer_is_shown_which_characters_are_in_doubt(browser: Browser, house: House) -> None:
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house), confidence=0.62)
    assert case_id is not None
    drawn = await make.officer_of(house, case_id)
    await browser.sign_in_staff(house, Role.OFFICER, staff_id=UUID(drawn.id))
    await browser.get(f"/counter/cases/{case_id}")
    assert "Tanda ke-1: B (62,0%)" in browser.text
    assert "Tanda ke-5: 4 (62,0%)" in browser.text
    assert "Tanda ke-6: X (62,0%), mungkin K" in browser.text
    assert "<mark><u>B</u></mark>" in browser.page.text
    reading = (await browser.client.get(f"/v1/counter/cases/{case_id}")).json()["evidence"]["reading"]
    assert reading["characters"][5] == {"character": "X", "confidence": 0.62, "doubtful": True, "others": ["K"]}


async def test_a_picture_without_any_plate_is_said_to_have_none(browser: Browser, house: House) -> None:
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house), None)
    assert case_id is not None
    drawn = await make.officer_of(house, case_id)
    await browser.sign_in_staff(house, Role.OFFICER, staff_id=UUID(drawn.id))
    await browser.get(f"/counter/cases/{case_id}")
    assert "Tidak ada pelat yang ditemukan di foto" in browser.text
    reading = (await browser.client.get(f"/v1/counter/cases/{case_id}")).json()["evidence"]["reading"]
    assert (reading["no_plate"], reading["plate"], reading["characters"]) == (True, None, [])


async def test_colours_that_tell_another_use_than_the_registry_are_a_hint(browser: Browser, house: House) -> None:
    await make.demo_set(house)
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(
            update(VehicleRecord).where(col(VehicleRecord.plate) == make.PLATE).values(plate_use="private")
        )
    yellow = PlateLook(PlateColour.YELLOW, PlateColour.BLACK, PlateUse.PUBLIC, 0.91)
    case_id = await make.case_of(house, await make.capture(house), look=yellow, validity=Validity(3, 2028, 0.8))
    assert case_id is not None
    drawn = await make.officer_of(house, case_id)
    await browser.sign_in_staff(house, Role.OFFICER, staff_id=UUID(drawn.id))
    await browser.get(f"/counter/cases/{case_id}")
    for words in (
        "Dasar kuning, huruf hitam",
        "Angkutan umum",
        "03.28",
        "Pribadi atau perusahaan",
        "Ini hanya petunjuk",
    ):
        assert words in browser.text
    as_json = (await browser.client.get(f"/v1/counter/cases/{case_id}")).json()
    assert (as_json["use_differs"], as_json["registry"]["use"]) == (True, "private")
    assert as_json["evidence"]["reading"]["look"]["use"] == "public"
    assert as_json["evidence"]["reading"]["validity"] == {"month": "2028-03", "confidence": 0.8}
    vehicle = await house[VehicleRegistry].find(make.PLATE)
    async with house.db.begin(drawn) as tx:  # and no refusal: the officer decides as ever
        await etle.decide(tx, case_id, Decision("start_review"))
        await etle.decide(tx, case_id, Decision("verify", registry_matches=True, plate=make.PLATE, vehicle=vehicle))


async def test_a_decision_wants_its_parts(officer: Browser, story: Story) -> None:
    await story.decide(Decision("start_review"))
    await officer.get(page_of(story))
    await decide(officer, story, status=422)
    assert "Pilih satu keputusan." in officer.text
    await decide(officer, story, status=422, action="reject", reason="")
    assert "Tulis alasannya" in officer.text
    assert "Pilih mengapa bukan pelanggaran." in officer.text
    await decide(officer, story, status=422, action="verify")
    assert "Jawab apakah kendaraannya sama." in officer.text
    await decide(officer, story, status=409, action="verify", registry_match="no")
    assert "cocok dengan data registrasi" in officer.text
    await decide(officer, story, status=422, action="verify", registry_match="yes", plate="B 9 ZZZ")
    assert await story.state() == "in_verification"


async def test_a_rejection_is_final_and_the_citizen_sees_nothing(officer: Browser, story: Story) -> None:
    await story.decide(Decision("start_review"))
    await officer.get(page_of(story))
    await decide(officer, story, action="reject", kind="no_violation", reason="Lampu masih kuning di foto")
    assert await story.state() == "rejected"
    await officer.look_up()
    assert "Tidak ada tilang yang cocok" in officer.text


async def test_a_suspected_fake_plate_is_reported(officer: Browser, story: Story) -> None:
    await story.decide(Decision("start_review"))
    await officer.get(page_of(story))
    await decide(officer, story, action="report_fake_plate", reason="Di foto sedan putih, terdaftar Avanza hitam")
    assert await story.state() == "fake_plate_alert"


async def test_two_people_do_not_both_win(officer: Browser, story: Story) -> None:
    await story.decide(Decision("start_review"))
    await officer.get(page_of(story))
    seen = officer.page
    await story.decide(Decision("release", reason="Saya mengenal pemiliknya"))
    officer.page = seen
    await officer.send(
        {"action": "verify", "registry_match": "yes", "version": "2"}, to=f"{page_of(story)}/decision", status=409
    )


async def test_an_objection_is_not_decided_by_the_first_officer(officer: Browser, story: Story, house: House) -> None:
    first = await story.officer()
    await story.letter()
    await story.object("Mobil saya putih, yang di foto hitam")
    await officer.get("/counter")
    assert "Putuskan sanggahan" not in officer.text
    async with house.db.begin(SYSTEM) as tx:
        others = await staff.list_officers(tx.session, unit="PMJ", role=Role.OFFICER)
        done = {each.id: await cases.actions_of(tx.session, story.case_id, str(each.id)) for each in others}
    second = next(each for each, actions in done.items() if each != first and "verify" not in actions)
    await officer.sign_in_staff(house, Role.OFFICER, staff_id=second)
    await officer.get("/counter")
    assert "Putuskan sanggahan" in officer.text
    await officer.get(page_of(story))
    assert "Mobil saya putih, yang di foto hitam" in officer.text
    await decide(officer, story, action="accept_objection", reason="Kendaraan di foto memang lain")
    assert await story.state() == "annulled"


async def test_whoever_has_no_work_on_a_case_says_what_for(browser: Browser, story: Story, house: House) -> None:
    await browser.sign_in_staff(house, Role.COUNTER)
    await browser.get(page_of(story))
    assert "Untuk keperluan apa" in browser.text
    assert "Toyota" not in browser.text
    await browser.send({}, status=422)
    await browser.send({"purpose": "other", "other": "x"}, status=422)
    await browser.send({"purpose": "help"})
    assert "Toyota" in browser.text
    assert "Membantu warga" in browser.text


async def test_a_case_of_another_unit_is_not_there(browser: Browser, story: Story, house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        elsewhere = (await staff.list_officers(tx.session, unit="JABAR", role=Role.OFFICER))[0].id
    await browser.sign_in_staff(house, Role.OFFICER, staff_id=elsewhere)
    assert "tidak ditemukan" in (await browser.get(page_of(story), status=404)).lower()


async def test_senior_officer_annuls_and_nobody_else_is_offered_it(
    officer: Browser, story: Story, house: House
) -> None:
    await story.letter()
    await officer.sign_in_staff(house, Role.COUNTER)
    await officer.get(page_of(story))
    await officer.send({"purpose": "audit"})
    assert "Batalkan perkara" not in officer.text
    await officer.sign_in_staff(house, Role.SENIOR_OFFICER)
    await officer.get(page_of(story))
    await officer.send({"purpose": "audit"})
    await decide(officer, story, action="annul", reason="Kamera belum dikalibrasi")
    assert await story.state() == "annulled"


async def test_investigator_signs_the_marked_proposals(
    officer: Browser, story: Story, house: House, clock: FixedClock
) -> None:
    await story.letter()
    async with house.db.begin(SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, story.case_id)
        assert ticket is not None
        ticket.delivered_at = tx.now
        case = await cases.get_locked(tx, story.case_id)
        await cases.recompute_deadlines(tx, case)
    clock.advance(timedelta(days=9))
    await cases.sweep(house, as_of=clock.now(), limit=50)
    await drain(house)
    assert await story.state() == "unanswered"
    await officer.sign_in_staff(house, Role.COUNTER)
    assert (await officer.client.get("/counter/blocks")).status_code == 403
    await officer.sign_in_staff(house, Role.INVESTIGATOR)
    await officer.get("/counter/blocks")
    assert "tidak dijawab" in officer.text
    await officer.send({}, status=422)
    assert "Centang paling sedikit satu usulan." in officer.text
    async with house.db.begin(SYSTEM) as tx:
        block_id = (await tx.session.execute(select(col(Block.id)))).scalars().one()
    await officer.send({"block-1": str(block_id)})
    assert "1 permohonan ditandatangani." in officer.text
    assert "Tidak ada usulan" in officer.text
    await drain(house)
    async with house.db.begin(SYSTEM) as tx:
        block = await tx.session.get(Block, block_id)
    assert block is not None
    assert block.state == "set"


async def test_court_enters_the_verdict(officer: Browser, story: Story, house: House) -> None:
    await story.letter()
    await story.admit()
    await story.issue()
    await officer.sign_in_staff(house, Role.COURT)
    await officer.get(page_of(story))
    await officer.send({"purpose": "other", "other": "Sidang hari ini"})
    await officer.send(
        {"fine": "seratus", "cost": "", "stated": "Sidang hari ini"}, to=f"{page_of(story)}/verdict", status=422
    )
    assert 'href="#fine"' in officer.page.text
    await officer.send({"fine": "100.000", "cost": "2000"}, to=f"{page_of(story)}/verdict")
    assert await story.state() == "decided"


async def test_an_unknown_cursor_is_refused_as_a_page(officer: Browser, story: Story) -> None:
    assert "<h1" in (await officer.client.get("/counter?after=zzz")).text
    assert (await officer.client.get("/counter?after=zzz")).status_code == 422
