"""The counter's pages for a citizen who is there: the step, the code, the answer."""

import re

import pytest

from app.core.house import House
from app.services.identity.roles import Role
from tests import make
from tests.routers.pages.world import Browser, Story

DRIVER = {
    "driver-name": "Budi Contoh",
    "driver-nik": make.VEHICLE.owner_nik or "",
    "driver-address": "Jalan Contoh No. 1",
    "driver-phone": "081200000001",
}


@pytest.fixture
async def clerk(browser: Browser, story: Story, house: House) -> Browser:
    """A counter officer who has opened the case to help."""
    await story.letter()
    await browser.sign_in_staff(house, Role.COUNTER)
    await browser.get(f"/counter/cases/{story.case_id}")
    await browser.send({"purpose": "help"})
    return browser


async def code_of(browser: Browser, story: Story) -> str:
    await story.settle()
    shown = (await browser.client.get("/sandbox/outbox.json", params={"to": make.VEHICLE.owner_phone or ""})).json()
    texts = [re.match(r"(\d{6}) adalah kode persetujuan", each["text"]) for each in shown["messages"]]
    return next(each[1] for each in texts if each)


async def test_the_citizen_agrees_by_code_and_nothing_typed_is_lost(clerk: Browser, story: Story) -> None:
    case, answer = f"/counter/cases/{story.case_id}", f"/counter/cases/{story.case_id}/answer"
    assert "Untuk warga di loket" in clerk.text
    await clerk.send({"stated": "Membantu warga"}, to=f"{case}/consent", status=422)
    assert "Pilih apa yang diminta warga." in clerk.text
    await clerk.send({"step": "confirm_self", "stated": "Membantu warga"}, to=f"{case}/consent")
    assert "Kode dikirim ke" in clerk.text
    code = await code_of(clerk, story)
    await clerk.send({"step": "confirm_self"}, to=answer, status=422)
    assert "Ketik kode yang disebutkan warga." in clerk.text
    assert 'href="#driver-nik"' in clerk.page.text
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    await clerk.send({"step": "confirm_self", "code": wrong, **DRIVER}, to=answer, status=422)
    assert "Kode atau nomor formulir salah" in clerk.text
    assert "Budi Contoh" in clerk.page.text
    await clerk.send({"step": "confirm_self", "code": code, **DRIVER}, to=answer)
    assert "tersimpan" in clerk.text
    assert await story.state() == "confirmed"


async def test_an_objection_is_taken_with_its_proof(clerk: Browser, story: Story) -> None:
    case = f"/counter/cases/{story.case_id}"
    await clerk.send({"step": "object"}, to=f"{case}/consent")
    code = await code_of(clerk, story)
    values = {"step": "object", "code": code, "reason": "Bukan mobil saya"}
    proof = ("bukti.jpg", make.photograph(seed=5))
    await clerk.send(values, file=proof, to=f"{case}/answer", status=422)
    assert "Pilih keberatannya." in clerk.text
    kept = re.search(r'name="attachments" value="([^"]+)"', clerk.page.text)
    assert kept is not None
    await clerk.send({**values, "kind": "not_mine", "attachments": kept[1]}, to=f"{case}/answer")
    assert await story.state() == "objection"


async def test_an_officer_is_not_offered_it(browser: Browser, story: Story, house: House) -> None:
    await story.letter()
    await browser.sign_in_staff(house, Role.SENIOR_OFFICER)
    await browser.get(f"/counter/cases/{story.case_id}")
    await browser.send({"purpose": "audit"})
    assert "Untuk warga di loket" not in browser.text
    await browser.send({"step": "object"}, to=f"/counter/cases/{story.case_id}/consent", status=403)
