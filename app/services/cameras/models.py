"""What cameras sent: messages, captures with their evidence; the register of the devices, and how they fare. Only this
room writes these tables."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, JsonValue, Table, UtcDateTime
from app.core.ids import new_id

_UNSEALED = text("stored_as IS NULL AND deleted_at IS NULL")
_IDLE = text("idle_since IS NOT NULL")


class CameraDevice(Table, table=True):
    """What is known of a camera beside its key: where it stands and looks, what it may accuse of, and its certificate,
    which the owner of a ticket sees next to the evidence."""

    __tablename__ = "camera_devices"

    credential_id: UUID = Field(primary_key=True, foreign_key="credentials.id")
    model: str | None = Field(default=None, max_length=120)
    certificate_no: str | None = Field(default=None, max_length=80)
    certificate_until: date | None = None
    calibrated_on: date | None = None
    calibrated_until: date | None = None
    place: str | None = Field(default=None, max_length=200)
    """As it stands in the letter."""
    latitude: float | None = None
    longitude: float | None = None
    heading: int | None = None
    """Degrees from north, clockwise, into which it looks."""
    lens: str | None = Field(default=None, max_length=80)
    zone: str | None = Field(default=None, max_length=4)
    """What its local times mean: WIB, WITA, WIT or UTC; None as its unit."""
    limit_kmh: float | None = None
    allowed: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    """Codes of the violations that it may hand in; empty for all."""
    accuses: str | None = Field(default=None, max_length=40)
    """The violation that a message in a vendor's form is about; None for a camera that only sees who passes."""
    confidence_of: int | None = None
    """What its confidence is out of, where its vendor's form leaves that to the device (Dahua): 100 or 255."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class CameraHour(Table, table=True):
    """How one camera fared in one hour, by our clock. Kept for the plots of its health."""

    __tablename__ = "camera_hours"

    device_id: UUID = Field(primary_key=True, foreign_key="credentials.id")
    hour: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    messages: int = 0
    refused: int = 0
    reads: int = 0
    last_at: datetime = Field(sa_type=UtcDateTime)
    drift_s: float | None = None
    """Its clock less ours; of all messages the one that was least late, which alone says something of the clock."""
    sharpness: float | None = None
    brightness: float | None = None


class CameraMessage(Table, table=True):
    """A message in a vendor's form. It lies in storage until it was understood, sealed under a key of its own as `stored_as` (None:
    from before messages were sealed, plain under its SHA-256); what it said then stands in `passage`. `sha256` is of what was
    kept, before it was sealed."""

    __tablename__ = "camera_messages"
    __table_args__ = (
        UniqueConstraint("device_id", "sha256"),
        Index("ix_camera_messages_state", "state", "received_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    device_id: UUID = Field(foreign_key="credentials.id")
    vendor: str = Field(max_length=20)
    sha256: str = Field(max_length=64)
    stored_as: str | None = Field(default=None, max_length=64, index=True)
    key_id: UUID | None = Field(default=None, foreign_key="data_keys.id")
    received_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(max_length=12)
    why: dict[str, JsonValue] | None = Field(default=None, sa_type=JsonColumn)
    """Why it was refused or is about no vehicle, in both languages."""
    capture_id: UUID | None = Field(default=None, foreign_key="captures.id", index=True)
    passage: dict[str, JsonValue] | None = Field(default=None, sa_type=JsonColumn)


class Capture(Table, table=True):
    """One suspected violation as a camera told it. `body_key` makes a repeated message the same capture: it
    is the device with the device's own capture id, or, where the device numbers nothing, with the digest of
    all it sent."""

    __tablename__ = "captures"
    __table_args__ = (
        Index("ix_captures_device_received", "device_id", "received_at"),
        Index("ix_captures_idle_since", "idle_since", sqlite_where=_IDLE, postgresql_where=_IDLE),
    )

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
    idle_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when it is known that no case needs it: it was read and accuses nobody."""


class EvidenceFile(Table, table=True):
    """One picture of a capture, or its film. `sha256` is of the original, byte for byte as it came; the store holds it sealed
    under a key of its own, as `stored_as` (None: from before originals were sealed, plain under its SHA-256). Deleted by policy
    the row stays as long as its capture, without a key."""

    __tablename__ = "evidence_files"
    __table_args__ = (
        UniqueConstraint("capture_id", "position"),
        Index(
            "ix_evidence_files_unsealed",
            "capture_id",
            sqlite_where=_UNSEALED,
            postgresql_where=_UNSEALED,
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    capture_id: UUID = Field(foreign_key="captures.id")
    position: int
    sha256: str = Field(max_length=64, index=True)
    media_type: str = Field(max_length=40)
    width: int
    height: int
    taken_at: datetime = Field(sa_type=UtcDateTime)
    stored_as: str | None = Field(default=None, max_length=64, index=True)
    key_id: UUID | None = Field(default=None, foreign_key="data_keys.id")
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EvidenceDeletion(Table, table=True):
    """Evidence that a policy no longer keeps, deleted in one go: how many captures and files, of which class, by whose policy.

    `root` commits to the single captures (`DeletedCapture`). The keys are destroyed and the rows gone at `begun_at`; `gone_at` is
    when the store had confirmed the last object, and `leaf_id` the record of it in the public log."""

    __tablename__ = "evidence_deletions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(max_length=20)
    polda_code: str = Field(max_length=60)
    policy_id: UUID = Field(foreign_key="policies.id")
    hours: int
    captures: int
    files: int
    root: str = Field(max_length=64)
    begun_at: datetime = Field(sa_type=UtcDateTime, index=True)
    gone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leaf_id: UUID | None = Field(default=None, foreign_key="leaves.id")


class DeletedCapture(Table, table=True):
    """That the evidence of a capture went with a deletion. `digest` is of the capture's id and its files' SHA-256: who holds both
    can prove which deletion it was, nobody else learns anything."""

    __tablename__ = "deleted_captures"

    deletion_id: UUID = Field(primary_key=True, foreign_key="evidence_deletions.id")
    capture_id: UUID = Field(primary_key=True, index=True)
    digest: str = Field(max_length=64)


class DoomedObject(Table, table=True):
    """An object that has to go from the store: noted in the transaction that deletes what named it, removed once the store has
    confirmed. Whoever is killed in between leaves it to the next run."""

    __tablename__ = "doomed_objects"

    object_name: str = Field(primary_key=True, max_length=64)
    deletion_id: UUID | None = Field(default=None, foreign_key="evidence_deletions.id", index=True)
    doomed_at: datetime = Field(sa_type=UtcDateTime)
