"""Delivery receipts of the message gateway: signed by the Standard Webhooks scheme, taken once however often they come.

``{"type": "message.delivered" | "message.failed", "timestamp": ISO 8601, "data": {"id": our message id, "reason"?}}``
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from standardwebhooks import Webhook

from app.core.db import Tx
from app.services.notifications.delivery import record_delivery, record_return
from app.services.notifications.problems import RECEIPT_FORGED

PROVIDER_RECEIPT = "provider_receipt"
TOLERANCE = timedelta(minutes=5)
MAX_SIGNATURES = 5


class ReceiptData(BaseModel):
    """Which message, and for a failure why."""

    id: UUID = Field(description="The `webhook-id` under which we sent the message.")
    reason: Annotated[str, Field(max_length=60, pattern="^[a-z0-9-]*$", description="A short code.")] = "not-delivered"


class GatewayReceipt(BaseModel):
    """What the gateway reports; `timestamp` is when the telephone had it."""

    type: Literal["message.delivered", "message.failed"]
    timestamp: AwareDatetime
    data: ReceiptData


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Refuses what the gateway did not sign within five minutes; the bytes are checked as received.

    The library's own verifier reads the wall clock, ours is passed in; hence its signer and our comparison.
    Problems: notifications-receipt-forged (401), also while no secret is configured.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split(" ")[:MAX_SIGNATURES]
    if not secret or not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 10):
        raise RECEIPT_FORGED()
    signed_at = datetime.fromtimestamp(int(stamp), UTC)
    try:
        expected = Webhook(secret).sign(message_id, signed_at, body.decode()).encode()
    except UnicodeDecodeError as error:
        raise RECEIPT_FORGED() from error
    if abs(now - signed_at) > TOLERANCE or not any(hmac.compare_digest(expected, s.encode()) for s in signatures):
        raise RECEIPT_FORGED()


async def take_receipt(tx: Tx, receipt: GatewayReceipt) -> bool:
    """Record what a checked receipt says; False where it was known already.

    Problems: notifications-message-unknown, notifications-proof-in-future.
    """
    if receipt.type == "message.delivered":
        return await record_delivery(tx, receipt.data.id, receipt.timestamp, PROVIDER_RECEIPT)
    return await record_return(tx, receipt.data.id, receipt.data.reason)
