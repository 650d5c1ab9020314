"""Evidence that a policy no longer keeps is deleted for good, and leaves a proof that names nobody.

In this order, so that nobody who is killed on the way leaves anything half done: one transaction destroys the files' keys,
deletes what names them, and notes both the deletion and the objects that have to go; then the objects go from the store, one
by one; then the proof goes into the public log. Each step may be done twice.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM, Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.orphans import StoredNames
from app.core.problems import Problem
from app.services import transparency
from app.services.cameras.captures import CaptureView, get_capture
from app.services.cameras.models import (
    CameraMessage,
    Capture,
    DeletedCapture,
    DoomedObject,
    EvidenceDeletion,
    EvidenceFile,
)
from app.services.cameras.problems import CAPTURE_DELETED

DROPPED_AT_ONCE = 200
LINE = "loket-deletion/1"

Source = AsyncConnection | AsyncSession


@dataclass(frozen=True, slots=True)
class KeptFor:
    """The rule by which evidence goes: its class, the Polda, and the policy that keeps this class so many hours."""

    kind: str
    polda: str
    policy_id: UUID
    hours: int


async def delete_evidence(
    tx: Tx, rule: KeptFor, files: Sequence[EvidenceFile], *, also: Iterable[str] = ()
) -> EvidenceDeletion | None:
    """Destroy these files' keys and doom their objects, and those of `also` that were made of them; None where there is nothing.

    The rows of the files stay, marked; who wants them gone too calls `captures.forget` in the same transaction. The caller holds
    a lock that keeps a case from taking the captures up."""
    going = [each for each in files if each.deleted_at is None]
    if not going:
        return None
    lines = {capture_id: deletion_line(capture_id, digests) for capture_id, digests in _by_capture(going).items()}
    deletion = await _note(tx, rule, lines, files=len(going))
    keys = [each.key_id for each in going if each.key_id is not None]
    names = {each.stored_as or each.sha256 for each in going}
    for each in going:
        each.deleted_at, each.key_id = tx.now, None
    await tx.session.flush()
    for key_id in keys:
        await vault.destroy(tx, key_id)
        await vault.forget(tx, key_id)
    await doom(tx, names.union(also), deletion.id)
    return deletion


async def delete_messages(tx: Tx, rule: KeptFor, messages: Sequence[CameraMessage]) -> None:
    """Delete what cameras said of who passed and is accused of nothing, and what nobody could use, with what is left of their bytes:
    those of the first went when they were understood, unless somebody was killed just then."""
    if not messages:
        return
    lines = {each.id: deletion_line(each.id, [each.sha256]) for each in messages}
    names = {each.stored_as or each.sha256 for each in messages}
    await tx.session.execute(delete(CameraMessage).where(col(CameraMessage.id).in_(lines)))
    deletion = await _note(tx, rule, lines, files=0)
    await doom(tx, names, deletion.id)


async def doom(tx: Tx, names: Collection[str], deletion_id: UUID | None = None) -> None:
    """Note objects that have to go; they go after the commit, unless something else names them by then."""
    known = select(col(DoomedObject.object_name)).where(col(DoomedObject.object_name).in_(names))
    fresh = set(names) - set((await tx.session.execute(known)).scalars())
    tx.session.add_all(
        DoomedObject(object_name=name, deletion_id=deletion_id, doomed_at=tx.now) for name in sorted(fresh)
    )
    await tx.session.flush()


async def finish_deletions(house: House) -> int:
    """Take doomed objects from the store and write the proofs that are complete; how many objects went."""
    gone = 0
    while names := await _doomed(house):
        await _drop(house, names)
        gone += len(names)
    while await _prove_one(house):
        pass
    return gone


def deletion_line(capture_id: UUID, digests: Iterable[str]) -> str:
    """What a deletion's root commits to for one capture: SHA-256 over its id and its files' SHA-256 as they came."""
    return hashlib.sha256("\n".join([LINE, str(capture_id), *digests]).encode()).hexdigest()


def root_of(lines: Iterable[str]) -> str:
    """SHA-256 over the lines in their order as text."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


async def list_deletions(
    source: Source, *, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[EvidenceDeletion]:
    """Deletions, newest first."""
    query = select(EvidenceDeletion.__table__)  # type: ignore[attr-defined]
    at, id_ = col(EvidenceDeletion.begun_at), col(EvidenceDeletion.id)
    if before is not None:
        query = query.where((at < before[0]) | ((at == before[0]) & (id_ < before[1])))
    rows = await source.execute(query.order_by(at.desc(), id_.desc()).limit(limit))
    return [EvidenceDeletion(**row) for row in rows.mappings()]


async def find_deletion(source: Source, id: UUID) -> tuple[EvidenceDeletion, Sequence[str]] | None:
    """A deletion and its lines."""
    query = select(EvidenceDeletion.__table__).where(col(EvidenceDeletion.id) == id)  # type: ignore[attr-defined]
    row = (await source.execute(query)).mappings().one_or_none()
    lines = select(col(DeletedCapture.digest)).where(col(DeletedCapture.deletion_id) == id)
    found = sorted((await source.execute(lines)).scalars())
    return None if row is None else (EvidenceDeletion(**row), found)


async def get_kept_capture(source: Source, id: UUID, device: Actor) -> CaptureView:
    """A capture that this device has sent. Problems: cameras-capture-not-found (404), and cameras-capture-deleted (410) with the
    deletion that proves it. Whose it was is deleted too: who knows the id of such a capture has sent it."""
    try:
        return await get_capture(source, id, device=device)
    except Problem:
        deletion = await _deletion_of(source, id)
        still_there = (await source.execute(select(col(Capture.id)).where(col(Capture.id) == id))).first() is not None
        if deletion is None or still_there:
            raise
    raise CAPTURE_DELETED(deletion=deletion, extra={"deletion": str(deletion)})


async def _deletion_of(source: Source, capture_id: UUID) -> UUID | None:
    query = (
        select(col(DeletedCapture.deletion_id))
        .join(EvidenceDeletion, col(EvidenceDeletion.id) == col(DeletedCapture.deletion_id))
        .where(col(DeletedCapture.capture_id) == capture_id)
        .order_by(col(EvidenceDeletion.begun_at).desc())
        .limit(1)
    )
    found: UUID | None = (await source.execute(query)).scalar_one_or_none()
    return found


async def deleted_by_kind(source: Source) -> dict[str, tuple[int, int]]:
    """How many captures and files went so far, by class: for everybody."""
    kind, captures, files = col(EvidenceDeletion.kind), col(EvidenceDeletion.captures), col(EvidenceDeletion.files)
    done = select(kind, func.sum(captures), func.sum(files)).where(col(EvidenceDeletion.gone_at).is_not(None))
    rows = await source.execute(done.group_by(kind).order_by(kind))
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


async def _note(tx: Tx, rule: KeptFor, lines: Mapping[UUID, str], *, files: int) -> EvidenceDeletion:
    deletion = EvidenceDeletion(
        kind=rule.kind,
        polda_code=rule.polda,
        policy_id=rule.policy_id,
        hours=rule.hours,
        captures=len(lines),
        files=files,
        root=root_of(lines.values()),
        begun_at=tx.now,
    )
    tx.session.add(deletion)
    await tx.session.flush()
    tx.session.add_all(
        DeletedCapture(deletion_id=deletion.id, capture_id=id_, digest=digest) for id_, digest in lines.items()
    )
    await tx.session.flush()
    return deletion


def _by_capture(files: Sequence[EvidenceFile]) -> dict[UUID, list[str]]:
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for each in sorted(files, key=lambda each: each.position):
        found[each.capture_id].append(each.sha256)
    return found


async def _doomed(house: House) -> list[str]:
    async with house.db.read() as connection:
        query = select(col(DoomedObject.object_name)).order_by(col(DoomedObject.doomed_at)).limit(DROPPED_AT_ONCE)
        return list((await connection.execute(query)).scalars())


async def _drop(house: House, names: Sequence[str]) -> None:
    """Some objects; whoever is killed in between removes them again, which does no harm."""
    async with house.db.read() as connection:
        still_named = await house[StoredNames].named(connection, names)
    for name in names:
        if name not in still_named:
            await house.storage.delete(name)
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(delete(DoomedObject).where(col(DoomedObject.object_name).in_(names)))


async def _prove_one(house: House) -> bool:
    waits = exists().where(col(DoomedObject.deletion_id) == col(EvidenceDeletion.id))
    query = (
        select(EvidenceDeletion)
        .where(col(EvidenceDeletion.gone_at).is_(None), ~waits)
        .order_by(col(EvidenceDeletion.begun_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    async with house.db.begin(SYSTEM) as tx:
        deletion = (await tx.session.execute(query)).scalar_one_or_none()
        if deletion is None:
            return False
        deletion.gone_at = tx.now
        deletion.leaf_id = await transparency.append(tx, "evidence_deleted", said(deletion))
    return True


def said(deletion: EvidenceDeletion) -> dict[str, JsonValue]:
    """A deletion as its leaf tells it: no plate, no place, no camera."""
    return {
        "deletion": str(deletion.id),
        "class": deletion.kind,
        "polda": deletion.polda_code,
        "policy": str(deletion.policy_id),
        "kept_hours": deletion.hours,
        "captures": deletion.captures,
        "files": deletion.files,
        "root": deletion.root,
    }
