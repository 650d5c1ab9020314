"""The counter's page of captures that the machine gave up reading."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.http.paging import cursor_of, read_time_and_id
from app.routers.pages.desk import desk_of
from app.routers.pages.visit import TheVisit
from app.services.etle import dead_letters, store
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/bacaan"
ON_A_PAGE = 25
After = Annotated[str | None, Query(max_length=400)]
Done = Annotated[str, Query(max_length=12, pattern="^[a-z]*$")]
KeeperOnPage = Annotated[Actor, staff_page(Role.SUPERVISOR, Role.ADMIN)]
NOTICES = {
    "again": Text("Berdiri lagi di antrean bacaan.", "It stands in the line again."),
    "gone": Text("Tangkapan itu sudah tidak terhenti.", "That capture has not stopped any more."),
}


@router.get(PAGE)
async def stopped_page(actor: KeeperOnPage, visit: TheVisit, after: After = None, done: Done = "") -> Response:
    """What was tried in vain, why, and the buttons that have it read again."""
    async with visit.house.db.read() as connection:
        polda = await store.polda_seen_from(connection, actor.unit)
        found = await dead_letters.list_dead(connection, polda, limit=ON_A_PAGE + 1, after=read_time_and_id(after))
    last = found[ON_A_PAGE - 1] if len(found) > ON_A_PAGE else None
    return visit.show(
        "pages/counter/readings.html",
        staff=await desk_of(visit, actor),
        readings=found[:ON_A_PAGE],
        after=after,
        next_href=last and f"{PAGE}?after={cursor_of(last.died_at.isoformat(), str(last.capture_id))}",
        notice=NOTICES.get(done),
    )


@router.post(PAGE)
async def replay_all(actor: KeeperOnPage, visit: TheVisit) -> Response:
    """All of them again, up to a bound."""
    await visit.form()
    async with visit.house.db.begin(actor) as tx:
        await dead_letters.replay_all(tx)
    return visit.go(f"{PAGE}?done=again")


@router.post(PAGE + "/{id}")
async def replay_one(id: UUID, actor: KeeperOnPage, visit: TheVisit) -> Response:
    """One of them again."""
    await visit.form()
    try:
        async with visit.house.db.begin(actor) as tx:
            await dead_letters.replay(tx, id)
    except Problem:
        return visit.go(f"{PAGE}?done=gone")
    return visit.go(f"{PAGE}?done=again")
