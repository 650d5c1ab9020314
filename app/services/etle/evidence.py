"""What the machine saw, shown so that it can be doubted: picture, crop, reading, confidence, the camera's certificate.

The original stays byte for byte in the store under its SHA-256; what people see is re-encoded and without EXIF. Staff
see the whole scene, for a machine may take the wrong line for the vehicle's; anybody else sees it with every other
plate blurred. Links are signed and short-lived, and name case, capture and place, not the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.crypto import BadToken
from app.core.house import House
from app.services import cameras, documents
from app.services.documents import off_loop
from app.services.etle.models import Ticket, TicketCapture
from app.services.etle.plates_seen import Seen, plates_seen
from app.services.etle.problems import EVIDENCE_MISSING, TICKET_NOT_FOUND
from app.services.etle.views import CameraView, EvidenceItem, EvidenceView, MachineReading
from app.services.reference import parse_plate

LINK_TTL = timedelta(minutes=15)
SHOWN_SIDE, CROP_MARGIN = 1600, 0.25
PURPOSE = "evidence"
MAX_CAPTURES = 10
"""Captures of one case that are shown: its own, and those that came within the policy's window."""


class Viewer(StrEnum):
    """Who looks. Staff judge the picture and see it whole; people of the case see their own plate alone."""

    PERSON = "person"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Exhibits:
    """The captures of a case, its own first and then those that joined it, and the plate on which it stands."""

    case_id: UUID
    plate: str | None
    captures: tuple[cameras.CaptureView, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The photograph as it is shown; the crop of the plate and what was read there, if there is a reading."""

    photo: bytes
    crop: bytes | None
    reading: MachineReading | None = None


async def exhibits_of(source: AsyncConnection | AsyncSession, case_id: UUID) -> Exhibits:
    """Every capture of a case. Raises TICKET_NOT_FOUND."""
    own = select(col(Ticket.capture_id), col(Ticket.plate)).where(col(Ticket.case_id) == case_id)
    row = (await source.execute(own)).one_or_none()
    if row is None:
        raise TICKET_NOT_FOUND()
    joined = (
        select(col(TicketCapture.capture_id))
        .where(col(TicketCapture.case_id) == case_id)
        .order_by(col(TicketCapture.joined_at), col(TicketCapture.capture_id))
        .limit(MAX_CAPTURES - 1)
    )
    ids = [row.capture_id, *(await source.execute(joined)).scalars()]
    return Exhibits(case_id, row.plate, tuple([await cameras.get_capture(source, each) for each in ids]))


def evidence_view(
    house: House, exhibits: Exhibits, device: cameras.DeviceView | None, *, viewer: Viewer, now: datetime
) -> EvidenceView:
    """The evidence of a case, with fresh links. Who is not staff gets no picture in which nobody has looked for plates."""
    items: list[EvidenceItem] = []
    for capture in exhibits.captures:
        for place, (file, seen) in enumerate(zip(capture.files, _seen(exhibits, capture), strict=True)):
            if seen is None and viewer is not Viewer.STAFF:
                continue
            claims = {"case": str(exhibits.case_id), "capture": str(capture.id), "file": place, "viewer": str(viewer)}
            items.append(
                EvidenceItem(
                    url=_link(house, {**claims, "kind": "photo"}, now),
                    crop_url=_link(house, {**claims, "kind": "crop"}, now) if seen and seen.own else None,
                    sha256=file.sha256,
                    media_type="image/jpeg",
                    taken_at=file.taken_at,
                )
            )
    own = exhibits.captures[0]
    camera = None
    if device is not None:
        camera = CameraView(device.name, device.certificate_no, device.certificate_until, device.model)
    # What the machine read first may be another vehicle's plate: it is no more for everybody than its picture is.
    read = _first_line(own.reading) if viewer is Viewer.STAFF else _best(exhibits, own).reading
    return EvidenceView(
        tuple(items),
        _reading(own.reading, read),
        camera,
        own.speed_kmh,
        own.limit_kmh,
        whole=viewer is Viewer.STAFF,
    )


async def open_link(house: House, token: str) -> bytes:
    """The JPEG behind a signed link. Raises EVIDENCE_MISSING for a link that is not ours or no longer good."""
    try:
        claims = house.signer.verify(PURPOSE, token[:2000], house.clock.now())
        case_id, capture_id, place = UUID(claims["case"]), UUID(claims["capture"]), int(claims["file"])
        viewer, kind = Viewer(claims["viewer"]), claims["kind"]
    except (BadToken, ValueError, KeyError):
        raise EVIDENCE_MISSING() from None
    async with house.db.read() as connection:
        exhibits = await exhibits_of(connection, case_id)
    capture = next((each for each in exhibits.captures if each.id == capture_id), None)
    if capture is None or not 0 <= place < len(capture.files):
        raise EVIDENCE_MISSING()
    seen = _seen(exhibits, capture)[place]
    original = await house.storage.get(capture.files[place].sha256)
    if kind == "crop":
        return await _crop(original, seen)
    # The plate may have been corrected since the link was made: what is covered is decided when the picture is opened.
    return await _whole(original) if viewer is Viewer.STAFF else await _covered(original, seen)


async def picture_for_paper(house: House, exhibits: Exhibits) -> Picture:
    """Photograph and crop for a letter: the first picture of the case in which its plate is to be seen."""
    capture = exhibits.captures[0]
    seen = _best(exhibits, capture)
    place = next(place for place, each in enumerate(_seen(exhibits, capture)) if each == seen)
    original = await house.storage.get(capture.files[place].sha256)
    photo = await _covered(original, seen)
    if seen.own is None:
        return Picture(photo, None)
    return Picture(photo, await _crop(original, seen), _reading(capture.reading, seen.reading))


async def _covered(original: bytes, seen: Seen | None) -> bytes:
    """The picture as anybody but staff and a court sees it: re-encoded, other plates blurred."""
    if seen is None:
        raise EVIDENCE_MISSING()
    if seen.others:
        original = await off_loop(documents.blur_except, original, seen.own, seen.others)
    return await _whole(original)


async def _whole(original: bytes) -> bytes:
    return await off_loop(documents.reencode_image, original, max_side=SHOWN_SIDE, quality=82)


async def _crop(original: bytes, seen: Seen | None) -> bytes:
    """The plate alone, as the machine cut it out."""
    if seen is None or seen.own is None:
        raise EVIDENCE_MISSING()
    return await off_loop(documents.crop, original, seen.own, CROP_MARGIN)


def _seen(exhibits: Exhibits, capture: cameras.CaptureView) -> Sequence[Seen | None]:
    return plates_seen(capture.reading, len(capture.files), exhibits.plate)


def _best(exhibits: Exhibits, capture: cameras.CaptureView) -> Seen:
    """The picture that shows the plate of the case best; among equals the one that came first."""
    looked_at = [each for each in _seen(exhibits, capture) if each is not None]
    return max(looked_at, key=lambda each: (each.sure, each.own is not None))


def _link(house: House, claims: Mapping[str, Any], now: datetime) -> str:
    token = house.signer.issue(PURPOSE, dict(claims), ttl=LINK_TTL, now=now)
    return f"{house.settings.public_url}/v1/evidence/{token}"


def _first_line(reading: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return next(iter(reading.get("results") or []), None) if reading else None


def _reading(reading: Mapping[str, Any] | None, line: Mapping[str, Any] | None) -> MachineReading:
    backend = str(reading.get("backend")) if reading else None
    if line is None:
        return MachineReading(None, None, (), backend)
    others = tuple((_shown(plate), float(confidence)) for plate, confidence in line["alternatives"][:5])
    return MachineReading(_shown(line["plate"]), float(line["confidence"]), others, backend)


def _shown(plate: str) -> str:
    parsed = parse_plate(plate)
    return parsed.shown if parsed else plate
