"""The day and time to come: free slots by day, the waiting list where all are taken, the draw where a day is scarce."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.http.paging import moment
from app.routers.pages.applying import at, facts_of, local_day, own
from app.routers.pages.forms import Form
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, appointments, catalogue
from app.services.applications import ApplicationView
from app.services.applications.problems import APPLICATION_NOT_FOUND
from app.services.appointments import AskView, BookingView, Day, DayState, WaitView

router = APIRouter(include_in_schema=False)

DAYS_SHOWN = 14
MOST_AHEAD = 180
SAID_HERE = (404, 409, 422)
CHOOSE_TIME = Text("Pilih jam dahulu.", "Choose a time first.")
FIRST_WRONG = Text("Isi hari pertama dengan angka.", "Give the first day in digits.")
LAST_WRONG = Text("Isi hari terakhir dengan angka.", "Give the last day in digits.")
WAITS = Text(
    "Anda ada di daftar tunggu. Begitu ada tempat kosong, kami menahannya untuk Anda dan memberi kabar.",
    "You are on the waiting list. As soon as a place is free we hold it for you and tell you.",
)
ASKED = Text("Permintaan Anda tercatat dan ikut diundi.", "Your request was recorded and takes part in the draw.")
NOTICES = {"tunggu": WAITS, "undi": ASKED}


@dataclass(frozen=True, slots=True)
class Chooser:
    """What can be chosen, and what was. `misfit`: the unit's hours have changed and cannot keep the appointment."""

    days: tuple[Day, ...]
    waiting: WaitView | None
    asking: AskView | None
    misfit: bool
    first: date
    earlier: date | None
    later: date | None

    @property
    def open(self) -> tuple[Day, ...]:
        """Days with a free time."""
        return tuple(
            each for each in self.days if each.state is DayState.OPEN and any(slot.free for slot in each.slots)
        )

    @property
    def drawn(self) -> tuple[Day, ...]:
        """Days that are given out by lot, and asked for now."""
        return tuple(each for each in self.days if each.state is DayState.DRAWN)

    @property
    def not_yet(self) -> tuple[Day, ...]:
        """Days that open later, by lot or for all."""
        return tuple(each for each in self.days if each.state is DayState.NOT_YET)


@router.get("/permohonan/{id}/jadwal")
async def ask_slot(
    id: UUID,
    me: CitizenOnPage,
    visit: TheVisit,
    first: Annotated[date | None, Query(alias="mulai")] = None,
    done: Annotated[str, Query(alias="selesai", max_length=20)] = "",
) -> Response:
    """The days from tomorrow on, some at a time."""
    view = await own(visit, me, id)
    if view.service.appointment is None or view.state not in applications.CHOOSES_IN:
        return visit.go(at(id))
    return await _show(visit, view, Form(), first=first, notice=NOTICES.get(done))


@router.post("/permohonan/{id}/jadwal")
async def take_slot(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Take a place, or move to another; if somebody was faster, the nearest free ones are shown."""
    form = await visit.form()
    view = await own(visit, me, id)
    if view.service.appointment is None or view.state not in applications.CHOOSES_IN:
        return visit.go(at(id))
    starts_at = instant(form.get("starts_at"))
    if starts_at is None:
        form.errors["starts_at"] = CHOOSE_TIME
        return await _show(visit, view, form)
    return await _do(visit, me, view, form, "jadwal", lambda tx: applications.choose_slot(tx, id, starts_at))


@router.post("/permohonan/{id}/jadwal/lepas")
async def drop_slot(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Let the place go; somebody who waits gets it at once."""
    form = await visit.form()
    view = await own(visit, me, id)
    return await _do(visit, me, view, form, "lepas", lambda tx: applications.drop_slot(tx, id))


@router.post("/permohonan/{id}/jadwal/tunggu")
async def wait(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Go on the waiting list for some days, or leave it."""
    form = await visit.form()
    view = await own(visit, me, id)
    if form.get("do") == "stop":
        return await _do(visit, me, view, form, "", lambda tx: applications.stop_waiting(tx, id))
    first, last = form.date("first", FIRST_WRONG), form.date("last", LAST_WRONG)
    if first is None or last is None:
        return await _show(visit, view, form)
    return await _do(
        visit, me, view, form, "tunggu", lambda tx: applications.wait_for_slot(tx, id, first=first, last=last)
    )


@router.post("/permohonan/{id}/jadwal/undi")
async def ask_for_day(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Take part in the draw of a scarce day, or withdraw."""
    form = await visit.form()
    view = await own(visit, me, id)
    if form.get("do") == "stop":
        return await _do(visit, me, view, form, "", lambda tx: applications.withdraw_ask(tx, id))
    day = as_day(form.get("day"))
    wishes = [wish for wish in map(instant, form.all("wishes")) if wish is not None]
    if day is None:
        form.errors["day"] = CHOOSE_TIME
        return await _show(visit, view, form)
    return await _do(visit, me, view, form, "undi", lambda tx: applications.ask_for_day(tx, id, day=day, wishes=wishes))


# --- below the doors ----------------------------------------------------------------------------------------------------


async def _do(
    visit: Visit,
    me: Actor,
    view: ApplicationView,
    form: Form,
    done: str,
    work: Callable[[Tx], Awaitable[object]],
) -> Response:
    """One step; what the room refuses is said on the page, with the times that are free by now."""
    try:
        async with visit.house.db.begin(me) as tx:
            await work(tx)
    except Problem as problem:
        if problem.type.status not in SAID_HERE or problem.type is APPLICATION_NOT_FOUND:
            raise
        form.take(problem, onto="starts_at")
        return await _show(visit, await own(visit, me, view.id), form, nearest=_nearest(problem))
    if done in NOTICES or not done:
        return visit.go(at(view.id, "jadwal") + (f"?selesai={done}" if done else ""))
    return visit.go(f"{at(view.id)}?selesai={done}")


async def _show(
    visit: Visit,
    view: ApplicationView,
    form: Form,
    *,
    first: date | None = None,
    notice: Text | None = None,
    nearest: Sequence[datetime] = (),
) -> Response:
    wanted = view.service.appointment
    if wanted is None:
        return visit.go(at(view.id))
    chooser = await chooser_of(visit, view, wanted.kind, first)
    coming = view.booking if view.booking is not None and view.booking.state in ("held", "confirmed") else None
    form.dates |= {"first", "last"}
    return visit.show(
        "pages/applications/appointment.html",
        status=422 if form.errors else 200,
        view=view,
        wanted=wanted,
        why=catalogue.needs_presence(view.service, facts_of(visit, view)),
        chooser=chooser,
        coming=coming,
        takes=coming is not None and coming.state == "held" and waits_to_be_taken(view, coming),
        nearest=nearest,
        form=form,
        notice=notice,
    )


async def chooser_of(visit: Visit, view: ApplicationView, kind: str, first: date | None) -> Chooser:
    """The days from `first` on, and what the application waits or asks for; for the applicant's page and the counter's."""
    today = local_day(visit, view.place.zone)
    latest = today + timedelta(days=MOST_AHEAD)
    begins = min(max(first or today, today), latest)
    async with visit.house.db.read() as connection:
        found = await appointments.slots(
            connection,
            view.place.code,
            kind,
            first=begins,
            last=begins + timedelta(days=DAYS_SHOWN - 1),
            now=visit.now,
        )
        waiting = await appointments.wait_of(connection, view.id)
        asking = await appointments.ask_of(connection, view.id, now=visit.now)
        misfit = await appointments.conflict_of(connection, view.id, now=visit.now)
    later = begins + timedelta(days=DAYS_SHOWN)
    return Chooser(
        days=tuple(found),
        waiting=waiting,
        asking=asking,
        misfit=misfit is not None,
        first=begins,
        earlier=max(begins - timedelta(days=DAYS_SHOWN), today) if begins > today else None,
        later=later if later <= latest else None,
    )


def waits_to_be_taken(view: ApplicationView, held: BookingView) -> bool:
    """Whether a held place was offered or drawn and is to be taken by itself: not by handing a draft in, nor by paying."""
    return view.state != "draft" and (held.offered or view.state != "awaiting_payment")


def _nearest(problem: Problem) -> list[datetime]:
    """The free times that a refusal names."""
    named = problem.extra.get("nearest")
    found = [instant(str(each)) for each in named] if isinstance(named, list) else []
    return [each for each in found if each is not None]


def instant(text: str) -> datetime | None:
    """An instant as a page's own field carries it; None for anything else."""
    try:
        return moment(text)
    except (ValueError, OverflowError):
        return None


def as_day(text: str) -> date | None:
    """A day as a page's own field carries it; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
