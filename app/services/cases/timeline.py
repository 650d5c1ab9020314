"""What the citizen sees of a case: every event, and every look that staff took at it, in the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from app.core.db import Tx
from app.core.texts import Text
from app.services import transparency
from app.services.cases import events
from app.services.cases.events import Reader
from app.services.cases.models import Case, CaseEvent, CaseView
from app.services.cases.problems import CASE_NOT_FOUND

LOOKED = Text("Petugas membuka perkara ini ({purpose})", "Staff looked at this case ({purpose})")
PURPOSE_MAX_CHARS = 80


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the timeline. `version` is None for a look; `leaf_id` leads to the proof, `draw` to the draw that it
    tells of."""

    at: datetime
    as_of: datetime
    title: Text
    action: str
    state: str | None
    actor_kind: str
    unit: str | None
    reason: str | None
    version: int | None
    leaf_id: UUID
    draw: str | None = None


async def lifecycle_of(reader: Reader, case_id: UUID) -> str | None:
    """Which lifecycle a case follows; None where there is no such case. Doors find the room of a case by it."""
    query = select(col(Case.lifecycle)).where(col(Case.id) == case_id)
    return (await reader.execute(query)).scalar_one_or_none()


async def forget_looks(tx: Tx, *, lifecycle: str, policy_id: UUID, before: datetime) -> None:
    """Forget who looked before then at the cases that were opened under this policy; the log keeps its commitments."""
    of_policy = select(col(Case.id)).where(col(Case.lifecycle) == lifecycle, col(Case.policy_id) == policy_id)
    await tx.session.execute(delete(CaseView).where(col(CaseView.at) < before, col(CaseView.case_id).in_(of_policy)))


async def timeline(reader: Reader, case_id: UUID) -> Sequence[TimelineEntry]:
    """Everything that happened to a case, oldest first. Holds nobody's name: actors show by kind and unit."""
    happened = await reader.execute(
        select(CaseEvent.__table__)  # type: ignore[attr-defined]
        .where(col(CaseEvent.case_id) == case_id)
        .order_by(col(CaseEvent.seq))
    )
    looked = await reader.execute(
        select(CaseView.__table__).where(col(CaseView.case_id) == case_id).order_by(col(CaseView.at))  # type: ignore[attr-defined]
    )
    entries = [
        TimelineEntry(
            at=row.at,
            as_of=row.as_of,
            title=Text(row.title_id, row.title_en),
            action=row.action,
            state=row.to_state,
            actor_kind=row.actor_kind,
            unit=row.unit,
            reason=row.reason,
            version=row.seq,
            leaf_id=row.leaf_id,
            draw=row.data.get("draw"),
        )
        for row in happened
    ]
    looks = [
        TimelineEntry(
            at=row.at,
            as_of=row.at,
            title=LOOKED.fill(purpose=row.purpose),
            action="look",
            state=None,
            actor_kind=row.actor_kind,
            unit=row.unit,
            reason=None,
            version=None,
            leaf_id=row.leaf_id,
        )
        for row in looked
    ]
    # Stable: events of one instant keep the order of their versions.
    return sorted(entries + looks, key=lambda entry: entry.at)


async def saw(tx: Tx, case_id: UUID, purpose: str) -> None:
    """Record that the transaction's actor looks at a case, and what for; the citizen reads it. The version stays.

    Raises `cases-not-found`.
    """
    # Not locked: a look must not wait for a decision, nor hold one up.
    case = await tx.one(Case, case_id)
    if case is None:
        raise CASE_NOT_FOUND()
    shown = purpose.strip()[:PURPOSE_MAX_CHARS]
    leaf_id = await transparency.append(
        tx,
        "case_view",
        {
            "case": str(case.id),
            "reference": case.reference,
            "actor": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
            "purpose": shown,
            "at": events.iso(tx.now),
        },
    )
    tx.session.add(
        CaseView(
            case_id=case.id,
            actor_kind=str(tx.actor.kind),
            actor_id=tx.actor.id,
            unit=tx.actor.unit,
            purpose=shown,
            at=tx.now,
            leaf_id=leaf_id,
        )
    )
