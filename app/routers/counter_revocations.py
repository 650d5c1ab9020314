"""Taking an issued document back, by two of its unit: one proposes with a reason from the list, another decides."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import Staff
from app.routers.http.idempotency import KEY_REQUIRED, begin_once
from app.routers.schemas.counter_revocations import (
    DecidedOut,
    DecisionIn,
    IssuedList,
    IssuedOut,
    ProposalIn,
    ProposedOut,
)
from app.services import applications
from app.services.applications import issuing, revoking
from app.services.applications.issued_problems import ISSUED_NOT_FOUND, PROPOSAL_NOT_FOUND

router = APIRouter(tags=["counter"])


@router.get("/v1/counter/cases/{id}/issued")
async def list_issued(id: UUID, actor: Staff, house: TheHouse, lang: TheLang) -> IssuedList:
    """What an application that you have opened ended in, and every proposal to take it back."""
    await applications.check_desk(house, actor, id)
    async with house.db.read() as connection:
        documents = await issuing.list_issued(connection, id)
        proposals = await revoking.proposals_of(connection, house.keys, id)
    return IssuedList(documents=[IssuedOut.of(each, proposals, actor.id, lang) for each in documents])


@router.post(
    "/v1/counter/cases/{id}/issued/{document_id}/revocations",
    status_code=201,
    response_model=ProposedOut,
    openapi_extra=KEY_REQUIRED,
)
async def propose(
    id: UUID, document_id: UUID, body: ProposalIn, request: Request, actor: Staff, house: TheHouse
) -> JSONResponse:
    """Propose to revoke or replace a document of your unit; it stays good until somebody else agrees.

    Needs an Idempotency-Key. The codes are at `/v1/counter/application-reasons`.
    """
    await applications.check_desk(house, actor, id)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        if (await issuing.get_issued(once.tx.session, document_id)).case_id != id:
            raise ISSUED_NOT_FOUND()
        proposal = await revoking.propose(once.tx, document_id, body.remedy, body.why, body.words)
        return await once.keep({"id": str(proposal)}, 201)


@router.post(
    "/v1/counter/cases/{id}/revocations/{proposal_id}/decision", response_model=DecidedOut, openapi_extra=KEY_REQUIRED
)
async def decide(
    id: UUID, proposal_id: UUID, body: DecisionIn, request: Request, actor: Staff, house: TheHouse
) -> JSONResponse:
    """Decide on a colleague's proposal. Confirmed, the public check says so at once, and the holder is told.

    Needs an Idempotency-Key. 403 `cases-four-eyes` on a proposal of your own.
    """
    await applications.check_desk(house, actor, id)
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        if not await revoking.is_of_case(once.tx.session, proposal_id, id):
            raise PROPOSAL_NOT_FOUND()
        document = await revoking.decide(once.tx, proposal_id, body.decision, body.reason)
        answer = DecidedOut(document=document.id, number=document.number, valid=document.revoked_at is None)
        return await once.keep(answer.model_dump(mode="json"))
