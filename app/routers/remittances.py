"""The treasurer's door: what waits to be remitted, remittances recorded by one person and confirmed by another."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.db import Tx
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import staff
from app.routers.http.idempotency import KEY_OPTIONAL, KEY_REQUIRED, answer_once, begin_once
from app.routers.schemas.remittances import (
    Closed,
    Recorded,
    RemittanceIn,
    RemittanceOut,
    RemittancePreview,
    Remittances,
    WaitingOut,
)
from app.services.billing.snap.times import bank_day
from app.services.billing.treasury import files, remittances
from app.services.billing.treasury.waiting import waiting_of
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"], prefix="/v1/counter/remittances")
Treasurer = Annotated[Actor, staff(Role.FINANCE)]
SecondPerson = Annotated[Actor, staff(Role.FINANCE, Role.SUPERVISOR)]
MAX_UPLOAD = files.MAX_BYTES + 65_536


@router.get("")
async def list_remittances(actor: SecondPerson, house: TheHouse) -> Remittances:
    """What your unit and those below it hold for treasury, Bapenda and Jasa Raharja, and what was remitted."""
    unit = actor.unit or ""
    async with house.db.read() as connection:
        waiting = await waiting_of(connection, unit)
        found = await remittances.list_remittances(connection, unit)
    return Remittances(
        waiting=[WaitingOut.of(each) for each in waiting], remittances=[RemittanceOut.of(each) for each in found]
    )


@router.post("", status_code=201, response_model=Recorded, openapi_extra=KEY_REQUIRED)
async def record(body: RemittanceIn, request: Request, actor: Treasurer, house: TheHouse) -> JSONResponse:
    """Record a remittance with its numbers; a second person confirms it. Needs an Idempotency-Key."""
    proof = remittances.read_numbers(
        body.payee, billing_code=body.billing_code, ntb=body.ntb, ntpn=body.ntpn, transfer_no=body.transfer_no
    )
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        recorded = await remittances.record(
            once.tx,
            actor.unit or "",
            body.payee,
            proof,
            amount=body.amount,
            remitted_on=body.remitted_on,
            until=body.until,
        )
        return await once.keep(Recorded(recorded=[recorded]).model_dump(mode="json"), 201)


@router.post("/preview", max_body_size=MAX_UPLOAD)
async def preview(
    actor: Treasurer, house: TheHouse, lang: TheLang, file: Annotated[UploadFile, File()]
) -> RemittancePreview:
    """What a CSV file would record, with every faulty line; changes nothing."""
    data = await file.read()
    async with house.db.read() as connection:
        seen = await files.preview(connection, actor.unit or "", data, bank_day(house.clock.now()))
    return RemittancePreview.of(seen, lang)


@router.post("/import", status_code=201, response_model=Recorded, max_body_size=MAX_UPLOAD, openapi_extra=KEY_OPTIONAL)
async def import_file(
    request: Request, actor: Treasurer, house: TheHouse, file: Annotated[UploadFile, File()]
) -> JSONResponse:
    """Record every remittance of a CSV file that is not recorded yet, all or none; the same file again changes nothing."""
    data = await file.read()

    async def record_all(tx: Tx) -> Recorded:
        return Recorded(recorded=await files.import_file(tx, actor.unit or "", data))

    return await answer_once(house, actor, request, record_all, status=201, sent=data)


@router.post("/{id}/confirm", response_model=Closed, openapi_extra=KEY_OPTIONAL)
async def confirm(id: UUID, request: Request, actor: SecondPerson, house: TheHouse) -> JSONResponse:
    """You have seen the proof, and somebody else recorded it: it is booked."""

    async def close(tx: Tx) -> Closed:
        await remittances.confirm(tx, id, actor.unit or "")
        return Closed(id=id, state="confirmed")

    return await answer_once(house, actor, request, close)


@router.post("/{id}/withdraw", response_model=Closed, openapi_extra=KEY_OPTIONAL)
async def withdraw(id: UUID, request: Request, actor: SecondPerson, house: TheHouse) -> JSONResponse:
    """It was recorded by mistake: its money waits again."""

    async def close(tx: Tx) -> Closed:
        await remittances.withdraw(tx, id, actor.unit or "")
        return Closed(id=id, state="withdrawn")

    return await answer_once(house, actor, request, close)
