"""Drawing a scarce day: a permutation of all who asked, from the log alone. Pure, so that anybody can do it again."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.db import JsonValue

POOL_KIND = "slot_draw_pool"
_LABEL = b"loket-slots/1\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """One ask in the pool: an opaque id, and the starts that would do, the dearest first; none means any."""

    id: UUID
    wishes: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """What the log holds before the lot falls: the places of the day, and who asked."""

    draw: UUID
    places: Mapping[datetime, int]
    ends: Mapping[datetime, datetime]
    asks: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One ask in drawn order, with the start that it got, or None."""

    id: UUID
    starts_at: datetime | None


def drawn_order(ids: Iterable[UUID], *, root: bytes, commitment: bytes) -> list[UUID]:
    """The asks in the order of SHA-256 over the deciding checkpoint's root, the pool leaf's commitment and the ask's id
    (16 bytes). Nobody knows the root while asks are taken, and every order is as likely as any other."""
    return sorted(ids, key=lambda each: hashlib.sha256(_LABEL + root + commitment + each.bytes).digest())


def places_drawn(pool: Pool, *, root: bytes, commitment: bytes) -> list[Drawn]:
    """Each in drawn order gets the dearest of their wishes that is still free, or the earliest slot if they named none."""
    left = dict(sorted(pool.places.items()))
    wishes = {each.id: each.wishes for each in pool.asks}
    drawn = []
    for ask in drawn_order(wishes, root=root, commitment=commitment):
        start = next((each for each in wishes[ask] or left if left.get(each, 0) > 0), None)
        if start is not None:
            left[start] -= 1
        drawn.append(Drawn(ask, start))
    return drawn


def pool_of(body: Mapping[str, JsonValue]) -> Pool:
    """The pool that a leaf's body holds; ValueError for what is none."""
    if body.get("kind") != POOL_KIND:
        raise ValueError("the record is no pool of a drawn day")
    slots = _objects(body, "slots")
    places = {_instant(each.get("starts_at")): _count(each.get("free")) for each in slots}
    ends = {_instant(each.get("starts_at")): _instant(each.get("ends_at")) for each in slots}
    asks = tuple(
        Asked(_id(each.get("id")), tuple(_instant(wish) for wish in _list(each, "wishes")))
        for each in _objects(body, "asks")
    )
    if len({each.id for each in asks}) != len(asks):
        raise ValueError("an ask stands in the pool once")
    return Pool(_id(body.get("draw")), places, ends, asks)


def _objects(body: Mapping[str, JsonValue], name: str) -> Sequence[Mapping[str, JsonValue]]:
    found = [each for each in _list(body, name) if isinstance(each, dict)]
    if len(found) != len(_list(body, name)):
        raise ValueError(f"{name} must hold objects")
    return found


def _list(body: Mapping[str, JsonValue], name: str) -> Sequence[JsonValue]:
    value = body.get(name)
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")
    return value


def _id(value: JsonValue) -> UUID:
    if not isinstance(value, str):
        raise ValueError("an id must be text")
    return UUID(value)


def _instant(value: JsonValue) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a start must be text")
    return datetime.fromisoformat(value)


def _count(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("free places are a whole number")
    return value
