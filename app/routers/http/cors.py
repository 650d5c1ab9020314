"""Which web front ends of others may call us from a browser: the origins that registered apps have named, and no others.

Answers carry no cookies across origins (`Access-Control-Allow-Credentials` is never sent): an app acts with its access
token. Pages and sign-in are not shared at all.
"""

from datetime import datetime, timedelta
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.house import House
from app.services.identity import credentials

FRESH_FOR: Final = timedelta(seconds=30)
"""How long a newly registered or disabled origin may take to be noticed."""
TUS_ASKS: Final = ("Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum")
TUS_ANSWERS: Final = (
    "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size",
    "Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires",
)  # fmt: skip
"""Headers of uploads in pieces (`app.routers.uploads`)."""
SHARED: Final = ("/v1/", "/oauth/token", "/oauth/revoke", "/oauth/jwks", "/.well-known/")


class AppOrigins(CORSMiddleware):
    """Starlette's CORS with origins from the table of credentials, read at most twice a minute."""

    def __init__(self, app: ASGIApp, *, house: House) -> None:
        super().__init__(
            app,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("Authorization", "Idempotency-Key", "If-Match", "X-Request-Id", *TUS_ASKS),
            expose_headers=("ETag", "Location", "Retry-After", "X-Request-Id", *TUS_ANSWERS),
            max_age=600,
        )
        self._house = house
        self._origins: frozenset[str] = frozenset()
        self._read_at: datetime | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared = scope["type"] == "http" and scope["path"].startswith(SHARED)
        if not shared or not any(name == b"origin" for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
            return
        await self._refresh()
        await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether a registered app has named this origin."""
        return origin in self._origins

    async def _refresh(self) -> None:
        now = self._house.clock.now()
        if self._read_at is not None and now < self._read_at + FRESH_FOR:
            return
        async with self._house.db.read() as connection:
            self._origins = await credentials.allowed_origins(connection)
        self._read_at = now
