"""The sweep and the draws as background work."""

from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services.cases.draw import draw_announced
from app.services.cases.sweeping import sweep


async def _sweep(house: House) -> None:
    await sweep(house)


async def _draw(house: House) -> None:
    await draw_announced(house)


# One attempt each: the schedule tries again anyway. A draw is enqueued when it is announced; the schedule takes up
# what a killed process left, and what another sequencer was just about to cover.
JOBS = (Job("cases.sweep", _sweep, attempts=1), Job("cases.draw", _draw, attempts=1))
SCHEDULES = (
    Schedule("sweep-deadlines", "0 * * * * *", "cases.sweep"),
    Schedule("draw-announced", "3/10 * * * * *", "cases.draw"),
)
