"""The officer's door to what an application holds: its papers, its messages, and a mark that is taken back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.routers.application_papers import MAX_PAPER_BYTES, take_message
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import Staff
from app.routers.http.idempotency import KEY_OPTIONAL, KEY_REQUIRED, begin_once
from app.routers.schemas.applications import MessageOut, Messages
from app.routers.schemas.counter_applications import Reasons
from app.services import applications
from app.services.applications import revoking

router = APIRouter(tags=["counter"])
NO_STORE = {"Cache-Control": "private, no-store"}


@router.get("/v1/counter/application-reasons")
async def list_reasons(_actor: Staff, lang: TheLang) -> Reasons:
    """The reasons from the list: for marks, for refusals, and for taking a document back."""
    return Reasons(
        marks={code: text.say(lang) for code, text in applications.REASONS.items()},
        refusals={code: text.say(lang) for code, text in applications.REFUSALS.items()},
        revocations={code: text.say(lang) for code, text in revoking.REASONS.items()},
    )


@router.get("/v1/counter/cases/{id}/documents/{name}", response_class=Response)
async def open_document(id: UUID, name: str, actor: Staff, house: TheHouse) -> Response:
    """A paper of an application that you have opened. 403 `applications-purpose-needed` before."""
    await applications.check_desk(house, actor, id)
    data, media_type = await applications.open_paper(house, actor, id, name)
    return Response(data, media_type=media_type, headers={"Content-Disposition": "attachment", **NO_STORE})


@router.get("/v1/counter/cases/{id}/messages")
async def list_messages(id: UUID, actor: Staff, house: TheHouse) -> Messages:
    """The conversation with the applicant; reading it marks what the applicant wrote as read."""
    await applications.check_desk(house, actor, id)
    found = await applications.list_messages(house, actor, id)
    return Messages(messages=[MessageOut.of(each) for each in found])


@router.post(
    "/v1/counter/cases/{id}/messages",
    status_code=201,
    max_body_size=MAX_PAPER_BYTES,
    response_model=MessageOut,
    openapi_extra=KEY_OPTIONAL,
)
async def write_message(id: UUID, request: Request, actor: Staff, house: TheHouse) -> JSONResponse:
    """Write to the applicant, as JSON `{"text"}` or as a form with a `file`; the applicant is told that there is a message."""
    await applications.check_desk(house, actor, id)
    return await take_message(house, actor, request, id)


@router.get("/v1/counter/cases/{id}/messages/{message_id}/file", response_class=Response)
async def open_message_file(id: UUID, message_id: UUID, actor: Staff, house: TheHouse) -> Response:
    """The file of a message, as a download."""
    await applications.check_desk(house, actor, id)
    data, media_type = await applications.open_message_file(house, actor, id, message_id)
    return Response(data, media_type=media_type, headers={"Content-Disposition": "attachment", **NO_STORE})


@router.delete("/v1/counter/cases/{id}/marks", response_model=None, openapi_extra=KEY_REQUIRED)
async def withdraw_mark(
    id: UUID,
    request: Request,
    actor: Staff,
    house: TheHouse,
    pointer: Annotated[str, Query(max_length=80, pattern=r"^/(form|documents)/[a-z0-9_-]+$")],
) -> JSONResponse:
    """Take a mark back: the field or paper was right after all. Needs an Idempotency-Key."""
    await applications.check_desk(house, actor, id)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        await applications.withdraw_mark(once.tx, id, pointer)
        return await once.keep({"withdrawn": pointer})
