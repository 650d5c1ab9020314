"""Holding the evidence of a case beyond the policy's time, for whoever may still need it: a court, an inquiry, a claim.

The head of a unit places a hold and says why; the citizen reads it. It ends by two persons alone: one asks for the release
and says why, another one decides. As long as it stands, neither evidence nor ticket is deleted by policy (`expiry`, `retention`).
"""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.core.texts import Text
from app.services import cases
from app.services.cases import Case
from app.services.etle.evidence_models import EvidenceHold
from app.services.etle.openings import originals_of
from app.services.etle.problems import HOLD_FOUR_EYES, HOLD_NOT_FOUND, HOLD_STANDS, ORIGINAL_MISSING
from app.services.identity.roles import Role

ASKED = "release_hold"
"""The work item of whoever decides on a release that somebody else has asked for."""
LONGEST_REASON = 300
PLACED = Text("Bukti perkara ini disimpan sampai dilepas", "The evidence of this case is kept until it is released")
RELEASE_ASKED = Text("Pelepasan penyimpanan bukti diminta", "It was asked to release the evidence that is kept")
RELEASED = Text(
    "Bukti tidak ditahan lagi; jangka waktu biasa berlaku", "The evidence is held no longer; the usual time applies"
)
KEPT_ON = Text("Bukti tetap disimpan", "The evidence stays kept")


class Outcome(StrEnum):
    """What the second person says to a release."""

    RELEASE = "release"
    KEEP = "keep"


async def find_hold(source: AsyncSession | AsyncConnection, case_id: UUID) -> EvidenceHold | None:
    """The hold that stands on a case."""
    query = select(EvidenceHold.__table__).where(  # type: ignore[attr-defined]
        col(EvidenceHold.case_id) == case_id, col(EvidenceHold.released_at).is_(None)
    )
    row = (await source.execute(query)).mappings().one_or_none()
    return None if row is None else EvidenceHold(**row)


async def place_hold(tx: Tx, case: Case, reason: str) -> Case:
    """Keep the evidence of a case until it is released. Locks the case, as whoever deletes evidence does.

    Problems: etle-hold-stands (409), etle-original-missing (404) once everything was deleted by policy."""
    await cases.get_locked(tx, case.id)
    if await find_hold(tx.session, case.id) is not None:
        raise HOLD_STANDS()
    if not await originals_of(tx, case.id):
        raise ORIGINAL_MISSING()
    tx.session.add(EvidenceHold(case_id=case.id, placed_at=tx.now, placed_by=tx.actor.id))
    await tx.session.flush()
    return await cases.note(tx, case.id, "hold_evidence", PLACED, reason=reason)


async def ask_release(tx: Tx, case: Case, reason: str) -> Case:
    """Ask that a hold be released; another one of the unit has it as work. Problems: etle-hold-not-found (404), etle-hold-four-eyes
    (409) where it is asked for already."""
    hold = await _locked(tx, case)
    if hold.release_asked_at is not None:
        raise HOLD_FOUR_EYES()
    hold.release_asked_at, hold.release_asked_by = tx.now, tx.actor.id
    await cases.open_task(
        tx, case.id, ASKED, role=Role.SUPERVISOR, unit=case.unit, exclude={tx.actor.id}, lasts=cases.Lasts.DONE
    )
    return await cases.note(tx, case.id, "ask_evidence_release", RELEASE_ASKED, reason=reason)


async def decide_release(tx: Tx, case: Case, outcome: Outcome, reason: str) -> Case:
    """Release what somebody else has asked to release, or keep it on. Problems: etle-hold-not-found (404), etle-hold-four-eyes (409)
    for the one who asked, and where nobody has."""
    hold = await _locked(tx, case)
    if hold.release_asked_by in (None, tx.actor.id):
        raise HOLD_FOUR_EYES()
    for task in await cases.tasks_of(tx.session, case.id):
        if task.kind == ASKED:
            await cases.finish_task(tx, task.id)
    if outcome is Outcome.RELEASE:
        hold.released_at, hold.released_by = tx.now, tx.actor.id
        return await cases.note(tx, case.id, "release_evidence", RELEASED, reason=reason)
    hold.release_asked_at = hold.release_asked_by = None
    return await cases.note(tx, case.id, "keep_evidence_held", KEPT_ON, reason=reason)


async def _locked(tx: Tx, case: Case) -> EvidenceHold:
    await cases.get_locked(tx, case.id)
    found = await find_hold(tx.session, case.id)
    hold = None if found is None else await tx.lock(EvidenceHold, found.id)
    if hold is None:
        raise HOLD_NOT_FOUND()
    return hold
