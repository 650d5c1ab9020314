"""A load generator: prepared requests over kept-alive connections, as fast as the answers come back.

It stands on uvloop's bare protocols, because a generator that is slower than what it measures measures itself.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import uvloop

CONNECTIONS = 32
Judge = Callable[[bytes, bytes], bool]


@dataclass(frozen=True)
class Measured:
    """How many right answers came, in how many seconds, and how long each of them took."""

    answers: int
    seconds: float
    took: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        return sorted(self.took)[min(int(share * len(self.took)), len(self.took) - 1)]

    @property
    def per_second(self) -> float:
        """Right answers in a second."""
        return self.answers / self.seconds


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """`asyncio.run` on the fast loop."""
    return uvloop.run(work)


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """One request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in ({"Content-Type": "application/json"} | (headers or {})).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def load(
    ports: int | Sequence[int],
    requests: Sequence[bytes],
    right: Judge,
    *,
    seconds: float | None = None,
    connections: int = CONNECTIONS,
    again: bool = True,
) -> Measured:
    """Send the requests for some seconds, round and round if they may be sent `again`; or each of them once.

    Several ports take turns with the connections. `right` sees status line and body: AssertionError at the first wrong
    answer, because a server that is fast at refusing is not fast.
    """
    loop = asyncio.get_running_loop()
    supply = _round_and_round(requests) if seconds and again else iter(requests)
    started = time.perf_counter()
    callers = [_Caller(supply, right, started + seconds if seconds else None) for _ in range(connections)]
    places = itertools.cycle([ports] if isinstance(ports, int) else ports)
    for caller, port in zip(callers, places, strict=False):
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
    took = [each for caller in callers for each in await caller.done]
    return Measured(len(took), time.perf_counter() - started, tuple(took))


class _Caller(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, supply: Iterator[bytes], right: Judge, until: float | None) -> None:
        self._supply, self._right, self._until = supply, right, until
        self._received = b""
        self._took: list[float] = []
        self._sent_at = 0.0
        self.done: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0 or len(received) < end + 4 + _length(received[: end + 4]):
            return
        self._received = b""
        if not self._right(received[: received.index(b"\r\n")], received[end + 4 :]):
            self._end(AssertionError(f"a wrong answer: {received[:800]!r}"))
            return
        now = time.perf_counter()
        self._took.append(now - self._sent_at)
        if self._until is not None and now >= self._until:
            self._end(None)
        else:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionError("the server hung up"))

    def _next(self) -> None:
        request = next(self._supply, None)
        if request is None:
            self._end(None)
        else:
            self._sent_at = time.perf_counter()
            self._transport.write(request)

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(self._took)
            else:
                self.done.set_exception(error)
            self._transport.close()


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + 15
    return int(lowered[start : lowered.index(b"\r\n", start)])


def _round_and_round(requests: Sequence[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests
