"""Receipts of the message gateway: only signed ones count, and each counts once."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from app.services.notifications import Medium, MessageState, Outcome, OutgoingMessage, Result, find_message
from tests.drain import drain
from tests.services.notifications.samples import sent, with_channel

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Telephone:
    name = "test"

    async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
        return Outcome(Result.SENT)


@pytest.fixture
async def gateway(house: House) -> AsyncIterator[httpx.AsyncClient]:
    configured = replace(house, settings=house.settings.model_copy(update={"message_gateway_secret": SECRET}))
    transport = httpx.ASGITransport(app=create_app(configured), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def sent_message(house: House) -> UUID:
    phone = with_channel(house, Telephone())
    message_id = await sent(phone, medium=Medium.WHATSAPP)
    await drain(phone)
    return message_id


def receipt(message_id: UUID, at: datetime, kind: str = "message.delivered", **data: str) -> bytes:
    return json.dumps({"type": kind, "timestamp": at.isoformat(), "data": {"id": str(message_id), **data}}).encode()


async def post(
    client: httpx.AsyncClient, body: bytes, signed_at: datetime, *, secret: str = SECRET, **headers: str
) -> httpx.Response:
    signature = Webhook(secret).sign("evt_1", signed_at, body.decode())
    signed = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": f"v1,AAAA {signature}",
    }
    return await client.post("/v1/messages/receipts", content=body, headers={**signed, **headers})


async def state_of(house: House, message_id: UUID) -> tuple[MessageState, Any]:
    async with house.db.read() as conn:
        found = await find_message(conn, message_id)
    assert found is not None
    return found.state, found.delivery_proof


async def test_a_delivered_message_is_proven_once(house: House, gateway: httpx.AsyncClient, clock: FixedClock) -> None:
    message_id = await sent_message(house)
    for _ in range(2):
        answer = await post(gateway, receipt(message_id, clock.now()), clock.now())
        assert answer.status_code == 204
    assert await state_of(house, message_id) == (MessageState.DELIVERED, "provider_receipt")


async def test_a_message_that_will_not_arrive_has_failed(
    house: House, gateway: httpx.AsyncClient, clock: FixedClock
) -> None:
    message_id = await sent_message(house)
    body = receipt(message_id, clock.now(), "message.failed", reason="unknown-number")
    assert (await post(gateway, body, clock.now())).status_code == 204
    assert await state_of(house, message_id) == (MessageState.FAILED, None)


async def test_what_the_gateway_did_not_sign_is_refused(
    house: House, gateway: httpx.AsyncClient, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    message_id = await sent_message(house)
    now, body = clock.now(), receipt(message_id, clock.now())
    another = "whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
    answers = [
        await post(gateway, body, now, secret=another),
        await post(gateway, body, now - timedelta(minutes=6)),
        await post(gateway, body, now + timedelta(minutes=6)),
        await post(gateway, body, now, **{"webhook-id": "evt_2"}),
        await post(gateway, body, now, **{"webhook-timestamp": "9" * 400}),
        await post(gateway, body, now, **{"webhook-signature": ""}),
        await gateway.post("/v1/messages/receipts", content=body),
        await gateway.post(
            "/v1/messages/receipts", content=b"\xff\xfe", headers={"webhook-id": "x", "webhook-timestamp": "1"}
        ),
        await post(client, body, now),  # a house without a secret takes none
    ]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(401, "notifications-receipt-forged")}
    assert (await state_of(house, message_id))[0] == MessageState.SENT


async def test_wrong_news_is_refused_in_words(house: House, gateway: httpx.AsyncClient, clock: FixedClock) -> None:
    now = clock.now()
    message_id = await sent_message(house)
    unknown = await post(gateway, receipt(uuid4(), now), now)
    future = await post(gateway, receipt(message_id, now + timedelta(days=1)), now)
    assert (unknown.status_code, future.status_code) == (404, 422)
    for body in (b"", b"[]", b"{}", b'{"type":"message.delivered","timestamp":"yesterday","data":{"id":"x"}}'):
        assert (await post(gateway, body, now)).status_code == 422


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(max_size=200).map(str.encode), stamp=st.text(max_size=15), signature=st.text(max_size=60))
async def test_no_receipt_breaks_the_door(gateway: httpx.AsyncClient, body: bytes, stamp: str, signature: str) -> None:
    headers = {
        "webhook-id": b"x",
        "webhook-timestamp": stamp.encode("latin-1", "replace").replace(b"\n", b"").replace(b"\r", b"").strip(),
        "webhook-signature": signature.encode("latin-1", "replace").replace(b"\n", b"").replace(b"\r", b"").strip(),
    }
    answer = await gateway.post("/v1/messages/receipts", content=body, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
