"""Personal data at rest: encrypted by field, with a data key per person, wrapped by the key ring (UU 27/2022 art. 16).

Destroying a person's data key erases everything sealed with it, in every table and every backup at once. A row that
holds personal data names its `data_key_id` and keeps ciphertexts in ``*_enc`` columns; search goes over ``*_bidx``
blind indexes (`KeyRing.blind_index`).
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import Field, col

from app.core.crypto import KeyRing, open_bytes_with, open_pieces_with, open_with, seal_bytes_with, seal_with
from app.core.db import Table, Tx, UtcDateTime
from app.core.ids import new_id

_KEY_BYTES = 32


class DataKey(Table, table=True):
    """The data key of one person, wrapped by the personal ring; `wrapped` is None once it was destroyed."""

    __tablename__ = "data_keys"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_bidx: str | None = Field(default=None, unique=True, max_length=64)
    wrapped: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A data key of a thing (a camera's picture) that was made before the transaction that keeps it: what it sealed lies in the
    store by then. Lost with a transaction that fails, and with it what it sealed."""

    id: UUID
    plain: bytes
    wrapped: str


def fresh_key(keys: KeyRing) -> FreshKey:
    """A new data key, wrapped under the ring; nothing is written yet."""
    key_id, plain = new_id(), secrets.token_bytes(_KEY_BYTES)
    return FreshKey(key_id, plain, keys.seal("personal", plain, key_id.bytes))


async def keep_keys(tx: Tx, fresh: Iterable[FreshKey]) -> None:
    """Write fresh keys down, before the rows that name them."""
    tx.session.add_all(DataKey(id=each.id, wrapped=each.wrapped, created_at=tx.now) for each in fresh)
    await tx.session.flush()


async def key_for_person(tx: Tx, nik: str | None) -> UUID:
    """The id of this person's data key, made when there is none; a fresh unlinked one when the NIK is not known."""
    bidx = tx.house.keys.blind_index("nik", nik) if nik else None
    if bidx is not None:
        query = select(col(DataKey.id)).where(col(DataKey.person_bidx) == bidx, col(DataKey.wrapped).is_not(None))
        found = (await tx.session.execute(query)).scalar_one_or_none()
        if found is not None:
            return found
        # An erased person who comes back gets a new key: the tombstone gives up its index.
        await tx.session.execute(update(DataKey).where(col(DataKey.person_bidx) == bidx).values(person_bidx=None))
    key_id = new_id()
    wrapped = tx.house.keys.seal("personal", secrets.token_bytes(_KEY_BYTES), key_id.bytes)
    tx.session.add(DataKey(id=key_id, person_bidx=bidx, wrapped=wrapped, created_at=tx.now))
    await tx.session.flush()
    return key_id


async def seal(tx: Tx, key_id: UUID, values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Ciphertexts for the given fields; None stays None. The field's name is bound in, so columns cannot be swapped."""
    key = await _unwrapped(tx.session, tx.house.keys, key_id)
    if key is None:
        raise ValueError(f"data key {key_id} was destroyed")
    return {
        name: None if value is None else seal_with(key, value.encode(), name.encode()) for name, value in values.items()
    }


async def open_(
    source: AsyncSession | AsyncConnection, keys: KeyRing, key_id: UUID, values: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The plain fields again; all None once the person was erased. `values` must use the names they were sealed with."""
    key = await _unwrapped(source, keys, key_id)
    if key is None:
        return dict.fromkeys(values)
    return {
        name: None if value is None else open_with(key, value, name.encode()).decode() for name, value in values.items()
    }


async def seal_bytes(
    source: AsyncSession | AsyncConnection, keys: KeyRing, key_id: UUID, data: bytes, *, name: str
) -> bytes:
    """Bytes as they may lie in the object store: unreadable once the key is destroyed. `name` is bound in, as in `seal`."""
    key = await _unwrapped(source, keys, key_id)
    if key is None:
        raise ValueError(f"data key {key_id} was destroyed")
    return seal_bytes_with(key, data, name.encode())


async def open_bytes(
    source: AsyncSession | AsyncConnection, keys: KeyRing, key_id: UUID, sealed: bytes, *, name: str
) -> bytes | None:
    """The plain bytes again; None once the person was erased."""
    key = await _unwrapped(source, keys, key_id)
    return None if key is None else open_bytes_with(key, sealed, name.encode())


async def open_file(
    source: AsyncSession | AsyncConnection, keys: KeyRing, key_id: UUID, sealed: BinaryIO, *, name: str
) -> BinaryIO | None:
    """A stream of what `crypto.seal_pieces_with` sealed; None once the key was destroyed. Reading blocks."""
    key = await _unwrapped(source, keys, key_id)
    return None if key is None else open_pieces_with(key, sealed, name.encode())


async def is_somebodys(tx: Tx, key_id: UUID) -> bool:
    """Whether this is the one key of a NIK, under which every room keeps that person's data; no account may end it."""
    query = select(col(DataKey.person_bidx)).where(col(DataKey.id) == key_id)
    return (await tx.session.execute(query)).scalar_one_or_none() is not None


async def destroy(tx: Tx, key_id: UUID) -> None:
    """Erase a person: the wrapped key goes, and with it every field that it sealed."""
    values = {"wrapped": None, "destroyed_at": tx.now}
    await tx.session.execute(update(DataKey).where(col(DataKey.id) == key_id).values(**values))


async def forget(tx: Tx, key_id: UUID) -> None:
    """Drop the row of a destroyed key that was nobody's own and that no row names any more."""
    unlinked = col(DataKey.person_bidx).is_(None), col(DataKey.wrapped).is_(None)
    await tx.session.execute(delete(DataKey).where(col(DataKey.id) == key_id, *unlinked))


async def rewrap(tx: Tx, limit: int) -> int:
    """Wrap up to `limit` data keys again under the key that the ring uses now; returns how many were."""
    current = tx.house.keys.current_id("personal") + "."
    query = (
        select(DataKey)
        .where(col(DataKey.wrapped).is_not(None), ~col(DataKey.wrapped).startswith(current, autoescape=True))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await tx.session.execute(query)).scalars().all()
    for row in rows:
        plain = tx.house.keys.open("personal", row.wrapped or "", row.id.bytes)
        row.wrapped = tx.house.keys.seal("personal", plain, row.id.bytes)
    return len(rows)


async def _unwrapped(source: AsyncSession | AsyncConnection, keys: KeyRing, key_id: UUID) -> bytes | None:
    wrapped = (await source.execute(select(col(DataKey.wrapped)).where(col(DataKey.id) == key_id))).scalar_one_or_none()
    return None if wrapped is None else keys.open("personal", wrapped, key_id.bytes)
