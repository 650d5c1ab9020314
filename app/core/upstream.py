"""Calls to other people's servers: explicit limits, time-outs, few retries, a circuit breaker, and never inside a transaction.

A backend that is slow, wrong or down costs its own feature only: each has its own client, its own bulkhead and breaker.
"""

import asyncio
import io
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack, closing
from enum import StrEnum
from typing import Any
from urllib.request import getproxies

import aiohttp
import httpx
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from app.core.db import in_transaction
from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, Problem

RETRY_AFTER_S = 10
MAX_ANSWER_BYTES = 16 * 2**20
_FAILURES_TO_OPEN = 5
_OPEN_FOR_S = 15.0
_IN_ONE_PIECE = 2**20
_LATER = {"Retry-After": str(RETRY_AFTER_S)}
_OF_THE_CONNECTION = frozenset({"host", "connection", "content-length", "accept-encoding"})
_OF_THE_WIRE = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class Failure(StrEnum):
    """Why a call failed, for who operates it; stands as `failure` among the parameters of its problem."""

    BREAKER_OPEN = "breaker-open"
    FULL = "full"
    TIMEOUT = "timeout"
    NO_CONNECTION = "no-connection"
    SERVER_ERROR = "server-error"
    ENDLESS_ANSWER = "endless-answer"


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
        self._max_concurrent = max_concurrent
        self._large_client: aiohttp.ClientSession | None = None
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
        return await self._guarded(self._answer(method, path, kwargs))

    async def post_large(self, path: str, **kwargs: Any) -> httpx.Response:
        """A POST as `request` does it, with a large body that stands ready, such as a picture: on a client that spends a tenth
        of the time on sending it (3 ms and 0.3 ms of the processor for 300 KB; `make bench` shows what that is worth)."""
        return await self._guarded(self._answer_to_large(self._client.build_request("POST", path, **kwargs)))

    async def _guarded(self, call: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        with closing(call):
            return await self._called(call)

    async def _called(self, call: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        if in_transaction():
            raise RuntimeError(f"{self.name} was called inside a transaction: calls belong between transactions")
        if self._slots.locked():
            raise BUSY(name=self.name, tried=False, failure=Failure.FULL, retry_after=RETRY_AFTER_S, headers=_LATER)
        async with self._slots:
            try:
                async with AsyncExitStack() as breaker:
                    await breaker.enter_async_context(await self._breakers.get_breaker(self.name))
                    try:
                        async with asyncio.timeout(self._timeout_s):
                            answer = await call
                    except asyncio.CancelledError:
                        breaker.pop_all()  # our caller would not wait: that says nothing of the server, good or bad
                        raise
                    if answer.status_code >= 500:
                        raise _ServerError(answer.status_code)
            except OpenedState as error:
                # Nobody was asked: whoever counts tries does not count this one.
                failure = Failure.BREAKER_OPEN
                raise UPSTREAM_UNAVAILABLE(name=self.name, tried=False, failure=failure, headers=_LATER) from error
            except (httpx.HTTPError, aiohttp.ClientError, TimeoutError, _ServerError, _TooLong) as error:
                raise UPSTREAM_UNAVAILABLE(name=self.name, failure=_failure(error), headers=_LATER) from error
        return answer

    async def _answer(self, method: str, path: str, kwargs: dict[str, Any]) -> httpx.Response:
        """The answer, read piece by piece, so that one that does not end costs no memory."""
        async with self._client.stream(method, path, **kwargs) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > self._max_answer_bytes:
                    raise _TooLong
        headers = _kept(answer.headers.raw)
        return httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=answer.request)

    async def _answer_to_large(self, call: httpx.Request) -> httpx.Response:
        body = call.read()
        headers = {name: value for name, value in call.headers.items() if name not in _OF_THE_CONNECTION}
        # A body that is larger than the library likes in one piece is handed over as a file.
        data = body if len(body) <= _IN_ONE_PIECE else io.BytesIO(body)
        async with self._session().post(str(call.url), data=data, headers=headers, allow_redirects=False) as answer:
            content = bytearray()
            async for piece in answer.content.iter_any():
                content += piece
                if len(content) > self._max_answer_bytes:
                    raise _TooLong
        kept = _kept(answer.raw_headers)
        return httpx.Response(answer.status, headers=kept, content=bytes(content), request=call)

    def _session(self) -> aiohttp.ClientSession:
        # Made at the first call: it belongs to the event loop that runs then. It trusts whom httpx trusts, and goes by the
        # environment's proxy as httpx does; it would look for one at every call, so only where there is one.
        if self._large_client is None:
            self._large_client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._max_concurrent, ssl=httpx.create_ssl_context()),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=min(2.0, self._timeout_s)),
                trust_env=bool(getproxies()),
            )
        return self._large_client

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        if self._large_client is not None:
            await self._large_client.close()


def _kept(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """An answer's headers, as bytes: some servers write more than ASCII there."""
    return [(name, value) for name, value in headers if name.lower() not in _OF_THE_WIRE]


def _failure(error: Exception) -> Failure:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return Failure.TIMEOUT
    if isinstance(error, _ServerError):
        return Failure.SERVER_ERROR
    return Failure.ENDLESS_ANSWER if isinstance(error, _TooLong) else Failure.NO_CONNECTION


class _ServerError(Exception):
    """The upstream answered 5xx; counts for its breaker."""


class _TooLong(Exception):
    """The upstream's answer is longer than it may be; counts for its breaker."""
