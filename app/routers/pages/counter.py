"""The staff's pages: what waits, one case with everything for one decision, the daily batch of block requests.

Nobody chooses a case: the list shows what was drawn or what the role asks for. Opening a case is recorded before it is
shown, and whoever has no work on it says what for; the citizen reads both.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.house import House
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.http.paging import cursor_of, cursor_part, read_cursor
from app.routers.pages import counter_applications
from app.routers.pages.counter_words import DECISIONS, FOR_CITIZENS, PURPOSES, TASKS
from app.routers.pages.desk import TaskLine, UndrawnLine, desk_of
from app.routers.pages.forms import Form
from app.routers.pages.tickets import on_this_site
from app.routers.pages.visit import TheVisit, Visit
from app.routers.pages.words import name_of
from app.services import applications, cases, catalogue, etle
from app.services.applications import worklist
from app.services.applications.problems import PURPOSE_NEEDED as APPLICATION_PURPOSE_NEEDED
from app.services.cases import TaskView
from app.services.etle import Decision, ReviewView
from app.services.etle.openings import WHYS, Opening, Why
from app.services.etle.problems import PURPOSE_NEEDED
from app.services.identity.roles import ROLE_NAMES, Role

router = APIRouter(include_in_schema=False)
PAGE = 25
BLOCKS_ON_A_PAGE = 100
MAX_REASON = 1_000
MAX_RUPIAH_DIGITS = 9
StaffOnPage = Annotated[Actor, staff_page()]
Investigator = Annotated[Actor, staff_page(Role.INVESTIGATOR)]
Court = Annotated[Actor, staff_page(Role.COURT)]
AtCounter = Annotated[Actor, staff_page(Role.COUNTER)]

DECIDED = Text("Keputusan untuk {reference} tersimpan.", "The decision on {reference} was recorded.")
SIGNED = Text("{count} permohonan ditandatangani.", "{count} requests were signed.")
CHOOSE = Text("Pilih satu keputusan.", "Choose one decision.")
REASON_MISSING = Text("Tulis alasannya; warga membacanya.", "Write the reason; the citizen reads it.")
KIND_MISSING = Text("Pilih mengapa bukan pelanggaran.", "Choose why it is no violation.")
MATCH_MISSING = Text("Jawab apakah kendaraannya sama.", "Answer whether it is the same vehicle.")
PURPOSE_MISSING = Text("Pilih keperluannya.", "Choose the purpose.")
PURPOSE_SHORT = Text("Sebutkan keperluannya, paling sedikit lima huruf.", "Say what for, in at least five characters.")
NONE_MARKED = Text("Centang paling sedikit satu usulan.", "Mark at least one proposal.")
NOT_RUPIAH = Text(
    "Tulis jumlah rupiah dengan angka saja, misalnya 250000.", "Write rupiah in digits alone, such as 250000."
)
REJECTIONS = ("no_violation", "unreadable", "duplicate")


# --- what waits ---------------------------------------------------------------------------------------------------


@router.get("/counter")
async def tasks_page(
    actor: StaffOnPage,
    visit: TheVisit,
    after: Annotated[str | None, Query(max_length=400)] = None,
    done: Annotated[str, Query(max_length=40, pattern="^[A-Z0-9]*$")] = "",
    show: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The open work of this member of staff, the longest waiting first; with ``show=late`` what is over its time alone."""
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    late = show == "late"
    tasks = await etle.tasks_for(visit.house, actor, limit=PAGE + 1, after=last, late=late)
    desk = await desk_of(visit, actor)
    undrawn = [] if after or late else await etle.undrawn_for(visit.house, actor, limit=PAGE)
    only = "&show=late" if late else ""
    return visit.show(
        "pages/counter/tasks.html",
        staff=desk,
        tasks=await _task_lines(visit, actor, tasks[:PAGE], desk.zone_label),
        late=late,
        undrawn=[
            UndrawnLine(each.reference, name_of(TASKS, each.kind), each.opened_at, desk.zone_label, each.announced)
            for each in undrawn
        ],
        after=after,
        next_href=f"/counter?after={cursor_of(str(tasks[PAGE - 1].id))}{only}" if len(tasks) > PAGE else None,
        notice=DECIDED.fill(reference=done) if done else None,
    )


# --- one case -----------------------------------------------------------------------------------------------------


@router.get("/counter/cases/{id}")
async def case_page(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """The case, for whoever has work on it; anybody else is asked what for."""
    try:
        return await _show_case(visit, actor, id, Form(), purpose=None)
    except Problem as problem:
        if problem.type not in (PURPOSE_NEEDED, APPLICATION_PURPOSE_NEEDED):
            raise
    return visit.show("pages/counter/purpose.html", staff=await desk_of(visit, actor), form=Form())


@router.post("/counter/cases/{id}")
async def open_case(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """Open the case for the purpose that was stated; it is recorded and the citizen reads it."""
    form = await visit.form()
    chosen = form.choice("purpose", (*PURPOSES, "other"), PURPOSE_MISSING)
    purpose = PURPOSES[chosen].id if chosen in PURPOSES else form.plain("other")
    if chosen == "other" and len(purpose) < 5:
        form.errors.setdefault("other", PURPOSE_SHORT)
    if form.errors:
        desk = await desk_of(visit, actor)
        return visit.show("pages/counter/purpose.html", status=422, staff=desk, form=form)
    return await _show_case(visit, actor, id, Form(), purpose=purpose)


@router.post("/counter/cases/{id}/decision")
async def decide(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """One decision, with its reason where the lifecycle wants one; then back to what waits."""
    form = await visit.form(max_fields=counter_applications.MOST_FIELDS)
    if await _is_application(visit.house, id):
        return await counter_applications.decide(visit, actor, id, form)
    decision = _decision(form)
    if decision is not None:
        try:
            vehicle = await etle.find_vehicle_for(visit.house, decision.plate)
            async with visit.house.db.begin(actor) as tx:
                case = await etle.decide(tx, id, replace(decision, vehicle=vehicle))
                reference_no = case.reference
            return visit.go(f"/counter?done={reference_no}")
        except Problem as problem:
            form.take(problem, onto="action")
            return await show_again(visit, actor, id, form, status=problem.type.status)
    return await show_again(visit, actor, id, form)


@router.post("/counter/cases/{id}/address")
async def correct_address(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """Another address or phone for a letter that did not arrive; it is sent again."""
    form = await visit.form()
    address, phone = form.plain("address", longest=400), form.plain("phone", longest=24)
    try:
        async with visit.house.db.begin(actor) as tx:
            case = await etle.correct_address(tx, id, address=address or None, phone=phone or None)
            reference_no = case.reference
        return visit.go(f"/counter?done={reference_no}")
    except Problem as problem:
        form.take(problem, onto="address")
        return await show_again(visit, actor, id, form, status=problem.type.status)


@router.post("/counter/cases/{id}/verdict")
async def enter_verdict(id: UUID, actor: Court, visit: TheVisit) -> Response:
    """The court's decision as read out: fine and cost in rupiah."""
    form = await visit.form()
    fine, cost = _rupiah(form, "fine"), _rupiah(form, "cost")
    if not form.errors:
        try:
            async with visit.house.db.begin(actor) as tx:
                case = await etle.enter_verdict(tx, id, fine=fine, cost=cost)
                reference_no = case.reference
            return visit.go(f"/counter?done={reference_no}")
        except Problem as problem:
            form.take(problem, onto="fine")
    return await show_again(visit, actor, id, form)


# --- the daily batch of block requests ----------------------------------------------------------------------------


@router.get("/counter/blocks")
async def blocks_page(
    actor: Investigator, visit: TheVisit, signed: Annotated[int, Query(ge=0, le=BLOCKS_ON_A_PAGE)] = 0
) -> Response:
    """What the system proposes; the investigator's signature makes it a request (Perpol 7/2021 art. 87)."""
    notice = SIGNED.fill(count=signed) if signed else None
    return await _show_blocks(visit, actor, Form(), notice=notice)


@router.post("/counter/blocks")
async def sign_blocks(actor: Investigator, visit: TheVisit) -> Response:
    """Sign those that are marked; what is not marked goes on waiting."""
    form = await visit.form()
    ids = [UUID(value) for name, value in form.values.items() if name.startswith("block-") and _is_uuid(value)]
    if not ids:
        form.errors["blocks"] = NONE_MARKED
        return await _show_blocks(visit, actor, form, status=422)
    try:
        async with visit.house.db.begin(actor) as tx:
            count = await etle.sign(tx, ids)
    except Problem as problem:
        form.take(problem, onto="blocks")
        return await _show_blocks(visit, actor, form, status=problem.type.status)
    return visit.go(f"/counter/blocks?signed={count}")


# --- below the doors ----------------------------------------------------------------------------------------------


async def show_again(
    visit: Visit, actor: Actor, case_id: UUID, form: Form, *, status: int = 422, opened: Opening | None = None
) -> Response:
    """The case with what is wrong, for the purpose for which it was opened; the forms on the page carry it along."""
    stated = form.get("stated")[:80] or None
    return await _show_case(visit, actor, case_id, form, purpose=stated, status=status, opened=opened)


async def _show_case(
    visit: Visit,
    actor: Actor,
    case_id: UUID,
    form: Form,
    *,
    purpose: str | None,
    status: int = 200,
    opened: Opening | None = None,
) -> Response:
    if await _is_application(visit.house, case_id):
        return await counter_applications.show(visit, actor, case_id, form, purpose=purpose, status=status)
    review = await etle.open_for_review(visit.house, actor, case_id, purpose=purpose)
    entries = list(reversed(await etle.timeline_for(visit.house, case_id)))
    return visit.show(
        "pages/counter/case.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        review=_here(visit, review),
        stated=purpose or "",
        choices=[choice for action, choice in DECISIONS.items() if action in review.actions],
        corrects_address=review.state == "undelivered" and str(Role.OFFICER) in actor.roles,
        enters_verdict="enter_verdict" in review.actions,
        for_citizens=[choice for action, choice in FOR_CITIZENS.items() if action in review.actions],
        entries=entries,
        looks=[entry for entry in entries if entry.action == "look"],
        may_hold=str(Role.SUPERVISOR) in actor.roles,
        whys=[(each, WHYS[Why(each)]) for each in review.opening_reasons],
        opened=None
        if opened is None
        else replace(opened, url=opened.url.removeprefix(visit.house.settings.public_url)),
    )


async def _task_lines(visit: Visit, actor: Actor, tasks: Sequence[TaskView], zone: str) -> list[TaskLine]:
    """The lines of the list; an application shows its service and the end of its service level as well."""
    async with visit.house.db.read() as connection:
        underway = await worklist.underway_of(connection, {task.case_id for task in tasks})
    services = {each.code: each.title for each in visit.house[catalogue.Catalogue].all()}
    lines = []
    for task in tasks:
        found = underway.get(task.case_id)
        due_at = found.due_at if found else None
        line = TaskLine(
            case_id=task.case_id,
            reference=task.reference,
            title=name_of(TASKS, task.kind),
            since=task.opened_at,
            zone_label=zone,
            mine=task.assigned_to == actor.id,
            role_name=_role_name(task.role),
            service=name_of(services, found.service_code) if found else None,
            due_at=due_at,
            late=task.kind in etle.LATE or (due_at is not None and due_at < visit.now),
        )
        lines.append(line)
    return lines


async def _is_application(house: House, case_id: UUID) -> bool:
    """Whether the case follows the lifecycle of applications; tickets and unknown cases go to the tickets' room."""
    async with house.db.read() as connection:
        return await cases.lifecycle_of(connection, case_id) == applications.LIFECYCLE


def _here(visit: Visit, review: ReviewView) -> ReviewView:
    base = visit.house.settings.public_url
    files = tuple(replace(file, url=file.url.removeprefix(base)) for file in review.attachments)
    return replace(review, evidence=on_this_site(visit, review.evidence), attachments=files)


async def _show_blocks(
    visit: Visit, actor: Actor, form: Form, *, notice: Text | None = None, status: int = 200
) -> Response:
    async with visit.house.db.read() as connection:
        blocks = await etle.list_proposed(connection, actor.unit or "", now=visit.now, limit=BLOCKS_ON_A_PAGE)
    desk = await desk_of(visit, actor)
    return visit.show("pages/counter/blocks.html", status=status, staff=desk, form=form, blocks=blocks, notice=notice)


def _decision(form: Form) -> Decision | None:
    """What was decided; None with the faults put into the form."""
    action = form.choice("action", tuple(DECISIONS), CHOOSE)
    wanted = DECISIONS.get(action)
    if wanted is None:
        return None
    reason = (
        form.need("reason", REASON_MISSING, longest=MAX_REASON)
        if wanted.reason
        else form.plain("reason", longest=MAX_REASON)
    )
    matches, same, kind, plate = None, None, None, None
    if action == "verify":
        matches = form.choice("registry_match", ("yes", "no"), MATCH_MISSING) == "yes"
        plate = form.plain("plate", longest=16) or None
        same = {"yes": True, "no": False}.get(form.get("shield_match"))
    if action == "reject":
        kind = form.choice("kind", REJECTIONS, KIND_MISSING)
    if form.errors:
        return None
    version = form.get("version")
    return Decision(
        action=action,
        reason=reason or None,
        expected_version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
        registry_matches=matches,
        shield_matches=same,
        plate=plate,
        kind=kind,
    )


def _rupiah(form: Form, name: str) -> int:
    text = form.get(name).replace(".", "").replace(" ", "")
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_RUPIAH_DIGITS):
        form.errors[name] = NOT_RUPIAH
        return 0
    return int(text)


def _role_name(role: str) -> Text:
    return ROLE_NAMES[Role(role)] if role in {str(each) for each in Role} else Text(role, role)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
