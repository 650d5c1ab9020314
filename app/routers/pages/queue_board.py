"""A unit's queue for everybody: the same list on the wall, on the phone and at the counter, numbers alone.

It loads itself again by a header, so that a screen on the wall needs nobody and a phone no script; whoever reads slowly
stops that with one link (WCAG 2.2.2).
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.routers.http.guards import public
from app.routers.pages.visit import TheVisit
from app.services import appointments, reference

router = APIRouter(include_in_schema=False, dependencies=[public()])

EVERY_SECONDS = 20
SHOWN = 60
"""Waiting numbers on one screen; whoever stands further behind is told how many there are."""


@router.get("/antrean/{unit}")
async def queue_page(
    unit: Annotated[str, Path(pattern="^[A-Z0-9-]{2,60}$")],
    visit: TheVisit,
    still: Annotated[str, Query(alias="diam", max_length=4)] = "",
) -> Response:
    """Who is called where, and who is next, with the time that it will take. Raises `reference-unit-not-found`."""
    async with visit.house.db.read() as connection:
        where = await reference.unit(connection, unit)
        board = await appointments.board_of(connection, unit, now=visit.now)
    answer = visit.show(
        "pages/queue_board.html",
        unit=where,
        board=board,
        waiting=board.waiting[:SHOWN],
        more=max(0, len(board.waiting) - SHOWN),
        still=bool(still),
        seconds=EVERY_SECONDS,
    )
    if not still:
        answer.headers["Refresh"] = str(EVERY_SECONDS)
    return answer
