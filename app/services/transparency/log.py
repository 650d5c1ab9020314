"""The append-only log: rooms append leaves in their own transactions, one sequencer gives them their places.

A hash chain written by the paying transaction would serialise all payments on its head. So leaves are written
unchained, and sequenced in batches afterwards: a batch, its tiles and its signed checkpoint in one transaction.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.crypto import KeyRing
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id
from app.services.transparency import notes
from app.services.transparency.canonical import SALT_BYTES, canonical_json, commitment
from app.services.transparency.merkle import EMPTY_ROOT, Hash, consistency_plan, inclusion_plan, leaf_hash
from app.services.transparency.models import Leaf, SignedCheckpoint
from app.services.transparency.notes import Checkpoint, VerifierKey
from app.services.transparency.problems import LEAF_NOT_FOUND, NO_SUCH_SIZE
from app.services.transparency.proofs import Proof
from app.services.transparency.tiles import TILE_WIDTH, Reader, append_hashes, path_of, root_at

BATCH = 2048
_SEQUENCER_LOCK = 0x6C6F6B6574  # "loket": the advisory lock that makes one sequencer at a time


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a leaf stands in the tree of `tree_size` leaves that `checkpoint` (a signed note) states."""

    index: int
    tree_size: int
    path: tuple[Hash, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Covered:
    """A record, and the first checkpoint whose tree holds it."""

    body: str
    commitment: bytes
    checkpoint: Checkpoint


async def append(tx: Tx, kind: str, body: Mapping[str, JsonValue]) -> UUID:
    """Record a fact that must leave a proof; gives the leaf's id. It exists exactly if the change does.

    `body` holds no personal data and no floats; `kind` is written into it. ValueError when it is not canonical.
    """
    if body.get("kind", kind) != kind:
        raise ValueError(f"the body says kind {body['kind']!r}, the leaf is {kind!r}")
    written, salt = canonical_json({**body, "kind": kind}), secrets.token_bytes(SALT_BYTES)
    leaf = Leaf(
        id=new_id(),
        kind=kind,
        salt=salt,
        body=written,
        commitment=commitment(salt, written),
        recorded_at=tx.now,
    )
    tx.session.add(leaf)
    # Flushed at once: rows that point to the leaf know it by its id alone, so the session cannot order them.
    await tx.session.flush()
    return leaf.id


async def sequence(house: House, *, batch: int = BATCH) -> int:
    """Give every visible waiting leaf its place, in batches; how many there were. May run twice at once."""
    total = 0
    while True:
        async with house.db.begin(SYSTEM) as tx:
            if not await _am_sequencer(tx):
                return total
            placed = await _sequence_batch(tx, batch)
        total += placed
        if placed < batch:
            return total


async def checkpoint(house: House) -> str:
    """The newest signed checkpoint (C2SP tlog-checkpoint); before the first leaf, that of the empty log."""
    async with house.db.read() as connection:
        newest = await newest_checkpoint(connection)
    return newest[1] if newest else _signed(house, 0, EMPTY_ROOT)


async def newest_checkpoint(reader: Reader) -> tuple[Checkpoint, str] | None:
    """The newest checkpoint with its signed note; None as long as the log is empty."""
    query = select(col(SignedCheckpoint.note)).order_by(col(SignedCheckpoint.tree_size).desc()).limit(1)
    note: str | None = (await reader.execute(query)).scalar_one_or_none()
    return (notes.read(note), note) if note else None


def verifier_keys(keys: KeyRing, origin: str) -> tuple[str, ...]:
    """The log's public keys in their published form, newest first; old ones verify old checkpoints."""
    published = sorted(keys.public_keys("log").items(), reverse=True)
    return tuple(str(VerifierKey.of(origin, key)) for _, key in published)


async def first_covering(reader: Reader, leaf_id: UUID) -> Covered | None:
    """What was recorded and the first checkpoint that covers it, which never changes; None until it was sequenced."""
    query = (
        select(col(Leaf.body), col(Leaf.commitment), col(SignedCheckpoint.note))
        .join(SignedCheckpoint, col(SignedCheckpoint.tree_size) > col(Leaf.leaf_index))
        .where(col(Leaf.id) == leaf_id)
        .order_by(col(SignedCheckpoint.tree_size))
        .limit(1)
    )
    row = (await reader.execute(query)).one_or_none()
    return None if row is None else Covered(row.body, bytes(row.commitment), notes.read(row.note))


async def proof_of(house: House, reader: Reader, leaf_id: UUID, *, size: int | None = None) -> Proof | None:
    """The proof that this leaf is in the log, against the newest checkpoint or that of `size` leaves; None until it
    was sequenced, or where no checkpoint states that size."""
    query = select(col(Leaf.body), col(Leaf.salt), col(Leaf.leaf_index)).where(col(Leaf.id) == leaf_id)
    row = (await reader.execute(query)).one_or_none()
    against = await newest_checkpoint(reader) if size is None else await _checkpoint_at(reader, size)
    if row is None or row.leaf_index is None or against is None or row.leaf_index >= against[0].size:
        return None
    stated, note = against
    return Proof(
        leaf_id=leaf_id,
        body=row.body,
        salt=row.salt,
        index=row.leaf_index,
        tree_size=stated.size,
        path=tuple(await path_of(reader, inclusion_plan(row.leaf_index, stated.size))),
        checkpoint=note,
        keys=verifier_keys(house.keys, house.settings.transparency_origin),
    )


async def inclusion_of(reader: Reader, committed: bytes) -> Inclusion:
    """Place and path for a public commitment under the newest checkpoint, so that an old receipt can be checked anew.

    Says nothing about what was committed to. Raises `transparency-not-recorded`.
    """
    query = select(col(Leaf.leaf_index)).where(col(Leaf.commitment) == committed)
    index = (await reader.execute(query)).scalar_one_or_none()
    newest = await newest_checkpoint(reader)
    if index is None or newest is None:
        raise LEAF_NOT_FOUND()
    size, note = newest[0].size, newest[1]
    return Inclusion(index, size, tuple(await path_of(reader, inclusion_plan(index, size))), note)


async def consistency_between(reader: Reader, old: int, new: int) -> list[Hash]:
    """The proof that the log of `new` leaves only added to that of `old`. Raises `transparency-no-such-size`."""
    newest = await newest_checkpoint(reader)
    size = newest[0].size if newest else 0
    if not 0 < old <= new <= size:
        raise NO_SUCH_SIZE(size=size)
    return await path_of(reader, consistency_plan(old, new))


async def entries_of(reader: Reader, number: int, width: int) -> bytes | None:
    """The first `width` leaves of an entry bundle (C2SP tlog-tiles): each is its length in two bytes and its
    commitment, which is all that the log shows of a record. None when there are fewer."""
    first = number * TILE_WIDTH
    rows = await reader.execute(
        select(col(Leaf.commitment))
        .where(col(Leaf.leaf_index) >= first, col(Leaf.leaf_index) < first + width)
        .order_by(col(Leaf.leaf_index))
    )
    found = [bytes(each) for each in rows.scalars()]
    if len(found) < width:
        return None
    return b"".join(len(each).to_bytes(2, "big") + each for each in found)


async def _checkpoint_at(reader: Reader, size: int) -> tuple[Checkpoint, str] | None:
    query = select(col(SignedCheckpoint.note)).where(col(SignedCheckpoint.tree_size) == size)
    note: str | None = (await reader.execute(query)).scalar_one_or_none()
    return (notes.read(note), note) if note else None


async def _am_sequencer(tx: Tx) -> bool:
    """On SQLite the transaction is the only writer anyway; on PostgreSQL an advisory lock decides."""
    if tx.house.db.dialect == "sqlite":
        return True
    got = await tx.session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _SEQUENCER_LOCK})
    return bool(got.scalar_one())


async def _sequence_batch(tx: Tx, batch: int) -> int:
    waiting = await tx.session.execute(
        select(col(Leaf.id), col(Leaf.commitment))
        .where(col(Leaf.leaf_index).is_(None))
        .order_by(col(Leaf.recorded_at), col(Leaf.id))
        .limit(batch)
    )
    leaves = waiting.all()
    if not leaves:
        return 0
    newest = await newest_checkpoint(tx.session)
    size = newest[0].size if newest else 0
    await tx.session.execute(
        update(Leaf), [{"id": leaf.id, "leaf_index": size + place} for place, leaf in enumerate(leaves)]
    )
    grown = await append_hashes(tx, size, [leaf_hash(leaf.commitment) for leaf in leaves])
    await tx.session.flush()
    root = await root_at(tx.session, grown)
    note = _signed(tx.house, grown, root)
    tx.session.add(SignedCheckpoint(tree_size=grown, root=root, note=note, signed_at=tx.now))
    return len(leaves)


def _signed(house: House, size: int, root: Hash) -> str:
    origin = house.settings.transparency_origin
    _, key = house.keys.signing_key("log")
    return notes.sign(Checkpoint(origin, size, root), origin, key)
