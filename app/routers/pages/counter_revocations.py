"""Taking an issued document back, on the counter's pages: one proposes, a second person decides; both with a written reason."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, reference
from app.services.applications import issuing, revoking
from app.services.applications.issued_problems import ISSUED_NOT_FOUND, PROPOSAL_NOT_FOUND
from app.services.applications.problems import PURPOSE_NEEDED
from app.services.applications.revoking import REASONS, WORDS_MOST, Remedy, Verdict
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
Reviewer = Annotated[Actor, staff_page(Role.COUNTER, Role.OFFICER, Role.SENIOR_OFFICER)]
REMEDIES = {
    Remedy.REVOKE: Text("Dicabut", "Revoke it"),
    Remedy.REPLACE: Text("Dicabut dan dibuat baru", "Revoke it and make it anew"),
}
VERDICTS = {
    Verdict.CONFIRM: Text("Setuju; dokumen tidak berlaku sejak sekarang", "Agree; the document is void from now on"),
    Verdict.DECLINE: Text("Tidak setuju; dokumen tetap berlaku", "Disagree; the document stays valid"),
}
CHOOSE = Text("Pilih satu.", "Choose one.")
EXPLAIN = Text("Tulis penjelasannya.", "Write the explanation.")


@router.get("/counter/cases/{id}/pencabutan")
async def revocation_page(id: UUID, actor: Reviewer, visit: TheVisit) -> Response:
    """The documents of a case that this person has just opened, and what was proposed about them."""
    try:
        await applications.check_desk(visit.house, actor, id)
    except Problem as problem:
        if problem.type is not PURPOSE_NEEDED:
            raise
        return visit.go(f"/counter/cases/{id}")
    return await _show(visit, actor, id, Form())


@router.post("/counter/cases/{id}/pencabutan")
async def propose(id: UUID, actor: Reviewer, visit: TheVisit) -> Response:
    """Put a proposal before a second person."""
    form = await visit.form()
    await applications.check_desk(visit.house, actor, id)
    document_id = _id(form, "document", ISSUED_NOT_FOUND())
    remedy = form.choice("remedy", tuple(Remedy), CHOOSE)
    why = form.choice("why", tuple(REASONS), revoking.CHOOSE)
    words = form.need("words", EXPLAIN, longest=WORDS_MOST)

    async def work(tx: Tx) -> str:
        if (await issuing.get_issued(tx.session, document_id)).case_id != id:
            raise ISSUED_NOT_FOUND()
        await revoking.propose(tx, document_id, Remedy(remedy), why, words)
        return f"/counter/cases/{id}/pencabutan"

    return await _do(visit, actor, id, form, work, onto="remedy")


@router.post("/counter/cases/{id}/pencabutan/putusan")
async def decide(id: UUID, actor: Reviewer, visit: TheVisit) -> Response:
    """Decide on a colleague's proposal; the holder reads the reason."""
    form = await visit.form()
    await applications.check_desk(visit.house, actor, id)
    proposal_id = _id(form, "proposal", PROPOSAL_NOT_FOUND())
    verdict = form.choice("verdict", tuple(Verdict), CHOOSE)
    reason = form.need("reason", EXPLAIN, longest=WORDS_MOST)

    async def work(tx: Tx) -> str:
        if not await revoking.is_of_case(tx.session, proposal_id, id):
            raise PROPOSAL_NOT_FOUND()
        await revoking.decide(tx, proposal_id, Verdict(verdict), reason)
        return f"/counter/cases/{id}/pencabutan"

    return await _do(visit, actor, id, form, work, onto="verdict")


# --- below the doors -------------------------------------------------------------------------------------------------


async def _do(
    visit: Visit, actor: Actor, case_id: UUID, form: Form, work: Callable[[Tx], Awaitable[str]], *, onto: str
) -> Response:
    if form.errors:
        return await _show(visit, actor, case_id, form, status=422)
    try:
        return visit.go(await once(visit, actor, form, work))
    except Problem as problem:
        form.take(problem, onto=onto)
        return await _show(visit, actor, case_id, form, status=problem.type.status)


async def _show(visit: Visit, actor: Actor, case_id: UUID, form: Form, *, status: int = 200) -> Response:
    async with visit.house.db.read() as connection:
        documents = await issuing.list_issued(connection, case_id)
        proposals = await revoking.proposals_of(connection, visit.house.keys, case_id)
        unit = await reference.find_unit(connection, documents[0].unit) if documents else None
    waiting = next((each for each in proposals if each.decision is None), None)
    good = next((each for each in documents if each.revoked_at is None), None)
    own = good is not None and good.unit == actor.unit
    return visit.show(
        "pages/counter/applications/revocation.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        case_id=case_id,
        documents=documents,
        proposals=proposals,
        good=good,
        waiting=waiting,
        mine=waiting is not None and waiting.proposed_by == actor.id,
        may_propose=own and waiting is None,
        may_decide=waiting is not None and waiting.proposed_by != actor.id and revoking.DECIDER in actor.roles,
        remedies=REMEDIES,
        verdicts=VERDICTS,
        reasons=REASONS,
        zone=unit.zone if unit else "WIB",
    )


def _id(form: Form, name: str, missing: Problem) -> UUID:
    try:
        return UUID(form.get(name))
    except ValueError:
        raise missing from None
