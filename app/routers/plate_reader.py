"""Plate Recognizer's Snapshot API: its clients read plates here by a change of the base URL and nothing else.

Sources: the vendor's API reference (guides.platerecognizer.com, docs/snapshot) and its own clients. They index `results`
with `box`, `score`, `dscore`, `region` and `vehicle` without asking, send fields that we do not know, and read errors as
`detail`, or as `error` where a picture is too large or none. An image is judged by its bytes, never by its part's type.
Of a vehicle only what the recogniser in use says is told, without a confidence: its scores are 0, its box is the plate's.
"""

import base64
import binascii
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from app.core.actor import SYSTEM
from app.core.limits import LIMITS
from app.core.problems import TOO_MANY_REQUESTS, Problem
from app.routers.http.deps import TheHouse
from app.routers.http.guards import CameraDevice
from app.routers.http.key_first import KeyFirst
from app.services import cameras
from app.services.documents import check_image, off_loop
from app.services.recognition import Box, PlateReading, Recogniser, VehicleTraits, hints_for

MIB = 1024 * 1024
MOST_IMAGE_BYTES = 12 * MIB
MOST_BODY_BYTES = 24 * MIB
"""A picture as base64 in a form is half as long again, for each `+` and `/` takes three characters there."""

_ABOVE = MOST_BODY_BYTES + 16 * MIB  # up to here we answer in the vendor's words, above in our own
_MOST_FIELDS = 50
_MOST_REGIONS, _LONGEST_REGION = 5, 8
_UNKNOWN = "Unknown"
_BAD_PICTURE = frozenset({400, 413, 415, 422})
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {
                "schema": {
                    "type": "object",
                    "required": ["upload"],
                    "properties": {
                        "upload": {
                            "type": "string",
                            "description": "A JPEG, PNG or WebP: a file part, or base64 text.",
                        },
                        "camera_id": {"type": "string", "description": "Echoed."},
                        "timestamp": {"type": "string", "description": "Echoed."},
                        "mmc": {"type": "string"},
                        "config": {
                            "type": "string",
                            "description": 'JSON text; `{"detection_mode": "vehicle"}` asks for the second shape.',
                        },
                    },
                }
            }
            for media_type in ("multipart/form-data", "application/x-www-form-urlencoded")
        },
    }
}


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": 'No picture, or none that can be read: `{"error"}`.'},
    401: {"description": 'No key, or a wrong or disabled one: `{"detail"}`.'},
    413: {"description": 'More bytes than the limit: `{"error"}`.'},
    429: {"description": 'This key sends too fast: `{"detail"}`; see Retry-After.'},
    503: {"description": 'Too many pictures wait to be read: `{"detail"}`; see Retry-After.'},
}


class SnapshotRoute(KeyFirst):
    """Refuses in the vendor's words."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler; a refusal becomes `{"detail"}` or `{"error"}`."""
        handle = super().get_route_handler()

        async def in_the_vendors_words(request: Request) -> Response:
            length = request.headers.get("content-length", "")
            if length.isdecimal() and int(length) > MOST_BODY_BYTES:
                return JSONResponse({"error": f"The request is larger than {MOST_BODY_BYTES // MIB} MB."}, 413)
            try:
                return await handle(request)
            except Problem as problem:
                return _refusal(problem)
            except HTTPException as error:  # a form that cannot be read
                return JSONResponse({"error": str(error.detail)}, error.status_code)
            except UnicodeError:  # a form in a charset of its own, or text of it that no answer can hold
                return JSONResponse({"error": "The form's text cannot be read: send UTF-8."}, 400)

        return in_the_vendors_words


router = APIRouter(tags=["cameras"], route_class=SnapshotRoute)


class Usage(BaseModel):
    """What this key had read in this month (UTC)."""

    month: int
    year: int
    calls: int
    resets_on: datetime


class Statistics(BaseModel):
    """As the vendor's clients ask for it; `total_calls` is what the rate limit lets through in a month."""

    usage: Usage
    total_calls: int = Field(description="Calls that a month has room for.")


@router.post("/v1/plate-reader/", status_code=201, max_body_size=_ABOVE, openapi_extra=_BODY, responses=_REFUSALS)
@router.post("/v1/plate-reader", status_code=201, max_body_size=_ABOVE, include_in_schema=False)
async def read_plates(request: Request, device: CameraDevice, house: TheHouse) -> JSONResponse:
    """Read the plates in a picture, as Plate Recognizer's Snapshot does. Nothing is kept."""
    async with request.form(max_fields=_MOST_FIELDS, max_files=1, max_part_size=MOST_BODY_BYTES) as form:
        data, filename = await _picture(form)
        told = {name: value[:200] for name in ("camera_id", "timestamp") if isinstance(value := form.get(name), str)}
        by_vehicle = _config(form.get("config")).get("detection_mode") == "vehicle"
        with_vehicle = str(form.get("mmc", "")).lower() == "true"
        asked = [each.strip().lower() for each in form.getlist("regions") if isinstance(each, str)]
    regions = tuple(each[:_LONGEST_REGION] for each in asked if each)[:_MOST_REGIONS]
    await off_loop(check_image, data, max_bytes=MOST_IMAGE_BYTES)
    async with house.db.read() as connection:
        hints = await hints_for(connection, UUID(device.id), device.unit or "")
    reading = await house[Recogniser].read(data, replace(hints, regions=regions) if regions else hints)
    async with house.db.begin(SYSTEM) as tx:
        await cameras.note_seen(tx, UUID(device.id), messages=0, reads=1)
    shape = _by_vehicle if by_vehicle else _by_plate
    return JSONResponse(
        {
            "processing_time": float(reading.elapsed_ms),
            "results": [shape(each, with_vehicle=with_vehicle) for each in reading.results],
            "filename": filename,
            "version": 1,
            "camera_id": told.get("camera_id"),
            "timestamp": told.get("timestamp") or _instant(house.clock.now()),
            "backend": reading.backend,
        },
        201,
    )


@router.get("/v1/statistics/", responses={401: _REFUSALS[401], 429: _REFUSALS[429]})
async def show_usage(device: CameraDevice, house: TheHouse) -> Statistics:
    """How many pictures this key had read this month."""
    now = house.clock.now()
    begun = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends = begun.replace(year=begun.year + begun.month // 12, month=begun.month % 12 + 1)
    async with house.db.read() as connection:
        calls = await cameras.reads_of(connection, UUID(device.id), since=begun)
    limit = LIMITS["camera-device"]
    room = int((ends - begun).total_seconds() // limit.get_expiry() * limit.amount)
    return Statistics(usage=Usage(month=begun.month, year=begun.year, calls=calls, resets_on=ends), total_calls=room)


async def _picture(form: FormData) -> tuple[bytes, str]:
    upload = form.get("upload")
    if isinstance(upload, UploadFile):
        return await upload.read(), (upload.filename or "upload.jpg")[:200]
    if upload is None and form.get("upload_url"):
        raise HTTPException(400, "upload_url is not served here: send the picture itself as upload.")
    if not isinstance(upload, str) or not upload.strip():
        raise HTTPException(400, "Send the picture as upload, a file part or base64 text.")
    text = upload.partition(",")[2] if upload.startswith("data:") else upload
    try:
        # A form that was not encoded turns each + of base64 into a space.
        return base64.b64decode("".join(text.strip().replace(" ", "+").split()), validate=True), "upload.jpg"
    except (binascii.Error, ValueError):
        raise HTTPException(400, "upload is neither a file nor base64 text.") from None


def _config(text: object) -> Mapping[str, object]:
    try:
        found = orjson.loads(text) if isinstance(text, str) and text else {}
    except orjson.JSONDecodeError:
        raise HTTPException(400, "config is not JSON.") from None
    return found if isinstance(found, dict) else {}


def _by_plate(plate: PlateReading, *, with_vehicle: bool) -> dict[str, object]:
    """The common shape."""
    seen = plate.vehicle or VehicleTraits()
    more: dict[str, object] = {
        "model_make": _models(seen),
        "color": [{"color": seen.colour, "score": 0.0}] if seen.colour else [],
        "orientation": [{"orientation": seen.orientation, "score": 0.0}] if seen.orientation else [],
    }
    return {
        "box": _box(plate.box),
        "plate": plate.plate.lower(),
        "region": _region(plate),
        "score": round(plate.confidence, 3),
        "candidates": [{"score": score, "plate": text} for text, score in _candidates(plate)],
        "dscore": round(plate.confidence, 3),
        "vehicle": {"score": 0.0, "type": seen.kind or _UNKNOWN, "box": _box(plate.box)},
        **(more if with_vehicle else {}),
    }


def _by_vehicle(plate: PlateReading, *, with_vehicle: bool) -> dict[str, object]:
    """The second shape: plate and vehicle as objects with guesses."""
    region, seen = _region(plate), plate.vehicle or VehicleTraits()
    more: dict[str, object] = {
        "make_model": _models(seen),
        "color": [{"value": seen.colour, "score": 0.0}] if seen.colour else [],
        "orientation": [{"value": seen.orientation, "score": 0.0}] if seen.orientation else [],
    }
    props = more if with_vehicle else {}
    return {
        "plate": {
            "type": "Plate",
            "score": round(plate.confidence, 3),
            "box": _box(plate.box),
            "props": {
                "plate": [{"value": text, "score": score} for text, score in _candidates(plate)],
                "region": [{"value": region["code"], "score": region["score"]}],
            },
        },
        "vehicle": {"type": seen.kind or _UNKNOWN, "score": 0.0, "box": _box(plate.box), "props": props},
    }


def _models(seen: VehicleTraits) -> list[dict[str, object]]:
    if not seen.make and not seen.model:
        return []
    return [{"make": seen.make or _UNKNOWN, "model": seen.model or _UNKNOWN, "score": 0.0}]


def _candidates(plate: PlateReading) -> list[tuple[str, float]]:
    others = [(each.plate.lower(), round(each.confidence, 3)) for each in plate.alternatives]
    return [(plate.plate.lower(), round(plate.confidence, 3)), *others]


def _region(plate: PlateReading) -> dict[str, object]:
    return {"code": plate.region, "score": round(plate.confidence, 3) if plate.region else 0.0}


def _box(box: Box) -> dict[str, int]:
    return {"xmin": box.x_min, "ymin": box.y_min, "xmax": box.x_max, "ymax": box.y_max}


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _refusal(problem: Problem) -> JSONResponse:
    status, words = problem.type.status, problem.detail("en")
    if problem.type is TOO_MANY_REQUESTS:
        words = f"Request was throttled. Expected available in {problem.headers.get('Retry-After', '1')} seconds."
        return JSONResponse({"detail": words, "status_code": status}, status, headers=problem.headers)
    if status in _BAD_PICTURE:
        return JSONResponse({"error": words}, 413 if status == 413 else 400, headers=problem.headers)
    return JSONResponse({"detail": words}, status, headers=problem.headers)
