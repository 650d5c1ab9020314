"""The sandbox camera against a real server: drift, duplicates and cut connections, and nothing lost or doubled."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.core.config import Settings
from app.sandbox.camera import KINDS, NATIVE, SNAPSHOT
from app.sandbox.camera_forms import FORMS
from app.services.cameras.models import CameraHour, CameraMessage, Capture
from app.services.etle.pushes import take_push
from app.wiring import build_house
from tests.cli.running import Loket
from tests.ops.server import Server

PLACE = ("--place", "Simpang Harmoni", "--accuses", "287-2-APILL", "--latitude", "-6.16", "--longitude", "106.82")
BADLY = ("--duplicates", "0.5", "--cuts", "0.5", "--drift", "-7", "--json")


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_every_event_of_a_camera_on_a_bad_line_is_kept_once(engine_url: str, tmp_path: Path) -> None:
    loket = Loket(tmp_path, engine_url)
    keys = []
    for name, kind in (("Harmoni 1", ()), ("Harmoni 2", ("--path-key",))):
        made = json.loads(loket("client", "add", "camera", name, "--unit", "PMJ", *kind, "--json").stdout)
        done = loket("anpr", "camera", made["client_id"], *PLACE, "--json")
        assert json.loads(done.stdout)["site"]["accuses"] == "287-2-APILL", done.words
        keys.append(made["api_key"])
    assert loket("anpr", "camera", made["client_id"], "--heading", "361").status == 1
    with Server(tmp_path, engine_url, "--no-worker") as server:
        base = ("--base-url", server.url)
        first = loket("sandbox", "camera", "--count", str(len(KINDS)), "--key", keys[0], *BADLY, *base)
        only_dahua = ("--vendor", "dahua", "--count", "3", "--rate", "20")
        second = loket("sandbox", "camera", "--path-key", keys[1], *only_dahua, *BADLY, *base)
        stranger = loket("sandbox", "camera", "--key", "lk_cam-none_00", "--count", "1", "--json", *base)
        log = server.log()
    assert (first.status, second.status, stranger.status) == (0, 0, 1), first.words + second.words
    told = json.loads(first.stdout)
    assert told["events"] == dict.fromkeys(KINDS, 1)
    assert told["repeated"] > 0
    assert told["cut"] > 0
    assert told["lost"] == 0
    assert set(told["answers"]) == {"200", "201", "202"}
    assert json.loads(stranger.stdout)["answers"] == {"401": 1}
    assert not any(key in log for key in keys), "a key never reaches a log"
    kept, captures, reads, drifts = asyncio.run(understood(tmp_path, engine_url))
    assert (kept, captures) == (len(FORMS) + 3, len(FORMS) + KINDS.count(NATIVE) + 3)
    assert reads >= KINDS.count(SNAPSHOT)
    assert all(-60 < drift < -6 for drift in drifts)
    wrong = loket("sandbox", "camera", "--vendor", "tattile")
    assert wrong.status == 2
    loket.settings["LOKET_ENV"] = "production"
    assert loket("sandbox", "camera").status == 1


async def understood(home: Path, url: str) -> tuple[int, int, int, list[float]]:
    """Have every message understood; messages, captures, readings, and the drift of each camera's hours."""
    house = build_house(Settings(_env_file=None, home=home, database_url=url))
    try:
        async with house.db.read() as connection:
            ids = (await connection.execute(select(col(CameraMessage.id)))).scalars().all()
        for id in ids:
            await take_push(house, str(id))
        async with house.db.read() as connection:
            captures = (await connection.execute(select(func.count()).select_from(Capture))).scalar_one()
            hours = (await connection.execute(select(col(CameraHour.reads), col(CameraHour.drift_s)))).all()
    finally:
        await house.close()
    return len(ids), captures, sum(each.reads for each in hours), [each.drift_s for each in hours]
