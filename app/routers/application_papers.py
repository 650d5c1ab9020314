"""The citizen's door to what goes into an application: its papers, and the messages between applicant and officer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile as FormFile

from app.core.actor import Actor
from app.core.db import Tx
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Lang, Text
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import Applicant
from app.routers.http.idempotency import KEY_OPTIONAL, answer_once, earlier_answer
from app.routers.schemas.applications import DocumentOut, MessageOut, Messages, ReusableOut, ReuseIn
from app.services import applications

router = APIRouter(tags=["applications"])
NO_STORE = {"Cache-Control": "no-store"}
MAX_PAPER_BYTES = 20 * 1024 * 1024
NOT_WRITTEN = Text("Tulis pesannya.", "Write the message.")


@router.put(
    "/v1/applications/{id}/documents/{name}",
    response_model=DocumentOut,
    max_body_size=MAX_PAPER_BYTES,
    openapi_extra=KEY_OPTIONAL,
)
async def put_document(
    id: UUID,
    name: str,
    request: Request,
    me: Applicant,
    *,
    house: TheHouse,
    lang: TheLang,
    file: Annotated[UploadFile, File()],
) -> JSONResponse:
    """Hand in a paper or picture; it is checked at once, and refused with what is wanted and an example of a good one."""
    await house[Limits].hit("attachment-case", str(id))
    return await take_paper(house, me, request, id, name, await file.read(), lang)


@router.get("/v1/applications/{id}/documents/{name}", response_class=Response)
async def get_document(id: UUID, name: str, me: Applicant, house: TheHouse) -> Response:
    """What you handed in, as it is kept; always as a download."""
    data, media_type = await applications.open_paper(house, me, id, name)
    return Response(data, media_type=media_type, headers={"Content-Disposition": "attachment", **NO_STORE})


@router.get("/v1/applications/{id}/reusable")
async def reusable(id: UUID, me: Applicant, house: TheHouse) -> ReusableOut:
    """Papers that you gave in earlier applications and may use again here."""
    found = await applications.reusable(house, me, id)
    return ReusableOut(
        documents={
            name: [
                {"document_id": str(each.id), "given_at": each.given_at.isoformat(), "media_type": each.media_type}
                for each in given
            ]
            for name, given in found.items()
        }
    )


@router.post("/v1/applications/{id}/documents/{name}/reuse", response_model=DocumentOut, openapi_extra=KEY_OPTIONAL)
async def reuse(
    id: UUID, name: str, body: ReuseIn, request: Request, me: Applicant, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Use a paper again that you gave in another application."""

    async def use(tx: Tx) -> DocumentOut:
        await applications.reuse(tx, id, name, body.document_id)
        return await _paper_in(tx, id, name, lang)

    return await answer_once(house, me, request, use)


@router.get("/v1/applications/{id}/messages")
async def list_messages(id: UUID, me: Applicant, house: TheHouse) -> Messages:
    """The conversation with the officer, oldest first; reading it marks what the officer wrote as read."""
    found = await applications.list_messages(house, me, id)
    return Messages(messages=[MessageOut.of(each) for each in found])


@router.post(
    "/v1/applications/{id}/messages",
    status_code=201,
    response_model=MessageOut,
    max_body_size=MAX_PAPER_BYTES,
    openapi_extra=KEY_OPTIONAL
    | {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object", "properties": {"text": {"type": "string"}}}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"text": {"type": "string"}, "file": {"type": "string", "format": "binary"}},
                    }
                },
            },
        }
    },
)
async def write_message(id: UUID, request: Request, me: Applicant, house: TheHouse) -> JSONResponse:
    """Write to the officer, as JSON `{"text"}` or as a form with a `file`."""
    await house[Limits].hit("attachment-case", str(id))
    return await take_message(house, me, request, id)


@router.get("/v1/applications/{id}/messages/{message_id}/file", response_class=Response)
async def get_message_file(id: UUID, message_id: UUID, me: Applicant, house: TheHouse) -> Response:
    """The file of a message, as a download."""
    data, media_type = await applications.open_message_file(house, me, id, message_id)
    return Response(data, media_type=media_type, headers={"Content-Disposition": "attachment", **NO_STORE})


# --- for the counter's doors as well -------------------------------------------------------------------------------------


async def take_paper(
    house: House, actor: Actor, request: Request, id: UUID, name: str, data: bytes, lang: Lang
) -> JSONResponse:
    """Check a paper and keep it. Raises what `applications.checked_paper` and `keep_paper` raise."""
    if (earlier := await earlier_answer(house, actor, request, sent=data)) is not None:
        return earlier
    checked = await applications.checked_paper(house, actor, id, name, data)

    async def keep(tx: Tx) -> DocumentOut:
        await applications.keep_paper(tx, id, checked)
        return await _paper_in(tx, id, name, lang)

    return await answer_once(house, actor, request, keep, sent=data)


async def take_message(house: House, actor: Actor, request: Request, id: UUID) -> JSONResponse:
    """Write a message with what came in JSON or in a form. Raises INVALID_REQUEST, and what a bad file raises."""
    text, file = await _read_message(request)
    sent = text.encode() + (b"\0" + file[1] if file else b"")
    if (earlier := await earlier_answer(house, actor, request, sent=sent)) is not None:
        return earlier
    stored = await applications.store_file(house, actor, id, file[1], file[0]) if file else None

    async def write(tx: Tx) -> MessageOut:
        return MessageOut.of(await applications.write_message(tx, id, text, stored))

    return await answer_once(house, actor, request, write, status=201, sent=sent)


async def _paper_in(tx: Tx, id: UUID, name: str, lang: Lang) -> DocumentOut:
    await tx.session.flush()
    view = await applications.view_in(tx, id)
    return next(DocumentOut.of(each, lang) for each in view.documents if each.rule.name == name)


async def _read_message(request: Request) -> tuple[str, tuple[str, bytes] | None]:
    """The text, and the file with its name."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        try:
            body = await request.json()
        except ValueError as error:
            raise INVALID_REQUEST() from error
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str) or "\0" in text:
            raise INVALID_REQUEST(errors=[FieldError("/text", NOT_WRITTEN)])
        return text, None
    async with request.form(max_files=1, max_fields=4) as form:
        given, upload = form.get("text"), form.get("file")
        file = (upload.filename or "berkas", await upload.read()) if isinstance(upload, FormFile) else None
    return (given if isinstance(given, str) else "").replace("\0", ""), file
