"""What anybody needs in order to draw again: the pool's record with its proof under the checkpoint that decided.

Open to everyone: a pool names staff by opaque ids alone. What it shows offline is that the pool stood in the log that
the checkpoint signs, and that its root gives this officer. Whoever keeps the log's checkpoints sees the rest: that none
between the pool's place and the deciding size was ever published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import JsonValue
from app.core.house import House
from app.services import transparency
from app.services.cases.draw import drawn_from, members_of
from app.services.cases.events import Reader
from app.services.cases.models import Draw
from app.services.cases.problems import DRAW_NOT_FOUND
from app.services.transparency import Verdict, notes

FORMAT = "loket-draw/2"


@dataclass(frozen=True, slots=True)
class DrawLine:
    """One draw in the public list. `checkpoint_size` is the size of the log that decided it."""

    id: UUID
    status: str
    announced_at: datetime
    drawn_at: datetime | None
    checkpoint_size: int | None


@dataclass(frozen=True, slots=True)
class DrawVerdict:
    """What drawing again showed: the verdict on the pool's proof, and who is drawn from it. `fault` is empty when the
    draw holds."""

    pool: Verdict
    drawn: str = ""
    fault: str = ""


async def list_draws(reader: Reader, *, limit: int, after: UUID | None) -> list[DrawLine]:
    """All draws, oldest first, from the one that follows `after`."""
    query = select(
        *(col(each) for each in (Draw.id, Draw.status, Draw.announced_at, Draw.drawn_at, Draw.checkpoint_size))
    )
    if after is not None:
        query = query.where(col(Draw.id) > after)
    rows: Sequence[Any] = (await reader.execute(query.order_by(col(Draw.id)).limit(limit))).all()
    return [DrawLine(*row) for row in rows]


async def draw_document(house: House, reader: Reader, draw_id: UUID) -> dict[str, JsonValue]:
    """All that a second draw needs, in the shape that `verify_draw` reads; pool and officer are null until it is drawn.

    Raises `cases-draw-not-found`.
    """
    query = select(col(Draw.status), col(Draw.pool_leaf), col(Draw.officer), col(Draw.checkpoint_size))
    row = (await reader.execute(query.where(col(Draw.id) == draw_id))).one_or_none()
    if row is None:
        raise DRAW_NOT_FOUND()
    pool = None
    if row.checkpoint_size is not None:
        pool = await transparency.proof_of(house, reader, row.pool_leaf, size=row.checkpoint_size)
    return {
        "format": FORMAT,
        "draw": str(draw_id),
        "status": row.status,
        "pool": pool.to_json() if pool else None,
        "drawn": row.officer,
    }


def verify_draw(document: Mapping[str, JsonValue], keys: Sequence[str] = ()) -> DrawVerdict:
    """Draw again, offline, from what `draw_document` gave. Never raises; `keys` as in `transparency.verify_proof`."""
    proof = document.get("pool")
    if not isinstance(proof, dict):
        return DrawVerdict(Verdict(holds=False, fault="it is not drawn yet, or this is no draw"), fault="no pool")
    verdict = transparency.verify_proof(proof, keys)
    if not verdict.holds or verdict.body is None:
        return DrawVerdict(verdict, fault=verdict.fault)
    try:
        members = members_of(verdict.body)
    except ValueError as error:
        return DrawVerdict(verdict, fault=str(error))
    root = notes.read(str(proof["checkpoint"])).root
    drawn = drawn_from(members, root=root, commitment=bytes.fromhex(str(proof["commitment"])))
    if drawn != document.get("drawn") or verdict.body.get("draw") != document.get("draw"):
        return DrawVerdict(verdict, drawn, f"from this pool and checkpoint {drawn} is drawn")
    return DrawVerdict(verdict, drawn)
