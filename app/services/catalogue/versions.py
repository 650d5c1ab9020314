"""Versions of service files: a case stays on the text that it began with, whatever the catalogue says meanwhile."""

from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_id
from app.services.catalogue.models import ServiceVersion
from app.services.catalogue.parsing import parse
from app.services.catalogue.problems import SERVICE_NOT_FOUND
from app.services.catalogue.reading import Faults
from app.services.catalogue.service import Service

Reader = AsyncConnection | AsyncSession
_TABLE = ServiceVersion.__table__  # type: ignore[attr-defined]


async def keep_version(tx: Tx, service: Service) -> UUID:
    """The id under which this text is kept; kept now when it is new. Two who begin at once get the same."""
    found = await _find(tx.session, service.digest)
    if found is not None:
        return found
    insert = insert_postgresql if tx.house.db.dialect == "postgresql" else insert_sqlite
    row = {
        "id": new_id(),
        "service_code": service.code,
        "version": service.version,
        "digest": service.digest,
        "body": service.body,
        "kept_at": tx.now,
    }
    await tx.session.execute(insert(_TABLE).values(row).on_conflict_do_nothing(index_elements=["digest"]))
    kept = await _find(tx.session, service.digest)
    if kept is None:
        raise RuntimeError(f"the version {service.digest} of {service.code} was not kept")
    return kept


async def service_version(reader: Reader, id: UUID) -> Service:
    """The service as it stands in a kept version. Raises SERVICE_NOT_FOUND for an id that is none."""
    body = (
        await reader.execute(select(col(ServiceVersion.body)).where(col(ServiceVersion.id) == id))
    ).scalar_one_or_none()
    if body is None:
        raise SERVICE_NOT_FOUND(code=id)
    return _parsed(body)


async def _find(session: AsyncSession, digest: str) -> UUID | None:
    query = select(col(ServiceVersion.id)).where(col(ServiceVersion.digest) == digest)
    found: UUID | None = (await session.execute(query)).scalar_one_or_none()
    return found


@lru_cache(maxsize=128)
def _parsed(body: str) -> Service:
    """Read again without the checks: the fees and rules of its time may be gone, and the case stands on it all the same."""
    faults = Faults("kept version")
    service = parse(body.encode(), faults)
    if service is None or faults.found:
        raise RuntimeError(
            f"a kept version of a service can no longer be read: {[str(each) for each in faults.found][:3]}"
        )
    return service
