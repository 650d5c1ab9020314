"""The sandbox bank: a real SNAP BI client, as a bank's own system would be. HTTP only; it shares no code with the server.

ASPI SNAP Developer Site: the token request is RSA-signed, each transaction carries an HMAC-SHA512 over method, path,
token, hash of the body and timestamp. It writes its bodies compactly, so their hash needs no minifying.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

WIB = timezone(timedelta(hours=7))
TOKEN_PATH = "/v1.0/access-token/b2b"  # noqa: S105 a path
INQUIRY_PATH = "/v1.0/transfer-va/inquiry"
PAYMENT_PATH = "/v1.0/transfer-va/payment"
STATUS_PATH = "/v1.0/transfer-va/status"
CUSTOMER_NO_DIGITS = 10
CHANNEL_ID = "95221"
INTERNET_BANKING = 6011  # ISO 18245


class NotABank(Exception):
    """The credentials cannot be used; the text says what to do."""


@dataclass(frozen=True)
class BankPass:
    """What a bank holds after it was registered: its ids, our secret, its own private key."""

    client_id: str
    partner_service_id: str
    client_secret: str = field(repr=False)
    private_key_pem: str = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the JSON file that `loket seed demo` writes. Raises `NotABank`."""
        try:
            raw = json.loads(path.read_text("utf-8"))
            return cls(raw["client_id"], raw["partner_service_id"], raw["client_secret"], raw["private_key_pem"])
        except FileNotFoundError:
            raise NotABank(f"{path} does not exist; `loket seed demo` makes a sandbox bank.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise NotABank(f"{path} is no bank's pass: {error!r}") from error


class SandboxBank:
    """One bank. `client` knows the server's address; the token is fetched when it is first needed."""

    def __init__(self, bank_pass: BankPass, client: httpx.AsyncClient) -> None:
        self._pass, self._client = bank_pass, client
        self._key = _rsa_key(bank_pass.private_key_pem)
        self._token = ""

    @classmethod
    def from_file(cls, path: Path, client: httpx.AsyncClient) -> Self:
        """A bank with the pass in this file. Raises `NotABank`."""
        return cls(BankPass.load(path), client)

    @property
    def partner_service_id(self) -> str:
        """What this bank's virtual accounts begin with, without padding."""
        return self._pass.partner_service_id.strip()

    async def token(self) -> dict[str, Any]:
        """Ask for an access token and keep it."""
        stamp = _timestamp()
        text = f"{self._pass.client_id}|{stamp}".encode()
        signature = base64.b64encode(self._key.sign(text, PKCS1v15(), hashes.SHA256())).decode()
        headers = {"X-CLIENT-KEY": self._pass.client_id, "X-TIMESTAMP": stamp, "X-SIGNATURE": signature}
        answer = await self._client.post(TOKEN_PATH, json={"grantType": "client_credentials"}, headers=headers)
        body = _read(answer)
        self._token = body.get("accessToken", "")
        return body

    async def inquire(
        self, number: str, *, request_id: str | None = None, external_id: str | None = None
    ) -> dict[str, Any]:
        """What does this virtual account owe? `number` is the whole account or the customer number alone."""
        body = {
            **self._account(number),
            "trxDateInit": _timestamp(),
            "channelCode": INTERNET_BANKING,
            "inquiryRequestId": request_id or new_request_id(),
            "additionalInfo": {},
        }
        return await self._call(INQUIRY_PATH, body, external_id)

    async def pay(
        self,
        number: str,
        amount: int,
        *,
        request_id: str,
        external_id: str | None = None,
        advise: bool = False,
    ) -> dict[str, Any]:
        """Say that this virtual account was paid; `advise` marks a repetition. `amount` in rupiah."""
        money = {"value": f"{amount}.00", "currency": "IDR"}
        body = {
            **self._account(number),
            "paymentRequestId": request_id,
            "channelCode": INTERNET_BANKING,
            "paidAmount": money,
            "totalAmount": money,
            "trxDateTime": _timestamp(),
            "referenceNo": _digits(11),
            "flagAdvise": "Y" if advise else "N",
            "additionalInfo": {},
        }
        return await self._call(PAYMENT_PATH, body, external_id)

    async def status(self, number: str, *, request_id: str, external_id: str | None = None) -> dict[str, Any]:
        """What became of this payment?"""
        body = {**self._account(number), "inquiryRequestId": request_id, "paymentRequestId": request_id}
        return await self._call(STATUS_PATH, {**body, "additionalInfo": {}}, external_id)

    async def token_inquire_pay_and_replay(self, virtual_account: dict[str, str], amount: int) -> list[dict[str, Any]]:
        """A whole customer's visit, with the payment told twice; the four answers."""
        number, request_id = virtual_account["virtual_account_no"], new_request_id()
        token = await self.token()
        inquiry = await self.inquire(number, request_id=request_id)
        first = await self.pay(number, amount, request_id=request_id)
        again = await self.pay(number, amount, request_id=request_id, advise=True)
        return [token, inquiry, first, again]

    async def _call(self, path: str, body: dict[str, Any], external_id: str | None) -> dict[str, Any]:
        if not self._token and not str((await self.token()).get("responseCode")).startswith("200"):
            raise NotABank("the server gives this bank no token; see `loket sandbox bank token`.")
        raw = json.dumps(body, separators=(",", ":")).encode()
        stamp = _timestamp()
        # Signed is what stands in the request line: a prefix in the base URL belongs to it.
        target = self._client.build_request("POST", path).url.raw_path.decode()
        text = f"POST:{target}:{self._token}:{hashlib.sha256(raw).hexdigest()}:{stamp}"
        mac = hmac.new(self._pass.client_secret.encode(), text.encode(), hashlib.sha512).digest()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._token}",
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": base64.b64encode(mac).decode(),
            "X-PARTNER-ID": self._pass.client_id,
            "X-EXTERNAL-ID": external_id or _digits(18),
            "CHANNEL-ID": CHANNEL_ID,
        }
        return _read(await self._client.post(path, content=raw, headers=headers))

    def _account(self, number: str) -> dict[str, str]:
        digits = number.replace(" ", "")
        customer_no = digits.removeprefix(self.partner_service_id) if len(digits) > CUSTOMER_NO_DIGITS else digits
        padded = self.partner_service_id.rjust(8)
        return {"partnerServiceId": padded, "customerNo": customer_no, "virtualAccountNo": padded + customer_no}


def new_request_id() -> str:
    """A fresh inquiry and payment request id: the time and some random digits."""
    return f"{datetime.now(WIB):%Y%m%d%H%M%S}{_digits(8)}"


def _rsa_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise NotABank("the private key is no unencrypted PEM key") from error
    if not isinstance(key, RSAPrivateKey):
        raise NotABank("SNAP wants an RSA key")
    return key


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "responseCode" not in body:
        raise NotABank(f"the server does not speak SNAP: HTTP {answer.status_code} {answer.text[:200]!r}")
    return body


def _timestamp() -> str:
    return datetime.now(WIB).isoformat(timespec="seconds")


def _digits(count: int) -> str:
    return str(secrets.randbelow(9 * 10 ** (count - 1)) + 10 ** (count - 1))
