"""Who gets a case is drawn, and anyone who knows the pool can draw again: no officer is chosen by anybody.

The lot is SHA-256 over the newest checkpoint's root, the case, its version and the pool's hash. The pool is a leaf of
its own. What this form does not prove yet: the pool is written in the same transaction as the draw and not *before*
the checkpoint that decides, so it shows who was in the pool, but not that nobody chose the pool for the result.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from app.core.db import JsonValue, Tx
from app.core.ids import new_id
from app.core.texts import Text
from app.services import transparency
from app.services.cases import engine, events
from app.services.cases.models import Case

DRAWN = Text("Petugas ditentukan lewat undian", "An officer was drawn by lot")
_LABEL = b"loket-draw/1\n"
_NO_CHECKPOINT = hashlib.sha256(b"").digest()  # the root of the empty log


async def draw_officer(tx: Tx, case_id: UUID, pool: Iterable[str]) -> str | None:
    """Draw one of the officers (opaque staff ids) for a case and assign it; who, or None from an empty pool.

    Writes the pool as a leaf and one event with all that a second draw needs. An empty pool is a work item for the
    supervisor. Locks the case. Raises `cases-not-found`.
    """
    case = await engine.get_locked(tx, case_id)
    members = sorted(set(pool))
    if not members:
        await engine.tell_supervisor(tx, case, "nobody is in the pool that the case should be drawn from")
        return None
    newest = await transparency.newest_checkpoint(tx.session)
    root = newest[0].root if newest else _NO_CHECKPOINT
    number = case.version
    drawn = drawn_from(members, root=root, case_id=case_id, number=number)
    written: list[JsonValue] = list(members)
    pool_leaf = await transparency.append(tx, "draw_pool", {"case": str(case_id), "pool": written})
    await _assign(tx, case, drawn)
    await events.record(
        tx,
        case,
        event_id=new_id(),
        action="draw_officer",
        title=DRAWN,
        cause="draw",
        source=case.state,
        data={
            "drawn": drawn,
            "draw": number,
            "pool_hash": pool_hash(members).hex(),
            "pool_leaf": str(pool_leaf),
            "checkpoint_size": newest[0].size if newest else 0,
            "checkpoint_root": root.hex(),
        },
    )
    return drawn


def drawn_from(pool: Iterable[str], *, root: bytes, case_id: UUID, number: int) -> str:
    """Who is drawn: the lot modulo the number of members, in sorted order. Pure, so that anybody can check it."""
    members = sorted(set(pool))
    lot = hashlib.sha256(_LABEL + root + case_id.bytes + number.to_bytes(8, "big") + pool_hash(members)).digest()
    # 256 bits over a pool of thousands: the bias of the modulo is below one in 2**240.
    return members[int.from_bytes(lot, "big") % len(members)]


def pool_hash(pool: Iterable[str]) -> bytes:
    """SHA-256 over the sorted members, one in each line."""
    return hashlib.sha256("".join(f"{each}\n" for each in sorted(set(pool))).encode()).digest()


async def _assign(tx: Tx, case: Case, officer: str) -> None:
    await events.advance(tx, case, assigned_to=officer)
