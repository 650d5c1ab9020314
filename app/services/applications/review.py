"""The officer's side: papers and registers side by side, marks on the very field, one decision, and every look recorded.

The officer was drawn. What the machine passed may be refused only with a reason from the list, and only by two people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.texts import Text
from app.services import appointments, cases, catalogue, reference
from app.services.applications import clock, drafts, new_vehicles, worklist
from app.services.applications.models import Application, ApplicationMark
from app.services.applications.problems import (
    APPLICANTS_STEP,
    APPLICATION_NOT_FOUND,
    MARK_UNKNOWN,
    PURPOSE_NEEDED,
    REFUSAL_CODE_NEEDED,
)
from app.services.applications.reasons import REASONS, REFUSALS
from app.services.applications.store import (
    application_of,
    find_application,
    form_of,
    papers_of,
    person_of,
    service_of,
)
from app.services.cases import Case, Lifecycles, TaskView
from app.services.cases.models import CaseView
from app.services.cases.problems import NOT_ASSIGNED
from app.services.identity.roles import Role
from app.services.identity.staff import pool_of

MAX_MARKS = 50
LOOK_LASTS = timedelta(hours=12)
"""Papers and messages stay open to whoever opened the case for this long: a day's work at the desk."""
MAX_WORDS = 500
OPENED = "incomplete"
CITIZEN_STEPS = frozenset({"submit", "submit_for_check", "discard", "cancel", "reopen", "resubmit", "rebook"})
"""What only the applicant may do; a counter officer does it for them with their own consent code, never as a decision."""
RELEASE = "release"
"""The move by which the drawn officer gives a case back, such as that of somebody they know."""
MARK_WITHDRAWN = Text("Petugas mencabut tandanya", "The officer took a mark back")
LOOK = "memeriksa permohonan / reviewing the application"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be mended: the field or paper, a reason from the list, and words if they help."""

    pointer: str
    code: str
    words: str | None = None


@dataclass(frozen=True, slots=True)
class MarkView:
    """A mark as applicant and officer see it."""

    pointer: str
    code: str
    says: Text
    words: str | None
    changed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What staff do to an application. `code` names the reason of a refusal, `tracking_no` the parcel."""

    action: str
    reason: str | None = None
    code: str | None = None
    marks: tuple[Mark, ...] = ()
    tracking_no: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class PaperView:
    """A paper beside the form. `looks` is what only a person can see; `warnings` what the machine was unsure of."""

    name: str
    title: Text
    media_type: str
    size: int
    warnings: tuple[str, ...]
    given_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewView:
    """Everything for one decision on an application."""

    case: Case
    service: catalogue.Service
    form: dict[str, JsonValue]
    applicant: dict[str, str | None]
    papers: tuple[PaperView, ...]
    missing: tuple[Text, ...]
    verdicts: tuple[catalogue.Verdict, ...]
    facts: catalogue.Facts
    marks: tuple[MarkView, ...]
    exemption: str | None
    booking: appointments.BookingView | None
    actions: tuple[str, ...]
    tasks: tuple[TaskView, ...]
    service_due: datetime | None
    must_come: bool = False


async def decide(tx: Tx, case_id: UUID, decision: Decision) -> Case:
    """Carry out one decision of a member of staff. Raises what the engine and the guards raise, MARK_UNKNOWN,
    REFUSAL_CODE_NEEDED. Locks case and application."""
    if decision.action in CITIZEN_STEPS:
        raise APPLICANTS_STEP()
    case = await cases.get_locked(tx, case_id)
    application = await application_of(tx, case_id)
    if decision.action == "ask_correction":
        await _mark(tx, case, application, decision.marks)
    if decision.action == "propose_refusal":
        if decision.code not in REFUSALS:
            raise REFUSAL_CODE_NEEDED(codes=", ".join(REFUSALS))
        application.refusal_code = decision.code
        await tx.session.flush()
    if decision.action == "ship":
        application.tracking_no = decision.tracking_no
        await tx.session.flush()
    if decision.action == worklist.PRINT:
        await worklist.mark_printed_with(tx, case_id)
    data: dict[str, JsonValue] = {}
    if decision.code is not None:
        data["code"] = decision.code
    if decision.marks:
        data["marks"] = [{"pointer": each.pointer, "code": each.code} for each in decision.marks]
    return await cases.move(
        tx, case_id, decision.action, reason=decision.reason, data=data, expected_version=decision.expected_version
    )


async def withdraw_mark(tx: Tx, case_id: UUID, pointer: str) -> None:
    """The officer whose case it is takes a mark back: it was right after all. One event. Raises NOT_ASSIGNED, MARK_UNKNOWN."""
    case = await cases.get_locked(tx, case_id)
    if case.assigned_to != tx.actor.id:
        raise NOT_ASSIGNED()
    for mark in await drafts.open_marks(tx, case_id):
        if mark.pointer == pointer:
            mark.mended_at = tx.now
            await cases.note(tx, case_id, "withdraw_mark", MARK_WITHDRAWN, data={"pointer": pointer, "code": mark.code})
            return
    raise MARK_UNKNOWN(pointer=pointer, code="-")


async def draw_officer(tx: Tx, case: Case) -> None:
    """Announce the draw of the officer among the unit's, without those who gave this case back; while nobody is there
    `applications.draw_waiting` does it later. Who has the case so far has it no more."""
    pool = await _pool(tx, case)
    if _somebody(pool):
        await cases.announce_draw(tx, case.id, pool)


async def another_officer(tx: Tx, case: Case) -> bool:
    """Whether somebody else of the unit could be drawn for this case now."""
    return _somebody([each for each in await _pool(tx, case) if each.id != case.assigned_to])


async def open_for_review(house: House, actor: Actor, case_id: UUID, *, purpose: str | None = None) -> ReviewView:
    """An application of the actor's unit with everything for a decision. The look is recorded and the applicant sees it.

    Who has no work on it needs a purpose. Raises APPLICATION_NOT_FOUND, PURPOSE_NEEDED.
    """
    async with house.db.read() as connection:
        application = await find_application(connection, case_id)
        tasks = tuple(await cases.tasks_of(connection, case_id))
    checked = await drafts.check(house, case_id)
    async with house.db.begin(actor) as tx:
        case = await _case_of_unit(tx, actor, case_id)
        mine = any(_is_mine(each, actor) for each in tasks)
        if not mine and purpose is None:
            raise PURPOSE_NEEDED()
        await cases.saw(tx, case_id, purpose or LOOK)
        row = await application_of(tx, case_id)
        if mine and case.assigned_to == actor.id and row.looked_at is None:
            row.looked_at = tx.now
        done = await cases.actions_of(tx.session, case_id, actor.id)
        service = await service_of(tx.session, row)
        papers = await papers_of(tx.session, case_id)
        rules = {each.name: each for each in service.documents}
        twice = await new_vehicles.applied_for_twice(tx.session, row)
        return ReviewView(
            case=case,
            service=service,
            form=await form_of(tx.session, house.keys, application),
            applicant=await person_of(tx.session, house.keys, application),
            papers=tuple(
                PaperView(
                    each.name,
                    rules[each.name].title if each.name in rules else Text(each.name, each.name),
                    each.media_type,
                    each.size,
                    tuple(str(code) for code in each.warnings),
                    each.given_at,
                )
                for each in papers.values()
            ),
            missing=tuple(
                rule.title for rule in catalogue.wanted_documents(service, checked.facts) if rule.name not in papers
            ),
            verdicts=(*checked.result.verdicts, *([twice] if twice is not None else [])),
            facts=checked.facts,
            marks=await marks_of(tx, row),
            exemption=row.exemption,
            booking=await appointments.booking_of(tx.session, case_id, now=tx.as_of),
            actions=tuple(cases.allowed_actions(house[Lifecycles], case, actor, done=done)),
            tasks=tasks,
            service_due=await clock.due(tx, case, row, hours=service.service_level_hours),
            must_come=row.appointment_kind is not None and row.attended_at is None,
        )


async def check_desk(house: House, actor: Actor, case_id: UUID) -> None:
    """Papers and messages open for staff of the unit who have just opened the case, so that no look goes unrecorded.

    Raises APPLICATION_NOT_FOUND, PURPOSE_NEEDED.
    """
    async with house.db.begin(actor) as tx:
        await _case_of_unit(tx, actor, case_id)
        await application_of(tx, case_id)
        looked = select(col(CaseView.id)).where(
            col(CaseView.case_id) == case_id,
            col(CaseView.actor_id) == actor.id,
            col(CaseView.at) >= tx.now - LOOK_LASTS,
        )
        if (await tx.session.execute(looked.limit(1))).first() is None:
            raise PURPOSE_NEEDED()


async def marks_of(tx: Tx, application: Application) -> tuple[MarkView, ...]:
    """What is marked now, with the officer's words."""
    views = []
    for mark in await drafts.open_marks(tx, application.case_id):
        plain = await vault.open_(tx.session, tx.house.keys, application.key_id, {"words": mark.words_enc})
        says = REASONS.get(mark.code, Text(mark.code, mark.code))
        views.append(MarkView(mark.pointer, mark.code, says, plain["words"], mark.changed_at is not None, mark.at))
    return tuple(views)


async def opened_of(tx: Tx, application: Application) -> tuple[MarkView, ...]:
    """What a mended answer makes needed besides, for the applicant to fill in with it."""
    says = REASONS[OPENED]
    opened = await drafts.opened_by_mending(tx, application)
    return tuple(MarkView(pointer, OPENED, says, None, False, tx.now) for pointer in opened)


async def _mark(tx: Tx, case: Case, application: Application, marks: Sequence[Mark]) -> None:
    service = await service_of(tx.session, application)
    known = {f"/documents/{each.name}" for each in service.documents}
    known |= {f"/form/{field.name}" for section in service.sections for field in section.fields}
    present = {each.pointer: each for each in await drafts.open_marks(tx, case.id)}
    for mark in marks[:MAX_MARKS]:
        if mark.pointer not in known or mark.code not in REASONS:
            raise MARK_UNKNOWN(pointer=mark.pointer, code=mark.code)
        words = mark.words[:MAX_WORDS] if mark.words else None
        sealed = await vault.seal(tx, application.key_id, {"words": words})
        row = present.get(mark.pointer)
        if row is None:
            row = ApplicationMark(case_id=case.id, pointer=mark.pointer, code=mark.code, by=tx.actor.id, at=tx.now)
            tx.session.add(row)
        row.code, row.words_enc, row.changed_at = mark.code, sealed["words"], None
    await tx.session.flush()


async def _case_of_unit(tx: Tx, actor: Actor, case_id: UUID) -> Case:
    case = await tx.session.get(Case, case_id)
    if case is None or actor.kind is not ActorKind.STAFF:
        raise APPLICATION_NOT_FOUND()
    if case.unit != actor.unit:
        unit = await reference.find_unit(tx.session, case.unit)
        if unit is None or actor.unit is None or unit.polda_code != actor.unit:
            raise APPLICATION_NOT_FOUND()
    return case


async def _pool(tx: Tx, case: Case) -> list[cases.Candidate]:
    officers = await pool_of(tx.session, unit=case.unit, role=Role.OFFICER, now=tx.now)
    gave_back = await cases.actors_of(tx.session, case.id, (RELEASE,))
    out = dict.fromkeys(gave_back, "released") | {str(each.id): "absent" for each in officers if each.absent}
    return [cases.Candidate(str(each.id), each.weight, out.get(str(each.id))) for each in officers]


def _somebody(pool: Sequence[cases.Candidate]) -> bool:
    return any(each.weight and each.excluded is None for each in pool)


def _is_mine(task: TaskView, actor: Actor) -> bool:
    return task.role in actor.roles and (task.assigned_to in (None, actor.id) or task.kind != "review_application")
