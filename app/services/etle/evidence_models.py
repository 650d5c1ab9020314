"""The pictures that people are shown of the evidence: made of the originals once, with faces and other plates covered."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from app.core.db import Table, UtcDateTime


class ShownPicture(Table, table=True):
    """One picture of a capture as everybody sees it who has not opened the original, with the crop of its plate.

    Both lie in the store sealed under the original's own key. `plate` is the one on which the case stood when it was made, and
    `rules` the version of what is covered: where either is another by now, it is made anew. `photo_sha256` is of the JPEG as it is
    served; the leaf ties it to the original's."""

    __tablename__ = "shown_pictures"

    capture_id: UUID = Field(primary_key=True, foreign_key="captures.id")
    position: int = Field(primary_key=True)
    plate: str | None = Field(default=None, max_length=20)
    rules: int
    photo: str = Field(max_length=64)
    photo_sha256: str = Field(max_length=64)
    crop: str | None = Field(default=None, max_length=64)
    faces: int
    plates: int
    made_at: datetime = Field(sa_type=UtcDateTime)
    leaf_id: UUID = Field(foreign_key="leaves.id")
