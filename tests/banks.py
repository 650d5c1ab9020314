"""A bank for tests: signs as the standard says, and can be told to do each thing wrong."""

import base64
import hashlib
import hmac
import itertools
import json
import re
from datetime import timedelta
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import billing
from app.services.identity import credentials

VECTORS = json.loads((Path(__file__).parent / "data" / "snap_vectors.json").read_text("utf-8"))
KEYS = VECTORS["keys"]["test_bank"]
OTHER_KEYS = VECTORS["keys"]["midtrans_sample"]

TOKEN = "/v1.0/access-token/b2b"
INQUIRY = "/v1.0/transfer-va/inquiry"
PAYMENT = "/v1.0/transfer-va/payment"
STATUS = "/v1.0/transfer-va/status"


async def open_test_bill(
    house: House,
    *,
    amount: int = 250_000,
    days: float = 7,
    case_id=None,
    title="Tilang uji",
    unit="PMJ",
    purpose="fine",
):
    """A bill to pay, of no case unless told."""
    async with house.db.begin(SYSTEM) as tx:
        return await billing.open_bill(
            tx,
            case_id=case_id,
            purpose=purpose,
            unit=unit,
            amount=amount,
            expires_at=tx.now + timedelta(days=days),
            title=title,
        )


async def join_bank(
    house: House, client: httpx.AsyncClient, *, name="Bank Uji", profile="bri", keys=KEYS, unit=None
) -> "Bank":
    """Register a bank and give it its hands."""
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_bank(tx, name, public_key_pem=keys["public_key_pem"], profile=profile, unit=unit)
    return Bank(house, client, made.client_id, made.secret, made.partner_service_id, keys["private_key_pem"])


class Bank:
    """The bank's side of SNAP BI, written from the standard and sharing no code with ours."""

    def __init__(self, house, client, client_id, secret, partner, private_key_pem):
        self.house, self.client = house, client
        self.client_id, self.secret, self.partner = client_id, secret, partner
        self.private_key = load_pem_private_key(private_key_pem.encode(), None)
        self.access_token = ""
        self._numbers = itertools.count(1)

    def next_id(self) -> str:
        return f"{next(self._numbers):020d}"

    def timestamp(self, skew_s: float = 0) -> str:
        at = self.house.clock.now() + timedelta(seconds=skew_s, hours=7)
        return at.strftime("%Y-%m-%dT%H:%M:%S+07:00")

    def rsa(self, text: str) -> str:
        return base64.b64encode(self.private_key.sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()

    async def ask_token(self, *, skew_s: float = 0, body=None, drop=(), **headers) -> httpx.Response:
        stamp = headers.pop("X_TIMESTAMP", None) or self.timestamp(skew_s)
        all_headers = {
            "X-CLIENT-KEY": self.client_id,
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": self.rsa(f"{self.client_id}|{stamp}"),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in all_headers.items() if name not in drop}
        return await self.client.post(TOKEN, json=body or {"grantType": "client_credentials"}, headers=sent)

    async def sign_in(self) -> "Bank":
        answer = await self.ask_token()
        assert answer.status_code == 200, answer.text
        self.access_token = answer.json()["accessToken"]
        return self

    def sign(self, method: str, path: str, body: bytes, stamp: str, *, token=None, secret=None) -> str:
        text = f"{method}:{path}:{token or self.access_token}:{body_hash(body)}:{stamp}"
        mac = hmac.new((secret or self.secret).encode(), text.encode(), hashlib.sha512).digest()
        return base64.b64encode(mac).decode()

    async def call(
        self, path: str, body, *, external_id=None, skew_s: float = 0, signed_body=None, signed_path=None,
        token=None, secret=None, drop=(), content_type="application/json", **headers,
    ) -> httpx.Response:  # fmt: skip
        """POST `body` (bytes as they are, else compact JSON), signed; keyword arguments do it wrong."""
        raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        stamp = headers.pop("X_TIMESTAMP", None) or self.timestamp(skew_s)
        signature = self.sign(
            "POST", signed_path or path, raw if signed_body is None else signed_body, stamp, token=token, secret=secret
        )
        all_headers = {
            "Content-Type": content_type,
            "Authorization": f"Bearer {token or self.access_token}",
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": signature,
            "X-PARTNER-ID": self.client_id,
            "X-EXTERNAL-ID": external_id or self.next_id(),
            "CHANNEL-ID": "95221",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in all_headers.items() if name not in drop}
        return await self.client.post(path, content=raw, headers=sent)

    def account(self, customer_no: str) -> dict:
        padded = self.partner.rjust(8)
        return {"partnerServiceId": padded, "customerNo": customer_no, "virtualAccountNo": padded + customer_no}

    def inquiry_body(self, customer_no: str, request_id: str, **members) -> dict:
        return {**self.account(customer_no), "inquiryRequestId": request_id, "channelCode": 6011, **members}

    def payment_body(self, customer_no: str, request_id: str, amount=250_000, **members) -> dict:
        value = amount if isinstance(amount, str) else f"{amount}.00"
        money = {"value": value, "currency": "IDR"}
        return {
            **self.account(customer_no),
            "paymentRequestId": request_id,
            "channelCode": 6011,
            "paidAmount": money,
            "totalAmount": money,
            "trxDateTime": self.timestamp(),
            "referenceNo": "00113696201",
            "flagAdvise": "N",
            "additionalInfo": {},
            **members,
        }

    async def inquire(self, customer_no: str, request_id: str, **how) -> httpx.Response:
        return await self.call(INQUIRY, self.inquiry_body(customer_no, request_id), **how)

    async def pay(self, customer_no: str, request_id: str, amount=250_000, **how) -> httpx.Response:
        return await self.call(PAYMENT, self.payment_body(customer_no, request_id, amount), **how)

    async def status(self, customer_no: str, request_id: str, **how) -> httpx.Response:
        return await self.call(STATUS, {**self.account(customer_no), "inquiryRequestId": request_id}, **how)


def body_hash(body: bytes) -> str:
    """SHA-256 of the body without blanks outside of strings."""
    parts = re.split(rb'("(?:[^"\\]|\\.)*")', body)
    minified = b"".join(part if n % 2 else re.sub(rb"[ \t\r\n]", b"", part) for n, part in enumerate(parts))
    return hashlib.sha256(minified).hexdigest()


def code(answer: httpx.Response) -> str:
    """The response code, with the shape of every answer checked on the way."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(\+07:00|Z)", answer.headers["x-timestamp"])
    assert body["responseCode"][:3] == str(answer.status_code), answer.text
    assert body["responseMessage"]
    return body["responseCode"]


def flag(answer: httpx.Response) -> tuple[str, str]:
    """Code and inquiry or payment flag."""
    data = answer.json()["virtualAccountData"]
    return code(answer), data.get("paymentFlagStatus", data.get("inquiryStatus"))
