"""Taking an issued document back, or having it made anew: one of the unit proposes it, a second person decides.

A card that could be declared void by one person alone could be used to press its holder; so could a second card that one
person alone could have printed. Both steps are events of the document's case, with the reason from the list; the words
for the colleague stay sealed, since they may name people. The words of the decision are for the holder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.ids import new_id
from app.core.problems import FORBIDDEN, FieldError
from app.core.texts import Text
from app.services import cases, transparency
from app.services.applications.issued_models import IssuedDocument, IssuedDocumentRow, RevocationProposal
from app.services.applications.issued_problems import (
    ALREADY_PROPOSED,
    ALREADY_REVOKED,
    ISSUED_NOT_FOUND,
    PROPOSAL_NOT_FOUND,
    REVOCATION_REASON,
    REVOCATION_WORDS,
)
from app.services.applications.issued_store import (
    REVOCATIONS,
    TABLE,
    Reader,
    Revocation,
    end,
    lock_row,
    name_successor,
)
from app.services.applications.issuing import ENTER_REGISTER, TELL_REVOKED, close_unhanded, get_issued, prepare_issue
from app.services.cases.problems import FOUR_EYES
from app.services.identity.roles import Role

PROPOSERS = frozenset({str(Role.COUNTER), str(Role.OFFICER), str(Role.SENIOR_OFFICER)})
DECIDER = str(Role.SENIOR_OFFICER)
TASK = "decide_revocation"
SIM = "sim"
_CARD_ALONE = frozenset({Revocation.LOST, Revocation.DAMAGED})
"""The card is no longer good; the right to drive stays, and the register has nothing to learn."""
WORDS_LEAST, WORDS_MOST = 10, 500
MOST_OF_CASE = 50
REASONS = {str(why): text for why, text in REVOCATIONS.items() if why is not Revocation.REPLACED}
"""What staff may choose from; that something was replaced follows from the replacement."""


class Remedy(StrEnum):
    """What is to become of the document: taken back, or taken back and made anew from what the case says now."""

    REVOKE = "revoke"
    REPLACE = "replace"


class Verdict(StrEnum):
    """What the second person says."""

    CONFIRM = "confirm"
    DECLINE = "decline"


CHOOSE = Text("Pilih alasan dari daftar.", "Choose a reason from the list.")
EXPLAIN = Text(
    f"Jelaskan dengan {WORDS_LEAST} sampai {WORDS_MOST} huruf.",
    f"Explain it in {WORDS_LEAST} to {WORDS_MOST} characters.",
)
_PROPOSED = {
    Remedy.REVOKE: Text(
        "Pencabutan dokumen {number} diusulkan: {why}", "It was proposed to revoke document {number}: {why}"
    ),
    Remedy.REPLACE: Text(
        "Penggantian dokumen {number} diusulkan: {why}", "It was proposed to replace document {number}: {why}"
    ),
}
_DONE = {
    Remedy.REVOKE: Text("Dokumen {number} dicabut: {why}", "Document {number} was revoked: {why}"),
    Remedy.REPLACE: Text(
        "Dokumen {number} dicabut dan dibuat baru: {why}", "Document {number} was revoked and made anew: {why}"
    ),
}
_DECLINED = Text(
    "Usul atas dokumen {number} tidak disetujui; dokumen tetap berlaku",
    "The proposal about document {number} was not agreed to; it stays valid",
)
_OVERTAKEN = Text(
    "Usul atas dokumen {number} ditutup; dokumen itu sudah tidak berlaku",
    "The proposal about document {number} was closed; it was no longer valid by then",
)


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal as staff see it. `words` is None once the holder was erased."""

    id: UUID
    document_id: UUID
    remedy: Remedy
    why: str
    says: Text
    words: str | None
    proposed_by: str
    proposed_at: datetime
    decision: str | None
    decided_at: datetime | None


async def propose(tx: Tx, document_id: UUID, remedy: Remedy, why: str, words: str) -> UUID:
    """Ask that a document of the actor's unit be taken back; gives the proposal's id and puts it before a second person.

    `why` is a code of `REASONS`; `words` explain it to the colleague. Locks case and document. Problems: not-permitted,
    applications-issued-not-found, -already-revoked, -already-proposed, -revocation-reason, -revocation-words.
    """
    if tx.actor.roles.isdisjoint(PROPOSERS):
        raise FORBIDDEN()
    told = words.strip()
    if why not in REASONS:
        raise REVOCATION_REASON(codes=", ".join(REASONS), errors=[FieldError("/why", CHOOSE)])
    if not WORDS_LEAST <= len(told) <= WORDS_MOST:
        raise REVOCATION_WORDS(least=WORDS_LEAST, most=WORDS_MOST, errors=[FieldError("/words", EXPLAIN)])
    row = await _locked(tx, document_id)
    if row.revoked_at is not None:
        raise ALREADY_REVOKED(number=row.number)
    if await _open_of(tx, document_id) is not None:
        raise ALREADY_PROPOSED(number=row.number)
    task = await cases.open_task(
        tx,
        row.case_id,
        TASK,
        DECIDER,
        row.unit,
        exclude=[tx.actor.id],
        lasts=cases.Lasts.DONE,
        note=f"{row.number}: {remedy}, {why}",
    )
    proposal = RevocationProposal(
        id=new_id(),
        document_id=document_id,
        remedy=remedy,
        why=why,
        words_enc=await _sealed(tx, row, told),
        task_id=task,
        proposed_by=tx.actor.id,
        proposed_at=tx.now,
    )
    tx.session.add(proposal)
    await _note(tx, row, proposal, "propose_revocation", _PROPOSED[remedy])
    return proposal.id


async def decide(tx: Tx, proposal_id: UUID, verdict: Verdict, reason: str) -> IssuedDocument:
    """The second person agrees, and the document is void with this transaction, or does not, and it stays good.

    `reason` is read by the holder and names nobody. Gives the document, or the new one that was made. Locks case and
    document. Problems: not-permitted, applications-issued-not-found, -proposal-not-found, -revocation-words, cases-four-eyes.
    """
    if DECIDER not in tx.actor.roles:
        raise FORBIDDEN()
    told = reason.strip()
    if not WORDS_LEAST <= len(told) <= WORDS_MOST:
        raise REVOCATION_WORDS(least=WORDS_LEAST, most=WORDS_MOST, errors=[FieldError("/reason", EXPLAIN)])
    asked = await tx.one(RevocationProposal, proposal_id)
    if asked is None:
        raise PROPOSAL_NOT_FOUND()
    row = await _locked(tx, asked.document_id)
    proposal = await tx.lock(RevocationProposal, proposal_id)
    if proposal is None or proposal.decided_at is not None:
        raise PROPOSAL_NOT_FOUND()
    if proposal.proposed_by == tx.actor.id:
        raise FOUR_EYES()
    await cases.finish_task(tx, proposal.task_id)
    proposal.decided_by, proposal.decided_at = tx.actor.id, tx.now
    if verdict is Verdict.DECLINE:
        proposal.decision = "declined"
        title = _DECLINED if row.revoked_at is None else _OVERTAKEN
        await _note(tx, row, proposal, "decline_revocation", title, reason=told)
        return await get_issued(tx.session, row.id)
    proposal.decision = "confirmed"
    await end(tx, row, Revocation(proposal.why))
    await _note(tx, row, proposal, "confirm_revocation", _DONE[Remedy(proposal.remedy)], reason=told)
    await tx.enqueue(TELL_REVOKED, str(row.id))
    if proposal.remedy == Remedy.REPLACE:
        return await _make_anew(tx, row)
    if row.kind == SIM and row.ready_at is not None and Revocation(proposal.why) not in _CARD_ALONE:
        await tx.enqueue(ENTER_REGISTER, str(row.case_id))
    await close_unhanded(tx, row)
    return await get_issued(tx.session, row.id)


async def proposals_of(reader: Reader, keys: KeyRing, case_id: UUID) -> Sequence[ProposalView]:
    """Every proposal about a document of this case, newest first."""
    query = (
        select(RevocationProposal.__table__, TABLE.c.key_id)  # type: ignore[attr-defined]
        .join(TABLE, TABLE.c.id == col(RevocationProposal.document_id))
        .where(TABLE.c.case_id == case_id)
        .order_by(col(RevocationProposal.proposed_at).desc(), col(RevocationProposal.id).desc())
        .limit(MOST_OF_CASE)
    )
    views = []
    for row in (await reader.execute(query)).mappings().all():
        plain = await vault.open_(reader, keys, row["key_id"], {"revocation_words": row["words_enc"]})
        views.append(
            ProposalView(
                id=row["id"],
                document_id=row["document_id"],
                remedy=Remedy(row["remedy"]),
                why=row["why"],
                says=REASONS[row["why"]],
                words=plain["revocation_words"],
                proposed_by=row["proposed_by"],
                proposed_at=row["proposed_at"],
                decision=row["decision"],
                decided_at=row["decided_at"],
            )
        )
    return views


async def is_of_case(reader: Reader, proposal_id: UUID, case_id: UUID) -> bool:
    """Whether a proposal is about a document of this case, which a door has looked at."""
    query = (
        select(TABLE.c.case_id)
        .join(RevocationProposal, col(RevocationProposal.document_id) == TABLE.c.id)
        .where(col(RevocationProposal.id) == proposal_id)
    )
    return bool((await reader.execute(query)).scalar_one_or_none() == case_id)


async def _make_anew(tx: Tx, row: IssuedDocumentRow) -> IssuedDocument:
    """The successor: its own number and check code, the same last day, printed where the first one was."""
    checked = await transparency.check_codes.find(tx.session, row.check_code)
    made = await prepare_issue(
        tx,
        case_id=row.case_id,
        key_id=row.key_id,
        kind=row.kind,
        unit=row.unit,
        valid_until=row.valid_until,
        about=checked.about if checked else None,
        on_paper=row.print_state is not None,
        subject_bidx=row.subject_bidx,
    )
    await name_successor(tx, row.id, made.id)
    return made


async def _locked(tx: Tx, document_id: UUID) -> IssuedDocumentRow:
    """The row of a document of the actor's unit, locked after its case, as issuing does."""
    document = await get_issued(tx.session, document_id)
    if document.unit != tx.actor.unit:
        raise ISSUED_NOT_FOUND()
    await cases.get_locked(tx, document.case_id)
    return await lock_row(tx, document_id)


async def _sealed(tx: Tx, row: IssuedDocumentRow, words: str) -> str | None:
    """The words under the holder's key; of an erased holder nothing is written down any more."""
    try:
        return (await vault.seal(tx, row.key_id, {"revocation_words": words}))["revocation_words"]
    except ValueError:
        return None


async def _open_of(tx: Tx, document_id: UUID) -> UUID | None:
    query = select(col(RevocationProposal.id)).where(
        col(RevocationProposal.document_id) == document_id, col(RevocationProposal.decided_at).is_(None)
    )
    found: UUID | None = (await tx.session.execute(query)).scalar_one_or_none()
    return found


async def _note(
    tx: Tx, row: IssuedDocumentRow, proposal: RevocationProposal, action: str, title: Text, *, reason: str | None = None
) -> None:
    says = REASONS[proposal.why]
    filled = Text(title.id.format(number=row.number, why=says.id), title.en.format(number=row.number, why=says.en))
    data = {"document": str(row.id), "code": proposal.why, "remedy": proposal.remedy}
    await cases.note(tx, row.case_id, action, filled, reason=reason, data=data)
