"""What cameras sent: captures with their evidence, and the devices' certificates. Only this room writes these
tables."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from app.core.db import JsonColumn, JsonValue, Table, UtcDateTime
from app.core.ids import new_id


class CameraDevice(Table, table=True):
    """What is known of a camera beside its key: the owner of a ticket sees its certificate next to the
    evidence."""

    __tablename__ = "camera_devices"

    credential_id: UUID = Field(primary_key=True, foreign_key="credentials.id")
    model: str | None = Field(default=None, max_length=120)
    certificate_no: str | None = Field(default=None, max_length=80)
    certificate_until: date | None = None
    calibrated_on: date | None = None
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Capture(Table, table=True):
    """One suspected violation as a camera told it. `body_key` makes a repeated message the same capture: it
    is the device with the device's own capture id, or, where the device numbers nothing, with the digest of
    all it sent."""

    __tablename__ = "captures"
    __table_args__ = (Index("ix_captures_device_received", "device_id", "received_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    device_id: UUID = Field(foreign_key="credentials.id")
    unit: str = Field(max_length=60)
    capture_id: str | None = Field(default=None, max_length=64)
    body_key: str = Field(max_length=64, unique=True)
    content_sha256: str = Field(max_length=64)
    """Digest of the pictures and the kept metadata: tells a repetition from another capture under the same
    id."""
    captured_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)
    clock_ahead_s: float | None = None
    """Seconds by which the camera's clock was ahead of ours when it sent this, if it told its clock."""
    violation_code: str = Field(max_length=40)
    location: str = Field(max_length=200)
    latitude: float | None = None
    longitude: float | None = None
    speed_kmh: float | None = None
    limit_kmh: float | None = None
    lane: str | None = Field(default=None, max_length=20)
    state: str = Field(max_length=20)
    reading: dict[str, JsonValue] | None = Field(default=None, sa_type=JsonColumn)
    """What the recogniser said: backend and results, best first; None until it was asked."""


class EvidenceFile(Table, table=True):
    """One picture of a capture. The file itself lies in storage under its SHA-256, byte for byte as it
    came."""

    __tablename__ = "evidence_files"
    __table_args__ = (UniqueConstraint("capture_id", "position"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    capture_id: UUID = Field(foreign_key="captures.id")
    position: int
    sha256: str = Field(max_length=64, index=True)
    media_type: str = Field(max_length=40)
    width: int
    height: int
    taken_at: datetime = Field(sa_type=UtcDateTime)
