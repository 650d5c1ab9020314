"""Pure ASGI: a request id, one structured log line, and the request metrics. No body or personal data is ever seen here."""

import re
import time
from functools import lru_cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from app.core.ids import new_id

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


class RequestContext:
    """Gives each request its id, logs it once when it is done, and counts it by its route template."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope["loket_request_id"] = request_id
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        bound = bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            took = time.perf_counter() - started
            method, route = scope["method"], _route(scope)
            requests, duration = _measures(method, route, status)
            requests.inc()
            duration.observe(took)
            if scope["path"] not in _UNLOGGED:
                log.info("request", method=method, route=route, status=status, ms=round(took * 1000, 1))
            reset_contextvars(**bound)


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
    return new_id().hex


def _route(scope: Scope) -> str:
    """The route's template, never the path itself: paths hold ids and codes."""
    route = scope.get("route")
    return str(getattr(route, "path", None) or "unmatched")
