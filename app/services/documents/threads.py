"""Heavy work on files runs beside the event loop, a few at a time, and always in the same few threads.

Decoding a large photograph takes 100 ms and 150 MB; without a bound, forty uploads at once would take the
memory of everybody else. The threads are ours alone: the C library keeps for each thread what its largest work has
needed, and among the forty that serve everything a server would grow for hours, tens of MB with each that had its turn.
"""

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

import anyio

P = ParamSpec("P")
R = TypeVar("R")

CONCURRENT_FILES = 4


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CONCURRENT_FILES, thread_name_prefix="files")


os.register_at_fork(after_in_child=_threads.cache_clear)  # a child has no threads of its parent


async def off_loop(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs `work(*args, **kwargs)` in a thread, at most `CONCURRENT_FILES` at once in this process; the others wait
    their turn.

    ``info = await off_loop(check_image, data, max_bytes=..., max_pixels=...)``. A `Problem` comes back as
    raised.
    """
    call = partial(contextvars.copy_context().run, work, *args, **kwargs)
    running = asyncio.get_running_loop().run_in_executor(_threads(), call)
    # Whoever gives up waits all the same: the files that the work reads are closed after this.
    with anyio.CancelScope(shield=True):
        await asyncio.wait([running])
    return running.result()
