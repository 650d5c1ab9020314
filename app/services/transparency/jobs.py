"""The sequencer as background work."""

from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services.transparency.log import sequence


async def _sequence(house: House) -> None:
    await sequence(house)


# One attempt: the schedule tries again within seconds anyway.
JOBS = (Job("transparency.sequence", _sequence, attempts=1),)
SCHEDULES = (Schedule("sequence-log", "*/5 * * * * *", "transparency.sequence"),)
