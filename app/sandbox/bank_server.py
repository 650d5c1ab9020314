"""The sandbox bank answers too: a token (service 73) and what became of a payment (26), asked by the biller.

It verifies as a bank would: the biller's RSA signature for a token, its HMAC for a question. What it says comes from the
bank's own books. With `moods` it is at times slow, broken, or forgets its tokens.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from app.sandbox.bank import STATUS_PATH, TOKEN_PATH, NotABank, timestamp
from app.sandbox.bank_books import Belief, Books, Payment

BILLER_FILE = "biller.json"
TOKEN_LASTS_S = 900
MAX_BODY = 65_536
SLOW_S = 12.0
MOODS = ("slow", "broken", "forgetful", "garbled")
_FLAGS = {Belief.PAID: "00", Belief.REFUSED: "01", Belief.DOUBT: "02", Belief.REVERSED: "01"}
_LATEST = {Belief.PAID: "00", Belief.REFUSED: "06", Belief.DOUBT: "03", Belief.REVERSED: "04"}

Message = MutableMapping[str, Any]
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Biller:
    """The biller as the bank knows it: the id and the secret that it was given, and its public key."""

    client_id: str
    client_secret: str
    public_key_pem: str

    @classmethod
    def known_to(cls, folder: Path, public_key_pem: str) -> Self:
        """The biller of this folder, registered there at the first time."""
        path = folder / BILLER_FILE
        if path.exists():
            kept = json.loads(path.read_text("utf-8"))
            made = cls(kept["client_id"], kept["client_secret"], public_key_pem)
        else:
            made = cls(f"BILLER-{secrets.token_hex(4).upper()}", secrets.token_hex(24), public_key_pem)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(made), indent=1), "utf-8")
        path.chmod(0o600)
        return made


class BankServer:
    """An ASGI application: the bank's side of service 73 and 26."""

    def __init__(self, biller: Biller, books: Books, moods: random.Random | None = None) -> None:
        key = load_pem_public_key(biller.public_key_pem.encode())
        if not isinstance(key, RSAPublicKey):
            raise NotABank("SNAP wants an RSA key")
        self._biller, self._books, self._key, self._moods = biller, books, key, moods
        self._tokens: dict[str, float] = {}
        self._used: set[str] = set()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = b""
        while len(body) <= MAX_BODY:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        status, answer = await self._answer(scope["method"], scope["raw_path"].decode("latin-1"), headers, body)
        content = json.dumps(answer).encode()
        sent = [(b"content-type", b"application/json"), (b"x-timestamp", timestamp().encode())]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if method != "POST" or not path.endswith((TOKEN_PATH, STATUS_PATH)):
            return _said("4042600" if method == "POST" else "4052600", "Requested Function Is Not Supported")
        if path.endswith(TOKEN_PATH):
            return self._token(headers)
        mood = self._moods.choice((*MOODS, *[""] * 12)) if self._moods else ""
        if mood == "slow":
            await asyncio.sleep(SLOW_S)
        if mood == "broken":
            return _said("5002600", "General Error")
        if mood == "forgetful":
            self._tokens.clear()
        if mood == "garbled":
            return 200, {"responseCode": "2002600", "responseMessage": "Successful", "virtualAccountData": {}}
        return self._status(method, path, headers, body)

    def _token(self, headers: dict[str, str]) -> Answer:
        signed = f"{headers.get('x-client-key')}|{headers.get('x-timestamp')}".encode()
        try:
            signature = base64.b64decode(headers.get("x-signature", ""))
            self._key.verify(signature, signed, PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return _said("4017300", "Unauthorized. [Signature]")
        if headers.get("x-client-key") != self._biller.client_id:
            return _said("4017300", "Unauthorized. [Unknown client]")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + TOKEN_LASTS_S
        facts = {"accessToken": token, "tokenType": "Bearer", "expiresIn": str(TOKEN_LASTS_S)}
        return 200, {"responseCode": "2007300", "responseMessage": "Successful", **facts}

    def _status(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0) < time.monotonic():
            return _said("4012601", "Invalid Token (B2B)")
        # The biller is known to write its JSON without blanks, so that its hash needs no minifying.
        text = f"{method}:{path}:{token}:{hashlib.sha256(body).hexdigest()}:{headers.get('x-timestamp')}"
        mac = hmac.new(self._biller.client_secret.encode(), text.encode(), hashlib.sha512).digest()
        if not hmac.compare_digest(base64.b64encode(mac).decode(), headers.get("x-signature", "")):
            return _said("4012600", "Unauthorized. [Signature]")
        external_id = headers.get("x-external-id", "")
        if not external_id.isdigit() or external_id in self._used:
            return _said("4092600", "Conflict")
        self._used.add(external_id)
        return self._tell(json.loads(body))

    def _tell(self, question: dict[str, Any]) -> Answer:
        self._books.refresh()
        found = self._find(question.get("paymentRequestId"), str(question["virtualAccountNo"]).strip())
        if found is None:
            return _said("4042601", "Transaction Not Found")
        return 200, {
            "responseCode": "2002600",
            "responseMessage": "Successful",
            "virtualAccountData": _facts(found, question),
            "additionalInfo": {},
        }

    def _find(self, request_id: str | None, number: str) -> Payment | None:
        """The payment of this id, or where no id was given the one that counts for this account."""
        of_account = [each for each in self._books.payments.values() if each.number == number]
        if request_id is not None:
            of_account = [each for each in of_account if each.request_id == request_id]
        return min(of_account, key=lambda each: list(Belief).index(each.belief), default=None)


class Quiet(uvicorn.Server):
    """Uvicorn within a command: the command itself hears Ctrl-C."""

    def capture_signals(self) -> Any:
        """Leave the signals alone."""
        return nullcontext()


def server(app: BankServer, port: int) -> Quiet:
    """The bank on a port of this machine."""
    return Quiet(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off"))


def _facts(payment: Payment, question: dict[str, Any]) -> dict[str, Any]:
    money = {"value": f"{payment.amount}.00", "currency": "IDR"}
    padded = payment.partner_service_id.strip().rjust(8)
    return {
        "partnerServiceId": padded,
        "customerNo": payment.customer_no,
        "virtualAccountNo": padded + payment.customer_no,
        "inquiryRequestId": question["inquiryRequestId"],
        "paymentRequestId": payment.request_id,
        "paymentFlagStatus": _FLAGS[payment.belief],
        "latestTransactionStatus": _LATEST[payment.belief],
        "paidAmount": money,
        "totalAmount": money,
        "trxDateTime": payment.trx_at,
        "referenceNo": payment.reference_no,
    }


def _said(code: str, message: str) -> Answer:
    return int(code[:3]), {"responseCode": code, "responseMessage": message}
