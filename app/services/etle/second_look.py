"""A second look for all: where one camera, place or officer errs often, nobody has to object to be looked at again.

Each night the share of annulled cases among those verified is counted for every camera, place and verifying officer. From
the policy's rate on (a share of at least so many cases; both are published), every open case of that cause becomes work
for a senior officer who has not verified it: it is annulled, and a deposit that was paid is owed back whole, or found
to stand, with a reason that the owner reads. No letter leaves meanwhile.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import cases, reference, transparency
from app.services.cameras.models import Capture
from app.services.cases import Case, CaseEvent
from app.services.cases.models import WorkItem
from app.services.etle.cause_models import CauseReview, CauseReviewCase
from app.services.etle.letters import CAUSE_REVIEW
from app.services.etle.models import Ticket
from app.services.etle.problems import NO_SECOND_LOOK
from app.services.reference import EtlePolicy

OPEN = (
    "verified",
    "letter_sent",
    "undelivered",
    "awaiting_driver",
    "confirmed",
    "unanswered",
    "tilang_issued",
    "payment_overdue",
    "deposit_paid",
)
"""States in which an error can still be put right here; after that the court has spoken."""
PUBLISHED = 200


class Cause(StrEnum):
    """What cases may have in common."""

    CAMERA = "camera"
    PLACE = "place"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class Verified:
    """A case that an officer has verified, with what it may have in common with others."""

    case_id: UUID
    state: str
    device_id: str
    location: str
    officer_id: str

    def key(self, cause: Cause) -> str:
        """What stands for this cause."""
        return {Cause.CAMERA: self.device_id, Cause.PLACE: self.location, Cause.OFFICER: self.officer_id}[cause]


@dataclass(frozen=True, slots=True)
class Passed:
    """A cause that has reached the rate."""

    cause: Cause
    key: str
    annulled: int
    verified: int


def passed_rate(verified: Sequence[Verified], policy: EtlePolicy) -> list[Passed]:
    """The causes whose share of annulled cases has reached the policy's rate, among enough cases."""
    found = []
    for cause in Cause:
        groups: dict[str, dict[UUID, str]] = defaultdict(dict)
        for each in verified:
            groups[each.key(cause)][each.case_id] = each.state
        for key, states in groups.items():
            annulled = sum(state == "annulled" for state in states.values())
            if len(states) >= policy.second_look_least and annulled / len(states) >= policy.second_look_rate:
                found.append(Passed(cause, key, annulled, len(states)))
    return found


async def look_again(house: House) -> None:
    """Job: open a review for each cause that has reached its rate, give its open cases to senior officers, and close the
    reviews whose cause has fallen below it."""
    async with house.db.read() as connection:
        poldas = (await connection.execute(select(col(Ticket.polda_code)).distinct())).scalars().all()
    for polda in sorted(poldas):
        async with house.db.read() as connection:
            day = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
            policy = (await reference.policy(connection, polda, day)).etle
            since = house.clock.now() - timedelta(days=policy.second_look_days)
            verified = await _verified(connection, polda, since)
        passed = passed_rate(verified, policy) if policy.second_look_rate < 1 else []
        async with house.db.begin(SYSTEM) as tx:
            await tx.serialise(f"second-look:{polda}")
            reviews = [await _review(tx, polda, each) for each in passed]
            await _close_others(tx, polda, reviews)
        for review, each in zip(reviews, passed, strict=True):
            # All of the cause, however long ago they were verified: who waits longest errs no less.
            async with house.db.read() as connection:
                everything = await _verified(connection, polda, None)
            mine = [case for case in everything if case.key(each.cause) == each.key and case.state in OPEN]
            for case_id in dict.fromkeys(case.case_id for case in mine):
                async with house.db.begin(SYSTEM) as tx:
                    await _add(tx, review, case_id)


async def stands(tx: Tx, case_id: UUID, reason: str) -> Case:
    """A senior officer has looked again and finds that the case stands; the owner reads the reason. Problems:
    etle-no-second-look (404), also for who verified it; to annul, the case's own action is taken."""
    case = await cases.get_locked(tx, case_id)
    open_ = [each for each in await cases.tasks_of(tx.session, case_id) if each.kind == CAUSE_REVIEW]
    if not open_ or case.unit != tx.actor.unit:
        raise NO_SECOND_LOOK()
    for each in open_:
        await cases.close_task(tx, each.id, reason=reason)
    await tx.session.execute(
        update(CauseReviewCase)
        .where(col(CauseReviewCase.case_id) == case_id, col(CauseReviewCase.stood_at).is_(None))
        .values(stood_at=tx.now)
    )
    await tx.enqueue("etle.dispatch")
    return case


async def waits_for(tx: Tx, case_id: UUID) -> bool:
    """Whether the actor has a second look at this case as work."""
    tasks = await cases.tasks_of(tx.session, case_id)
    if "senior_officer" not in tx.actor.roles or not any(each.kind == CAUSE_REVIEW for each in tasks):
        return False
    return tx.actor.id not in await cases.actors_of(tx.session, case_id, ("verify", "endorse"))


async def published(connection: AsyncConnection) -> Sequence[CauseReview]:
    """The newest reviews of all Polda, for everybody."""
    query = select(CauseReview).order_by(col(CauseReview.opened_at).desc(), col(CauseReview.id)).limit(PUBLISHED)
    return [CauseReview(**row) for row in (await connection.execute(query)).mappings()]


async def rates(connection: AsyncConnection, now: datetime) -> Sequence[reference.Policy]:
    """The policies of today with their rates, the national one and each Polda's own, for everybody."""
    return await reference.list_policies(connection, now.astimezone(reference.NATIONAL_ZONE).date())


async def _verified(connection: AsyncConnection, polda: str, since: datetime | None) -> list[Verified]:
    query = (
        select(
            col(Ticket.case_id), col(Case.state), col(Capture.device_id), col(Ticket.location), col(CaseEvent.actor_id)
        )
        .join(Case, col(Case.id) == col(Ticket.case_id))
        .join(Capture, col(Capture.id) == col(Ticket.capture_id))
        .join(CaseEvent, col(CaseEvent.case_id) == col(Ticket.case_id))
        .where(col(Ticket.polda_code) == polda, col(CaseEvent.action) == "verify")
    )
    narrowed = col(Case.state).in_(OPEN) if since is None else col(CaseEvent.at) >= since
    rows = await connection.execute(query.where(narrowed))
    return [Verified(case_id, state, str(device), place, officer) for case_id, state, device, place, officer in rows]


async def _review(tx: Tx, polda: str, passed: Passed) -> CauseReview:
    query = select(CauseReview).where(
        col(CauseReview.polda_code) == polda,
        col(CauseReview.kind) == str(passed.cause),
        col(CauseReview.key) == passed.key,
        col(CauseReview.closed_at).is_(None),
    )
    known: CauseReview | None = (await tx.session.execute(query)).scalar_one_or_none()
    if known is not None:
        return known
    review = CauseReview(
        polda_code=polda,
        kind=str(passed.cause),
        key=passed.key,
        annulled=passed.annulled,
        verified=passed.verified,
        opened_at=tx.now,
    )
    tx.session.add(review)
    await tx.session.flush()
    await transparency.append(
        tx,
        "second_look_opened",
        {
            "review": str(review.id),
            "polda": polda,
            "cause": review.kind,
            "annulled": review.annulled,
            "verified": review.verified,
        },
    )
    return review


async def _close_others(tx: Tx, polda: str, reviews: Sequence[CauseReview]) -> None:
    """A cause that fell below the rate gets no more cases; those that were given out stay somebody's work."""
    await tx.session.execute(
        update(CauseReview)
        .where(
            col(CauseReview.polda_code) == polda,
            col(CauseReview.closed_at).is_(None),
            col(CauseReview.id).not_in([each.id for each in reviews]),
        )
        .values(closed_at=tx.now)
    )


async def _add(tx: Tx, review: CauseReview, case_id: UUID) -> None:
    """Give a case to a senior officer, unless it was found to stand in this review or is somebody's work already."""
    case = await cases.get_locked(tx, case_id)
    if case.state not in OPEN:
        return
    known = await tx.session.get(CauseReviewCase, (review.id, case_id))
    if known is None:
        tx.session.add(CauseReviewCase(review_id=review.id, case_id=case_id, added_at=tx.now))
    elif known.stood_at is not None:
        return
    waiting = select(col(WorkItem.id)).where(
        col(WorkItem.case_id) == case_id, col(WorkItem.kind) == CAUSE_REVIEW, col(WorkItem.closed_at).is_(None)
    )
    if (await tx.session.execute(waiting)).first() is None:
        verifiers = await cases.actors_of(tx.session, case_id, ("verify", "endorse"))
        note = f"{review.kind}: {review.annulled}/{review.verified}"
        await cases.open_task(
            tx, case_id, CAUSE_REVIEW, role="senior_officer", unit=case.unit, exclude=verifiers, note=note
        )
    await tx.session.flush()
