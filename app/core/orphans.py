"""Objects in the store that no row names: left by an upload that was cut off, or by whoever was killed between store and
database. They are swept once they are old enough that no transaction can still be about to name them.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.house import House
from app.core.jobs import Job, Schedule

SAFE_AGE = timedelta(hours=48)
"""Every door names what it has stored within minutes, a page that shows a file before it is taken within the hour."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredNames:
    """Every column that names objects of the store, each with the rows in which it does. Registered in `app/wiring.py`; a house
    test fails on a column that is not listed."""

    columns: Sequence[tuple[Any, ColumnElement[bool] | None]]

    async def named(self, source: AsyncConnection | AsyncSession, names: Collection[str]) -> set[str]:
        """Those of these names that some row still names."""
        found: set[str] = set()
        for column, when in self.columns:
            query = select(col(column)).where(col(column).in_(names))
            found |= set((await source.execute(query if when is None else query.where(when))).scalars())
        return found


async def sweep_orphans(house: House) -> None:
    """Job: remove objects that nothing names and that are older than `SAFE_AGE`."""
    gone, before = 0, house.clock.now() - SAFE_AGE
    async for listed in house.storage.list_names():
        old = [each.name for each in listed if each.stored_at < before]
        if not old:
            continue
        async with house.db.read() as connection:
            named = await house[StoredNames].named(connection, old)
        for name in sorted(set(old) - named):
            gone += await _drop(house, name)
    if gone:
        log.info("%d objects that nothing named were removed from the store", gone)


async def _drop(house: House, name: str) -> bool:
    """Ask once more just before: the same bytes may have been stored again, and named, since the list was made."""
    stored_at = await house.storage.stored_at(name)
    async with house.db.read() as connection:
        named = await house[StoredNames].named(connection, [name])
    if named or stored_at is None or stored_at >= house.clock.now() - SAFE_AGE:
        return False
    await house.storage.delete(name)
    return True


JOBS: tuple[Job, ...] = (Job("store.sweep_orphans", sweep_orphans, attempts=1),)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("sweep-orphans", "0 50 18 * * *", "store.sweep_orphans"),
)  # 01:50 in Jakarta
