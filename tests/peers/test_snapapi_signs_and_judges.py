"""A second third party signs, and judges our answers: `snapapi`, a SNAP server toolkit from PyPI (MIT).

It wants a Starlette from before ours, so it cannot be installed beside it: its wheel lies in `wheels/`, as published, and
the modules that sign and the models of answers are imported from there. Its code shares nothing with DOKU's.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError

from app.services import billing
from tests.banks import INQUIRY, KEYS, PAYMENT, STATUS, TOKEN, code, flag, join_bank, open_test_bill

WHEEL = Path(__file__).parent / "wheels" / "snapapi-0.1.9-py3-none-any.whl"
SHA256 = "a5b7c0642bf82c35226fc9e3493de7ce6fdbba299506fe21e06b316ea2666bc8"


def from_wheel() -> ModuleType:
    """The package without its `__init__`, which would import its server."""
    assert hashlib.sha256(WHEEL.read_bytes()).hexdigest() == SHA256
    package = ModuleType("snapapi")
    package.__path__ = [str(WHEEL / "snapapi")]
    return sys.modules.setdefault("snapapi", package)


from_wheel()
with warnings.catch_warnings():  # the source has escapes that Python frowns at
    warnings.simplefilter("ignore")
    from snapapi.model.oauth2 import Oauth2Response
    from snapapi.model.virtual_account.inquiry import InquiryResponse, InquiryResponseData
    from snapapi.model.virtual_account.payment import PaymentResponse, PaymentResponseData
    from snapapi.security.crypto import SNAPCrypto


class SnapApi:
    """A bank whose every signature is made by snapapi."""

    def __init__(self, client, bank, secret=None):
        self.client, self.bank, self.token = client, bank, ""
        self.crypto = SNAPCrypto(
            client_id=bank.client_id, client_secret=secret or bank.secret, private_key=KEYS["private_key_pem"]
        )

    async def sign_in(self):
        stamp = self.bank.timestamp()
        signature = self.crypto.create_signature_oauth2(f"{self.bank.client_id}|{stamp}".encode())
        headers = {"X-CLIENT-KEY": self.bank.client_id, "X-TIMESTAMP": stamp, "X-SIGNATURE": signature}
        answer = await self.client.post(TOKEN, json={"grantType": "client_credentials"}, headers=headers)
        if answer.status_code == 200:
            self.token = answer.json()["accessToken"]
        return answer

    async def call(self, path, body):
        stamp = self.bank.timestamp()
        signature = self.crypto.create_signature_transactional(
            path=path, timestamp=stamp, request_body=body, http_method="POST", access_token=self.token
        )
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": signature,
            "X-PARTNER-ID": self.bank.client_id,
            "X-EXTERNAL-ID": self.bank.next_id(),
            "CHANNEL-ID": "95221",
        }
        return await self.client.post(path, content=json.dumps(body, indent=1).encode(), headers=headers)


async def test_snapapi_inquires_pays_and_repeats_and_finds_our_answers_in_order(house, client):
    bank = await join_bank(house, client)
    bill = await open_test_bill(house)
    peer = SnapApi(client, bank)
    token = (await peer.sign_in()).json()
    Oauth2Response.model_validate({**token, "tokenType": "BearerToken"})  # the one word in which it leaves the standard

    inquiry = await peer.call(INQUIRY, bank.inquiry_body(bill.customer_no, "S1", nama="Crème 日本 a/b"))
    assert flag(inquiry) == ("2002400", "00")
    seen = InquiryResponseData.model_validate(inquiry.json())
    assert seen.virtualAccountData.totalAmount.value == "250000.00"

    body = bank.payment_body(bill.customer_no, "S1")
    first = await peer.call(PAYMENT, body)
    assert flag(first) == ("2002500", "00")
    paid = PaymentResponseData.model_validate(first.json())
    assert paid.virtualAccountData.paymentFlagStatus == "00"
    assert paid.virtualAccountData.paidAmount.value == "250000.00"
    assert (await peer.call(PAYMENT, {**body, "flagAdvise": "Y"})).content == first.content
    assert flag(await peer.call(STATUS, {**bank.account(bill.customer_no), "inquiryRequestId": "S1"})) == (
        "2002600",
        "00",
    )

    refused = await peer.call(PAYMENT, bank.payment_body(bill.customer_no, "S2"))
    assert flag(refused) == ("4042514", "01")
    PaymentResponse.model_validate(refused.json())
    gone = await peer.call(INQUIRY, bank.inquiry_body("1000000008", "S3"))
    InquiryResponse.model_validate(gone.json())
    report = await billing.ledger_check(house)
    assert (report.faults, report.entries) == ((), 1)


def test_snapapi_judges_at_all():
    with pytest.raises(ValidationError):
        PaymentResponse.model_validate({"responseCode": "200", "responseMessage": "x" * 200})


async def test_snapapi_with_another_secret_or_key_is_refused(house, client):
    bank = await join_bank(house, client)
    bill = await open_test_bill(house)
    peer = SnapApi(client, bank, secret=bank.secret + "x")
    await peer.sign_in()
    assert code(await peer.call(PAYMENT, bank.payment_body(bill.customer_no, "S1"))) == "4012500"
