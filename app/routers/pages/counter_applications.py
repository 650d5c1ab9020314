"""An application on the officer's page: form and papers beside the registers, marks on the very field, one decision.

Opening is recorded before anything is shown. Papers open as pictures of this page's own door, for whoever has just opened
the case (`check_desk`), so that no look goes unrecorded. Nothing that was typed is lost when something is refused.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.application_words import GROUNDS
from app.routers.pages.counter_review import (
    birth_date_differs,
    name_differs,
    open_choices,
    papers_of,
    parts_of,
    registers_of,
    shut_of,
    verdicts_of,
)
from app.routers.pages.counter_words import APPLICATION_DECISIONS
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import MAX_UPLOAD_BYTES, Form
from app.routers.pages.once import new_once, once
from app.routers.pages.visit import TheVisit, Visit
from app.routers.pages.words import name_of
from app.services import applications, billing, cases, reference
from app.services.applications import REASONS, REFUSALS, Decision, Mark, issuing, revoking
from app.services.applications.problems import PURPOSE_NEEDED
from app.services.cases import Lifecycles
from app.services.documents import PhotoRules
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
StaffOnPage = Annotated[Actor, staff_page()]
MOST_FIELDS = 250
"""A reason and words for each field and paper of a long form."""
MAX_REASON, MAX_WORDS, MAX_MESSAGE, MAX_TRACKING = 1_000, 500, 2_000, 40
MARK, WORDS, LOOK = "mark-", "words-", "look-"
FORM_AROUND_A_FILE = 65_536
PRIVATE = {"Cache-Control": "private, no-store"}
PASSES = ("approve", "call_in")
GOING_ON = "melanjutkan permohonan yang baru dibuka / going on with an application just opened"

CHOOSE = Text("Pilih satu keputusan.", "Choose one decision.")
REASON_MISSING = Text("Tulis alasannya; pemohon membacanya.", "Write the reason; the applicant reads it.")
CODE_MISSING = Text("Pilih alasan dari daftar.", "Choose a reason from the list.")
TRACKING_MISSING = Text("Tulis nomor kirimannya.", "Write the number of the parcel.")
MARKS_MISSING = Text(
    "Tandai di atas isian atau berkas yang harus diperbaiki.", "Mark above the fields or papers that are to be mended."
)
MARKS_LEFT = Text(
    "Anda menandai sesuatu. Pilih 'Minta perbaikan', atau kosongkan tandanya.",
    "You have marked something. Choose 'Ask for something to be mended', or clear the mark.",
)
NOT_LOOKED = Text(
    "Centang semua yang sudah Anda lihat pada berkas, atau tandai berkasnya untuk diperbaiki.",
    "Tick everything that you have seen on the papers, or mark the paper to be mended.",
)
FILE_TOO_LARGE = Text("Berkas ini lebih besar dari 8 MB.", "This file is larger than 8 MB.")
SENT = Text("Pesan terkirim kepada pemohon.", "The message was sent to the applicant.")
WITHDRAWN = Text("Tanda dicabut.", "The mark was withdrawn.")


# --- the page, shown by the dispatching door of `counter.py` ---------------------------------------------------------


async def show(
    visit: Visit,
    actor: Actor,
    case_id: UUID,
    form: Form,
    *,
    purpose: str | None,
    notice: Text | None = None,
    status: int = 200,
) -> Response:
    """The application with everything for one decision. The look is recorded; raises `applications-purpose-needed`."""
    house = visit.house
    review = await applications.open_for_review(house, actor, case_id, purpose=purpose)
    messages = await applications.list_messages(house, actor, case_id)
    lifecycle = house[Lifecycles].of(review.case)
    async with house.db.read() as connection:
        entries = list(reversed(await cases.timeline(connection, case_id)))
        bill = await billing.bill_of(connection, case_id, at=visit.now)
        refunds = await billing.refunds_of(connection, case_id)
        issued = await issuing.issued_of(connection, case_id)
        unit = await reference.find_unit(connection, review.case.unit)
    papers = papers_of(review, house[PhotoRules])
    return visit.show(
        "pages/counter/applications/application.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        notice=notice,
        stated=purpose or "",
        review=review,
        state_title=lifecycle.states[review.case.state].title,
        closed=review.case.closed_at is not None,
        unit_name=unit.name if unit else review.case.unit,
        zone=unit.zone if unit else "WIB",
        late=review.service_due is not None and review.service_due < visit.now,
        parts=parts_of(review),
        papers=papers,
        looks=sum(len(paper.looks) for paper in papers),
        registers=registers_of(review),
        verdicts=verdicts_of(review),
        name_differs=name_differs(review),
        birth_date_differs=birth_date_differs(review),
        choices=open_choices(review),
        shut=shut_of(review, lifecycle, actor),
        marks_withdrawable=str(Role.OFFICER) in actor.roles and review.case.assigned_to in (None, actor.id),
        reasons=REASONS,
        refusals=REFUSALS,
        messages=messages,
        exemption=name_of(GROUNDS, review.exemption) if review.exemption else None,
        bill=bill,
        refunds=refunds,
        issued=issued,
        may_revoke=not actor.roles.isdisjoint(revoking.PROPOSERS),
        entries=entries,
        looked=[entry for entry in entries if entry.action == "look"],
    )


async def decide(visit: Visit, actor: Actor, case_id: UUID, form: Form) -> Response:
    """One decision with its reason, marks or code; then back to what waits."""
    decision = read_decision(form)
    if decision is None:
        return await _again(visit, actor, case_id, form)

    async def work(tx: Tx) -> str:
        case = await applications.decide(tx, case_id, decision)
        return f"/counter?done={case.reference}"

    try:
        return visit.go(await once(visit, actor, form, work))
    except Problem as problem:
        form.take(problem, onto="action")
        return await _again(visit, actor, case_id, form, status=problem.type.status)


# --- messages and marks ----------------------------------------------------------------------------------------------


@router.post("/counter/cases/{id}/messages", max_body_size=MAX_UPLOAD_BYTES + FORM_AROUND_A_FILE)
async def write_message(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """Write to the applicant, with a file if need be; the applicant is told that there is a message."""
    form = await visit.form()
    await applications.check_desk(visit.house, actor, id)
    text, status = form.plain("text", longest=MAX_MESSAGE), 422
    file = form.files.get("file")
    if file is not None and len(file.data) > MAX_UPLOAD_BYTES:
        form.errors["file"] = FILE_TOO_LARGE
    if not form.errors:
        try:
            stored = None
            if file is not None:
                stored = await applications.store_file(visit.house, actor, id, file.data, file.filename)

            async def work(tx: Tx) -> str:
                await applications.write_message(tx, id, text, stored)
                return f"/counter/cases/{id}"

            await once(visit, actor, form, work)
            return await show(visit, actor, id, Form(), purpose=_stated(form), notice=SENT)
        except Problem as problem:
            form.take(problem, onto="file" if problem.type.code.startswith("documents-") else "text")
            status = problem.type.status
    return await _again(visit, actor, id, form, status=status)


@router.post("/counter/cases/{id}/marks")
async def withdraw_mark(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """Take a mark back: the field or paper was right after all. Again, it changes nothing."""
    form = await visit.form()
    await applications.check_desk(visit.house, actor, id)
    pointer = form.plain("pointer", longest=80)

    async def work(tx: Tx) -> str:
        await applications.withdraw_mark(tx, id, pointer)
        return f"/counter/cases/{id}"

    try:
        await once(visit, actor, form, work)
    except Problem as problem:
        form.take(problem, onto="action")
        return await _again(visit, actor, id, form, status=problem.type.status)
    return await show(visit, actor, id, Form(), purpose=_stated(form), notice=WITHDRAWN)


# --- files -----------------------------------------------------------------------------------------------------------


@router.get("/counter/cases/{id}/documents/{name}")
async def show_paper(id: UUID, name: str, actor: StaffOnPage, visit: TheVisit) -> Response:
    """A paper of an application that this person has just opened: a picture in the page, anything else as a download."""
    await applications.check_desk(visit.house, actor, id)
    data, media_type = await applications.open_paper(visit.house, actor, id, name[:60])
    return _file(data, media_type)


@router.get("/counter/cases/{id}/messages/{message_id}/file")
async def show_message_file(id: UUID, message_id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """The file of a message."""
    await applications.check_desk(visit.house, actor, id)
    data, media_type = await applications.open_message_file(visit.house, actor, id, message_id)
    return _file(data, media_type)


@router.get("/counter/cases/{id}/document.pdf")
async def show_issued(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """The issued document, sealed, for printing and handing over."""
    await applications.check_desk(visit.house, actor, id)
    return _file(await applications.issued_pdf(visit.house, id), "application/pdf")


# --- below the doors -------------------------------------------------------------------------------------------------


def read_decision(form: Form) -> Decision | None:
    """What was decided; None with the faults put into the form."""
    action = form.choice("action", tuple(APPLICATION_DECISIONS), CHOOSE)
    wanted = APPLICATION_DECISIONS.get(action)
    if wanted is None:
        return None
    reason = (
        form.need("reason", REASON_MISSING, longest=MAX_REASON)
        if wanted.reason
        else form.plain("reason", longest=MAX_REASON)
    )
    marks = _marks(form)
    code, tracking_no = None, None
    if action == "ask_correction" and not marks:
        form.errors.setdefault("action", MARKS_MISSING)
    if action != "ask_correction" and marks:
        form.errors.setdefault("action", MARKS_LEFT)
    if action == "propose_refusal":
        code = form.choice("code", tuple(REFUSALS), CODE_MISSING)
    if action == "ship":
        tracking_no = form.need("tracking_no", TRACKING_MISSING, longest=MAX_TRACKING)
    if action in PASSES and not _all_looked(form):
        form.errors.setdefault(f"{LOOK}1", NOT_LOOKED)
    if form.errors:
        return None
    version = form.get("version")
    return Decision(
        action=action,
        reason=reason or None,
        code=code,
        marks=marks if action == "ask_correction" else (),
        tracking_no=tracking_no,
        expected_version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
    )


def _marks(form: Form) -> tuple[Mark, ...]:
    """Every field and paper for which a reason was chosen; words without a reason are a fault, and are kept."""
    marks = []
    for name in form.values:
        if name.startswith(WORDS):
            key = name.removeprefix(WORDS)
            words, code = form.plain(name, longest=MAX_WORDS), form.get(MARK + key)
            if words and not code:
                form.errors.setdefault(MARK + key, CODE_MISSING)
            if code:
                kind, _, field = key.partition("-")
                marks.append(Mark(f"/{kind}/{field}", code[:40], words or None))
    return tuple(marks)


def _all_looked(form: Form) -> bool:
    wanted = form.get("looks")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 4):
        return True
    return all(form.get(f"{LOOK}{number}") for number in range(1, int(wanted) + 1))


def _stated(form: Form) -> str | None:
    """The purpose for which the case was opened; the forms of the page carry it along."""
    return form.get("stated")[:80] or None


async def _again(visit: Visit, actor: Actor, case_id: UUID, form: Form, *, status: int = 422) -> Response:
    """The page with what is wrong. Whose work has gone meanwhile has opened the case all the same, and reads why."""
    try:
        return await show(visit, actor, case_id, form, purpose=_stated(form), status=status)
    except Problem as problem:
        if problem.type is not PURPOSE_NEEDED:
            raise
    await applications.check_desk(visit.house, actor, case_id)
    return await show(visit, actor, case_id, form, purpose=GOING_ON, status=status)


def _file(data: bytes, media_type: str) -> Response:
    """Pictures are shown in the page that they stand in; what could hold more than a picture is downloaded."""
    way = "inline" if media_type.startswith("image/") else "attachment"
    return Response(data, media_type=media_type, headers={"Content-Disposition": way, **PRIVATE})
