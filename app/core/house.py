"""The House: everything that doors, jobs and rules may ask for, built once in `app.wiring`.

There is no mutable module state (metrics and the catalogue of problem types apart); a test builds its own house.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from app.core.clock import Clock
from app.core.config import Settings
from app.core.crypto import KeyRing, TokenSigner
from app.core.db import Database
from app.core.storage import ObjectStorage

T = TypeVar("T")


@dataclass(frozen=True)
class House:
    """Settings, database, clock, storage and keys by name; what rooms bring along by type: ``house[VehicleRegistry]``."""

    settings: Settings
    db: Database
    clock: Clock
    storage: ObjectStorage
    keys: KeyRing
    signer: TokenSigner
    parts: Mapping[type, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.db.move_in(self)

    def __getitem__(self, kind: type[T]) -> T:
        """The one instance registered for this type; KeyError when wiring has none."""
        try:
            return cast(T, self.parts[kind])
        except KeyError:
            raise KeyError(f"the house has no {kind.__name__}; register it in app/wiring.py") from None

    async def close(self) -> None:
        """Let go of connections."""
        for part in self.parts.values():
            close = getattr(part, "aclose", None)
            if close is not None:
                await close()
        await self.db.close()
