"""The front of the house, the one pure-ASGI layer around the framework: what each request and each answer gets.

A request id, the headers that keep browsers safe, one structured log line and one count; HEAD where GET is (RFC 9110
9.3.2: monitors and link checkers ask that way); and the short way to the hot doors, past everything that they do not
need. One layer and not one for each of these: a layer costs a tenth of a look-up (`make bench`). No body or personal
data is ever seen here.
"""

import random
import re
import time
from collections.abc import Mapping
from functools import lru_cache

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.logs import REQUEST_ID
from app.routers.http.hot import ShortWay
from app.routers.http.problems import crashed, problem_response, service_is_full
from app.routers.http.security import add_security_headers

_SAFE_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})
log = structlog.get_logger("loket.request")

REQUESTS = Counter("loket_http_requests_total", "Requests answered.", ("method", "route", "status"))
DURATION = Histogram(
    "loket_http_request_seconds",
    "Time from the first byte read to the last byte sent.",
    ("method", "route"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class Front:
    """Around everything. `hot_doors` are the doors that a crowd uses, by path."""

    def __init__(self, app: ASGIApp, *, hot_doors: Mapping[str, ShortWay]) -> None:
        self._app = app
        self._hot_doors = hot_doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        method, request_id = scope["method"], _request_id(scope)
        scope["loket_request_id"] = request_id
        without_body = method == "HEAD"
        if without_body:
            scope = {**scope, "method": "GET"}  # a copy: the server looks at its own to leave the length alone
        status = 500

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = add_security_headers(message["headers"], https=scope["scheme"] == "https")
                headers.append((b"x-request-id", request_id.encode()))
                message["headers"] = headers
            elif without_body and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            REQUEST_ID.set(request_id)
            await self._answer(scope, receive, send_dressed)
        finally:
            took = time.perf_counter() - started
            route = _route(scope)
            requests, duration = _measures(method, route, status)
            requests.inc()
            duration.observe(took)
            if scope["path"] not in _UNLOGGED:
                ms = round(took * 1000, 1)
                log.info("request", method=method, route=route, status=status, ms=ms)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._hot_doors.get(scope["path"])
        if door is not None:
            try:
                rest = await door.answer_at_once(scope, receive, send)
            except PoolIsEmpty:
                await problem_response(Request(scope), service_is_full())(scope, receive, send)
                return
            except Exception as error:
                await problem_response(Request(scope), crashed(Request(scope), error))(scope, receive, send)
                return
            if rest is None:
                return
            receive = rest
        await self._app(scope, receive, send)


@lru_cache(maxsize=4096)
def _measures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The counter and the histogram of one kind of answer: finding them by their labels costs more than counting."""
    return REQUESTS.labels(method, route, status), DURATION.labels(method, route)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            if _SAFE_ID.match(text):
                return str(text)
    return f"{random.getrandbits(128):032x}"


def _route(scope: Scope) -> str:
    """The route's template, never the path itself: paths hold ids and codes."""
    route = scope.get("route")
    return str(getattr(route, "path", None) or "unmatched")
