"""Tables of the catalogue: the versions that cases stand on, and which unit offers what."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class ServiceVersion(Table, table=True):
    """A service file's text as a case began with it. Never changed: what was promised then holds for that case."""

    __tablename__ = "service_versions"
    __table_args__ = (Index("ix_service_versions_service_code", "service_code", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service_code: str = Field(max_length=40)
    version: int
    digest: str = Field(max_length=64, unique=True)
    body: str = Field(sa_type=Text)
    kept_at: datetime = Field(sa_type=UtcDateTime)


class ServiceOffer(Table, table=True):
    """Whether a unit offers a service, where that differs from the default of `offers.yaml`.

    `from_date` is the first day (none: not offered yet), `target_on` the day by which it shall be. While `suspended_at`
    stands, the notice is shown instead of the form, to the end of `suspended_until` or without end.
    """

    __tablename__ = "service_offers"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    unit: str = Field(max_length=60)
    service_code: str = Field(max_length=40)
    from_date: date | None = None
    target_on: date | None = None
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_until: date | None = None
    notice_id: str | None = Field(default=None, max_length=500)
    notice_en: str | None = Field(default=None, max_length=500)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    changed_by: str = Field(max_length=200)
    leaf_id: UUID = Field(foreign_key="leaves.id")

    __table_args__ = (
        UniqueConstraint("service_code", "unit"),
        CheckConstraint(
            "(suspended_at IS NULL) = (notice_id IS NULL) AND (notice_id IS NULL) = (notice_en IS NULL)",
            name="suspended_iff_notice",
        ),
        CheckConstraint("suspended_at IS NOT NULL OR suspended_until IS NULL", name="until_if_suspended"),
        Index("ix_service_offers_unit", "unit"),
    )
