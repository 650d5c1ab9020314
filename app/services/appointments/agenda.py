"""Who comes on one day: the living bookings of a unit, by time, for its staff. Names nobody: a case shows by its reference. And
which cases keep a place from others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import CompoundSelect, select, union
from sqlmodel import col

from app.services.appointments import days, grid
from app.services.appointments.days import Reader
from app.services.appointments.models import AppointmentBooking, AppointmentWait, SlotAsk, SlotDraw
from app.services.cases import Case

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Visit:
    """A booking in the day's list. `state` is ``held``, ``confirmed``, ``attended`` or ``missed``."""

    case_id: UUID
    reference: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    state: str


async def visits_of(reader: Reader, unit: str, day: date, *, now: datetime) -> Sequence[Visit]:
    """The bookings of a day of the unit's zone, in the order of time. Raises `reference-unit-not-found`."""
    zone = await days.zone_of(reader, unit)
    booking = AppointmentBooking
    query = (
        select(
            col(booking.case_id),
            col(Case.reference),
            col(booking.kind),
            col(booking.starts_at),
            col(booking.ends_at),
            col(booking.state),
        )
        .join(Case, col(Case.id) == col(booking.case_id))
        .where(
            col(booking.unit) == unit,
            col(booking.starts_at) >= grid.day_begins(day, zone),
            col(booking.starts_at) < grid.day_begins(day + timedelta(days=1), zone),
            days.takes_place(now),
        )
        .order_by(col(booking.starts_at), col(booking.place), col(Case.reference))
        .limit(MOST)
    )
    return [Visit(*row) for row in await reader.execute(query)]


def takers(kind: str, *, now: datetime) -> CompoundSelect[UUID]:
    """The cases that hold a place of this kind that is not firm yet, wait for one, or ask for one on a drawn day; to be joined by
    the room that knows whose they are."""
    booking, wait = AppointmentBooking, AppointmentWait
    held = select(col(booking.case_id)).where(
        col(booking.kind) == kind, col(booking.state) == "held", days.takes_place(now)
    )
    waiting = select(col(wait.case_id)).where(col(wait.kind) == kind, col(wait.state).in_(("waiting", "offered")))
    asking = (
        select(col(SlotAsk.case_id))
        .join(SlotDraw, col(SlotDraw.id) == col(SlotAsk.draw_id))
        .where(col(SlotDraw.kind) == kind, col(SlotDraw.status) != "drawn", col(SlotAsk.withdrawn_at).is_(None))
    )
    return union(held, waiting, asking)
