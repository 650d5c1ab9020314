"""CORS: the origins of registered apps, no others, and never with cookies."""

from datetime import timedelta

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services.identity import credentials
from tests.signing_in import add_app

Client = httpx.AsyncClient
APP = "https://app.example"
ALLOW = "access-control-allow-origin"


def preflight(origin: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
    }


async def test_a_registered_app_may_call_from_its_origin(house: House, client: Client) -> None:
    await add_app(house)
    asked = await client.options("/v1/tickets/lookup", headers=preflight(APP))
    assert (asked.status_code, asked.headers[ALLOW]) == (200, APP)
    assert "access-control-allow-credentials" not in asked.headers
    answer = await client.get("/v1/me", headers={"Origin": APP})
    assert (answer.status_code, answer.headers[ALLOW]) == (401, APP)
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"]
)
async def test_other_origins_may_not(house: House, client: Client, origin: str) -> None:
    await add_app(house)
    assert (await client.options("/v1/tickets/lookup", headers=preflight(origin))).status_code == 400
    assert ALLOW not in (await client.get("/v1/me", headers={"Origin": origin})).headers


async def test_pages_are_shared_with_nobody(house: House, client: Client) -> None:
    await add_app(house)
    for path in ("/masuk", "/", "/counter"):
        assert ALLOW not in (await client.get(path, headers={"Origin": APP})).headers


async def test_a_disabled_app_is_forgotten_within_half_a_minute(
    house: House, client: Client, clock: FixedClock
) -> None:
    app = await add_app(house)
    assert ALLOW in (await client.get("/v1/me", headers={"Origin": APP})).headers
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, app)
    clock.advance(timedelta(seconds=30))
    assert ALLOW not in (await client.get("/v1/me", headers={"Origin": APP})).headers
