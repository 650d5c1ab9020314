"""Citizen and officer write to each other inside the application, with files, and nowhere else."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.pages.answers import FORM_AROUND_A_FILE
from app.routers.pages.applying import Done, at, own
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.tickets import NO_STORE
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications
from app.services.applications import StoredFile

router = APIRouter(include_in_schema=False)

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_CHARACTERS = 2_000
SAID_HERE = (409, 413, 415, 422, 429)
OVER = ("handed_over", "completed", "rejected", "cancelled")
SENT = Text("Pesan terkirim kepada petugas.", "Your message was sent to the officer.")
NOTHING_TO_SEND = Text("Tulis pesannya, atau lampirkan berkas.", "Write the message, or attach a file.")


@router.get("/permohonan/{id}/pesan")
async def messages_page(id: UUID, me: CitizenOnPage, visit: TheVisit, done: Done = "") -> Response:
    """The conversation, oldest first, and the form to write."""
    return await _show(visit, me, id, Form(), notice=SENT if done else None)


@router.post("/permohonan/{id}/pesan", max_body_size=MAX_FILE_BYTES + FORM_AROUND_A_FILE)
async def write(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Send a message with or without a file, once however often the form is sent."""
    form = await visit.form(max_file_bytes=MAX_FILE_BYTES)
    await own(visit, me, id)
    text = form.plain("text", longest=MAX_CHARACTERS)
    file = form.files.get("file")
    if not text and file is None:
        form.errors.setdefault("text", NOTHING_TO_SEND)
    if form.errors:
        return await _show(visit, me, id, form)
    onto = "text"
    try:
        await visit.house[Limits].hit("attachment-case", str(id))
        onto = "file"
        stored = await _store(visit, me, id, form)
        onto = "text"

        async def work(tx: Tx) -> str:
            await applications.write_message(tx, id, text.replace("\r\n", "\n"), stored)
            return f"{at(id, 'pesan')}?selesai=pesan"

        return visit.go(await once(visit, me, form, work))
    except Problem as problem:
        if problem.type.status not in SAID_HERE:
            raise
        form.take(problem, onto=onto)
        return await _show(visit, me, id, form)


@router.get("/permohonan/{id}/pesan/{message_id}")
async def message_file(id: UUID, message_id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """The file of a message, always as a download."""
    data, media_type = await applications.open_message_file(visit.house, me, id, message_id)
    ending = {"application/pdf": "pdf", "image/png": "png", "image/webp": "webp"}.get(media_type, "jpg")
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="lampiran.{ending}"'}
    return visit.finish(Response(data, media_type=media_type, headers=headers))


async def _store(visit: Visit, me: Actor, case_id: UUID, form: Form) -> StoredFile | None:
    file = form.files.get("file")
    if file is None:
        return None
    name = "".join(letter for letter in file.filename if letter.isprintable()).strip() or "berkas"
    return await applications.store_file(visit.house, me, case_id, file.data, name)


async def _show(visit: Visit, me: Actor, case_id: UUID, form: Form, *, notice: Text | None = None) -> Response:
    view = await own(visit, me, case_id)
    return visit.show(
        "pages/applications/messages.html",
        status=422 if form.errors else 200,
        view=view,
        messages=await applications.list_messages(visit.house, me, case_id),
        form=form,
        once=form.get("once") or new_once(),
        longest=MAX_CHARACTERS,
        over=view.state in OVER,
        notice=notice,
    )
