"""Sixty-four cameras that hand in eight megabytes each at the same moment cost the server no more memory than a few."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.clock import SystemClock
from app.core.config import Settings
from app.services.identity import credentials
from app.wiring import build_house
from tests import make
from tests.ops.forked import ForkedServer

CAMERAS = 64
PICTURE_BYTES = 8 * 2**20
MOST_GROWTH = CAMERAS * PICTURE_BYTES // 4
"""A server that holds whole pictures grows by four times as much."""


@pytest.mark.soak
@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_memory_stays_flat_while_all_cameras_send_at_once(
    engine_url: str, tmp_path: Path, record_property: object
) -> None:
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url))
    async with house.db.begin(SYSTEM) as tx:
        keys = [(await credentials.add_camera(tx, f"Kamera {n}", unit="PMJ")).secret or "" for n in range(CAMERAS)]
    await house.close()
    photograph = make.photograph()
    with ForkedServer(tmp_path, engine_url, LOKET_RATE_LIMITS="off") as server:
        async with httpx.AsyncClient(
            base_url=server.url, timeout=300, limits=httpx.Limits(max_connections=CAMERAS)
        ) as client:

            async def all_send(size: int) -> None:
                at = (SystemClock().now() - timedelta(minutes=1)).isoformat()
                told = {"captured_at": at, "violation": "287-2-APILL", "location": make.LOCATION}

                async def one(key: str) -> None:
                    picture = photograph + os.urandom(size - len(photograph))
                    answer = await client.post(
                        "/v1/anpr/captures",
                        headers={"X-Api-Key": key},
                        files={"image": ("capture.jpg", picture, "image/jpeg")},
                        data={"metadata": json.dumps(told)},
                    )
                    assert answer.status_code == 202, answer.text

                await asyncio.gather(*(one(key) for key in keys))

            await all_send(400_000)
            before = peak_of(server.process.pid)
            await all_send(PICTURE_BYTES)
            growth = peak_of(server.process.pid) - before
    record_property(
        "says", f"{CAMERAS} cameras of {PICTURE_BYTES // 2**20} MiB: {growth / 2**20:.0f} MiB more at the peak"
    )

    assert growth < MOST_GROWTH


def peak_of(pid: int | None) -> int:
    """The most memory that a process has had so far, in bytes (Linux, proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
