"""The form on a case's page by which a senior officer says that it stands after a second look."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.problems import Problem
from app.routers.http.guards import StaffOnPage
from app.routers.pages.counter import MAX_REASON, REASON_MISSING, show_again
from app.routers.pages.visit import TheVisit
from app.services.etle import second_look

router = APIRouter(include_in_schema=False)


@router.post("/counter/cases/{id}/second-look")
async def case_stands(id: UUID, actor: StaffOnPage, visit: TheVisit) -> Response:
    """The case stands; the owner reads why."""
    form = await visit.form()
    reason = form.need("stands", REASON_MISSING, longest=MAX_REASON)
    if not form.errors:
        try:
            async with visit.house.db.begin(actor) as tx:
                case = await second_look.stands(tx, id, reason)
            return visit.go(f"/counter?done={case.reference}")
        except Problem as problem:
            form.take(problem, onto="stands")
    return await show_again(visit, actor, id, form)
