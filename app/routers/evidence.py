"""Doors of the evidence's privacy: originals are opened with a reason, parts of a picture covered by hand, evidence is held, and
everybody sees what was deleted."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.core.problems import NOT_FOUND
from app.routers.http.deps import TheHouse, address_of
from app.routers.http.guards import TicketHolder, public, staff
from app.routers.http.idempotency import KEY_OPTIONAL, answer_once
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.evidence import (
    Asked,
    CoverIn,
    DeletionDetail,
    DeletionOut,
    Deletions,
    HoldIn,
    Noted,
    OpeningOut,
    OpenOriginalIn,
    ReleaseIn,
)
from app.services import cameras
from app.services.etle import back_office, hand_covers, holds, openings
from app.services.identity.roles import Role

router = APIRouter()
Judge = Annotated[Actor, staff(Role.OFFICER, Role.SENIOR_OFFICER)]
Head = Annotated[Actor, staff(Role.SUPERVISOR)]
NO_STORE = {"Cache-Control": "private, no-store"}
DELETIONS = "/v1/transparency/deletions"


@router.post(
    "/v1/counter/cases/{id}/originals",
    status_code=201,
    response_model=OpeningOut,
    openapi_extra=KEY_OPTIONAL,
    tags=["counter"],
)
async def open_original(
    id: UUID, body: OpenOriginalIn, request: Request, actor: Judge, house: TheHouse
) -> JSONResponse:
    """Open the original of a picture or film, in which faces and other people's plates are to be seen. It is an event of the case
    before you see anything: the citizen reads your role, the reason and the note."""
    await house[Limits].hit("original-staff", actor.id)
    async with house.db.begin(actor) as tx:
        await back_office.case_of_unit(tx, id)
    intact = await openings.is_intact(house, id, body.sha256)

    async def work(tx: Tx) -> OpeningOut:
        case = await back_office.case_of_unit(tx, id)
        return OpeningOut.of(await openings.open_original(tx, case, body.sha256, body.why, body.note, intact=intact))

    return await answer_once(house, actor, request, work, status=201)


@router.get("/v1/counter/originals/{token}", response_class=Response, tags=["counter"])
async def show_original(token: str, actor: Judge, house: TheHouse) -> Response:
    """The original that you have opened, byte for byte; nobody else's browser gets it by this link."""
    data, media_type = await openings.read_opened(house, actor, token)
    return Response(data, media_type=media_type, headers=NO_STORE)


@router.post("/v1/counter/cases/{id}/covered-areas", response_model=Noted, openapi_extra=KEY_OPTIONAL, tags=["counter"])
async def cover_by_hand(id: UUID, body: CoverIn, request: Request, actor: Judge, house: TheHouse) -> JSONResponse:
    """Cover parts of a picture that the machine has not covered: a profile, a helmet, a child. The copy that everybody is shown is
    made anew; the plate of the case stays to be read, and the original as it is."""
    await house[Limits].hit("cover-staff", actor.id)

    async def work(tx: Tx) -> Noted:
        case = await back_office.case_of_unit(tx, id)
        return Noted.of(await hand_covers.cover_by_hand(tx, case, body.sha256, body.to_areas(), body.note))

    return await answer_once(house, actor, request, work)


@router.post(
    "/v1/counter/cases/{id}/hold", status_code=201, response_model=Noted, openapi_extra=KEY_OPTIONAL, tags=["counter"]
)
async def place_hold(id: UUID, body: HoldIn, request: Request, actor: Head, house: TheHouse) -> JSONResponse:
    """Keep the evidence of a case beyond the policy's time, until two persons have released it."""

    async def work(tx: Tx) -> Noted:
        return Noted.of(await holds.place_hold(tx, await back_office.case_of_unit(tx, id), body.reason))

    return await answer_once(house, actor, request, work, status=201)


@router.post(
    "/v1/counter/cases/{id}/hold/release-request", response_model=Noted, openapi_extra=KEY_OPTIONAL, tags=["counter"]
)
async def ask_release(id: UUID, body: HoldIn, request: Request, actor: Head, house: TheHouse) -> JSONResponse:
    """Ask that the evidence of a case be held no longer; somebody else decides."""

    async def work(tx: Tx) -> Noted:
        return Noted.of(await holds.ask_release(tx, await back_office.case_of_unit(tx, id), body.reason))

    return await answer_once(house, actor, request, work)


@router.post("/v1/counter/cases/{id}/hold/release", response_model=Noted, openapi_extra=KEY_OPTIONAL, tags=["counter"])
async def decide_release(id: UUID, body: ReleaseIn, request: Request, actor: Head, house: TheHouse) -> JSONResponse:
    """Release what somebody else has asked to release, or keep it on."""

    async def work(tx: Tx) -> Noted:
        case = await back_office.case_of_unit(tx, id)
        return Noted.of(await holds.decide_release(tx, case, body.outcome, body.reason))

    return await answer_once(house, actor, request, work)


@router.post(
    "/v1/tickets/{id}/original-requests",
    status_code=202,
    response_model=Asked,
    openapi_extra=KEY_OPTIONAL,
    tags=["tickets"],
)
async def ask_for_original(id: UUID, request: Request, holder: TicketHolder, house: TheHouse) -> JSONResponse:
    """Ask that a senior officer open the original of your picture and check it with you, at the counter that stands on the letter.

    Others' faces and plates are in it, so it is not sent. What was found stands in the timeline, with the SHA-256."""
    await house[Limits].hit("original-case", str(id))

    async def ask(tx: Tx) -> Asked:
        await openings.ask_for_original(tx, id)
        return Asked()

    return await answer_once(house, holder, request, ask, status=202)


@router.get(DELETIONS, dependencies=[public()], tags=["transparency"])
async def list_deletions(
    request: Request, house: TheHouse, limit: PageLimit = 50, after: PageAfter = None
) -> Deletions:
    """Evidence that the policies no longer keep and that was deleted, newest first: no plate, no place, no camera."""
    await house[Limits].hit("open-address", address_of(request))
    async with house.db.read() as connection:
        found = await cameras.list_deletions(connection, limit=limit + 1, before=read_time_and_id(after))
    last = found[limit - 1] if len(found) > limit else None
    return Deletions(
        deletions=[DeletionOut.of(each) for each in found[:limit]],
        next=cursor_of(last.begun_at.isoformat(), str(last.id)) if last else None,
    )


@router.get(DELETIONS + "/{id}", dependencies=[public()], tags=["transparency"])
async def show_deletion(id: UUID, request: Request, house: TheHouse) -> DeletionDetail:
    """One deletion with the lines to which its root commits."""
    await house[Limits].hit("open-address", address_of(request))
    async with house.db.read() as connection:
        found = await cameras.find_deletion(connection, id)
    if found is None:
        raise NOT_FOUND()
    deletion, lines = found
    return DeletionDetail(**DeletionOut.of(deletion).model_dump(), lines=list(lines))
