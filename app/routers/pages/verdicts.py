"""The court's page of verdicts by file: looked at first, applied as a whole, and how far it is."""

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
from app.routers.pages.forms import Form
from app.routers.pages.visit import TheVisit, Visit
from app.routers.schemas.verdict_files import worth_showing
from app.services.etle import verdict_files, verdicts
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/putusan"
ON_A_PAGE = 25
FORM_AROUND_A_FILE = 64 * 1024
Court = Annotated[Actor, staff_page(Role.COURT, Role.FINANCE)]
FILE_MISSING = Text("Pilih berkas CSV dahulu.", "Choose a CSV file first.")
STATES = {
    verdict_files.CHECKED: Text("sudah dilihat", "looked at"),
    verdict_files.APPLYING: Text("sedang dicatat", "being entered"),
    verdict_files.APPLIED: Text("sudah dicatat", "entered"),
    verdict_files.REFUSED: Text("ada yang salah", "has faults"),
}
OUTCOMES = {
    verdicts.Outcome.READY: Text("siap dicatat", "ready"),
    verdicts.Outcome.DECIDED: Text("sudah tercatat sama", "on record already"),
    verdicts.Outcome.DIFFERS: Text("tercatat putusan lain", "another verdict is on record"),
    verdicts.Outcome.OVER: Text("perkara tidak dapat diputus", "the case cannot be decided"),
    verdicts.Outcome.ABOVE: Text(
        "denda melebihi maksimum pasal; periksa angkanya", "the fine is above the article's maximum; check the figure"
    ),
    verdicts.Outcome.UNKNOWN: Text("nomor tidak dikenal", "no such number"),
}


@router.get(PAGE)
async def files_page(
    actor: Court, visit: TheVisit, after: Annotated[str | None, Query(max_length=400)] = None
) -> Response:
    """The form, and the files that came before."""
    return await _show(visit, actor, Form(), after=after)


@router.post(PAGE, max_body_size=verdicts.MAX_BYTES + FORM_AROUND_A_FILE)
async def look_at(actor: Court, visit: TheVisit) -> Response:
    """Keep a file and show what applying it would do."""
    form = await visit.form()
    if "file" not in form.files:
        form.errors["file"] = FILE_MISSING
        return await _show(visit, actor, form, status=422)
    sent = form.files["file"]
    looked = await verdict_files.look_at(visit.house, actor, sent.data, name=sent.filename, unit=actor.unit or "")
    return visit.go(f"{PAGE}/{looked.file.id}")


@router.get(PAGE + "/{id}")
async def file_page(id: UUID, actor: Court, visit: TheVisit) -> Response:
    """What a file would do, or how far it is."""
    return await _show_file(visit, actor, id, Form())


@router.post(PAGE + "/{id}")
async def apply(id: UUID, actor: Court, visit: TheVisit) -> Response:
    """Enter what is ready of the file that was looked at; pressing twice is once."""
    form = await visit.form()
    try:
        async with visit.house.db.begin(actor) as tx:
            await verdict_files.apply(tx, id, actor.unit or "")
    except Problem as problem:
        form.take(problem, onto="apply")
        return await _show_file(visit, actor, id, form, status=problem.type.status)
    return visit.go(f"{PAGE}/{id}")


async def _show(visit: Visit, actor: Actor, form: Form, *, after: str | None = None, status: int = 200) -> Response:
    async with visit.house.db.read() as connection:
        found = await verdict_files.list_files(
            connection, actor.unit or "", limit=ON_A_PAGE + 1, after=read_time_and_id(after)
        )
    last = found[ON_A_PAGE - 1] if len(found) > ON_A_PAGE else None
    return visit.show(
        "pages/counter/verdict_files.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        files=found[:ON_A_PAGE],
        states=STATES,
        after=after,
        next_href=last and f"{PAGE}?after={cursor_of(last.uploaded_at.isoformat(), str(last.id))}",
    )


async def _show_file(visit: Visit, actor: Actor, id: UUID, form: Form, *, status: int = 200) -> Response:
    looked = await verdict_files.look_again(visit.house, actor, id)
    return visit.show(
        "pages/counter/verdict_file.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        file=looked.file,
        lines=worth_showing(looked),
        states=STATES,
        outcomes=OUTCOMES,
        me=actor.id,
    )
