"""A hundred thousand captures with a recogniser that fails one time in twenty and is dead twice for a minute: none is lost,
none is read twice, the line runs dry, and memory stays flat. LOKET_SOAK_CAPTURES takes another number."""

import asyncio
import json
import os
import random
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.house import House
from app.services import registries
from app.services.cameras import CaptureState
from app.services.cameras.models import Capture
from app.services.etle.models import Ticket, TicketCapture
from app.services.etle.turn_models import ReadingTurn, TurnState
from app.services.identity import credentials
from app.wiring import build_house
from tests import make
from tests.loopback import Loopback, Reply
from tests.ops.server import Server

CAPTURES = int(os.environ.get("LOKET_SOAK_CAPTURES", "100000"))
DEAD_S = min(60.0, CAPTURES / 20)
CAMERAS, SENDERS = 50, 16
FAILS = 0.05
QUIET_S = 1200
"""The line must get shorter within so many seconds, as long as it is not empty."""
MOST_GROWTH = 96 * 2**20


class Recogniser:
    """Fails as told; refuses everything while it is dead."""

    def __init__(self) -> None:
        self.chance, self.dead, self.answers = random.Random(1), False, 0

    async def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if self.dead or self.chance.random() < FAILS:
            return Reply(503, {"detail": "no"})
        self.answers += 1
        box = {"xmin": 500, "ymin": 600, "xmax": 760, "ymax": 660}
        return Reply(200, {"results": [{"plate": "b1234xyz", "score": 0.95, "box": box}]})


@pytest.mark.soak
async def test_captures_survive_a_recogniser_that_fails_and_dies(
    engine_url: str, tmp_path: Path, record_property: object
) -> None:
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url))
    async with house.db.begin(SYSTEM) as tx:
        await registries.seed_demo(tx)
        keys = [(await credentials.add_camera(tx, f"Kamera {n}", unit="PMJ")).secret or "" for n in range(CAMERAS)]
    reader = Recogniser()
    async with Loopback(reader) as recogniser:
        settings = {"LOKET_RECOGNISER": recogniser.url, "LOKET_RATE_LIMITS": "off"}
        with Server(tmp_path, engine_url, **settings) as server:
            ids = await send_all(server, keys, reader)
            early = memory_of(server.process.pid)
            await run_dry(house)
            growth = memory_of(server.process.pid) - early
    async with house.db.read() as connection:
        states = dict((await connection.execute(select(Capture.state, func.count()).group_by(Capture.state))).all())
        kept = {str(each) for each in (await connection.execute(select(Capture.id))).scalars()}
        cases = (await connection.execute(select(func.count()).select_from(Ticket))).scalar_one()
        joined = (await connection.execute(select(func.count()).select_from(TicketCapture))).scalar_one()
        left = (await connection.execute(select(func.count()).select_from(ReadingTurn))).scalar_one()
    await house.close()
    record_property("says", f"{CAPTURES} captures, {cases} cases, {growth / 2**20:.0f} MiB more memory at the end")
    assert len(ids) == len(set(ids)) == CAPTURES
    assert (kept, left, states) == (set(ids), 0, {CaptureState.READ: CAPTURES})
    assert cases + joined == CAPTURES, "each belongs to exactly one case"
    assert growth < MOST_GROWTH


async def send_all(server: Server, keys: list[str], reader: Recogniser) -> list[str]:
    """Every capture, by several senders that keep what is refused for want of room; the recogniser dies on the way."""
    photograph, ids = make.photograph(), list[str]()
    start = SystemClock().now() - timedelta(days=1)
    numbers = iter(range(CAPTURES))
    deaths = {CAPTURES // 3, 2 * CAPTURES // 3}
    deadly: list[asyncio.Task[None]] = []

    async def die() -> None:
        reader.dead = True
        await asyncio.sleep(DEAD_S)
        reader.dead = False

    async with httpx.AsyncClient(base_url=server.url, timeout=120) as client:

        async def sender() -> None:
            for number in numbers:
                if number in deaths:
                    deadly.append(asyncio.create_task(die()))
                camera = number % CAMERAS
                told = {
                    "captured_at": (start + timedelta(seconds=number // CAMERAS * 10)).isoformat(),
                    "violation": "287-2-APILL",
                    "location": f"Simpang {camera}",
                    "capture_id": str(number),
                }
                while True:
                    answer = await client.post(
                        "/v1/anpr/captures",
                        headers={"X-Api-Key": keys[camera]},
                        files={"image": ("c.jpg", photograph + number.to_bytes(4, "big"), "image/jpeg")},
                        data={"metadata": json.dumps(told)},
                    )
                    if answer.status_code == 202:
                        ids.append(answer.json()["id"])
                        break
                    assert answer.status_code in (429, 503), answer.text
                    await asyncio.sleep(min(5, int(answer.headers["Retry-After"])))

        await asyncio.gather(*(sender() for _ in range(SENDERS)))
    await asyncio.gather(*deadly)
    return ids


async def run_dry(house: House) -> None:
    """Until the line is empty; it fails when it does not get shorter, or a capture is given up."""
    least, quiet = CAPTURES + 1, 0
    while least:
        async with house.db.read() as connection:
            query = select(ReadingTurn.state, func.count()).group_by(ReadingTurn.state)
            counts = dict((await connection.execute(query)).all())
        assert TurnState.DEAD not in counts, "a capture was given up"
        now = sum(counts.values())
        least, quiet = (now, 0) if now < least else (least, quiet + 1)
        assert quiet < QUIET_S, f"{now} captures are stuck"
        await asyncio.sleep(1)


def memory_of(pid: int) -> int:
    """Resident memory of a process in bytes (Linux, proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
