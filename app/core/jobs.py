"""Background work on DBOS, in the same database: a job exists exactly if the transaction that asked for it committed.

A job is a plain coroutine ``run(house, *ids)`` that may run twice: it takes ids, calls out between transactions and
records the outcome. Each runs as one durable DBOS workflow with one retried step. Schedules are cron lines on the same
engine; the work they start must be harmless when it runs twice at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from dbos import DBOS, DBOSClient, WorkflowSerializationFormat
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.actor import SYSTEM
from app.core.db import Database, Enqueuer, JsonValue

if TYPE_CHECKING:
    from app.core.house import House

Queue = Literal["default", "recognition", "shadow", "pictures", "delivery", "registers", "banks"]
QUEUES: dict[Queue, int] = {
    "default": 8,
    "recognition": 4,
    "shadow": 2,
    "pictures": 2,
    "delivery": 8,
    "registers": 8,
    "banks": 4,
}
"""Jobs of each queue that one worker process runs at once. A job that waits to be tried again keeps its place, so what is
waiting for a silent register stands in nobody's way but its own."""

RETRY_FIRST_S = 1.0
RETRY_GROWTH = 3.0
GIVEN_UP_AFTER = timedelta(minutes=20)
"""The eight tries of a job that calls out take 18 minutes together. What is older and not done waits for nobody any more:
a schedule of its room starts it again, for an outage may last a day."""
POLL_S = 0.3
DONE_KEPT_HOURS = 48
CLOSING_THREADS = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A kind of background work: its name (``room.verb``), what runs, where it queues, how often it is tried."""

    name: str
    run: Callable[..., Awaitable[None]]
    queue: Queue = "default"
    attempts: int = 5


@dataclass(frozen=True)
class Schedule:
    """Start a job without arguments by a cron line with seconds first (``"0 * * * * *"`` is each minute, UTC)."""

    name: str
    cron: str
    job: str


class DbosEnqueuer(Enqueuer):
    """The outbox: writes the job's row into DBOS's tables through the caller's own transaction."""

    def __init__(self, db: Database, jobs: Sequence[Job]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._url = db.url
        self._client: DBOSClient | None = None

    async def enqueue(self, session: AsyncSession, job: str, *args: JsonValue) -> None:
        if self._client is None:
            self._client = await asyncio.to_thread(DBOSClient, system_database_url=self._url, lazy=True)
        client = self._client
        known = self._jobs[job]
        await session.run_sync(
            lambda sync: client.enqueue_in_transaction(
                sync,
                {
                    "workflow_name": known.name,
                    "queue_name": known.queue,
                    "serialization_type": WorkflowSerializationFormat.PORTABLE,
                },
                *args,
            )
        )

    async def aclose(self) -> None:
        """Let go of the client's own connections."""
        if self._client is not None:
            await asyncio.to_thread(self._client.destroy)


class Worker:
    """Runs the jobs and schedules of one house in this process and event loop."""

    def __init__(self, house: "House", jobs: Sequence[Job], schedules: Sequence[Schedule]) -> None:
        self._house, self._jobs, self._schedules = house, jobs, schedules
        self._running: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Launch DBOS, take up what a killed process left behind, and listen to the queues."""
        logging.getLogger("dbos").setLevel(logging.WARNING)
        DBOS(
            config={
                "name": "loket",
                "system_database_url": self._house.db.url,
                # One version and one executor name for all: whoever starts takes up the work of whoever died. A job
                # may therefore run twice, which jobs are written for.
                "application_version": "loket",
                "executor_id": "loket",
                "run_migrations": False,
                "log_level": "WARNING",
                "scheduler_polling_interval_sec": 5.0,
                "notification_listener_polling_interval_sec": 5.0,
            }
        )
        _log_as_we_do()
        for job in self._jobs:
            self._workflow(job)
        DBOS.launch()
        for name, at_once in QUEUES.items():
            await DBOS.register_queue_async(
                name, worker_concurrency=at_once, polling_interval_sec=POLL_S, on_conflict="always_update"
            )
        await DBOS.apply_schedules_async(
            [
                {"schedule_name": each.name, "workflow_fn": self._scheduled(each), "schedule": each.cron}
                for each in self._schedules
            ]
        )

    async def stop(self, grace_s: int) -> None:
        """Take no new work and give what runs `grace_s` seconds to finish; the rest is taken up by the next start."""
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=grace_s)
        # DBOS made its own threads the loop's default ones and has shut them down; whoever closes after it needs some.
        asyncio.get_running_loop().set_default_executor(
            ThreadPoolExecutor(CLOSING_THREADS, thread_name_prefix="closing")
        )

    def _workflow(self, job: Job) -> Callable[..., Any]:
        house = self._house

        async def step(*args: JsonValue) -> None:
            await job.run(house, *args)

        async def workflow(*args: JsonValue) -> None:
            await DBOS.run_step_async(
                {
                    "name": job.name,
                    "retries_allowed": job.attempts > 1,
                    "max_attempts": job.attempts,
                    "interval_seconds": RETRY_FIRST_S,
                    "backoff_rate": RETRY_GROWTH,
                },
                step,
                *args,
            )

        workflow.__qualname__ = step.__qualname__ = job.name
        return DBOS.workflow(name=job.name)(workflow)

    def _scheduled(self, schedule: Schedule) -> Callable[..., Any]:
        run = next(job for job in self._jobs if job.name == schedule.job).run
        house = self._house

        async def tick(_scheduled_at: Any, _context: Any) -> None:
            await run(house)

        tick.__qualname__ = f"schedule {schedule.name}"
        return DBOS.workflow(name=f"schedule {schedule.name}")(tick)


def _log_as_we_do() -> None:
    """Send DBOS's own log through ours: its handler would print exception texts, which may quote a person's data."""
    theirs = logging.getLogger("dbos")
    theirs.handlers.clear()
    theirs.propagate = True


def migrate_queue(url: str) -> None:
    """Create or upgrade DBOS's own tables; part of `loket migrate`."""
    logging.getLogger("dbos").setLevel(logging.WARNING)
    DBOS.migrate(url)


async def forget_done(house: "House") -> None:
    """Delete the records of jobs that ended well more than two days ago; failed ones stay for a person to see."""
    table = "dbos.workflow_status" if house.db.dialect == "postgresql" else "workflow_status"
    before = int(house.clock.now().timestamp() * 1000) - DONE_KEPT_HOURS * 3_600_000
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(
            text(f"DELETE FROM {table} WHERE status = 'SUCCESS' AND updated_at < :before"),  # noqa: S608 a constant
            {"before": before},
        )


JOBS: tuple[Job, ...] = (Job("jobs.forget_done", forget_done, attempts=1),)
SCHEDULES: tuple[Schedule, ...] = (Schedule("forget-done-jobs", "0 17 * * * *", "jobs.forget_done"),)
