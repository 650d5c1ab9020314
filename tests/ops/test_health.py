"""What a load balancer and a monitor ask."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.core.clock import FixedClock, SystemClock
from app.core.clock_check import ClockCheck
from app.core.house import House
from app.main import create_app
from tests.conftest import START, open_house


async def test_a_ready_server_names_each_dependency(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["dependencies"] == {"database": "ok", "look-up": "ok", "storage": "ok", "clock": "ok"}


async def test_a_dead_database_is_named_and_only_readiness_suffers(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    async with open_house(url, tmp_path, FixedClock(START)) as house:
        transport = httpx.ASGITransport(app=create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["dependencies"]["database"].startswith("failed")
            assert answer.json()["dependencies"]["look-up"].startswith("failed")
            assert answer.json()["dependencies"]["storage"] == "ok"
            assert (await client.get("/healthz")).status_code == 200


async def test_metrics_count_by_route_template_and_never_by_path(client: httpx.AsyncClient) -> None:
    await client.get("/v1/units", params={"name": "Rahasia"})
    text = (await client.get("/metrics")).text
    assert 'loket_http_requests_total{method="GET",route="/v1/units",status="200"}' in text
    assert "Rahasia" not in text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_operations_doors_are_not_cached(client: httpx.AsyncClient, path: str) -> None:
    assert "max-age" not in (await client.get(path)).headers.get("cache-control", "")


async def test_a_host_whose_clock_jumps_leaves_the_pool_and_comes_back(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    checked = replace(house, parts={**house.parts, ClockCheck: ClockCheck()})
    transport = httpx.ASGITransport(app=create_app(checked))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as host:
        clock.set(SystemClock().now())
        assert (await host.get("/readyz")).status_code == 200
        for jump in (timedelta(hours=1), timedelta(seconds=-11)):
            clock.set(SystemClock().now() + jump)
            answer = await host.get("/readyz")
            if house.db.dialect == "sqlite":  # one host: nothing else tells the time
                assert answer.status_code == 200
                continue
            assert (answer.status_code, answer.json()["dependencies"]["clock"]) == (503, "failed: WrongClock")
            assert (await host.get("/healthz")).status_code == 200
        clock.set(SystemClock().now())
        assert (await host.get("/readyz")).status_code == 200
