"""Looks at a camera's key before the body: FastAPI reads a form before it asks the guard, and nobody without a key shall
have us take in 40 MB. The guard decides afterwards, with limits and all; this costs one indexed query more."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.routers.http.deps import house_of
from app.routers.http.guards import camera_key, camera_unknown
from app.services.etle import LineRoom, check_room
from app.services.identity import credentials


class KeyFirst(APIRoute):
    """The route class of every door that takes pictures from cameras."""

    keeps = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, behind the key."""
        handle = super().get_route_handler()

        async def behind_the_key(request: Request) -> Response:
            house = house_of(request)
            key, place = camera_key(request)
            async with house.db.read() as connection:
                known = await credentials.check_camera(connection, key, now=house.clock.now(), place=place)
                if known is None:
                    raise camera_unknown()
                if self.keeps:
                    await check_room(connection, UUID(known.actor.id), house[LineRoom])
            try:
                return await handle(request)
            except ClientDisconnect:
                return Response(status_code=400)  # it hung up before its body was here: nobody hears this

        return behind_the_key


class RoomFirst(KeyFirst):
    """Looks for room in the line of readings as well: what could not be taken in is refused before it comes."""

    keeps = True
