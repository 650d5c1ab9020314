"""Every code that is not about a bill, at every service, in ASPI's exact words. Those about bills have their failure cases."""

import asyncio

import pytest

from app.routers import snap
from tests.banks import INQUIRY, PAYMENT, STATUS, TOKEN, Bank, open_test_bill
from tests.payments.books import beside, heard, limited, server_of
from tests.payments.test_failure_cases_d import rename

SERVICES = {INQUIRY: "24", PAYMENT: "25", STATUS: "26"}
TABLES = {INQUIRY: "snap_inquiries", PAYMENT: "snap_payments", STATUS: "snap_payments"}


def body_of(bank: Bank, path: str, number: str, request_id: str = "R1") -> dict[str, object]:
    bodies = {INQUIRY: bank.inquiry_body, PAYMENT: bank.payment_body}
    if path in bodies:
        return bodies[path](number, request_id)
    return {**bank.account(number), "inquiryRequestId": request_id}


@pytest.mark.parametrize("path", list(SERVICES))
async def test_every_code_of_a_transaction_before_its_bill(house, client, bank, bill, books, path):
    service, body = SERVICES[path], body_of(bank, path, bill.customer_no)
    assert heard(await bank.call(path, b"{"), f"400{service}00")["responseMessage"] == "Bad Request"
    heard(await bank.call(path, {**body, "customerNo": "x"}), f"400{service}01", about="customerNo")
    heard(await bank.call(path, {**body, "partnerServiceId": "x"}), f"400{service}01", about="partnerServiceId")
    for name in ("partnerServiceId", "customerNo", "virtualAccountNo"):
        without = {field: value for field, value in body.items() if field != name}
        heard(await bank.call(path, without), f"400{service}02", about=name)
    for name in ("X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"):
        heard(await bank.call(path, body, drop=(name,)), f"400{service}02", about=name)
    heard(await bank.call(path, body, X_TIMESTAMP="besok"), f"400{service}01", about="X-TIMESTAMP")
    heard(await bank.call(path, body, X_EXTERNAL_ID="x" * 65), f"400{service}01", about="X-EXTERNAL-ID")
    heard(await bank.call(path, body, secret="x"), f"401{service}00", about="[Signature]")
    heard(await bank.call(path, body, X_PARTNER_ID="bank-nobody"), f"401{service}00", about="[Unknown client]")
    heard(await bank.call(path, body, skew_s=-301), f"401{service}00", about="[Timestamp]")
    told = heard(await bank.call(path, body, token="x"), f"401{service}01")
    assert told["responseMessage"] == "Invalid Token (B2B)"
    told = heard(await bank.call(path, body, drop=("Authorization",)), f"401{service}03")
    assert told["responseMessage"] == "Token Not Found (B2B)"
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        if method != "HEAD":
            told = heard(answer, f"405{service}00")
            assert told["responseMessage"] == "Requested Function Is Not Supported"
    await books.changed()
    await books.hold()


@pytest.mark.parametrize("path", list(SERVICES))
async def test_an_external_id_that_is_used_up_a_flood_and_a_fault_of_ours(house, bank, bill, books, path):
    service, another = SERVICES[path], await open_test_bill(house)
    await bank.call(path, body_of(bank, path, bill.customer_no), external_id="5")
    await books.look()
    conflict = await bank.call(path, body_of(bank, path, another.customer_no, "R2"), external_id="5")
    told = heard(conflict, f"409{service}00", flag=None if path == STATUS else "01")
    assert told["responseMessage"] == "Conflict"
    await books.changed()
    await rename(house, TABLES[path], "away")
    told = heard(await bank.call(path, body_of(bank, path, another.customer_no, "R3")), f"500{service}00")
    assert told["responseMessage"] == "General Error"
    await rename(house, "away", TABLES[path])
    await asyncio.gather(*snap.NOTING)
    await books.changed(questions=1 if path == PAYMENT else 0)
    async with server_of(limited(house, lambda: 0.0)) as client:
        flooded = beside(bank, client)
        wrong = [flooded.call(path, b"{}", secret="x") for _ in range(121)]
        answers = [await call for call in wrong]
        told = heard(answers[-1], f"429{service}00")
        assert told["responseMessage"] == "Too Many Requests"
    house.db.move_in(house)
    await books.changed()
    assert await books.state(another) == "open"


async def test_every_code_of_a_token(house, client, bank, books):
    heard(await bank.client.post(TOKEN, content=b"x", headers={"Content-Type": "text/plain"}), "4007300")
    heard(await bank.ask_token(drop=("X-CLIENT-KEY",)), "4007302", about="X-CLIENT-KEY")
    heard(await bank.ask_token(X_TIMESTAMP="besok"), "4007301", about="X-TIMESTAMP")
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        heard(await client.request(method, TOKEN), "4057300")
    await rename(house, "snap_tokens", "away")
    heard(await bank.ask_token(), "5007300")
    await rename(house, "away", "snap_tokens")
    await books.changed()
