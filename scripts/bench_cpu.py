"""CPU time of processes: what a busy machine does not distort, as it does every rate. Linux (proc(5))."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

LOOK_EVERY_S = 0.05
"""A process that ends takes its last moments with it, so they are looked at all the time."""
_PROCESSES = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def cpu_ticks(pid: int) -> int:
    """CPU time that a process has used so far, its ended children left out, in clock ticks. Raises OSError."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


@asynccontextmanager
async def cpu_time(url: str, pids: Sequence[int]) -> AsyncIterator[Callable[[], int]]:
    """What these processes and PostgreSQL's own for this database use within the block, in clock ticks; asked at its end.

    0 where PostgreSQL's processes cannot be seen from here.
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        before: dict[int, int] = {}
        last: dict[int, int] = {}

        async def look(into: dict[int, int]) -> None:
            theirs = [pid for (pid,) in await (await connection.execute(_PROCESSES)).fetchall()]
            for pid in (*pids, *theirs):
                with contextlib.suppress(OSError):
                    into[pid] = cpu_ticks(pid)

        async def watch() -> None:
            while True:
                await look(last)
                await asyncio.sleep(LOOK_EVERY_S)

        await look(before)
        watching = asyncio.create_task(watch())
        try:
            yield lambda: sum(ticks - before.get(pid, 0) for pid, ticks in last.items()) if set(last) - set(pids) else 0
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await look(last)
