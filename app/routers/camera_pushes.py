"""The doors for cameras that push in their vendor's own form: the whole message is kept, then answered, then understood.

The vendors' clients know no refusal but the status: 200 once the bytes lie in storage, an error only where they do not. A
heartbeat is counted and not kept.
"""

from datetime import UTC
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.house import House
from app.routers.http.deps import TheHouse
from app.routers.http.guards import CameraDevice
from app.routers.http.key_first import KeyFirst
from app.routers.http.spool import spooled
from app.services import cameras, etle
from app.services.cameras import Vendor

MIB = 1024 * 1024
MOST_PUSH_BYTES = 24 * MIB
"""Bytes of a message: Dahua's go up to 16 MB, and base64 makes a third more of the pictures."""

LOOKED_AT_ONCE_BYTES = 64 * 1024
"""Heartbeats are smaller than this, and messages with pictures larger."""

_DAHUA_DONE = {"Result": True, "Message": "Success"}
"""Never with `OpenStrobe`: that opens a barrier."""

_ANY_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The message as the vendor's device sends it.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Kept, or a heartbeat that was counted. The body is what the vendor's devices expect."},
    401: {"description": "No key, or a wrong or disabled one."},
    413: {"description": "More bytes than the limit."},
    429: {"description": "This camera sends too fast, or too many of its captures wait to be read; see Retry-After."},
    503: {"description": "Too many captures wait to be read; see Retry-After."},
}

router = APIRouter(tags=["cameras"], route_class=KeyFirst)
at_key = APIRouter(include_in_schema=False)
"""What stands below a key in the path alone."""


@at_key.get("/")
async def show_alive(_device: CameraDevice) -> dict[str, str]:
    """What camera-side software asks before it sends anything."""
    return {"status": "ok"}


@router.post("/v1/anpr/hooks/{vendor}", max_body_size=MOST_PUSH_BYTES, openapi_extra=_ANY_BODY, responses=_ANSWERS)
async def take_push(vendor: Vendor, request: Request, device: CameraDevice, house: TheHouse) -> Response:
    """Take a message of a camera or camera-side software in its vendor's form."""
    await _keep(house, request, device, vendor)
    return JSONResponse(_DAHUA_DONE if vendor is Vendor.DAHUA else {"state": "received"})


@router.post("/NotificationInfo/{kind}", max_body_size=MOST_PUSH_BYTES, openapi_extra=_ANY_BODY, responses=_ANSWERS)
async def take_dahua(kind: str, request: Request, device: CameraDevice, house: TheHouse) -> Response:
    """Take what a Dahua camera sends to its fixed paths: `TollgateInfo`, `ParkingInfo`, `DeviceInfo`, `KeepAlive`, `AlarmInfo`."""
    small = await _keep(house, request, device, Vendor.DAHUA)
    if kind == "KeepAlive":
        return JSONResponse({"Active": True, "DeviceID": _device_id(small)})
    return JSONResponse(_DAHUA_DONE)


async def _keep(house: House, request: Request, device: Actor, vendor: Vendor) -> bytes:
    """Keep the message, or count it where it is about no vehicle; its bytes, where they are few."""
    content_type = request.headers.get("content-type", "")
    head = cameras.head_of(device, content_type)
    async with spooled(request, head) as path:
        small = b""
        if path.stat().st_size <= LOOKED_AT_ONCE_BYTES:
            small = path.read_bytes()[len(head) :]
            if await _is_counted(house, device, vendor, cameras.Push(small, content_type, UTC)):
                return small
        # Best before it is kept: a camera that is told to wait keeps its events itself.
        async with house.db.read() as connection:
            await etle.check_room(connection, UUID(device.id), house[etle.LineRoom])
        stored = await cameras.store_message(house, path)
    async with house.db.begin(device) as tx:
        await etle.keep_push(tx, device, vendor, stored)
    return small


async def _is_counted(house: House, device: Actor, vendor: Vendor, push: cameras.Push) -> bool:
    """Whether the message is about no vehicle; then it was counted, and the camera noted as alive, at most once a minute."""
    try:
        cameras.read_push(vendor, push)
    except cameras.NotAPassage:
        pass
    except cameras.BadPush:
        return False
    else:
        return False
    cameras.MESSAGES.labels(vendor, "no vehicle").inc()
    await cameras.note_alive(house, UUID(device.id))
    return True


def _device_id(body: bytes) -> str:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("DeviceID", ""))[:80] if isinstance(told, dict) else ""
