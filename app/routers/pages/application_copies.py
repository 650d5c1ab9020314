"""Several vehicles in one go: a further draft with the same answers and papers, asked only for what is this vehicle's own."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.db import JsonValue, Tx
from app.core.problems import INVALID_REQUEST, Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.pages.applying import at, own
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.questions import Question, filled, questions_of, show_faults, typed_answers
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, catalogue
from app.services.applications import ApplicationView
from app.services.applications.problems import FAMILY_CONSENT_NEEDED, FORM_INVALID, NOT_OFFERED, TOO_MANY_DRAFTS
from app.services.catalogue import Section

router = APIRouter(include_in_schema=False)

SAID_HERE = (FAMILY_CONSENT_NEEDED, FORM_INVALID, NOT_OFFERED, TOO_MANY_DRAFTS)
MADE = Text(
    "Draf {reference} dibuat untuk kendaraan itu. Tambah lagi di bawah, atau selesaikan satu per satu di Permohonan saya.",
    "The draft {reference} was made for that vehicle. Add another one below, or finish each in My applications.",
)


@router.get("/permohonan/{id}/kendaraan-lain")
async def ask_vehicle(
    id: UUID,
    me: CitizenOnPage,
    visit: TheVisit,
    done: Annotated[str, Query(alias="selesai", max_length=20, pattern="^[A-Z0-9]*$")] = "",
) -> Response:
    """What tells one vehicle from another; the rest goes along."""
    view = await own(visit, me, id)
    part = _part(view)
    if part is None:
        return visit.go(at(id))
    return _show(visit, view, part, _empty(view, part), notice=MADE.fill(reference=done) if done else None)


@router.post("/permohonan/{id}/kendaraan-lain")
async def add_vehicle(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """One more draft for this vehicle, once however often it is pressed."""
    form = await visit.form()
    view = await own(visit, me, id)
    part = _part(view)
    if part is None:
        return visit.go(at(id))
    questions = _questions(view, part)
    try:
        answers = catalogue.clean_form(view.service, typed_answers(view.service, questions, form))
    except Problem as problem:
        if problem.type is not INVALID_REQUEST:
            raise
        show_faults(form, problem.errors, questions)
        return _show(visit, view, part, form)
    given = {name: value for name, value in answers.items() if value is not None}
    names = {each.name for each in part.fields}
    faults = catalogue.form_faults(view.service, {**_shared(view, part), **given}, complete=True)
    show_faults(form, [each for each in faults if each.pointer.split("/")[2] in names], questions)
    if form.errors:
        return _show(visit, view, part, form)

    async def work(tx: Tx) -> str:
        [made] = await applications.copy(tx, id, [given])
        reference = (await applications.view_in(tx, made.case_id)).reference
        return f"{at(id, 'kendaraan-lain')}?selesai={reference}"

    try:
        return visit.go(await once(visit, me, form, work))
    except Problem as problem:
        if problem.type not in SAID_HERE:
            raise
        form.take(problem, onto="main-content")
        return _show(visit, view, part, form)


# --- below the doors ----------------------------------------------------------------------------------------------------


def _part(view: ApplicationView) -> Section | None:
    """The questions that tell one vehicle from another; None for a service that is about none."""
    return next((each for each in view.service.sections if each.per_vehicle), None)


def _shared(view: ApplicationView, part: Section) -> dict[str, JsonValue]:
    names = {each.name for each in part.fields}
    return {name: value for name, value in view.form.items() if name not in names}


def _questions(view: ApplicationView, part: Section) -> tuple[Question, ...]:
    return questions_of(view.service, part, _shared(view, part))


def _empty(view: ApplicationView, part: Section) -> Form:
    return filled(_questions(view, part), {})


def _show(visit: Visit, view: ApplicationView, part: Section, form: Form, *, notice: Text | None = None) -> Response:
    return visit.show(
        "pages/applications/another.html",
        status=422 if form.errors else 200,
        view=view,
        part=part,
        questions=_questions(view, part),
        form=form,
        notice=notice,
        once=new_once(),
    )
