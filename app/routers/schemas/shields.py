"""Shields of cloned plates, as their owners and the reviewing officer see them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from app.services.etle.shield_models import ForgerSighting
from app.services.etle.views import ShieldView


class Shield(BaseModel):
    """What an owner has registered of a vehicle. `sightings`: how often another vehicle was seen with its plate."""

    id: UUID
    plate: str
    colour: str
    marks: str
    registered_at: datetime
    sightings: int

    @classmethod
    def of(cls, view: ShieldView) -> Self:
        """From the room's view."""
        return cls(
            id=view.id,
            plate=view.plate,
            colour=view.colour,
            marks=view.marks,
            registered_at=view.registered_at,
            sightings=view.sightings,
        )


class Shields(BaseModel):
    """A citizen's shields."""

    shields: list[Shield]


class Sighting(BaseModel):
    """One place where the other vehicle was seen."""

    case_id: UUID
    seen_at: datetime
    location: str

    @classmethod
    def of(cls, sighting: ForgerSighting) -> Self:
        """From the room's row."""
        return cls(case_id=sighting.case_id, seen_at=sighting.seen_at, location=sighting.location)


class ShieldOfCase(BaseModel):
    """The shield to compare a case with (null: its vehicle has none), and the file of the forger that it joined."""

    shield: Shield | None
    photos: list[str]
    forgers_file: list[Sighting]
