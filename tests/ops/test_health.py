"""What a load balancer and a monitor ask."""

import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.core.clock import FixedClock, SystemClock
from app.core.clock_check import ClockCheck
from app.core.config import Settings
from app.core.house import House
from app.main import create_app
from app.wiring import build_house
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


async def test_a_neighbour_that_is_away_is_named_and_takes_no_host_out_of_the_pool(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        up, away = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in (there, nobody))

        async def ready(**urls: str) -> tuple[int, dict[str, str]]:
            app = create_app(replace(house, settings=house.settings.model_copy(update=urls)))
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
                answer = await client.get("/readyz")
            return answer.status_code, answer.json()["dependencies"]

        status, named = await ready(
            vehicle_registry_url=away, recogniser=up, rate_limit_store=up.replace("http", "redis")
        )
        assert status == 200
        assert named["vehicle registry"] == "failed: ConnectionRefusedError"
        assert (named["recogniser"], named["rate limits"]) == ("ok", "ok")
        status, named = await ready(rate_limit_store=away.replace("http", "redis"))
        assert (status, named["rate limits"]) == (200, "failed: ConnectionRefusedError"), "each host counts for itself"


async def test_each_server_of_a_file_of_recognisers_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        up, away = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in (there, nobody))
        file = tmp_path / "recognisers.yaml"
        file.write_text(
            f"recognisers: {{snapshot: {{kind: plate-recognizer, url: '{up}'}}, omni: {{kind: omni-lpr, url: '{away}'}}, "
            "here: {kind: embedded}}\ndefault: {read: [snapshot, omni, here]}\n"
        )
        settings = Settings(_env_file=None, home=tmp_path, recogniser=str(file))
        house = build_house(settings)
        transport = httpx.ASGITransport(app=create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            named = (await client.get("/readyz")).json()["dependencies"]
        await house.close()
    assert named["recogniser snapshot"] == "ok"
    assert named["recogniser omni"] == "failed: ConnectionRefusedError"
    assert [name for name in named if name.startswith("recogniser")] == ["recogniser snapshot", "recogniser omni"]


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
