"""An application that is filled in at the counter for its applicant: the same questions and papers as on their own pages."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import INVALID_REQUEST, NOT_FOUND, Problem
from app.core.texts import Text
from app.routers.pages.applying import marks_in, section_of
from app.routers.pages.counter_helping import FILLED_IN, PAGE, AtCounter, must_help
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.questions import Question, filled, questions_of, show_faults, typed_answers
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, catalogue
from app.services.applications import ApplicationView, DocumentView
from app.services.catalogue import Section

router = APIRouter(include_in_schema=False)
MAX_FILE_BYTES = 20 * 1024 * 1024
FORM_AROUND_A_FILE = 65_536
MOST_FIELDS = 120
FILE_MISSING = Text("Pilih berkas dahulu.", "Choose a file first.")


@router.get(f"{PAGE}/{{id}}/isian/{{section}}")
async def section_page(id: UUID, section: str, actor: AtCounter, visit: TheVisit) -> Response:
    """One section of the form; where an officer has marked something, just that."""
    view = await must_help(visit, actor, id)
    part = _part(view, section)
    questions = _questions(view, part)
    return await _show_section(visit, actor, view, part, questions, filled(questions, view.form))


@router.post(f"{PAGE}/{{id}}/isian/{{section}}")
async def save_section(id: UUID, section: str, actor: AtCounter, visit: TheVisit) -> Response:
    """Keep what is right, name what is wrong, and go back to the list."""
    form = await visit.form(max_fields=MOST_FIELDS)
    view = await must_help(visit, actor, id)
    part = _part(view, section)
    questions = _questions(view, part)
    try:
        typed = typed_answers(view.service, questions, form)
        asked = {each.name for each in catalogue.asked_fields(view.service, {**view.form, **typed})}
        patch = catalogue.clean_form(view.service, {name: value for name, value in typed.items() if name in asked})
        answers = {name: value for name, value in {**view.form, **patch}.items() if value is not None}
        found = catalogue.form_faults(view.service, answers, complete=True)
        show_faults(form, [each for each in found if each.pointer.split("/")[2] in patch], questions)
        wrong = {fault.pointer.split("/")[2] for fault in catalogue.form_faults(view.service, answers, complete=False)}
        right = {name: value for name, value in patch.items() if name not in wrong and view.form.get(name) != value}
        if right:
            async with visit.house.db.begin(actor) as tx:
                await applications.change(tx, id, right, expected_version=view.version)
            await applications.fill_in(visit.house, actor, id)
    except Problem as problem:
        if problem.type is INVALID_REQUEST:
            show_faults(form, problem.errors, questions)
        else:
            form.take(problem, onto="main-content")
        return await _show_section(visit, actor, view, part, questions, form, status=problem.type.status)
    if form.errors:
        fresh = await must_help(visit, actor, id)
        return await _show_section(visit, actor, fresh, part, _questions(fresh, part) or questions, form, status=422)
    return visit.go(f"{PAGE}/{id}?done=saved")


@router.get(f"{PAGE}/{{id}}/berkas/{{name}}")
async def paper_page(id: UUID, name: str, actor: AtCounter, visit: TheVisit) -> Response:
    """One paper that the applicant brought."""
    view = await must_help(visit, actor, id)
    return await _show_paper(visit, actor, view, _paper(view, name), Form())


@router.post(f"{PAGE}/{{id}}/berkas/{{name}}", max_body_size=MAX_FILE_BYTES + FORM_AROUND_A_FILE)
async def take_paper(id: UUID, name: str, actor: AtCounter, visit: TheVisit) -> Response:
    """Check the paper and keep it, or say what to mend."""
    form = await visit.form(max_file_bytes=MAX_FILE_BYTES)
    view = await must_help(visit, actor, id)
    paper, file = _paper(view, name), form.files.get("file")
    if file is None:
        form.errors["file"] = FILE_MISSING
        return await _show_paper(visit, actor, view, paper, form, status=422)
    try:
        await visit.house[Limits].hit("attachment-case", str(id))
        await applications.take(visit.house, actor, id, name, file.data)
    except Problem as problem:
        said = [each.message for each in problem.errors] or [Text(problem.detail("id"), problem.detail("en"))]
        form.errors |= {"file" if not number else f"file-{number}": words for number, words in enumerate(said)}
        return await _show_paper(visit, actor, view, paper, form, status=problem.type.status)
    return visit.go(f"{PAGE}/{id}?done=saved")


# --- below the doors -------------------------------------------------------------------------------------------------


async def _show_section(
    visit: Visit,
    actor: Actor,
    view: ApplicationView,
    part: Section,
    questions: Sequence[Question],
    form: Form,
    *,
    status: int = 200,
) -> Response:
    return visit.show(
        "pages/counter/applications/assist_section.html",
        status=status,
        staff=await desk_of(visit, actor),
        view=view,
        part=part,
        questions=questions,
        form=form,
    )


async def _show_paper(
    visit: Visit, actor: Actor, view: ApplicationView, paper: DocumentView, form: Form, *, status: int = 200
) -> Response:
    return visit.show(
        "pages/counter/applications/assist_paper.html",
        status=status,
        staff=await desk_of(visit, actor),
        view=view,
        paper=paper,
        accept=",".join(paper.rule.media_types),
        form=form,
    )


def _part(view: ApplicationView, name: str) -> Section:
    part = section_of(view.service, name)
    if part is None or view.state not in FILLED_IN:
        raise NOT_FOUND()
    return part


def _questions(view: ApplicationView, part: Section) -> tuple[Question, ...]:
    """A draft asks everything, an application that came back only what is marked in this section."""
    if view.state != "needs_correction":
        return questions_of(view.service, part, view.form)
    marks = marks_in(view, part)
    return questions_of(view.service, part, view.form, marks) if marks else ()


def _paper(view: ApplicationView, name: str) -> DocumentView:
    found = view.paper(name)
    if found is None or view.state not in FILLED_IN:
        raise NOT_FOUND()
    return found
