"""The appointment of an application: chosen before paying, held while it is, chosen again once if it was not kept."""

from datetime import datetime, timedelta
from uuid import UUID

from app.core.db import Tx
from app.core.problems import ProblemType
from app.core.texts import Text
from app.services import appointments, cases
from app.services.appointments import BookingView
from app.services.applications.problems import NOT_OPEN, NOT_REBOOKABLE
from app.services.applications.store import own_locked, service_of
from app.services.cases import Case

DRAFT_HOLD = timedelta(minutes=30)
"""A place chosen in a draft is held this long; submitting holds it until the bill ends."""
CHOOSES_IN = ("draft", "awaiting_payment", "in_review", "needs_correction", "appointment", "no_show", "retest")

NO_APPOINTMENT = ProblemType(
    "applications-no-appointment",
    404,
    Text("Tidak ada jadwal", "No appointment"),
    Text("Belum ada jadwal yang dipilih untuk permohonan ini.", "No appointment was chosen for this application."),
)


async def choose_slot(tx: Tx, case_id: UUID, starts_at: datetime) -> BookingView:
    """Take a place for the application, or move to another. In `no_show` and `retest` this is the new date.

    Raises NOT_OPEN, NO_APPOINTMENT where the service wants none, NOT_REBOOKABLE, and what `appointments.hold` and
    `appointments.move` raise. Locks case and application.
    """
    case, application = await own_locked(tx, case_id)
    if case.state not in CHOOSES_IN:
        raise NOT_OPEN(state=case.state, extra={"state": case.state, "open": []})
    service = await service_of(tx.session, application)
    if service.appointment is None:
        raise NO_APPOINTMENT()
    if application.rebook_from is not None and starts_at < application.rebook_from:
        raise NOT_REBOOKABLE(after=f"{application.rebook_from:%d.%m.%Y}")
    booking = await _take(tx, case, service.appointment.kind, starts_at)
    if case.state in ("no_show", "retest"):
        await cases.move(tx, case_id, "rebook")
    elif case.state == "appointment":
        await cases.recompute_deadlines(tx, case)
    return booking


async def drop_slot(tx: Tx, case_id: UUID) -> None:
    """Let the place go: it is free with the commit. Raises NOT_OPEN once the application stands on it."""
    case, _ = await own_locked(tx, case_id)
    if case.state not in CHOOSES_IN:
        raise NOT_OPEN(state=case.state, extra={"state": case.state, "open": []})
    await appointments.release(tx, case_id, why="let_go")


async def _take(tx: Tx, case: Case, kind: str, starts_at: datetime) -> BookingView:
    own = await appointments.booking_of(tx.session, case.id, now=tx.as_of)
    if own is not None and own.state in ("held", "confirmed"):
        return await appointments.move(tx, case.id, starts_at=starts_at)
    booking = await appointments.hold(
        tx, case.id, unit=case.unit, kind=kind, starts_at=starts_at, until=tx.as_of + DRAFT_HOLD
    )
    if case.state not in ("draft", "awaiting_payment"):
        booking = await appointments.confirm(tx, case.id)
    return booking
