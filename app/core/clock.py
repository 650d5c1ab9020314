"""The clock is passed in, so that a test can be on day nine."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, always aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved; for tests."""

    def __init__(self, at: datetime) -> None:
        self.set(at)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        """Move to this instant (must be aware)."""
        if at.tzinfo is None:
            raise ValueError("a clock needs a time with a zone")
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._at += by
