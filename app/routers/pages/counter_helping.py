"""What the pages of help at the counter share: where they stand, and whether the applicant allowed this counter to help."""

from typing import Annotated
from uuid import UUID

from app.core.actor import Actor
from app.core.problems import Problem
from app.routers.http.guards import staff_page
from app.routers.pages.visit import Visit
from app.services import applications
from app.services.applications import ApplicationView, assisting
from app.services.applications.problems import NOT_HELPED_HERE
from app.services.identity.roles import Role

PAGE = "/counter/bantu"
AtCounter = Annotated[Actor, staff_page(Role.COUNTER)]
FILLED_IN = ("draft", "needs_correction")


async def helped(visit: Visit, actor: Actor, case_id: UUID) -> ApplicationView | None:
    """The application, where its applicant allowed this counter to help; None before."""
    try:
        await assisting.check_helps(visit.house, actor, case_id)
    except Problem as problem:
        if problem.type is not NOT_HELPED_HERE:
            raise
        return None
    return await applications.application_for(visit.house, actor, case_id)


async def must_help(visit: Visit, actor: Actor, case_id: UUID) -> ApplicationView:
    view = await helped(visit, actor, case_id)
    if view is None:
        raise NOT_HELPED_HERE()
    return view
