"""Key rotation while processes are restarted one by one: whatever one seals, every other opens, at each step."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.config import Settings
from app.core.crypto import KeyRing
from app.core.house import House
from app.core.vault import DataKey
from app.wiring import build_house
from tests.conftest import KEYS

NIKS = ("3174014503909902", "3174014503909903", "3174014503909904")
HOUR = timedelta(hours=1)


class Processes:
    """Houses on one database, each with the key ring file as it was when it started."""

    def __init__(self, url: str, home: Path, clock: FixedClock, stack: AsyncExitStack) -> None:
        self._url, self._home, self._clock, self._stack = url, home, clock, stack
        self.file = home / "keys.json"

    async def start(self) -> House:
        settings = Settings(_env_file=None, home=self._home, database_url=self._url, storage_url="memory:///")
        house = build_house(settings, clock=self._clock, keys=KeyRing.load(self.file))
        self._stack.push_async_callback(house.close)
        return house


@pytest.fixture
async def processes(engine_url: str, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        KEYS.save(tmp_path / "keys.json")
        yield Processes(engine_url, tmp_path, clock, stack)


async def opens_what_the_other_seals(one: House, other: House, nik: str) -> None:
    """A person's data and a signed link, written by `one` and read by `other`."""
    async with one.db.begin(SYSTEM) as tx:
        key_id = await vault.key_for_person(tx, nik)
        sealed = await vault.seal(tx, key_id, {"name": nik})
    async with other.db.read() as connection:
        assert await vault.open_(connection, other.keys, key_id, sealed) == {"name": nik}
    token = one.signer.issue("form", {"nik": "no"}, ttl=HOUR, now=one.clock.now())
    assert other.signer.verify("form", token, other.clock.now())["nik"] == "no"


async def test_old_and_new_processes_open_each_others_values_at_every_step(processes: Processes) -> None:
    before = await processes.start()
    for ring in ("personal", "tokens"):
        KeyRing.load(processes.file).with_new_key(ring, "2").save(processes.file)
    knows = await processes.start()
    await opens_what_the_other_seals(knows, before, NIKS[0])
    await opens_what_the_other_seals(before, knows, NIKS[1])

    for ring in ("personal", "tokens"):  # everybody knows the key: `before` has been restarted
        KeyRing.load(processes.file).using(ring, "2").save(processes.file)
    uses = await processes.start()
    assert (knows.keys.current_id("personal"), uses.keys.current_id("personal")) == ("1", "2")
    await opens_what_the_other_seals(uses, knows, NIKS[2])
    await opens_what_the_other_seals(knows, uses, NIKS[0])


async def test_rewrapping_moves_every_row_to_the_used_key_and_what_was_sealed_still_opens(processes: Processes) -> None:
    first = await processes.start()
    sealed = {}
    async with first.db.begin(SYSTEM) as tx:
        for nik in NIKS:
            key_id = await vault.key_for_person(tx, nik)
            sealed[key_id] = await vault.seal(tx, key_id, {"name": nik})
        gone = await vault.key_for_person(tx, None)
        await vault.destroy(tx, gone)
    KeyRing.load(processes.file).with_new_key("personal", "2").save(processes.file)
    async with (await processes.start()).db.begin(SYSTEM) as tx:
        assert await vault.rewrap(tx, 10) == 0, "a key that is only known wraps nothing"
    KeyRing.load(processes.file).using("personal", "2").save(processes.file)
    second = await processes.start()
    counts = []
    for _ in range(3):
        async with second.db.begin(SYSTEM) as tx:
            counts.append(await vault.rewrap(tx, 2))
    assert counts == [2, 1, 0]
    async with second.db.read() as connection:
        wrapped = (await connection.execute(select(col(DataKey.wrapped)))).scalars().all()
        assert sorted(str(each)[:2] for each in wrapped) == ["2.", "2.", "2.", "No"]
        opened = [await vault.open_(connection, second.keys, key_id, each) for key_id, each in sealed.items()]
    assert [each["name"] for each in opened] == list(NIKS)


def test_a_file_that_names_a_key_it_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not have: log 9"):
        KeyRing({ring: {"1": b"x" * 32} for ring in ("personal", "index", "log", "documents", "tokens")}, {"log": "9"})
