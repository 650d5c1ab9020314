"""What does not agree with a bank, at the counter: JSON and pages, with four eyes; and incidents that somebody closes."""

import re
from uuid import UUID

import httpx
import pytest

from app.core.actor import Actor
from app.core.house import House
from app.main import create_app
from app.services.billing.models import PaymentIncident
from app.services.identity.roles import Role
from tests import make
from tests.banks import flag, join_bank, open_test_bill
from tests.payments.books import Books
from tests.routers.pages.world import Browser
from tests.settlements import Desk, Told, bearer_of, join_desk, two_treasurers

LIST = "/v1/counter/settlement-differences"
INCIDENTS = "/v1/counter/payment-incidents"
PAGE = "/counter/rekonsiliasi"


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    return await join_desk(house, client)


@pytest.fixture
async def treasurers(house: House, desk: Desk) -> tuple[Actor, Actor]:
    return await two_treasurers(house)


async def signed(house: House, actor: Actor) -> dict[str, str]:
    return {"Authorization": f"Bearer {await bearer_of(house, actor, scope='counter')}"}


async def test_one_proposes_and_another_confirms(
    client: httpx.AsyncClient, house: House, desk: Desk, treasurers: tuple[Actor, Actor]
) -> None:
    first, second = [await signed(house, each) for each in treasurers]
    assert (await client.get(LIST, headers=first)).json() == {"differences": [], "next": None}
    await desk.send([Told(**{**(await desk.unpaid("R1")).__dict__, "text": "TILANG BUDI"})])
    [listed] = (await client.get(LIST, headers=first)).json()["differences"]
    assert (listed["kind"], listed["suggested"], listed["held"], listed["state"]) == (
        "unknown",
        "link",
        250_000,
        "open",
    )
    path = f"{LIST}/{listed['id']}"
    books = await Books.open(house)
    one = (await client.get(path, headers=first)).json()
    assert (one["text"], one["line"]["payment_request_id"], one["bill"]["state"]) == ("TILANG BUDI", "R1", "open")
    assert [each["name"] for each in one["possible"]] == ["link", "match", "refund", "cash", "offset"]
    assert one["bank_says"]["status"] == "silent"  # asked, and not connected
    await client.get(path, headers=first)
    await books.changed(steps=1)  # the look at the bank's text, once a person

    wrong = await client.post(f"{path}/propose", json={"action": "charge", "reason": "x"}, headers=first)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "settlement-action-not-possible")
    nobody = {"action": "link", "reason": "x", "bill": "77720 1000000009"}
    assert (await client.post(f"{path}/propose", json=nobody, headers=first)).status_code == 404
    body = {"action": "link", "reason": "uangnya untuk tilang ini", "bill": one["line"]["virtual_account_no"]}
    proposed = await client.post(f"{path}/propose", json=body, headers=first)
    assert proposed.json() == {"id": listed["id"], "state": "proposed"}
    again = await client.post(f"{path}/propose", json=body, headers=second)
    assert (again.status_code, again.json()["code"]) == (409, "settlement-exception-state")
    own = await client.post(f"{path}/confirm", json={}, headers=first)
    assert (own.status_code, own.json()["code"]) == (403, "settlement-four-eyes")
    declined = await client.post(f"{path}/decline", json={"reason": "belum jelas"}, headers=second)
    assert declined.json()["state"] == "open"
    assert (await client.post(f"{path}/propose", json=body, headers=second)).status_code == 200
    await books.changed(steps=3)
    confirmed = await client.post(f"{path}/confirm", json={"reason": "sepakat"}, headers=first)
    assert confirmed.json()["state"] == "closed"
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    assert (await client.get(LIST, headers=first)).json()["differences"] == []
    [closed] = (await client.get(LIST, params={"state": "closed"}, headers=first)).json()["differences"]
    assert (closed["action"], closed["entry_id"] is not None) == ("link", True)


async def test_who_may_see_what(client: httpx.AsyncClient, house: House, desk: Desk) -> None:
    await desk.send([await desk.unpaid("R1"), Told("X9", "R9", "", 70_000)])
    mabes, _ = await two_treasurers(house, unit=None)
    here, _ = await two_treasurers(house)
    elsewhere, _ = await two_treasurers(house, unit="JABAR")
    seen = {}
    for name, actor in {"mabes": mabes, "here": here, "elsewhere": elsewhere}.items():
        seen[name] = (await client.get(LIST, headers=await signed(house, actor))).json()["differences"]
    assert [len(seen[name]) for name in ("mabes", "here", "elsewhere")] == [2, 1, 0]
    [own] = seen["here"]
    foreign = await client.get(f"{LIST}/{own['id']}", headers=await signed(house, elsewhere))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "settlement-exception-not-found")
    officer = await make.staff_headers(house, Role.OFFICER)
    for path in (LIST, INCIDENTS):
        assert (await client.get(path, headers=officer)).status_code == 403
        assert (await client.get(path)).status_code == 401
    # Money of nobody is not linked to a bill of a Polda that one is not of.
    theirs = await open_test_bill(house, unit="JABAR")
    body = {"action": "link", "reason": "x", "bill": theirs.customer_no}
    refused = await client.post(f"{LIST}/{own['id']}/propose", json=body, headers=await signed(house, here))
    assert (refused.status_code, refused.json()["code"]) == (404, "billing-bill-not-found")


async def test_lists_stand_by_pages(client: httpx.AsyncClient, house: House, desk: Desk, treasurers) -> None:
    headers = await signed(house, treasurers[0])
    await desk.send([await desk.unpaid(f"R{n}") for n in range(3)])
    seen, params = [], {"limit": 2}
    while params:
        page = (await client.get(LIST, params=params, headers=headers)).json()
        seen += [each["id"] for each in page["differences"]]
        params = {"limit": 2, "after": page["next"]} if page["next"] else None
    assert len(seen) == len(set(seen)) == 3


async def test_an_incident_is_seen_and_closed_with_a_reason(
    client: httpx.AsyncClient, house: House, desk: Desk, treasurers: tuple[Actor, Actor]
) -> None:
    other = await (await join_bank(house, client, name="Bank Lain", profile="mandiri")).sign_in()
    bill = await open_test_bill(house)
    assert flag(await desk.bank.pay(bill.customer_no, "R1")) == ("2002500", "00")
    await desk.bank.pay(bill.customer_no, "R1", 249_999)  # 25
    await desk.bank.pay((await open_test_bill(house)).customer_no, "R1")  # 26
    await other.pay(bill.customer_no, "R2", X_PARTNER_ID=desk.bank.client_id)  # 14
    headers = await signed(house, treasurers[0])
    listed = (await client.get(INCIDENTS, headers=headers)).json()["incidents"]
    assert {(each["kind"], each["bank_name"]) for each in listed} == {
        ("same_payment_other_amount", "Bank Uji"),
        ("same_payment_other_account", "Bank Uji"),
        ("name_of_another_bank", "Bank Lain"),
    }
    elsewhere, _ = await two_treasurers(house, unit="JABAR")
    theirs = (await client.get(INCIDENTS, headers=await signed(house, elsewhere))).json()["incidents"]
    assert [each["kind"] for each in theirs] == ["name_of_another_bank"]  # about no Polda's bill
    incident = next(each for each in listed if each["kind"] == "same_payment_other_amount")
    assert (incident["facts"], incident["subject"]) == ({"first": 250_000, "now": 249_999}, "R1")
    path = f"{INCIDENTS}/{incident['id']}/close"
    empty = await client.post(path, json={"reason": " "}, headers=headers)
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (422, "/reason")
    foreign = await client.post(path, json={"reason": "x"}, headers=await signed(house, elsewhere))
    assert foreign.status_code == 404
    closed = await client.post(path, json={"reason": "bank mengirim ulang dari sistem uji"}, headers=headers)
    assert closed.json() == {"id": incident["id"]}
    assert (await client.post(path, json={"reason": "lagi"}, headers=headers)).status_code == 404
    assert len((await client.get(INCIDENTS, headers=headers)).json()["incidents"]) == 2
    [done] = (await client.get(INCIDENTS, params={"closed": True}, headers=headers)).json()["incidents"]
    assert (done["closed_by"], done["closed_why"]) == (treasurers[0].id, "bank mengirim ulang dari sistem uji")
    [row] = [each for each in await desk.rows(PaymentIncident, PaymentIncident.at) if each.closed_at]
    assert row.id == UUID(incident["id"])


async def test_the_pages_propose_confirm_and_close(house: House, desk: Desk, treasurers: tuple[Actor, Actor]) -> None:
    first, second = Browser.of(create_app(house)), Browser.of(create_app(house))
    for browser, actor in zip((first, second), treasurers, strict=True):
        await browser.sign_in_staff(house, Role.FINANCE, staff_id=UUID(actor.id))
    assert "Tidak ada selisih" in await first.get(PAGE)
    assert "Rekonsiliasi" in await first.get("/counter")
    line = await desk.unpaid("R1")
    await desk.send([line, Told("X7", "", "", 250_000, mark="D")])
    shown = await first.get(PAGE)
    assert "Tidak dikenal" in shown
    assert "Bukukan untuk tagihan" in shown
    [link] = re.findall(rf'href="({PAGE}/[0-9a-f-]{{36}})"', first.page.text)
    text = await first.get(link)
    assert "Belum" not in text
    assert "Pilih satu tindakan." in await first.send({"action": "x", "reason": "y"}, status=422)
    assert "Tuliskan alasannya." in await first.send({"action": "link"}, status=422)
    text = await first.send({"action": "link", "reason": "uangnya untuk tilang ini"})
    assert "Anda yang mengusulkan" in text
    text = await first.send({}, to=f"{link}/setuju", status=403)
    assert "orang lain harus melakukannya" in text
    text = await second.get(link)
    assert "uangnya untuk tilang ini" in text
    assert "Tuliskan alasannya." in await second.send({}, to=f"{link}/tolak", status=422)
    assert "Usulan ditolak" in await second.send({"why": "belum jelas"}, to=f"{link}/tolak")
    assert "Usulan dicatat" in await second.send({"action": "link", "reason": "sudah jelas"}, to=link)
    await first.get(link)
    assert "Disetujui dan dibukukan." in await first.send({}, to=f"{link}/setuju")
    assert "Tidak dikenal" in await first.get(f"{PAGE}?state=closed")

    await desk.bank.pay(desk.bills[0].customer_no, "R1", 1)
    text = await first.get(PAGE)
    assert "Satu pembayaran, dua jumlah" in text
    [link] = re.findall(rf'href="({PAGE}/kejadian/[0-9a-f-]{{36}})"', first.page.text)
    await first.get(link)
    assert "Tuliskan alasannya." in await first.send({}, status=422)
    assert "Kejadian ditutup." in await first.send({"reason": "salah ketik teller"})
    assert "Tidak ada kejadian" in first.text
    assert "Satu pembayaran" in await first.get(f"{PAGE}/kejadian?closed=true")

    officer = Browser.of(create_app(house))
    await officer.sign_in_staff(house, Role.OFFICER)
    await officer.get(PAGE, status=403)
    assert "Rekonsiliasi" not in await officer.get("/counter")
