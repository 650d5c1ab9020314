"""A body above its door's limit is answered like every other refusal.

Starlette refuses an announced length above the limit by itself and in plain text, whatever the application's handlers
would say; here that answer becomes the problem (or page) that callers expect.
"""

from starlette.datastructures import Headers
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.problems import TOO_LARGE
from app.routers.http.problems import PageRenderer, problem_response

MIB = 1024 * 1024


class TooLargeAsProblem:
    """Pure ASGI: replaces Starlette's plain 413."""

    def __init__(self, app: ASGIApp, render_page: PageRenderer | None = None) -> None:
        self._app = app
        self._render_page = render_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal replaced
            if replaced:
                return
            if message["type"] == "http.response.start" and _is_plain_refusal(message):
                replaced = True
                await self._answer(scope, receive, send)
                return
            await send(message)

        await self._app(scope, receive, send_problem)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        limit = scope.get(MAX_BODY_SIZE_SCOPE_KEY) or MIB
        problem = TOO_LARGE(limit_mb=f"{limit / MIB:.3g}")
        page = self._render_page(request, problem) if self._render_page is not None else None
        await (page or problem_response(request, problem))(scope, receive, send)


def _is_plain_refusal(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type", "")
    return message["status"] == 413 and kind.startswith("text/plain")
