"""What is to be printed and handed over, and the way to an application by its reference.

'Printed' is noted once, together with the case's own step: a second card would be worth money. The file opens for whoever
prints it; that look is recorded as every other one is, and the applicant reads it.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications
from app.services.applications import issuing, worklist
from app.services.applications.issued_problems import ISSUED_NOT_FOUND
from app.services.cases import Lifecycles
from app.services.catalogue import Catalogue
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/cetak"
Printer = Annotated[Actor, staff_page(Role.COUNTER, Role.SUPERVISOR)]
AtCounter = Annotated[Actor, staff_page(Role.COUNTER)]
StaffOnPage = Annotated[Actor, staff_page()]
PRIVATE = {"Cache-Control": "private, no-store"}
NOTED = Text("{number}: tercatat sudah dicetak.", "{number}: noted as printed.")
NUMBER_UNKNOWN = Text(
    "Tidak ada permohonan dengan nomor {typed}. Periksa huruf demi huruf.",
    "There is no application with the reference {typed}. Check it character by character.",
)
NUMBER_MISSING = Text("Tulis nomor permohonannya.", "Write the reference of the application.")
SHOWN = 40


@router.get(PAGE)
async def printing_page(actor: Printer, visit: TheVisit, done: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Documents that wait for the printer, the oldest first, and printed ones that nobody has in hand yet."""
    return await _show(visit, actor, Form(), notice=NOTED.fill(number=done) if done else None)


@router.post(PAGE)
async def note_printed(actor: AtCounter, visit: TheVisit) -> Response:
    """Note a document as printed; its case moves on in the same transaction."""
    form = await visit.form()

    async def work(tx: Tx) -> str:
        document_id = _document_id(form)
        document = await issuing.get_issued(tx.session, document_id)
        await worklist.note_printed(tx, document_id)
        return f"{PAGE}?done={document.number}"

    try:
        return visit.go(await once(visit, actor, form, work))
    except Problem as problem:
        form.take(problem, onto="cetak")
        return await _show(visit, actor, form, status=problem.type.status)


@router.get(f"{PAGE}/{{id}}/dokumen.pdf")
async def open_file(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """The sealed file of a document that waits for the printer of this unit. The look is recorded first."""
    document, data = await worklist.open_to_print(visit.house, actor, id)
    headers = {"Content-Disposition": f'attachment; filename="{document.check_code}.pdf"', **PRIVATE}
    return Response(data, media_type="application/pdf", headers=headers)


@router.get("/counter/cari")
async def find_application(
    actor: StaffOnPage, visit: TheVisit, nomor: Annotated[str | None, Query(max_length=80)] = None
) -> Response:
    """To the page of an application, by its reference. Whether this person may open it, that page decides."""
    if nomor is None:
        return visit.show("pages/counter/applications/find.html", staff=await desk_of(visit, actor), form=Form())
    async with visit.house.db.read() as connection:
        case_id = await worklist.find_by_reference(connection, nomor)
    if case_id is not None:
        return visit.go(f"/counter/cases/{case_id}")
    typed = nomor.strip()[:SHOWN]
    form = Form({"nomor": nomor}, {"nomor": NUMBER_UNKNOWN.fill(typed=typed) if typed else NUMBER_MISSING})
    return visit.show("pages/counter/applications/find.html", status=404, staff=await desk_of(visit, actor), form=form)


# --- below the doors -------------------------------------------------------------------------------------------------


async def _show(visit: Visit, actor: Actor, form: Form, *, notice: Text | None = None, status: int = 200) -> Response:
    unit = actor.unit or ""
    async with visit.house.db.read() as connection:
        orders = await issuing.list_print_orders(connection, unit)
        waiting = await worklist.list_handing_over(connection, unit)
        underway = await worklist.underway_of(connection, {each.case_id for each in orders})
    states = visit.house[Lifecycles].by_name[applications.LIFECYCLE].states
    return visit.show(
        "pages/counter/applications/printing.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        notice=notice,
        may_print=str(Role.COUNTER) in actor.roles,
        orders=orders,
        references={case_id: each.reference for case_id, each in underway.items()},
        waiting=waiting,
        services={each.code: each.title for each in visit.house[Catalogue].all()},
        states={name: state.title for name, state in states.items()},
    )


def _document_id(form: Form) -> UUID:
    try:
        return UUID(form.get("document"))
    except ValueError:
        raise ISSUED_NOT_FOUND() from None
