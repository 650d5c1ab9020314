"""What banks send, read from the bytes into plain values. Unknown fields, `null` and `""` are ignored, never refused.

Field rules: ASPI SNAP Developer Site, Virtual Account. What is refused is what could be read in two ways, or what the
books need and cannot have.
"""

import re
from dataclasses import dataclass

from app.core.money import Rupiah
from app.services.billing.snap import codes
from app.services.billing.snap.amounts import NotAnAmount, NotWholeRupiah, is_blank, parse_amount
from app.services.billing.snap.numbers import MalformedNumber, VirtualAccount, read_virtual_account
from app.services.billing.snap.strict_json import UnreadableJson, parse_object

RUPIAH = "IDR"
MAX_TEXT = 64
_REQUEST_ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_HARMLESS = re.compile(r"[\x20-\x7e]{1,64}", re.ASCII)
_GRANT = "client_credentials"
_PAID = "00"
"""`latestTransactionStatus`: the money has come. Others are on their way, or came to nothing."""


class SnapRefusal(Exception):
    """A request that is answered with a code and no facts. `retry_after_s` goes with 429.

    `bank` is the client id of ours in whose name it came, believed or not; the answer never tells it. `proven` is the bank
    that signed it rightly and spoke in another's name. `skew_s` is how far its clock was from ours, where that is why.
    """

    def __init__(
        self,
        case: tuple[int, str],
        about: str | None = None,
        *,
        retry_after_s: int | None = None,
        bank: str | None = None,
        proven: str | None = None,
        skew_s: float | None = None,
    ) -> None:
        super().__init__(f"{case[0]}xx{case[1]} {about or ''}")
        self.case, self.about, self.retry_after_s = case, about, retry_after_s
        self.bank, self.proven, self.skew_s = bank, proven, skew_s


@dataclass(frozen=True, slots=True)
class AccountFields:
    """The three account fields as they came, to be echoed."""

    partner_service_id: str
    customer_no: str
    virtual_account_no: str


@dataclass(frozen=True, slots=True)
class PaidAmount:
    """What a bank says was paid; `rupiah` is None for a number that is not whole rupiah."""

    rupiah: Rupiah | None
    currency: str


@dataclass(frozen=True, slots=True)
class InquiryRequest:
    """Which bill is behind this account?"""

    account: VirtualAccount
    fields: AccountFields
    inquiry_request_id: str


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """This was paid. `payment_request_id` is the bank's key: the same one is the same payment, for ever."""

    account: VirtualAccount
    fields: AccountFields
    payment_request_id: str
    amount: PaidAmount
    trx_at: str | None
    reference_no: str | None
    flag_advise: str


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """What became of this payment? Either id will do: after an inquiry both are the same."""

    account: VirtualAccount
    fields: AccountFields
    inquiry_request_id: str
    payment_request_id: str


@dataclass(frozen=True, slots=True)
class QrNotice:
    """What became of a QRIS code: `partner_reference_no` is ours and names it, `reference_no` the acquirer's for the payment."""

    reference_no: str
    partner_reference_no: str
    is_paid: bool
    amount: PaidAmount
    trx_at: str | None


def read_token_request(body: bytes) -> None:
    """Check the grant type; Midtrans' client spells it `grant_type`. Raises `SnapRefusal`."""
    members = _members(body)
    grant = members.get("grantType") or members.get("grant_type")
    if grant is None:
        raise SnapRefusal(codes.INVALID_MANDATORY_FIELD, "grantType")
    if grant != _GRANT:
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, "grantType")


def read_inquiry(body: bytes) -> InquiryRequest:
    """Raises `SnapRefusal`."""
    members = _members(body)
    account, fields = _account(members)
    return InquiryRequest(account, fields, _request_id(members, "inquiryRequestId"))


def read_payment(body: bytes) -> PaymentRequest:
    """Raises `SnapRefusal`."""
    members = _members(body)
    account, fields = _account(members)
    request_id = _request_id(members, "paymentRequestId")
    amount = _amount(members, "paidAmount")
    total = amount if is_blank(members.get("totalAmount")) else _amount(members, "totalAmount")
    if total != amount:  # a closed account is paid in full: two different amounts name none
        amount = PaidAmount(None, amount.currency)
    return PaymentRequest(
        account=account,
        fields=fields,
        payment_request_id=request_id,
        amount=amount,
        trx_at=_harmless(members.get("trxDateTime")),
        reference_no=_harmless(members.get("referenceNo")),
        flag_advise="Y" if members.get("flagAdvise") == "Y" else "N",
    )


def read_status(body: bytes) -> StatusRequest:
    """Raises `SnapRefusal`."""
    members = _members(body)
    account, fields = _account(members)
    if not _is_given(members.get("inquiryRequestId")) and _is_given(members.get("paymentRequestId")):
        request_id = _request_id(members, "paymentRequestId")
        return StatusRequest(account, fields, request_id, request_id)
    inquiry_id = _request_id(members, "inquiryRequestId")
    given = _is_given(members.get("paymentRequestId"))
    return StatusRequest(account, fields, inquiry_id, _request_id(members, "paymentRequestId") if given else inquiry_id)


def read_qr_notice(body: bytes) -> QrNotice:
    """Raises `SnapRefusal`."""
    members = _members(body)
    return QrNotice(
        reference_no=_request_id(members, "originalReferenceNo"),
        partner_reference_no=_request_id(members, "originalPartnerReferenceNo"),
        is_paid=_required(members, "latestTransactionStatus") == _PAID,
        amount=_amount(members, "amount"),
        trx_at=_harmless(members.get("transactionDate")),
    )


def _members(body: bytes) -> dict[str, object]:
    try:
        return parse_object(body)
    except UnreadableJson as error:
        raise SnapRefusal(codes.BAD_REQUEST) from error


def _account(members: dict[str, object]) -> tuple[VirtualAccount, AccountFields]:
    names = ("partnerServiceId", "customerNo", "virtualAccountNo")
    values = [_required(members, name) for name in names]
    try:
        account = read_virtual_account(*values)
    except MalformedNumber as error:
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, error.field) from error
    return account, AccountFields(*(str(value) for value in values))


def _request_id(members: dict[str, object], name: str) -> str:
    value = _required(members, name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**128:
        value = str(value)
    if not isinstance(value, str) or _REQUEST_ID.fullmatch(value) is None:
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, name)
    return value


def _amount(members: dict[str, object], name: str) -> PaidAmount:
    amount = _required(members, name)
    if not isinstance(amount, dict):
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, name)
    currency = _required(amount, "currency", f"{name}.currency")
    if not isinstance(currency, str) or _CURRENCY.fullmatch(currency) is None:
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, f"{name}.currency")
    if amount.get("value") is None:
        raise SnapRefusal(codes.INVALID_MANDATORY_FIELD, f"{name}.value")
    try:
        return PaidAmount(parse_amount(amount["value"]), currency)
    except NotWholeRupiah:
        return PaidAmount(None, currency)
    except NotAnAmount as error:
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, f"{name}.value") from error


def _required(members: dict[str, object], name: str, shown: str | None = None) -> object:
    value = members.get(name)
    if not _is_given(value):
        raise SnapRefusal(codes.INVALID_MANDATORY_FIELD, shown or name)
    return value


def _is_given(value: object) -> bool:
    return value not in (None, "", {})


def _harmless(value: object) -> str | None:
    """An optional text that is only kept and echoed: dropped where it is no short printable text."""
    return value if isinstance(value, str) and _HARMLESS.fullmatch(value) else None
