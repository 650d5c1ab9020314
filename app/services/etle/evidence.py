"""What the machine saw, shown so that it can be doubted: picture, crop, reading, confidence, the camera's certificate.

The original stays byte for byte, sealed, and is opened with a reason alone (`openings`); its SHA-256 is told. What people see,
staff too, is a copy without EXIF in which every face and every other plate is covered (`shown`). Links are signed and
short-lived, and name case, capture and place, not the file.
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
from app.core.problems import Problem
from app.services import cameras
from app.services.etle import sections
from app.services.etle.evidence_models import ShownPicture
from app.services.etle.models import Ticket, TicketCapture
from app.services.etle.plates_seen import Seen, plates_seen
from app.services.etle.problems import EVIDENCE_MISSING, TICKET_NOT_FOUND
from app.services.etle.shown import CROP, PHOTO, Finders, make_shown, open_shown, shown_of
from app.services.etle.views import (
    AverageSpeed,
    CameraView,
    DeletedEvidence,
    EvidenceItem,
    EvidenceView,
    MachineReading,
)
from app.services.recognition import PlateLook, Validity, read_characters
from app.services.reference import parse_plate

LINK_TTL = timedelta(minutes=15)
PURPOSE = "evidence"
MAX_CAPTURES = 10
"""Captures of one case that are shown: its own, and those that came within the policy's window."""


class Viewer(StrEnum):
    """Who looks. A picture in which no recogniser has looked for plates is for staff alone, with whatever we find covered."""

    PERSON = "person"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Exhibits:
    """The captures of a case, its own first and then those that joined it, the plate on which it stands, and the average speed
    where two cameras measured one."""

    case_id: UUID
    plate: str | None
    captures: tuple[cameras.CaptureView, ...]
    shown: Mapping[tuple[UUID, int], ShownPicture]
    average: AverageSpeed | None


@dataclass(frozen=True, slots=True)
class Picture:
    """The photograph as it is shown, None once it was deleted by policy; the crop of the plate and what was read there, if there
    is a reading."""

    photo: bytes | None
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
    captures = tuple([await cameras.get_capture(source, each) for each in ids])
    average = await sections.average_of(source, row.capture_id)
    return Exhibits(case_id, row.plate, captures, await shown_of(source, ids, row.plate), average)


def evidence_view(
    house: House, exhibits: Exhibits, device: cameras.DeviceView | None, *, viewer: Viewer, now: datetime
) -> EvidenceView:
    """The evidence of a case, with fresh links. Who is not staff gets no picture in which nobody has looked for plates, and
    nobody one that was deleted by policy: of it, its SHA-256 and when it went are told."""
    items: list[EvidenceItem] = []
    for capture in exhibits.captures:
        for place, (file, seen) in enumerate(zip(capture.files, _seen(exhibits, capture), strict=True)):
            looked_at = seen or _unread(house, viewer)
            if looked_at is None or file.deleted_at is not None:
                continue
            claims = {"case": str(exhibits.case_id), "capture": str(capture.id), "file": place, "viewer": str(viewer)}
            made = exhibits.shown.get((capture.id, place))
            items.append(
                EvidenceItem(
                    url=_link(house, {**claims, "kind": PHOTO}, now),
                    crop_url=_link(house, {**claims, "kind": CROP}, now) if looked_at.own else None,
                    sha256=file.sha256,
                    shown_sha256=made.photo_sha256 if made else None,
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
        deleted=tuple(
            DeletedEvidence(file.sha256, file.deleted_at)
            for capture in exhibits.captures
            for file in (*capture.files, *([capture.video] if capture.video else []))
            if file.deleted_at is not None
        ),
        average=exhibits.average,
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
    seen = _seen(exhibits, capture)[place] or _unread(house, viewer)
    return await _picture(house, exhibits, (capture, place), seen, kind)


async def picture_for_paper(house: House, exhibits: Exhibits) -> Picture:
    """Photograph and crop for a letter: the first picture of the case in which its plate is to be seen."""
    capture = exhibits.captures[0]
    seen = _best(exhibits, capture)
    place = next(place for place, each in enumerate(_seen(exhibits, capture)) if each == seen)
    if capture.files[place].deleted_at is not None:
        return Picture(None, None)
    photo = await _picture(house, exhibits, (capture, place), seen, PHOTO)
    if seen.own is None:
        return Picture(photo, None)
    async with house.db.read() as connection:
        exhibits = await exhibits_of(connection, exhibits.case_id)
    crop = await _picture(house, exhibits, (capture, place), seen, CROP)
    return Picture(photo, crop, _reading(capture.reading, seen.reading))


async def cover_case(house: House, case_id: str) -> None:
    """Job: make what will be shown of a case's pictures, where it is not made yet. Twice is once."""
    async with house.db.read() as connection:
        try:
            exhibits = await exhibits_of(connection, UUID(case_id))
        except Problem:
            return  # forgotten meanwhile
    for capture in exhibits.captures:
        for place, seen in enumerate(_seen(exhibits, capture)):
            looked_at = seen or _unread(house, Viewer.STAFF)
            if looked_at is None or (capture.id, place) in exhibits.shown:
                continue
            try:
                await make_shown(house, capture.id, place, looked_at, exhibits.plate)
            except Problem:
                continue  # a picture that cannot be opened, or was deleted: whoever looks is told


async def _picture(
    house: House, exhibits: Exhibits, which: tuple[cameras.CaptureView, int], seen: Seen | None, kind: str
) -> bytes:
    """The picture as it was made, or made now: the plate may have been corrected since the link was."""
    capture, place = which
    file = capture.files[place]
    if seen is None or file.deleted_at is not None or kind not in (PHOTO, CROP):
        raise EVIDENCE_MISSING()
    row = exhibits.shown.get((capture.id, place))
    if row is None:
        file, row = await make_shown(house, capture.id, place, seen, exhibits.plate)
    return await open_shown(house, file, row, kind)


def _unread(house: House, viewer: Viewer) -> Seen | None:
    """What is known of plates in a picture that no recogniser has read: only what we find ourselves, for staff."""
    return Seen(None, ()) if viewer is Viewer.STAFF and house[Finders].finds_plates else None


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
    backend = reading.get("backend") if reading else None
    if line is None:
        return MachineReading(
            None, None, (), backend, no_plate=bool(reading and backend and not reading.get("results"))
        )
    plate, alternatives = str(line["plate"]), line["alternatives"][:5]
    others = tuple((_shown(other), float(confidence)) for other, confidence in alternatives)
    confidences = [float(each) for each in line.get("characters") or []]
    characters = read_characters(plate, confidences, [str(other) for other, _confidence in alternatives])
    look, validity = line.get("look"), line.get("validity")
    return MachineReading(
        _shown(plate),
        float(line["confidence"]),
        others,
        backend,
        characters,
        PlateLook(**look) if look else None,
        Validity(**validity) if validity else None,
    )


def _shown(plate: str) -> str:
    parsed = parse_plate(plate)
    return parsed.shown if parsed else plate
