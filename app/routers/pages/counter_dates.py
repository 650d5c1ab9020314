"""The day and time to come of an application that the counter helps with: free times, the waiting list, the draw of a scarce day.

The applicant's own page has the same. In a draft the counter chooses with the rest of it; later each step takes a code.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import NOT_FOUND, Problem
from app.routers.pages.application_slots import (
    CHOOSE_TIME,
    FIRST_WRONG,
    LAST_WRONG,
    as_day,
    chooser_of,
    instant,
    waits_to_be_taken,
)
from app.routers.pages.counter_helping import PAGE, AtCounter, must_help
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, reference
from app.services.applications import ApplicationView

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class DateStep:
    """What is done with the applicant's date: the work, by the case's id and the consent, and the notice afterwards."""

    notice: str
    work: Callable[[Tx, UUID, UUID | None], Awaitable[object]]


@router.get(f"{PAGE}/{{id}}/jadwal")
async def dates_page(
    id: UUID, actor: AtCounter, visit: TheVisit, first: Annotated[date | None, Query(alias="mulai")] = None
) -> Response:
    """Free times, some days at a time, if the service wants somebody to come; the waiting list; days that are drawn."""
    return await show_dates(visit, actor, await must_help(visit, actor, id), Form(), first=first)


@router.post(f"{PAGE}/{{id}}/jadwal")
async def take_step(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """The step that the applicant chose for their draft."""
    form = await visit.form()
    view = await must_help(visit, actor, id)
    step = step_of(form, reference.zone_of(view.place))
    if step is None:
        return await show_dates(visit, actor, view, form, status=422)
    try:
        async with visit.house.db.begin(actor) as tx:
            await step.work(tx, id, None)
    except Problem as problem:
        form.take(problem, onto="starts_at")
        return await show_dates(visit, actor, await must_help(visit, actor, id), form, status=problem.type.status)
    return visit.go(f"{PAGE}/{id}?done={step.notice}")


# --- below the doors -------------------------------------------------------------------------------------------------


def step_of(form: Form, zone: ZoneInfo) -> DateStep | None:
    """What was pressed: a word, and for a time or a day of its own that too. None with the fault put into the form."""
    act, _, of = form.get("act").partition(" ")
    if act == "drop":
        return DateStep("let-go", lambda tx, case_id, consent: applications.drop_slot(tx, case_id, consent=consent))
    if act == "stop":
        return DateStep("left", lambda tx, case_id, consent: applications.stop_waiting(tx, case_id, consent=consent))
    if act == "withdraw":
        return DateStep(
            "withdrawn", lambda tx, case_id, consent: applications.withdraw_ask(tx, case_id, consent=consent)
        )
    if act == "wait":
        return _waiting(form)
    if act == "ask":
        return _asking(form, of, zone)
    starts_at = instant(of or form.get("starts_at"))
    if starts_at is None:
        form.errors["starts_at"] = CHOOSE_TIME
        return None
    return DateStep(
        "rebooked", lambda tx, case_id, consent: applications.choose_slot(tx, case_id, starts_at, consent=consent)
    )


def _waiting(form: Form) -> DateStep | None:
    first, last = form.date("first", FIRST_WRONG), form.date("last", LAST_WRONG)
    if first is None or last is None:
        return None
    return DateStep(
        "waits",
        lambda tx, case_id, consent: applications.wait_for_slot(tx, case_id, first=first, last=last, consent=consent),
    )


def _asking(form: Form, of: str, zone: ZoneInfo) -> DateStep | None:
    """Each drawn day has a button; of the times that are ticked those of its day count."""
    day = as_day(of)
    if day is None:
        form.errors["starts_at"] = CHOOSE_TIME
        return None
    ticked = (wish for wish in map(instant, form.all("wishes")) if wish is not None)
    wishes = [wish for wish in ticked if wish.astimezone(zone).date() == day]
    return DateStep(
        "asked",
        lambda tx, case_id, consent: applications.ask_for_day(tx, case_id, day=day, wishes=wishes, consent=consent),
    )


async def show_dates(
    visit: Visit,
    actor: Actor,
    view: ApplicationView,
    form: Form,
    *,
    first: date | None = None,
    asked: bool = False,
    status: int = 200,
) -> Response:
    """The page of dates; for what was handed in with the field for the applicant's code."""
    wanted = view.service.appointment
    if wanted is None or view.state not in applications.CHOOSES_IN:
        raise NOT_FOUND()
    coming = view.booking if view.booking is not None and view.booking.state in ("held", "confirmed") else None
    form.dates |= {"first", "last"}
    return visit.show(
        "pages/counter/applications/assist_dates.html",
        status=status,
        staff=await desk_of(visit, actor),
        view=view,
        chooser=await chooser_of(visit, view, wanted.kind, first),
        coming=coming,
        takes=coming is not None and coming.state == "held" and waits_to_be_taken(view, coming),
        needs_code=view.state != "draft",
        asked=asked or "sent_to" in form.values,
        form=form,
        once=new_once(),
    )


def chooses_again(view: ApplicationView) -> bool:
    """Whether another date can be chosen for an application that was handed in."""
    comes = view.service.appointment is not None and view.appointment_kind is not None
    return comes and view.may_rebook and view.state != "draft" and view.state in applications.CHOOSES_IN
