"""What a bank is told: a code with its words, and for a virtual account the facts beside it.

Banks decide by both code and flag: anything but success gives the customer's money back, and a success code without a
flag is a time-out. So a judged request always carries `inquiryStatus` or `paymentFlagStatus`, and an unjudged one never.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from app.core.texts import Text
from app.services.billing.snap import codes
from app.services.billing.snap.amounts import write_amount
from app.services.billing.snap.codes import Service, response_code
from app.services.billing.snap.requests import AccountFields, PaymentRequest
from app.services.billing.snap.times import write_timestamp

ACCEPTED, REFUSED = "00", "01"
MAX_NAME = 255
MAX_FREE_TEXT = 32

SUCCESS = Text("Sukses", "Success")
NOT_FOUND = Text("Tagihan tidak ditemukan", "Bill not found")
PAID = Text("Tagihan sudah dibayar", "Bill has been paid")
EXPIRED = Text("Tagihan sudah kedaluwarsa", "Bill has expired")
WRONG_AMOUNT = Text("Jumlah pembayaran tidak sesuai", "Invalid amount")
ID_USED = Text("X-EXTERNAL-ID sudah dipakai hari ini", "X-EXTERNAL-ID was used today")

_REASONS: dict[tuple[int, str], Text] = {
    codes.INVALID_BILL: NOT_FOUND,
    codes.PAID_BILL: PAID,
    codes.EXPIRED_BILL: EXPIRED,
    codes.INVALID_AMOUNT: WRONG_AMOUNT,
    codes.CONFLICT: ID_USED,
}


@dataclass(frozen=True, slots=True)
class SnapAnswer:
    """An answer of the standard: HTTP status and body, as it is sent and, for a booked payment, kept."""

    http: int
    body: str

    @property
    def code(self) -> str:
        """The seven-digit response code."""
        return str(json.loads(self.body)["responseCode"])


@dataclass(frozen=True, slots=True)
class BillFacts:
    """What a bank may know of a bill: its title, its amount. Nothing personal."""

    title: str
    amount: int
    currency: str


def plain(service: Service, case: tuple[int, str], about: str | None = None) -> SnapAnswer:
    """An answer without facts: for what was not judged."""
    return _answer(service, case, about, {})


def token(access_token: str, lifetime_s: int) -> SnapAnswer:
    """The answer to a token request; `expiresIn` is a string in the standard."""
    facts = {"accessToken": access_token, "tokenType": "Bearer", "expiresIn": str(lifetime_s)}
    return _answer(Service.TOKEN, codes.SUCCESSFUL, None, {**facts, "additionalInfo": {}})


def inquiry(fields: AccountFields, inquiry_request_id: str, bill: BillFacts) -> SnapAnswer:
    """2002400: this is the bill, to be paid in full."""
    data = {
        "inquiryStatus": ACCEPTED,
        "inquiryReason": _reason(SUCCESS),
        **_account(fields),
        "virtualAccountName": bill.title[:MAX_NAME],
        "inquiryRequestId": inquiry_request_id,
        "totalAmount": _amount(bill.amount, bill.currency),
        "virtualAccountTrxType": "C",
        "freeTexts": _free_texts(bill.title),
        "additionalInfo": {},
    }
    return _answer(Service.INQUIRY, codes.SUCCESSFUL, None, {"virtualAccountData": data})


def refused_inquiry(case: tuple[int, str], fields: AccountFields, inquiry_request_id: str) -> SnapAnswer:
    """A judged refusal of an inquiry, with its reason in both languages."""
    data = {
        "inquiryStatus": REFUSED,
        "inquiryReason": _reason(_REASONS[case]),
        **_account(fields),
        "inquiryRequestId": inquiry_request_id,
    }
    return _answer(Service.INQUIRY, case, _about(case), {"virtualAccountData": data})


def payment(request: PaymentRequest, bill: BillFacts, at: datetime) -> SnapAnswer:
    """2002500: the money is booked."""
    data = {
        "paymentFlagStatus": ACCEPTED,
        "paymentFlagReason": _reason(SUCCESS),
        **_account(request.fields),
        "virtualAccountName": bill.title[:MAX_NAME],
        "paymentRequestId": request.payment_request_id,
        "paidAmount": _amount(bill.amount, bill.currency),
        "totalAmount": _amount(bill.amount, bill.currency),
        "trxDateTime": request.trx_at or write_timestamp(at),
        "referenceNo": request.reference_no or "",
        "flagAdvise": request.flag_advise,
        "freeTexts": _free_texts(bill.title),
        "billDetails": [],
    }
    return _answer(Service.PAYMENT, codes.SUCCESSFUL, None, {"virtualAccountData": data, "additionalInfo": {}})


def refused_payment(case: tuple[int, str], request: PaymentRequest) -> SnapAnswer:
    """A judged refusal of a payment: nothing was booked, and the bank gives the money back."""
    data = {
        "paymentFlagStatus": REFUSED,
        "paymentFlagReason": _reason(_REASONS[case]),
        **_account(request.fields),
        "paymentRequestId": request.payment_request_id,
    }
    return _answer(Service.PAYMENT, case, _about(case), {"virtualAccountData": data, "additionalInfo": {}})


def inconsistent_payment(first_answer: str) -> SnapAnswer:
    """4042518 with the first result's flag and amount: what the bank now says differs, the first booking stands."""
    first = json.loads(first_answer)
    rest = {name: value for name, value in first.items() if name not in ("responseCode", "responseMessage")}
    return _answer(Service.PAYMENT, codes.INCONSISTENT_REQUEST, None, rest)


def status(fields: AccountFields, inquiry_request_id: str, first_answer: str, paid_at: datetime) -> SnapAnswer:
    """2002600: what became of a payment that we booked."""
    first = json.loads(first_answer)["virtualAccountData"]
    kept = ("paymentFlagStatus", "paymentFlagReason", "paymentRequestId", "paidAmount", "totalAmount", "trxDateTime")
    data = {
        **{name: first[name] for name in kept},
        **_account(fields),
        "inquiryRequestId": inquiry_request_id,
        "paidBills": "",
        "transactionDate": write_timestamp(paid_at),
        "referenceNo": first["referenceNo"],
        "billDetails": [],
    }
    return _answer(Service.STATUS, codes.SUCCESSFUL, None, {"virtualAccountData": data, "additionalInfo": {}})


def _answer(service: Service, case: tuple[int, str], about: str | None, rest: dict[str, object]) -> SnapAnswer:
    code = response_code(service, case, about)
    body = {"responseCode": code.code, "responseMessage": code.message, **rest}
    return SnapAnswer(code.http, json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def _about(case: tuple[int, str]) -> str | None:
    return "[Not Found]" if case == codes.INVALID_BILL else None


def _account(fields: AccountFields) -> dict[str, object]:
    return {
        "partnerServiceId": fields.partner_service_id,
        "customerNo": fields.customer_no,
        "virtualAccountNo": fields.virtual_account_no,
    }


def _amount(amount: int, currency: str) -> dict[str, str]:
    return {"value": write_amount(amount), "currency": currency}


def _reason(text: Text) -> dict[str, str]:
    return {"english": text.en, "indonesia": text.id}


def _free_texts(title: str) -> list[dict[str, str]]:
    return [{"english": title[:MAX_FREE_TEXT], "indonesia": title[:MAX_FREE_TEXT]}]
