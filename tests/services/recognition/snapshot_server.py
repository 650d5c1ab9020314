"""A loopback server that speaks Plate Recognizer's Snapshot protocol, and can be slow, wrong or refuse."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Answer = Callable[[bytes], Awaitable[Response]]


@dataclass
class Seen:
    """What one call brought."""

    authorization: str | None
    regions: list[str]


@dataclass
class SnapshotServer:
    """``async with SnapshotServer(answer) as server``: POST /v1/plate-reader/ at `server.url`."""

    answer: Answer
    url: str = ""
    seen: list[Seen] = field(default_factory=list)

    async def __aenter__(self) -> "SnapshotServer":
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = Starlette(routes=[Route("/v1/plate-reader/", self._read, methods=["POST"])])
        config = uvicorn.Config(app, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        with suppress(asyncio.CancelledError):
            await self._serving

    async def _read(self, request: Request) -> Response:
        async with request.form() as form:
            upload = form["upload"]
            assert isinstance(upload, UploadFile)
            regions = [str(region) for region in form.getlist("regions")]
            self.seen.append(Seen(request.headers.get("Authorization"), regions))
            return await self.answer(await upload.read())


def result(plate: str, score: float, **more: Any) -> dict[str, Any]:
    """One entry of `results`, as the vendor writes it."""
    return {
        "plate": plate,
        "score": score,
        "dscore": 0.74,
        "box": {"xmin": 148, "ymin": 478, "xmax": 288, "ymax": 579},
        "region": {"code": "id", "score": 0.948},
        "candidates": [{"plate": plate, "score": score}],
        **more,
    }


def answered(*results: dict[str, Any], status: int = 201) -> Answer:
    """Always the same answer."""

    async def answer(_image: bytes) -> Response:
        return JSONResponse({"processing_time": 78.6, "version": 1, "results": list(results)}, status_code=status)

    return answer
