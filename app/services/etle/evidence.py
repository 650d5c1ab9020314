"""What the machine saw, shown so that it can be doubted: picture, crop, reading, confidence, the camera's certificate.

The original stays byte for byte in the store under its SHA-256; what people see is re-encoded, without EXIF, and with
every other plate blurred. Links are signed and short-lived, and name the capture, not the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.crypto import BadToken
from app.core.house import House
from app.services import cameras, documents
from app.services.documents import off_loop
from app.services.etle.problems import EVIDENCE_MISSING
from app.services.etle.views import CameraView, EvidenceItem, EvidenceView, MachineReading
from app.services.reference import parse_plate

LINK_TTL = timedelta(minutes=15)
SHOWN_SIDE, CROP_MARGIN = 1600, 0.25
PURPOSE = "evidence"


@dataclass(frozen=True, slots=True)
class Picture:
    """The photograph as it is shown, and the crop of the plate if there is a reading."""

    photo: bytes
    crop: bytes | None


def evidence_view(
    house: House, capture: cameras.CaptureView, device: cameras.DeviceView | None, *, now: datetime
) -> EvidenceView:
    """The evidence of a capture, with fresh links."""
    boxes = _boxes(capture.reading)
    items = tuple(
        EvidenceItem(
            url=_link(house, capture.id, place, "photo", now),
            crop_url=_link(house, capture.id, place, "crop", now) if place == 0 and boxes else None,
            sha256=file.sha256,
            media_type="image/jpeg",
            taken_at=file.taken_at,
        )
        for place, file in enumerate(capture.files)
    )
    camera = None
    if device is not None:
        camera = CameraView(device.name, device.certificate_no, device.certificate_until, device.model)
    return EvidenceView(items, _reading(capture.reading), camera, capture.speed_kmh, capture.limit_kmh)


async def open_link(house: House, token: str) -> bytes:
    """The JPEG behind a signed link. Raises EVIDENCE_MISSING for a link that is not ours or no longer good."""
    try:
        claims = house.signer.verify(PURPOSE, token[:2000], house.clock.now())
    except (BadToken, ValueError):
        raise EVIDENCE_MISSING() from None
    async with house.db.read() as connection:
        capture = await cameras.get_capture(connection, UUID(claims["capture"]))
    if claims["kind"] == "crop":
        picture = await crop_of(house, capture)
        if picture is None:
            raise EVIDENCE_MISSING()
        return picture
    return await shown_picture(house, capture, int(claims["file"]))


async def picture_for_paper(house: House, capture: cameras.CaptureView) -> Picture:
    """Photograph and crop for a letter."""
    return Picture(await shown_picture(house, capture, 0), await crop_of(house, capture))


async def shown_picture(house: House, capture: cameras.CaptureView, place: int) -> bytes:
    """The picture as anybody but a court sees it: re-encoded, other plates blurred."""
    original = await house.storage.get(capture.files[place].sha256)
    boxes = _boxes(capture.reading) if place == 0 else []
    if len(boxes) > 1:
        original = await off_loop(documents.blur_except, original, boxes[0], boxes[1:])
    return await off_loop(documents.reencode_image, original, max_side=SHOWN_SIDE, quality=82)


async def crop_of(house: House, capture: cameras.CaptureView) -> bytes | None:
    """The plate alone, as the machine cut it out."""
    boxes = _boxes(capture.reading)
    if not boxes:
        return None
    original = await house.storage.get(capture.files[0].sha256)
    return await off_loop(documents.crop, original, boxes[0], CROP_MARGIN)


def _link(house: House, capture_id: UUID, place: int, kind: str, now: datetime) -> str:
    claims = {"capture": str(capture_id), "file": place, "kind": kind}
    token = house.signer.issue(PURPOSE, claims, ttl=LINK_TTL, now=now)
    return f"{house.settings.public_url}/v1/evidence/{token}"


def _results(reading: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list(reading.get("results") or []) if reading else []


def _boxes(reading: Mapping[str, Any] | None) -> list[documents.Box]:
    boxes = (each["box"] for each in _results(reading))
    return [(int(x0), int(y0), int(x1), int(y1)) for x0, y0, x1, y1 in boxes]


def _reading(reading: Mapping[str, Any] | None) -> MachineReading:
    results = _results(reading)
    if not results:
        return MachineReading(None, None, (), str(reading.get("backend")) if reading else None)
    best = results[0]
    others = tuple((_shown(plate), float(confidence)) for plate, confidence in best["alternatives"][:5])
    backend = str(reading.get("backend")) if reading else None
    return MachineReading(_shown(best["plate"]), float(best["confidence"]), others, backend)


def _shown(plate: str) -> str:
    parsed = parse_plate(plate)
    return parsed.shown if parsed else plate
