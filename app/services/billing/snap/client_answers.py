"""What a bank's answer to our question means (SNAP service 26): judged by the code *and* the status, never by one alone.

ASPI SNAP Developer Site, Virtual Account, status: `paymentFlagStatus` 00 success, 01 refused, 02 time-out. Some banks tell
`latestTransactionStatus` instead: 00 success, 01-03 under way, 04 refunded, 05 cancelled, 06 failed, 07 not found.
An answer that could be read in two ways is unclear, and an unclear one is asked again: nothing is booked on a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from app.core.money import Rupiah
from app.services.billing.snap import codes
from app.services.billing.snap.amounts import NotAnAmount, NotWholeRupiah, is_blank, parse_amount
from app.services.billing.snap.codes import Service
from app.services.billing.snap.models import BankSays
from app.services.billing.snap.numbers import MalformedNumber, VirtualAccount, read_virtual_account
from app.services.billing.snap.strict_json import UnreadableJson, parse_object

MAX_BYTES = 64 * 1024
MAX_FAULT = 200
RUPIAH = "IDR"

_FLAGS = {"00": BankSays.PAID, "01": BankSays.REFUSED, "02": BankSays.PENDING}
_LATEST = {
    "00": BankSays.PAID,
    "01": BankSays.PENDING,
    "02": BankSays.PENDING,
    "03": BankSays.PENDING,
    "04": BankSays.REFUSED,
    "05": BankSays.REFUSED,
    "06": BankSays.REFUSED,
    "07": BankSays.UNKNOWN,
}
_NO_SUCH = (codes.TRANSACTION_NOT_FOUND, codes.INVALID_BILL)


@dataclass(frozen=True, slots=True)
class Question:
    """What the bank is asked: the account, and the payment's id where we know it."""

    account: VirtualAccount
    payment_request_id: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a bank said. `amount` in rupiah where it named one; `fault` in words where it cannot be believed."""

    status: BankSays
    code: str | None = None
    amount: Rupiah | None = None
    fault: str | None = None

    @property
    def token_is_bad(self) -> bool:
        """Whether the bank did not take our access token: worth one try with a new one."""
        return (self.code or "").startswith("401") and (self.code or "")[-2:] == codes.INVALID_TOKEN[1]


class _Unclear(Exception):
    """Why an answer is not believed."""


def read_answer(http: int, body: bytes, question: Question) -> Told:
    """Judge the bytes of an answer to `question`."""
    code = None
    try:
        if len(body) > MAX_BYTES:
            raise _Unclear("the answer is too long")
        answer = parse_object(body)
        code = _code(answer)
        return _judge(http, code, answer, question)
    except (_Unclear, UnreadableJson) as why:
        return Told(BankSays.UNCLEAR, code, fault=f"HTTP {http}: {why}"[:MAX_FAULT])


def _judge(http: int, code: str, answer: Mapping[str, object], question: Question) -> Told:
    case = (int(code[:3]), code[5:])
    if case in _NO_SUCH:
        return Told(BankSays.UNKNOWN, code)
    if case[0] in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.GATEWAY_TIMEOUT) or case[0] >= 500:
        return Told(BankSays.SILENT, code, fault=_words(answer))
    if case != codes.SUCCESSFUL:
        raise _Unclear(f"the bank refuses our question: {_words(answer)}")
    if http != HTTPStatus.OK:
        raise _Unclear("a success code under another HTTP status")
    data = _facts(answer)
    _check_same(data, question)
    status = _status(answer, data)
    return Told(status, code, _amount(data))


def _code(answer: Mapping[str, object]) -> str:
    code = answer.get("responseCode")
    text = str(code) if isinstance(code, int) and not isinstance(code, bool) else code
    if not isinstance(text, str) or len(text) != 7 or not (text.isascii() and text.isdigit()):
        raise _Unclear("no response code of SNAP")
    if text[3:5] != Service.STATUS.value:
        raise _Unclear(f"{text} answers another service")
    return text


def _words(answer: Mapping[str, object]) -> str:
    words = str(answer.get("responseMessage", ""))
    return f"{answer.get('responseCode')} " + "".join(c if c.isprintable() else " " for c in words)[:MAX_FAULT]


def _facts(answer: Mapping[str, object]) -> Mapping[str, object]:
    data = answer.get("virtualAccountData", answer)
    if not isinstance(data, dict):
        raise _Unclear("no virtualAccountData")
    return data


def _check_same(data: Mapping[str, object], question: Question) -> None:
    """An answer about another account or payment must not settle this one."""
    told = data.get("paymentRequestId")
    if question.payment_request_id and told not in (None, "", question.payment_request_id):
        raise _Unclear("the answer is about another payment")
    if data.get("virtualAccountNo") in (None, ""):
        return
    try:
        account = read_virtual_account(data.get("partnerServiceId"), data.get("customerNo"), data["virtualAccountNo"])
    except MalformedNumber as fault:
        raise _Unclear(f"{fault.field} is no number") from None
    if account.canonical != question.account.canonical:
        raise _Unclear("the answer is about another account")


def _status(answer: Mapping[str, object], data: Mapping[str, object]) -> BankSays:
    flag, latest = data.get("paymentFlagStatus"), data.get("latestTransactionStatus")
    if latest in (None, ""):
        latest = answer.get("latestTransactionStatus")
    said = {table.get(str(value)) for table, value in ((_FLAGS, flag), (_LATEST, latest)) if value not in (None, "")}
    if not said:
        raise _Unclear("a success code without a status")
    if len(said) > 1 or None in said:
        raise _Unclear(f"paymentFlagStatus {str(flag)[:8]!r}, latestTransactionStatus {str(latest)[:8]!r}")
    [status] = said
    assert status is not None
    return status


def _amount(data: Mapping[str, object]) -> Rupiah | None:
    paid, total = data.get("paidAmount"), data.get("totalAmount")
    money = total if is_blank(paid) else paid
    if is_blank(money):
        return None
    if not isinstance(money, dict) or money.get("currency") not in (None, "", RUPIAH):
        raise _Unclear("an amount that is not rupiah")
    try:
        return parse_amount(money.get("value"))
    except (NotAnAmount, NotWholeRupiah):
        raise _Unclear("an amount that is none") from None
