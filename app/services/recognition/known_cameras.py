"""Cameras whose key was right a moment ago: a door that takes hundreds of pictures a second asks the database once."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.core.actor import Actor
from app.core.db import Database
from app.services.identity.credentials import KeyPlace, check_camera
from app.services.recognition.hints import hints_for
from app.services.recognition.reading import Hints

BELIEVED = timedelta(seconds=5)
"""So long a key opens this door after it was disabled; nothing that comes through it is kept."""
MOST_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class KnownCamera:
    """A camera with a right key. `hints` say what is known of its pictures; `use_unnoted`, that its use has yet to be noted."""

    actor: Actor
    hints: Hints
    use_unnoted: bool


class KnownCameras:
    """Remembers digests of keys, never a key, and right ones alone: guessing is as slow as before."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[KnownCamera, datetime]] = {}

    async def check(self, db: Database, api_key: str, *, now: datetime) -> KnownCamera | None:
        """The camera of a header's key, at most `BELIEVED` old."""
        digest = hashlib.sha256(api_key.encode("utf-8", "replace")).digest()
        known = self._known.pop(digest, None)
        if known is not None and known[1] > now:
            self._known[digest] = known
            return known[0]
        async with db.read() as connection:
            check = await check_camera(connection, api_key, now=now, place=KeyPlace.HEADER)
            if check is None:
                return None
            hints = await hints_for(connection, UUID(check.actor.id), check.actor.unit or "")
        if len(self._known) >= MOST_KEYS:
            self._known.clear()
        camera = KnownCamera(check.actor, hints, check.use_unnoted)
        self._known[digest] = (replace(camera, use_unnoted=False), now + BELIEVED)
        return camera
