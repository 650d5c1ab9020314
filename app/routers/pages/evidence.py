"""Opening an original from a case's page, and an owner's request for it from the ticket's."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import StaffOnPage
from app.routers.pages.counter import show_again
from app.routers.pages.forms import Form
from app.routers.pages.tickets import TicketOnPage
from app.routers.pages.visit import TheVisit
from app.services.etle import back_office, openings

router = APIRouter(include_in_schema=False)
WHY_MISSING = Text("Pilih mengapa foto asli perlu dibuka.", "Choose why the original has to be opened.")
FILE_MISSING = Text("Pilih berkasnya.", "Choose the file.")
NOTE_MISSING = Text(
    "Jelaskan dengan paling sedikit lima huruf, tanpa data pribadi.",
    "Explain in at least five characters, without personal data.",
)


@router.post("/counter/cases/{id}/original")
async def open_original(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """Open one original; the case's page then leads to it for ten minutes."""
    form = await visit.form()
    why = form.choice("why", tuple(openings.Why), WHY_MISSING)
    note = form.plain("note", longest=openings.LONGEST_NOTE)
    sha256 = form.get("original")
    if not sha256:
        form.errors["original"] = FILE_MISSING
    if len(note) < openings.SHORTEST_NOTE:
        form.errors.setdefault("note", NOTE_MISSING)
    if form.errors:
        return await show_again(visit, actor, id, form)
    await visit.house[Limits].hit("original-staff", actor.id)
    try:
        async with visit.house.db.begin(actor) as tx:
            await back_office.case_of_unit(tx, id)
        intact = await openings.is_intact(visit.house, id, sha256)
        async with visit.house.db.begin(actor) as tx:
            case = await back_office.case_of_unit(tx, id)
            opened = await openings.open_original(tx, case, sha256, openings.Why(why), note, intact=intact)
    except Problem as problem:
        form.take(problem, onto="why")
        return await show_again(visit, actor, id, form, status=problem.type.status)
    again = Form({"stated": form.get("stated")})
    return await show_again(visit, actor, id, again, status=200, opened=opened)


@router.post("/tilang/{id}/foto-asli")
async def ask_for_original(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Ask that a senior officer check the original; the timeline says so at once."""
    await visit.form()
    await visit.house[Limits].hit("original-case", str(id))
    async with visit.house.db.begin(holder) as tx:
        await openings.ask_for_original(tx, id)
    return visit.go(f"/tilang/{id}#riwayat")
