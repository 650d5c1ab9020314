"""A bank that we call, on loopback: it verifies and signs with DOKU's Python SDK, makes QRIS codes, and can be told to misbehave."""

import base64
import json
import warnings
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from app.core.actor import SYSTEM
from app.core.house import House
from app.services.billing.snap.signatures import asymmetric_string_to_sign
from app.services.identity import connections
from tests.banks import OTHER_KEYS, STATUS, TOKEN
from tests.loopback import Loopback, Reply

with warnings.catch_warnings():  # the SDK's own source has escapes that Python frowns at
    warnings.simplefilter("ignore")
    from doku_python_library.src.services.token_service import TokenService

GENERATE = "/v1.0/qr/qr-mpm-generate"
SECRET = "rahasia-kami-di-bank"
OUR_ID = "LOKET-DI-BANK"


class FakeBank:
    """Answers tokens and status questions; `payments` is what it knows, `next` what it does instead, once each."""

    def __init__(self, public_key_pem: str, *, prefix: str = "", by_token: bool = True, in_hex: bool = False) -> None:
        self.public_key_pem, self.prefix, self.by_token, self.in_hex = public_key_pem, prefix, by_token, in_hex
        self.payments: dict[str, dict[str, Any]] = {}
        self.tokens: list[str] = []
        self.expires_in: Any = "900"
        self.asked: list[dict[str, Any]] = []
        self.external_ids: list[str] = []
        self.stamps: list[str] = []
        self.refused: list[str] = []
        self.next: list[Callable[[], Any] | Reply] = []
        self.ordered: list[dict[str, Any]] = []
        self.codes: Callable[[dict[str, Any]], str] = lambda _: ""
        self.next_codes: list[Reply] = []

    async def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        assert (method, headers["content-type"]) == ("POST", "application/json")
        if self.in_hex:  # the SDK knows base64 alone
            headers = {**headers, "x-signature": base64.b64encode(bytes.fromhex(headers["x-signature"])).decode()}
        if target == self.prefix + TOKEN:
            return self._token(headers)
        assert target in (self.prefix + STATUS, self.prefix + GENERATE)
        fault = self._fault(target, headers, body)
        if fault:
            self.refused.append(fault)
            return Reply(int(fault[:3]), {"responseCode": fault, "responseMessage": "Refused"})
        self.external_ids.append(headers["x-external-id"])
        if target == self.prefix + GENERATE:
            return self._code(json.loads(body))
        self.stamps.append(headers["x-timestamp"])
        self.asked.append(json.loads(body))
        if self.next:
            step = self.next.pop(0)
            return step if isinstance(step, Reply) else await step()
        return self._status(json.loads(body))

    def paid(self, request_id: str, account: dict[str, str], amount: int = 250_000, flag: str = "00") -> None:
        """The bank knows of this payment."""
        money = {"value": f"{amount}.00", "currency": "IDR"}
        self.payments[request_id] = {**account, "paymentFlagStatus": flag, "paidAmount": money}

    def _code(self, order: dict[str, Any]) -> Reply:
        """QRIS, service 47: what `codes` makes, or what `next_codes` says instead."""
        self.ordered.append(order)
        if self.next_codes:
            return self.next_codes.pop(0)
        told = {"responseCode": "2004700", "responseMessage": "Successful", "referenceNo": f"A{len(self.ordered):04d}"}
        return Reply(200, {**told, "partnerReferenceNo": order["partnerReferenceNo"], "qrContent": self.codes(order)})

    def _token(self, headers: dict[str, str]) -> Reply:
        signed = f"{headers['x-client-key']}|{headers['x-timestamp']}"
        if not TokenService.compare_signatures(signed, headers["x-signature"], self.public_key_pem):
            return Reply(401, {"responseCode": "4017300", "responseMessage": "Unauthorized. [Signature]"})
        made = TokenService.generate_token(900 + len(self.tokens), "bank", OTHER_KEYS["private_key_pem"], OUR_ID)
        self.tokens.append(made)
        told = TokenService.generate_notification_token(made, headers["x-timestamp"], OUR_ID, self.expires_in)
        names = {"responseCode": "2007300", "responseMessage": "Successful", "tokenType": "Bearer"}
        return Reply(200, {**names, "accessToken": made, "expiresIn": self.expires_in} if told else {})

    def _fault(self, target: str, headers: dict[str, str], body: bytes) -> str | None:
        stamp, given = headers["x-timestamp"], headers["x-signature"]
        if headers["x-partner-id"] != OUR_ID or not headers["channel-id"]:
            return "4002602"
        external_id = headers["x-external-id"]
        if external_id in self.external_ids or not external_id.isdigit() or len(external_id) > 36:
            return "4092600"
        if not self.by_token:
            text = asymmetric_string_to_sign("POST", target, body, stamp)
            good = TokenService.compare_signatures(text, given, self.public_key_pem)
            return None if good and "authorization" not in headers else "4012600"
        token = headers["authorization"].removeprefix("Bearer ")
        if token not in self.tokens:
            return "4012601"
        signature = TokenService.generate_symmetric_signature("POST", target, token, json.loads(body), stamp, SECRET)
        return None if signature == given else "4012600"

    def _status(self, question: dict[str, Any]) -> Reply:
        known = self.payments.get(question["inquiryRequestId"])
        by_account = [
            each for each in self.payments.values() if each["virtualAccountNo"] == question["virtualAccountNo"]
        ]
        found = known or next(iter(by_account), None)
        if found is None:
            return Reply(404, {"responseCode": "4042601", "responseMessage": "Transaction Not Found"})
        data = {**found, "inquiryRequestId": question["inquiryRequestId"]}
        return Reply(200, {"responseCode": "2002600", "responseMessage": "Successful", "virtualAccountData": data})


@asynccontextmanager
async def connected(
    house: House, client_id: str, *, prefix: str = "", by_token: bool = True, in_hex: bool = False, secret: str = SECRET
):
    """A fake bank that listens, knows our key, and is connected to the bank that calls us as `client_id`."""
    async with house.db.begin(SYSTEM) as tx:
        key = await connections.our_key(tx)
    fake = FakeBank(key.public_key_pem, prefix=prefix, by_token=by_token, in_hex=in_hex)
    async with Loopback(fake.answer) as server:
        await connect(house, client_id, server.url + prefix, secret=secret)
        yield fake


async def connect(house: House, client_id: str, url: str, *, secret: str = SECRET) -> None:
    """As `loket client connect` does."""
    async with house.db.begin(SYSTEM) as tx:
        await connections.connect(tx, client_id, base_url=url, client_id=OUR_ID, secret=secret)
