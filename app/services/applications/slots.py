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
    ENOUGH_PLACES,
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
MOST_TAKEN = 5
"""So many places of one kind one person's applications hold, wait for or ask for before anything of them is firm."""
CHOOSES_IN = ("draft", "awaiting_payment", "in_review", "needs_correction", "appointment", "no_show", "retest")

SLOT_LOST = Text(
    "Tempat yang Anda pilih tidak lagi ditahan saat pembayaran masuk. Pilih jadwal lain di halaman permohonan, tanpa biaya",
    "The place that you chose was no longer held when the payment came in. Choose another date on the application's page, at no cost",
)
DATE_CHOSEN = Text(
    "Petugas loket memilih jadwal lain untuk pemohon", "The counter chose another date for the applicant"
)
DATE_LET_GO = Text("Petugas loket melepas jadwal pemohon", "The counter let the applicant's date go")
WAIT_JOINED = Text(
    "Petugas loket memasukkan pemohon ke daftar tunggu", "The counter put the applicant on the waiting list"
)
WAIT_LEFT = Text(
    "Petugas loket mengeluarkan pemohon dari daftar tunggu", "The counter took the applicant off the waiting list"
)
DAY_ASKED = Text(
    "Petugas loket mengikutkan pemohon dalam undian hari", "The counter asked for a drawn day for the applicant"
)
ASK_WITHDRAWN = Text(
    "Petugas loket membatalkan keikutsertaan pemohon dalam undian hari",
    "The counter withdrew the applicant's ask for a drawn day",
)
NO_APPOINTMENT = ProblemType(
    "applications-no-appointment",
    404,
    Text("Tidak ada jadwal", "No appointment"),
    Text("Belum ada jadwal yang dipilih untuk permohonan ini.", "No appointment was chosen for this application."),
)


async def choose_slot(tx: Tx, case_id: UUID, starts_at: datetime, *, consent: UUID | None = None) -> BookingView:
    """Take a place for the application, or move to another. In `no_show` and `retest` this is the new date.

    Staff who fill a draft in choose with the rest of it; later each step of the ones below takes the applicant's `consent` to it
    (`rebook`). Raises NOT_OPEN, NO_APPOINTMENT where the service wants none, NOT_REBOOKABLE, CONSENT_NEEDED, ONE_PLACE,
    ENOUGH_PLACES, and what `appointments.hold` and `appointments.move` raise. Locks the person's places, case and application.
    """
    case, application, unit, kind = await _chooser(tx, case_id, consent)
    await _miss_what_is_over(tx, case)
    if application.rebook_from is not None and starts_at < application.rebook_from:
        raise NOT_REBOOKABLE(after=f"{application.rebook_from:%d.%m.%Y}")
    await _check_share(tx, case, application, kind)
    booking = await _take(tx, case, unit, kind, starts_at)
    if case.state in ("no_show", "retest"):
        await cases.move(tx, case_id, "rebook", data=consent_data(consent))
        return booking
    await _note(tx, case_id, "choose_date", DATE_CHOSEN, consent)
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


async def drop_slot(tx: Tx, case_id: UUID, *, consent: UUID | None = None) -> None:
    """Let the place go: it is free with the commit. Raises NOT_OPEN once the application stands on it, CONSENT_NEEDED."""
    case, _ = await own_locked(tx, case_id)
    if case.state not in CHOOSES_IN:
        raise NOT_OPEN(state=case.state, extra={"state": case.state, "open": []})
    await _must_agree(tx, case, consent)
    await _miss_what_is_over(tx, case)
    await appointments.release(tx, case_id, why="let_go")
    await _note(tx, case_id, "let_date_go", DATE_LET_GO, consent)
    if case.state == "appointment":  # who lets a date go in time has not missed it
        await cases.recompute_deadlines(tx, case)


async def wait_for_slot(tx: Tx, case_id: UUID, *, first: date, last: date, consent: UUID | None = None) -> WaitView:
    """Wait for a place between two days where all are taken; a freed one is offered in turn.

    Raises NOT_OPEN, NO_APPOINTMENT, CONSENT_NEEDED, ONE_PLACE, ENOUGH_PLACES, and what `appointments.wait` raises. Locks the
    person's places, case and application.
    """
    case, application, unit, kind = await _chooser(tx, case_id, consent)
    await _check_share(tx, case, application, kind)
    waits = await appointments.wait(tx, case.id, unit=unit, kind=kind, first=first, last=last)
    await _note(tx, case_id, "wait_for_date", WAIT_JOINED, consent)
    return waits


async def stop_waiting(tx: Tx, case_id: UUID, *, consent: UUID | None = None) -> None:
    """Wait no longer; a place that was offered goes to the next. Raises NOT_OPEN, NO_APPOINTMENT, CONSENT_NEEDED,
    `appointments-not-waiting`."""
    case, *_ = await _chooser(tx, case_id, consent)
    await appointments.stop_waiting(tx, case.id)
    await _note(tx, case_id, "stop_waiting", WAIT_LEFT, consent)


async def ask_for_day(
    tx: Tx, case_id: UUID, *, day: date, wishes: Sequence[datetime] = (), consent: UUID | None = None
) -> UUID:
    """Ask for a place on a day that is drawn by lot; gives the ask's id in the public draw.

    Raises NOT_OPEN, NO_APPOINTMENT, CONSENT_NEEDED, ONE_LOT, ONE_PLACE, ENOUGH_PLACES, and what `appointments.ask` raises.
    """
    # The draw of the day is locked before the case (`appointments.ask`), so no row is locked here.
    application = await application_of(tx, case_id)
    case = await tx.session.get(Case, case_id)
    if case is None:
        raise APPLICATION_NOT_FOUND()
    await check_may_see(tx.session, tx.actor, application)
    unit, kind = await _unit_and_kind(tx, case, application)
    await _must_agree(tx, case, consent)
    await _one_person_at_a_time(tx, application)
    other = await _other_for_it(tx, application, appointments.asks_for(unit, kind, day))
    if other is not None:
        raise ONE_LOT(reference=other)
    await _check_share(tx, case, application, kind)
    asked = await appointments.ask(tx, case.id, unit=unit, kind=kind, day=day, wishes=wishes)
    await _note(tx, case_id, "ask_for_day", DAY_ASKED, consent)
    return asked


async def withdraw_ask(tx: Tx, case_id: UUID, *, consent: UUID | None = None) -> None:
    """Ask no longer. Raises NOT_OPEN, NO_APPOINTMENT, CONSENT_NEEDED."""
    case, *_ = await _chooser(tx, case_id, consent)
    await appointments.withdraw_ask(tx, case.id)
    await _note(tx, case_id, "withdraw_ask", ASK_WITHDRAWN, consent)


async def _miss_what_is_over(tx: Tx, case: Case) -> None:
    """A date whose day is over was not kept, also while its deadline has not come by: nobody moves or drops it instead."""
    own = await appointments.booking_of(tx.session, case.id, now=tx.as_of)
    if case.state != "appointment" or own is None or own.state != "confirmed":
        return
    zone = reference.zone_of(await reference.unit(tx.session, own.unit))
    if own.starts_at.astimezone(zone).date() < tx.as_of.astimezone(zone).date():
        await cases.move(replace(tx, actor=SYSTEM), case.id, "miss")


async def _one_person_at_a_time(tx: Tx, application: Application) -> None:
    """What one person's applications take is counted by one transaction after the other. Always before the lock of a case."""
    await tx.serialise(f"places:{application.nik_bidx}")


async def _check_share(tx: Tx, case: Case, application: Application, kind: str) -> None:
    """What one person keeps from others. A draft proves nothing, not even that its vehicle exists: of a person's drafts one at a
    time holds a place of a kind, waits or asks for one, and the next once that is handed in, which the machine has looked at. Nor
    does a draft take a second place for what another application has one for, or a sixth that nobody has paid for.

    Raises ONE_PLACE, ENOUGH_PLACES.
    """
    if case.state != "draft":
        return
    query = (
        select(Application, Case)
        .join(Case, col(Case.id) == col(Application.case_id))
        .where(
            col(Application.nik_bidx) == application.nik_bidx,
            col(Application.case_id) != application.case_id,
            col(Application.case_id).in_(appointments.takers(kind, now=tx.as_of)),
        )
        .order_by(col(Case.opened_at), col(Case.id))
    )
    others = (await tx.session.execute(query)).all()
    for other, its in others:
        if its.state == "draft" or await _same_thing(tx, application, other):
            raise ONE_PLACE(reference=its.reference)
    if len(others) >= MOST_TAKEN:
        raise ENOUGH_PLACES(limit=MOST_TAKEN)


async def _other_for_it(tx: Tx, application: Application, among: Select[UUID]) -> str | None:
    """The reference of another application of this person for the same thing among these cases: it draws no second lot."""
    query = (
        select(Application, col(Case.reference))
        .join(Case, col(Case.id) == col(Application.case_id))
        .where(
            col(Application.nik_bidx) == application.nik_bidx,
            col(Application.case_id) != application.case_id,
            col(Application.case_id).in_(among),
        )
    )
    for other, reference_ in await tx.session.execute(query):
        if await _same_thing(tx, application, other):
            return reference_
    return None


async def _same_thing(tx: Tx, one: Application, other: Application) -> bool:
    """Whether two applications of a person are for one thing, for which nobody needs two appointments."""
    return one.service_code == other.service_code and await _told_apart(tx, one) == await _told_apart(tx, other)


async def _told_apart(tx: Tx, application: Application) -> list[JsonValue]:
    """What a person may need several appointments for at once: a vehicle each, a class each."""
    form = await form_of(tx.session, tx.house.keys, application)
    return [form.get(name) for name in ("plate", "chassis_no", "sim_class")]


async def _chooser(tx: Tx, case_id: UUID, consent: UUID | None) -> tuple[Case, Application, str, str]:
    """The application that somebody chooses for, locked, with the unit and the kind of what they choose."""
    await _one_person_at_a_time(tx, await application_of(tx, case_id))
    case, application = await own_locked(tx, case_id)
    unit, kind = await _unit_and_kind(tx, case, application)
    await _must_agree(tx, case, consent)
    return case, application, unit, kind


async def _must_agree(tx: Tx, case: Case, consent: UUID | None) -> None:
    if case.state != "draft":
        await assisting.must_agree(tx, case.id, "rebook", consent)


async def _note(tx: Tx, case_id: UUID, action: str, title: Text, consent: UUID | None) -> None:
    """What staff did with the applicant's consent is an event of the case; what the applicants do themselves needs none."""
    if consent is not None:
        await cases.note(tx, case_id, action, title, data=consent_data(consent))


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
