"""Who gets a case is drawn in two steps, and anyone can draw again: no officer is chosen by anybody, nor is the pool.

First the draw is *announced*: who is in the pool with how many lots, and who is left out and why, becomes a leaf of the
public log. The first checkpoint whose tree holds that leaf decides; nobody knows its root before the pool is fixed.
A job draws seconds later. If it dies in between, the announced draw stands in its row and is drawn by the next run.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id
from app.core.texts import Text
from app.services import transparency
from app.services.cases import engine, events
from app.services.cases.events import Reader
from app.services.cases.models import Case, Draw
from app.services.transparency.models import Leaf

ANNOUNCED = Text("Undian petugas dimulai", "The draw of an officer began")
DRAWN = Text("Petugas ditentukan lewat undian", "An officer was drawn by lot")
POOL_KIND = "draw_pool"
AT_ONCE = 200
_LABEL = b"loket-draw/2\n"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be drawn: an opaque staff id and a number of lots. `excluded` says in a code why not today."""

    id: str
    weight: int = 1
    excluded: str | None = None


async def announce_draw(tx: Tx, case_id: UUID, candidates: Collection[Candidate]) -> UUID | None:
    """Write the pool into the log and let a draw wait for the checkpoint that decides; gives the draw's id.

    The case has no officer until then. A draw that waits already stays as it was announced. None from a pool without
    anybody, which is a work item for the supervisor. Locks the case. Raises `cases-not-found`.
    """
    case = await engine.get_locked(tx, case_id)
    waiting = await _waiting_draw(tx, case_id)
    if waiting is not None:
        return waiting
    if not any(each.excluded is None and each.weight > 0 for each in candidates):
        await engine.tell_supervisor(tx, case, "nobody is in the pool that the case should be drawn from")
        return None
    draw_id, number = new_id(), 1 + await _draws_so_far(tx, case_id)
    about: dict[str, JsonValue] = {
        "draw": str(draw_id),
        "case": str(case_id),
        "number": number,
        "unit": case.unit,
        "at": events.iso(tx.now),
    }
    leaf = await transparency.append(tx, POOL_KIND, about | _pool(candidates))
    draw = Draw(id=draw_id, case_id=case_id, number=number, pool_leaf=leaf, status="announced", announced_at=tx.now)
    tx.session.add(draw)
    await events.advance(tx, case, assigned_to=None)
    await _record(tx, case, draw)
    await tx.enqueue("cases.draw")
    return draw_id


async def draw_announced(house: House) -> int:
    """Draw whatever waits, after the log was brought up to date; how many were drawn. May run twice at once."""
    if not await _any_waiting(house):
        return 0
    await transparency.sequence(house)
    drawn = 0
    while ready := await _ready(house):
        for draw_id in ready:
            async with house.db.begin(SYSTEM) as tx:
                drawn += await _decide(tx, draw_id)
    return drawn


def drawn_from(members: Mapping[str, int], *, root: bytes, commitment: bytes) -> str:
    """Who is drawn from these members with their lots: SHA-256 over the deciding checkpoint's root and the pool leaf's
    commitment, modulo the sum of lots, counted along the members in sorted order. Pure: anybody can check it."""
    lot = int.from_bytes(hashlib.sha256(_LABEL + root + commitment).digest(), "big")
    # 256 bits over some thousand lots: the bias of the modulo is below one in 2**230.
    left = lot % sum(members.values())
    for member in sorted(members):
        left -= members[member]
        if left < 0:
            return member
    raise ValueError("lots are not negative")


def members_of(pool: Mapping[str, JsonValue]) -> dict[str, int]:
    """The members with their lots, as a pool's leaf lists them; ValueError for what is no pool."""
    listed = pool.get("members")
    if pool.get("kind") != POOL_KIND or not isinstance(listed, list):
        raise ValueError("the record is no pool of a draw")
    members: dict[str, int] = {}
    for each in listed:
        id_, weight = (each.get("id"), each.get("weight")) if isinstance(each, dict) else (None, None)
        if not isinstance(id_, str) or not isinstance(weight, int) or isinstance(weight, bool) or weight < 1:
            raise ValueError("a member of the pool has an id and a number of lots")
        members[id_] = weight
    if not members or len(members) != len(listed):
        raise ValueError("a pool has members, each of them once")
    return members


async def _decide(tx: Tx, draw_id: UUID) -> int:
    """Draw from the checkpoint that decides and give the case to who is drawn: once, however often this is called."""
    known = await tx.one(Draw, draw_id)
    if known is None:
        return 0
    case = await engine.get_locked(tx, known.case_id)
    draw = await tx.lock(Draw, draw_id)
    covered = await transparency.first_covering(tx.session, known.pool_leaf)
    if draw is None or draw.status != "announced" or covered is None:
        return 0
    if case.closed_at is not None:
        draw.status = "void"
        return 0
    members, root = members_of(json.loads(covered.body)), covered.checkpoint.root
    drawn = drawn_from(members, root=root, commitment=covered.commitment)
    draw.status, draw.officer, draw.drawn_at = "drawn", drawn, tx.now
    draw.checkpoint_size = covered.checkpoint.size
    await events.advance(tx, case, assigned_to=drawn)
    await _record(tx, case, draw, checkpoint_root=root.hex())
    return 1


async def _record(tx: Tx, case: Case, draw: Draw, *, checkpoint_root: str | None = None) -> None:
    """The event of the draw as it stands; once drawn, with who and by which checkpoint."""
    what: dict[str, JsonValue] = {"draw": str(draw.id), "number": draw.number, "pool_leaf": str(draw.pool_leaf)}
    if draw.officer is not None:
        what |= {
            "drawn": draw.officer,
            "checkpoint_size": draw.checkpoint_size,
            "checkpoint_root": checkpoint_root,
        }
    action, title = ("announce_draw", ANNOUNCED) if draw.officer is None else ("draw_officer", DRAWN)
    await events.record(
        tx, case, event_id=new_id(), action=action, title=title, cause="draw", source=case.state, data=what
    )


def _pool(candidates: Collection[Candidate]) -> dict[str, JsonValue]:
    members: list[JsonValue] = []
    left_out: list[JsonValue] = []
    for each in sorted(candidates, key=lambda candidate: candidate.id):
        why = each.excluded or ("no_lots" if each.weight < 1 else None)
        if why is None:
            members.append({"id": each.id, "weight": each.weight})
        else:
            left_out.append({"id": each.id, "why": why})
    return {"members": members, "excluded": left_out}


async def _waiting_draw(tx: Tx, case_id: UUID) -> UUID | None:
    query = select(col(Draw.id)).where(col(Draw.case_id) == case_id, col(Draw.status) == "announced")
    found: UUID | None = (await tx.session.execute(query)).scalar_one_or_none()
    return found


async def _draws_so_far(tx: Tx, case_id: UUID) -> int:
    query = select(func.count()).select_from(Draw).where(col(Draw.case_id) == case_id)
    return int((await tx.session.execute(query)).scalar_one())


async def _any_waiting(house: House) -> bool:
    async with house.db.read() as connection:
        query = select(col(Draw.id)).where(col(Draw.status) == "announced").limit(1)
        return (await connection.execute(query)).first() is not None


async def _ready(house: House) -> list[UUID]:
    """Announced draws whose pool stands in the tree, the oldest first."""
    async with house.db.read() as connection:
        return await _ready_on(connection)


async def _ready_on(reader: Reader) -> list[UUID]:
    query = (
        select(col(Draw.id))
        .join(Leaf, col(Leaf.id) == col(Draw.pool_leaf))
        .where(col(Draw.status) == "announced", col(Leaf.leaf_index).is_not(None))
        .order_by(col(Draw.announced_at), col(Draw.id))
        .limit(AT_ONCE)
    )
    return list((await reader.execute(query)).scalars())
