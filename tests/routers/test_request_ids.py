"""Every line that is written for a request names it by the id that its caller was told."""

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
from fastapi import Request, Response
from pydantic import BaseModel

from app.core.house import House
from app.core.logs import formatter
from app.main import create_app
from app.routers.http.front import Front
from app.routers.http.guards import public
from app.routers.http.hot import HotDoor
from tests.one_piece import OnePiece

log = logging.getLogger("tests.request_ids")


class Body(BaseModel):
    """What the hot door takes."""

    crash: bool


async def answer(body: Body, request: Request) -> Response:
    log.warning("inside")
    if body.crash:
        raise RuntimeError("NIK 3174014503909902")
    return Response()


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the process writes, in the form in which it writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter("json"))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def client(house: House) -> httpx.AsyncClient:
    """The application with one more door, reached the short way and the ordinary way."""
    app = create_app(house)
    app.add_api_route("/x", answer, methods=["POST", "HEAD"])
    app.add_api_route("/broken", lambda: 1 / 0, methods=["GET"])
    door = HotDoor("/hot", answer, methods=["POST"], dependencies=[public()])
    app.add_middleware(Front, hot_doors={"/hot": door})
    return httpx.AsyncClient(transport=OnePiece(app), base_url="http://test")


@pytest.mark.parametrize("path", ["/x", "/hot"])
@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_lines_of_the_inside_and_of_a_crash_name_the_request(
    client: httpx.AsyncClient, lines: io.StringIO, path: str
) -> None:
    failed = await client.post(path, json={"crash": True}, headers={"X-Request-Id": "abcdefgh-1"})
    assert failed.status_code == 500
    by_event = {each["event"]: each for each in map(json.loads, lines.getvalue().splitlines())}
    assert by_event["inside"]["request_id"] == by_event["request failed"]["request_id"] == "abcdefgh-1"
    assert failed.json()["instance"].endswith("abcdefgh-1")
    assert by_event["request failed"]["exception"] == "RuntimeError"
    assert "NIK" not in lines.getvalue()


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_a_crash_behind_head_names_the_request_too(client: httpx.AsyncClient, lines: io.StringIO) -> None:
    failed = await client.head("/broken", headers={"X-Request-Id": "monitor-0001"})
    assert (failed.status_code, failed.headers["x-request-id"]) == (500, "monitor-0001")
    assert '"request_id": "monitor-0001"' in lines.getvalue()
