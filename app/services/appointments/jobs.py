"""Background work of appointments: ended holds, offers, drawn days, and days that are over."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services import reference
from app.services.appointments import bookings, days, grid, queue, records, slot_draw, waiting, windows
from app.services.appointments.models import AppointmentBooking
from app.services.appointments.queue_models import QueueEntry

MISSED_AFTER = timedelta(hours=12)
"""How long after a day is over its bookings count as missed: a device may still send what it scanned."""
AT_ONCE = 200


async def expire_holds(house: House) -> None:
    """Give back the places of holds that have ended."""
    while True:
        async with house.db.begin(SYSTEM) as tx:
            if await bookings.expire_holds(tx) < bookings.EXPIRED_AT_ONCE:
                return


async def offer_places(house: House, unit: str = "", kind: str = "") -> None:
    """Offer free places to who waits: in one list, or in all of them."""
    if unit:
        await waiting.offer_places(house, unit, kind)
        return
    async with house.db.read() as connection:
        lists = await waiting.lists_that_wait(connection)
    for each_unit, each_kind in lists:
        await waiting.offer_places(house, each_unit, each_kind)


async def holidays_added(house: House, added: Sequence[str]) -> None:
    """Days became national holidays after people may have booked on them: each of these is told, with the next free time."""
    for day in map(date.fromisoformat, added):
        async with house.db.read() as connection:
            units = await windows.units_booked_on(connection, day, now=house.clock.now())
        for unit in units:
            async with house.db.begin(SYSTEM) as tx:
                await windows.tell_of_holiday(tx, unit, day)


async def draw_days(house: House) -> None:
    """Open the hours of drawn days, and draw those that are over."""
    await slot_draw.draw_days(house)


async def close_days(house: House) -> None:
    """Tidy up after days that are over: queues are emptied, and who was booked and never came is missed."""
    await _close_queues(house)
    await _miss_bookings(house)


async def _close_queues(house: House) -> None:
    async with house.db.read() as connection:
        entry = QueueEntry
        query = select(col(entry.unit), col(entry.day)).where(col(entry.state).in_(("waiting", "called", "serving")))
        found = list(await connection.execute(query.distinct().limit(AT_ONCE)))
        over = [
            (unit, day)
            for unit, day in found
            if day < grid.day_of(house.clock.now(), await days.zone_of(connection, unit))
        ]
    for unit, day in over:
        async with house.db.begin(SYSTEM) as tx:
            await queue.close_entries(tx, unit, day)


async def _miss_bookings(house: House) -> None:
    """One transaction for each: the case is told, and nobody else waits for it."""
    async with house.db.read() as connection:
        booking = AppointmentBooking
        before = house.clock.now() - MISSED_AFTER
        query = select(col(booking.id), col(booking.unit), col(booking.starts_at)).where(
            col(booking.state) == "confirmed", col(booking.starts_at) < before
        )
        found = list(await connection.execute(query.order_by(col(booking.starts_at)).limit(AT_ONCE)))
        over = []
        for id_, unit, starts_at in found:
            zone = await days.zone_of(connection, unit)
            if grid.day_of(before, zone) > grid.day_of(starts_at, zone):
                over.append(id_)
    for id_ in over:
        async with house.db.begin(SYSTEM) as tx:
            row = await tx.lock(AppointmentBooking, id_)
            if row is None or row.state != "confirmed":
                continue
            row.state, row.ended_at = "missed", tx.now
            await records.note_booking(tx, row, "missed")
            await tx.enqueue(queue.MISSED, str(row.case_id))


# The schedules take up what a killed process left; places are offered at once by a job that letting one go enqueues.
JOBS: tuple[Job, ...] = (
    Job("appointments.expire_holds", expire_holds, attempts=1),
    Job(bookings.OFFER_PLACES, offer_places, attempts=2),
    Job(reference.HOLIDAYS_ADDED, holidays_added),
    Job("appointments.draw_days", draw_days, attempts=1),
    Job("appointments.close_days", close_days, attempts=1),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("expire-holds", "10 * * * * *", "appointments.expire_holds"),
    Schedule("offer-places", "15 * * * * *", bookings.OFFER_PLACES),
    Schedule("draw-days", "7/20 * * * * *", "appointments.draw_days"),
    Schedule("close-days", "0 5/15 * * * *", "appointments.close_days"),
)
