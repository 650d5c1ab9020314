"""What the SNAP BI doors take and answer, for the OpenAPI document alone.

The doors read the bytes themselves, because the signature covers them as received; nothing is validated by these.
"""

from typing import Any

_ACCOUNT: dict[str, Any] = {
    "partnerServiceId": {"type": "string", "maxLength": 8, "examples": ["   77720"]},
    "customerNo": {"type": "string", "maxLength": 20},
    "virtualAccountNo": {"type": "string", "maxLength": 28},
}
_AMOUNT: dict[str, Any] = {
    "type": "object",
    "required": ["value", "currency"],
    "properties": {
        "value": {"type": "string", "examples": ["250000.00"]},
        "currency": {"type": "string", "const": "IDR"},
    },
}
_REQUEST_ID: dict[str, Any] = {"type": "string", "maxLength": 128}

TOKEN_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["grantType"],
    "properties": {"grantType": {"type": "string", "const": "client_credentials"}},
}
INQUIRY: dict[str, Any] = {
    "type": "object",
    "required": [*_ACCOUNT, "inquiryRequestId"],
    "properties": {**_ACCOUNT, "inquiryRequestId": _REQUEST_ID},
}
PAYMENT: dict[str, Any] = {
    "type": "object",
    "required": [*_ACCOUNT, "paymentRequestId", "paidAmount"],
    "properties": {
        **_ACCOUNT,
        "paymentRequestId": {**_REQUEST_ID, "description": "The idempotency key; equal to the inquiry's id."},
        "paidAmount": _AMOUNT,
        "totalAmount": _AMOUNT,
        "trxDateTime": {"type": "string"},
        "referenceNo": {"type": "string"},
        "flagAdvise": {"type": "string", "enum": ["N", "Y"]},
    },
}
STATUS: dict[str, Any] = {
    "type": "object",
    "required": [*_ACCOUNT, "inquiryRequestId"],
    "properties": {**_ACCOUNT, "inquiryRequestId": _REQUEST_ID, "paymentRequestId": _REQUEST_ID},
}

QR_NOTICE: dict[str, Any] = {
    "type": "object",
    "required": ["originalReferenceNo", "originalPartnerReferenceNo", "latestTransactionStatus", "amount"],
    "properties": {
        "originalReferenceNo": {**_REQUEST_ID, "description": "The acquirer's own, and the idempotency key."},
        "originalPartnerReferenceNo": {**_REQUEST_ID, "description": "Ours, under which the code was made."},
        "latestTransactionStatus": {
            "type": "string",
            "description": "`00` is paid; others are heard, and book nothing.",
        },
        "amount": _AMOUNT,
        "transactionDate": {"type": "string"},
    },
}

_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["responseCode", "responseMessage"],
    "properties": {
        "responseCode": {"type": "string", "pattern": "^[0-9]{7}$"},
        "responseMessage": {"type": "string"},
        "virtualAccountData": {"type": "object"},
        "accessToken": {"type": "string"},
        "tokenType": {"type": "string"},
        "expiresIn": {"type": "string"},
    },
}
_TOKEN_HEADERS = ("X-CLIENT-KEY", "X-TIMESTAMP", "X-SIGNATURE")
_TRANSACTION_HEADERS = (
    "Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID",
)  # fmt: skip


def describe(request: dict[str, Any], *, transaction: bool = True) -> dict[str, Any]:
    """The OpenAPI operation of a SNAP door: headers, body, and one shape of answer for every status."""
    headers = _TRANSACTION_HEADERS if transaction else _TOKEN_HEADERS
    return {
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in headers
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
    }


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/json": {"schema": _ANSWER}}}
    for status, words in {
        200: "Successful",
        400: "Unreadable, or a field is missing or of the wrong form",
        401: "Token, client, timestamp or signature is not good",
        404: "Judged and refused",
        409: "X-EXTERNAL-ID was used today for another request",
        429: "Too many requests",
        500: "General error; nothing is said about the payment",
        504: "Timeout; nothing was booked",
    }.items()
}
