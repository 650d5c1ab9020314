"""The citizen's door to a ticket: look-up, evidence, the five answers, bill, papers. Apps and pages use the same."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import JSONResponse, Response

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.limits import Limits
from app.routers.http.deps import TheHouse, TheLang, address_of, house_of
from app.routers.http.guards import TicketHolder, citizen, issue_ticket_token, public
from app.routers.http.hot import HotDoor
from app.routers.http.idempotency import (
    KEY_OPTIONAL,
    KEY_REQUIRED,
    KEY_TAKEN,
    answer_once,
    answer_repeatably,
    begin_once,
    earlier_answer,
)
from app.routers.http.language import language_of
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.tickets import (
    AnswerIn,
    AttachmentOut,
    Bill,
    DriverAnswerIn,
    Evidence,
    FoundTicket,
    Lookup,
    LookupAnswer,
    Receipt,
    Ticket,
    Timeline,
    TimelineItem,
    ticket_json,
)
from app.services import etle
from app.services.etle import attachments
from app.services.identity.roles import TICKETS

router = APIRouter(tags=["tickets"])
NO_STORE = {"Cache-Control": "no-store"}
Owner = Annotated[Actor, citizen(TICKETS)]


async def look_up(body: Lookup, request: Request) -> Response:
    """Find tickets by the STNK's numbers, or by the letter. Limited by address and by plate.

    'No such ticket' and 'a wrong number' are the same empty list, at the same cost.
    """
    house, lang = house_of(request), language_of(request.scope)
    limits = house[Limits]
    await limits.hit("lookup-address", address_of(request))
    await limits.hit("lookup-plate", "".join(filter(str.isalnum, body.plate.upper())))
    found = await etle.look_up(house, body.key())
    tickets = [
        ticket_json(each.view, lang)
        | {"access_token": issue_ticket_token(house, each.view.id, each.role, each.party_id)}
        for each in found
    ]
    return Response(orjson.dumps({"tickets": tickets}, option=orjson.OPT_UTC_Z), media_type="application/json")


router.add_api_route(
    "/v1/tickets/lookup",
    look_up,
    methods=["POST"],
    dependencies=[public()],
    response_model=LookupAnswer,
    route_class_override=HotDoor,
)


@router.get("/v1/tickets/{id}")
async def get_ticket(id: UUID, holder: TicketHolder, house: TheHouse, lang: TheLang) -> Ticket:
    """The ticket. Opened with a letter's reference, it proves that the letter has arrived (if the policy says so)."""
    await etle.note_opened(house, holder)
    return Ticket.of(await etle.ticket_for(house, holder, id), lang)


@router.get("/v1/tickets/{id}/evidence")
async def get_evidence(id: UUID, holder: TicketHolder, house: TheHouse) -> Evidence:
    """What the machine saw and read, and the camera's certificate. Links are good for a quarter of an hour."""
    return Evidence.of(await etle.evidence_for(house, id))


@router.get("/v1/evidence/{token}", dependencies=[public()], response_class=Response)
async def open_evidence(token: str, house: TheHouse) -> Response:
    """The picture behind a signed link: the link is the permission."""
    picture = await etle.open_link(house, token)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})


@router.get("/v1/attachments/{token}", dependencies=[public()], response_class=Response)
async def open_attachment(token: str, house: TheHouse) -> Response:
    """A file that was handed in, behind a signed link; always as a download, never shown as a page."""
    data, media_type = await attachments.open_link(house, token)
    headers = {"Content-Disposition": "attachment", "Cache-Control": "private, no-store"}
    return Response(data, media_type=media_type, headers=headers)


@router.post(
    "/v1/tickets/{id}/attachments",
    status_code=201,
    response_model=AttachmentOut,
    max_body_size=attachments.MAX_BYTES + 65_536,
    openapi_extra=KEY_OPTIONAL,
)
async def attach(
    id: UUID, request: Request, holder: TicketHolder, house: TheHouse, file: Annotated[UploadFile, File()]
) -> JSONResponse:
    """Hand in a picture or PDF for an answer; name its id in the answer. The same file again has the same id.

    A picture is kept as a JPEG of its pixels, without place and device. `sha256` is that of the file as you sent it.
    """
    await house[Limits].hit("attachment-case", str(id))
    data = await file.read()
    if (earlier := await earlier_answer(house, holder, request, sent=data)) is not None:
        return earlier
    stored = await attachments.store(house, holder, id, data)

    async def keep(tx: Tx) -> AttachmentOut:
        return AttachmentOut.of(await attachments.attach(tx, id, stored))

    return await answer_once(house, holder, request, keep, status=201, sent=data)


@router.post("/v1/tickets/{id}/response", response_model=Ticket, openapi_extra=KEY_TAKEN)
async def answer_letter(
    id: UUID, body: AnswerIn, request: Request, holder: TicketHolder, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """One of the five answers. Answers the ticket in its new state; sent again, the same bytes get the same answer."""

    async def answer(tx: Tx) -> JsonValue:
        await etle.answer_letter(tx, id, body.to_answer())
        view: JsonValue = Ticket.of(await etle.view_in(tx, id, holder), lang).model_dump(mode="json")
        return view

    return await answer_repeatably(house, holder, request, answer)


@router.post("/v1/tickets/{id}/driver-response", response_model=Ticket, openapi_extra=KEY_REQUIRED)
async def answer_as_driver(
    id: UUID, body: DriverAnswerIn, request: Request, holder: TicketHolder, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """The named driver accepts or declines, with the code of his own letter. Needs an Idempotency-Key."""
    async with begin_once(house, holder, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        await etle.answer_as_driver(once.tx, id, body.action, expected_version=body.version)
        view = await etle.view_in(once.tx, id, holder)
        return await once.keep(Ticket.of(view, lang).model_dump(mode="json"))


@router.get("/v1/tickets/{id}/bill")
async def get_bill(id: UUID, holder: TicketHolder, house: TheHouse, lang: TheLang) -> Bill:
    """The latest bill and where to pay it. 404 before the ticket is issued."""
    return Bill.of(await etle.bill_for(house, id), lang)


@router.post("/v1/tickets/{id}/bill", response_model=Bill, openapi_extra=KEY_REQUIRED)
async def ask_bill_again(
    id: UUID, request: Request, holder: TicketHolder, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """A bill that can be paid: a new number where the time of the last one is over, else the one there is.

    The debt outlives its bill: paying late lifts the block of the STNK. Needs an Idempotency-Key.
    """
    async with begin_once(house, holder, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        await etle.ask_bill_again(once.tx, id)
        bill = await etle.bill_in(once.tx, id)
        return await once.keep(Bill.of(bill, lang).model_dump(mode="json"))


@router.get("/v1/tickets/{id}/timeline")
async def get_timeline(id: UUID, holder: TicketHolder, house: TheHouse, lang: TheLang) -> Timeline:
    """Everything that happened, and every look that staff took, oldest first."""
    entries = await etle.timeline_for(house, id)
    return Timeline(items=[TimelineItem.of(each, lang) for each in entries])


@router.get("/v1/tickets/{id}/letter.pdf", response_class=Response)
async def get_letter(id: UUID, holder: TicketHolder, house: TheHouse) -> Response:
    """The confirmation letter as it was written to this person."""
    return _pdf(await etle.letter_pdf(house, holder, id), "surat-konfirmasi")


@router.get("/v1/tickets/{id}/ticket.pdf", response_class=Response)
async def get_ticket_pdf(id: UUID, holder: TicketHolder, house: TheHouse) -> Response:
    """The ticket (tilang): register number, article, session, where to pay."""
    return _pdf(await etle.ticket_pdf(house, holder, id), "tilang")


@router.get("/v1/tickets/{id}/receipt.pdf", response_class=Response)
async def get_receipt(id: UUID, holder: TicketHolder, house: TheHouse) -> Response:
    """The receipt; it carries its own proof (`loket verify FILE`)."""
    return _pdf(await etle.receipt_pdf(house, holder, id), "bukti-pembayaran")


@router.get("/v1/tickets/{id}/receipt", response_model=Receipt)
async def get_receipt_data(id: UUID, holder: TicketHolder, house: TheHouse) -> JSONResponse:
    """The receipt for programs: the facts of the PDF with the same proof (`loket verify FILE`). Void after a reversal."""
    return JSONResponse(await etle.receipt_for(house, holder, id), headers=NO_STORE)


@router.get("/v1/tickets/{id}/proof", response_class=Response)
async def get_proof(id: UUID, holder: TicketHolder, house: TheHouse) -> Response:
    """The inclusion proof of the receipt's event, or of the latest event where nothing was paid yet."""
    proof = await etle.proof_for(house, holder, id)
    return Response(proof, media_type="application/json", headers=NO_STORE)


@router.get("/v1/me/tickets")
async def my_tickets(
    me: Owner, house: TheHouse, lang: TheLang, limit: PageLimit = 50, after: PageAfter = None
) -> dict[str, object]:
    """A signed-in citizen's own tickets, newest first; needs an account that is bound to a NIK."""
    found = await etle.tickets_of(house, UUID(me.id), limit=limit + 1, before=read_time_and_id(after))
    page = found[:limit]
    items = [
        FoundTicket(
            **Ticket.of(each.view, lang).model_dump(),
            access_token=issue_ticket_token(house, each.view.id, each.role, each.party_id),
        ).model_dump(mode="json")
        for each in page
    ]
    following = place_of(page[-1]) if len(found) > limit else None
    return {"tickets": items, "next": following}


def place_of(found: etle.Found) -> str:
    """The cursor behind which a citizen's list goes on."""
    return cursor_of(found.view.occurred_at.isoformat(), str(found.party_id))


def _pdf(data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', **NO_STORE}
    return Response(data, media_type="application/pdf", headers=headers)
