"""The proof of an application: of its payment where there was one, else of what happened last."""

from uuid import UUID

import orjson
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import Actor
from app.core.db import Tx
from app.core.house import House
from app.services import transparency
from app.services.applications.models import ApplicationReceipt
from app.services.applications.problems import PROOF_NOT_READY
from app.services.applications.store import application_of, check_may_see
from app.services.cases import CaseEvent

RETRY_AFTER_S = 5


async def proof_for(house: House, actor: Actor, case_id: UUID) -> bytes:
    """The inclusion proof as JSON, after the log was brought up to date. Raises APPLICATION_NOT_FOUND, PROOF_NOT_READY."""
    for attempt in range(2):
        async with house.db.begin(actor) as tx:
            await check_may_see(tx.session, actor, await application_of(tx, case_id))
            proof = await transparency.proof_of(house, tx.session, await _leaf(tx, case_id))
        if proof is not None:
            return orjson.dumps(proof.to_json())
        if attempt == 0:
            await transparency.sequence(house)
    raise PROOF_NOT_READY(retry_after=RETRY_AFTER_S, headers={"Retry-After": str(RETRY_AFTER_S)})


async def receipt_code(house: House, case_id: UUID) -> str | None:
    """The code of the newest receipt, by which anybody can check it; None where nothing was paid. Whose it is, the door has
    asked before."""
    query = select(col(ApplicationReceipt.check_code)).where(col(ApplicationReceipt.case_id) == case_id)
    async with house.db.read() as connection:
        found: str | None = (
            await connection.execute(query.order_by(col(ApplicationReceipt.at).desc()).limit(1))
        ).scalar_one_or_none()
    return found


async def _leaf(tx: Tx, case_id: UUID) -> UUID:
    receipt = (
        select(col(CaseEvent.leaf_id))
        .join(ApplicationReceipt, col(ApplicationReceipt.event_id) == col(CaseEvent.id))
        .where(col(ApplicationReceipt.case_id) == case_id)
        .order_by(col(ApplicationReceipt.at).desc())
        .limit(1)
    )
    found: UUID | None = (await tx.session.execute(receipt)).scalar_one_or_none()
    if found is not None:
        return found
    last = select(col(CaseEvent.leaf_id)).where(col(CaseEvent.case_id) == case_id).order_by(col(CaseEvent.seq).desc())
    leaf_id: UUID = (await tx.session.execute(last.limit(1))).scalar_one()
    return leaf_id
