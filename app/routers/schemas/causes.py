"""Road sections, suspected clones and second looks, as the counter and the public see them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.services.etle.cause_models import CauseReview
from app.services.etle.passage_models import CloneAlert, RoadSection
from app.services.etle.sections import NewSection
from app.services.reference import NATIONAL, Policy

LONGEST_SECTION_M = 200_000


class SectionIn(BaseModel):
    """A stretch of road with a camera at each end. Nothing is measured before somebody else has confirmed it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=3, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
    entry_client_id: Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9-]+$")]
    exit_client_id: Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9-]+$")]
    length_m: Annotated[int, Field(ge=500, le=LONGEST_SECTION_M, description="Shortest way between both lines.")]
    limit_kmh: Annotated[int, Field(ge=20, le=150)]
    violation: Annotated[
        str, Field(max_length=40, pattern=r"^[A-Z0-9-]+$", description="A code of GET /v1/violations.")
    ]

    def to_section(self) -> NewSection:
        """As the room takes it."""
        return NewSection(
            self.name, self.entry_client_id, self.exit_client_id, self.length_m, self.limit_kmh, self.violation
        )


class SectionOut(BaseModel):
    """A section; `confirmed_at` is null as long as nothing is measured."""

    id: UUID
    name: str
    polda: str
    length_m: int
    limit_kmh: int
    violation: str
    opened_at: datetime
    confirmed_at: datetime | None
    closed_at: datetime | None

    @classmethod
    def of(cls, section: RoadSection) -> Self:
        """From the room's row."""
        return cls(
            id=section.id,
            name=section.name,
            polda=section.polda_code,
            length_m=section.length_m,
            limit_kmh=section.limit_kmh,
            violation=section.violation_code,
            opened_at=section.opened_at,
            confirmed_at=section.confirmed_at,
            closed_at=section.closed_at,
        )


class Sections(BaseModel):
    """The sections of a Polda."""

    sections: list[SectionOut]


class CloneAlertOut(BaseModel):
    """A plate that was at two places. Which plate it is says the case, where your look is recorded."""

    id: UUID
    case_id: UUID
    earlier_capture_id: UUID
    later_capture_id: UUID
    metres: int
    seconds: int = Field(description="The longest time between both that the cameras' clocks allow.")
    least_kmh: int
    raised_at: datetime

    @classmethod
    def of(cls, alert: CloneAlert) -> Self:
        """From the room's row."""
        return cls(
            id=alert.id,
            case_id=alert.case_id,
            earlier_capture_id=alert.earlier_capture_id,
            later_capture_id=alert.later_capture_id,
            metres=alert.metres,
            seconds=alert.seconds,
            least_kmh=alert.least_kmh,
            raised_at=alert.raised_at,
        )


class CloneAlerts(BaseModel):
    """A page of alerts, newest first."""

    alerts: list[CloneAlertOut]
    next: str | None


class StandsIn(BaseModel):
    """Why the case stands after a second look; the owner reads it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=5, max_length=1000)]


class Stood(BaseModel):
    """The case after the second look."""

    id: UUID
    state: str


class SecondLookOut(BaseModel):
    """One camera, place or officer whose open cases are all looked at again, with the figures that began it."""

    polda: str
    cause: str = Field(examples=["camera"])
    annulled: int
    verified: int
    opened_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, review: CauseReview) -> Self:
        """From the room's row; whom or what it is about is not told to the public."""
        return cls(
            polda=review.polda_code,
            cause=review.kind,
            annulled=review.annulled,
            verified=review.verified,
            opened_at=review.opened_at,
            closed_at=review.closed_at,
        )


class SecondLookRate(BaseModel):
    """From which share of annulled cases on, among at least so many that were verified within so many days, a cause's open cases are
    looked at again."""

    polda: str | None = Field(description="null: every Polda that has no policy of its own.")
    rate: float = Field(examples=[0.1])
    least: int = Field(examples=[20])
    days: int = Field(examples=[90])

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Of a policy in force."""
        told, code = policy.etle, policy.code
        return cls(
            polda=None if code == NATIONAL else code,
            rate=told.second_look_rate,
            least=told.second_look_least,
            days=told.second_look_days,
        )


class SecondLooks(BaseModel):
    """The rates in force, and the newest reviews of all Polda."""

    rates: list[SecondLookRate]
    second_looks: list[SecondLookOut]
