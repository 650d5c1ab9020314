"""The cameras' door: hand in a capture that becomes a case. Reading a picture alone is `recognitions.py`."""

from typing import Annotated, Any, BinaryIO
from uuid import UUID

from fastapi import APIRouter, File, Response, UploadFile

from app.core.actor import Actor
from app.core.house import House
from app.core.storage import sha256_of_file
from app.routers.http.deps import TheHouse
from app.routers.http.guards import CameraDevice
from app.routers.http.key_first import KeyFirst, RoomFirst
from app.routers.schemas.anpr import CaptureAccepted, CaptureItem
from app.services import cameras
from app.services.documents import VIDEO_TYPE, ImageInfo, VideoInfo, check_image, check_video, off_loop
from app.services.etle import accept_capture

MIB = 1024 * 1024
MOST_IMAGE_BYTES = 12 * MIB
"""Bytes of one picture: a 20-megapixel camera at its best quality."""

MOST_CAPTURE_BYTES = 40 * MIB
"""Bytes of a whole capture; read from the wire only so far, whatever its header announces."""

MOST_VIDEO_BYTES = 24 * MIB
LONGEST_VIDEO_S = 30

MOST_FIELDS = 20
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No key, or a wrong or disabled one."},
    413: {"description": "More bytes than the limit."},
    415: {"description": "Not a JPEG, PNG or WebP by its bytes."},
    422: {"description": "A picture or a field is not right; `errors` names each."},
    429: {"description": "This camera sends too fast, or too many of its captures wait to be read; see Retry-After."},
}


router = APIRouter(prefix="/v1/anpr", tags=["cameras"], route_class=KeyFirst)


async def hand_in_capture(
    device: CameraDevice,
    house: TheHouse,
    response: Response,
    image: Annotated[
        list[UploadFile], File(description="One to eight pictures; each is read, and the surest reading counts.")
    ],
    metadata: Annotated[
        str | UploadFile,
        File(
            description="A JSON object, as a field or a file: `captured_at` (with offset), `violation` (a code of GET /v1/violations) and "
            "`location`; optionally `latitude`, `longitude`, `speed_kmh`, `limit_kmh`, `lane`, `capture_id` (makes "
            "a repetition the same capture) and `sent_at` (the camera's clock when it sends). Other fields are ignored."
        ),
    ],
    video: Annotated[
        UploadFile | None, File(description="A short film of it: MP4, at most 30 seconds and 24 MiB.")
    ] = None,
) -> CaptureAccepted:
    """Hand in a capture. It is kept, on disk and in the database, before the answer leaves, and read soon after."""
    told = cameras.parse_metadata(
        metadata if isinstance(metadata, str) else await metadata.read(cameras.MOST_METADATA_BYTES + 1)
    )
    if len(image) > cameras.MOST_IMAGES:
        raise cameras.IMAGE_COUNT(most=cameras.MOST_IMAGES, count=len(image))
    pictures = [each.file for each in image]
    film = None if video is None else video.file
    digests = [await off_loop(sha256_of_file, each) for each in (*pictures, *([film] if film else []))]
    async with house.db.read() as connection:
        earlier = await cameras.find_repeated(connection, device, digests, told)
    # What was accepted stays so: a camera that repeats itself after an outage is not told that its capture is too old.
    capture = earlier or await _accepted(house, device, pictures, film, told)
    response.headers["Location"] = f"/v1/anpr/captures/{capture.id}"
    return CaptureAccepted.of(capture)


router.add_api_route(
    "/captures",
    hand_in_capture,
    methods=["POST"],
    route_class_override=RoomFirst,
    status_code=202,
    max_body_size=MOST_CAPTURE_BYTES,
    form_limits={"max_fields": MOST_FIELDS, "max_files": 2 * cameras.MOST_IMAGES, "max_part_size": MIB},
    responses={
        **REFUSALS,
        409: {"description": "This camera has used the capture id for another content."},
        503: {"description": "Too many captures wait to be read; keep it and see Retry-After."},
    },
)


@router.get(
    "/captures/{id}",
    responses={
        404: {"description": "This camera has sent no such capture."},
        410: {"description": "It was deleted by policy; the problem names the deletion, which proves it."},
    },
)
async def show_capture(id: UUID, device: CameraDevice, house: TheHouse) -> CaptureItem:
    """A capture that this camera has handed in."""
    async with house.db.read() as connection:
        return CaptureItem.of(await cameras.get_kept_capture(connection, id, device))


async def _accepted(
    house: House, device: Actor, pictures: list[BinaryIO], film: BinaryIO | None, told: cameras.CaptureMetadata
) -> cameras.CaptureView:
    async with house.db.read() as connection:
        checked = await cameras.check_metadata(connection, device, told, now=house.clock.now())
    images = await _stored(house, pictures, film)
    async with house.db.begin(device) as tx:
        capture, _is_new = await accept_capture(tx, device, images, checked)
    return capture


async def _stored(house: House, pictures: list[BinaryIO], film: BinaryIO | None) -> list[cameras.Image]:
    """Check everything before the first is stored: a refused capture leaves nothing behind.

    The pictures lie in temporary files, and only those that are being checked are in memory, a few at a time in the whole
    process (`off_loop`): sixty cameras that send at once cost no more than those few."""
    seen = [await off_loop(_checked, each) for each in pictures]
    video = None if film is None else await off_loop(_checked_film, film)
    images = [
        await cameras.keep_original(house, picture, info.media_type, info.width, info.height)
        for picture, info in zip(pictures, seen, strict=True)
    ]
    if film is not None and video is not None:
        images.append(await cameras.keep_original(house, film, VIDEO_TYPE, video.width, video.height))
    return images


def _checked(picture: BinaryIO) -> ImageInfo:
    picture.seek(0)
    return check_image(picture.read(MOST_IMAGE_BYTES + 1), max_bytes=MOST_IMAGE_BYTES)


def _checked_film(film: BinaryIO) -> VideoInfo:
    film.seek(0)
    return check_video(film.read(MOST_VIDEO_BYTES + 1), max_bytes=MOST_VIDEO_BYTES, max_seconds=LONGEST_VIDEO_S)
