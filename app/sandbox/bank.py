"""The sandbox bank: a real SNAP BI client, as a bank's own system would be. HTTP only; it shares no code with the server.

ASPI SNAP Developer Site: the token request is RSA-signed, each transaction carries an HMAC-SHA512 over method, path,
token, hash of the body and timestamp. It writes its bodies compactly, so their hash needs no minifying.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import secrets
import ssl
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
TOKEN_SPARE_S = 30
"""A token is renewed this long before its end, so that it is still good when a call arrives."""


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


@dataclass(frozen=True)
class Manner:
    """How a call departs from what a good bank does; as it stands here, not at all.

    `shuffle` writes the same JSON in other bytes; `forged` signs with a secret that is not the bank's.
    """

    skew: timedelta = timedelta()
    forged: bool = False
    shuffle: random.Random | None = None


GOOD = Manner()


@dataclass(frozen=True)
class SignedCall:
    """A transaction as it goes over the wire; it may be sent again, or sent and not listened to."""

    path: str
    headers: dict[str, str]
    content: bytes


class SandboxBank:
    """One bank. `client` knows the server's address; the token is fetched when it is first needed, and kept to its end."""

    def __init__(self, bank_pass: BankPass, client: httpx.AsyncClient) -> None:
        self._pass, self._client = bank_pass, client
        self._key = _rsa_key(bank_pass.private_key_pem)
        self._token = ""
        self._token_until = datetime.min.replace(tzinfo=WIB)
        self._signing_in = asyncio.Lock()

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
        stamp = timestamp()
        text = f"{self._pass.client_id}|{stamp}".encode()
        signature = base64.b64encode(self._key.sign(text, PKCS1v15(), hashes.SHA256())).decode()
        headers = {"X-CLIENT-KEY": self._pass.client_id, "X-TIMESTAMP": stamp, "X-SIGNATURE": signature}
        answer = await self._client.post(TOKEN_PATH, json={"grantType": "client_credentials"}, headers=headers)
        body = _read(answer)
        self._token = body.get("accessToken", "")
        lasts_s = int(body.get("expiresIn") or 0) - TOKEN_SPARE_S
        self._token_until = datetime.now(WIB) + timedelta(seconds=lasts_s)
        return body

    async def inquire(
        self, number: str, *, request_id: str | None = None, external_id: str | None = None
    ) -> dict[str, Any]:
        """What does this virtual account owe? `number` is the whole account or the customer number alone."""
        call = await self.sign(INQUIRY_PATH, self.inquiry_body(number, request_id or new_request_id()), external_id)
        return await self.send(call)

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
        body = self.payment_body(number, f"{amount}.00", request_id, advise=advise)
        return await self.send(await self.sign(PAYMENT_PATH, body, external_id))

    async def status(self, number: str, *, request_id: str, external_id: str | None = None) -> dict[str, Any]:
        """What became of this payment?"""
        return await self.send(await self.sign(STATUS_PATH, self.status_body(number, request_id), external_id))

    async def token_inquire_pay_and_replay(self, virtual_account: dict[str, str], amount: int) -> list[dict[str, Any]]:
        """A whole customer's visit, with the payment told twice; the four answers."""
        number, request_id = virtual_account["virtual_account_no"], new_request_id()
        token = await self.token()
        inquiry = await self.inquire(number, request_id=request_id)
        first = await self.pay(number, amount, request_id=request_id)
        again = await self.pay(number, amount, request_id=request_id, advise=True)
        return [token, inquiry, first, again]

    def inquiry_body(self, number: str, request_id: str) -> dict[str, Any]:
        """What an inquiry says."""
        rest = {"trxDateInit": timestamp(), "channelCode": INTERNET_BANKING, "inquiryRequestId": request_id}
        return {**self._account(number), **rest, "additionalInfo": {}}

    def payment_body(self, number: str, value: str, request_id: str, *, advise: bool = False) -> dict[str, Any]:
        """What a payment says; `value` is the amount as it is written."""
        money = {"value": value, "currency": "IDR"}
        return {
            **self._account(number),
            "paymentRequestId": request_id,
            "channelCode": INTERNET_BANKING,
            "paidAmount": money,
            "totalAmount": money,
            "trxDateTime": timestamp(),
            "referenceNo": digits(11),
            "flagAdvise": "Y" if advise else "N",
            "additionalInfo": {},
        }

    def status_body(self, number: str, request_id: str) -> dict[str, Any]:
        """What a question about a payment says."""
        ids = {"inquiryRequestId": request_id, "paymentRequestId": request_id}
        return {**self._account(number), **ids, "additionalInfo": {}}

    async def sign(
        self, path: str, body: dict[str, Any] | bytes, external_id: str | None = None, manner: Manner = GOOD
    ) -> SignedCall:
        """A transaction, ready to be sent. Bytes are sent as they are. Raises `NotABank` where there is no token."""
        token = await self.access_token()
        raw = body if isinstance(body, bytes) else _written(body, manner)
        signed = _minified(body, raw, manner)
        stamp = timestamp(manner.skew)
        # Signed is what stands in the request line: a prefix in the base URL belongs to it.
        target = self._client.build_request("POST", path).url.raw_path.decode()
        text = f"POST:{target}:{token}:{hashlib.sha256(signed).hexdigest()}:{stamp}"
        secret = self._pass.client_secret + ("-forged" if manner.forged else "")
        mac = hmac.new(secret.encode(), text.encode(), hashlib.sha512).digest()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": base64.b64encode(mac).decode(),
            "X-PARTNER-ID": self._pass.client_id,
            "X-EXTERNAL-ID": external_id or digits(18),
            "CHANNEL-ID": CHANNEL_ID,
        }
        return SignedCall(path, headers, raw)

    async def send(self, call: SignedCall) -> dict[str, Any]:
        """Send and hear the answer. A token that the server no longer takes is forgotten."""
        answer = _read(await self._client.post(call.path, content=call.content, headers=call.headers))
        if str(answer["responseCode"]).startswith("401") and str(answer["responseCode"]).endswith("01"):
            self._token = ""
        return answer

    async def send_and_hang_up(self, call: SignedCall) -> None:
        """Send the whole request and close the connection without hearing anything."""
        request = self._client.build_request("POST", call.path, content=call.content, headers=call.headers)
        url = request.url
        secure = ssl.create_default_context() if url.scheme == "https" else None
        _, writer = await asyncio.open_connection(url.host, url.port or (443 if secure else 80), ssl=secure)
        lines = [f"POST {url.raw_path.decode()} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + call.content)
        await writer.drain()
        writer.close()

    async def access_token(self) -> str:
        """The token that is in use, or a fresh one. Raises `NotABank`."""
        async with self._signing_in:
            if not self._token or datetime.now(WIB) >= self._token_until:
                answer = await self.token()
                if not str(answer.get("responseCode")).startswith("200"):
                    raise NotABank("the server gives this bank no token; see `loket sandbox bank token`.")
        return self._token

    def _account(self, number: str) -> dict[str, str]:
        given = number.replace(" ", "")
        customer_no = given.removeprefix(self.partner_service_id) if len(given) > CUSTOMER_NO_DIGITS else given
        padded = self.partner_service_id.rjust(8)
        return {"partnerServiceId": padded, "customerNo": customer_no, "virtualAccountNo": padded + customer_no}


def new_request_id() -> str:
    """A fresh inquiry and payment request id: the time and some random digits."""
    return f"{datetime.now(WIB):%Y%m%d%H%M%S}{digits(8)}"


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


def _written(body: dict[str, Any], manner: Manner) -> bytes:
    if manner.shuffle is None:
        return json.dumps(body, separators=(",", ":")).encode()
    members = list({**body, "catatan": "uji\tcoba é"}.items())
    manner.shuffle.shuffle(members)
    return json.dumps(dict(members), indent=manner.shuffle.choice((1, 4)), ensure_ascii=False).encode()


def _minified(body: dict[str, Any] | bytes, raw: bytes, manner: Manner) -> bytes:
    """What is hashed. The bank knows what it wrote, so that it need not take blanks out of bytes again."""
    if manner.shuffle is None or isinstance(body, bytes):
        return raw
    return json.dumps(json.loads(raw), separators=(",", ":"), ensure_ascii=False).encode()


def timestamp(skew: timedelta = timedelta()) -> str:
    """X-TIMESTAMP, in WIB; `skew` is how wrong the bank's clock is."""
    return (datetime.now(WIB) + skew).isoformat(timespec="seconds")


def digits(count: int) -> str:
    """A random number of so many digits."""
    return str(secrets.randbelow(9 * 10 ** (count - 1)) + 10 ** (count - 1))
