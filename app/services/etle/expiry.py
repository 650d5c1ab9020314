"""Which evidence goes, and when: each class of it has its time in the policy, and while anybody may need it, it is held.

| class | what | the policy's |
| --- | --- | --- |
| no_case | read, and accuses nobody | `keep_no_case_hours` after the reading, by the policy of today |
| unread | given up by the machine | `keep_unread_hours` after that, by the policy of today |
| rejected | no violation, or exempt | `keep_rejected_hours` after the case ended |
| annulled, paid, objected, film | pictures and films of a closed case | `keep_annulled_evidence_days` and so on |

Of the first two nothing is left but the proof (`cameras.deletions`); of the others the ticket with the reading of its own plate,
until `retention` forgets it too.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import cameras, reference
from app.services.billing.models import Bill, Refund, RefundState
from app.services.cameras.models import Capture, EvidenceFile
from app.services.cases import Case
from app.services.cases.models import CaseEvent, WorkItem
from app.services.etle import passages
from app.services.etle.evidence_models import EvidenceHold
from app.services.etle.models import Block, ShadowReading, Ticket, TicketCapture
from app.services.etle.plates_seen import plates_seen
from app.services.etle.shown import forget_covers, forget_shown
from app.services.etle.turn_models import ReadingTurn, TurnState
from app.services.reference import EtlePolicy, policy_by_id

BATCH = 100
"""Captures, or cases, of one transaction and so of one proof."""
FILMS = col(EvidenceFile.media_type).startswith("video/")
_OBJECTED = exists().where(col(CaseEvent.case_id) == col(Case.id), col(CaseEvent.action) == "object")


@dataclass(frozen=True, slots=True)
class _Class:
    """A class of closed cases, and how long a policy keeps its evidence."""

    kind: str
    states: tuple[str, ...]
    hours: Callable[[EtlePolicy], int]
    objected: bool = False


_CLASSES = (
    _Class("rejected", ("rejected", "exempt"), lambda policy: policy.keep_rejected_hours),
    _Class("annulled", ("annulled", "expired_unsent"), lambda policy: policy.keep_annulled_evidence_days * 24),
    _Class("paid", ("settled", "refunded", "forfeited"), lambda policy: policy.keep_paid_evidence_days * 24),
    _Class("objected", ("fake_plate_alert",), lambda policy: policy.keep_objected_evidence_days * 24, objected=True),
)


async def forget_evidence(house: House) -> None:
    """Job: seal what still lies plain, delete what no policy keeps any more, and write the proofs of it."""
    await cameras.seal_waiting(house)
    await _forget_idle(house)
    await _forget_unread(house)
    await _forget_of_cases(house)
    await cameras.finish_deletions(house)


async def finish(house: House) -> None:
    """Job: take from the store what is doomed, and write the proofs that are complete."""
    await cameras.finish_deletions(house)


def held() -> ColumnElement[bool]:
    """What keeps a closed case's evidence: open work on it (a second look, a request of the owner, an alert), money that is owed
    back, a block that is not lifted, a hold that somebody has placed. A case that has not ended, also at court, is not closed."""
    busy = exists().where(col(WorkItem.case_id) == col(Case.id), col(WorkItem.closed_at).is_(None))
    of_case = col(Bill.case_id) == col(Case.id)
    owed = exists().where(of_case, col(Refund.bill_id) == col(Bill.id), col(Refund.state) == RefundState.OWED)
    ended = ("lifted", "withdrawn")
    blocked = exists().where(col(Block.case_id) == col(Case.id), col(Block.state).not_in(ended))
    on_hold = exists().where(col(EvidenceHold.case_id) == col(Case.id), col(EvidenceHold.released_at).is_(None))
    return or_(busy, owed, blocked, on_hold)


async def is_held(tx: Tx, case_id: UUID) -> bool:
    """Whether anything keeps the evidence of this case; asked by whoever has locked the case and is about to delete."""
    return (await tx.session.execute(select(col(Case.id)).where(col(Case.id) == case_id, held()))).first() is not None


async def delete_with_rows(tx: Tx, captures: Sequence[UUID], rule: cameras.KeptFor) -> None:
    """Delete captures with all that was made of them; the caller has locked what could still take them up."""
    await _delete_files(tx, captures, rule)
    await passages.forget_passages(tx, captures)
    await cameras.forget(tx, captures)


# --- captures without a case -----------------------------------------------------------------------------------------


async def _forget_idle(house: House) -> None:
    async with house.db.read() as connection:
        units = select(col(Capture.unit)).where(col(Capture.idle_since).is_not(None)).distinct()
        found = list((await connection.execute(units)).scalars())
    for code in found:
        while await _forget_idle_of(house, code) == BATCH:
            pass


async def _forget_idle_of(house: House, unit: str) -> int:
    async with house.db.begin(SYSTEM) as tx:
        owner = await reference.find_unit(tx.session, unit)
        polda = (reference.polda_of(owner) or owner.code) if owner else unit
        policy = await _policy_today(tx, polda)
        hours = policy.etle.keep_no_case_hours
        due = (
            select(col(Capture.id))
            .where(
                col(Capture.unit) == unit,
                col(Capture.idle_since) <= tx.now - timedelta(hours=hours),
            )
            .order_by(col(Capture.idle_since), col(Capture.id))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        locked = list((await tx.session.execute(due)).scalars())
        # Asked after the lock: whoever took one up in a case has the row locked for as long as nobody else sees it.
        wanted = await _in_a_case(tx, locked)
        await cameras.mark_needed(tx, wanted)
        going = [each for each in locked if each not in wanted]
        await delete_with_rows(tx, going, cameras.KeptFor("no_case", polda, policy.id, hours))
        return len(locked)


async def _forget_unread(house: House) -> None:
    async with house.db.read() as connection:
        dead = select(col(ReadingTurn.polda_code)).where(col(ReadingTurn.state) == TurnState.DEAD).distinct()
        poldas = list((await connection.execute(dead)).scalars())
    for polda in poldas:
        while await _forget_unread_of(house, polda) == BATCH:
            pass


async def _forget_unread_of(house: House, polda: str) -> int:
    async with house.db.begin(SYSTEM) as tx:
        policy = await _policy_today(tx, polda)
        hours = policy.etle.keep_unread_hours
        due = (
            select(ReadingTurn)
            .where(
                col(ReadingTurn.state) == TurnState.DEAD,
                col(ReadingTurn.polda_code) == polda,
                col(ReadingTurn.due_at) <= tx.now - timedelta(hours=hours),
            )
            .order_by(col(ReadingTurn.due_at))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        rows = (await tx.session.execute(due)).scalars().all()
        going = [row.capture_id for row in rows]
        for row in rows:
            await tx.session.delete(row)
        await tx.session.flush()
        await delete_with_rows(tx, going, cameras.KeptFor("unread", polda, policy.id, hours))
        return len(going)


async def _in_a_case(tx: Tx, captures: Collection[UUID]) -> set[UUID]:
    own = select(col(Ticket.capture_id)).where(col(Ticket.capture_id).in_(captures))
    joined = select(col(TicketCapture.capture_id)).where(col(TicketCapture.capture_id).in_(captures))
    return {*(await tx.session.execute(own)).scalars(), *(await tx.session.execute(joined)).scalars()}


async def _policy_today(tx: Tx, polda: str) -> reference.Policy:
    return await reference.policy(tx.session, polda, tx.now.astimezone(reference.NATIONAL_ZONE).date())


# --- evidence of closed cases ----------------------------------------------------------------------------------------


async def _forget_of_cases(house: House) -> None:
    async with house.db.read() as connection:
        kept = (
            select(col(Case.policy_id), col(Ticket.polda_code))
            .join(Ticket, col(Ticket.case_id) == col(Case.id))
            .where(col(Ticket.evidence_gone_at).is_(None), col(Case.closed_at).is_not(None))
            .distinct()
        )
        pairs = [(row[0], row[1]) for row in await connection.execute(kept) if row[0] is not None]
        policies = {each: (await policy_by_id(connection, each)).etle for each, _ in pairs}
    for policy_id, polda in pairs:
        policy = policies[policy_id]
        for each in _CLASSES:
            rule = cameras.KeptFor(each.kind, polda, policy_id, each.hours(policy))
            ended = col(Case.state).in_(each.states)
            which = or_(ended, _OBJECTED) if each.objected else and_(ended, ~_OBJECTED)
            while await _forget_some(house, rule, which) == BATCH:
                pass
        films = cameras.KeptFor("film", polda, policy_id, policy.keep_film_days * 24)
        while await _forget_some(house, films, _has_film(), films_alone=True) == BATCH:
            pass


async def _forget_some(
    house: House, rule: cameras.KeptFor, which: ColumnElement[bool], *, films_alone: bool = False
) -> int:
    async with house.db.begin(SYSTEM) as tx:
        ended = (
            select(col(Case.id))
            .join(Ticket, col(Ticket.case_id) == col(Case.id))
            .where(
                col(Case.policy_id) == rule.policy_id,
                col(Ticket.polda_code) == rule.polda,
                col(Ticket.evidence_gone_at).is_(None),
                col(Case.closed_at) <= tx.now - timedelta(hours=rule.hours),
                which,
                ~held(),
            )
            .order_by(col(Case.closed_at), col(Case.id))
        )
        locking = ended.limit(BATCH).with_for_update(of=Case, skip_locked=True)
        locked = list((await tx.session.execute(locking)).scalars())
        # Asked again after the lock: work on a case may have been opened since.
        going = list((await tx.session.execute(ended.where(col(Case.id).in_(locked)))).scalars())
        captures = await _captures_of(tx, going)
        await _delete_files(tx, list(captures), rule, films_alone=films_alone)
        if not films_alone:
            await _forget_strangers(tx, captures)
            gone = update(Ticket).where(col(Ticket.case_id).in_(going)).values(evidence_gone_at=tx.now)
            await tx.session.execute(gone)
        return len(going)


async def _captures_of(tx: Tx, cases: Sequence[UUID]) -> dict[UUID, str | None]:
    """All captures of these cases, each with the plate on which its case stands."""
    own = select(col(Ticket.capture_id), col(Ticket.plate)).where(col(Ticket.case_id).in_(cases))
    joined = (
        select(col(TicketCapture.capture_id), col(Ticket.plate))
        .join(Ticket, col(Ticket.case_id) == col(TicketCapture.case_id))
        .where(col(TicketCapture.case_id).in_(cases))
    )
    return {row[0]: row[1] for query in (own, joined) for row in await tx.session.execute(query)}


async def _forget_strangers(tx: Tx, captures: Mapping[UUID, str | None]) -> None:
    """With the pictures goes what was read in them of vehicles that are accused of nothing; the case's own line stays with the ticket."""
    await tx.session.execute(delete(ShadowReading).where(col(ShadowReading.capture_id).in_(list(captures))))
    read = select(col(Capture.id), col(Capture.reading)).where(col(Capture.id).in_(list(captures)))
    for row in (await tx.session.execute(read)).all():
        capture_id: UUID = row[0]
        reading: Mapping[str, Any] | None = row[1]
        results = list((reading or {}).get("results") or [])
        pictures = 1 + max((int(each.get("file", 0)) for each in results), default=0)
        seen = plates_seen(reading, pictures, captures[capture_id])
        own = [dict(each.reading) for each in seen if each is not None and each.reading is not None]
        if len(own) < len(results) or (reading or {}).get("votes"):
            await cameras.trim_reading(tx, capture_id, own)


async def _delete_files(tx: Tx, captures: Sequence[UUID], rule: cameras.KeptFor, *, films_alone: bool = False) -> None:
    if not captures:
        return
    query = select(EvidenceFile).where(
        col(EvidenceFile.capture_id).in_(captures), col(EvidenceFile.deleted_at).is_(None)
    )
    query = query.where(FILMS) if films_alone else query
    files = (await tx.session.execute(query.order_by(col(EvidenceFile.id)).with_for_update())).scalars().all()
    also = set() if films_alone else await forget_shown(tx, captures)
    if not films_alone:
        await forget_covers(tx, captures)
    await cameras.delete_evidence(tx, rule, files, also=also)


def _has_film() -> ColumnElement[bool]:
    joined = select(col(TicketCapture.capture_id)).where(col(TicketCapture.case_id) == col(Case.id)).correlate(Case)
    mine = or_(col(EvidenceFile.capture_id) == col(Ticket.capture_id), col(EvidenceFile.capture_id).in_(joined))
    return exists().where(mine, FILMS, col(EvidenceFile.deleted_at).is_(None))
