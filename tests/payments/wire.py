"""A TCP wire between the application and PostgreSQL that a test can silence, cut, or cut at a COMMIT."""

import asyncio
import contextlib
from enum import Enum
from typing import Self

from sqlalchemy.engine import make_url


class Wire(Enum):
    """What happens to bytes on the way."""

    THROUGH = "both ways, as they come"
    SILENT = "nothing arrives any more, and nobody says so"
    GONE = "every connection is closed, and every new one too"
    CUT_BEFORE_COMMIT = "closed in the place of the next COMMIT, which never arrives"
    CUT_AFTER_COMMIT = "the next COMMIT arrives and is done, its answer never arrives"


class PostgresWire:
    """``async with PostgresWire(url) as wire: open_house(wire.url, ...)``; set `state` to have things happen."""

    def __init__(self, url: str) -> None:
        self._server = make_url(url)
        self.state = Wire.THROUGH
        self.cuts = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The server's database by way of this wire, in the clear: a COMMIT must be readable."""
        port = self._listener.sockets[0].getsockname()[1]
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        here = self._server.set(host="127.0.0.1", port=port).update_query_dict(plain)
        return here.render_as_string(hide_password=False)

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Close every connection, both ends, at once."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.state is Wire.GONE:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._server.host, self._server.port or 5432)
        ends = {writer, far_writer}
        self._open |= ends
        committed = asyncio.Event()
        try:
            with contextlib.suppress(ConnectionError):
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._there(reader, far_writer, ends, committed))
                    both.create_task(self._back(far_reader, writer, ends, committed))
        except* ConnectionError:
            pass
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _there(
        self,
        reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
        ends: set[asyncio.StreamWriter],
        committed: asyncio.Event,
    ) -> None:
        while data := await reader.read(65_536):
            await self._while_silent()
            if b"COMMIT" in data and self.state is Wire.CUT_BEFORE_COMMIT:
                self._cut_these(ends)
                return
            if b"COMMIT" in data and self.state is Wire.CUT_AFTER_COMMIT:
                committed.set()
            far.write(data)
            await far.drain()
        self._close(ends)

    async def _back(
        self,
        far: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: set[asyncio.StreamWriter],
        committed: asyncio.Event,
    ) -> None:
        while data := await far.read(65_536):
            await self._while_silent()
            if committed.is_set():
                self._cut_these(ends)
                return
            writer.write(data)
            await writer.drain()
        self._close(ends)

    async def _while_silent(self) -> None:
        while self.state is Wire.SILENT:
            await asyncio.sleep(0.05)

    def _cut_these(self, ends: set[asyncio.StreamWriter]) -> None:
        self.state, self.cuts = Wire.THROUGH, self.cuts + 1
        self._close(ends)

    @staticmethod
    def _close(ends: set[asyncio.StreamWriter]) -> None:
        for end in ends:
            end.transport.abort()
