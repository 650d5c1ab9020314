"""Background work of uploads: ending those out of time, and handing over what a killed process left behind whole."""

from uuid import UUID

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services.applications import upload_taking

TAKE = "applications.take_upload"


async def sweep_uploads(house: House) -> None:
    """Runs each minute; may run twice at once."""
    async with house.db.begin(SYSTEM) as tx:
        for upload_id in await upload_taking.sweep(tx):
            await tx.enqueue(TAKE, str(upload_id))


async def take_upload(house: House, upload_id: str) -> None:
    """Hand over one upload."""
    await upload_taking.hand_over_left(house, UUID(upload_id))


JOBS: tuple[Job, ...] = (
    Job("applications.sweep_uploads", sweep_uploads, attempts=1),
    Job(TAKE, take_upload),
)
SCHEDULES: tuple[Schedule, ...] = (Schedule("sweep-uploads", "25 * * * * *", "applications.sweep_uploads"),)
