"""Rate limits: sliding windows by key, named here and nowhere else.

A stranger is slowed down before a bank is: the limits on open look-ups are tight, those on authenticated banks loose.
"""

import time

from limits import RateLimitItem, parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from app.core.problems import TOO_MANY_REQUESTS

LIMITS: dict[str, RateLimitItem] = {
    "lookup-address": parse("30/minute"),
    "lookup-plate": parse("10/minute"),
    "status-address": parse("30/minute"),
    "verify-address": parse("60/minute"),
    "one-time-code-address": parse("10/hour"),
    "one-time-code-person": parse("5/hour"),
    "sign-in-address": parse("30/minute"),
    "sign-in-account": parse("10/minute"),
    "token-address": parse("120/minute"),
    "snap-stranger": parse("120/minute"),
    "snap-token": parse("240/minute"),
    "snap-bank": parse("200/second"),
    "camera-device": parse("600/minute"),
    "citizen-write": parse("60/minute"),
    "attachment-case": parse("60/hour"),
}
"""Each limit by name: so many hits of one key (an address, a plate, a device) in a window."""


class Limits:
    """Counts hits in memory, or in Redis/Valkey when several processes share the load."""

    def __init__(self, store: str = "memory://", *, on: bool = True) -> None:
        self._on = on
        self._strategy = SlidingWindowCounterRateLimiter(
            storage_from_string(f"async+{store}", implementation="redispy")
        )

    async def hit(self, name: str, key: str) -> None:
        """Count one hit of `key`; raises TOO_MANY_REQUESTS (429 with Retry-After) above the limit."""
        if not self._on:
            return
        limit = LIMITS[name]
        if await self._strategy.hit(limit, name, key):
            return
        stats = await self._strategy.get_window_stats(limit, name, key)
        wait = max(1, int(stats.reset_time - time.time()) + 1)
        raise TOO_MANY_REQUESTS(retry_after=wait, headers={"Retry-After": str(wait)})
