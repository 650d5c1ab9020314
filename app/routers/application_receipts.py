"""The receipt of an application's payment, as PDF and as data; both carry the proof that the payment was recorded."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.routers.http.deps import TheHouse
from app.routers.http.guards import Citizen
from app.routers.schemas.tickets import Receipt
from app.services import applications, documents

router = APIRouter(tags=["applications"])
NO_STORE = {"Cache-Control": "private, no-store"}


@router.get("/v1/applications/{id}/receipt.pdf", response_class=Response)
async def get_receipt(id: UUID, me: Citizen, house: TheHouse) -> Response:
    """The receipt of the payment; it carries its own proof (`loket verify FILE`). 404 before the bank has told of one."""
    pdf = await documents.payment_receipt(await applications.receipt_for(house, me, id))
    headers = {**NO_STORE, "Content-Disposition": 'inline; filename="bukti-pembayaran.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.get("/v1/applications/{id}/receipt", response_model=Receipt)
async def get_receipt_data(id: UUID, me: Citizen, house: TheHouse) -> JSONResponse:
    """The receipt for programs: the facts of the PDF with the same proof. Void after the bank took the payment back."""
    return JSONResponse(documents.receipt_json(await applications.receipt_for(house, me, id)), headers=NO_STORE)
