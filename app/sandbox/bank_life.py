"""A customer's visit as a bank lives it: inquiry, payment, repetitions with advice while nobody answers, status at last.

Banks wait eight to ten seconds and repeat a few times under the same paymentRequestId, flagAdvise Y (BRI, DANA). What
stays in doubt is asked (service 26); what the biller does not know by then, the customer keeps.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.sandbox.bank import (
    GOOD,
    INQUIRY_PATH,
    PAYMENT_PATH,
    STATUS_PATH,
    Manner,
    NotABank,
    SandboxBank,
    SignedCall,
    digits,
    new_request_id,
    timestamp,
)
from app.sandbox.bank_books import Belief, Books, Payment, is_success

PATIENCE_S = 10.0
"""How long a bank waits for an answer before it repeats."""
REPETITIONS = 5
WAIT_S = 0.5
"""Before the first repetition; doubled each time."""
MOST_BROKEN = 200


@dataclass(frozen=True)
class Bill:
    """Something to pay, as `loket sandbox bills --json` prints it."""

    partner_service_id: str
    customer_no: str
    amount: int

    @property
    def number(self) -> str:
        """The whole virtual account, in digits."""
        return self.partner_service_id.strip() + self.customer_no


@dataclass
class Report:
    """What was seen: answers by code, the slowest of them, what was done on purpose, and every broken expectation."""

    codes: Counter[str] = field(default_factory=Counter)
    tricks: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    request_ids: list[str] = field(default_factory=list)

    def expect(self, what: str, *, held: bool, **facts: object) -> None:
        """Note an expectation that the server broke."""
        if not held and len(self.broken) < MOST_BROKEN:
            self.broken.append(what + "".join(f" {name}={value}" for name, value in facts.items()))


class Teller:
    """Pays bills at one server, keeps the bank's books, and reports."""

    def __init__(self, bank: SandboxBank, books: Books, report: Report, seed: str) -> None:
        self.bank, self.books, self.report, self._seed = bank, books, report, seed
        self.rng = random.Random(seed)  # noqa: S311 a simulation

    def for_bill(self, place: int) -> "Teller":
        """The same teller with chances of its own for one bill, so that a seed means the same at any speed."""
        return Teller(self.bank, self.books, self.report, f"{self._seed}/{place}")

    def begin(self, bill: Bill, amount: int | None = None) -> Payment:
        """A customer wants to pay; the bank notes it before it tells anybody."""
        payment = Payment(
            request_id=new_request_id(),
            partner_service_id=bill.partner_service_id,
            customer_no=bill.customer_no,
            amount=bill.amount if amount is None else amount,
            reference_no=digits(11),
            trx_at=timestamp(),
        )
        self.report.request_ids.append(payment.request_id)
        return self.books.note(payment)

    async def visit(self, bill: Bill) -> Payment:
        """An ordinary payment: inquiry, then payment, then whatever it takes."""
        payment = self.begin(bill)
        await self.inquire(payment)
        return await self.insist(payment)

    async def inquire(self, payment: Payment) -> None:
        """The inquiry before a payment must name its amount."""
        body = self.bank.inquiry_body(payment.number, payment.request_id)
        answer = await self.ask(await self.bank.sign(INQUIRY_PATH, body))
        if answer is None or says_nothing(answer["responseCode"]):
            return
        value = answer.get("virtualAccountData", {}).get("totalAmount", {}).get("value")
        held = answer["responseCode"] == "2002400" and value == f"{payment.amount}.00"
        self.report.expect("an open bill is shown with its amount", held=held, code=answer["responseCode"], value=value)

    async def insist(self, payment: Payment, *, advise: bool = False) -> Payment:
        """Tell of a payment until somebody answers; then ask, and believe what is said."""
        wait_s = WAIT_S
        for repetition in range(REPETITIONS + 1):
            answer = await self.tell(payment, advise=advise or repetition > 0)
            payment = self.books.payments[payment.request_id]
            if answer is not None and not says_nothing(_believed(answer)):
                return payment
            await asyncio.sleep(wait_s * (0.5 + self.rng.random()))
            wait_s *= 2
        return await self.clear_up(payment)

    async def tell(
        self,
        payment: Payment,
        *,
        advise: bool = False,
        external_id: str | None = None,
        manner: Manner = GOOD,
        value: str | None = None,
    ) -> dict[str, Any] | None:
        """Tell of a payment once, and note what was heard; None for silence."""
        return await self.hear(
            payment, await self.sign(payment, advise=advise, external_id=external_id, manner=manner, value=value)
        )

    async def sign(
        self,
        payment: Payment,
        *,
        advise: bool = False,
        external_id: str | None = None,
        manner: Manner = GOOD,
        value: str | None = None,
    ) -> SignedCall:
        """The call that tells of a payment; `value` is another amount than its own, as text."""
        body = self.bank.payment_body(
            payment.number, f"{payment.amount}.00" if value is None else value, payment.request_id, advise=advise
        )
        fixed = {"referenceNo": payment.reference_no, "trxDateTime": payment.trx_at}
        return await self.bank.sign(PAYMENT_PATH, {**body, **fixed}, external_id, manner)

    async def hear(self, payment: Payment, call: SignedCall) -> dict[str, Any] | None:
        """Send a payment's call and note the answer in the books: what was told paid must stay paid."""
        answer = await self.ask(call)
        if answer is not None:
            before, code = self.books.payments[payment.request_id], _believed(answer)
            kept = before.belief is not Belief.PAID or is_success(code) or says_nothing(code)
            self.report.expect("what was told paid is told so again", held=kept, code=code, id=payment.request_id)
            self.books.note(before.heard(code))
        return answer

    async def clear_up(self, payment: Payment) -> Payment:
        """Ask what became of a payment in doubt; one that the biller does not know, the customer keeps."""
        answer = await self.status(payment)
        code = answer["responseCode"] if answer is not None else ""
        return self.books.note(self.books.payments[payment.request_id].heard(code)) if code else payment

    async def status(self, payment: Payment) -> dict[str, Any] | None:
        """Service 26 about this payment."""
        body = self.bank.status_body(payment.number, payment.request_id)
        return await self.ask(await self.bank.sign(STATUS_PATH, body))

    async def ask(self, call: SignedCall) -> dict[str, Any] | None:
        """Send a call; None where no SNAP answer came in time."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self.bank.send(call)
        except (httpx.HTTPError, TimeoutError, NotABank, OSError) as error:
            self.report.codes[type(error).__name__] += 1
            return None
        self.report.slowest_s = max(self.report.slowest_s, time.monotonic() - started)
        self.report.codes[answer["responseCode"]] += 1
        return answer


def says_nothing(code: str) -> bool:
    """Whether an answer leaves a payment in doubt: no verdict, but a fault, a limit or a dead token."""
    return code[:3] in ("429", "500", "504") or (code[:3] == "401" and code[-2:] == "01")


def _believed(answer: dict[str, Any]) -> str:
    """The code, if the flag beside it agrees; a success code without a flag is a time-out to a bank."""
    code, flag = str(answer["responseCode"]), answer.get("virtualAccountData", {}).get("paymentFlagStatus")
    if code in ("2002500", "4042518"):
        return code if flag == "00" else "5042500"
    return code
