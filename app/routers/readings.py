"""The counter's doors of captures that the machine gave up reading: see why, and have them read again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.db import Tx
from app.routers.http.deps import TheHouse
from app.routers.http.guards import staff
from app.routers.http.idempotency import KEY_OPTIONAL, answer_once
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.readings import Replayed, StoppedReading, StoppedReadings
from app.services.etle import dead_letters, store
from app.services.identity.roles import Role

router = APIRouter(prefix="/v1/counter/stopped-readings", tags=["counter"])
Keeper = Annotated[Actor, staff(Role.SUPERVISOR, Role.ADMIN)]


@router.get("")
async def list_stopped(
    actor: Keeper, house: TheHouse, limit: PageLimit = 50, after: PageAfter = None
) -> StoppedReadings:
    """Captures of your Polda (from Mabes: of all) that were tried in vain, those that stopped first at the top."""
    async with house.db.read() as connection:
        polda = await store.polda_seen_from(connection, actor.unit)
        found = await dead_letters.list_dead(connection, polda, limit=limit + 1, after=read_time_and_id(after))
    last = found[limit - 1] if len(found) > limit else None
    return StoppedReadings(
        readings=[StoppedReading.of(each) for each in found[:limit]],
        next=cursor_of(last.died_at.isoformat(), str(last.capture_id)) if last else None,
    )


@router.post("/replay", response_model=Replayed, openapi_extra=KEY_OPTIONAL)
async def replay_all(request: Request, actor: Keeper, house: TheHouse) -> JSONResponse:
    """Have them read again, those that stopped first; up to 200 at once. That you did so is in the log."""

    async def replay(tx: Tx) -> Replayed:
        return Replayed(count=await dead_letters.replay_all(tx))

    return await answer_once(house, actor, request, replay)


@router.post(
    "/{id}/replay",
    response_model=Replayed,
    responses={404: {"description": "It has not stopped, or is not your Polda's."}},
    openapi_extra=KEY_OPTIONAL,
)
async def replay_one(id: UUID, request: Request, actor: Keeper, house: TheHouse) -> JSONResponse:
    """Have one capture read again, with all its tries. That you did so is in the log."""

    async def replay(tx: Tx) -> Replayed:
        await dead_letters.replay(tx, id)
        return Replayed(count=1)

    return await answer_once(house, actor, request, replay)
