"""Rate limits: sliding windows by key, named here and nowhere else.

A stranger is slowed down before a bank is: the limits on open look-ups are tight, those on authenticated banks loose.
A limit protects from floods; that its store is away must not keep a bank from telling of a payment, so each process counts
for itself then.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable

from limits import RateLimitItem, parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string
from redis.exceptions import RedisError

from app.core.problems import TOO_MANY_REQUESTS

log = logging.getLogger(__name__)

LIMITS: dict[str, RateLimitItem] = {
    "lookup-address": parse("30/minute"),
    "lookup-plate": parse("10/minute"),
    "status-address": parse("30/minute"),
    "verify-address": parse("60/minute"),
    "open-address": parse("600/minute"),
    "one-time-code-address": parse("10/hour"),
    "one-time-code-person": parse("5/hour"),
    "sign-in-address": parse("30/minute"),
    "sign-in-account": parse("10/minute"),
    "token-address": parse("120/minute"),
    "snap-stranger": parse("120/minute"),
    "snap-token": parse("240/minute"),
    "snap-refused": parse("20/minute"),
    "snap-bank": parse("200/second"),
    "snap-payment": parse("1000/second"),
    "settlement-file": parse("600/minute"),
    "camera-device": parse("600/minute"),
    "appointment-person": parse("60/minute"),
    "shield-person": parse("60/minute"),
    "application-person": parse("60/minute"),
    "attachment-case": parse("60/hour"),
    "refund-account-case": parse("10/hour"),
    "consent-case": parse("10/hour"),
    "original-staff": parse("30/hour"),
    "cover-staff": parse("120/hour"),
    "original-case": parse("5/day"),
}
"""Each limit by name: so many hits of one key (an address, a plate, a device) in a window."""


STORE_ANSWERS_WITHIN_S = 0.5
"""A store that is silent costs no request more than this, and only the first in each `STORE_LEFT_ALONE_S`."""
STORE_LEFT_ALONE_S = 10.0
MOST_KEYS = 200_000
"""Keys that are remembered in memory; beyond it those of finished windows are forgotten, then the oldest."""


class Limits:
    """Counts hits in memory, or in Redis/Valkey when several processes share the load; in memory too while that is away."""

    def __init__(
        self, store: str = "memory://", *, on: bool = True, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._on, self._seconds = on, seconds
        self._windows = _Windows(seconds)
        self._shared = None if store.startswith("memory") else _shared(store)
        self._alone_until = -math.inf

    async def hit(self, name: str, key: str) -> None:
        """Count one hit of `key`; raises TOO_MANY_REQUESTS (429 with Retry-After) above the limit."""
        if not self._on:
            return
        limit = LIMITS[name]
        wait = await self._wait_in_store(self._shared, limit, name, key) if self._shared is not None else None
        if wait is None:
            wait = self._windows.hit(limit.amount, limit.get_expiry(), f"{name} {key}")
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            raise TOO_MANY_REQUESTS(retry_after=seconds, headers={"Retry-After": str(seconds)})

    async def _wait_in_store(
        self, store: SlidingWindowCounterRateLimiter, limit: RateLimitItem, name: str, key: str
    ) -> float | None:
        """Count it in the store; the seconds to wait, or None where the store is away."""
        if self._seconds() < self._alone_until:
            return None
        try:
            async with asyncio.timeout(STORE_ANSWERS_WITHIN_S):
                if await store.hit(limit, name, key):
                    return 0
                return (await store.get_window_stats(limit, name, key)).reset_time - time.time()
        except (RedisError, OSError, TimeoutError) as error:
            self._alone_until = self._seconds() + STORE_LEFT_ALONE_S
            log.error("the store of rate limits is away (%s): each process counts for itself", type(error).__name__)
            return None


class _Windows:
    """Sliding windows in this process. The library's own memory store walks over all its keys at each hit: with a
    thousand callers that cost as much as the look-up, and a crowd made it worse for everybody."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._counts: dict[str, tuple[int, int, int, int]] = {}  # key: period, window, hits in it, hits before it

    def hit(self, amount: int, period: int, key: str) -> float:
        """Count a hit and give 0; or, above the limit, count nothing and give the seconds to wait."""
        window, into = divmod(self._seconds(), period)
        _, last, now, before = self._counts.get(key, (period, int(window), 0, 0))
        if last != window:
            now, before = 0, now if last == window - 1 else 0
        share_left = 1 - into / period  # of the window before, how much still counts
        if now + before * share_left + 1 > amount:
            return self._wait(amount, period, into, now, before)
        self._counts[key] = (period, int(window), now + 1, before)
        if len(self._counts) > MOST_KEYS:
            self._forget()
        return 0

    @staticmethod
    def _wait(amount: int, period: int, into: float, now: int, before: int) -> float:
        if now + 1 <= amount and before:  # the window before fades until there is room for one more
            return (1 - (amount - now - 1) / before) * period - into
        return period - into

    def _forget(self) -> None:
        seconds = self._seconds()
        live = {key: count for key, count in self._counts.items() if count[1] >= seconds // count[0] - 1}
        keep = MOST_KEYS // 2  # so that the next thousands of strangers do not pay for another walk each
        self._counts = live if len(live) <= keep else dict(list(live.items())[-keep:])


def _shared(store: str) -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(storage_from_string(f"async+{store}", implementation="redispy"))
