"""Taking an issued document back, as staff's programs see it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.texts import Lang
from app.services.applications.issued_models import IssuedDocument
from app.services.applications.revoking import WORDS_LEAST, WORDS_MOST, ProposalView, Remedy, Verdict

Words = Annotated[
    str, Field(min_length=WORDS_LEAST, max_length=WORDS_MOST, pattern=r"^[^\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]*$")
]


class ProposalIn(BaseModel):
    """What is to become of a document, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "remedy": "revoke",
                    "why": "lost",
                    "words": "Pemegang melapor di loket dengan surat kehilangan.",
                }
            ]
        }
    )
    remedy: Remedy = Field(
        description="`revoke`: taken back. `replace`: taken back and made anew from what the case says."
    )
    why: Annotated[
        str, Field(max_length=40, pattern=r"^[a-z_]+$", description="A code of `revocations` in the reasons.")
    ]
    words: Words = Field(description="For the second person; kept sealed.")


class DecisionIn(BaseModel):
    """What the second person says; the holder reads the reason, so it names nobody."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "confirm", "reason": "Laporan kehilangan sudah diperiksa."}]}
    )
    decision: Verdict
    reason: Words


class ProposalOut(BaseModel):
    """A proposal. `decision` is null while a second person has not decided."""

    id: UUID
    remedy: Remedy
    why: str
    says: str
    words: str | None
    mine: bool = Field(description="You proposed it, so somebody else decides.")
    proposed_at: datetime
    decision: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, view: ProposalView, actor_id: str, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            remedy=view.remedy,
            why=view.why,
            says=view.says.say(lang),
            words=view.words,
            mine=view.proposed_by == actor_id,
            proposed_at=view.proposed_at,
            decision=view.decision,
            decided_at=view.decided_at,
        )


class IssuedOut(BaseModel):
    """A document that a case ended in, with what was proposed about it, newest first."""

    id: UUID
    kind: str
    title: str
    number: str
    issued_at: datetime
    valid_until: date | None
    revoked_at: datetime | None
    revoked_why: str | None
    replaced_by: UUID | None
    proposals: list[ProposalOut]

    @classmethod
    def of(cls, document: IssuedDocument, proposals: Sequence[ProposalView], actor_id: str, lang: Lang) -> Self:
        """Document and proposals as JSON."""
        return cls(
            id=document.id,
            kind=document.kind,
            title=document.title.say(lang),
            number=document.number,
            issued_at=document.issued_at,
            valid_until=document.valid_until,
            revoked_at=document.revoked_at,
            revoked_why=document.revoked_why.say(lang) if document.revoked_why else None,
            replaced_by=document.replaced_by,
            proposals=[ProposalOut.of(each, actor_id, lang) for each in proposals if each.document_id == document.id],
        )


class IssuedList(BaseModel):
    """Every document of a case, newest first."""

    documents: list[IssuedOut]


class ProposedOut(BaseModel):
    """The proposal that was made."""

    id: UUID


class DecidedOut(BaseModel):
    """What is so now: the document, or the new one that was made in its place."""

    document: UUID
    number: str
    valid: bool = Field(description="The document of this answer is good.")
