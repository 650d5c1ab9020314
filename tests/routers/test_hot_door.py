"""A hot door's short way and FastAPI's way are one door: same answers, same refusals, and never past a guard."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.core.clock import FixedClock
from app.core.house import House
from app.core.limits import LIMITS, Limits
from app.main import create_app
from app.routers.http.guards import TicketHolder, public
from app.routers.http.hot import MODEST_BODY, HotDoor
from app.routers.schemas.tickets import Lookup, Ticket, ticket_json
from app.services import etle
from tests import make
from tests.journeys.test_ticket import Story
from tests.one_piece import OnePiece

SHORT = {"Content-Type": "application/json"}
LONG = {"Content-Type": "application/json; charset=utf-8"}
RIGHT = {
    "plate": make.PLATE,
    "chassis_no": make.VEHICLE.chassis_no,
    "engine_no": make.VEHICLE.engine_no,
}


@pytest.fixture
def client(house: House) -> httpx.AsyncClient:
    """Bodies in one piece: httpx's own transport would never take the short way."""
    return httpx.AsyncClient(transport=OnePiece(create_app(house)), base_url="http://test")


async def ask(client: httpx.AsyncClient, content: Any, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/v1/tickets/lookup", content=content, headers=headers)
    body = answer.json()
    body.pop("instance", None)  # names the request
    return answer.status_code, body


@pytest.mark.parametrize("language", ["id", "en"])
async def test_both_ways_find_the_same_ticket(
    house: House, client: httpx.AsyncClient, clock: FixedClock, language: str
) -> None:
    story = Story(house, client, clock)
    await story.capture()
    await story.verify()
    body = Lookup(**RIGHT).model_dump_json(exclude_none=True)
    chosen = {"Accept-Language": language}
    status, short = await ask(client, body, SHORT | chosen)
    assert (status, short) == await ask(client, body, LONG | chosen)
    assert status == 200
    found = (await etle.look_up(house, Lookup(**RIGHT).key()))[0].view
    ticket = Ticket.of(found, "en" if language == "en" else "id")
    assert Ticket(**ticket_json(found, "en" if language == "en" else "id")) == ticket  # type: ignore[arg-type]
    token = short["tickets"][0].pop("access_token")
    assert short["tickets"][0] == ticket.model_dump(mode="json")
    opened = await client.get(f"/v1/tickets/{found.id}", headers={"Authorization": f"Bearer {token}"})
    assert opened.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '"plate"',
        "{}",
        '{"plate": "B 1 A"}',
        '{"plate": "B 1 A", "reference": "ETL7K3M9QXT4", "chassis_no": "12345"}',
        '{"plate": "B 1 A", "reference": "ETL7K3M9QXT4", "more": 1}',
        '{"plate": 7, "reference": true}',
        '{"plate": "\\ud800", "reference": "ETL7K3M9QXT4"}',
        '{"plate": "B 1 A", "reference": "' + "A" * (MODEST_BODY + 1) + '"}',
        b'{"plate": "\xff"}',
    ],
)
async def test_both_ways_refuse_in_the_same_words(client: httpx.AsyncClient, body: str | bytes) -> None:
    short = await ask(client, body, SHORT)
    assert short == await ask(client, body, LONG)
    assert short[0] in (400, 422)


async def test_too_many_are_refused_in_the_same_words(house: House) -> None:
    limited = replace(house, parts={**house.parts, Limits: Limits(seconds=lambda: 0.0)})
    body = '{"plate": "B 9999 ZZZ", "reference": "ETL7K3M9QXT4"}'
    async with httpx.AsyncClient(transport=OnePiece(create_app(limited)), base_url="http://test") as client:
        for _ in range(LIMITS["lookup-plate"].amount):
            assert (await ask(client, body, SHORT))[0] == 200
        short = await ask(client, body, SHORT)
        assert short == await ask(client, body, LONG)
    assert short[0] == 429


@pytest.mark.parametrize("headers", [SHORT, LONG])
async def test_one_address_looks_up_so_many_plates_a_minute_and_no_more(house: House, headers: dict[str, str]) -> None:
    app = create_app(replace(house, parts={**house.parts, Limits: Limits(seconds=lambda: 0.0)}))
    async with httpx.AsyncClient(transport=OnePiece(app, address="203.0.113.7"), base_url="http://test") as client:
        for way in ({"reference": "ETL7K3M9QXT4"}, {"chassis_no": "12345", "engine_no": "12345"}):
            for number in range(LIMITS["lookup-address"].amount // 2):
                body = json.dumps({"plate": f"B {len(way)}{number:03} ZZZ", **way})
                assert (await ask(client, body, headers))[0] == 200
        body = '{"plate": "B 9999 ZZZ", "reference": "ETL7K3M9QXT4"}'
        refused = await client.post("/v1/tickets/lookup", content=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert int(refused.headers["retry-after"]) > 0
    async with httpx.AsyncClient(transport=OnePiece(app, address="203.0.113.8"), base_url="http://test") as client:
        assert (await ask(client, body, headers))[0] == 200, "another address is not slowed down for it"


async def test_a_page_of_another_origin_takes_the_ordinary_way(client: httpx.AsyncClient) -> None:
    body = '{"plate": "B 9999 ZZZ", "reference": "ETL7K3M9QXT4"}'
    headers = SHORT | {"Origin": "https://elsewhere.example"}
    answer = await client.post("/v1/tickets/lookup", content=body, headers=headers)
    assert answer.status_code == 200
    assert "vary" in answer.headers  # CORS has looked at it


async def test_the_short_way_has_the_same_headers_and_line(client: httpx.AsyncClient) -> None:
    body = '{"plate": "B 9999 ZZZ", "reference": "ETL7K3M9QXT4"}'
    short = await client.post("/v1/tickets/lookup", content=body, headers=SHORT | {"X-Request-Id": "abcdefgh-1"})
    long = await client.post("/v1/tickets/lookup", content=body, headers=LONG | {"X-Request-Id": "abcdefgh-1"})
    assert dict(short.headers) == dict(long.headers)
    assert short.headers["x-request-id"] == "abcdefgh-1"


async def test_a_body_in_pieces_is_read_whole(client: httpx.AsyncClient) -> None:
    async def pieces() -> Any:
        yield b'{"plate": "B 9999 ZZZ", '
        yield b'"reference": "ETL7K3M9QXT4"}'

    length = {"Content-Length": str(len('{"plate": "B 9999 ZZZ", "reference": "ETL7K3M9QXT4"}'))}
    assert await ask(client, pieces(), SHORT) == (200, {"tickets": []})
    assert await ask(client, pieces(), SHORT | length) == (200, {"tickets": []})


async def test_a_guarded_door_cannot_be_hot() -> None:
    async def guarded(body: Lookup, request: Request, holder: TicketHolder) -> Response:
        raise AssertionError((body, request, holder))

    async def without_guard(body: Lookup, request: Request) -> Response:
        raise AssertionError((body, request))

    for endpoint, dependencies in ((guarded, []), (guarded, [public()]), (without_guard, [])):
        APIRoute("/x", endpoint, methods=["POST"], dependencies=dependencies)
        with pytest.raises(ValueError, match="open to everybody"):
            HotDoor("/x", endpoint, methods=["POST"], dependencies=dependencies)
