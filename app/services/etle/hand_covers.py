"""What a person covers in a picture because the machine did not find it: a profile, a helmet, a child, a name on a shop.

Areas come on top of what is found by machine and never take anything of that away; the plate of the case stays to be read
under them. The copy that people are shown is made anew from the original, so a copy from before is served to nobody any more,
and letters that still lie with us are printed anew; those that have left hold the one that they were written with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.db import Tx
from app.core.texts import Text
from app.services import cameras, cases
from app.services.cameras.models import EvidenceFile
from app.services.cases import Case
from app.services.etle import letters, review
from app.services.etle.evidence import exhibits_of
from app.services.etle.evidence_models import HandCover
from app.services.etle.openings import may_open
from app.services.etle.problems import COVER_NOT_YOURS, COVERS_ENOUGH, ORIGINAL_MISSING
from app.services.etle.shown import areas_by_hand, forget_shown

WHOLE = 1000
"""Areas are in thousandths of the picture as it is shown, from its upper left corner."""
MOST_AREAS = 20
COVERED = Text(
    "Bagian foto disamarkan dengan tangan: {count} bidang. Salinan yang ditampilkan dibuat ulang.",
    "Parts of a picture were covered by hand: {count} areas. The copy that is shown is made anew.",
)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in thousandths of the picture."""

    left: int
    top: int
    right: int
    bottom: int


async def areas_in(tx: Tx, case: Case, sha256: str) -> list[Area]:
    """What was covered by hand in a picture of the case. Problem: etle-original-missing."""
    capture_id, place, _file = await _find(tx, case, sha256)
    return [Area(*each) for each in await areas_by_hand(tx.session, capture_id, place)]


async def cover_one_more(tx: Tx, case: Case, sha256: str, area: Area, note: str) -> Case:
    """Cover one area beside those that are covered already. Problems as `cover_by_hand`, and etle-covers-enough (409)."""
    await cases.get_locked(tx, case.id)
    before = await areas_in(tx, case, sha256)
    if len(before) >= MOST_AREAS:
        raise COVERS_ENOUGH()
    return await cover_by_hand(tx, case, sha256, [*before, area], note)


async def cover_by_hand(tx: Tx, case: Case, sha256: str, areas: Sequence[Area], note: str) -> Case:
    """Cover these areas, instead of those that were covered by hand before, in the picture whose original has this SHA-256; whoever
    judges the case may. One event; a job makes the copy anew, or the first who looks.

    Problems: etle-cover-not-yours (403), etle-original-missing (404)."""
    if not await may_open(tx, case):
        raise COVER_NOT_YOURS()
    await cases.get_locked(tx, case.id)
    capture_id, place, file = await _find(tx, case, sha256)
    # Whoever makes the copy holds this lock, and looks at the areas once more before it is kept.
    await tx.lock(EvidenceFile, file.id)
    row = await tx.session.get(HandCover, (capture_id, place))
    if row is None:
        row = HandCover(capture_id=capture_id, position=place, areas=[], drawn_at=tx.now, drawn_by=tx.actor.id)
        tx.session.add(row)
    row.areas = [[each.left, each.top, each.right, each.bottom] for each in areas]
    row.drawn_at, row.drawn_by = tx.now, tx.actor.id
    await cameras.doom(tx, await forget_shown(tx, [capture_id], place=place))
    await tx.enqueue(review.COVER, str(case.id))
    await letters.print_anew(tx, case.id)
    told = COVERED.fill(count=len(areas))
    return await cases.note(
        tx, case.id, "cover_by_hand", told, reason=note, data={"original": sha256, "areas": len(areas)}
    )


async def _find(tx: Tx, case: Case, sha256: str) -> tuple[UUID, int, cameras.EvidenceFileView]:
    exhibits = await exhibits_of(tx.session, case.id)
    for capture in exhibits.captures:
        for place, file in enumerate(capture.files):
            if file.sha256 == sha256 and file.deleted_at is None:
                return capture.id, place, file
    raise ORIGINAL_MISSING()
