"""The counter's door to what is to be printed and handed over, and to an application by its reference."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.core.actor import Actor
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import Staff, staff
from app.routers.http.idempotency import KEY_REQUIRED, begin_once
from app.routers.schemas.counter import ActionOut
from app.routers.schemas.printing import Found, HandingOver, Printing, PrintOrderOut
from app.services import applications
from app.services.applications import issuing, worklist
from app.services.applications.problems import APPLICATION_NOT_FOUND
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"])
AtCounter = Annotated[Actor, staff(Role.COUNTER)]
Printer = Annotated[Actor, staff(Role.COUNTER, Role.SUPERVISOR)]
NO_STORE = {"Cache-Control": "private, no-store"}


@router.get("/v1/counter/print-orders")
async def list_print_orders(actor: Printer, house: TheHouse, lang: TheLang) -> Printing:
    """Documents of your unit that wait for the printer, and printed ones that nobody has in hand yet; the oldest first, at
    most 200 of each: what is done leaves the list."""
    unit = actor.unit or ""
    async with house.db.read() as connection:
        orders = await issuing.list_print_orders(connection, unit)
        underway = await worklist.underway_of(connection, {each.case_id for each in orders})
        waiting = await worklist.list_handing_over(connection, unit)
    return Printing(
        orders=[
            PrintOrderOut.of(each, underway[each.case_id].reference, lang)
            for each in orders
            if each.case_id in underway
        ],
        to_hand_over=[HandingOver.of(each) for each in waiting],
    )


@router.get("/v1/counter/print-orders/{id}/document.pdf", response_class=Response)
async def open_file(id: UUID, actor: AtCounter, house: TheHouse) -> Response:
    """The sealed file for the printer. The look is recorded, and the applicant reads it."""
    document, data = await worklist.open_to_print(house, actor, id)
    headers = {"Content-Disposition": f'attachment; filename="{document.check_code}.pdf"', **NO_STORE}
    return Response(data, media_type="application/pdf", headers=headers)


@router.post("/v1/counter/print-orders/{id}/printed", response_model=ActionOut, openapi_extra=KEY_REQUIRED)
async def note_printed(id: UUID, request: Request, actor: AtCounter, house: TheHouse) -> JSONResponse:
    """Note it as printed, once: a second card would be worth money. Its case moves on with it. Needs an Idempotency-Key.

    Problems: `applications-issued-not-found`, `applications-not-ordered`.
    """
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        case = await worklist.note_printed(once.tx, id)
        answer = ActionOut(id=case.id, state=case.state, version=case.version)
        return await once.keep(answer.model_dump(mode="json"))


@router.get("/v1/counter/cases/{id}/document.pdf", response_class=Response)
async def open_issued(id: UUID, actor: Staff, house: TheHouse) -> Response:
    """The issued document of an application that you have opened. 403 `applications-purpose-needed` before."""
    await applications.check_desk(house, actor, id)
    data = await applications.issued_pdf(house, id)
    return Response(data, media_type="application/pdf", headers={"Content-Disposition": "attachment", **NO_STORE})


@router.get("/v1/counter/applications")
async def find_application(
    _actor: Staff, house: TheHouse, reference: Annotated[str, Query(max_length=80, examples=["SIM7K3M9QXT4"])]
) -> Found:
    """The case of an application by its reference, as a person types it. Whether you may open it, the case's door decides.
    404 where there is none, or where it was mistyped."""
    async with house.db.read() as connection:
        case_id = await worklist.find_by_reference(connection, reference)
    if case_id is None:
        raise APPLICATION_NOT_FOUND()
    return Found(id=case_id)
