"""What was accepted is never lost: a capture that was answered with 202 is read, whoever was killed in between."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx

from app.core.actor import SYSTEM
from app.core.clock import SystemClock
from app.core.config import Settings
from app.services import cameras
from app.services.identity import credentials
from app.wiring import build_house
from tests import make
from tests.ops.forked import ForkedServer
from tests.ops.server import Server

WITHIN_S = 60


async def test_a_capture_that_was_accepted_is_read_after_the_server_was_killed(engine_url: str, tmp_path: Path) -> None:
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url))
    try:
        async with house.db.begin(SYSTEM) as tx:
            made = await credentials.add_camera(tx, "Kamera Sarinah", unit="PMJ")
        at = SystemClock().now() - timedelta(minutes=5)
        told = {"captured_at": at.isoformat(), "violation": "287-2-APILL", "location": make.LOCATION}
        with ForkedServer(tmp_path, engine_url, name="without-a-worker") as server:
            async with httpx.AsyncClient(base_url=server.url) as client:
                taken = await client.post(
                    "/v1/anpr/captures",
                    headers={"X-Api-Key": made.secret or ""},
                    files={"image": ("capture.jpg", make.photograph(), "image/jpeg")},
                    data={"metadata": json.dumps(told)},
                )
            assert taken.status_code == 202, taken.text
            server.kill()
        id_ = UUID(taken.json()["id"])

        async def state() -> cameras.CaptureState:
            async with house.db.read() as connection:
                return (await cameras.get_capture(connection, id_)).state

        assert await state() is cameras.CaptureState.RECEIVED
        with Server(tmp_path, engine_url):
            for _ in range(WITHIN_S * 5):
                if await state() is not cameras.CaptureState.RECEIVED:
                    break
                await asyncio.sleep(0.2)
        assert await state() is cameras.CaptureState.READ
    finally:
        await house.close()
