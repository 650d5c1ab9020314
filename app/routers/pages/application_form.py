"""The form of an application, a section to a page: saved at each step, taken up again on any device.

What is right is kept even where something else on the page is wrong. A page that was filled in while the same section was
changed elsewhere shows both: nothing typed and nothing stored is lost.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import JsonValue
from app.core.limits import Limits
from app.core.problems import INVALID_REQUEST, NOT_FOUND, FieldError, Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.pages.applying import at, marks_in, own, section_of
from app.routers.pages.forms import Form
from app.routers.pages.questions import Question, asked_on, filled, questions_of, said, show_faults, typed_answers
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, catalogue
from app.services.applications import ApplicationView
from app.services.applications.problems import CHANGED_MEANWHILE, NOT_OPEN
from app.services.catalogue import Section

router = APIRouter(include_in_schema=False)

SectionName = Annotated[str, Path(pattern="^[a-z0-9_-]{1,60}$")]
FILLED_IN = ("draft", "needs_correction")
CHANGED_ELSEWHERE = Text(
    "Bagian ini diubah di tab atau perangkat lain sesudah Anda membukanya. Keduanya tampil di bawah: pilih yang benar, lalu "
    "simpan lagi.",
    "This part was changed in another tab or device after you opened it. Both are shown below: choose what is right and save "
    "again.",
)
MORE_ASKED = Text(
    "Tersimpan. Karena jawaban Anda, ada pertanyaan tambahan di bawah.",
    "Saved. Because of your answer there are further questions below.",
)
FILLED_IN_NOW = Text(
    "Tersimpan. Sebagian kami isikan dari data resmi: periksa, lalu lanjut.",
    "Saved. Some of it was filled in from a register: check it and go on.",
)
NOTICES = {"ya": MORE_ASKED, "isi": FILLED_IN_NOW}
CHOOSE_GROUND = Text("Pilih salah satu.", "Choose one.")
NO_GROUND = "-"


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands in the application now, beside what was typed here."""

    title: Text
    value: Text


@router.get("/permohonan/{id}/isian/{section}")
async def ask_section(
    id: UUID, section: SectionName, me: CitizenOnPage, visit: TheVisit, more: Annotated[str, Query(max_length=4)] = ""
) -> Response:
    """One section with the answers so far; where an officer has marked something, just that."""
    view = await own(visit, me, id)
    part = _part(view, section)
    if view.state not in FILLED_IN:
        return visit.go(at(id))
    questions = _questions(view, part)
    if not questions:
        return visit.go(at(id))
    return _show(visit, view, part, questions, filled(questions, view.form), notice=NOTICES.get(more))


@router.post("/permohonan/{id}/isian/{section}")
async def take_section(id: UUID, section: SectionName, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Keep what is right, name what is wrong, and go on to the next."""
    form = await visit.form()
    view = await own(visit, me, id)
    part = _part(view, section)
    questions = _questions(view, part)
    if view.state not in FILLED_IN or not questions:
        return visit.go(at(id))
    try:
        patch = _answers(view, questions, form)
    except Problem as problem:
        if problem.type is not INVALID_REQUEST:
            raise
        show_faults(form, problem.errors, questions)
        return _show(visit, view, part, questions, form)
    if form.get("seen") != mark_of(part, view.form) and _changes(view, patch):
        return _show_both(visit, view, part, form, patch)
    faults = _faults(view, questions, patch)
    wrong = {fault.pointer.split("/")[2] for fault in faults}
    try:
        await visit.house[Limits].hit("application-person", me.id)
        view = await _keep(visit, me, view, {name: value for name, value in patch.items() if name not in wrong})
        known = await applications.fill_in(visit.house, me, id)
        view = await own(visit, me, id) if known else view
    except Problem as problem:
        return await _not_kept(visit, me, view, part, form, patch, problem)
    if form.get("do") != "later":
        faults += _open(view, set(patch) - wrong)
    show_faults(form, faults, questions)
    if form.errors:
        return _show(visit, view, part, _questions(view, part) or questions, form)
    return _go_on(visit, view, part, questions, form, known=known)


@router.get("/permohonan/{id}/pembebasan")
async def ask_exemption(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Is there a ground to pay nothing? (PP 76/2020 art. 7)"""
    view = await own(visit, me, id)
    if view.state != "draft" or not view.service.exemptions:
        return visit.go(at(id))
    form = Form({"ground": view.exemption or ""})
    return visit.show("pages/applications/exemption.html", view=view, form=form)


@router.post("/permohonan/{id}/pembebasan")
async def take_exemption(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Claim a ground, or none."""
    form = await visit.form()
    view = await own(visit, me, id)
    if view.state != "draft" or not view.service.exemptions:
        return visit.go(at(id))
    ground = form.choice("ground", (NO_GROUND, *view.service.exemptions), CHOOSE_GROUND)
    if not form.errors:
        try:
            async with visit.house.db.begin(me) as tx:
                claimed = "" if ground == NO_GROUND else ground
                await applications.change(tx, id, {}, expected_version=view.version, exemption=claimed)
            return visit.go(f"{at(id)}?selesai=simpan")
        except Problem as problem:
            if problem.type not in (CHANGED_MEANWHILE, NOT_OPEN):
                raise
            form.take(problem, onto="ground")
    return visit.show("pages/applications/exemption.html", status=422, view=view, form=form)


# --- below the doors ----------------------------------------------------------------------------------------------------


def mark_of(part: Section, form: Mapping[str, JsonValue]) -> str:
    """A short mark of the answers of a section: a page carries it, and it differs once they were changed elsewhere."""
    answers = {each.name: form.get(each.name) for each in part.fields}
    return hashlib.sha256(orjson.dumps(answers, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _part(view: ApplicationView, name: str) -> Section:
    part = section_of(view.service, name)
    if part is None:
        raise NOT_FOUND()
    return part


def _questions(view: ApplicationView, part: Section) -> tuple[Question, ...]:
    """A draft asks everything, an application that came back only what is marked in this section."""
    if view.state != "needs_correction":
        return questions_of(view.service, part, view.form)
    marks = marks_in(view, part)
    return questions_of(view.service, part, view.form, marks) if marks else ()


def _answers(view: ApplicationView, questions: Sequence[Question], form: Form) -> dict[str, JsonValue]:
    """The typed answers to what is asked now, given these very answers; those of questions that closed are left alone."""
    typed = typed_answers(view.service, questions, form)
    asked = {each.name for each in catalogue.asked_fields(view.service, {**view.form, **typed})}
    return catalogue.clean_form(view.service, {name: value for name, value in typed.items() if name in asked})


def _faults(view: ApplicationView, questions: Sequence[Question], patch: Mapping[str, JsonValue]) -> list[FieldError]:
    """What is wrong with the answers of this page."""
    answers = {name: value for name, value in {**view.form, **patch}.items() if value is not None}
    here = {each.name for each in asked_on(questions)} & set(patch)
    found = catalogue.form_faults(view.service, answers, complete=False)
    return [fault for fault in found if fault.pointer.split("/")[2] in here]


def _open(view: ApplicationView, names: set[str]) -> list[FieldError]:
    """Which of these questions are asked and were left open."""
    found = catalogue.form_faults(view.service, view.form, complete=True)
    return [fault for fault in found if fault.pointer.split("/")[2] in names]


def _changes(view: ApplicationView, patch: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in patch.items() if view.form.get(name) != value}


async def _keep(visit: Visit, me: Actor, view: ApplicationView, patch: dict[str, JsonValue]) -> ApplicationView:
    changed = _changes(view, patch)
    if not changed:
        return view
    async with visit.house.db.begin(me) as tx:
        await applications.change(tx, view.id, changed, expected_version=view.version)
        return await applications.view_in(tx, view.id)


async def _not_kept(
    visit: Visit,
    me: Actor,
    view: ApplicationView,
    part: Section,
    form: Form,
    patch: Mapping[str, JsonValue],
    problem: Problem,
) -> Response:
    if problem.type not in (CHANGED_MEANWHILE, NOT_OPEN):
        raise problem
    fresh = await own(visit, me, view.id)
    if fresh.state not in FILLED_IN:
        return visit.go(at(view.id))
    return _show_both(visit, fresh, part, form, patch)


def _go_on(
    visit: Visit,
    view: ApplicationView,
    part: Section,
    questions: Sequence[Question],
    form: Form,
    *,
    known: Collection[str] = (),
) -> Response:
    """To what the answers have opened or a register has filled in here, else to the next section, else back to the list."""
    if view.state == "needs_correction":
        return visit.go(f"{at(view.id)}?selesai=simpan")
    if form.get("do") == "later":
        return visit.go(f"{at(view.id)}?selesai=simpan")
    shown = {each.name for each in asked_on(questions)}
    now = asked_on(questions_of(view.service, part, view.form))
    required = {each.name for each in catalogue.required_fields(view.service, view.form)}
    if any(each.name in required and each.name not in shown for each in now):
        return visit.go(at(view.id, f"isian/{part.name}?more=ya"))
    if shown & set(known):
        return visit.go(at(view.id, f"isian/{part.name}?more=isi"))
    following = _after(view, part)
    return visit.go(at(view.id, f"isian/{following.name}") if following else at(view.id))


def _after(view: ApplicationView, part: Section) -> Section | None:
    """The next section in which something is asked, while the form is filled in for the first time."""
    sections = list(view.service.sections)
    for each in sections[sections.index(part) + 1 :]:
        if questions_of(view.service, each, view.form):
            return each
    return None


def _show_both(
    visit: Visit, view: ApplicationView, part: Section, form: Form, patch: Mapping[str, JsonValue]
) -> Response:
    """The section as it was typed here, with what is stored by now beside each answer that differs."""
    questions = _questions(view, part)
    if not questions:
        return visit.go(at(view.id))
    differs = _changes(view, patch)
    stored = {
        each.name: Stored(each.title, said(each, view.form.get(each.name)))
        for each in part.fields
        if each.name in differs
    }
    return _show(visit, view, part, questions, form, notice=CHANGED_ELSEWHERE, stored=stored, status=409)


def _show(
    visit: Visit,
    view: ApplicationView,
    part: Section,
    questions: Sequence[Question],
    form: Form,
    *,
    notice: Text | None = None,
    stored: Mapping[str, Stored] | None = None,
    status: int | None = None,
) -> Response:
    sections = [each for each in view.service.sections if questions_of(view.service, each, view.form)]
    step = sections.index(part) + 1 if part in sections and view.state == "draft" else 0
    return visit.show(
        "pages/applications/section.html",
        status=status or (422 if form.errors else 200),
        view=view,
        part=part,
        questions=questions,
        form=form,
        seen=mark_of(part, view.form),
        step=step,
        steps=len(sections),
        notice=notice,
        stored=stored or {},
    )
