"""We call a bank: a token (SNAP service 73), signed with our RSA key, the question what became of a payment (26), and
whatever else is signed like it.

Each bank has its own connections, time-out, bulkhead and circuit breaker (`app.core.upstream`), so that a dead one costs
its own questions only. Nothing here writes: `client_jobs` keeps question and answer. What is signed, and how, is
ASPI's SNAP Developer Site, "Keamanan", seen from the other side than `callers.py`.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx

from app.core.clock import Clock
from app.core.problems import Problem
from app.core.upstream import Upstream
from app.services.billing.banks import SignatureType, bank_profile
from app.services.billing.snap import signatures
from app.services.billing.snap.client_answers import MAX_BYTES, MAX_FAULT, Question, Told, read_answer
from app.services.billing.snap.models import BankSays
from app.services.billing.snap.numbers import pad_partner
from app.services.billing.snap.strict_json import UnreadableJson, parse_object
from app.services.billing.snap.times import WIB, write_timestamp
from app.services.identity.connections import Connection

TOKEN_PATH = "/v1.0/access-token/b2b"  # noqa: S105 a path
STATUS_PATH = "/v1.0/transfer-va/status"
TIMEOUT_S = 10.0
MAX_CONCURRENT = 8
"""More than the queue ``banks`` runs at once, so that no question is lost to a full bulkhead."""
TOKEN_SPARE = timedelta(seconds=30)
"""A token is given up this long before its end: it must still be good when our question arrives."""
TOKEN_AT_LEAST, TOKEN_AT_MOST = 1, 86_400
MAX_TOKEN = 2048


class NoToken(Exception):
    """The bank gave us no token; the text says why."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: datetime


class BankCalls:
    """Our calls to every bank: connections and tokens, each until the bank is connected anew. One per house."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._upstreams: dict[tuple[str, str], Upstream] = {}
        self._tokens: dict[Connection, _Token] = {}

    async def ask(self, connection: Connection, question: Question, external_id: str, clock: Clock) -> Told:
        """What became of this payment, in the bank's words. Never raises for what a bank does; `SILENT` says so.

        A token that the bank no longer takes is replaced once.
        """
        try:
            told = await self._ask(connection, question, external_id, clock)
            if told.token_is_bad and _by_token(connection):
                self._tokens.pop(connection, None)
                told = await self._ask(connection, question, new_external_id(clock.now()), clock)
        except NoToken as why:
            return Told(BankSays.SILENT, fault=f"no token: {why}"[:MAX_FAULT])
        except Problem as problem:
            return Told(BankSays.SILENT, fault=_why_silent(problem))
        return told

    async def call(self, connection: Connection, path: str, body: bytes, clock: Clock) -> httpx.Response:
        """One signed call of any service; a token that the bank no longer takes is replaced once.

        Raises `NoToken` and UPSTREAM_UNAVAILABLE.
        """
        answer = await self._send(connection, path, body, new_external_id(clock.now()), clock)
        if answer.status_code == 401 and _by_token(connection):
            self._tokens.pop(connection, None)
            answer = await self._send(connection, path, body, new_external_id(clock.now()), clock)
        return answer

    async def token(self, connection: Connection, clock: Clock) -> str:
        """A good access token of this bank, kept until shortly before its end. Raises `NoToken` and UPSTREAM_UNAVAILABLE."""
        now = clock.now()
        kept = self._tokens.get(connection)
        if kept is None or kept.until <= now:
            kept = self._tokens[connection] = await self._fresh_token(connection, now)
        return kept.text

    async def aclose(self) -> None:
        """Close the connections."""
        for upstream in self._upstreams.values():
            await upstream.aclose()

    async def _ask(self, connection: Connection, question: Question, external_id: str, clock: Clock) -> Told:
        answer = await self._send(connection, STATUS_PATH, _body(question, external_id), external_id, clock)
        return read_answer(answer.status_code, answer.content, question)

    async def _send(
        self, connection: Connection, path: str, body: bytes, external_id: str, clock: Clock
    ) -> httpx.Response:
        token = await self.token(connection, clock) if _by_token(connection) else ""
        stamp = _stamp(connection, clock.now())
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": _signature(connection, path, token, body, stamp),
            "X-PARTNER-ID": connection.partner_id,
            "X-EXTERNAL-ID": external_id,
            "CHANNEL-ID": connection.channel_id,
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await self._upstream(connection).request("POST", path, content=body, headers=headers)

    async def _fresh_token(self, connection: Connection, now: datetime) -> _Token:
        stamp = _stamp(connection, now)
        text = signatures.token_string_to_sign(connection.client_id, stamp)
        headers = {
            "Content-Type": "application/json",
            "X-CLIENT-KEY": connection.client_id,
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": _written(connection, signatures.rsa_signature(connection.private_key_pem, text)),
        }
        body = b'{"grantType":"client_credentials"}'
        answer = await self._upstream(connection).request("POST", TOKEN_PATH, content=body, headers=headers)
        return _read_token(answer, now)

    def _upstream(self, connection: Connection) -> Upstream:
        key = (connection.bank, connection.base_url)
        if key not in self._upstreams:
            self._upstreams[key] = Upstream(
                f"bank {connection.bank}", connection.base_url, timeout_s=self._timeout_s, max_concurrent=MAX_CONCURRENT
            )
        return self._upstreams[key]


def new_external_id(now: datetime) -> str:
    """A fresh X-EXTERNAL-ID of ours: 26 digits, the time and a random number, as it must be unique within the day."""
    return f"{now.astimezone(WIB):%Y%m%d%H%M%S}{secrets.randbelow(10**12):012d}"


def _stamp(connection: Connection, at: datetime) -> str:
    return write_timestamp(at, bank_profile(connection.profile).time_form)


def _by_token(connection: Connection) -> bool:
    return bank_profile(connection.profile).signature is SignatureType.SYMMETRIC


def _body(question: Question, external_id: str) -> bytes:
    account = question.account
    padded = pad_partner(account.partner)
    # `inquiryRequestId` is mandatory. After an inquiry it is the payment's id; where we know none, a bank that looks
    # payments up by account still needs something there.
    request_id = question.payment_request_id or external_id
    fields: dict[str, object] = {
        "partnerServiceId": padded,
        "customerNo": account.customer_no,
        "virtualAccountNo": padded + account.customer_no,
        "inquiryRequestId": request_id,
    }
    if question.payment_request_id:
        fields["paymentRequestId"] = question.payment_request_id
    return json.dumps({**fields, "additionalInfo": {}}, separators=(",", ":")).encode()


def _signature(connection: Connection, path: str, token: str, body: bytes, stamp: str) -> str:
    # What stands in the request line is signed: a prefix in the bank's address belongs to it.
    path = urlsplit(connection.base_url).path.rstrip("/") + path
    if not token:
        text = signatures.asymmetric_string_to_sign("POST", path, body, stamp)
        return _written(connection, signatures.rsa_signature(connection.private_key_pem, text))
    text = signatures.symmetric_string_to_sign("POST", path, token, body, stamp)
    return _written(connection, signatures.symmetric_signature(connection.secret, text))


def _written(connection: Connection, raw: bytes) -> str:
    return signatures.encode_signature(raw, bank_profile(connection.profile).signature_encoding)


def _read_token(answer: httpx.Response, now: datetime) -> _Token:
    try:
        read = parse_object(answer.content) if len(answer.content) <= MAX_BYTES else {}
    except UnreadableJson:
        read = {}
    code, token = str(read.get("responseCode", "")), read.get("accessToken")
    if answer.status_code != 200 or (code and code != "2007300") or not isinstance(token, str):
        raise NoToken(f"HTTP {answer.status_code} {code[:7]} {str(read.get('responseMessage', ''))[:100]}".strip())
    if not (0 < len(token) <= MAX_TOKEN and token.isascii() and token.isprintable() and " " not in token):
        raise NoToken("the token cannot stand in a header")
    return _Token(token, now + _lifetime(read.get("expiresIn")) - TOKEN_SPARE)


def _lifetime(expires_in: object) -> timedelta:
    """`expiresIn` is a string in the standard and a number in the wild; whatever else it is, the token is used once."""
    text = str(expires_in)
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
    return timedelta(seconds=min(max(seconds, TOKEN_AT_LEAST), TOKEN_AT_MOST))


def _why_silent(problem: Problem) -> str:
    cause = problem.__cause__
    return f"no answer: {type(cause).__name__ if cause else problem.type.code} {cause or ''}".strip()[:MAX_FAULT]
