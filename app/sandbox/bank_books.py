"""The sandbox bank's own books: what it believes of each payment, as JSON lines in a folder.

Each line is the newest state of one payment; the last one counts. So the file is its own history, `settle` and the
bank's server read it while `run` writes, and a killed bank knows what it had done.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.sandbox.bank import CUSTOMER_NO_DIGITS, BankPass, digits, timestamp

PAYMENTS = "payments.jsonl"


class Belief(StrEnum):
    """What the bank believes: the biller has booked it; it refused, the customer keeps the money; nobody knows yet; it
    was booked, and the bank took it back later."""

    PAID = "paid"
    REFUSED = "refused"
    DOUBT = "doubt"
    REVERSED = "reversed"


@dataclass(frozen=True)
class Payment:
    """One payment of a customer. `amount` in rupiah; `code` is the last answer, `successes` how often it was success."""

    request_id: str
    partner_service_id: str
    customer_no: str
    amount: int
    reference_no: str
    trx_at: str
    belief: Belief = Belief.DOUBT
    code: str = ""
    successes: int = 0

    @property
    def number(self) -> str:
        """The whole virtual account, in digits."""
        return self.partner_service_id.strip() + self.customer_no

    @property
    def day(self) -> date:
        """The bank day on which it was made."""
        return datetime.fromisoformat(self.trx_at).date()

    def heard(self, code: str) -> "Payment":
        """The same payment after one more answer: success settles it, a judged refusal does while nothing else has."""
        if is_success(code):
            return replace(self, belief=Belief.PAID, code=code, successes=self.successes + 1)
        refused = code.startswith("404") and self.belief is Belief.DOUBT
        return replace(self, belief=Belief.REFUSED if refused else self.belief, code=code)


def is_success(code: str) -> bool:
    """Whether a bank counts this answer to its payment, or to its question about it, as booked."""
    return code in ("2002500", "2002600", "4042518")


class Books:
    """The payments of one bank, by request id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.payments: dict[str, Payment] = {}
        self._read_to = 0
        self.refresh()

    def note(self, payment: Payment) -> Payment:
        """Write down what is believed now; returns the same payment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / PAYMENTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(payment)) + "\n")
        self.payments[payment.request_id] = payment
        return payment

    def refresh(self) -> None:
        """Read what another process has written since; a line that is not ended yet is left for the next time."""
        path = self.folder / PAYMENTS
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._read_to)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            raw: dict[str, Any] = json.loads(line)
            self.payments[raw["request_id"]] = Payment(**{**raw, "belief": Belief(raw["belief"])})

    def of_day(self, day: date, partner_service_id: str) -> list[Payment]:
        """The payments of a day that a customer of this bank has paid for, in order; those taken back later are among them.

        Several banks may have been played in one folder.
        """
        kept, partner = (Belief.PAID, Belief.REVERSED), partner_service_id.strip()
        theirs = [each for each in self.payments.values() if each.partner_service_id.strip() == partner]
        found = [each for each in theirs if each.day == day and each.belief in kept]
        return sorted(found, key=lambda each: (each.trx_at, each.request_id))

    def counts(self, among: Iterable[str]) -> dict[Belief, int]:
        """How many of these request ids are believed to be what."""
        found = [self.payments[each].belief for each in among if each in self.payments]
        return {belief: found.count(belief) for belief in Belief}


def note_by_hand(
    folder: Path, bank_pass: BankPass, number: str, *, amount: int, request_id: str, answer: dict[str, Any]
) -> None:
    """A payment that somebody made by command stands in the books too, and so in the day's statement."""
    books, plain = Books(folder), number.replace(" ", "")
    partner = bank_pass.partner_service_id.strip()
    known = books.payments.get(request_id)
    if known is None:
        customer_no = plain.removeprefix(partner) if len(plain) > CUSTOMER_NO_DIGITS else plain
        known = Payment(request_id, partner, customer_no, amount, digits(11), timestamp())
    flag = answer.get("virtualAccountData", {}).get("paymentFlagStatus")
    code = str(answer["responseCode"])
    books.note(known.heard(code if flag == "00" or not is_success(code) else ""))
