"""Heavy work on files runs beside the event loop, a few at a time.

Decoding a large photograph takes 100 ms and 150 MB; without a bound, forty uploads at once would take the
memory of everybody else. The bound is per event loop, so two houses in one test process do not share it.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio
from anyio.lowlevel import RunVar

P = ParamSpec("P")
R = TypeVar("R")

CONCURRENT_FILES = 4

_limiter: RunVar[anyio.CapacityLimiter] = RunVar("documents.limiter")


async def off_loop(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs `work(*args, **kwargs)` in a thread, at most `CONCURRENT_FILES` at once; the others wait their
    turn.

    ``info = await off_loop(check_image, data, max_bytes=..., max_pixels=...)``. A `Problem` comes back as
    raised.
    """
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(CONCURRENT_FILES)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=limiter)
