"""Calls to other people's servers: explicit limits, time-outs, few retries, a circuit breaker, and never inside a transaction.

A backend that is slow, wrong or down costs its own feature only: each has its own client, its own bulkhead and breaker.
"""

import asyncio
from typing import Any

import httpx
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from app.core.db import in_transaction
from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, Problem

RETRY_AFTER_S = 10
MAX_ANSWER_BYTES = 16 * 2**20
_FAILURES_TO_OPEN = 5
_OPEN_FOR_S = 15.0
_LATER = {"Retry-After": str(RETRY_AFTER_S)}
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def was_tried(problem: Problem) -> bool:
    """Whether an upstream was asked at all: not where its breaker is open or all its places are taken."""
    return bool(problem.params.get("tried", True))


class Upstream:
    """One server that we call. `timeout_s` bounds a whole call, `max_concurrent` the calls in flight, `max_answer_bytes`
    an answer's body, unpacked."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        timeout_s: float,
        max_concurrent: int = 8,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self._timeout_s = timeout_s
        self._max_answer_bytes = max_answer_bytes
        self._slots = asyncio.Semaphore(max_concurrent)
        self._breakers = AsyncCircuitBreakerFactory(default_threshold=_FAILURES_TO_OPEN, default_ttl=_OPEN_FOR_S)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=min(2.0, timeout_s)),
            limits=httpx.Limits(max_connections=max_concurrent, max_keepalive_connections=max_concurrent),
            follow_redirects=False,
        )

    async def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """One call. Answers below 500 are returned as they are; 5xx, time-outs, refusals and endless answers raise
        UPSTREAM_UNAVAILABLE."""
        if in_transaction():
            raise RuntimeError(f"{self.name} was called inside a transaction: calls belong between transactions")
        if self._slots.locked():
            raise BUSY(name=self.name, tried=False, retry_after=RETRY_AFTER_S, headers=_LATER)
        async with self._slots:
            try:
                async with await self._breakers.get_breaker(self.name), asyncio.timeout(self._timeout_s):
                    answer = await self._answer(method, path, kwargs)
                    if answer.status_code >= 500:
                        raise _ServerError(answer.status_code)
            except OpenedState as error:
                # Nobody was asked: whoever counts tries does not count this one.
                raise UPSTREAM_UNAVAILABLE(name=self.name, tried=False, headers=_LATER) from error
            except (httpx.HTTPError, TimeoutError, _ServerError, _TooLong) as error:
                raise UPSTREAM_UNAVAILABLE(name=self.name, headers=_LATER) from error
        return answer

    async def _answer(self, method: str, path: str, kwargs: dict[str, Any]) -> httpx.Response:
        """The answer, read piece by piece, so that one that does not end costs no memory."""
        async with self._client.stream(method, path, **kwargs) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > self._max_answer_bytes:
                    raise _TooLong
        headers = [each for each in answer.headers.multi_items() if each[0] not in _OF_THE_WIRE]
        return httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=answer.request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _ServerError(Exception):
    """The upstream answered 5xx; counts for its breaker."""


class _TooLong(Exception):
    """The upstream's answer is longer than it may be; counts for its breaker."""
