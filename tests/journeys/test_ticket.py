"""The main job over HTTP: from a camera's photograph to a paid ticket with a receipt that proves itself."""

import io
import json
from datetime import date, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select

from app.core.clock import FixedClock
from app.core.house import House
from app.services import cameras, cases, transparency
from app.services.billing import ledger_check
from app.services.cases import CaseEvent
from app.services.etle.models import Block
from app.services.identity.roles import Role
from tests import make
from tests.banks import INQUIRY, PAYMENT, join_bank
from tests.drain import drain

CERTIFICATE = cameras.Certificate("KAL/2026/017", date(2027, 3, 31), "Kamera Uji 5", date(2026, 1, 5))
DRIVER = {
    "nik": make.VEHICLE.owner_nik,
    "name": "Budi Contoh",
    "address": "Jalan Contoh No. 1, Jakarta Selatan",
    "phone": "081200000001",
}


class Story:
    """One ticket's way, step by step, each over HTTP."""

    def __init__(self, house: House, client: httpx.AsyncClient, clock: FixedClock) -> None:
        self.house, self.client, self.clock = house, client, clock
        self.case_id = ""
        self.access: dict[str, str] = {}

    async def capture(self, image: bytes | None = None) -> None:
        await make.demo_set(self.house)
        camera = await make.camera(self.house, self.client, certificate=CERTIFICATE)
        taken = self.clock.now() - timedelta(minutes=5)
        answer = await camera.send(image or make.photograph(), at=taken, speed_kmh=None)
        assert answer.status_code == 202, answer.text
        await drain(self.house)

    async def officer(self, role: Role = Role.OFFICER) -> dict[str, str]:
        """The headers of the officer who was drawn, found by asking each for their work."""
        async with self.house.db.begin(make.SYSTEM) as tx:
            officers = await make.staff.list_officers(tx.session, unit="PMJ", role=role)
        for each in officers:
            headers = await make.staff_headers(self.house, role, staff_id=each.id)
            tasks = (await self.client.get("/v1/counter/tasks", headers=headers)).json()["tasks"]
            if tasks:
                self.case_id = tasks[0]["case_id"]
                return headers
        raise AssertionError("nobody has work")

    async def act(self, headers: dict[str, str], action: str, *, status: int = 200, **data: object) -> dict:
        answer = await self.client.post(
            f"/v1/counter/cases/{self.case_id}/actions",
            headers={**headers, "Idempotency-Key": str(uuid4())},
            json={"action": action, **data},
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def verify(self) -> dict[str, str]:
        headers = await self.officer()
        await self.act(headers, "start_review")
        seen = (await self.client.get(f"/v1/counter/cases/{self.case_id}", headers=headers)).json()
        assert seen["plate"] == "B 1234 XYZ", seen
        assert seen["registry"]["make"] == "Toyota"
        await self.act(headers, "verify", registry_matches=True, reason="kendaraan cocok", version=seen["version"])
        await drain(self.house)
        if (await self.state()) == "verified":  # a doubtful reading: a second officer looks
            second = await self.officer()
            await self.act(second, "endorse")
            await drain(self.house)
        assert await self.state() == "letter_sent"
        return headers

    async def state(self) -> str:
        async with self.house.db.begin(make.SYSTEM) as tx:
            case = await tx.session.get(cases.Case, UUID(self.case_id))
            assert case is not None
            return case.state

    async def look_up(self) -> dict:
        answer = await self.client.post(
            "/v1/tickets/lookup",
            json={
                "plate": "b 1234 xyz",
                "chassis_no": make.VEHICLE.chassis_no,
                "engine_no": make.VEHICLE.engine_no[-5:],
            },
        )
        assert answer.status_code == 200, answer.text
        found = answer.json()["tickets"]
        assert len(found) == 1, found
        self.access = {"Authorization": f"Bearer {found[0]['access_token']}"}
        self.case_id = found[0]["id"]
        return found[0]

    async def get(self, path: str = "", *, status: int = 200) -> httpx.Response:
        answer = await self.client.get(f"/v1/tickets/{self.case_id}{path}", headers=self.access)
        assert answer.status_code == status, answer.text
        return answer

    async def answer(self, body: dict, *, status: int = 200) -> dict:
        answer = await self.client.post(f"/v1/tickets/{self.case_id}/response", headers=self.access, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def issue(self) -> None:
        headers = await self.officer()
        await self.act(headers, "issue_tilang")
        await drain(self.house)
        assert await self.state() == "tilang_issued"

    async def pay(self) -> None:
        bank = await (await join_bank(self.house, self.client)).sign_in()
        bill = (await self.get("/bill")).json()
        account = next(each for each in bill["virtual_accounts"] if each["bank"] == "Bank Uji")
        inquiry = await bank.call(INQUIRY, bank.inquiry_body(account["customer_no"], "req-1"))
        assert inquiry.json()["responseCode"] == "2002400", inquiry.text
        for _ in range(2):  # the second is the bank's replay
            paid = await bank.call(PAYMENT, bank.payment_body(account["customer_no"], "req-1", bill["amount"]))
            assert paid.json()["responseCode"] == "2002500", paid.text
        await drain(self.house)


@pytest.fixture
def story(house: House, client: httpx.AsyncClient, clock: FixedClock) -> Story:
    return Story(house, client, clock)


async def test_from_photograph_to_receipt(story: Story) -> None:
    await story.capture()
    await story.verify()
    ticket = await story.look_up()
    assert ticket["state"] == "letter_sent"
    assert ticket["fine"]["currency"] == "IDR"

    evidence = (await story.get("/evidence")).json()
    assert evidence["reading"]["plate"] == "B 1234 XYZ"
    assert evidence["camera"] == {
        "name": "Kamera Sarinah",
        "model": "Kamera Uji 5",
        "certificate_no": "KAL/2026/017",
        "certificate_until": "2027-03-31",
    }
    [item] = evidence["items"]
    sizes = []
    for link in (item["url"], item["crop_url"]):
        picture = await story.client.get(link.replace(story.house.settings.public_url, ""))
        assert picture.headers["content-type"] == "image/jpeg"
        sizes.append(Image.open(io.BytesIO(picture.content)).width)
    assert sizes[0] > 3 * sizes[1], "the crop is the plate alone"
    letter = await story.get("/letter.pdf")
    assert letter.content.startswith(b"%PDF")

    answered = await story.answer({"kind": "self", "driver": DRIVER})
    assert answered["state"] == "confirmed"
    await story.get("/bill", status=404)
    await story.issue()
    await story.pay()

    assert (await story.get()).json()["state"] == "deposit_paid"
    assert (await story.get("/bill")).json()["state"] == "paid"
    receipt = await story.get("/receipt.pdf")
    assert b"loket-proof.json" in receipt.content
    proof = (await story.get("/proof")).json()
    keys = transparency.verifier_keys(story.house.keys, story.house.settings.transparency_origin)
    verdict = transparency.verify_proof(proof, keys)
    assert verdict.holds, verdict.fault
    assert verdict.pinned
    timeline = (await story.get("/timeline")).json()["items"]
    assert [each["action"] for each in timeline if each["action"] != "look"][-1] == "pay"
    assert any(each["action"] == "look" for each in timeline)
    report = await ledger_check(story.house)
    assert report.faults == ()
    async with story.house.db.begin(make.SYSTEM) as tx:
        events = await tx.session.execute(
            select(func.count()).select_from(CaseEvent).where(CaseEvent.case_id == UUID(story.case_id))
        )
        case = await tx.session.get(cases.Case, UUID(story.case_id))
        assert case is not None
        assert events.scalar_one() == case.version


async def test_wrong_numbers_and_unknown_tickets_look_the_same(story: Story) -> None:
    await story.capture()
    await story.verify()
    right = {"plate": "B1234XYZ", "chassis_no": make.VEHICLE.chassis_no, "engine_no": make.VEHICLE.engine_no}
    answers = [
        await story.client.post("/v1/tickets/lookup", json=body)
        for body in (
            {**right, "engine_no": "XXXXX"},
            {**right, "plate": "B9999ZZZ"},
            {"plate": "B1234XYZ", "reference": "ETL00000000X"},
        )
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.content for answer in answers} == {b'{"tickets":[]}'}


async def test_an_objection_is_decided_by_another_officer_and_annuls(story: Story) -> None:
    await story.capture()
    verifier = await story.verify()
    await story.look_up()
    upload = await story.client.post(
        f"/v1/tickets/{story.case_id}/attachments",
        headers=story.access,
        files={"file": ("bukti.jpg", make.photograph("D1357EFG", seed=5), "image/jpeg")},
    )
    assert upload.status_code == 201, upload.text
    objected = await story.answer(
        {
            "kind": "not_mine",
            "reason": "Pelat saya digandakan; mobil saya di bengkel.",
            "attachments": [upload.json()["id"]],
        }
    )
    assert objected["state"] == "objection"
    refused = await story.act(verifier, "accept_objection", status=403, reason="keliru")
    assert refused["code"] == "cases-four-eyes"
    other = await story.officer()
    assert other != verifier
    await story.act(other, "accept_objection", reason="Bukti bengkel meyakinkan; pelat digandakan.")
    await drain(story.house)
    assert (await story.get()).json()["state"] == "annulled"


async def test_deadline_passes_block_pay_unblock(story: Story, clock: FixedClock) -> None:
    await story.capture()
    await story.verify()
    ticket = await story.look_up()
    async with story.house.db.read() as connection:
        before = await cases.due_times(connection, UUID(story.case_id))
    if ticket["due_at"] is None:  # nothing is due before delivery is proven
        assert "etle.answer_due" not in before
    letter_reference = ticket["reference"]
    by_letter = await story.client.post(
        "/v1/tickets/lookup", json={"plate": "B1234XYZ", "reference": letter_reference.lower()}
    )
    story.access = {"Authorization": f"Bearer {by_letter.json()['tickets'][0]['access_token']}"}
    await story.get()  # opening it with the letter's reference proves that it arrived
    due = (await story.get()).json()["due_at"]
    assert due is not None
    clock.advance(timedelta(days=20))
    await cases.sweep(story.house)
    await drain(story.house)
    assert await story.state() == "unanswered"

    investigator = await make.staff_headers(story.house, Role.INVESTIGATOR)
    waiting = (await story.client.get("/v1/counter/blocks", headers=investigator)).json()["blocks"]
    assert [each["case_id"] for each in waiting] == [story.case_id]
    signed = await story.client.post(
        "/v1/counter/blocks/sign",
        headers={**investigator, "Idempotency-Key": "tanda-tangan-1"},
        json={"blocks": [waiting[0]["id"]]},
    )
    assert signed.json() == {"signed": 1}
    await drain(story.house)
    registry = story.house[make.registries.VehicleRegistry]
    vehicle = await registry.find("B1234XYZ")
    assert vehicle is not None
    assert vehicle.blocked

    await story.look_up()
    await story.answer({"kind": "self", "driver": DRIVER})
    vehicle = await registry.find("B1234XYZ")
    assert vehicle is not None
    assert vehicle.blocked, "answering late does not lift the block; paying does"
    await story.issue()
    await story.look_up()
    await story.pay()
    vehicle = await registry.find("B1234XYZ")
    assert vehicle is not None
    assert not vehicle.blocked
    async with story.house.db.begin(make.SYSTEM) as tx:
        states = (await tx.session.execute(select(Block.state))).scalars().all()
    assert states == ["lifted"]


async def test_driver_named_declines_then_buyer_is_asked(story: Story) -> None:
    await story.capture()
    await story.verify()
    await story.look_up()
    named = {**DRIVER, "nik": "3174014503909902", "name": "Siti Misal", "phone": "081200000002"}
    assert (await story.answer({"kind": "other_driver", "driver": named}))["state"] == "awaiting_driver"
    await drain(story.house)
    outbox = (await story.client.get("/sandbox/outbox.json", params={"to": "+6281200000002"})).json()
    text = json.dumps(outbox)
    reference = next(
        word for word in text.replace('"', " ").replace("\\n", " ").replace("=", " ").split() if word.startswith("ETX")
    )
    found = await story.client.post("/v1/tickets/lookup", json={"plate": "B1234XYZ", "reference": reference.strip(".")})
    driver = {"Authorization": f"Bearer {found.json()['tickets'][0]['access_token']}"}
    declined = await story.client.post(
        f"/v1/tickets/{story.case_id}/driver-response",
        headers={**driver, "Idempotency-Key": "tidak-mengemudi"},
        json={"action": "decline_driving"},
    )
    assert declined.json()["state"] == "letter_sent", declined.text
    await story.look_up()
    sold = {
        "kind": "sold",
        "buyer": {"name": "Agus Umpama", "address": "Jalan Contoh 3, Jakarta", "phone": "081200000003"},
        "sold_on": "2025-12-01",
    }
    assert (await story.answer(sold))["state"] == "redirected"
    await drain(story.house)
    assert await story.state() == "letter_sent"
