"""Captures that the machine gave up reading: a person sees why, and has them read again once the cause is mended.

Nothing of what was read and no picture is shown here, so a look is no look at anybody's record; who had a capture read
again is in the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.services import transparency
from app.services.cameras.models import Capture
from app.services.etle.problems import NOT_DEAD
from app.services.etle.store import polda_seen_from
from app.services.etle.turn_models import ReadingTurn, TurnState
from app.services.etle.turns import AT_ONCE, Source, stand_in_front
from app.services.identity.models import Credential


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A capture that was not read in so many tries. `problem` is the code of the last problem, `cause` which recogniser failed
    and how, if one did."""

    capture_id: UUID
    camera: str
    unit: str
    location: str
    captured_at: datetime
    received_at: datetime
    died_at: datetime
    tries: int
    problem: str | None
    cause: str | None
    replayed_at: datetime | None


_SHOWN: tuple[Any, ...] = (
    col(ReadingTurn.capture_id),
    col(Credential.name).label("camera"),
    col(Capture.unit),
    col(Capture.location),
    col(Capture.captured_at),
    col(ReadingTurn.received_at),
    col(ReadingTurn.due_at).label("died_at"),
    col(ReadingTurn.tries),
    col(ReadingTurn.problem),
    col(ReadingTurn.cause),
    col(ReadingTurn.replayed_at),
)


async def list_dead(
    source: Source, polda: str | None, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Sequence[DeadLetter]:
    """Dead letters of a Polda (None: of all), those that died first at the top."""
    query = (
        select(*_SHOWN)
        .join(Capture, col(Capture.id) == col(ReadingTurn.capture_id))
        .join(Credential, col(Credential.id) == col(ReadingTurn.device_id))
        .where(col(ReadingTurn.state) == TurnState.DEAD)
        .order_by(col(ReadingTurn.due_at), col(ReadingTurn.capture_id))
        .limit(limit)
    )
    if polda is not None:
        query = query.where(col(ReadingTurn.polda_code) == polda)
    if after is not None:
        at, id_ = after
        later = (col(ReadingTurn.due_at) == at) & (col(ReadingTurn.capture_id) > id_)
        query = query.where((col(ReadingTurn.due_at) > at) | later)
    return [DeadLetter(**row) for row in (await source.execute(query)).mappings()]


async def replay(tx: Tx, capture_id: UUID) -> None:
    """Have one dead letter of the actor's Polda read again, with all its tries. Problem: etle-reading-not-dead (404)."""
    polda = await polda_seen_from(tx.session, tx.actor.unit)
    row = await tx.lock(ReadingTurn, capture_id)
    if row is None or row.state != TurnState.DEAD or polda not in (None, row.polda_code):
        raise NOT_DEAD()
    await _again(tx, row)


async def replay_all(tx: Tx) -> int:
    """Have the dead letters of the actor's Polda read again, those that died first; how many, at most `AT_ONCE`."""
    polda = await polda_seen_from(tx.session, tx.actor.unit)
    query = (
        select(ReadingTurn)
        .where(col(ReadingTurn.state) == TurnState.DEAD)
        .order_by(col(ReadingTurn.due_at), col(ReadingTurn.capture_id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    if polda is not None:
        query = query.where(col(ReadingTurn.polda_code) == polda)
    rows = (await tx.session.execute(query)).scalars().all()
    for row in rows:
        await _again(tx, row)
    return len(rows)


async def _again(tx: Tx, row: ReadingTurn) -> None:
    row.tries, row.replayed_at, row.replayed_by = 0, tx.now, tx.actor.id
    await stand_in_front(tx, row)
    await transparency.append(tx, "reading_replayed", {"capture": str(row.capture_id), "by": tx.actor.id})
