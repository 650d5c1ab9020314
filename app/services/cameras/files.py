"""A file of a capture, as it is handed in and as other rooms see it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from app.core.vault import FreshKey


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something of a camera's that lies sealed in storage as `stored_as`; `sha256` is of what it was before."""

    sha256: str
    stored_as: str
    key: FreshKey


@dataclass(frozen=True, slots=True)
class Image:
    """A picture (or the film) that was checked and lies in storage: sealed under a key of its own, as `originals.keep_original`
    does it. Width and height in pixels."""

    sha256: str
    media_type: str
    width: int
    height: int
    stored_as: str | None = None
    key: FreshKey | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFileView:
    """One picture of a capture, in the order in which it came. `sha256` is of the original; its bytes come from
    `originals.read_original` alone."""

    id: UUID
    sha256: str
    media_type: str
    width: int
    height: int
    taken_at: datetime
    stored_as: str | None
    key_id: UUID | None
    deleted_at: datetime | None


def file_view(row: RowMapping) -> EvidenceFileView:
    """A row of the files as other rooms see it."""
    names = ("id", "sha256", "media_type", "width", "height", "taken_at", "stored_as", "key_id", "deleted_at")
    return EvidenceFileView(**{name: row[name] for name in names})
