"""Originals that are opened, and evidence that was deleted."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.routers.schemas.tickets import no_controls
from app.services.cameras.models import EvidenceDeletion
from app.services.cases import Case
from app.services.etle.hand_covers import MOST_AREAS, WHOLE, Area
from app.services.etle.holds import LONGEST_REASON, Outcome
from app.services.etle.openings import LONGEST_NOTE, SHORTEST_NOTE, Opening, Why

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Note = Annotated[str, Field(min_length=SHORTEST_NOTE, max_length=LONGEST_NOTE), AfterValidator(no_controls)]
Reason = Annotated[str, Field(min_length=SHORTEST_NOTE, max_length=LONGEST_REASON), AfterValidator(no_controls)]
Thousandth = Annotated[int, Field(ge=0, le=WHOLE)]


class OpenOriginalIn(BaseModel):
    """Which original, and why; the citizen reads the note, so it names nobody."""

    model_config = ConfigDict(extra="forbid")

    sha256: Sha256
    why: Why
    note: Note


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


class AreaIn(BaseModel):
    """A rectangle of a picture, in thousandths of its width and height from the upper left corner."""

    model_config = ConfigDict(extra="forbid")

    left: Thousandth
    top: Thousandth
    right: Thousandth
    bottom: Thousandth

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError("left must be less than right, and top less than bottom")
        return self


class CoverIn(BaseModel):
    """Everything that is to be covered by hand in one picture; an empty list takes back what was covered by hand before. The
    citizen reads the note, so it names nobody."""

    model_config = ConfigDict(extra="forbid")

    sha256: Sha256
    areas: Annotated[list[AreaIn], Field(max_length=MOST_AREAS)]
    note: Note

    def to_areas(self) -> list[Area]:
        """As the room takes them."""
        return [Area(each.left, each.top, each.right, each.bottom) for each in self.areas]


class HoldIn(BaseModel):
    """Why; the citizen reads it, so it names nobody."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ReleaseIn(HoldIn):
    """What you say to a release that somebody else has asked for, and why."""

    outcome: Outcome


class Noted(BaseModel):
    """That it was recorded; `version` is the case's after the event."""

    version: int

    @classmethod
    def of(cls, case: Case) -> Self:
        """The case's new version."""
        return cls(version=case.version)


class DeletionOut(BaseModel):
    """Evidence that was deleted in one go. `gone_at` is null until the store has confirmed the last file; from then on the record
    stands in the public log as the leaf `leaf`."""

    id: UUID
    kind: str = Field(
        description="`no_case` (accuses nobody), `passage` (noted of a vehicle that only passed), `message` (of a camera, that could not be used), `unread` (given up), `rejected`, `annulled`, `paid`, `objected`, `film` of a case, "
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
