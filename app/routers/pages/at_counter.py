"""A citizen at the counter: the officer types, and the citizen's own one-time code says that they agree.

Two pages: which step (on the case's page; the code leaves then), and the answer with the code. The fields are those of
the citizen's own pages, checked by the same schema.
"""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.pages.answers import FORM_AROUND_A_FILE, check_answer, fields_of
from app.routers.pages.consent_forms import printed
from app.routers.pages.counter import AtCounter, show_again
from app.routers.pages.counter_words import FOR_CITIZENS, Choice
from app.routers.pages.desk import desk_of
from app.routers.pages.drafts import Draft, DraftFile
from app.routers.pages.forms import MAX_UPLOAD_BYTES, Form
from app.routers.pages.visit import TheVisit, Visit
from app.services import etle
from app.services.etle import LetterAnswer
from app.services.etle.at_counter import KINDS
from app.services.identity.problems import CONSENT_REFUSED

router = APIRouter(include_in_schema=False)
CHOOSE_STEP = Text("Pilih apa yang diminta warga.", "Choose what the citizen asks for.")
CHOOSE_KIND = Text("Pilih keberatannya.", "Choose the objection.")
CODE_MISSING = Text("Ketik kode yang disebutkan warga.", "Type the code that the citizen tells you.")


@router.post("/counter/cases/{id}/consent")
async def ask_consent(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """Send the citizen a code for the step that they ask for; then the form for it. Or print a form for their consent."""
    form = await visit.form()
    step = form.choice("step", tuple(FOR_CITIZENS), CHOOSE_STEP)
    if form.errors:
        return await show_again(visit, actor, id, form)
    if form.get("do") == "number":
        return await _show(visit, actor, id, FOR_CITIZENS[step], Form({"stated": form.get("stated")}))
    try:
        await visit.house[Limits].hit("consent-case", str(id))
        if form.get("do") == "paper":
            async with visit.house.db.begin(actor) as tx:
                return visit.go(printed(await etle.at_counter.print_consent(tx, id, step)))
        async with visit.house.db.begin(actor) as tx:
            asked = await etle.at_counter.ask_consent(tx, id, step)
    except Problem as problem:
        form.take(problem, onto="step")
        return await show_again(visit, actor, id, form, status=problem.type.status)
    fresh = Form({"stated": form.get("stated"), "sent_to": asked.sent_to})
    return await _show(visit, actor, id, FOR_CITIZENS[step], fresh)


@router.post("/counter/cases/{id}/answer", max_body_size=MAX_UPLOAD_BYTES + FORM_AROUND_A_FILE)
async def answer_for_citizen(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """The answer with the citizen's code. What is wrong is said on the page, and nothing that was typed is lost."""
    form = await visit.form()
    choice = FOR_CITIZENS.get(form.choice("step", tuple(FOR_CITIZENS), CHOOSE_STEP))
    if choice is None:
        return await show_again(visit, actor, id, form)
    code = form.need("code", CODE_MISSING, longest=14)
    status = 422
    try:
        await _take_file(visit, actor, id, form)
        answer = _answer(form, choice.value)
        if not form.errors:
            async with visit.house.db.begin(actor) as tx:
                case = await etle.at_counter.answer_for(tx, id, choice.value, code=code, answer=answer)
            if case is not None:
                return visit.go(f"/counter?done={case.reference}")
            form.take(CONSENT_REFUSED(), onto="code")
    except Problem as problem:
        form.take(problem, onto="code")
        status = problem.type.status
    return await _show(visit, actor, id, choice, form, status=status)


async def _show(
    visit: Visit, actor: Actor, case_id: UUID, choice: Choice, form: Form, *, status: int = 200
) -> Response:
    desk = await desk_of(visit, actor)
    return visit.show(
        "pages/counter/consent.html", status=status, staff=desk, form=form, choice=choice, case_id=case_id
    )


def _answer(form: Form, step: str) -> LetterAnswer | None:
    """The citizen's answer; None for a step without one, or with the faults put into the form."""
    kinds = KINDS.get(step)
    if kinds is None:
        return None
    kind = kinds[0] if len(kinds) == 1 else form.choice("kind", kinds, CHOOSE_KIND)
    if kind not in kinds:
        return None
    files = tuple(DraftFile(each, "") for each in form.get("attachments").split() if each)
    checked = check_answer(form, Draft(kind=kind, fields=fields_of(form, kind), attachments=files))
    return checked.to_answer() if checked is not None else None


async def _take_file(visit: Visit, actor: Actor, case_id: UUID, form: Form) -> None:
    """Keep a file that came with the form, and carry its id along: a browser does not send it twice."""
    file = form.files.get("file")
    if file is not None:
        await visit.house[Limits].hit("attachment-case", str(case_id))
        stored = await etle.at_counter.store_attachment(visit.house, actor, case_id, file.data)
        async with visit.house.db.begin(actor) as tx:
            attachment = await etle.attachments.attach(tx, case_id, stored)
        form.values = {**form.values, "attachments": f"{form.get('attachments')} {attachment.id}".strip()}
