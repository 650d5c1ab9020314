"""The appointment of an application: chosen before paying, held while it is, chosen again once if it was not kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.problems import ProblemType
from app.core.texts import Text
from app.services import appointments, cases, reference
from app.services.applications import assisting, money
from app.services.applications.assisting import consent_data
from app.services.applications.models import Application
from app.services.applications.problems import (
    APPLICATION_NOT_FOUND,
    NOT_OPEN,
    NOT_REBOOKABLE,
    ONE_LOT,
    ONE_PLACE,
)
from app.services.applications.store import application_of, check_may_see, form_of, own_locked, service_of
from app.services.applications.units import place_to_come
from app.services.applications.worktime import awake_end
from app.services.appointments import BookingView, WaitView
from app.services.cases import Case
from app.services.catalogue import Service

DRAFT_HOLD = timedelta(minutes=30)
"""A place chosen in a draft is held this long; submitting holds it until the bill ends, or while a register is silent."""
MISSED_ALLOWED = 1
"""So many dates that were not kept may be replaced by another one."""
CHOOSES_IN = ("draft", "awaiting_payment", "in_review", "needs_correction", "appointment", "no_show", "retest")

SLOT_LOST = Text(
    "Tempat yang Anda pilih tidak lagi ditahan saat pembayaran masuk. Pilih jadwal lain di halaman permohonan, tanpa biaya",
    "The place that you chose was no longer held when the payment came in. Choose another date on the application's page, at no cost",
)
DATE_CHOSEN = Text(
    "Petugas loket memilih jadwal lain untuk pemohon", "The counter chose another date for the applicant"
)
NO_APPOINTMENT = ProblemType(
    "applications-no-appointment",
    404,
    Text("Tidak ada jadwal", "No appointment"),
    Text("Belum ada jadwal yang dipilih untuk permohonan ini.", "No appointment was chosen for this application."),
)


async def choose_slot(tx: Tx, case_id: UUID, starts_at: datetime, *, consent: UUID | None = None) -> BookingView:
    """Take a place for the application, or move to another. In `no_show` and `retest` this is the new date.

    Staff who fill a draft in choose with the rest of it; later each other date takes the applicant's `consent` to it. Raises
    NOT_OPEN, NO_APPOINTMENT where the service wants none, NOT_REBOOKABLE, CONSENT_NEEDED, ONE_PLACE, and what `appointments.hold` and
    `appointments.move` raise. Locks case and application.
    """
    case, application = await own_locked(tx, case_id)
    if case.state not in CHOOSES_IN:
        raise NOT_OPEN(state=case.state, extra={"state": case.state, "open": []})
    if case.state != "draft":
        await assisting.must_agree(tx, case_id, "rebook", consent)
    service = await service_of(tx.session, application)
    if service.appointment is None:
        raise NO_APPOINTMENT()
    await _miss_what_is_over(tx, case)
    if application.rebook_from is not None and starts_at < application.rebook_from:
        raise NOT_REBOOKABLE(after=f"{application.rebook_from:%d.%m.%Y}")
    unit = await _place(tx, case, application, service)
    if case.state == "draft":
        holders = appointments.holders(service.appointment.kind, now=tx.as_of)
        other = await _other_for_it(tx, application, "place", holders)
        if other is not None:
            raise ONE_PLACE(reference=other)
    booking = await _take(tx, case, unit, service.appointment.kind, starts_at)
    if case.state in ("no_show", "retest"):
        await cases.move(tx, case_id, "rebook", data=consent_data(consent))
        return booking
    if consent is not None:
        await cases.note(tx, case_id, "choose_date", DATE_CHOSEN, data=consent_data(consent))
    if case.state == "appointment":
        await cases.recompute_deadlines(tx, case)
    return booking


async def hold_awake(tx: Tx, case: Case) -> None:
    """Hold the place for so many minutes of the hours in which people are awake, as the case's policy says."""
    unit = await reference.unit(tx.session, case.unit)
    if case.policy_id is None:
        rules = (await reference.policy(tx.session, reference.polda_of(unit), tx.now.date())).etle
    else:
        rules = (await reference.policy_by_id(tx.session, case.policy_id)).etle
    zone, minutes = reference.zone_of(unit), rules.handed_back_minutes
    until = awake_end(tx.now, minutes, zone, begins=rules.awake_from, ends=rules.awake_until)
    await money.hold_slot_until(tx, case, until)


async def drop_slot(tx: Tx, case_id: UUID) -> None:
    """Let the place go: it is free with the commit. Raises NOT_OPEN once the application stands on it."""
    case, _ = await own_locked(tx, case_id)
    if case.state not in CHOOSES_IN:
        raise NOT_OPEN(state=case.state, extra={"state": case.state, "open": []})
    await _miss_what_is_over(tx, case)
    await appointments.release(tx, case_id, why="let_go")
    if case.state == "appointment":  # who lets a date go in time has not missed it
        await cases.recompute_deadlines(tx, case)


async def wait_for_slot(tx: Tx, case_id: UUID, *, first: date, last: date) -> WaitView:
    """Wait for a place between two days where all are taken; a freed one is offered in turn.

    Raises NOT_OPEN, NO_APPOINTMENT, and what `appointments.wait` raises. Locks case and application.
    """
    case, unit, kind = await _chooser(tx, case_id)
    return await appointments.wait(tx, case.id, unit=unit, kind=kind, first=first, last=last)


async def stop_waiting(tx: Tx, case_id: UUID) -> None:
    """Wait no longer; a place that was offered goes to the next. Raises NOT_OPEN, NO_APPOINTMENT, `appointments-not-waiting`."""
    case, _, _ = await _chooser(tx, case_id)
    await appointments.stop_waiting(tx, case.id)


async def ask_for_day(tx: Tx, case_id: UUID, *, day: date, wishes: Sequence[datetime] = ()) -> UUID:
    """Ask for a place on a day that is drawn by lot; gives the ask's id in the public draw.

    Raises NOT_OPEN, NO_APPOINTMENT, ONE_LOT, and what `appointments.ask` raises.
    """
    # The draw of the day is locked before the case (`appointments.ask`), so no row is locked here.
    application = await application_of(tx, case_id)
    case = await tx.session.get(Case, case_id)
    if case is None:
        raise APPLICATION_NOT_FOUND()
    await check_may_see(tx.session, tx.actor, application)
    unit, kind = await _unit_and_kind(tx, case, application)
    other = await _other_for_it(tx, application, "lot", appointments.asks_for(unit, kind, day))
    if other is not None:
        raise ONE_LOT(reference=other)
    return await appointments.ask(tx, case.id, unit=unit, kind=kind, day=day, wishes=wishes)


async def withdraw_ask(tx: Tx, case_id: UUID) -> None:
    """Ask no longer. Raises NOT_OPEN, NO_APPOINTMENT."""
    case, _, _ = await _chooser(tx, case_id)
    await appointments.withdraw_ask(tx, case.id)


async def _miss_what_is_over(tx: Tx, case: Case) -> None:
    """A date whose day is over was not kept, also while its deadline has not come by: nobody moves or drops it instead."""
    own = await appointments.booking_of(tx.session, case.id, now=tx.as_of)
    if case.state != "appointment" or own is None or own.state != "confirmed":
        return
    zone = reference.zone_of(await reference.unit(tx.session, own.unit))
    if own.starts_at.astimezone(zone).date() < tx.as_of.astimezone(zone).date():
        await cases.move(replace(tx, actor=SYSTEM), case.id, "miss")


async def _other_for_it(tx: Tx, application: Application, wanted: str, among: Select[UUID]) -> str | None:
    """The reference of another application of this person for the same thing among these cases. Whoever begins a second
    draft for it draws no second lot, and keeps no second place from others. What this person wants alike waits until this ends.
    """
    await tx.serialise(f"one-{wanted}:{application.nik_bidx}")
    query = select(Application).where(
        col(Application.nik_bidx) == application.nik_bidx,
        col(Application.service_code) == application.service_code,
        col(Application.case_id) != application.case_id,
        col(Application.case_id).in_(among),
    )
    for other in (await tx.session.execute(query)).scalars().all():
        if await _told_apart(tx, other) == await _told_apart(tx, application):
            case = await tx.session.get(Case, other.case_id)
            return case.reference if case is not None else "-"
    return None


async def _told_apart(tx: Tx, application: Application) -> list[JsonValue]:
    """What a person may need several appointments for at once: a vehicle each, a class each."""
    form = await form_of(tx.session, tx.house.keys, application)
    return [form.get(name) for name in ("plate", "chassis_no", "sim_class")]


async def _chooser(tx: Tx, case_id: UUID) -> tuple[Case, str, str]:
    case, application = await own_locked(tx, case_id)
    return case, *await _unit_and_kind(tx, case, application)


async def _place(tx: Tx, case: Case, application: Application, service: Service) -> str:
    form = await form_of(tx.session, tx.house.keys, application)
    return (await place_to_come(tx, case, application, service, form)).code


async def _unit_and_kind(tx: Tx, case: Case, application: Application) -> tuple[str, str]:
    if case.state not in CHOOSES_IN:
        raise NOT_OPEN(state=case.state, extra={"state": case.state, "open": []})
    service = await service_of(tx.session, application)
    if service.appointment is None:
        raise NO_APPOINTMENT()
    return await _place(tx, case, application, service), service.appointment.kind


async def _take(tx: Tx, case: Case, unit: str, kind: str, starts_at: datetime) -> BookingView:
    own = await appointments.booking_of(tx.session, case.id, now=tx.as_of)
    if own is not None and own.state in ("held", "confirmed") and own.unit != unit:
        await appointments.release(tx, case.id, why="another_unit")
        own = None
    if own is not None and own.state == "confirmed":
        return await appointments.move(tx, case.id, starts_at=starts_at)
    # Choosing again lengthens nothing, so that nobody keeps a place by pressing; an offered or drawn one is held longer already.
    ends = [own.held_until if own is not None and own.held_until is not None else tx.as_of + DRAFT_HOLD]
    bill_end = await money.payment_due(tx, case) if case.state == "awaiting_payment" else None
    if bill_end is not None:
        ends.append(bill_end)
    booking = await appointments.hold(tx, case.id, unit=unit, kind=kind, starts_at=starts_at, until=max(ends))
    if case.state not in ("draft", "awaiting_payment"):  # nothing is left to do for which it would have to be held
        booking = await appointments.confirm(tx, case.id)
    return booking
