"""An HTTP client on an application whose bodies arrive in one piece, as a server hands on what fits into one packet.

httpx's own ASGI transport ends every body with an empty second piece, so a hot door would never be reached.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

App = Callable[..., Awaitable[None]]


class OnePiece(httpx.AsyncBaseTransport):
    """``httpx.AsyncClient(transport=OnePiece(app), base_url="http://test")``. A crash has been answered: it stays inside."""

    def __init__(self, app: App, *, address: str = "127.0.0.1") -> None:
        self._app, self._address = app, address

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "server": (request.url.host, request.url.port),
            "client": (self._address, 4711),
        }
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        try:
            await self._app(scope, receive, send)
        except Exception:
            if not sent:
                raise
        start = next(each for each in sent if each["type"] == "http.response.start")
        content = b"".join(each.get("body", b"") for each in sent if each["type"] == "http.response.body")
        return httpx.Response(start["status"], headers=start["headers"], content=content, request=request)
