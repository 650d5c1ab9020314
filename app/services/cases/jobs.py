"""The sweep as background work."""

from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services.cases.sweeping import sweep


async def _sweep(house: House) -> None:
    await sweep(house)


# One attempt: the next minute tries again anyway.
JOBS = (Job("cases.sweep", _sweep, attempts=1),)
SCHEDULES = (Schedule("sweep-deadlines", "0 * * * * *", "cases.sweep"),)
