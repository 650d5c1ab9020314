"""Heavy work on files stays in few threads, whatever else the server does beside it."""

import asyncio
import threading
import time

import anyio
import pytest

from app.services.documents import off_loop
from app.services.documents.threads import CONCURRENT_FILES


async def test_heavy_work_is_done_by_few_threads_that_do_nothing_else() -> None:
    seen: set[str] = set()
    running, most = 0, 0
    lock = threading.Lock()

    def heavy() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        seen.add(threading.current_thread().name)
        time.sleep(0.01)
        with lock:
            running -= 1

    other: set[str] = set()
    await asyncio.gather(
        *(off_loop(heavy) for _ in range(40)),
        *(anyio.to_thread.run_sync(lambda: other.add(threading.current_thread().name)) for _ in range(40)),
    )
    assert most == len(seen) == CONCURRENT_FILES
    assert seen.isdisjoint(other)


async def test_who_gives_up_waits_until_the_work_has_let_go_of_its_files() -> None:
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        time.sleep(0.2)
        done.set()

    with anyio.move_on_after(0.05):
        await off_loop(work)
    assert begun.is_set()
    assert done.is_set()


async def test_what_the_work_raises_comes_back() -> None:
    def work() -> int:
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        await off_loop(work)
