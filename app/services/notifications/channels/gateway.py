"""SMS and WhatsApp through a provider's HTTP gateway, signed by the Standard Webhooks scheme.

``POST {gateway}/messages`` with ``{"type": "message.send", "timestamp", "data": {"id", "channel", "to",
"lang", "text"}}`` and the headers ``webhook-id`` (our message id, the same at each repetition),
``webhook-timestamp`` and
``webhook-signature``. Answers: 200-202 with ``{"id"}`` taken; 409 taken before; 400, 404, 410, 422 never;
all else later. A provider of another shape gets a small adapter in front, not code here.
"""

from typing import Any

import orjson
from standardwebhooks import Webhook

from app.core.contacts import parse_mobile
from app.core.house import House
from app.core.upstream import Upstream
from app.services.notifications.channels.base import Outcome, OutgoingMessage, Result

TIMEOUT_S = 10.0
MAX_CONCURRENT = 8
MAX_ANSWER_BYTES = 20_000
_NEVER = frozenset({400, 404, 410, 422})


class GatewayChannel:
    """One provider for telephones. `secret` is a Standard Webhooks secret (``whsec_...``)."""

    name = "http"

    def __init__(self, url: str, secret: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._upstream = Upstream("message-gateway", url, timeout_s=timeout_s, max_concurrent=MAX_CONCURRENT)
        self._signer = Webhook(secret) if secret else None

    async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
        number = parse_mobile(message.address)
        if number is None:
            return Outcome(Result.REFUSED, error="address-invalid")
        now = house.clock.now()
        data = {
            "id": str(message.id),
            "channel": message.medium.value,
            "to": number,
            "lang": message.lang,
            "text": f"{message.subject}\n\n{message.text}",
        }
        body = orjson.dumps({"type": "message.send", "timestamp": now.isoformat(), "data": data})
        headers = {
            "content-type": "application/json",
            "webhook-id": data["id"],
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if self._signer is not None:
            headers["webhook-signature"] = self._signer.sign(data["id"], now, body.decode())
        answer = await self._upstream.request("POST", "/messages", content=body, headers=headers)
        return _outcome(answer.status_code, answer.content)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def _outcome(status: int, content: bytes) -> Outcome:
    if status in _NEVER:
        return Outcome(Result.REFUSED, error=f"gateway-{status}")
    if status == 409:
        return Outcome(Result.SENT, error="gateway-repeated")
    if status not in (200, 201, 202):
        return Outcome(Result.LATER, error=f"gateway-{status}")
    reference = _reference(content)
    if reference is None:
        # A sign-in page of some proxy also answers 200. Nobody has said that the message was taken.
        return Outcome(Result.LATER, error="gateway-answer-unreadable")
    return Outcome(Result.SENT, provider_ref=reference)


def _reference(content: bytes) -> str | None:
    try:
        answer: Any = orjson.loads(content) if len(content) <= MAX_ANSWER_BYTES else None
    except orjson.JSONDecodeError:
        return None
    reference = answer.get("id") if isinstance(answer, dict) else None
    return str(reference)[:200] if isinstance(reference, str | int) and reference != "" else None
