"""Writing what happened: the case's row goes one version on, and exactly one event and one leaf tell why."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.texts import Text
from app.services import transparency
from app.services.cases.models import Case, CaseEvent
from app.services.cases.problems import CHANGED_MEANWHILE

Reader = AsyncSession | AsyncConnection
CHANGES_SHOWN = 5


async def advance(tx: Tx, case: Case, **values: object) -> None:
    """Set these columns and the next version, if the row still has the version that was decided on.

    The row is locked by who calls; the version in the WHERE is the second lock, which needs no discipline.
    Raises `cases-changed-meanwhile`.
    """
    seen = case.version
    changed = await tx.session.execute(
        update(Case).where(col(Case.id) == case.id, col(Case.version) == seen).values(version=seen + 1, **values)
    )
    if not isinstance(changed, CursorResult) or changed.rowcount != 1:
        raise CHANGED_MEANWHILE(changes="?")
    await tx.session.refresh(case)


async def record(
    tx: Tx,
    case: Case,
    *,
    event_id: UUID,
    action: str,
    title: Text,
    cause: str,
    source: str | None,
    reason: str | None = None,
    data: Mapping[str, JsonValue] | None = None,
) -> CaseEvent:
    """The event of the version that the case has just reached, and its leaf in the log.

    The leaf names the case by id: its reference opens the owner's papers, and a proof goes to everybody whom it concerns.
    """
    body: dict[str, JsonValue] = {
        "event": str(event_id),
        "case": str(case.id),
        "lifecycle": case.lifecycle,
        "seq": case.version,
        "action": action,
        "cause": cause,
        "from": source,
        "to": case.state,
        "actor": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
        "at": iso(tx.now),
        "as_of": iso(tx.as_of),
        "reason": reason,
        "data": dict(data or {}),
    }
    leaf_id = await transparency.append(tx, "case_event", body)
    event = CaseEvent(
        id=event_id,
        case_id=case.id,
        seq=case.version,
        action=action,
        title_id=title.id,
        title_en=title.en,
        cause=cause,
        from_state=source,
        to_state=case.state,
        actor_kind=str(tx.actor.kind),
        actor_id=tx.actor.id,
        unit=tx.actor.unit,
        at=tx.now,
        as_of=tx.as_of,
        reason=reason,
        data=dict(data or {}),
        leaf_id=leaf_id,
    )
    tx.session.add(event)
    await tx.session.flush()
    return event


async def actors_of(reader: Reader, case_id: UUID, actions: tuple[str, ...]) -> set[str]:
    """Who did any of these actions on a case, for four eyes."""
    if not actions:
        return set()
    rows = await reader.execute(
        select(col(CaseEvent.actor_id)).where(col(CaseEvent.case_id) == case_id, col(CaseEvent.action).in_(actions))
    )
    return set(rows.scalars())


async def actions_of(reader: Reader, case_id: UUID, actor_id: str) -> frozenset[str]:
    """Which actions somebody has done on a case; `allowed_actions` wants it for four eyes."""
    rows = await reader.execute(
        select(col(CaseEvent.action)).where(col(CaseEvent.case_id) == case_id, col(CaseEvent.actor_id) == actor_id)
    )
    return frozenset(rows.scalars())


async def changes_since(reader: Reader, case_id: UUID, version: int) -> list[dict[str, JsonValue]]:
    """The newest events after a version, oldest first: what a second person must know before deciding."""
    rows = await reader.execute(
        select(col(CaseEvent.seq), col(CaseEvent.action), col(CaseEvent.to_state), col(CaseEvent.at))
        .where(col(CaseEvent.case_id) == case_id, col(CaseEvent.seq) > version)
        .order_by(col(CaseEvent.seq).desc())
        .limit(CHANGES_SHOWN)
    )
    found = [{"version": row.seq, "action": row.action, "state": row.to_state, "at": iso(row.at)} for row in rows]
    return list(reversed(found))


def iso(at: datetime) -> str:
    """An instant as it is written into leaves: UTC, microseconds, always of the same width."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
