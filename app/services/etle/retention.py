"""What is forgotten, and when: the ticket with its people, papers and pictures; the case's history stays (UU 27/2022 art. 16).

How long is the policy's: a capture that came to nothing is kept for weeks, a closed ticket for years, a look into a case
as long as somebody may ask about it. What stays names nobody: the events, the draw, the books and the log, whose leaves
are commitments. A case on which somebody still has work is left alone.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import cameras, cases, transparency
from app.services.cases import Case
from app.services.etle import expiry, passages
from app.services.etle.cause_models import CauseReviewCase
from app.services.etle.evidence_models import EvidenceHold
from app.services.etle.models import (
    Answer,
    Attachment,
    Block,
    Letter,
    LetterMessage,
    Party,
    Reminder,
    Ticket,
    TicketCapture,
)
from app.services.etle.shield_models import ForgerSighting
from app.services.etle.store import drop_objects, parties_of, policy_of
from app.services.reference import EtlePolicy, policy_by_id

CAME_TO_NOTHING = ("rejected", "exempt")
BATCH = 500
"""Cases of one policy that one run forgets; the next night goes on."""


@dataclass(frozen=True, slots=True)
class _Due:
    """Cases that ended under one policy, and how long they are kept."""

    policy_id: UUID
    came_to_nothing: bool
    days: int


async def forget_tickets(house: House) -> int:
    """Job: forget what the policies no longer keep, each case in a transaction of its own; how many it were."""
    policies = await _policies(house)
    forgotten = 0
    for policy_id, policy in policies.items():
        async with house.db.begin(SYSTEM) as tx:
            before = tx.now - timedelta(days=policy.keep_access_log_days)
            await cases.forget_looks(tx, lifecycle="etle", policy_id=policy_id, before=before)
        for due in (
            _Due(policy_id, True, policy.keep_rejected_days),
            _Due(policy_id, False, policy.keep_closed_days),
        ):
            async with house.db.begin(SYSTEM) as tx:
                ended = await _ended(tx, due)
            for case_id in ended:
                forgotten += await _forget_unless_held(house, case_id)
    return forgotten


async def _forget_unless_held(house: House, case_id: UUID) -> bool:
    """Forget one ticket; not if somebody holds it since the list was made: a hold is placed under the case's lock."""
    async with house.db.begin(SYSTEM) as tx:
        await cases.get_locked(tx, case_id)
        if await expiry.is_held(tx, case_id):
            return False
        await forget_ticket(tx, case_id)
        return True


async def forget_ticket(tx: Tx, case_id: UUID) -> None:
    """Delete everything of a ticket that is about people. The files go after the commit; whoever does it twice does nothing."""
    ticket = await tx.lock(Ticket, case_id)
    if ticket is None:
        return
    joined = select(col(TicketCapture.capture_id)).where(col(TicketCapture.case_id) == case_id)
    captures = [ticket.capture_id, *(await tx.session.execute(joined)).scalars()]
    attached = select(Attachment).where(col(Attachment.case_id) == case_id)
    handed_in = (await tx.session.execute(attached)).scalars().all()
    keys = {party.key_id for party in await parties_of(tx, case_id)}
    keys |= {each.key_id for each in handed_in if each.key_id is not None}
    letters = select(col(Letter.id)).where(col(Letter.case_id) == case_id)
    await tx.session.execute(delete(LetterMessage).where(col(LetterMessage.letter_id).in_(letters)))
    await tx.session.execute(delete(ForgerSighting).where(col(ForgerSighting.case_id) == case_id))
    await tx.session.execute(delete(CauseReviewCase).where(col(CauseReviewCase.case_id) == case_id))
    for table in (Letter, Attachment, Answer, Party, Reminder, Block, EvidenceHold, TicketCapture, Ticket):
        await tx.session.execute(delete(table).where(col(table.case_id) == case_id))
    await passages.forget(tx, case_id, captures)
    await expiry.delete_with_rows(tx, captures, await _rule(tx, case_id, ticket.polda_code))
    await drop_objects(tx, {each.sha256 for each in handed_in})
    for key_id in keys:
        if not await vault.is_somebodys(tx, key_id):  # the key of a NIK is that person's in every room
            await vault.destroy(tx, key_id)
    await transparency.append(tx, "ticket_forgotten", {"case": str(case_id)})


async def _rule(tx: Tx, case_id: UUID, polda: str) -> cameras.KeptFor:
    case = await tx.session.get_one(Case, case_id)
    policy = await policy_of(tx, case)
    days = policy.keep_rejected_days if case.state in CAME_TO_NOTHING else policy.keep_closed_days
    return cameras.KeptFor("ticket", polda, case.policy_id or UUID(int=0), days * 24)


async def _policies(house: House) -> dict[UUID, EtlePolicy]:
    """The policies under which tickets that we still have were opened."""
    async with house.db.read() as connection:
        used = select(col(Case.policy_id)).join(Ticket, col(Ticket.case_id) == col(Case.id)).distinct()
        ids = [each for each in (await connection.execute(used)).scalars() if each is not None]
        return {each: (await policy_by_id(connection, each)).etle for each in ids}


async def _ended(tx: Tx, due: _Due) -> list[UUID]:
    nothing = col(Case.state).in_(CAME_TO_NOTHING)
    query = (
        select(col(Case.id))
        .join(Ticket, col(Ticket.case_id) == col(Case.id))
        .where(
            col(Case.policy_id) == due.policy_id,
            nothing if due.came_to_nothing else ~nothing,
            col(Case.closed_at) < tx.now - timedelta(days=due.days),
            ~expiry.held(),
        )
        .order_by(col(Case.closed_at))
        .limit(BATCH)
    )
    return list((await tx.session.execute(query)).scalars())
