"""The registers as this software needs them: what is known under a key, and a way to have something entered.

Ask them between transactions: any of them may be somebody else's server. One that is down costs its own answers alone.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, overload

from app.services.registries.keyed.kinds import kind_of
from app.services.registries.keyed.records import (
    CriminalRecord,
    HealthCheck,
    Insurance,
    JknMembership,
    Licence,
    PsychologyTest,
    Record,
    VehicleTax,
)

R = TypeVar("R", bound=Record)
Found: TypeAlias = tuple[Licence, ...] | Record | None
_REQUEST_ID = re.compile(r"[A-Za-z0-9:._-]{1,64}", re.ASCII)


class RegisterAdapter(Protocol[R]):
    """One register: the embedded table or somebody's server. Keys are canonical. Raises RuntimeError in a transaction."""

    async def find(self, key: str) -> tuple[R, ...]:
        """What is known under this key; empty where nothing is."""
        ...

    async def record(self, key: str, record: R, request_id: str) -> None:
        """Have it entered, in place of what stood there. Raises REGISTRY_REQUEST_REUSED."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Registers:
    """All registers that are looked up by one key, by name: licences, records, health, psychology and jkn by NIK, tax and
    insurance by plate."""

    def __init__(self, adapters: Mapping[str, RegisterAdapter[Any]]) -> None:
        self._adapters = adapters

    @overload
    async def find(self, name: Literal["licences"], key: str) -> tuple[Licence, ...]: ...
    @overload
    async def find(self, name: Literal["records"], key: str) -> CriminalRecord | None: ...
    @overload
    async def find(self, name: Literal["tax"], key: str) -> VehicleTax | None: ...
    @overload
    async def find(self, name: Literal["insurance"], key: str) -> Insurance | None: ...
    @overload
    async def find(self, name: Literal["health"], key: str) -> HealthCheck | None: ...
    @overload
    async def find(self, name: Literal["psychology"], key: str) -> PsychologyTest | None: ...
    @overload
    async def find(self, name: Literal["jkn"], key: str) -> JknMembership | None: ...
    @overload
    async def find(self, name: str, key: str) -> Found: ...

    async def find(self, name: str, key: str) -> Found:
        """What this register says of a NIK or plate, typed in any way; None where it knows nothing.

        Of licences a person may have one of each class: a tuple, empty where there is none. Raises UPSTREAM_UNAVAILABLE,
        BUSY and REGISTRY_ANSWER_WRONG where a remote register gives no good answer (`means_down`).
        """
        kind = kind_of(name)
        canonical = kind.key_of(key)
        found = () if canonical is None else await self._adapters[name].find(canonical)
        if kind.part_of is not None:
            return found
        return found[0] if found else None

    async def record(self, name: str, key: str, record: Record, *, request_id: str) -> None:
        """Have a record entered: a licence that was issued, a tax that was paid. The same `request_id` again changes
        nothing, not even when something newer stands there by now.

        Raises UPSTREAM_UNAVAILABLE, BUSY, REGISTRY_ANSWER_WRONG, and REGISTRY_REQUEST_REUSED for another record under a
        request id that was used; TypeError and ValueError for what no register would hold.
        """
        kind = kind_of(name)
        kind.written(record)
        canonical = kind.key_of(key)
        if canonical is None or not _REQUEST_ID.fullmatch(request_id):
            raise ValueError(f"no key of the register {name}, or a request id of other than 1 to 64 plain characters")
        await self._adapters[name].record(canonical, record, request_id)

    async def aclose(self) -> None:
        """Close the connections."""
        for adapter in self._adapters.values():
            await adapter.aclose()
