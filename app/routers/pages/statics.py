"""The few files that pages load: style, script, icon. Read once at start, sent compressed, cached for a year.

A file's address carries a hash of its bytes (`static_url`), so a new release is seen at once and an old one never
asked for again. Cheap phones on slow lines are the measure: all of it together is under 30 KB on the wire.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parents[2] / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
FOREVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"


@dataclass(frozen=True)
class StaticFile:
    """One file as it is sent."""

    body: bytes
    packed: bytes
    media_type: str
    version: str


@cache
def static_files() -> dict[str, StaticFile]:
    """All files of the folder by name; sub-folders (sources) are not served."""
    return {
        path.name: StaticFile(
            body := path.read_bytes(),
            gzip.compress(body, 9, mtime=0),
            MEDIA_TYPES[path.suffix],
            hashlib.sha256(body).hexdigest()[:12],
        )
        for path in sorted(FOLDER.iterdir())
        if path.suffix in MEDIA_TYPES
    }


def static_url(name: str) -> str:
    """The address of a file for templates; KeyError for a name that does not exist."""
    return f"/static/{name}?v={static_files()[name].version}"


class StaticDoor:
    """A small ASGI application for `/static`: GET and HEAD of the files above, conditional and compressed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        name = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/static").removeprefix("/")
        file = static_files().get(name)
        if file is None or scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Tidak ditemukan / Not found", status_code=404)
        request = Headers(scope=scope)
        headers = {
            "etag": f'"{file.version}"',
            "cache-control": FOREVER if f"v={file.version}".encode() in scope["query_string"] else AN_HOUR,
            "vary": "accept-encoding",
        }
        if f'"{file.version}"' in request.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(file.packed, headers=headers, media_type=file.media_type)
        return Response(file.body, headers=headers, media_type=file.media_type)
