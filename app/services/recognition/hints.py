"""What is known of a picture before it is read: which camera, which Polda."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.services import reference
from app.services.identity.models import Credential
from app.services.recognition.reading import Hints


async def hints_for(
    source: AsyncConnection | AsyncSession, device_id: UUID, unit: str, *, captured_at: datetime | None = None
) -> Hints:
    """Hints for a picture of this camera (its credential's id) and unit; what is not known is left out."""
    query = select(col(Credential.client_id)).where(col(Credential.id) == device_id)
    camera = (await source.execute(query)).scalar_one_or_none()
    found = await reference.find_unit(source, unit)
    polda = (reference.polda_of(found) or found.code) if found else None
    return Hints(camera=camera, polda=polda, captured_at=captured_at)
