"""The clock of the service level: it runs in working hours, and only while the police have the ball."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.core.db import Tx
from app.services import reference
from app.services.applications.models import Application
from app.services.applications.worktime import worked_seconds, working_end
from app.services.cases import Case

LOOK_AHEAD = timedelta(days=400)


async def start(tx: Tx, application: Application) -> None:
    """The police have the ball from now on; starting twice changes nothing."""
    if application.clock_since is None:
        application.clock_since = tx.as_of
        await tx.session.flush()


async def stop(tx: Tx, case: Case, application: Application) -> None:
    """The applicant has the ball: what was used so far is kept."""
    if application.clock_since is None:
        return
    zone, holidays = await _calendar(tx, case, application.clock_since, tx.as_of)
    application.clock_used_s += worked_seconds(application.clock_since, tx.as_of, zone, holidays)
    application.clock_since = None
    await tx.session.flush()


async def due(tx: Tx, case: Case, application: Application, *, hours: int) -> datetime | None:
    """When the service level is used up; None while the clock stands."""
    if application.clock_since is None:
        return None
    zone, holidays = await _calendar(tx, case, application.clock_since, application.clock_since + LOOK_AHEAD)
    return working_end(application.clock_since, hours * 3600 - application.clock_used_s, zone, holidays)


async def _calendar(tx: Tx, case: Case, first: datetime, last: datetime) -> tuple[ZoneInfo, frozenset[date]]:
    unit = await reference.unit(tx.session, case.unit)
    zone = reference.zone_of(unit)
    days = await reference.holidays(tx.session, first.astimezone(zone).date(), last.astimezone(zone).date())
    return zone, days
