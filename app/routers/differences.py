"""The counter's doors of what does not agree with a bank: differences, decided by two persons, and incidents, closed by one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.db import Tx
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import staff
from app.routers.http.idempotency import KEY_OPTIONAL, answer_once
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.differences import (
    ConfirmIn,
    Decided,
    DifferenceOut,
    Differences,
    IncidentClosed,
    IncidentOut,
    Incidents,
    OneDifference,
    ProposalIn,
    ReasonIn,
)
from app.services.billing import incidents
from app.services.billing.settlement import decisions, differences
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.settlement.differences import Wanted
from app.services.billing.settlement.models import ExceptionState
from app.services.billing.settlement.scope import seated
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"])
Finance = Annotated[Actor, staff(Role.FINANCE, Role.SUPERVISOR)]
DIFFERENCES = "/v1/counter/settlement-differences"
INCIDENTS = "/v1/counter/payment-incidents"


async def _seated(actor: Finance, house: TheHouse) -> Actor:
    """Finance as reconciliation sees them: of their Polda, or of Mabes and so of all."""
    async with house.db.read() as connection:
        return await seated(connection, actor)


Treasurer = Annotated[Actor, Depends(_seated)]


@router.get(DIFFERENCES)
async def list_differences(
    actor: Treasurer,
    house: TheHouse,
    lang: TheLang,
    state: Annotated[Wanted, Query(description="Those that want somebody, or those that are closed.")] = Wanted.OPEN,
    limit: PageLimit = 50,
    after: PageAfter = None,
) -> Differences:
    """Differences of your Polda: open ones the longest waiting first, closed ones the newest first."""
    async with house.db.read() as connection:
        found = await differences.list_differences(
            connection, actor, state, limit=limit + 1, after=read_time_and_id(after)
        )
    page = found[:limit]
    return Differences(
        differences=[DifferenceOut.of(each, lang) for each in page],
        next=cursor_of(page[-1].opened_at.isoformat(), str(page[-1].id)) if len(found) > limit else None,
    )


@router.get(DIFFERENCES + "/{id}")
async def get_difference(id: UUID, actor: Treasurer, house: TheHouse, lang: TheLang) -> OneDifference:
    """One difference with all that is known. The bank's text may name a payer: your look is recorded."""
    async with house.db.begin(actor) as tx:
        return OneDifference.of_page(await differences.open_difference(tx, id), lang)


@router.post(DIFFERENCES + "/{id}/propose", response_model=Decided, openapi_extra=KEY_OPTIONAL)
async def propose(id: UUID, body: ProposalIn, request: Request, actor: Treasurer, house: TheHouse) -> JSONResponse:
    """Say what should be done, and why. Nothing is booked before somebody else confirms it."""

    async def decide(tx: Tx) -> Decided:
        bill_id = await decisions.named_bill(tx, id, body.bill) if body.bill else None
        proposal = Proposal(body.action, body.reason, bill_id=bill_id, other_id=body.other_id)
        row = await decisions.propose(tx, id, proposal)
        return Decided(id=row.id, state=ExceptionState(row.state))

    return await answer_once(house, actor, request, decide)


@router.post(DIFFERENCES + "/{id}/confirm", response_model=Decided, openapi_extra=KEY_OPTIONAL)
async def confirm(id: UUID, body: ConfirmIn, request: Request, actor: Treasurer, house: TheHouse) -> JSONResponse:
    """You agree with what somebody else proposed: it is booked now."""

    async def decide(tx: Tx) -> Decided:
        row = await decisions.confirm(tx, id, body.reason)
        return Decided(id=row.id, state=ExceptionState(row.state))

    return await answer_once(house, actor, request, decide)


@router.post(DIFFERENCES + "/{id}/decline", response_model=Decided, openapi_extra=KEY_OPTIONAL)
async def decline(id: UUID, body: ReasonIn, request: Request, actor: Treasurer, house: TheHouse) -> JSONResponse:
    """You do not agree, or take your own proposal back: the difference is open again."""

    async def decide(tx: Tx) -> Decided:
        row = await decisions.decline(tx, id, body.reason)
        return Decided(id=row.id, state=ExceptionState(row.state))

    return await answer_once(house, actor, request, decide)


@router.get(INCIDENTS)
async def list_incidents(
    actor: Treasurer,
    house: TheHouse,
    lang: TheLang,
    closed: Annotated[bool, Query(description="Those that are closed, not those that wait.")] = False,
    limit: PageLimit = 50,
    after: PageAfter = None,
) -> Incidents:
    """What banks did that a person must look at, the newest first."""
    async with house.db.read() as connection:
        found = await incidents.list_incidents(
            connection, actor, closed=closed, limit=limit + 1, after=read_time_and_id(after)
        )
    page = found[:limit]
    return Incidents(
        incidents=[IncidentOut.of(each, lang) for each in page],
        next=cursor_of(page[-1].at.isoformat(), str(page[-1].id)) if len(found) > limit else None,
    )


@router.post(INCIDENTS + "/{id}/close", response_model=IncidentClosed, openapi_extra=KEY_OPTIONAL)
async def close_incident(id: UUID, body: ReasonIn, request: Request, actor: Treasurer, house: TheHouse) -> JSONResponse:
    """You have looked into it; say what you found."""

    async def close(tx: Tx) -> IncidentClosed:
        await incidents.close(tx, id, body.reason)
        return IncidentClosed(id=id)

    return await answer_once(house, actor, request, close)
