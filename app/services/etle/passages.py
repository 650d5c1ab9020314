"""Two sightings of one plate: the same passage, an average speed, or two vehicles that bear it.

Cameras' clocks are never quite right, so an instant is what the camera says less what its clock was ahead when it sent,
with the span within which the truth lies. A message can only come late, so what looks like a clock that is behind may as
well be a slow line or a repetition: all of that is doubt. So is what a message lacks to the least late one of its camera's day: the clock was ahead by that
much, and the rest is delay. Whoever is accused has the good of it: a speed is the least that both spans allow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core.db import Tx
from app.services import cameras, cases
from app.services.cameras.models import Capture, EvidenceFile
from app.services.etle.models import Ticket, TicketCapture
from app.services.etle.passage_models import CloneAlert, SectionPassage
from app.services.reference import EtlePolicy

EARTH_M = 6_371_000
SENDING_S = 2.0
"""Seconds between a camera's `sent_at` and our receiving that do not show in the difference, at most."""
CLONE_ALERT = "clone_alert"
"""The work item of whoever looks into a plate that was at two places."""
LEAST_METRES = 3_000
"""Nearer sightings say nothing: two lanes of one junction, a wrong position, a vehicle that stood still."""


@dataclass(frozen=True, slots=True)
class Instant:
    """When a vehicle was at a camera, by our clock, and how far the truth may lie from it either way."""

    at: datetime
    unsure: timedelta


async def instant_of(tx: Tx, capture: cameras.CaptureView, *, tolerance: timedelta) -> Instant:
    """The instant of a capture. A camera that tells its clock is put right by it; of one that does not we only know that
    its clock is refused beyond `tolerance`."""
    if capture.clock_ahead_s is None:
        return Instant(capture.captured_at, tolerance)
    furthest = await cameras.furthest_ahead(tx.session, capture.device_id, about=capture.received_at)
    return put_right(capture.captured_at, timedelta(seconds=capture.clock_ahead_s), furthest or timedelta(0))


def put_right(said: datetime, ahead: timedelta, furthest: timedelta) -> Instant:
    """What a camera said, less what its clock was ahead by this message; `furthest` is the most that another message of its day
    showed. What this one lacks to it, or to a clock that is right, may be delay, and is doubt."""
    return Instant(said - ahead, timedelta(seconds=SENDING_S) + max(timedelta(0), furthest, ahead) - ahead)


def longest_between(one: Instant, other: Instant) -> timedelta:
    """The longest time that may have passed between two instants, whichever was first."""
    return abs(other.at - one.at) + one.unsure + other.unsure


def least_kmh(metres: float, one: Instant, other: Instant) -> float:
    """The least average speed over a distance that both instants allow, in km/h."""
    seconds = longest_between(one, other).total_seconds()
    return metres / seconds * 3.6 if seconds > 0 else math.inf


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance of two places (latitude, longitude in degrees) in a straight line over a round earth (haversine): no
    road is shorter, and the earth's true shape changes it by half a per cent."""
    (lat, lon), (lat2, lon2) = ((math.radians(each) for each in place) for place in (one, other))
    half = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))


async def case_of_same_pictures(tx: Tx, capture: cameras.CaptureView, *, window: timedelta) -> UUID | None:
    """The case of another capture of that time, give or take `window`, that has all pictures of this one, byte for byte: that was
    sent twice (after a lost answer, under another number, or by two ways, of which one may say the time to the second alone)."""
    hashes = {each.sha256 for each in capture.files}
    await tx.serialise(f"pictures:{min(hashes)}")
    shared = (
        select(col(EvidenceFile.capture_id), col(EvidenceFile.sha256))
        .join(Capture, col(Capture.id) == col(EvidenceFile.capture_id))
        .where(
            col(EvidenceFile.sha256).in_(hashes),
            col(EvidenceFile.capture_id) != capture.id,
            col(Capture.violation_code) == capture.violation_code,
            col(Capture.captured_at).between(capture.captured_at - window, capture.captured_at + window),
        )
    )
    held: dict[UUID, set[str]] = {}
    for other, sha256 in await tx.session.execute(shared):
        held.setdefault(other, set()).add(sha256)
    same = [other for other, found in held.items() if found == hashes]
    return await case_with(tx, same)


async def case_with(tx: Tx, captures: Sequence[UUID]) -> UUID | None:
    """The case that has one of these captures, as its own or joined to it."""
    own = select(col(Ticket.case_id)).where(col(Ticket.capture_id).in_(captures))
    joined = select(col(TicketCapture.case_id)).where(col(TicketCapture.capture_id).in_(captures))
    for query in (own, joined):
        found_case = (await tx.session.execute(query.limit(1))).scalar_one_or_none()
        if found_case is not None:
            return found_case
    return None


def is_same_place(one: cameras.CaptureView, other: Capture, *, metres: int) -> bool:
    """Whether two captures are of one place: it has one name, or the positions are next to each other (two lanes, each with
    a camera of its own)."""
    if one.location == other.location:
        return True
    places = _place(one), _place(other)
    return places[0] is not None and places[1] is not None and metres_between(places[0], places[1]) <= metres


async def look_for_clone(
    tx: Tx, case: cases.Case, ticket: Ticket, capture: cameras.CaptureView, policy: EtlePolicy
) -> bool:
    """Raise an alert where the plate was elsewhere so shortly before or after that no vehicle gets there; True if so.

    Only sure readings count, and the least speed that both clocks allow. The case becomes doubtful: two persons look at it
    before a letter leaves, and a senior officer has the alert as work on it."""
    here = _place(capture)
    if not policy.clone_kmh or here is None or ticket.plate is None or ticket.doubtful:
        return False
    tolerance = timedelta(minutes=policy.clock_tolerance_minutes)
    span = timedelta(hours=policy.clone_hours)
    others = (
        select(Capture)
        .join(Ticket, col(Ticket.capture_id) == col(Capture.id))
        .where(
            col(Ticket.plate) == ticket.plate,
            col(Ticket.occurred_at) >= capture.captured_at - span,
            col(Ticket.occurred_at) <= capture.captured_at + span,
            col(Ticket.case_id) != case.id,
            col(Ticket.machine_plate) == col(Ticket.plate),
            col(Ticket.confidence) >= policy.accept_confidence,
            col(Capture.latitude).is_not(None),
            col(Capture.longitude).is_not(None),
        )
        .order_by(col(Capture.captured_at).desc())
        .limit(50)
    )
    for other in (await tx.session.execute(others)).scalars():
        there = _place(other)
        if there is None:
            continue
        metres = metres_between(here, there)
        seen = await cameras.get_capture(tx.session, other.id)
        one, two = [await instant_of(tx, each, tolerance=tolerance) for each in (capture, seen)]
        speed = least_kmh(metres, one, two)
        if metres >= LEAST_METRES and speed > policy.clone_kmh:
            await _raise(
                tx, case, ticket, (capture, seen), metres=metres, speed=speed, seconds=longest_between(one, two)
            )
            return True
    return False


async def list_alerts(
    connection: AsyncConnection, polda: str | None, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Sequence[CloneAlert]:
    """Alerts of a Polda (None: of all), newest first."""
    query = select(CloneAlert).order_by(col(CloneAlert.raised_at).desc(), col(CloneAlert.id).desc()).limit(limit)
    if polda is not None:
        query = query.where(col(CloneAlert.polda_code) == polda)
    if after is not None:
        at, id_ = after
        older = (col(CloneAlert.raised_at) == at) & (col(CloneAlert.id) < id_)
        query = query.where(or_(col(CloneAlert.raised_at) < at, older))
    return [CloneAlert(**row) for row in (await connection.execute(query)).mappings()]


async def forget(tx: Tx, case_id: UUID, captures: Sequence[UUID]) -> None:
    """Delete what was noted of these captures: with the ticket goes what it said together with another picture."""
    alerts = or_(
        col(CloneAlert.case_id) == case_id,
        col(CloneAlert.earlier_capture_id).in_(captures),
        col(CloneAlert.later_capture_id).in_(captures),
    )
    await tx.session.execute(delete(CloneAlert).where(alerts))
    await forget_passages(tx, captures)


async def forget_passages(tx: Tx, captures: Sequence[UUID]) -> None:
    """Delete what was noted at the ends of road sections."""
    ends = or_(col(SectionPassage.capture_id).in_(captures), col(SectionPassage.other_id).in_(captures))
    await tx.session.execute(delete(SectionPassage).where(ends))


async def _raise(
    tx: Tx,
    case: cases.Case,
    ticket: Ticket,
    pair: tuple[cameras.CaptureView, cameras.CaptureView],
    *,
    metres: float,
    speed: float,
    seconds: timedelta,
) -> None:
    earlier, later = sorted(pair, key=lambda each: each.captured_at)
    tx.session.add(
        CloneAlert(
            plate=ticket.plate or "",
            polda_code=ticket.polda_code,
            earlier_capture_id=earlier.id,
            later_capture_id=later.id,
            case_id=case.id,
            metres=round(metres),
            seconds=round(seconds.total_seconds()),
            least_kmh=min(round(speed), 99_999),
            raised_at=tx.now,
        )
    )
    ticket.doubtful = True
    await tx.session.flush()
    note = f"{round(metres / 1000)} km, {round(seconds.total_seconds() / 60)} min, >= {min(round(speed), 99_999)} km/h"
    await cases.open_task(
        tx, case.id, CLONE_ALERT, role="senior_officer", unit=case.unit, lasts=cases.Lasts.DONE, note=note
    )


def _place(capture: cameras.CaptureView | Capture) -> tuple[float, float] | None:
    if capture.latitude is None or capture.longitude is None:
        return None
    return capture.latitude, capture.longitude
