"""What the queue forgets: after a while a number is nobody's any more, and whom the queue had lifted and why is gone."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, CursorResult, case, delete, or_, select, update
from sqlmodel import col

from app.core.db import Tx
from app.services.appointments.days import Reader
from app.services.appointments.queue_models import QueueEntry, QueueScan


async def units_with_numbers(reader: Reader, *, before: date) -> list[str]:
    """Units whose numbers of before that day still lead to somebody."""
    query = select(col(QueueEntry.unit)).where(col(QueueEntry.day) < before, _leads_to_somebody())
    return list((await reader.execute(query.distinct().order_by(col(QueueEntry.unit)))).scalars())


async def forget_numbers(tx: Tx, unit: str, *, before: date, scans_before: datetime) -> int:
    """Make the numbers of a unit's days before this one anonymous: no application, no booking, no reason of help. Times stay
    for the figures, and the log's leaves are commitments. Scans that no device sends again are deleted. How many numbers.
    """
    # Who came before their slot has waited since the slot (`pace.minutes_waited`): so the figures stay as they are.
    slot_at, arrived_at = col(QueueEntry.slot_at), col(QueueEntry.arrived_at)
    since = case((slot_at > arrived_at, slot_at), else_=arrived_at)
    done = await tx.session.execute(
        update(QueueEntry)
        .where(col(QueueEntry.unit) == unit, col(QueueEntry.day) < before, _leads_to_somebody())
        .values(case_id=None, booking_id=None, slot_at=None, helped=None, arrived_at=since)
    )
    await tx.session.execute(
        delete(QueueScan).where(col(QueueScan.unit) == unit, col(QueueScan.received_at) < scans_before)
    )
    return done.rowcount if isinstance(done, CursorResult) else 0


def _leads_to_somebody() -> ColumnElement[bool]:
    return or_(
        col(QueueEntry.case_id).is_not(None),
        col(QueueEntry.booking_id).is_not(None),
        col(QueueEntry.helped).is_not(None),
    )
