"""A real HTTP server on a loopback port, for upstreams that tests make slow, wrong or dead."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import h11


@dataclass(frozen=True)
class Reply:
    """What the server answers: JSON for anything but bytes and None."""

    status: int
    body: Any


Answer = Callable[[str, str, dict[str, str], bytes], Awaitable[Reply]]


class Loopback:
    """``async with Loopback(answer) as server: server.url``. One answer per connection, then it closes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Loopback":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._exchange(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = h11.Connection(h11.SERVER)
        request: h11.Request | None = None
        body = b""
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(65_536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                break
        if request is None:
            return
        headers = {name.decode(): value.decode() for name, value in request.headers}
        reply = await self._answer(request.method.decode(), request.target.decode(), headers, body)
        content = (
            b""
            if reply.body is None
            else reply.body
            if isinstance(reply.body, bytes)
            else json.dumps(reply.body).encode()
        )
        head = [("content-length", str(len(content))), ("connection", "close"), ("content-type", "application/json")]
        for part in (h11.Response(status_code=reply.status, headers=head), h11.Data(data=content), h11.EndOfMessage()):
            writer.write(wire.send(part) or b"")
        await writer.drain()
