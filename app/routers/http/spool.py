"""A body goes to a file piece by piece: sixty cameras that send 8 MB at once cost disk and no memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request

PIECE_BYTES = 256 * 1024


@asynccontextmanager
async def spooled(request: Request, head: bytes) -> AsyncIterator[Path]:
    """A file with `head` and the whole body, gone when the block is left. The door's own limit (413) holds here too."""
    with tempfile.NamedTemporaryFile(prefix="loket-", suffix=".body") as file:
        waiting = bytearray(head)
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= PIECE_BYTES:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        file.write(waiting)
        file.flush()
        yield Path(file.name)
