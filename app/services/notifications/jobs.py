"""Background work of this room."""

from app.core.jobs import Job, Schedule
from app.services.notifications.paper_post import collect_letters
from app.services.notifications.sending import deliver, retry_due

JOBS: tuple[Job, ...] = (
    Job("notifications.deliver", deliver, queue="delivery"),
    Job("notifications.retry_due", retry_due, attempts=1),
    Job("notifications.collect_letters", collect_letters, attempts=3),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("retry-messages", "30 * * * * *", "notifications.retry_due"),
    Schedule("collect-letters", "0 0 20 * * *", "notifications.collect_letters"),  # 03:00 in Jakarta
)
