"""The counter's pages of what does not agree with a bank: differences for two persons, incidents for one."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.deps import TheHouse
from app.routers.http.guards import staff_page
from app.routers.http.paging import cursor_of, read_time_and_id
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.visit import TheVisit, Visit
from app.services.billing import incidents
from app.services.billing.settlement import decisions, differences
from app.services.billing.settlement.actions import ACTIONS
from app.services.billing.settlement.decisions import MAX_REASON, Proposal
from app.services.billing.settlement.differences import KINDS, Wanted
from app.services.billing.settlement.matching import LINK, MATCH, OFFSET, REFUND
from app.services.billing.settlement.models import ExceptionState
from app.services.billing.settlement.scope import seated
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/rekonsiliasi"
INCIDENTS = PAGE + "/kejadian"
ON_A_PAGE = 25
FEW = 5
After = Annotated[str | None, Query(max_length=400)]
Done = Annotated[str, Query(max_length=12, pattern="^[a-z]*$")]
FinanceOnPage = Annotated[Actor, staff_page(Role.FINANCE, Role.SUPERVISOR)]

NOTICES = {
    "proposed": Text(
        "Usulan dicatat; orang kedua menyetujuinya.", "The proposal was recorded; a second person confirms it."
    ),
    "confirmed": Text("Disetujui dan dibukukan.", "It was confirmed and booked."),
    "declined": Text(
        "Usulan ditolak; selisih terbuka lagi.", "The proposal was declined; the difference is open again."
    ),
    "closed": Text("Kejadian ditutup.", "The incident was closed."),
}
CHOOSE = Text("Pilih satu tindakan.", "Choose one action.")
REASON_MISSING = Text("Tuliskan alasannya.", "Write the reason.")
NOT_A_DIFFERENCE = Text("Pilih selisih yang satu lagi.", "Choose the other difference.")
STATES = {
    ExceptionState.OPEN: Text("menunggu usulan", "wants a proposal"),
    ExceptionState.PROPOSED: Text("menunggu orang kedua", "wants a second person"),
    ExceptionState.CLOSED: Text("selesai", "closed"),
}
STEPS = {
    "looked": Text("Catatan bank dibaca", "The bank's text was read"),
    "proposed": Text("Diusulkan", "Proposed"),
    "declined": Text("Ditolak", "Declined"),
    "changed": Text("Berubah", "Changed"),
    "closed": Text("Selesai", "Closed"),
}
BANK_SAYS = {
    "paid": Text("dibayar", "paid"),
    "refused": Text("tidak dibayar", "not paid"),
    "unknown": Text("tidak dikenal", "unknown to it"),
    "pending": Text("belum pasti", "not known yet"),
    "unclear": Text("jawaban tidak jelas", "an unclear answer"),
    "silent": Text("tidak menjawab", "no answer"),
}


async def _seated(actor: FinanceOnPage, house: TheHouse) -> Actor:
    async with house.db.read() as connection:
        return await seated(connection, actor)


@dataclass(frozen=True, slots=True)
class Treasurer:
    """Finance in front of a page: as they signed in, and as reconciliation sees them."""

    own: Actor
    seat: Actor


async def _treasurer(actor: FinanceOnPage, seat: Annotated[Actor, Depends(_seated)]) -> Treasurer:
    return Treasurer(actor, seat)


TheTreasurer = Annotated[Treasurer, Depends(_treasurer)]


@router.get(PAGE)
async def differences_page(
    who: TheTreasurer, visit: TheVisit, state: Wanted = Wanted.OPEN, after: After = None, done: Done = ""
) -> Response:
    """What waits, the longest first; what is closed, the newest first; and the newest incidents that wait."""
    async with visit.house.db.read() as connection:
        found = await differences.list_differences(
            connection, who.seat, state, limit=ON_A_PAGE + 1, after=read_time_and_id(after)
        )
        waiting = await incidents.list_incidents(connection, who.seat, closed=False, limit=FEW + 1)
    last = found[ON_A_PAGE - 1] if len(found) > ON_A_PAGE else None
    following = last and f"{PAGE}?state={state}&after={cursor_of(last.opened_at.isoformat(), str(last.id))}"
    return visit.show(
        "pages/counter/differences.html",
        staff=await desk_of(visit, who.own),
        wanted=str(state),
        differences=found[:ON_A_PAGE],
        kinds=KINDS,
        states=STATES,
        actions=ACTIONS,
        incidents=waiting[:FEW],
        more_incidents=len(waiting) > FEW,
        after=after,
        next_href=following,
        notice=NOTICES.get(done),
    )


@router.get(INCIDENTS)
async def incidents_page(
    who: TheTreasurer, visit: TheVisit, closed: bool = False, after: After = None, done: Done = ""
) -> Response:
    """What banks did that a person must look at, or had to."""
    async with visit.house.db.read() as connection:
        found = await incidents.list_incidents(
            connection, who.seat, closed=closed, limit=ON_A_PAGE + 1, after=read_time_and_id(after)
        )
    last = found[ON_A_PAGE - 1] if len(found) > ON_A_PAGE else None
    state = "true" if closed else "false"
    following = last and f"{INCIDENTS}?closed={state}&after={cursor_of(last.at.isoformat(), str(last.id))}"
    return visit.show(
        "pages/counter/incidents.html",
        staff=await desk_of(visit, who.own),
        incidents=found[:ON_A_PAGE],
        closed=closed,
        after=after,
        next_href=following,
        notice=NOTICES.get(done),
    )


@router.get(INCIDENTS + "/{id}")
async def incident_page(id: UUID, who: TheTreasurer, visit: TheVisit) -> Response:
    """One incident, and the form that closes it."""
    return await _show_incident(visit, who, id, Form())


@router.post(INCIDENTS + "/{id}")
async def close_incident(id: UUID, who: TheTreasurer, visit: TheVisit) -> Response:
    """Somebody has looked into it."""
    form = await visit.form()
    reason = form.need("reason", REASON_MISSING, longest=MAX_REASON)
    if form.errors:
        return await _show_incident(visit, who, id, form, status=422)
    async with visit.house.db.begin(who.seat) as tx:
        await incidents.close(tx, id, reason)
    return visit.go(f"{INCIDENTS}?done=closed")


@router.get(PAGE + "/{id}")
async def difference_page(id: UUID, who: TheTreasurer, visit: TheVisit, done: Done = "") -> Response:
    """One difference with what is known, what is suggested, and what was done; the look at the bank's text is recorded."""
    return await _show(visit, who, id, Form(), notice=NOTICES.get(done))


@router.post(PAGE + "/{id}")
async def propose(id: UUID, who: TheTreasurer, visit: TheVisit) -> Response:
    """Say what should be done, and why."""
    form = await visit.form()
    action = form.choice("action", tuple(ACTIONS), CHOOSE)
    reason = form.need("reason", REASON_MISSING, longest=MAX_REASON)
    number = form.plain("bill", longest=40) if action in (LINK, MATCH, REFUND) else ""
    other_id = _other(form) if action == OFFSET else None
    if form.errors:
        return await _show(visit, who, id, form, status=422)
    try:
        async with visit.house.db.begin(who.seat) as tx:
            bill_id = await decisions.named_bill(tx, id, number) if number else None
            await decisions.propose(tx, id, Proposal(action, reason, bill_id=bill_id, other_id=other_id))
    except Problem as problem:
        form.take(problem, onto="action")
        return await _show(visit, who, id, form, status=problem.type.status)
    return visit.go(f"{PAGE}/{id}?done=proposed")


@router.post(PAGE + "/{id}/setuju")
async def confirm(id: UUID, who: TheTreasurer, visit: TheVisit) -> Response:
    """The second person agrees."""
    form = await visit.form()
    try:
        async with visit.house.db.begin(who.seat) as tx:
            await decisions.confirm(tx, id)
    except Problem as problem:
        form.take(problem, onto="proposal")
        return await _show(visit, who, id, form, status=problem.type.status)
    return visit.go(f"{PAGE}/{id}?done=confirmed")


@router.post(PAGE + "/{id}/tolak")
async def decline(id: UUID, who: TheTreasurer, visit: TheVisit) -> Response:
    """The second person does not agree, or the first one takes it back."""
    form = await visit.form()
    reason = form.need("why", REASON_MISSING, longest=MAX_REASON)
    if form.errors:
        return await _show(visit, who, id, form, status=422)
    try:
        async with visit.house.db.begin(who.seat) as tx:
            await decisions.decline(tx, id, reason)
    except Problem as problem:
        form.take(problem, onto="why")
        return await _show(visit, who, id, form, status=problem.type.status)
    return visit.go(f"{PAGE}/{id}?done=declined")


async def _show(
    visit: Visit, who: Treasurer, id: UUID, form: Form, *, status: int = 200, notice: Text | None = None
) -> Response:
    async with visit.house.db.begin(who.seat) as tx:
        page = await differences.open_difference(tx, id)
    action = form.get("action") or page.difference.suggested
    return visit.show(
        "pages/counter/difference.html",
        status=status,
        staff=await desk_of(visit, who.own),
        page=page,
        shown=page.difference,
        kinds=KINDS,
        states=STATES,
        steps=STEPS,
        actions=ACTIONS,
        bank_words=BANK_SAYS,
        form=replace(form, values={**form.values, "action": action}),
        me=who.own.id,
        notice=notice,
    )


async def _show_incident(visit: Visit, who: Treasurer, id: UUID, form: Form, *, status: int = 200) -> Response:
    async with visit.house.db.read() as connection:
        incident = await incidents.get_incident(connection, who.seat, id)
    desk = await desk_of(visit, who.own)
    return visit.show("pages/counter/incident.html", status=status, staff=desk, incident=incident, form=form)


def _other(form: Form) -> UUID | None:
    try:
        return UUID(form.get("other"))
    except ValueError:
        form.errors["other"] = NOT_A_DIFFERENCE
        return None
