"""Who makes payable QRIS codes: a bank that is our acquirer, called by SNAP BI service 47, or nobody."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.core.config import Settings
from app.core.house import House
from app.core.problems import Problem
from app.services.billing.snap.amounts import write_amount
from app.services.billing.snap.client import BankCalls, NoToken
from app.services.billing.snap.strict_json import UnreadableJson, parse_object
from app.services.billing.snap.times import write_timestamp
from app.services.identity import connections

GENERATE_PATH = "/v1.0/qr/qr-mpm-generate"
MADE = "2004700"
MAX_REFERENCE = 64
MAX_FAULT = 200


class NotMade(Exception):
    """The acquirer made no code; the text says why. `for_good`: asking the same again would change nothing."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why[:MAX_FAULT])
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """A code to be made: our own reference, whole rupiah, and until when it may be paid."""

    partner_reference_no: str
    amount: int
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class MadeCode:
    """The acquirer's payload, not judged yet, and its own reference."""

    payload: str
    reference_no: str | None


class Acquirer(Protocol):
    """Makes codes. Registered in the House by this type; `client_id` is the bank's, None where nobody makes any."""

    @property
    def client_id(self) -> str | None:
        """The bank's."""

    async def make(self, house: House, order: CodeOrder) -> MadeCode:
        """Have a code made; the same order twice is the same code. Raises `NotMade`. Never inside a transaction."""


class NoAcquirer:
    """Nothing is configured: no code is asked for, none is shown."""

    client_id = None

    async def make(self, house: House, order: CodeOrder) -> MadeCode:
        """Never called while there is nobody to call."""
        raise NotMade(
            f"no acquirer is configured for {order.partner_reference_no} in {house.settings.env}", for_good=True
        )


@dataclass(frozen=True, slots=True)
class SnapAcquirer:
    """A connected bank (`loket client connect`) with which we are this merchant; signed as our status questions are."""

    client_id: str
    merchant_id: str

    async def make(self, house: House, order: CodeOrder) -> MadeCode:
        """Service 47, qr-mpm-generate (ASPI SNAP Developer Site, QRIS MPM)."""
        async with house.db.read() as connection:
            bank = await connections.connection_of(connection, house.keys, self.client_id)
        if bank is None:
            raise NotMade("the acquirer is not connected: loket client connect")
        fields = {
            "partnerReferenceNo": order.partner_reference_no,
            "amount": {"value": write_amount(order.amount), "currency": "IDR"},
            "merchantId": self.merchant_id,
            "validityPeriod": write_timestamp(order.valid_until),
            "additionalInfo": {},
        }
        body = json.dumps(fields, separators=(",", ":")).encode()
        try:
            answer = await house[BankCalls].call(bank, GENERATE_PATH, body, house.clock)
        except NoToken as why:
            raise NotMade(f"no token: {why}") from why
        except Problem as problem:
            raise NotMade(f"no answer: {problem.type.code}") from problem
        return _read(answer.status_code, answer.content, order)


def build_acquirer(settings: Settings) -> Acquirer:
    """The acquirer of LOKET_QRIS_BANK."""
    if settings.qris_bank and settings.qris_merchant_id:
        return SnapAcquirer(settings.qris_bank, settings.qris_merchant_id)
    return NoAcquirer()


def _read(http: int, content: bytes, order: CodeOrder) -> MadeCode:
    try:
        answer = parse_object(content)
    except UnreadableJson as why:
        raise NotMade(f"HTTP {http}: {why}") from why
    code, payload, reference = (
        str(answer.get("responseCode", ""))[:7],
        answer.get("qrContent"),
        answer.get("referenceNo"),
    )
    if http != 200 or code != MADE:
        again = code[:3] in ("401", "429", "500", "504")
        raise NotMade(f"HTTP {http} {code} {str(answer.get('responseMessage', ''))[:100]}", for_good=not again)
    if answer.get("partnerReferenceNo") not in (None, "", order.partner_reference_no) or not isinstance(payload, str):
        raise NotMade("the answer is not about this code", for_good=True)
    known = isinstance(reference, str) and 0 < len(reference) <= MAX_REFERENCE and reference.isprintable()
    return MadeCode(payload, str(reference) if known else None)
