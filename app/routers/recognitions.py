"""The cameras' door that reads one picture and keeps nothing: within the caller's deadline, and with next to no time of its own.

Where a recogniser of somebody else reads, this door only hands on, and 16 cameras at once must not feel it (`make bench`).
So an ordinary request (one picture in one multipart part, of a known length) takes the short way past the framework; every
other one, and every picture that is decoded in this house, takes the ordinary way, so refusals are the same in every word.
"""

import asyncio
import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Header, Request, UploadFile
from starlette.types import Message, Receive, Scope, Send

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import Problem
from app.routers.anpr import MIB, MOST_FIELDS, MOST_IMAGE_BYTES, REFUSALS
from app.routers.http.deps import TheHouse, house_of
from app.routers.http.guards import CameraDevice, camera_key
from app.routers.http.hot import ShortWay
from app.routers.http.key_first import KeyFirst
from app.routers.http.problems import problem_response
from app.routers.schemas.anpr import RecognitionAnswer
from app.services import cameras
from app.services.documents import check_image, off_loop, sniff
from app.services.identity import credentials
from app.services.recognition import DEADLINE_PASSED, Hints, KnownCamera, KnownCameras, Reading, Recogniser, hints_for

MOST_RECOGNITION_BYTES = MOST_IMAGE_BYTES + MIB
MOST_AT_ONCE_BYTES = MIB
"""A larger body goes the ordinary way, where it lies in a file: what goes the short way is held in memory whole."""

LONGEST_DEADLINE_MS = 60_000
DEADLINE = "X-Deadline-Ms"
_BOUNDARY = re.compile(rb'multipart/form-data; *boundary="?([A-Za-z0-9\'()+_,./:=?-]{1,70})"?$')
_PART = re.compile(rb'content-disposition: *form-data; *name="?image"?; *filename=', re.IGNORECASE)
_LONGEST_PART_HEAD = 1024
_JSON = [(b"content-type", b"application/json")]


async def read_within(house: House, data: bytes, hints: Hints, deadline_ms: int | None) -> Reading:
    """Read a picture. Problem: recognition-deadline-passed (504) when the caller would not wait any longer."""
    try:
        async with asyncio.timeout(None if deadline_ms is None else deadline_ms / 1000):
            return await house[Recogniser].read(data, hints)
    except TimeoutError as error:
        raise DEADLINE_PASSED(deadline_ms=deadline_ms) from error


class RecognitionDoor(KeyFirst, ShortWay):
    """`read_picture`, with a short way for pictures that somebody else decodes."""

    async def answer_at_once(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer the request, and give None; or give what the ordinary way receives by."""
        request = Request(scope, receive)
        house, length = house_of(request), _known_length(request)
        boundary = _BOUNDARY.match(request.headers.get("content-type", "").encode("latin-1"))
        if not house[Recogniser].decodes_elsewhere or length is None or boundary is None:
            return receive
        camera = await _known_camera(house, request)
        if camera is None:
            return receive
        body = await _body(receive, length)
        picture = None if body is None else _only_picture(body, boundary[1])
        deadline = request.headers.get(DEADLINE, "").strip()
        if picture is None or sniff(picture[:16]) in (None, "application/pdf") or not _is_deadline(deadline):
            return receive if body is None else _again(body, receive)
        scope["route"] = self
        try:
            await house[Limits].hit("camera-device", camera.actor.id)
            reading = await read_within(house, picture, camera.hints, int(deadline) if deadline else None)
            answer = RecognitionAnswer.of(reading).model_dump_json().encode()
        except Problem as problem:
            await problem_response(request, problem)(scope, receive, send)
            return None
        headers = [*_JSON, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
        return None


router = APIRouter(prefix="/v1/anpr", tags=["cameras"], route_class=RecognitionDoor)


@router.post(
    "/recognitions",
    max_body_size=MOST_RECOGNITION_BYTES,
    form_limits={"max_fields": MOST_FIELDS, "max_files": 1, "max_part_size": MIB},
    responses={
        **REFUSALS,
        503: {"description": "Too many pictures wait to be read, or the recogniser is away; see Retry-After."},
        504: {"description": "The picture was not read before the deadline."},
    },
)
async def read_picture(
    device: CameraDevice,
    house: TheHouse,
    image: Annotated[UploadFile, File(description="A JPEG, PNG or WebP, as a file part.")],
    deadline_ms: Annotated[
        int | None,
        Header(
            alias=DEADLINE,
            ge=1,
            le=LONGEST_DEADLINE_MS,
            description="Milliseconds that you wait for the answer; later there is none, and you may send it again.",
        ),
    ] = None,
) -> RecognitionAnswer:
    """Read the plates in a picture. Nothing is kept."""
    data = await image.read()
    await off_loop(check_image, data, max_bytes=MOST_IMAGE_BYTES)
    async with house.db.read() as connection:
        hints = await hints_for(connection, UUID(device.id), device.unit or "")
    await cameras.note_alive(house, UUID(device.id))
    return RecognitionAnswer.of(await read_within(house, data, hints, deadline_ms))


async def _known_camera(house: House, request: Request) -> KnownCamera | None:
    """The camera whose key this is; None sends the request the ordinary way, which refuses it."""
    key, _in_a_header = camera_key(request)
    camera = await house[KnownCameras].check(house.db, key, now=house.clock.now())
    if camera is not None and camera.use_unnoted:
        async with house.db.begin(SYSTEM) as tx:
            await credentials.mark_used(tx, UUID(camera.actor.id))
            await cameras.note_seen(tx, UUID(camera.actor.id), messages=0)
    return camera


def _known_length(request: Request) -> int | None:
    if request.method != "POST" or "expect" in request.headers or "origin" in request.headers:
        return None
    text = request.headers.get("content-length", "")
    length = int(text) if text.isdecimal() and len(text) < 10 else 0
    return length if 0 < length <= MOST_AT_ONCE_BYTES else None


def _is_deadline(text: str) -> bool:
    return not text or (text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= LONGEST_DEADLINE_MS)


async def _body(receive: Receive, length: int) -> bytes | None:
    """The whole body; None where the caller hung up."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def _only_picture(body: bytes, boundary: bytes) -> bytes | None:
    """The one part `image` of a multipart body (RFC 2046 5.1) that has no other; None for whatever is more than that."""
    first, last = b"--" + boundary + b"\r\n", b"\r\n--" + boundary + b"--"
    head_end = body.find(b"\r\n\r\n", 0, _LONGEST_PART_HEAD)
    end = body.rfind(last, -len(last) - 4)
    if not body.startswith(first) or head_end < 0 or end < head_end + 4 or body.count(b"\r\n--" + boundary) != 1:
        return None
    head = body[len(first) : head_end]
    is_image = any(_PART.match(line) for line in head.split(b"\r\n"))
    return body[head_end + 4 : end] if is_image else None


def _again(body: bytes, receive: Receive) -> Receive:
    taken = False

    async def once_more() -> Message:
        nonlocal taken
        if taken:
            return await receive()
        taken = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more
