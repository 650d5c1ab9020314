"""Every step of a queue is an event and a leaf of the log, in the transaction that takes it."""

from sqlalchemy import func, select
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.ids import new_id
from app.services import transparency
from app.services.appointments.queue_models import QueueEntry, QueueEvent
from app.services.cases.events import iso


async def record(
    tx: Tx,
    entry: QueueEntry,
    what: str,
    *,
    reason: str | None = None,
    data: dict[str, JsonValue] | None = None,
) -> None:
    """The event of this step and its leaf. Names the number, and the case by id."""
    query = select(func.count()).select_from(QueueEvent).where(col(QueueEvent.entry_id) == entry.id)
    seq = 1 + (await tx.session.execute(query)).scalar_one()
    why = str(reason) if reason else None
    body: dict[str, JsonValue] = {
        "entry": str(entry.id),
        "number": entry.number,
        "case": str(entry.case_id) if entry.case_id else None,
        "unit": entry.unit,
        "day": entry.day.isoformat(),
        "seq": seq,
        "what": what,
        "reason": why,
        "actor": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
        "at": iso(tx.now),
        "data": dict(data or {}),
    }
    leaf_id = await transparency.append(tx, "queue_event", body)
    tx.session.add(
        QueueEvent(
            id=new_id(),
            entry_id=entry.id,
            seq=seq,
            unit=entry.unit,
            day=entry.day,
            what=what,
            reason=why,
            actor_id=tx.actor.id,
            at=tx.now,
            data=dict(data or {}),
            leaf_id=leaf_id,
        )
    )
    await tx.session.flush()
