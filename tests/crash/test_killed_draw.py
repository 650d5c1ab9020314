"""A process is killed while it draws: the announced draw stands, and the next one draws it, once."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.config import Settings
from app.services import cases
from app.services.cases.models import Case, CaseEvent, Draw
from app.wiring import build_house
from tests import make
from tests.ops.server import ROOT

DRAWS = """
import asyncio
from app.core.config import Settings
from app.services import cases
from app.wiring import build_house

async def main():
    house = build_house(Settings())
    print("drawing", flush=True)
    await cases.draw_announced(house)

asyncio.run(main())
"""
WITHIN_S = 20


async def test_killed_while_drawing(engine_url: str, tmp_path: Path) -> None:
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url, storage_url="memory:///"))
    await make.demo_set(house)
    case_id = await make.undrawn(house, await make.capture(house))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    env = kept | {"LOKET_HOME": str(tmp_path), "LOKET_DATABASE_URL": engine_url, "PYTHONPATH": str(ROOT)}
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(select(Draw).with_for_update())  # the other process waits for this, half-way
        child = subprocess.Popen([sys.executable, "-c", DRAWS], cwd=tmp_path, env=env, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert await asyncio.to_thread(child.stdout.readline) == b"drawing\n"
        await asyncio.sleep(1)
        assert child.poll() is None
        child.kill()
        await asyncio.to_thread(child.wait, WITHIN_S)
        child.stdout.close()
    async with house.db.begin(SYSTEM) as tx:
        assert (await tx.session.execute(select(col(Draw.status)))).scalars().all() == ["announced"]
    assert await cases.draw_announced(house) == 1
    async with house.db.begin(SYSTEM) as tx:
        actions = select(col(CaseEvent.action)).where(col(CaseEvent.case_id) == case_id)
        assert list((await tx.session.execute(actions)).scalars()).count("draw_officer") == 1
        case, draw = await tx.one(Case, case_id), (await tx.session.execute(select(Draw))).scalar_one()
    assert case is not None
    assert (draw.status, draw.officer) == ("drawn", case.assigned_to)
    await house.close()
