"""SMS and WhatsApp against a real HTTP server on loopback: one that takes, refuses, errs, dawdles or is
gone."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services.notifications import Medium
from app.services.notifications.channels import GatewayChannel
from app.services.notifications.models import Message, MessageState
from app.services.notifications.sending import PAUSES, retry_due
from tests.drain import drain
from tests.services.notifications.samples import PHONE, sent, with_channel

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
TAKEN = b'{"id": "prov-1"}'


class Gateway:
    """Answers with `status` and `content`; keeps what it was sent. Holds its tongue while `silent` is set."""

    def __init__(self) -> None:
        self.status, self.content = 202, TAKEN
        self.silent = threading.Event()
        self.go_on = threading.Event()
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                gateway.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                if gateway.silent.is_set():
                    gateway.go_on.wait(10)
                    return
                self.send_response(gateway.status)
                self.send_header("content-length", str(len(gateway.content)))
                self.end_headers()
                self.wfile.write(gateway.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.go_on.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


async def after_sending(house: House, url: str, *, address: str = PHONE, **options: Any) -> Message:
    channel = GatewayChannel(url, SECRET, **options)
    try:
        await sent(with_channel(house, channel), medium=Medium.WHATSAPP, address=address)
        await drain(with_channel(house, channel))
    finally:
        await channel.aclose()
    async with house.db.begin(SYSTEM) as tx:
        return (await tx.session.execute(select(Message))).scalar_one()


async def test_a_message_goes_out_signed_so_that_any_standard_verifier_accepts_it(
    house: House, gateway: Gateway, clock: FixedClock
) -> None:
    clock.set(datetime.now(UTC))  # the verifier of the library looks at the real clock
    row = await after_sending(house, gateway.url)
    assert (row.state, row.provider_ref, row.channel) == (MessageState.SENT, "prov-1", "http")
    ((path, headers, body),) = gateway.requests
    assert path == "/api/messages"
    assert headers["webhook-id"] == str(row.id)
    event = Webhook(SECRET).verify(body, headers)
    assert event["type"] == "message.send"
    assert event["data"]["to"] == PHONE
    assert event["data"]["channel"] == "whatsapp"
    assert row.check_code in event["data"]["text"]
    assert json.loads(body) == event


@pytest.mark.parametrize(
    ("status", "content", "state", "error"),
    [
        (200, TAKEN, "sent", None),
        (409, b"", "sent", "gateway-repeated"),
        (400, b"bad", "failed", "gateway-400"),
        (404, b"no such number", "failed", "gateway-404"),
        (422, b"{}", "failed", "gateway-422"),
        (401, b"", "queued", "gateway-401"),
        (302, b"", "queued", "gateway-302"),
        (429, b"", "queued", "gateway-429"),
        (500, b"", "queued", "upstream-unavailable"),
        (200, b"<html>sign in to the hotel's network</html>", "queued", "gateway-answer-unreadable"),
        (200, b"[]", "queued", "gateway-answer-unreadable"),
        (200, b'{"id": null}', "queued", "gateway-answer-unreadable"),
        (200, b'{"id": "' + b"x" * 30_000 + b'"}', "queued", "gateway-answer-unreadable"),
    ],
)
async def test_what_each_answer_means(
    house: House, gateway: Gateway, status: int, content: bytes, state: str, error: str | None
) -> None:
    gateway.status, gateway.content = status, content
    row = await after_sending(house, gateway.url)
    assert (row.state, row.last_error) == (state, error)


async def test_a_slow_gateway_costs_a_bounded_time(house: House, gateway: Gateway) -> None:
    gateway.silent.set()
    row = await after_sending(house, gateway.url, timeout_s=0.2)
    assert (row.state, row.last_error) == (MessageState.QUEUED, "upstream-unavailable")


async def test_a_gateway_that_is_gone_means_later_and_the_message_keeps_its_id(
    house: House, gateway: Gateway, clock: FixedClock
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    row = await after_sending(house, nobody)
    assert (row.state, row.last_error) == (MessageState.QUEUED, "upstream-unavailable")
    clock.advance(PAUSES[0])
    channel = GatewayChannel(gateway.url, SECRET)
    await retry_due(house)
    await drain(with_channel(house, channel))
    await channel.aclose()
    assert gateway.requests[0][1]["webhook-id"] == str(row.id)


@pytest.mark.parametrize("address", ["+12025550123", "021-500000", "hello", ""])
async def test_what_is_no_mobile_number_is_refused_without_a_call(house: House, gateway: Gateway, address: str) -> None:
    row = await after_sending(house, gateway.url, address=address)
    assert (row.state, row.last_error) == (MessageState.FAILED, "address-invalid")
    assert gateway.requests == []
