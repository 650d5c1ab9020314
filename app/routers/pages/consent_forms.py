"""Consent on paper: the unit's open forms, each with its next step; who may not confirm one is told so there."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.answers import FORM_AROUND_A_FILE
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import MAX_UPLOAD_BYTES, Form
from app.routers.pages.visit import TheVisit, Visit
from app.services.cases import FormView, paper_consents
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/persetujuan"
AtCounter = Annotated[Actor, staff_page(Role.COUNTER)]
Second = Annotated[Actor, staff_page(Role.COUNTER, Role.OFFICER, Role.SENIOR_OFFICER, Role.SUPERVISOR)]
PRIVATE = {"Cache-Control": "private, no-store"}
FILE_MISSING = Text("Pilih berkas hasil pindai.", "Choose the scanned file.")
SAID_HERE = (403, 409, 413, 415, 422)
NOTICES = {
    "cetak": Text("Formulir {number} siap dicetak.", "The form {number} is ready to be printed."),
    "pindai": Text(
        "Hasil pindai {number} tersimpan. Sekarang petugas kedua menemui orangnya.",
        "The scan of {number} was kept. Now a second officer meets the person.",
    ),
    "lihat": Text("Formulir {number} berlaku.", "The form {number} counts now."),
}


def printed(form: FormView) -> str:
    """Where a form that was just made waits for the printer."""
    return f"{PAGE}?done=cetak&number={form.reference}"


@router.get(PAGE)
async def forms_page(
    actor: Second,
    visit: TheVisit,
    done: Annotated[str, Query(max_length=10)] = "",
    number: Annotated[str, Query(max_length=20, pattern="^[A-Z0-9]*$")] = "",
) -> Response:
    """The forms of this unit that are good and were not used."""
    return await _show(visit, actor, Form(), notice=NOTICES[done].fill(number=number) if done in NOTICES else None)


@router.get(PAGE + "/{id}/formulir.pdf")
async def form_file(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """The form for the printer. The look is recorded."""
    data = await paper_consents.form_pdf(visit.house, actor, id)
    headers = {"Content-Disposition": 'inline; filename="persetujuan.pdf"', **PRIVATE}
    return Response(data, media_type="application/pdf", headers=headers)


@router.post(PAGE + "/{id}/pindai", max_body_size=MAX_UPLOAD_BYTES + FORM_AROUND_A_FILE)
async def take_scan(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """Keep the signed form."""
    form = await visit.form()
    file = form.files.get(f"file-{id}")
    if file is None:
        form.errors[f"file-{id}"] = FILE_MISSING
        return await _show(visit, actor, form, status=422)
    try:
        await visit.house[Limits].hit("attachment-case", str(id))
        scan = await paper_consents.store_scan(visit.house, actor, id, file.data)
        async with visit.house.db.begin(actor) as tx:
            kept = await paper_consents.keep_scan(tx, id, scan)
    except Problem as problem:
        return await _refused(visit, actor, form, problem, onto=f"file-{id}")
    return visit.go(f"{PAGE}?done=pindai&number={kept.reference}")


@router.get(PAGE + "/{id}/pindai")
async def scan_file(id: UUID, actor: Second, visit: TheVisit) -> Response:
    """The signed form, as a download. The look is recorded."""
    data, media_type = await paper_consents.open_scan(visit.house, actor, id)
    return Response(data, media_type=media_type, headers={"Content-Disposition": "attachment", **PRIVATE})


@router.post(PAGE + "/{id}/lihat")
async def confirm_seen(id: UUID, actor: Second, visit: TheVisit) -> Response:
    """A second officer has seen the person."""
    form = await visit.form()
    try:
        async with visit.house.db.begin(actor) as tx:
            seen = await paper_consents.confirm_seen(tx, id)
    except Problem as problem:
        return await _refused(visit, actor, form, problem, onto=f"seen-{id}")
    return visit.go(f"{PAGE}?done=lihat&number={seen.reference}")


async def _refused(visit: Visit, actor: Actor, form: Form, problem: Problem, *, onto: str) -> Response:
    if problem.type.status not in SAID_HERE:
        raise problem
    form.take(problem, onto=onto)
    return await _show(visit, actor, form, status=problem.type.status)


async def _show(visit: Visit, actor: Actor, form: Form, *, notice: Text | None = None, status: int = 200) -> Response:
    return visit.show(
        "pages/counter/consent_forms.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        forms=await paper_consents.list_open(visit.house, actor),
        prints=str(Role.COUNTER) in actor.roles,
        notice=notice,
    )
