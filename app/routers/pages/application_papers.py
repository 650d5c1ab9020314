"""The papers of an application, a paper to a page: what is wanted, an example of a good one, and the result at once."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import NOT_FOUND, Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.pages.answers import FORM_AROUND_A_FILE
from app.routers.pages.applying import Done, at, own
from app.routers.pages.forms import Form
from app.routers.pages.tickets import NO_STORE
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, documents
from app.services.applications import ApplicationView, DocumentView
from app.services.documents import PhotoRule, PhotoRules, SignatureRule

router = APIRouter(include_in_schema=False)

PaperName = Annotated[str, Path(pattern="^[a-z0-9_-]{1,60}$")]
MAX_FILE_BYTES = 20 * 1024 * 1024
PREVIEW_SIDE = 360
PICTURE = "image/"
FILE_MISSING = Text("Pilih berkas dahulu.", "Choose a file first.")
SAME_FILE = Text(
    "Ini berkas yang sama dengan yang ditandai petugas. Serahkan yang lain.",
    "This is the same file that the officer has marked. Give another one.",
)
TAKEN = Text("Berkas diterima.", "The file was accepted.")
ASKED_AGAIN = (404, 409, 412, 413, 415, 422, 429)
"""Refusals that are said beside the file; anything else is a page of its own."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a picture has to be, in words: its size, what nobody but a person sees, and a good one."""

    title: Text
    least: str
    looks: tuple[Text, ...]
    good: Text

    @classmethod
    def of(cls, rule: PhotoRule | SignatureRule) -> "Wanted":
        """From the room's rule."""
        return cls(rule.title, f"{rule.min_width} x {rule.min_height}", rule.looks, rule.good)


@router.get("/permohonan/{id}/berkas/{name}")
async def ask_paper(id: UUID, name: PaperName, me: CitizenOnPage, visit: TheVisit, done: Done = "") -> Response:
    """What is wanted, what was given, and what may be used again."""
    view = await own(visit, me, id)
    paper, form = _paper(view, name), Form()
    if done and paper.state == "marked":
        form.errors["file"] = SAME_FILE
    return await _show(visit, me, view, paper, form, notice=TAKEN if done else None, status=200)


@router.post("/permohonan/{id}/berkas/{name}", max_body_size=MAX_FILE_BYTES + FORM_AROUND_A_FILE)
async def take_paper(id: UUID, name: PaperName, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Check a file and keep it, or say what to mend; or use an earlier one again."""
    form = await visit.form(max_file_bytes=MAX_FILE_BYTES)
    view = await own(visit, me, id)
    paper = _paper(view, name)
    file, again = form.files.get("file"), _id(form.get("again"))
    if file is None and again is None:
        form.errors["file"] = FILE_MISSING
        return await _show(visit, me, view, paper, form)
    try:
        await visit.house[Limits].hit("attachment-case", str(id))
        if again is not None:
            async with visit.house.db.begin(me) as tx:
                await applications.reuse(tx, id, name, again)
        elif file is not None:
            await applications.take(visit.house, me, id, name, file.data)
    except Problem as problem:
        if problem.type.status not in ASKED_AGAIN:
            raise
        _say(form, problem)
        return await _show(visit, me, await own(visit, me, id), paper, form)
    view = await own(visit, me, id)
    if _paper(view, name).state == "marked":
        form.errors["file"] = SAME_FILE
        return await _show(visit, me, view, _paper(view, name), form)
    return visit.go(f"{at(id, f'berkas/{name}')}?selesai=simpan")


@router.get("/permohonan/{id}/berkas/{name}/pratinjau.jpg")
async def preview(id: UUID, name: PaperName, me: CitizenOnPage, visit: TheVisit) -> Response:
    """A small picture of what was given; for its owner alone, and never kept by anybody on the way."""
    data, media_type = await applications.open_paper(visit.house, me, id, name)
    if not media_type.startswith(PICTURE):
        raise NOT_FOUND()
    small = await documents.off_loop(documents.thumbnail, data, max_side=PREVIEW_SIDE)
    return visit.finish(Response(small, media_type="image/jpeg", headers=NO_STORE))


@router.get("/permohonan/{id}/berkas/{name}/unduh")
async def download(id: UUID, name: PaperName, me: CitizenOnPage, visit: TheVisit) -> Response:
    """What was given, as it is kept."""
    data, media_type = await applications.open_paper(visit.house, me, id, name)
    ending = {"application/pdf": "pdf", "image/png": "png"}.get(media_type, "jpg")
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return visit.finish(Response(data, media_type=media_type, headers=headers))


# --- below the doors ----------------------------------------------------------------------------------------------------


async def _show(
    visit: Visit,
    me: Actor,
    view: ApplicationView,
    paper: DocumentView,
    form: Form,
    *,
    notice: Text | None = None,
    status: int | None = None,
) -> Response:
    rule = paper.rule
    opened = view.state == "draft" or (view.state == "needs_correction" and _marked(view, paper))
    before = await applications.reusable(visit.house, me, view.id) if opened else {}
    return visit.show(
        "pages/applications/paper.html",
        status=status or (422 if form.errors else 200),
        view=view,
        paper=paper,
        wanted=Wanted.of(visit.house[PhotoRules].get(rule.rule)) if rule.rule else None,
        accept=",".join(_accepted(rule.media_types)),
        picture=(paper.media_type or "").startswith(PICTURE),
        before=[each for each in before.get(rule.name, ()) if paper.state != "accepted"][:1],
        following=_following(view, paper),
        opened=opened,
        form=form,
        notice=notice,
    )


def _paper(view: ApplicationView, name: str) -> DocumentView:
    found = view.paper(name)
    if found is None:
        raise NOT_FOUND()
    return found


def _marked(view: ApplicationView, paper: DocumentView) -> bool:
    return any(each.pointer == f"/documents/{paper.rule.name}" for each in view.marks)


def _following(view: ApplicationView, paper: DocumentView) -> DocumentView | None:
    """The next paper that is still wanted."""
    if view.state != "draft":
        return None
    return next(
        (each for each in view.documents if each.required and each.state == "missing" and each.rule != paper.rule),
        None,
    )


def _accepted(media_types: tuple[str, ...]) -> tuple[str, ...]:
    """For the file dialogue: phones offer the camera for pictures; an iPhone's own format has two names."""
    return (*media_types, "image/heif") if "image/heic" in media_types else media_types


def _say(form: Form, problem: Problem) -> None:
    """Every fault of a file, each a line of its own."""
    said = [error.message for error in problem.errors] or [Text(problem.detail("id"), problem.detail("en"))]
    for number, message in enumerate(said, start=1):
        form.errors["file" if number == 1 else f"file~{number}"] = message


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
