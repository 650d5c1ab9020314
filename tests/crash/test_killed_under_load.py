"""Servers, and PostgreSQL itself, are killed at random moments while banks pay: no payment is lost, doubled or invented.

The banks retry as banks do: the same `paymentRequestId`, as advice, under a new X-EXTERNAL-ID, with a new token. The short
runs are in `make test`, the long ones in `make soak`; each prints its seed (LOKET_TEST_SEED takes it again) and what it saw.
"""

import asyncio
import os
import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import _fill
from tests.crash.load import Load
from tests.ops.cluster import Cluster, programs
from tests.ops.forked import ForkedServer

MACHINES = 4
SERVERS = 2
BETWEEN_S = (0.0, 0.4)
"""The killer waits this long after everybody serves again; then for a call to be under way."""
SEED = int(os.environ.get("LOKET_TEST_SEED", time.time_ns() % 1_000_000))


@pytest.mark.parametrize(
    ("kills", "bills"),
    [pytest.param(6, 4_000, id="short"), pytest.param(200, 100_000, id="long", marks=pytest.mark.soak)],
)
async def test_servers_killed_under_load(postgres_url, tmp_path, record_property, kills, bills):
    with ExitStack() as stack:
        servers = [
            stack.enter_context(ForkedServer(tmp_path, postgres_url, name=f"server-{number}"))
            for number in range(SERVERS)
        ]
        async with Load.on(postgres_url, tmp_path, [each.url for each in servers], bills=bills, seed=SEED) as load:
            paying = asyncio.create_task(load.run(MACHINES))
            amid = await kill_servers(load, servers, kills, paying)
            load.over = True
            await paying
            said = await load.assert_nothing_lost()
    record_property("says", f"{kills} server processes killed ({amid} calls under way), seed {SEED}: {said}")


@pytest.mark.parametrize(
    ("kills", "bills"),
    [pytest.param(1, 4_000, id="short"), pytest.param(20, 40_000, id="long", marks=pytest.mark.soak)],
)
async def test_postgresql_killed_under_load(tmp_path: Path, record_property, kills, bills):
    found = programs()
    if found is None:
        pytest.skip("no programs of a PostgreSQL server (initdb) on this machine")
    with Cluster(found) as cluster:
        await asyncio.to_thread(_fill, cluster.url)
        with ForkedServer(tmp_path, cluster.url) as server:
            async with Load.on(cluster.url, tmp_path, [server.url], bills=bills, seed=SEED) as load:
                paying = asyncio.create_task(load.run(MACHINES))
                amid = await kill_cluster(load, cluster, server, kills, paying)
                load.over = True
                await paying
                said = await load.assert_nothing_lost()
    record_property("says", f"PostgreSQL killed {kills} times ({amid} calls under way), seed {SEED}: {said}")


async def kill_servers(load: Load, servers: list[ForkedServer], kills: int, paying: asyncio.Task[None]) -> int:
    """Kill one after the other, each with a call under way; returns how many calls that were."""
    chance, amid = random.Random(SEED + 1), 0
    for _ in range(kills):
        victim = chance.choice(servers)
        amid += await _moment(load, victim, chance, paying)
        victim.kill()
        victim.start()
        await asyncio.to_thread(victim.wait)
    return amid


async def kill_cluster(
    load: Load, cluster: Cluster, server: ForkedServer, kills: int, paying: asyncio.Task[None]
) -> int:
    """Kill PostgreSQL with all its processes, and start it again; the server of ours lives on."""
    chance, amid = random.Random(SEED + 1), 0
    for _ in range(kills):
        amid += await _moment(load, server, chance, paying)
        await asyncio.to_thread(cluster.kill)
        await asyncio.sleep(chance.uniform(*BETWEEN_S))
        cluster.start()
        await asyncio.to_thread(cluster.wait)
    await _after(load, len(load.told) + MACHINES, paying)
    return amid


async def _moment(load: Load, server: ForkedServer, chance: random.Random, paying: asyncio.Task[None]) -> int:
    """Until there is load again, a while by chance, and a call under way at this server; returns how many there are."""
    await _after(load, len(load.told) + MACHINES, paying)
    await asyncio.sleep(chance.uniform(*BETWEEN_S))
    while not load.in_flight[server.url]:
        _still(paying)
        await asyncio.sleep(0)
    return load.in_flight[server.url]


async def _after(load: Load, told: int, paying: asyncio.Task[None]) -> None:
    while len(load.told) < told:
        _still(paying)
        await asyncio.sleep(0.005)


def _still(paying: asyncio.Task[None]) -> None:
    if paying.done():
        paying.result()
