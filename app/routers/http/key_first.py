"""Looks at a camera's key before the body: FastAPI reads a form before it asks the guard, and nobody without a key shall
have us take in 40 MB. The guard decides afterwards, with limits and all; this costs one indexed query more."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.routers.http.deps import house_of
from app.routers.http.guards import camera_unknown, check_device
from app.services.etle import LineRoom, check_room

FIXED_PATHS = "/NotificationInfo/"
"""Where Dahua's devices knock: they send the whole message before they know that they have to say who they are."""
MOST_DRAINED_BYTES = 24 * 1024 * 1024


class KeyFirst(APIRoute):
    """The route class of every door that takes pictures from cameras."""

    keeps = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, behind the key."""
        handle = super().get_route_handler()

        async def behind_the_key(request: Request) -> Response:
            house = house_of(request)
            async with house.db.read() as connection:
                known = await check_device(connection, house, request)
                if known is not None and self.keeps:
                    await check_room(connection, UUID(known.actor.id), house[LineRoom])
            try:
                if known is None:
                    await _drain(request)
                    raise camera_unknown(house)
                return await handle(request)
            except ClientDisconnect:
                return Response(status_code=400)  # it hung up before its body was here: nobody hears this

        return behind_the_key


async def _drain(request: Request) -> None:
    """Let a device that has said nothing of itself yet finish its message, so that it hears the challenge; nothing is kept of it.
    One that is still sending when the connection closes takes that for a fault of the line, and never comes back with an answer."""
    if "authorization" in request.headers or not request.url.path.startswith(FIXED_PATHS):
        return
    drained = 0
    async for piece in request.stream():
        drained += len(piece)
        if drained > MOST_DRAINED_BYTES:
            return


class RoomFirst(KeyFirst):
    """Looks for room in the line of readings as well: what could not be taken in is refused before it comes."""

    keeps = True
