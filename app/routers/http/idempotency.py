"""Idempotency-Key at the doors: the first answer is kept in the transaction that did the work, and given again."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.once import KEY_MISSING, MAX_KEY_LENGTH, find_answer, keep_answer, replace_answer
from app.core.problems import Problem

HEADER = "Idempotency-Key"
NO_CONTENT, CONFLICT = 204, 409
_KEY: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
}
KEY_REQUIRED = {
    "parameters": [
        _KEY
        | {
            "required": True,
            "description": "A random value of yours. The same call with the same key gets the same answer again, for 48 hours; "
            "without one it is 400 `idempotency-key-missing`.",
        }
    ]
}
"""`openapi_extra` of a door whose `begin_once` says ``required=True``."""
KEY_OPTIONAL = {
    "parameters": [
        _KEY
        | {
            "required": False,
            "description": "A random value of yours. The same call with the same key gets the same answer again, for 48 hours.",
        }
    ]
}
"""`openapi_extra` of a door that takes a key and needs none."""
KEY_NO_TWICE = {
    "parameters": [
        _KEY
        | {
            "required": False,
            "description": "A random value of yours. The same call with the same key, for 48 hours, changes nothing a second time; "
            "the answer shows what has become of it.",
        }
    ]
}
"""`openapi_extra` of a door that goes on after its transaction, and so has no answer to keep."""
KEY_TAKEN = {
    "parameters": [
        _KEY
        | {
            "required": False,
            "description": "A random value of yours. The same call with the same key gets the same answer again, for 48 hours. "
            "Without one, the same bytes again get the answer that they got, as long as the case asks for no new one.",
        }
    ]
}
"""`openapi_extra` of a door that uses `answer_repeatably`."""


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


def need_key(request: Request) -> None:
    """Refuse a call without a key before anything is done for it. Raises KEY_MISSING."""
    if HEADER not in request.headers:
        raise KEY_MISSING()


@asynccontextmanager
async def begin_once(
    house: House, actor: Actor, request: Request, *, required: bool = False, sent: bytes = b""
) -> AsyncIterator[Once]:
    """``db.begin`` for an unsafe call. Use:

    ``async with begin_once(...) as once: answer = once.earlier or await once.keep(await work(once.tx))``

    `sent` is what a form carried, whose own bytes differ from one try to the next.
    Raises KEY_MISSING where a key is required, KEY_REUSED when the key came with another request.
    """
    if required:
        need_key(request)
    key = request.headers.get(HEADER)
    if key is not None and not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise KEY_MISSING()
    fingerprint = await _fingerprint(request, sent) if key is not None else ""
    async with house.db.begin(actor) as tx:
        kept = await find_answer(tx, key, fingerprint) if key is not None else None
        earlier = JSONResponse(kept.body, kept.status) if kept is not None else None
        yield Once(tx, earlier, key, fingerprint)


async def answer_once(
    house: House,
    actor: Actor,
    request: Request,
    work: Callable[[Tx], Awaitable[BaseModel]],
    *,
    status: int = 200,
    required: bool = False,
    sent: bytes = b"",
) -> JSONResponse:
    """`begin_once` around work that makes the whole answer."""
    async with begin_once(house, actor, request, required=required, sent=sent) as once:
        if once.earlier is not None:
            return once.earlier
        return await once.keep((await work(once.tx)).model_dump(mode="json"), status)


async def do_once(house: House, actor: Actor, request: Request, work: Callable[[Tx], Awaitable[object]]) -> Response:
    """`begin_once` around work that leaves nothing to say: 204, and again."""
    async with begin_once(house, actor, request) as once:
        if once.earlier is None:
            await work(once.tx)
            await once.keep(None, NO_CONTENT)
    return Response(status_code=NO_CONTENT)


async def earlier_answer(house: House, actor: Actor, request: Request, *, sent: bytes = b"") -> JSONResponse | None:
    """The answer that this request got before. For a door that must do something before its transaction, such as checking
    and storing a file: ask here first, then `answer_once`. Raises what `begin_once` raises."""
    async with begin_once(house, actor, request, sent=sent) as once:
        return once.earlier


async def answer_repeatably(
    house: House, actor: Actor, request: Request, work: Callable[[Tx], Awaitable[JsonValue]]
) -> JSONResponse:
    """For a door whose published shape names no key: with one as `begin_once`, without one the bytes are the key.

    The work is tried anew, because what was refused once or answered long ago may be asked again. Only where the case
    no longer asks (409) do the same bytes of the same person get the answer that they got before.
    """
    if HEADER in request.headers:
        async with begin_once(house, actor, request) as once:
            return once.earlier or await once.keep(await work(once.tx))
    fingerprint = await _fingerprint(request)
    key = f"bytes:{fingerprint}"
    try:
        async with house.db.begin(actor) as tx:
            answer = await work(tx)
            await replace_answer(tx, key, fingerprint, answer)
        return JSONResponse(answer)
    except Problem as problem:
        if problem.type.status != CONFLICT:
            raise
        async with house.db.begin(actor) as tx:
            kept = await find_answer(tx, key, fingerprint)
        if kept is None:
            raise
        return JSONResponse(kept.body, kept.status)


async def _fingerprint(request: Request, sent: bytes = b"") -> str:
    asked = f"?{request.url.query}" if request.url.query else ""
    head = f"{request.method} {request.url.path}{asked}\n".encode()
    is_form = request.headers.get("content-type", "").startswith("multipart/")
    digest = hashlib.sha256(head)
    await asyncio.to_thread(digest.update, sent if is_form else await request.body())
    return digest.hexdigest()
