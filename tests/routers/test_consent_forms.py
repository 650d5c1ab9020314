"""Consent on paper: printed, signed, scanned, and good only once a second officer has seen the person."""

import hashlib
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from app.services.cases import CaseEvent
from app.services.cases.models import PaperConsent
from app.services.identity.roles import Role
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, examples, opened_unit, paper
from tests.drain import drain
from tests.routers.pages.world import Browser

DRIVER = {"nik": make.DRIVER["nik"], "name": "Budi Contoh", "address": "Jalan Contoh No. 1", "phone": "081200000001"}
WHO = demo.PEOPLE[demo.BUDI]
CLAIM = {"nik": WHO.nik, "born_on": WHO.born_on.isoformat(), "kk_no": WHO.kk_no}
FORMS = "/v1/counter/consent-forms"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


class Counter:
    """Two officers of one unit, by their headers."""

    def __init__(self, client: httpx.AsyncClient, first: dict[str, str], second: dict[str, str]) -> None:
        self.client, self.first, self.second = client, first, second
        for officer in (first, second):
            officer.pop("Idempotency-Key", None)  # each step takes a fresh one

    async def post(
        self, path: str, body: Any = None, *, by: dict[str, str] | None = None, status: int | None = None
    ) -> Any:
        headers = {**(by or self.first), "Idempotency-Key": uuid4().hex}
        answer = await self.client.post(path, json=body, headers=headers)
        if status is not None:
            assert answer.status_code == status, answer.text
        return answer.json()

    async def scan(self, form: str, data: bytes, status: int = 200) -> Any:
        files = {"file": ("a.jpg", data, "image/jpeg")}
        answer = await self.client.put(f"{FORMS}/{form}/scan", headers=self.first, files=files)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def signed(self, form: dict[str, Any]) -> str:
        """The form printed, scanned and confirmed; its number."""
        await self.scan(form["id"], paper("consent"))
        await self.post(f"{FORMS}/{form['id']}/seen", by=self.second, status=200)
        return str(form["reference"])


async def test_a_ticket_is_answered_for_who_signed_and_was_seen_by_two(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    first, second = [await make.staff_headers(house, role) for role in (Role.COUNTER, Role.OFFICER)]
    counter, case = Counter(client, first, second), f"/v1/counter/cases/{case_id}"
    form = await counter.post(f"{case}/consent-forms", {"action": "confirm_self"}, status=201)
    answer = {"action": "confirm_self", "driver": DRIVER, "consent": form["reference"].lower()}
    pdf = await client.get(f"{FORMS}/{form['id']}/form.pdf", headers=first)
    assert pdf.content.startswith(b"%PDF")
    early = await counter.post(f"{FORMS}/{form['id']}/seen", by=second, status=409)
    assert early["code"] == "cases-consent-form-not-scanned"
    assert (await counter.scan(form["id"], b"no picture", 415))["code"] == "documents-type-not-wanted"
    await counter.scan(form["id"], paper("consent"))
    assert (await counter.post(f"{case}/actions", answer, status=409))["code"] == "cases-consent-form-not-seen"
    alone = await counter.post(f"{FORMS}/{form['id']}/seen", status=403)
    assert alone["code"] == "cases-consent-form-four-eyes"
    elsewhere = await Desk(house, client, demo.BUDI).staff(Role.SUPERVISOR, POLRES)
    await counter.post(f"{FORMS}/{form['id']}/seen", by=elsewhere, status=404)
    [listed] = (await client.get(FORMS, headers=second)).json()["forms"]
    assert (listed["reference"], listed["may_confirm"]) == (form["reference"], True)
    assert (await client.get(FORMS, headers=first)).json()["forms"][0]["may_confirm"] is False
    shown = await client.get(f"{FORMS}/{form['id']}/scan", headers=second)
    assert shown.headers["content-type"] == "image/jpeg"
    await counter.post(f"{FORMS}/{form['id']}/seen", by=second, status=200)
    await counter.scan(form["id"], paper("consent"), 409)
    other = {"action": "object", "kind": "object", "reason": "Saya di rumah", "consent": form["reference"]}
    assert (await counter.post(f"{case}/actions", other, status=422))["code"] == "identity-consent-refused"
    done = await counter.post(f"{case}/actions", answer, status=200)
    assert done["state"] == "confirmed"
    async with house.db.read() as connection:
        rows = list(await connection.execute(select(CaseEvent).where(col(CaseEvent.case_id) == case_id)))
        kept = (await connection.execute(select(PaperConsent))).one()
    events = {each.action: each for each in rows}
    digest = hashlib.sha256(shown.content).hexdigest()
    assert [events[f"consent_form_{each}"].data.get("sha256") for each in ("printed", "scanned", "seen")] == [
        None,
        digest,
        digest,
    ]
    assert events["confirm_self"].data["consent"] == form["id"]
    assert digest not in (kept.scan_sha256,), "what lies in the store is sealed"
    late = await counter.post(f"{case}/consent-forms", {"action": "object"}, status=409)
    assert late["code"] == "etle-not-at-counter"
    clock.advance(timedelta(hours=25))
    again = await make.staff_headers(house, Role.OFFICER)
    assert (await client.get(FORMS, headers=again)).json()["forms"] == []
    for wrong in ({"seen_by": kept.printed_by}, {"seen_by": None}):
        with pytest.raises(IntegrityError):
            async with house.db.begin(SYSTEM) as tx:
                await tx.session.execute(update(PaperConsent).values(**wrong))


async def test_an_application_begins_and_goes_in_on_paper(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = Desk(house, client, demo.BUDI)
    first, second = [await desk.staff(role, POLRES) for role in (Role.COUNTER, Role.SUPERVISOR)]
    counter, path = Counter(client, first, second), "/v1/counter/assisted/applications"
    form = await counter.post("/v1/counter/assisted/consent-forms", CLAIM, status=201)
    assert (form["case"], (await client.get(f"{FORMS}/{form['id']}/form.pdf", headers=first)).status_code) == (
        None,
        200,
    )
    asked = examples((await client.get("/v1/services/skck-new")).json()["form"]) | {"prints_on_file": True}
    body = CLAIM | {"service": "skck-new", "form": asked, "consent": form["reference"]}
    assert (await counter.post(path, body, status=409))["code"] == "cases-consent-form-not-seen"
    await counter.signed(form)
    made = await counter.post(path, body, status=201)
    assert (await counter.post(path, body, status=422))["code"] == "identity-consent-refused", "a form is good once"
    for each in made["documents"]:
        if each["required"]:
            files = {"file": ("a.jpg", paper(each["name"], each["rule"]), "image/jpeg")}
            await client.put(f"{path}/{made['id']}/documents/{each['name']}", headers=first, files=files)
    case = f"/v1/counter/cases/{made['id']}"
    await counter.post(f"{case}/consent-forms", {"action": "begin"}, status=422)
    second_form = await counter.post(f"{case}/consent-forms", {"action": "submit"}, status=201)
    number = await counter.signed(second_form)
    submitted = await counter.post(f"{path}/{made['id']}/submit", {"consent": number}, status=200)
    assert submitted["state"] == "awaiting_payment"
    async with house.db.read() as connection:
        kept = await connection.execute(select(PaperConsent.case_id))  # type: ignore[call-overload]
        assert [each.case_id for each in kept] == [UUID(made["id"])] * 2, (
            "the first one is evidence of the case it began"
        )


async def test_the_pages_lead_from_the_form_to_the_answer(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    browser = Browser.of(create_app(house))
    await browser.sign_in_staff(house, Role.COUNTER)
    await browser.get(f"/counter/cases/{case_id}")
    await browser.send({"purpose": "help"})
    await browser.send({"step": "object", "do": "paper"}, to=f"/counter/cases/{case_id}/consent")
    found = re.search(r"STJ[0-9A-Z]{9}", browser.page.text)
    form = re.search(r"/counter/persetujuan/([0-9a-f-]{36})/formulir.pdf", browser.page.text)
    assert found is not None
    assert form is not None
    page = f"/counter/persetujuan/{form[1]}"
    await browser.send({}, to=f"{page}/pindai", status=422)
    assert "Pilih berkas hasil pindai." in browser.text
    scan = {f"file-{form[1]}": ("a.jpg", paper("consent"))}
    kept = await browser.client.post(
        f"{page}/pindai", data={"_token": browser.token()}, files=scan, headers=SAME_ORIGIN
    )
    assert kept.status_code == 200, kept.text[:500]
    await browser.get("/counter/persetujuan")
    assert "Menunggu petugas kedua" in browser.text
    await browser.send({}, to=f"{page}/lihat", status=403)
    await browser.sign_in_staff(house, Role.OFFICER)
    await browser.get("/counter/persetujuan")
    await browser.send({}, to=f"{page}/lihat")
    assert "Berlaku: petugas kedua sudah melihat orangnya." in browser.text
    await browser.sign_in_staff(house, Role.COUNTER)
    await browser.get(f"/counter/cases/{case_id}")
    await browser.send({"purpose": "help"})
    await browser.send({"step": "object", "do": "number"}, to=f"/counter/cases/{case_id}/consent")
    answer = {"step": "object", "kind": "object", "reason": "Lampu lalu lintas mati saat itu.", "code": found[0]}
    await browser.send(answer, to=f"/counter/cases/{case_id}/answer")
    assert browser.path == "/counter"
    await drain(house)
