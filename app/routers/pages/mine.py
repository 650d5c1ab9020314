"""A signed-in citizen's own tickets, without typing STNK numbers: those in which their NIK is owner, driver or buyer.

Finding one here opens it on this browser for an hour, as a look-up does.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.routers.http.guards import CitizenOnPage
from app.routers.http.paging import read_time_and_id
from app.routers.pages.session import HeldTicket
from app.routers.pages.visit import TheVisit
from app.routers.tickets import place_of
from app.services import etle
from app.services.identity import people

router = APIRouter(include_in_schema=False)
PAGE = 25


@router.get("/saya")
async def my_tickets(
    me: CitizenOnPage, visit: TheVisit, after: Annotated[str | None, Query(max_length=400)] = None
) -> Response:
    """The tickets of this account, newest first; an account that is bound to no NIK has none to show."""
    async with visit.house.db.read() as connection:
        account = await people.find_person(connection, visit.house.keys, UUID(me.id))
    found = await etle.tickets_of(visit.house, UUID(me.id), limit=PAGE + 1, before=read_time_and_id(after))
    page = found[:PAGE]
    visit.hold(tuple(HeldTicket(each.view.id, each.party_id or each.view.id, each.role) for each in page))
    return visit.show(
        "pages/mine.html",
        account=account,
        tickets=[each.view for each in page],
        first_page=after is None,
        next_href=f"/saya?after={place_of(page[-1])}" if len(found) > PAGE else None,
    )
