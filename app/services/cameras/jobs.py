"""Background work of the cameras' room."""

from app.core.jobs import Job, Schedule
from app.services.cameras import health, messages

JOBS: tuple[Job, ...] = (
    Job("cameras.measure_pictures", health.measure_pictures, attempts=1),
    Job("cameras.forget_messages", messages.forget_messages, attempts=2),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("measure-camera-pictures", "50 5,25,45 * * * *", "cameras.measure_pictures"),
    Schedule("forget-camera-messages", "10 15 * * * *", "cameras.forget_messages"),
)
