"""A unit's queue for everybody: the same list on the wall, on the phone and at the counter, numbers alone.

It loads itself again by a header, so that a screen on the wall needs nobody and a phone no script; whoever reads slowly
stops that with one link (WCAG 2.2.2).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.routers.http.guards import public
from app.routers.pages.visit import TheVisit
from app.services import appointments, reference
from app.services.appointments import Waited

router = APIRouter(include_in_schema=False, dependencies=[public()])

EVERY_SECONDS = 20
SHOWN = 60
"""Waiting numbers on one screen; whoever stands further behind is told how many there are."""
WAITED_DAYS = 14
UnitPath = Annotated[str, Path(pattern="^[A-Z0-9-]{2,60}$")]


@router.get("/antrean/{unit}")
async def queue_page(
    unit: UnitPath,
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


@router.get("/antrean/{unit}/waktu-tunggu")
async def waiting_page(unit: UnitPath, visit: TheVisit) -> Response:
    """How long people really waited on the last days, and at which hour; so that somebody can choose when to come.

    Raises `reference-unit-not-found`.
    """
    async with visit.house.db.read() as connection:
        where = await reference.unit(connection, unit)
        today = visit.now.astimezone(reference.zone_of(where)).date()
        first = today - timedelta(days=WAITED_DAYS - 1)
        found = await appointments.waiting_times(connection, unit, first=first, last=today)
    return visit.show(
        "pages/waiting_times.html",
        unit=where,
        first=first,
        today=today,
        days=[each for each in reversed(found) if each.hour is None],
        hours=_hours_of_the_last(found),
    )


def _hours_of_the_last(found: Sequence[Waited]) -> list[Waited]:
    """The hours of the last day on which anybody was called."""
    return [each for each in found if each.hour is not None and each.day == found[-1].day]
