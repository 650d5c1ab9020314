"""What two pictures say together: stretches of road with a camera at each end, passages there, and suspected clones."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id

_OPEN = text("closed_at IS NULL")


class RoadSection(Table, table=True):
    """A stretch of road on which average speed is measured: a camera at its beginning and one at its end."""

    __tablename__ = "road_sections"
    __table_args__ = (
        Index(
            "uq_road_sections_open",
            "entry_device_id",
            "exit_device_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=120)
    polda_code: str = Field(max_length=60, index=True)
    entry_device_id: UUID = Field(foreign_key="credentials.id")
    exit_device_id: UUID = Field(foreign_key="credentials.id", index=True)
    length_m: int
    """Shortest way that a vehicle can take between the two lines, in metres, as measured for the certificate."""
    limit_kmh: int
    violation_code: str = Field(max_length=40)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opened_by: str = Field(max_length=80)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    confirmed_by: str | None = Field(default=None, max_length=80)
    """Nothing is measured before a second person has confirmed length and limit."""
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SectionPassage(Table, table=True):
    """A vehicle at one end of a section; no accusation. `measured_kmh` is set at the end, when both ends are known.

    A camera in the middle of a road ends one section and begins the next, so that a capture may be a passage of several."""

    __tablename__ = "section_passages"
    __table_args__ = (Index("ix_section_passages_section_plate", "section_id", "plate", "passed_at"),)

    capture_id: UUID = Field(primary_key=True, foreign_key="captures.id")
    section_id: UUID = Field(primary_key=True, foreign_key="road_sections.id")
    plate: str = Field(max_length=20)
    is_exit: bool
    passed_at: datetime = Field(sa_type=UtcDateTime)
    """By our clock: the camera's time less what its clock was ahead."""
    unsure_s: float
    """How far from that the true instant may lie, either way, in seconds."""
    other_id: UUID | None = Field(default=None, foreign_key="captures.id")
    measured_kmh: float | None = None
    """Average speed at the least that both clocks allow."""
    opened_case: bool = False
    """Whether a case stands on this measurement; what the owner is told is this one, and not another section's."""


class CloneAlert(Table, table=True):
    """A plate that was seen at two places too far apart for the time between: one of the two vehicles bears a clone."""

    __tablename__ = "clone_alerts"
    __table_args__ = (UniqueConstraint("earlier_capture_id", "later_capture_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    plate: str = Field(max_length=20, index=True)
    polda_code: str = Field(max_length=60, index=True)
    earlier_capture_id: UUID = Field(foreign_key="captures.id")
    later_capture_id: UUID = Field(foreign_key="captures.id")
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    """The case of the sighting that was read last."""
    metres: int
    seconds: int
    least_kmh: int
    raised_at: datetime = Field(sa_type=UtcDateTime)
