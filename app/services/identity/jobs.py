"""Background work of identity: sending codes, forgetting what has expired, rotating signing keys."""

from uuid import UUID

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services.identity import codes, retention, signing_keys


async def _send_code(house: House, code_id: str) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await codes.dispatch(tx, UUID(code_id))


async def _forget_expired(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await retention.forget_expired(tx)


async def _rotate_signing_key(house: House) -> None:
    if not house.settings.oidc_issuer:
        async with house.db.begin(SYSTEM) as tx:
            await signing_keys.rotate_when_old(tx)


JOBS: tuple[Job, ...] = (
    Job("identity.send_code", _send_code, queue="delivery"),
    Job("identity.forget_expired", _forget_expired, attempts=1),
    Job("identity.rotate_signing_key", _rotate_signing_key, attempts=1),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("forget-expired-sign-ins", "0 23 * * * *", "identity.forget_expired"),
    Schedule("rotate-signing-key", "0 41 2 * * *", "identity.rotate_signing_key"),
)
