"""Whoever is killed between database and store leaves nothing undone: the next run finishes, and only then is it proved."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from app.core.actor import SYSTEM
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.house import House
from app.core.storage import ObjectStorage
from app.services import cameras
from app.services.cameras.models import Capture, DoomedObject, EvidenceDeletion
from app.services.etle import expiry
from app.wiring import build_house
from tests import make

KILLED = 9
RUN = """
import asyncio, os, signal, sys
from pathlib import Path
from app.core.config import Settings
from app.core.storage import ObjectStorage
from app.services.etle import expiry
from app.wiring import build_house

dropped = 0
delete = ObjectStorage.delete

async def killed_on_the_way(self, name):
    global dropped
    if dropped == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    dropped += 1
    await delete(self, name)

ObjectStorage.delete = killed_on_the_way
house = build_house(Settings(_env_file=None, home=Path(sys.argv[1]), database_url=sys.argv[2]))
asyncio.run(expiry.forget_evidence(house))
"""


async def stored(storage: ObjectStorage) -> int:
    return sum([len(some) async for some in storage.list_names()])


async def count(house: House, model: type) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def test_a_deletion_is_finished_by_the_next_run_wherever_it_was_killed(engine_url: str, tmp_path: Path) -> None:
    house = build_house(Settings(_env_file=None, home=tmp_path, database_url=engine_url))
    try:
        for after in (0, 2):
            for _ in range(3):
                taken = await make.capture(house)
                async with house.db.begin(SYSTEM) as tx:
                    await cameras.mark_idle(tx, taken.id)
                    long_ago = SystemClock().now() - timedelta(days=2)
                    idle = update(Capture).where(Capture.id == taken.id).values(idle_since=long_ago)
                    await tx.session.execute(idle)
            arguments = [sys.executable, "-c", RUN, str(tmp_path), engine_url, str(after)]
            ended = subprocess.run(arguments, check=False, timeout=120, capture_output=True)
            assert ended.returncode == -KILLED, ended.stderr.decode()[-2000:]
            assert (await count(house, Capture), await stored(house.storage)) == (0, 3 - after)
            async with house.db.begin(SYSTEM) as tx:
                open_ = select(EvidenceDeletion).where(EvidenceDeletion.gone_at.is_(None))
                [deletion] = (await tx.session.execute(open_)).scalars()
            assert (deletion.captures, deletion.leaf_id) == (3, None), "not said before it is true"
            await expiry.forget_evidence(house)
            assert (await stored(house.storage), await count(house, DoomedObject)) == (0, 0)
            async with house.db.begin(SYSTEM) as tx:
                row = await tx.session.get(EvidenceDeletion, deletion.id)
            assert row is not None
            assert row.leaf_id is not None
        assert await count(house, EvidenceDeletion) == 2
    finally:
        await house.close()
