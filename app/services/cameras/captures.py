"""Captures: kept once however often a camera repeats itself, with the evidence exactly as it came."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.vault import keep_keys
from app.services.cameras.files import EvidenceFileView, Image, file_view
from app.services.cameras.health import note_seen
from app.services.cameras.metadata import CaptureMetadata, CheckedMetadata
from app.services.cameras.models import CameraMessage, Capture, EvidenceFile
from app.services.cameras.problems import CAPTURE_DIFFERS, CAPTURE_NOT_FOUND, IMAGE_COUNT

MOST_IMAGES = 8

Source = AsyncConnection | AsyncSession


class CaptureState(StrEnum):
    """How far the machine has come with a capture; what becomes of the case is told by the case."""

    RECEIVED = "received"
    READ = "read"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Came:
    """When a capture came to us, and how far its camera's clock was ahead then; None where the message says nothing of it."""

    at: datetime
    clock_ahead: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CaptureView:
    """A capture as other rooms see it. `files` holds at least one picture, `video` the film if one came; `reading` is
    None until it was read."""

    id: UUID
    device_id: UUID
    unit: str
    capture_id: str | None
    captured_at: datetime
    received_at: datetime
    clock_ahead_s: float | None
    violation_code: str
    location: str
    latitude: float | None
    longitude: float | None
    speed_kmh: float | None
    limit_kmh: float | None
    lane: str | None
    state: CaptureState
    reading: dict[str, JsonValue] | None
    files: tuple[EvidenceFileView, ...]
    video: EvidenceFileView | None = None


async def accept_capture(
    tx: Tx, device: Actor, images: Sequence[Image], checked: CheckedMetadata, *, came: Came | None = None
) -> tuple[CaptureView, bool]:
    """Keep a capture; True when it is new, False when this device has sent the very same before. A film stands behind
    the pictures. `came` is when and how where it was not now, with this call.

    Repetitions are told apart by the device's own capture id, else by all that was sent. Two messages at the
    same moment pass one after the other. Problems: cameras-image-count (422), and cameras-capture-differs
    (409) when the device's id came before with other pictures or other metadata."""
    pictures = sum(not _is_video(each.media_type) for each in images)
    if not 1 <= pictures <= MOST_IMAGES:
        raise IMAGE_COUNT(most=MOST_IMAGES, count=pictures)
    metadata = checked.metadata
    content = _content_sha256([image.sha256 for image in images], metadata)
    body_key = _body_key(device, metadata.capture_id, content)
    await tx.serialise(f"capture:{body_key}")
    known = (await tx.session.execute(select(Capture).where(col(Capture.body_key) == body_key))).scalar_one_or_none()
    if known is not None:
        if known.content_sha256 != content:
            raise CAPTURE_DIFFERS(capture_id=metadata.capture_id)
        return await get_capture(tx.session, known.id), False
    came = came or Came(tx.now, None if metadata.sent_at is None else metadata.sent_at - tx.now)
    capture = _capture(device, metadata, came, body_key=body_key, content=content)
    tx.session.add(capture)
    await tx.session.flush()
    await keep_keys(tx, [image.key for image in images if image.key is not None])
    tx.session.add_all(
        EvidenceFile(
            capture_id=capture.id,
            position=position,
            sha256=image.sha256,
            media_type=image.media_type,
            width=image.width,
            height=image.height,
            taken_at=metadata.captured_at,
            stored_as=image.stored_as,
            key_id=None if image.key is None else image.key.id,
        )
        for position, image in enumerate(images)
    )
    await tx.session.flush()
    await note_seen(tx, capture.device_id, drift=came.clock_ahead)
    return await get_capture(tx.session, capture.id), True


async def find_repeated(
    source: Source, device: Actor, pictures: Sequence[str], metadata: CaptureMetadata
) -> CaptureView | None:
    """The capture that this device handed in with the very same content (SHA-256 of each picture) before: it stays accepted, however old it is
    by now. None for what is new, and for an own id that came with another content."""
    content = _content_sha256(pictures, metadata)
    query = select(col(Capture.id), col(Capture.content_sha256)).where(
        col(Capture.body_key) == _body_key(device, metadata.capture_id, content)
    )
    row = (await source.execute(query)).one_or_none()
    return None if row is None or row.content_sha256 != content else await get_capture(source, row.id)


async def get_capture(source: Source, id: UUID, *, device: Actor | None = None) -> CaptureView:
    """The capture; with `device`, only if that device sent it. Problem: cameras-capture-not-found (404)."""
    query = select(Capture.__table__).where(col(Capture.id) == id)  # type: ignore[attr-defined]
    row = (await source.execute(query)).mappings().one_or_none()
    if row is None or (device is not None and str(row["device_id"]) != device.id):
        raise CAPTURE_NOT_FOUND()
    files = await source.execute(
        select(EvidenceFile.__table__)  # type: ignore[attr-defined]
        .where(col(EvidenceFile.capture_id) == id)
        .order_by(col(EvidenceFile.position))
    )
    return _view(row, [file_view(each) for each in files.mappings()])


async def record_reading(tx: Tx, capture_id: UUID, reading: dict[str, JsonValue]) -> None:
    """Keep what the recogniser said of the capture: `results`, best first, empty when nothing was read.
    Problem: cameras-capture-not-found (404)."""
    capture = await tx.lock(Capture, capture_id)
    if capture is None:
        raise CAPTURE_NOT_FOUND()
    capture.reading = reading
    capture.state = CaptureState.READ if reading.get("results") else CaptureState.UNREADABLE
    await tx.session.flush()


async def trim_reading(tx: Tx, capture_id: UUID, results: Sequence[JsonValue]) -> None:
    """Keep these lines alone of what the recogniser said of a capture, and nothing of who said what: its pictures are gone, and
    others' plates with them."""
    capture = await tx.lock(Capture, capture_id)
    if capture is not None and capture.reading is not None:
        capture.reading = {**capture.reading, "results": list(results), "votes": []}
        await tx.session.flush()


async def mark_idle(tx: Tx, capture_id: UUID) -> None:
    """Note that a capture was read and accuses nobody: from now on its time runs, unless a case takes it up after all."""
    await tx.session.execute(update(Capture).where(col(Capture.id) == capture_id).values(idle_since=tx.now))


async def mark_needed(tx: Tx, capture_ids: Collection[UUID]) -> None:
    """Note that a case has taken captures up after all."""
    if capture_ids:
        await tx.session.execute(update(Capture).where(col(Capture.id).in_(capture_ids)).values(idle_since=None))


async def forget(tx: Tx, capture_ids: Sequence[UUID]) -> None:
    """Delete the rows of captures for good, after `deletions.delete_evidence` has taken their files."""
    await tx.session.execute(delete(EvidenceFile).where(col(EvidenceFile.capture_id).in_(capture_ids)))
    await tx.session.execute(delete(CameraMessage).where(col(CameraMessage.capture_id).in_(capture_ids)))
    await tx.session.execute(delete(Capture).where(col(Capture.id).in_(capture_ids)))


def _capture(device: Actor, metadata: CaptureMetadata, came: Came, *, body_key: str, content: str) -> Capture:
    return Capture(
        device_id=UUID(device.id),
        unit=device.unit or "",
        capture_id=metadata.capture_id,
        body_key=body_key,
        content_sha256=content,
        captured_at=metadata.captured_at,
        received_at=came.at,
        clock_ahead_s=None if came.clock_ahead is None else came.clock_ahead.total_seconds(),
        violation_code=metadata.violation_code,
        location=metadata.location,
        latitude=metadata.latitude,
        longitude=metadata.longitude,
        speed_kmh=metadata.speed_kmh,
        limit_kmh=metadata.limit_kmh,
        lane=metadata.lane,
        state=CaptureState.RECEIVED,
    )


def _content_sha256(pictures: Sequence[str], metadata: CaptureMetadata) -> str:
    # `sent_at` is left out: a camera that repeats a message after an outage sends it at another time.
    said = [
        list(pictures),
        metadata.captured_at.isoformat(),
        metadata.violation_code,
        metadata.location,
        [metadata.latitude, metadata.longitude, metadata.speed_kmh, metadata.limit_kmh, metadata.lane],
    ]
    return hashlib.sha256(orjson.dumps(said)).hexdigest()


def _body_key(device: Actor, capture_id: str | None, content: str) -> str:
    own = ["content", content] if capture_id is None else ["id", capture_id]
    return hashlib.sha256(orjson.dumps([device.id, *own])).hexdigest()


def _view(row: RowMapping, files: Sequence[EvidenceFileView]) -> CaptureView:
    return CaptureView(
        id=row["id"],
        device_id=row["device_id"],
        unit=row["unit"],
        capture_id=row["capture_id"],
        captured_at=row["captured_at"],
        received_at=row["received_at"],
        clock_ahead_s=row["clock_ahead_s"],
        violation_code=row["violation_code"],
        location=row["location"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        speed_kmh=row["speed_kmh"],
        limit_kmh=row["limit_kmh"],
        lane=row["lane"],
        state=CaptureState(row["state"]),
        reading=row["reading"],
        files=tuple(each for each in files if not _is_video(each.media_type)),
        video=next((each for each in files if _is_video(each.media_type)), None),
    )


def _is_video(media_type: str) -> bool:
    return media_type.startswith("video/")
