"""The receipts of an application's payments, as PDF and as data; both carry the proof that the payment was recorded."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.routers.http.deps import TheHouse
from app.routers.http.guards import Citizen
from app.routers.schemas.tickets import Receipt
from app.services import applications, documents

router = APIRouter(tags=["applications"])
NO_STORE = {"Cache-Control": "private, no-store"}
ReceiptNo = Annotated[str | None, Query(max_length=40, description="Which receipt; without it the newest.")]


class ReceiptItem(BaseModel):
    """One receipt. `written` says whether it can be had as PDF and data: only once a bank has told of the payment."""

    receipt_no: str
    at: datetime
    amount: int
    state: Literal["paid", "void"]
    written: bool

    @classmethod
    def of(cls, line: applications.ReceiptLine) -> Self:
        """The line as JSON."""
        state: Literal["paid", "void"] = "paid" if line.voided_at is None else "void"
        return cls(receipt_no=line.code, at=line.at, amount=line.amount, state=state, written=line.written)


class ReceiptList(BaseModel):
    """The newest first."""

    receipts: list[ReceiptItem]


@router.get("/v1/applications/{id}/receipts")
async def list_receipts(id: UUID, me: Citizen, house: TheHouse) -> ReceiptList:
    """Every receipt: there are several where an exemption was denied after paying, or a draft was opened and paid again."""
    await applications.must_own(house, me, id)
    return ReceiptList(receipts=[ReceiptItem.of(each) for each in await applications.receipts_of(house, id)])


@router.get("/v1/applications/{id}/receipt.pdf", response_class=Response)
async def get_receipt(id: UUID, me: Citizen, house: TheHouse, no: ReceiptNo = None) -> Response:
    """The receipt of a payment; it carries its own proof (`loket verify FILE`). 404 before the bank has told of one."""
    pdf = await documents.payment_receipt(await applications.receipt_for(house, me, id, code=no))
    headers = {**NO_STORE, "Content-Disposition": 'inline; filename="bukti-pembayaran.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.get("/v1/applications/{id}/receipt", response_model=Receipt)
async def get_receipt_data(id: UUID, me: Citizen, house: TheHouse, no: ReceiptNo = None) -> JSONResponse:
    """The receipt for programs: the facts of the PDF with the same proof. Void after the bank took the payment back."""
    receipt = await applications.receipt_for(house, me, id, code=no)
    return JSONResponse(documents.receipt_json(receipt), headers=NO_STORE)
