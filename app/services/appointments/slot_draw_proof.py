"""What anybody needs in order to draw a scarce day again: the pool's record with its proof under the checkpoint that
decided, and what came of it. Names nobody: an ask is known by its id, which only who asked can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import JsonValue
from app.core.house import House
from app.services import transparency
from app.services.appointments.days import Reader
from app.services.appointments.models import SlotAsk, SlotDraw
from app.services.appointments.problems import DRAW_NOT_FOUND
from app.services.appointments.slot_lots import places_drawn, pool_of
from app.services.cases.events import iso
from app.services.transparency import Verdict, notes

FORMAT = "loket-slots/1"


@dataclass(frozen=True, slots=True)
class SlotDrawLine:
    """One drawn day in the public list."""

    id: UUID
    unit: str
    kind: str
    day: date
    status: str
    opens_at: datetime
    closes_at: datetime
    drawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class SlotDrawVerdict:
    """What drawing again showed: the verdict on the pool's proof, and who gets what from it, in drawn order. `fault` is
    empty when the draw holds."""

    pool: Verdict
    drawn: tuple[tuple[str, str | None], ...] = ()
    fault: str = ""


async def list_slot_draws(
    reader: Reader, *, unit: str | None = None, limit: int, after: UUID | None = None
) -> list[SlotDrawLine]:
    """Drawn days, oldest first, of one unit or of all, from the one that follows `after`."""
    query = select(*(col(getattr(SlotDraw, name)) for name in SlotDrawLine.__slots__))
    if unit is not None:
        query = query.where(col(SlotDraw.unit) == unit)
    if after is not None:
        query = query.where(col(SlotDraw.id) > after)
    rows = await reader.execute(query.order_by(col(SlotDraw.id)).limit(limit))
    return [SlotDrawLine(*row) for row in rows]


async def slot_draw_document(house: House, reader: Reader, draw_id: UUID) -> dict[str, JsonValue]:
    """All that a second draw needs, in the shape that `verify_slot_draw` reads; the pool is null until it is drawn.

    Raises `appointments-draw-not-found`.
    """
    columns = (
        SlotDraw.unit,
        SlotDraw.kind,
        SlotDraw.day,
        SlotDraw.status,
        SlotDraw.pool_leaf,
        SlotDraw.checkpoint_size,
    )
    row = (await reader.execute(select(*map(col, columns)).where(col(SlotDraw.id) == draw_id))).one_or_none()
    if row is None:
        raise DRAW_NOT_FOUND()
    pool = None
    if row.checkpoint_size is not None:
        pool = await transparency.proof_of(house, reader, row.pool_leaf, size=row.checkpoint_size)
    return {
        "format": FORMAT,
        "draw": str(draw_id),
        "unit": row.unit,
        "appointment_kind": row.kind,
        "day": row.day.isoformat(),
        "status": row.status,
        "pool": pool.to_json() if pool else None,
        "drawn": await _drawn(reader, draw_id),
    }


def verify_slot_draw(document: Mapping[str, JsonValue], keys: Sequence[str] = ()) -> SlotDrawVerdict:
    """Draw again, offline, from what `slot_draw_document` gave. Never raises; `keys` as in `transparency.verify_proof`."""
    proof = document.get("pool")
    if not isinstance(proof, dict):
        return SlotDrawVerdict(Verdict(holds=False, fault="it is not drawn yet, or this is no draw"), fault="no pool")
    verdict = transparency.verify_proof(proof, keys)
    if not verdict.holds or verdict.body is None:
        return SlotDrawVerdict(verdict, fault=verdict.fault)
    try:
        pool = pool_of(verdict.body)
    except ValueError as error:
        return SlotDrawVerdict(verdict, fault=str(error))
    root, commitment = notes.read(str(proof["checkpoint"])).root, bytes.fromhex(str(proof["commitment"]))
    found = places_drawn(pool, root=root, commitment=commitment)
    drawn = tuple((str(each.id), iso(each.starts_at) if each.starts_at else None) for each in found)
    fault = "" if _stated(document.get("drawn")) == drawn else "from this pool and checkpoint others are drawn"
    if str(pool.draw) != document.get("draw"):
        fault = "the pool is that of another draw"
    return SlotDrawVerdict(verdict, drawn, fault)


async def _drawn(reader: Reader, draw_id: UUID) -> list[JsonValue]:
    """What we did: each ask in drawn order with its slot. `held` is false where its owner had another place by then, or
    the unit has changed its hours and has the place no more."""
    columns = (SlotAsk.id, SlotAsk.drawn_start, SlotAsk.booking_id)
    query = select(*map(col, columns)).where(col(SlotAsk.draw_id) == draw_id, col(SlotAsk.rank).is_not(None))
    return [
        {
            "ask": str(row.id),
            "starts_at": iso(row.drawn_start) if row.drawn_start else None,
            "held": row.booking_id is not None,
        }
        for row in await reader.execute(query.order_by(col(SlotAsk.rank)))
    ]


def _stated(drawn: JsonValue) -> tuple[tuple[str, str | None], ...] | None:
    """What a document says was drawn, in its order; None where it is not in our shape."""
    if not isinstance(drawn, list):
        return None
    stated: list[tuple[str, str | None]] = []
    for each in drawn:
        if not isinstance(each, dict):
            return None
        start = each.get("starts_at")
        stated.append((str(each.get("ask")), start if isinstance(start, str) else None))
    return tuple(stated)
