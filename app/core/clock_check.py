"""Is this host's clock right? Held against the database's, which all hosts share.

A wrong clock would judge banks' timestamps and days wrongly. Whoever finds it wrong refuses until it is right again:
`/readyz` fails, so that the host leaves the pool, and banks hear 5002500 and repeat elsewhere.
"""

import time
from datetime import datetime

from prometheus_client import Gauge
from sqlalchemy import text

from app.core.house import House

MOST_APART_S = 10.0
"""Clocks that are kept by NTP differ by milliseconds; a bank's may differ from ours by 120 seconds and more."""
LOOK_EVERY_S = 30.0
APART = Gauge("loket_clock_apart_seconds", "How far this host's clock is ahead of the database's, at the last look.")


class WrongClock(Exception):
    """This host's clock and the database's are too far apart to judge anything by time."""


class ClockCheck:
    """Looks now and then, and at once when the clock has jumped against the steady one."""

    def __init__(self, *, on: bool = True) -> None:
        self._on = on
        self._looked_at: float | None = None  # by the steady clock, and by the host's
        self._read: datetime | None = None
        self._apart_s = 0.0

    async def insist(self, house: House) -> None:
        """Raise `WrongClock` unless the clock is right; costs a query only each half minute, or after a jump."""
        if self._on and self._is_due(house):
            await self.look(house)
        self._judge()

    async def look(self, house: House) -> None:
        """Compare now. Raises `WrongClock`. On SQLite there is one host, and nothing to compare with."""
        if not self._on or house.db.dialect == "sqlite":
            return
        async with house.db.read() as connection:
            before = house.clock.now()
            theirs: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            after = house.clock.now()
        self._looked_at, self._read = time.monotonic(), after
        # The database read its clock between our two looks at ours: only what lies outside of them is a difference.
        self._apart_s = max((before - theirs).total_seconds(), 0.0) + min((after - theirs).total_seconds(), 0.0)
        APART.set(self._apart_s)
        self._judge()

    def _is_due(self, house: House) -> bool:
        if self._looked_at is None or self._read is None:
            return True
        steady = time.monotonic() - self._looked_at
        jumped = abs((house.clock.now() - self._read).total_seconds() - steady)
        return steady > LOOK_EVERY_S or jumped > MOST_APART_S

    def _judge(self) -> None:
        if abs(self._apart_s) > MOST_APART_S:
            raise WrongClock(f"this host's clock is {self._apart_s:+.1f} s from the database's")
