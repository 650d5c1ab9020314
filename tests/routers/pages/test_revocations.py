"""Taking an issued document back, by two people: on the counter's pages and by JSON, as the holder and the public see it."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.house import House
from app.services.applications import issuing
from app.services.identity.roles import Role
from app.services.notifications import list_outbox
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.drain import drain
from tests.routers.pages.test_counter_applications import ELSEWHERE, Counter, handed_in
from tests.routers.pages.world import Browser

REASON = "Laporan kehilangan sudah diperiksa"
WORDS = "Pemegang datang dengan surat kehilangan"


@pytest.fixture
async def counter(house: House, client: httpx.AsyncClient, browser: Browser) -> Counter:
    """A renewed licence that waits for the printer."""
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    counter = Counter(browser, desk, await handed_in(desk, "sim-renewal", sim_class="A", address=ELSEWHERE))
    await desk.act(counter.id, Role.OFFICER, "approve")
    await drain(house, raise_errors=False)
    return counter


async def verified(counter: Counter, code: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await counter.desk.client.get(f"/v1/verify/{code}")).json()
    return answer


async def test_a_card_is_revoked_on_the_pages_by_two(counter: Counter) -> None:
    browser, page = counter.browser, f"{counter.page}/pencabutan"
    for action in ("print", "make_ready"):
        await counter.desk.act(counter.id, Role.COUNTER, action)
    code = (await counter.desk.get(f"/v1/applications/{counter.id}"))["issued"]["verify"]
    await counter.sit(Role.COUNTER)
    await browser.get(page)
    assert browser.path == counter.page, "nobody comes here without having said what for"
    await counter.open(Role.COUNTER, purpose="help")
    assert "Cabut atau ganti" in browser.text
    await browser.get(page)
    sent = {"document": counter.field("document"), "once": counter.field("once"), "words": WORDS}
    await browser.send(sent, to=page, status=422)
    assert "Pilih alasan dari daftar." in browser.text
    assert WORDS in browser.page.text, "nothing typed is lost"
    await browser.send({**sent, "document": "junk"}, to=page, status=404)
    await browser.get(page)
    await browser.send({**sent, "remedy": "revoke", "why": "lost"}, to=page)
    assert "Usul Anda menunggu putusan orang lain." in browser.text
    assert (await verified(counter, code))["status"] == "valid"

    await counter.sit(Role.SUPERVISOR)
    await browser.get("/counter")
    assert "Putuskan pencabutan dokumen" in browser.text
    await browser.get(counter.page)
    await browser.get(page)
    assert WORDS in browser.text
    decision = {"proposal": counter.field("proposal"), "once": counter.field("once"), "verdict": "confirm"}
    await browser.send(decision, to=f"{page}/putusan", status=422)
    await browser.send({**decision, "reason": REASON}, to=f"{page}/putusan")
    assert "Dicabut" in browser.text
    assert await counter.state() == "completed", "a void card is handed to nobody"
    said = await verified(counter, code)
    assert (said["status"], said["valid"]) == ("revoked", False)
    assert WORDS not in str(said)
    assert demo.PEOPLE[demo.BUDI].nik not in str(said)
    await drain(counter.house)
    async with counter.house.db.read() as connection:
        outbox = await list_outbox(connection, counter.house.keys, to=demo.PEOPLE[demo.BUDI].phone)
    [told] = [each.text for each in outbox if "dicabut dan tidak berlaku" in each.text]
    assert "dilaporkan hilang" in told
    timeline = await counter.desk.get(f"/v1/applications/{counter.id}/timeline")
    assert REASON in str(timeline)
    assert WORDS not in str(timeline)


async def test_a_document_is_made_anew_by_json(counter: Counter) -> None:
    desk, client = counter.desk, counter.desk.client
    base = f"/v1/counter/cases/{counter.id}"
    at_counter, supervisor = await desk.staff(Role.COUNTER, POLRES), await desk.staff(Role.SUPERVISOR, POLRES)

    async def send(path: str, headers: dict[str, str], body: dict[str, str], status: int) -> Any:
        answer = await client.post(path, headers={**headers, "Idempotency-Key": uuid4().hex}, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    unopened = await client.get(f"{base}/issued", headers=at_counter)
    assert (unopened.status_code, unopened.json()["code"]) == (403, "applications-purpose-needed")
    for who in (at_counter, supervisor):
        await client.get(base, headers=who, params={"purpose": "laporan pemegang"})
    reasons = (await client.get("/v1/counter/application-reasons", headers=at_counter)).json()["revocations"]
    assert "damaged" in reasons
    assert "replaced" not in reasons
    [old] = (await client.get(f"{base}/issued", headers=at_counter)).json()["documents"]
    proposals = f"{base}/issued/{old['id']}/revocations"
    body = {"remedy": "replace", "why": "data_wrong", "words": WORDS}
    await send(f"{base}/issued/{counter.id}/revocations", at_counter, body, 404)
    assert (await send(proposals, at_counter, {**body, "why": "nothing"}, 422))["errors"][0]["pointer"] == "/why"
    proposal = (await send(proposals, at_counter, body, 201))["id"]
    assert (await send(proposals, supervisor, body, 409))["code"] == "applications-already-proposed"
    decision = f"{base}/revocations/{proposal}/decision"
    confirm = {"decision": "confirm", "reason": REASON}
    assert (await send(decision, at_counter, confirm, 403))["code"] == "not-permitted"
    made = await send(decision, supervisor, confirm, 200)
    assert made["valid"] is True
    assert made["number"] != old["number"]
    await drain(counter.house, raise_errors=False)
    new, before = (await client.get(f"{base}/issued", headers=supervisor)).json()["documents"]
    assert (before["replaced_by"], before["proposals"][0]["decision"]) == (new["id"], "confirmed")
    async with counter.house.db.read() as connection:
        [order] = await issuing.list_print_orders(connection, POLRES)
    assert order.number == made["number"], "the new card is printed, the old one is not"
    assert await counter.state() == "issued"
