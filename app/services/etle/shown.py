"""Making the pictures that people are shown: once, by a job after the reading, or by the first who looks; never at each look.

The original is opened, what is nobody's business is painted over, and the copy is stored under the original's own key, so
that destroying the one key ends both. Its digest and the original's stand in one leaf of the log: whoever is shown the copy
can later have it proven of which original it was made.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from PIL import Image
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.storage import ObjectMissing
from app.services import cameras, documents, transparency
from app.services.cameras.models import EvidenceFile
from app.services.documents import Box, CoveredScene, off_loop
from app.services.etle.evidence_models import HandCover, ShownPicture
from app.services.etle.plates_seen import Seen
from app.services.etle.problems import COVERED_MEANWHILE, EVIDENCE_MISSING

RULES = 1
"""Version of what is covered and how; raise it, and pictures are made anew when somebody looks at them next."""
PHOTO, CROP = "photo", "crop"

Key = tuple[UUID, int]
Source = AsyncConnection | AsyncSession


@dataclass(frozen=True, slots=True)
class Finders:
    """What looks for faces, and for plates beyond those that were read. A part of the house: they take seconds a picture."""

    faces: Callable[[Image.Image], Iterable[Box]]
    plates: Callable[[bytes], Iterable[Box]]
    finds_plates: bool
    """False where nothing here finds plates: a picture in which no recogniser has looked for them is shown to nobody then."""


async def shown_of(source: Source, captures: Sequence[UUID], plate: str | None) -> dict[Key, ShownPicture]:
    """The pictures of these captures that were made for this plate and by today's rules, by capture and place."""
    query = select(ShownPicture.__table__).where(  # type: ignore[attr-defined]
        col(ShownPicture.capture_id).in_(captures), col(ShownPicture.rules) == RULES
    )
    rows = [ShownPicture(**row) for row in (await source.execute(query)).mappings()]
    return {(row.capture_id, row.position): row for row in rows if row.plate == plate}


async def open_shown(house: House, file: cameras.EvidenceFileView, row: ShownPicture, kind: str) -> bytes:
    """The JPEG as people are shown it. Problem: etle-evidence-missing, also once it was deleted by policy."""
    name = row.photo if kind == PHOTO else row.crop
    if name is None or file.key_id is None:
        raise EVIDENCE_MISSING()
    try:
        sealed = await house.storage.get(name)
    except ObjectMissing:
        raise EVIDENCE_MISSING() from None
    async with house.db.read() as connection:
        data = await vault.open_bytes(connection, house.keys, file.key_id, sealed, name=_sealed_as(kind))
    if data is None:
        raise EVIDENCE_MISSING()
    return data


async def make_shown(
    house: House, capture_id: UUID, place: int, seen: Seen, plate: str | None
) -> tuple[cameras.EvidenceFileView, ShownPicture]:
    """Make the picture of one file anew and store it; the file as it is now, and the row.

    Problems: etle-evidence-missing once the original was deleted; documents-image-unreadable; etle-covered-meanwhile where somebody
    covers something in it just now."""
    file = await _sealed_file(house, capture_id, place)
    try:
        original = await cameras.read_original(house, file)
    except ObjectMissing:
        raise EVIDENCE_MISSING() from None
    async with house.db.read() as connection:
        by_hand = await areas_by_hand(connection, capture_id, place)
    covered = await off_loop(_covered, house[Finders], original, seen, by_hand)
    photo = await _stored(house, file, PHOTO, covered.photo)
    crop = await _stored(house, file, CROP, covered.crop) if covered.crop else None
    digest = hashlib.sha256(covered.photo).hexdigest()
    async with house.db.begin(SYSTEM) as tx:
        # The file is locked: a deletion waits for us, or was first. Two who make the picture at once come one after the other.
        locked = await tx.lock(EvidenceFile, file.id)
        if locked is None or locked.deleted_at is not None:
            raise EVIDENCE_MISSING()
        if await areas_by_hand(tx.session, capture_id, place) != by_hand:
            raise COVERED_MEANWHILE()
        await cameras.doom(tx, await forget_shown(tx, [capture_id], place=place))
        said: dict[str, JsonValue] = {
            "capture": str(capture_id),
            "original": file.sha256,
            "shown": digest,
            "rules": RULES,
        }
        covered_in_it: dict[str, JsonValue] = {
            "faces": covered.faces,
            "plates": covered.plates,
            "by_hand": len(by_hand),
        }
        row = ShownPicture(
            capture_id=capture_id,
            position=place,
            plate=plate,
            rules=RULES,
            photo=photo,
            photo_sha256=digest,
            crop=crop,
            faces=covered.faces,
            plates=covered.plates,
            made_at=tx.now,
            leaf_id=await transparency.append(tx, "evidence_shown", {**said, **covered_in_it}),
        )
        tx.session.add(row)
        await tx.session.flush()
    return file, row


async def forget_shown(tx: Tx, captures: Sequence[UUID], *, place: int | None = None) -> set[str]:
    """Delete the rows of what was shown of these captures (or of one picture of them); the names of its objects, for whoever dooms
    them."""
    query = select(ShownPicture).where(col(ShownPicture.capture_id).in_(captures))
    if place is not None:
        query = query.where(col(ShownPicture.position) == place)
    names: set[str] = set()
    for row in (await tx.session.execute(query)).scalars():
        names |= {row.photo} | ({row.crop} if row.crop else set())
        await tx.session.delete(row)
    await tx.session.flush()
    return names


async def areas_by_hand(source: Source, capture_id: UUID, place: int) -> list[list[int]]:
    """What a person has covered in one picture: left, top, right and bottom in thousandths of it."""
    mine = (col(HandCover.capture_id) == capture_id) & (col(HandCover.position) == place)
    return list((await source.execute(select(col(HandCover.areas)).where(mine))).scalar_one_or_none() or [])


async def covered_by_hand(source: Source, captures: Sequence[UUID]) -> dict[Key, list[list[int]]]:
    """The same of all pictures of these captures, by capture and place."""
    query = select(col(HandCover.capture_id), col(HandCover.position), col(HandCover.areas)).where(
        col(HandCover.capture_id).in_(captures)
    )
    return {(row[0], row[1]): list(row[2]) for row in await source.execute(query)}


async def forget_covers(tx: Tx, captures: Sequence[UUID]) -> None:
    """Delete what was covered by hand in pictures that are deleted."""
    await tx.session.execute(delete(HandCover).where(col(HandCover.capture_id).in_(captures)))


async def _sealed_file(house: House, capture_id: UUID, place: int) -> cameras.EvidenceFileView:
    """The file, its original sealed by now. Problem: etle-evidence-missing."""
    for _ in range(2):
        async with house.db.read() as connection:
            files = (await cameras.get_capture(connection, capture_id)).files
        if place >= len(files) or files[place].deleted_at is not None:
            raise EVIDENCE_MISSING()
        if files[place].key_id is not None:
            return files[place]
        try:
            await cameras.seal_original(house, files[place].id)
        except ObjectMissing:
            break
    raise EVIDENCE_MISSING()


async def _stored(house: House, file: cameras.EvidenceFileView, kind: str, data: bytes) -> str:
    if file.key_id is None:
        raise EVIDENCE_MISSING()
    async with house.db.read() as connection:
        try:
            sealed = await vault.seal_bytes(connection, house.keys, file.key_id, data, name=_sealed_as(kind))
        except ValueError:  # deleted by policy since
            raise EVIDENCE_MISSING() from None
    return await house.storage.put(sealed)


def _covered(finders: Finders, original: bytes, seen: Seen, by_hand: Sequence[Sequence[int]]) -> CoveredScene:
    places = [*seen.others, *(each for each in finders.plates(original) if not _is_of(each, seen.own))]
    return documents.cover_scene(original, seen.own, places, finders.faces, by_hand=by_hand)


def _is_of(place: Box, own: Box | None) -> bool:
    """Whether a place stands on the plate that is shown: the plate itself, or the months of its validity below the number."""
    if own is None:
        return False
    (x, y), height = ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2), own[3] - own[1]
    return own[0] <= x <= own[2] and own[1] - 0.2 * height <= y <= own[3] + 0.8 * height


def _sealed_as(kind: str) -> str:
    return f"shown {kind}"
