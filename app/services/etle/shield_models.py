"""The shield of a plate that was cloned, or might be: what the owner's vehicle looks like, and where another one was seen."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id


class PlateShield(Table, table=True):
    """What an owner has registered once of a vehicle. Marks and photographs are sealed under the owner's data key."""

    __tablename__ = "plate_shields"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    vehicle_id: str = Field(max_length=80, index=True)
    plate: str = Field(max_length=20)
    person_id: UUID = Field(index=True)
    """The account that registered it; its NIK was the registered owner's then."""
    key_id: UUID = Field(foreign_key="data_keys.id")
    colour: str = Field(max_length=40)
    marks_enc: str
    first_sha256: str = Field(max_length=64)
    second_sha256: str = Field(max_length=64)
    registered_at: datetime = Field(sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ForgerSighting(Table, table=True):
    """A hit on a shielded plate whose vehicle was not the owner's. All of one shield are the forger's file."""

    __tablename__ = "forger_sightings"

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    shield_id: UUID = Field(foreign_key="plate_shields.id", index=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    location: str = Field(max_length=200)
    noted_at: datetime = Field(sa_type=UtcDateTime)
    noted_by: str = Field(max_length=80)
