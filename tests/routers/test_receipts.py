"""The receipt as JSON and as PDF: one set of facts, one proof; void when the bank took the payment back."""

import io
import json
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from pypdf import PdfReader

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.routers.http.guards import issue_ticket_token
from app.services import billing, cases, transparency
from app.services.billing.treasury import remittances
from app.services.documents import verify_receipt
from app.services.identity.roles import Role
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.banks import flag, join_bank
from tests.drain import drain
from tests.routers.pages.test_applications import browser_for
from tests.services.billing.test_remittances import NTPN, confirm, record


class Payer:
    """Somebody with a ticket and a bank."""

    def __init__(self, house, client, bank, case_id):
        self.house, self.client, self.bank, self.case_id = house, client, bank, case_id

    async def get(self, path: str) -> httpx.Response:
        token = issue_ticket_token(self.house, self.case_id, "owner")
        return await self.client.get(
            f"/v1/tickets/{self.case_id}{path}", headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        )

    async def bill(self) -> dict:
        return (await self.get("/bill")).json()

    async def pay(self, request_id: str) -> None:
        bill = await self.bill()
        number = bill["virtual_accounts"][0]["customer_no"]
        assert flag(await self.bank.pay(number, request_id, bill["amount"])) == ("2002500", "00")
        await drain(self.house)

    async def reverse(self) -> None:
        async with self.house.db.begin(SYSTEM) as tx:
            bill = await billing.bill_of(tx.session, self.case_id)
            await billing.reverse_payment(tx, bill.id, "bank membalik")
        await drain(self.house)


@pytest.fixture
async def payer(house: House, client: httpx.AsyncClient) -> Payer:
    await make.demo_set(house)
    bank = await (await join_bank(house, client)).sign_in()
    return Payer(house, client, bank, await make.tilang_issued(house))


def proof_in(pdf: bytes) -> dict:
    files = PdfReader(io.BytesIO(pdf)).attachments
    [name] = list(files)
    return json.loads(files[name][0])


async def test_json_and_pdf_say_the_same_and_prove_it(payer, house):
    assert (await payer.get("/receipt")).status_code == 404
    await payer.pay("R1")
    answer = await payer.get("/receipt")
    assert answer.status_code == 200
    receipt, bill = answer.json(), await payer.bill()
    assert receipt["proof"] == proof_in((await payer.get("/receipt.pdf")).content)
    assert (receipt["format"], receipt["state"], receipt["voided_at"]) == ("loket-receipt/1", "paid", None)
    assert (receipt["amount"], receipt["bank_reference"], receipt["bank"]) == (bill["amount"], "R1", "Bank Uji")
    assert receipt["virtual_account_no"] == bill["virtual_accounts"][0]["virtual_account_no"]
    assert receipt["paid_at"] == bill["paid_at"]
    assert [line["amount"] for line in receipt["lines"]] == [bill["amount"]]
    keys = transparency.verifier_keys(house.keys, house.settings.transparency_origin)
    assert verify_receipt(receipt, keys).holds
    for change in (
        {"amount": 1},
        {"bill_id": str(UUID(int=1))},
        {"proof": None},
        {"proof": {**receipt["proof"], "salt": ""}},
    ):
        verdict = verify_receipt({**receipt, **change}, keys)
        assert not verdict.holds
        assert verdict.fault


async def test_a_payment_taken_back_voids_its_receipt_and_the_next_one_is_new(payer):
    await payer.pay("R1")
    first = (await payer.get("/receipt")).json()
    await payer.reverse()
    void = (await payer.get("/receipt")).json()
    assert (void["receipt_no"], void["state"]) == (first["receipt_no"], "void")
    assert void["voided_at"] is not None
    assert (await payer.bill())["state"] == "open"
    pdf = PdfReader(io.BytesIO((await payer.get("/receipt.pdf")).content))
    assert "TIDAK BERLAKU" in pdf.pages[0].extract_text()
    assert (await payer.client.get(f"/v1/verify/{first['receipt_no']}")).json()["revoked_at"] is not None
    await payer.pay("R2")
    second = (await payer.get("/receipt")).json()
    assert (second["state"], second["bank_reference"]) == ("paid", "R2")
    assert second["receipt_no"] != first["receipt_no"]
    assert second["bill_id"] == first["bill_id"]
    assert (
        "TIDAK BERLAKU" not in PdfReader(io.BytesIO((await payer.get("/receipt.pdf")).content)).pages[0].extract_text()
    )


async def test_paid_and_remitted_are_told_apart(payer, house, clock):
    await payer.pay("R1")
    bill = await payer.bill()
    assert (bill["state"], bill["remittances"]) == ("paid", [])
    [line] = bill["lines"]
    assert (line["code"], line["amount"], line["payee"]) == ("fine", bill["amount"], "TD")
    async with house.db.begin(SYSTEM) as tx:
        await billing.settle_verdict(tx, payer.case_id, bill["amount"])
    today = clock.now().date()
    await confirm(house, await record(house, bill["amount"], until=today, on=today))
    told = {"ntpn": NTPN, "remitted_on": today.isoformat(), "amount": bill["amount"]}
    assert (await payer.bill())["remittances"] == [told]
    assert (await payer.get("/receipt")).json()["remittances"] == [told]
    text = PdfReader(io.BytesIO((await payer.get("/receipt.pdf")).content)).pages[0].extract_text()
    assert NTPN in text
    async with house.db.read() as connection:
        shown = await billing.bill_of(connection, payer.case_id)
        assert await remittances.remitted_of(connection, shown.id)


async def test_an_applications_receipt_is_the_same_paper(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    bank = await (await join_bank(house, client)).sign_in()
    desk = await Desk(house, client, demo.BUDI).sign_in()
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    await desk.post(f"/v1/applications/{draft['id']}/check")
    bill = (await desk.submit(draft["id"]))["bill"]
    path = f"/v1/applications/{draft['id']}"
    for early in ("receipt", "receipt.pdf"):
        answer = await client.get(f"{path}/{early}", headers=desk.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "applications-no-receipt")
    number = bill["virtual_accounts"][0]["customer_no"]
    assert flag(await bank.pay(number, "R1", bill["amount"])) == ("2002500", "00")
    await drain(house)
    receipt = await desk.get(f"{path}/receipt")
    answer = await client.get(f"{path}/receipt.pdf", headers=desk.headers)
    assert answer.headers["content-type"] == "application/pdf"
    assert receipt["proof"] == proof_in(answer.content)
    assert (receipt["amount"], receipt["bank"], receipt["purpose"]) == (bill["amount"], "Bank Uji", "fee")
    assert sum(line["amount"] for line in receipt["lines"]) == bill["amount"]
    keys = transparency.verifier_keys(house.keys, house.settings.transparency_origin)
    assert verify_receipt(receipt, keys).holds
    assert not verify_receipt({**receipt, "amount": receipt["amount"] + 1}, keys).holds
    shown = PdfReader(io.BytesIO(answer.content)).pages
    assert len(shown) == 1
    words = shown[0].extract_text()
    for expected in ("Nomor permohonan", draft["reference"], receipt["receipt_no"], "semua uang dikembalikan"):
        assert expected in words, expected
    assert not {"perkara", "pengadilan"} & set(words.casefold().split()), "an application is no case in court"
    assert demo.PEOPLE[demo.BUDI].nik not in words
    stranger = await Desk(house, client, demo.SITI).sign_in()
    assert (await client.get(f"{path}/receipt.pdf", headers=stranger.headers)).status_code == 404


async def test_each_payment_of_an_application_keeps_its_receipt(house: House, client: httpx.AsyncClient) -> None:
    """An exemption that is denied after paying makes a second bill; the first one's receipt has a door still."""
    await make.demo_set(house)
    await opened_unit(house)
    bank = await (await join_bank(house, client)).sign_in()
    desk = await Desk(house, client, demo.SITI).sign_in()
    vehicle = next(each for each in demo.demo_vehicles() if each.plate == "B5678ABC")
    draft = await desk.draft("stnk-renewal", plate=vehicle.plate, chassis_tail=vehicle.chassis_no[-5:], owner_nik=None)
    await desk.patch(draft["id"], {}, exemption="poor")
    draft, path = await desk.hand_in(draft), f"/v1/applications/{draft['id']}"
    await desk.book(draft["id"], "stnk-renewal", POLRES)
    first = (await desk.submit(draft["id"]))["bill"]
    await bank.pay(first["virtual_accounts"][0]["customer_no"], "R1", first["amount"])
    await desk.act(draft["id"], Role.OFFICER, "deny_exemption", reason="Surat keterangan tidak ada")
    [only] = (await desk.get(f"{path}/receipts"))["receipts"]
    page = await (await browser_for(house, demo.PEOPLE[demo.SITI])).get(f"/permohonan/{draft['id']}")
    assert only["receipt_no"] in page, "it is shown while the second bill waits"
    second = await desk.get(f"{path}/bill")
    await bank.pay(second["virtual_accounts"][0]["customer_no"], "R2", second["amount"])
    await drain(house)
    receipts = (await desk.get(f"{path}/receipts"))["receipts"]
    assert [(each["amount"], each["written"]) for each in receipts] == [
        (second["amount"], True),
        (first["amount"], True),
    ]
    assert (await desk.get(f"{path}/receipt"))["bank_reference"] == "R2"
    older = await desk.get(f"{path}/receipt", no=only["receipt_no"])
    assert (older["bank_reference"], older["amount"]) == ("R1", first["amount"])
    keys = transparency.verifier_keys(house.keys, house.settings.transparency_origin)
    assert verify_receipt(older, keys).holds
    pdf = await client.get(f"{path}/receipt.pdf", headers=desk.headers, params={"no": only["receipt_no"]})
    assert pdf.content.startswith(b"%PDF")
    other = await client.get(f"{path}/receipt", headers=desk.headers, params={"no": "X"})
    assert other.json()["code"] == "applications-no-receipt"


async def test_a_receipt_that_cannot_be_had_yet_is_not_offered(house: House, client: httpx.AsyncClient) -> None:
    """Money that a statement file brought before any bank's notice has a code to check, and no paper."""
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await drain(house)
    [receipt] = (await desk.get(f"/v1/applications/{draft['id']}/receipts"))["receipts"]
    assert receipt["written"] is False
    browser = await browser_for(house, demo.PEOPLE[demo.BUDI])
    for page in ("", "/bayar"):
        said = await browser.get(f"/permohonan/{draft['id']}{page}")
        assert receipt["receipt_no"] in said
        assert "bukti-bayar.pdf" not in browser.page.text


async def test_a_number_whose_time_is_over_is_replaced_once_however_often_it_is_asked(
    payer: Payer, clock: FixedClock
) -> None:
    first = await payer.bill()
    clock.advance(timedelta(days=120))
    await cases.sweep(payer.house)
    assert (await payer.bill())["state"] == "expired"
    token = issue_ticket_token(payer.house, payer.case_id, "owner")
    path = f"/v1/tickets/{payer.case_id}/bill"
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    assert (await payer.client.post(path, headers=headers)).status_code == 400, "without an Idempotency-Key"
    answers = [
        await payer.client.post(path, headers=headers | {"Idempotency-Key": key})
        for key in ("once-1", "once-1", "once-2")
    ]
    assert [each.status_code for each in answers] == [200, 200, 200]
    second, repeated, kept = (each.json() for each in answers)
    assert second == repeated == kept
    assert (second["state"], second["amount"]) == ("open", first["amount"])
    assert second["virtual_accounts"] != first["virtual_accounts"]
    old = first["virtual_accounts"][0]["customer_no"]
    await payer.bank.sign_in()
    assert flag(await payer.bank.pay(old, "OLD", first["amount"]))[0] == "4042512"
    await payer.pay("NEW")
    assert (await payer.bill())["state"] == "paid"
    refused = await payer.client.post(path, headers=headers | {"Idempotency-Key": "once-3"})
    assert (refused.status_code, refused.json()["type"].endswith("etle-bill-not-lapsed")) == (409, True)
