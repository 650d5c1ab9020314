"""The door for papers in pieces: tus 1.0.0 (https://tus.io) with its extensions creation, creation-with-upload, expiration,
checksum and termination, so that existing clients (tus-js-client, which Uppy uses, and tuspy were tried) work as they are.

A client may send everything in one request or in as many as it likes: what arrived before a cut is kept either way.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.core.limits import Limits
from app.core.problems import UNSUPPORTED_MEDIA, Problem
from app.core.texts import Text
from app.routers.http.deps import TheHouse
from app.routers.http.guards import Applicant, public
from app.routers.schemas.uploads import UploadOut
from app.services.applications import upload_taking, uploads
from app.services.applications.upload_problems import (
    TUS_VERSION,
    UPLOAD_HEADER,
    UPLOAD_NOT_FOUND,
    UPLOAD_TOO_LONG,
)
from app.services.applications.upload_receiving import ALGORITHMS, Checksum, LineCut
from app.services.applications.uploads import MAX_UPLOAD_BYTES, UploadView

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
OFFSET_STREAM = "application/offset+octet-stream"
SILENT_FOR_S = 60
"""A request that sends nothing for so long is treated as cut."""
MAX_METADATA = 1024
_METADATA = re.compile(r"[!-+\--~]+(?: [A-Za-z0-9+/=]*)?")
_DIGITS = re.compile(r"[0-9]{1,18}")

LengthHeader = Annotated[str | None, Header(max_length=20, description="The paper's length in bytes.")]
OffsetHeader = Annotated[
    str | None, Header(max_length=20, description="Where these bytes begin: what is here already.")
]
MetadataHeader = Annotated[
    str | None,
    Header(max_length=MAX_METADATA, description="The client's own pairs of key and base64; given back as they are."),
]
ChecksumHeader = Annotated[
    str | None, Header(max_length=120, description="`sha1` or `sha256`, and the digest in base64.")
]
TusHeader = Annotated[str | None, Header(max_length=20, description=f"`{VERSION}`.")]

NUMBER = Text("jumlah byte sebagai bilangan bulat.", "the number of bytes as a whole number.")
KNOWN_LENGTH = Text("panjang berkas harus diketahui di awal.", "the length must be known from the start.")
CHECKSUM = Text(
    "sha1 atau sha256, spasi, lalu digest dalam base64.", "sha1 or sha256, a space, then the digest in base64."
)
METADATA = Text(
    "pasangan kunci dan nilai base64, dipisah koma, paling banyak 1024 huruf.",
    "pairs of key and base64 value, separated by commas, at most 1024 characters.",
)


class TusRoute(APIRoute):
    """Says the protocol's version on refusals too, and that an address which is no id is nobody's upload."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, with its problems dressed."""
        handle = super().get_route_handler()

        async def dressed(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                if any(fault["loc"][0] == "path" for fault in error.errors()):
                    raise UPLOAD_NOT_FOUND(headers={"Tus-Resumable": VERSION}) from None
                raise
            except Problem as problem:
                problem.headers.setdefault("Tus-Resumable", VERSION)
                raise

        return dressed


router = APIRouter(tags=["applications"], route_class=TusRoute)
_BODY = {
    "requestBody": {
        "required": False,
        "content": {OFFSET_STREAM: {"schema": {"type": "string", "format": "binary", "maxLength": MAX_UPLOAD_BYTES}}},
    }
}


@router.options("/v1/uploads", dependencies=[public()], status_code=204, response_class=Response)
@router.options("/v1/uploads/{upload_id}", dependencies=[public()], status_code=204, response_class=Response)
@router.options(
    "/v1/applications/{id}/documents/{name}/uploads", dependencies=[public()], status_code=204, response_class=Response
)
async def what_is_spoken() -> Response:
    """Version and extensions of the protocol, for clients that ask before they send."""
    return Response(
        status_code=204,
        headers={
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(MAX_UPLOAD_BYTES),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        },
    )


@router.post(
    "/v1/applications/{id}/documents/{name}/uploads",
    status_code=201,
    response_class=Response,
    max_body_size=MAX_UPLOAD_BYTES,
    openapi_extra=_BODY,
)
async def begin(
    id: UUID,
    name: str,
    request: Request,
    me: Applicant,
    house: TheHouse,
    *,
    tus_resumable: TusHeader = None,
    upload_length: LengthHeader = None,
    upload_metadata: MetadataHeader = None,
    upload_checksum: ChecksumHeader = None,
) -> Response:
    """Begin to hand in a paper in pieces (tus: creation). `Location` is where the bytes go; some may come along already.

    The paper is checked when its last byte is here, and refused with what is wanted and an example of a good one.
    """
    _speaks_tus(tus_resumable)
    if "upload-defer-length" in request.headers:
        raise UPLOAD_HEADER(header="Upload-Defer-Length", wanted=KNOWN_LENGTH)
    length, metadata = _number("Upload-Length", upload_length), _metadata(upload_metadata)
    carries = _carries_bytes(request)
    checksum = _checksum(upload_checksum) if carries else None
    await house[Limits].hit("attachment-case", str(id))
    async with house.db.begin(me) as tx:
        upload = await uploads.begin_upload(tx, id, name, length=length, metadata=metadata)
    location = {"Location": f"/v1/uploads/{upload.id}"}
    if carries:
        try:
            _fits(request, upload, 0)
            upload = await upload_taking.take_in(house, me, upload.id, _chunks(request), at=0, checksum=checksum)
        except Problem as problem:
            problem.headers.update(location)
            raise
    return Response(status_code=201, headers={**_state(upload), **location})


@router.get("/v1/uploads/{upload_id}")
async def where_it_stands(
    upload_id: UUID, me: Applicant, response: Response, *, house: TheHouse, tus_resumable: TusHeader = None
) -> UploadOut:
    """How much is here (tus: HEAD, whose answer has these headers and no body). `Upload-Offset` is where to go on."""
    if tus_resumable is not None:
        _speaks_tus(tus_resumable)
    upload = await uploads.find_upload(house, me, upload_id)
    response.headers.update(_state(upload))
    response.headers["Upload-Length"] = str(upload.length)
    if upload.metadata is not None:
        response.headers["Upload-Metadata"] = upload.metadata
    return UploadOut.of(upload)


@router.patch(
    "/v1/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    max_body_size=MAX_UPLOAD_BYTES,
    openapi_extra=_BODY,
)
async def go_on(
    upload_id: UUID,
    request: Request,
    me: Applicant,
    house: TheHouse,
    *,
    tus_resumable: TusHeader = None,
    upload_offset: OffsetHeader = None,
    upload_checksum: ChecksumHeader = None,
) -> Response:
    """Send bytes from `Upload-Offset` on, as many as you like; they are kept as they arrive. The last one hands the paper in.

    409 names the right offset; 410 means begin anew; 460 that the piece was damaged on its way. With `Upload-Checksum`
    nothing of a request is kept unless all of it is right.
    """
    _speaks_tus(tus_resumable)
    if not _carries_bytes(request):
        raise UNSUPPORTED_MEDIA(expected=OFFSET_STREAM)
    at, checksum = _number("Upload-Offset", upload_offset), _checksum(upload_checksum)
    upload = await uploads.find_upload(house, me, upload_id)
    uploads.check_offset(upload, at)
    _fits(request, upload, at)
    upload = await upload_taking.take_in(house, me, upload_id, _chunks(request), at=at, checksum=checksum)
    return Response(status_code=204, headers=_state(upload))


@router.delete("/v1/uploads/{upload_id}", status_code=204, response_class=Response)
async def stop(upload_id: UUID, me: Applicant, *, house: TheHouse, tus_resumable: TusHeader = None) -> Response:
    """Cancel an upload (tus: termination); what has come is unreadable from then on. A paper that was handed in stays."""
    _speaks_tus(tus_resumable)
    async with house.db.begin(me) as tx:
        await uploads.end_upload(tx, upload_id)
    return Response(status_code=204, headers={"Tus-Resumable": VERSION})


# --- what the headers say
# ---------------------------------------------------------------------------------------------


def _speaks_tus(version: str | None) -> None:
    if version != VERSION:
        raise TUS_VERSION(version=VERSION, headers={"Tus-Version": VERSION})


def _number(header: str, value: str | None) -> int:
    if value is None or _DIGITS.fullmatch(value) is None:
        raise UPLOAD_HEADER(header=header, wanted=NUMBER)
    return int(value)


def _metadata(value: str | None) -> str | None:
    pairs = [pair.strip() for pair in value.split(",")] if value else []
    keys = [pair.partition(" ")[0] for pair in pairs]
    if len(set(keys)) != len(keys) or not all(_METADATA.fullmatch(pair) for pair in pairs):
        raise UPLOAD_HEADER(header="Upload-Metadata", wanted=METADATA)
    return value or None


def _checksum(value: str | None) -> Checksum | None:
    if value is None:
        return None
    algorithm, _, digest = value.partition(" ")
    try:
        wanted = base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError):
        wanted = b""
    if algorithm not in ALGORITHMS or len(wanted) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise UPLOAD_HEADER(header="Upload-Checksum", wanted=CHECKSUM)
    return Checksum(algorithm, wanted)


def _carries_bytes(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == OFFSET_STREAM


def _fits(request: Request, upload: UploadView, at: int) -> None:
    """Refuse before reading what says by itself that it is too long."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and at + int(announced) > upload.length:
        raise UPLOAD_TOO_LONG(length=upload.length)


def _state(upload: UploadView) -> dict[str, str]:
    return {
        "Tus-Resumable": VERSION,
        "Upload-Offset": str(upload.received),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
        "Cache-Control": "no-store",
    }


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises LineCut where it ends before it should, or falls silent."""
    stream = request.stream().__aiter__()
    while True:
        try:
            async with asyncio.timeout(SILENT_FOR_S):
                chunk = await anext(stream, None)
        except (ClientDisconnect, TimeoutError):
            raise LineCut from None
        if chunk is None:
            return
        yield chunk
