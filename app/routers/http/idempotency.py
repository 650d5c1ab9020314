"""Idempotency-Key at the doors: the first answer is kept in the transaction that did the work, and given again."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.once import KEY_MISSING, KEY_REUSED, MAX_KEY_LENGTH, find_answer, keep_answer

HEADER = "Idempotency-Key"


@dataclass
class Once:
    """One request inside its transaction. `earlier` is the answer that it got before, if it did."""

    tx: Tx
    earlier: JSONResponse | None
    key: str | None
    fingerprint: str

    async def keep(self, body: JsonValue, status: int = 200) -> JSONResponse:
        """Keep the answer under the key, and give it. Call it last inside the block."""
        if self.key is not None:
            await keep_answer(self.tx, self.key, self.fingerprint, status, body)
        return JSONResponse(body, status)


@asynccontextmanager
async def begin_once(house: House, actor: Actor, request: Request, *, required: bool = False) -> AsyncIterator[Once]:
    """``db.begin`` for an unsafe call. Use:

    ``async with begin_once(...) as once: answer = once.earlier or await once.keep(await work(once.tx))``

    Raises KEY_MISSING where a key is required, KEY_REUSED when the key came with another request.
    """
    key = request.headers.get(HEADER)
    if (key is None and required) or (key is not None and not 1 <= len(key) <= MAX_KEY_LENGTH):
        raise KEY_MISSING()
    fingerprint = await _fingerprint(request) if key is not None else ""
    try:
        async with house.db.begin(actor) as tx:
            kept = await find_answer(tx, key, fingerprint) if key is not None else None
            earlier = JSONResponse(kept.body, kept.status) if kept is not None else None
            yield Once(tx, earlier, key, fingerprint)
    except IntegrityError as error:
        if "kept_answers" in str(error.orig):
            # Two of the same at once: the other one has won and is committing; the client asks again and gets its answer.
            raise KEY_REUSED() from error
        raise


async def _fingerprint(request: Request) -> str:
    head = f"{request.method} {request.url.path}\n".encode()
    content_type = request.headers.get("content-type", "")
    body = b"" if content_type.startswith("multipart/") else await request.body()
    return hashlib.sha256(head + body).hexdigest()
