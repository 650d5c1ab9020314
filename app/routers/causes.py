"""Doors of what several pictures or cases say together: road sections, suspected clones, and the second look for all."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.db import Tx
from app.routers.http.deps import TheHouse
from app.routers.http.guards import public, staff
from app.routers.http.idempotency import KEY_OPTIONAL, answer_once
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.causes import (
    CloneAlertOut,
    CloneAlerts,
    SecondLookOut,
    SecondLookRate,
    SecondLooks,
    SectionIn,
    SectionOut,
    Sections,
    StandsIn,
    Stood,
)
from app.services.etle import passages, second_look, sections, store
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"])
SECTIONS = "/v1/counter/road-sections"
Keeper = Annotated[Actor, staff(Role.SUPERVISOR, Role.ADMIN)]
Senior = Annotated[Actor, staff(Role.SENIOR_OFFICER)]
Alerted = Annotated[Actor, staff(Role.SENIOR_OFFICER, Role.INVESTIGATOR)]


@router.get(SECTIONS)
async def list_sections(actor: Keeper, house: TheHouse) -> Sections:
    """The stretches of road of your Polda on which average speed is measured, or was."""
    async with house.db.begin(actor) as tx:
        return Sections(sections=[SectionOut.of(each) for each in await sections.list_sections(tx)])


@router.post(SECTIONS, status_code=201, response_model=SectionOut, openapi_extra=KEY_OPTIONAL)
async def open_section(body: SectionIn, request: Request, actor: Keeper, house: TheHouse) -> JSONResponse:
    """Enter a stretch of road. Both cameras then send each passage under its violation code; a picture accuses nobody."""

    async def enter(tx: Tx) -> SectionOut:
        return SectionOut.of(await sections.open_section(tx, body.to_section()))

    return await answer_once(house, actor, request, enter, status=201)


@router.post(SECTIONS + "/{id}/confirm", response_model=SectionOut, openapi_extra=KEY_OPTIONAL)
async def confirm_section(id: UUID, request: Request, actor: Keeper, house: TheHouse) -> JSONResponse:
    """Confirm length and limit of what somebody else has entered; from now on it is measured."""

    async def confirm(tx: Tx) -> SectionOut:
        return SectionOut.of(await sections.confirm_section(tx, id))

    return await answer_once(house, actor, request, confirm)


@router.post(SECTIONS + "/{id}/close", response_model=SectionOut, openapi_extra=KEY_OPTIONAL)
async def close_section(id: UUID, request: Request, actor: Keeper, house: TheHouse) -> JSONResponse:
    """Measure there no longer."""

    async def close(tx: Tx) -> SectionOut:
        return SectionOut.of(await sections.close_section(tx, id))

    return await answer_once(house, actor, request, close)


@router.get("/v1/counter/clone-alerts")
async def list_clone_alerts(
    actor: Alerted, house: TheHouse, limit: PageLimit = 50, after: PageAfter = None
) -> CloneAlerts:
    """Plates that were at two places too far apart for the time between, in your Polda, newest first."""
    async with house.db.read() as connection:
        polda = await store.polda_seen_from(connection, actor.unit)
        found = await passages.list_alerts(connection, polda, limit=limit + 1, after=read_time_and_id(after))
    last = found[limit - 1] if len(found) > limit else None
    return CloneAlerts(
        alerts=[CloneAlertOut.of(each) for each in found[:limit]],
        next=cursor_of(last.raised_at.isoformat(), str(last.id)) if last else None,
    )


@router.post("/v1/counter/cases/{id}/second-look", response_model=Stood, openapi_extra=KEY_OPTIONAL)
async def case_stands(id: UUID, body: StandsIn, request: Request, actor: Senior, house: TheHouse) -> JSONResponse:
    """You have looked again, and the case stands; the owner reads why. Where it does not, annul it by its own action."""

    async def stand(tx: Tx) -> Stood:
        case = await second_look.stands(tx, id, body.reason)
        return Stood(id=case.id, state=case.state)

    return await answer_once(house, actor, request, stand)


@router.get("/v1/transparency/second-looks", dependencies=[public()], tags=["transparency"])
async def list_second_looks(house: TheHouse) -> SecondLooks:
    """From which rate of annulments on all open cases of one camera, place or officer are looked at again, and where that was so."""
    async with house.db.read() as connection:
        rates = await second_look.rates(connection, house.clock.now())
        reviews = await second_look.published(connection)
    return SecondLooks(
        rates=[SecondLookRate.of(each) for each in rates],
        second_looks=[SecondLookOut.of(each) for each in reviews],
    )
