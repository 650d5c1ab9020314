"""Checking in by QR, also when the line was down: a device keeps its scans and sends them again until they are answered.

A scan is counted once by the id that the device gave it, and a person once by their booking. What counts is when it was
scanned, not when it arrived here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.core.actor import Actor
from app.core.crypto import BadToken
from app.core.db import Tx
from app.core.house import House
from app.services import cases
from app.services.appointments import days, grid, queue
from app.services.appointments.bookings import BookingView
from app.services.appointments.models import AppointmentBooking
from app.services.appointments.queue_models import QueueEntry, QueueScan

PURPOSE = "checkin"
MOST_SCANS = 100
SENT_WITHIN = timedelta(days=7)
"""How long after the slot a device may still send its scan."""


class Outcome(StrEnum):
    """What a scan did. ``counted``: they stand in the queue. ``again``: they did already. ``late``: it came after the day
    was over, so that they are noted as come. The others changed nothing."""

    COUNTED = "counted"
    AGAIN = "again"
    LATE = "late"
    NOT_OURS = "not_ours"
    NOT_BOOKED = "not_booked"
    OTHER_UNIT = "other_unit"
    OTHER_DAY = "other_day"


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a device: an id of its own, what the QR said, and when."""

    scan_id: UUID
    token: str
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What became of a scan. `starts_at` is the slot, where another day or unit was meant."""

    scan_id: UUID
    outcome: Outcome
    number: str | None = None
    starts_at: datetime | None = None


def check_in_token(house: House, booking: BookingView) -> str:
    """What the QR of an appointment says: it names the booking to us alone, and stays good when the booking is moved."""
    now = house.clock.now()
    ttl = max(booking.starts_at - now, timedelta(0)) + SENT_WITHIN
    return house.signer.issue(PURPOSE, {"booking": str(booking.id)}, ttl=ttl, now=now)


async def take_scans(house: House, actor: Actor, unit: str, scans: Sequence[Scan]) -> list[ScanResult]:
    """Take the scans of a device, each in a transaction of its own, oldest first; the answers stand as they were sent.

    Sent again, a scan gets the same answer. If this dies half-way, the device sends all of them once more.
    """
    results: dict[UUID, ScanResult] = {}
    for scan in sorted(scans, key=lambda each: each.scanned_at):
        async with house.db.begin(actor) as tx:
            results[scan.scan_id] = await take_scan(tx, unit, scan)
    return [results[scan.scan_id] for scan in scans]


async def take_scan(tx: Tx, unit: str, scan: Scan) -> ScanResult:
    """Check somebody in by their QR. Locks the case, then the unit's queue of the day."""
    booking = await _booking_of(tx, scan.token)
    if booking is None:
        return ScanResult(scan.scan_id, Outcome.NOT_OURS)
    await cases.get_locked(tx, booking.case_id, bound=False)
    await queue.lock_day(tx, unit)
    known = await tx.session.get(QueueScan, (unit, scan.scan_id))
    if known is not None:
        return await _as_before(tx, known)
    fresh = await tx.lock(AppointmentBooking, booking.id)
    if fresh is None:
        return ScanResult(scan.scan_id, Outcome.NOT_OURS)
    return await _count(tx, unit, scan, fresh)


async def _count(tx: Tx, unit: str, scan: Scan, booking: AppointmentBooking) -> ScanResult:
    """Count the scan of a booking that is locked, unless it means another unit, another day, or nothing that holds."""
    came_at = min(scan.scanned_at, tx.now)  # a device whose clock is ahead gains nothing
    zone = await days.zone_of(tx.session, booking.unit)
    day = grid.day_of(booking.starts_at, zone)
    if booking.unit != unit:
        return ScanResult(scan.scan_id, Outcome.OTHER_UNIT, starts_at=booking.starts_at)
    if booking.state not in ("confirmed", "attended", "missed"):
        return ScanResult(scan.scan_id, Outcome.NOT_BOOKED)
    if grid.day_of(came_at, zone) != day:
        return ScanResult(scan.scan_id, Outcome.OTHER_DAY, starts_at=booking.starts_at)
    today = grid.day_of(tx.now, zone) == day
    entry, outcome = await queue.entry_of(tx, booking.id), Outcome.AGAIN
    if entry is not None and today and _has_come_back(entry, came_at):
        entry, outcome = await queue.come_back(tx, entry, booking, arrived_at=came_at), Outcome.COUNTED
        await queue.tell_near(tx, unit, day)
    elif entry is not None and entry.state == "waiting":
        entry.arrived_at = min(entry.arrived_at, came_at)  # another device had seen them earlier
    elif entry is None and today:
        outcome = Outcome.COUNTED
        entry = await queue.join(
            tx, unit, day, kind=booking.kind, arrived_at=came_at, case_id=booking.case_id, booking=booking
        )
        await queue.tell_near(tx, unit, day)
    elif entry is None and booking.state != "attended":
        outcome = Outcome.LATE
        await queue.attend(tx, booking)
    row = QueueScan(
        unit=unit,
        scan_id=scan.scan_id,
        outcome=str(outcome),
        entry_id=entry.id if entry else None,
        scanned_at=scan.scanned_at,
        received_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()
    return ScanResult(scan.scan_id, outcome, entry.number if entry else None)


async def _booking_of(tx: Tx, token: str) -> AppointmentBooking | None:
    """The booking that a QR names, as it was when the transaction began; None for a token that is not ours."""
    try:
        claims = tx.house.signer.verify(PURPOSE, token, tx.now)
    except BadToken:
        return None
    return await tx.one(AppointmentBooking, UUID(str(claims["booking"])))


def _has_come_back(entry: QueueEntry, came_at: datetime) -> bool:
    """Whether somebody was seen after their number had been called in vain or they had gone home; a scan of before that, which
    arrives late, says nothing new."""
    return entry.state in queue.GONE and entry.ended_at is not None and came_at > entry.ended_at


async def _as_before(tx: Tx, known: QueueScan) -> ScanResult:
    entry = await tx.one(QueueEntry, known.entry_id) if known.entry_id else None
    return ScanResult(known.scan_id, Outcome(known.outcome), entry.number if entry else None)
