"""The receipt as data: the same facts as the PDF, with the inclusion proof of the payment's event inside.

``loket verify`` reads either. A payment that the bank took back voids its receipt; it goes on being shown, as void.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.core.db import JsonValue
from app.services import transparency
from app.services.documents.templates import ReceiptData
from app.services.transparency import Verdict

RECEIPT_FORMAT = "loket-receipt/1"


def receipt_json(data: ReceiptData) -> dict[str, JsonValue]:
    """What the PDF says, for programs. Instants are UTC; amounts whole rupiah."""
    return {
        "format": RECEIPT_FORMAT,
        "receipt_no": data.receipt_no,
        "state": "void" if data.voided_at else "paid",
        "voided_at": _utc(data.voided_at),
        "reference": data.reference,
        "register_no": data.register_no,
        "plate": data.plate,
        "bill_id": data.bill_id,
        "purpose": data.purpose,
        "title": {"id": data.title.id, "en": data.title.en},
        "amount": data.amount,
        "currency": "IDR",
        "lines": [{"title": {"id": each.title.id, "en": each.title.en}, "amount": each.amount} for each in data.lines],
        "paid_at": _utc(data.paid_at),
        "bank": data.bank,
        "virtual_account_no": data.virtual_account_no,
        "bank_reference": data.bank_reference,
        "remittances": [
            {"ntpn": each.ntpn, "remitted_on": each.remitted_on.isoformat(), "amount": each.amount}
            for each in data.remittances
        ],
        "issuer": data.sender.name,
        "check_url": data.check.url,
        "proof": json.loads(data.proof),
    }


def verify_receipt(document: Mapping[str, Any], keys: Sequence[str]) -> Verdict:
    """Whether the proof inside holds, and whether the receipt says what was recorded: which bill, and how much.

    Needs no network. What a receipt says of later days (void, remitted) is not in the event: ask at its `check_url`.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        return Verdict(False, "the receipt holds no proof")
    verdict = transparency.verify_proof(proof, tuple(keys))
    recorded = (verdict.body or {}).get("data")
    if not verdict.holds or not isinstance(recorded, dict):
        return verdict if not verdict.holds else replace(verdict, holds=False, fault="the event is of no payment")
    for name in ("bill_id", "amount"):
        if document.get(name) != recorded.get(name):
            fault = f"the receipt says {name} {document.get(name)}, the log says {recorded.get(name)}"
            return replace(verdict, holds=False, fault=fault)
    return verdict


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
