"""How cameras fare, hour by hour: messages, refusals, clock drift, and the quality of a picture now and then.

A camera's message can only come late, never early: of an hour's differences between its clock and ours the largest is
the one with the least delay in it, and is taken as the drift. Quality is measured on one picture of each camera every
few minutes: a trend needs no more, and no capture waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Integer, RowMapping, case, cast, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx, UtcDateTime
from app.core.house import House
from app.core.problems import Problem
from app.core.storage import ObjectMissing
from app.services.cameras.files import file_view
from app.services.cameras.models import CameraHour, Capture, EvidenceFile
from app.services.cameras.originals import read_original
from app.services.documents import measure_scene, off_loop

Reader = AsyncConnection | AsyncSession

HOUR = timedelta(hours=1)
KEPT_DAYS = 400
"""A year to compare with, and a month more."""

NOTED_EVERY = timedelta(minutes=1)
LATEST = timedelta(days=1)
USUAL_DAYS = 30
MEASURED_AT_ONCE = 200
"""Cameras whose picture one run measures; the next run goes on."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one camera. Drift in seconds, its clock less ours; sharpness and brightness as `documents.Scene`
    has them. None where nothing was measured."""

    hour: datetime
    messages: int
    refused: int
    drift_s: float | None
    sharpness: float | None
    brightness: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """The present state of a camera: when it was last heard, what came within a day, the last drift and quality of that
    day, and how sharp its pictures usually are."""

    last_at: datetime
    messages: int
    refused: int
    drift_s: float | None
    sharpness: float | None
    brightness: float | None
    usual_sharpness: float | None


async def note_seen(
    tx: Tx, device_id: UUID, *, drift: timedelta | None = None, messages: int = 1, refused: int = 0, reads: int = 0
) -> None:
    """Count what came of a camera now; `drift` is its clock less ours, None where the message says nothing of it."""
    insert = postgresql.insert if tx.house.db.dialect == "postgresql" else sqlite.insert
    seconds = None if drift is None else round(drift.total_seconds(), 3)
    counts = {"messages": messages, "refused": refused, "reads": reads}
    row = insert(CameraHour).values(device_id=device_id, hour=_hour(tx.now), last_at=tx.now, drift_s=seconds, **counts)
    known, new = col(CameraHour.drift_s), row.excluded.drift_s
    later = case((known.is_(None), new), (new > known, new), else_=known)
    await tx.session.execute(
        row.on_conflict_do_update(
            index_elements=[col(CameraHour.device_id), col(CameraHour.hour)],
            set_={
                **{name: getattr(CameraHour, name) + count for name, count in counts.items()},
                "last_at": row.excluded.last_at,
                "drift_s": known if seconds is None else later,
            },
        )
    )


async def note_alive(house: House, device_id: UUID) -> None:
    """Note that a camera was heard, by whatever is no message of a passage; written at most once in `NOTED_EVERY`."""
    query = select(col(CameraHour.hour)).where(
        col(CameraHour.device_id) == device_id, col(CameraHour.last_at) >= house.clock.now() - NOTED_EVERY
    )
    async with house.db.read() as connection:
        if (await connection.execute(query.limit(1))).first() is not None:
            return
    async with house.db.begin(SYSTEM) as tx:
        await note_seen(tx, device_id, messages=0)


async def health_of(source: Reader, device_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, Health]:
    """The present state of these cameras; those that were not heard within `USUAL_DAYS` are missing."""
    of_these = col(CameraHour.device_id).in_(device_ids)
    usual = (
        select(
            col(CameraHour.device_id),
            func.max(col(CameraHour.last_at), type_=UtcDateTime()).label("last_at"),
            func.avg(col(CameraHour.sharpness)).label("usual_sharpness"),
        )
        .where(of_these, col(CameraHour.hour) >= now - timedelta(days=USUAL_DAYS))
        .group_by(col(CameraHour.device_id))
    )
    latest = (
        select(CameraHour.__table__)  # type: ignore[attr-defined]
        .where(of_these, col(CameraHour.hour) >= now - LATEST)
        .order_by(col(CameraHour.hour))
    )
    hours: dict[UUID, list[RowMapping]] = {}
    for row in (await source.execute(latest)).mappings():
        hours.setdefault(row["device_id"], []).append(row)
    found: dict[UUID, Health] = {}
    for row in (await source.execute(usual)).mappings():
        mine = hours.get(row["device_id"], [])
        usually = row["usual_sharpness"]
        found[row["device_id"]] = Health(
            row["last_at"],
            messages=sum(each["messages"] for each in mine),
            refused=sum(each["refused"] for each in mine),
            drift_s=_last(mine, "drift_s"),
            sharpness=_last(mine, "sharpness"),
            brightness=_last(mine, "brightness"),
            usual_sharpness=None if usually is None else float(usually),
        )
    return found


async def hours_of(source: Reader, device_id: UUID, *, since: datetime) -> list[Hour]:
    """The hours of one camera in which it was heard, oldest first."""
    rows = await source.execute(
        select(CameraHour.__table__)  # type: ignore[attr-defined]
        .where(col(CameraHour.device_id) == device_id, col(CameraHour.hour) >= since)
        .order_by(col(CameraHour.hour))
    )
    names = ("hour", "messages", "refused", "drift_s", "sharpness", "brightness")
    return [Hour(*(row[name] for name in names)) for row in rows.mappings()]


async def furthest_ahead(source: Reader, device_id: UUID, *, about: datetime) -> timedelta | None:
    """How far this camera's clock was ahead by the least late message of the day before and after; negative where even that seemed
    behind, None where no message told the clock. The clock was ahead by no less than that."""
    near = col(CameraHour.hour).between(_hour(about - LATEST), about + LATEST)
    query = select(func.max(col(CameraHour.drift_s))).where(col(CameraHour.device_id) == device_id, near)
    seconds = (await source.execute(query)).scalar_one()
    return None if seconds is None else timedelta(seconds=seconds)


async def reads_of(source: Reader, device_id: UUID, *, since: datetime) -> int:
    """How many pictures this camera had read, without handing them in, since then."""
    total = cast(func.coalesce(func.sum(col(CameraHour.reads)), 0), Integer)
    query = select(total).where(col(CameraHour.device_id) == device_id, col(CameraHour.hour) >= since)
    return int((await source.execute(query)).scalar_one())


async def measure_pictures(house: House) -> None:
    """Job: measure the newest picture of each camera that was heard this hour and has no measure yet; forget old hours."""
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(delete(CameraHour).where(col(CameraHour.hour) < tx.now - timedelta(days=KEPT_DAYS)))
        unmeasured = (
            select(col(CameraHour.device_id))
            .where(col(CameraHour.hour) == _hour(tx.now), col(CameraHour.sharpness).is_(None))
            .limit(MEASURED_AT_ONCE)
        )
        device_ids, hour = list((await tx.session.execute(unmeasured)).scalars()), _hour(tx.now)
    for device_id in device_ids:
        await _measure(house, device_id, hour)


async def _measure(house: House, device_id: UUID, hour: datetime) -> None:
    async with house.db.read() as connection:
        newest = (
            select(EvidenceFile.__table__)  # type: ignore[attr-defined]
            .join(Capture, col(Capture.id) == col(EvidenceFile.capture_id))
            .where(
                col(Capture.device_id) == device_id, col(Capture.received_at) >= hour, col(EvidenceFile.position) == 0
            )
            .order_by(col(Capture.received_at).desc())
            .limit(1)
        )
        row = (await connection.execute(newest)).mappings().one_or_none()
    if row is None:
        return
    try:
        scene = await off_loop(measure_scene, await read_original(house, file_view(row)))
    except (Problem, ObjectMissing):
        return  # a picture that cannot be opened is the reading's business
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.session.get(CameraHour, (device_id, hour))
        if row is not None:
            row.sharpness, row.brightness = scene.sharpness, scene.brightness


def _last(hours: Sequence[RowMapping], name: str) -> float | None:
    return next((each[name] for each in reversed(hours) if each[name] is not None), None)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
