"""Background work of the public figures."""

from app.core.jobs import Job, Schedule
from app.services.statistics.figures import roll_up

JOBS: tuple[Job, ...] = (Job("statistics.roll_up", roll_up, attempts=1),)
SCHEDULES: tuple[Schedule, ...] = (Schedule("roll-up-statistics", "0 20 17 * * *", "statistics.roll_up"),)
