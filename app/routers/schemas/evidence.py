"""Originals that are opened, and evidence that was deleted."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.routers.schemas.tickets import no_controls
from app.services.cameras.models import EvidenceDeletion
from app.services.etle.openings import LONGEST_NOTE, SHORTEST_NOTE, Opening, Why

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class OpenOriginalIn(BaseModel):
    """Which original, and why; the citizen reads the note, so it names nobody."""

    model_config = ConfigDict(extra="forbid")

    sha256: Sha256
    why: Why
    note: Annotated[str, Field(min_length=SHORTEST_NOTE, max_length=LONGEST_NOTE), AfterValidator(no_controls)]


class OpeningOut(BaseModel):
    """An original that you have opened. The link works for you alone, until `good_until`."""

    url: str
    sha256: str
    media_type: str
    intact: bool = Field(description="Whether the bytes in the store still have this SHA-256.")
    good_until: datetime
    version: int = Field(description="The case's version after the event that tells of it.")

    @classmethod
    def of(cls, opening: Opening) -> Self:
        """The opening as JSON."""
        names = ("url", "sha256", "media_type", "intact", "good_until", "version")
        return cls(**{name: getattr(opening, name) for name in names})


class Asked(BaseModel):
    """That your request is with a senior officer."""

    asked: bool = True


class DeletionOut(BaseModel):
    """Evidence that was deleted in one go. `gone_at` is null until the store has confirmed the last file; from then on the record
    stands in the public log as the leaf `leaf`."""

    id: UUID
    kind: str = Field(
        description="`no_case` (accuses nobody), `passage` (noted of a vehicle that only passed), `unread` (given up), `rejected`, `annulled`, `paid`, `objected`, `film` of a case, "
        "or `ticket` (forgotten as a whole)."
    )
    polda: str
    policy: UUID
    kept_hours: int
    captures: int
    files: int
    root: str = Field(description="SHA-256 over the lines, sorted and joined by line feeds.")
    begun_at: datetime
    gone_at: datetime | None
    leaf: UUID | None

    @classmethod
    def of(cls, deletion: EvidenceDeletion) -> Self:
        """The record as JSON."""
        return cls(
            id=deletion.id,
            kind=deletion.kind,
            polda=deletion.polda_code,
            policy=deletion.policy_id,
            kept_hours=deletion.hours,
            captures=deletion.captures,
            files=deletion.files,
            root=deletion.root,
            begun_at=deletion.begun_at,
            gone_at=deletion.gone_at,
            leaf=deletion.leaf_id,
        )


class DeletionDetail(DeletionOut):
    """The same with its lines: for each capture SHA-256 over `loket-deletion/1`, the capture's id and its files' SHA-256 in their
    order, joined by line feeds. Who has sent a capture can find it; nobody else learns anything."""

    lines: list[str]


class Deletions(BaseModel):
    """Deletions, newest first."""

    deletions: list[DeletionOut]
    next: str | None
