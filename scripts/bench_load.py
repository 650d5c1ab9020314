"""A load generator: prepared requests over kept-alive connections, as fast as the answers come back."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

CONNECTIONS = 32


@dataclass(frozen=True)
class Measured:
    """How many right answers came, in how many seconds."""

    answers: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Right answers in a second."""
        return self.answers / self.seconds


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """One request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in ({"Content-Type": "application/json"} | (headers or {})).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def load(
    port: int,
    requests: Sequence[bytes],
    right: Callable[[bytes, bytes], bool],
    *,
    seconds: float | None = None,
    connections: int = CONNECTIONS,
) -> Measured:
    """Send the requests round and round for some seconds, or each of them once. `right` sees status line and body.

    AssertionError at the first wrong answer: a server that is fast at refusing is not fast.
    """
    supply: Iterator[bytes] = _round_and_round(requests) if seconds else iter(requests)
    started = time.perf_counter()
    until = started + seconds if seconds else None
    counts = await asyncio.gather(*(_caller(port, supply, right, until) for _ in range(connections)))
    return Measured(sum(counts), time.perf_counter() - started)


async def _caller(
    port: int, supply: Iterator[bytes], right: Callable[[bytes, bytes], bool], until: float | None
) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = 0
    try:
        for request in supply:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            if not right(head[: head.index(b"\r\n")], body):
                raise AssertionError(f"a wrong answer: {head[:400]!r} {body[:400]!r}")
            answers += 1
            if until is not None and time.perf_counter() >= until:
                break
    finally:
        writer.close()
    return answers


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + 15
    return int(lowered[start : lowered.index(b"\r\n", start)])


def _round_and_round(requests: Sequence[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests
