"""The embedded population register: a table of ours, filled by file, for demonstrations and tests."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from app.core import vault
from app.core.crypto import KeyRing
from app.core.db import Database, in_transaction
from app.services.registries.models import PopulationRecord
from app.services.registries.nik import Nik, Sex
from app.services.registries.population.port import Citizenship, PersonRecord, belongs_together

SEALED = ("nik", "name", "born_on", "kk_no", "address", "phone", "email", "sex", "citizenship", "guardians")
_TABLE = PopulationRecord.__table__  # type: ignore[attr-defined]


class TablePopulation:
    """`PopulationRegistry` on the table `population`."""

    def __init__(self, db: Database, keys: KeyRing) -> None:
        self._db, self._keys = db, keys

    async def check(self, nik: str, born_on: date, kk_no: str) -> PersonRecord | None:
        """See `PopulationRegistry.check`."""
        plain = await self._row(nik)
        together = belongs_together((plain["born_on"], plain["kk_no"]), born_on, kk_no)
        return _person(plain) if together else None

    async def find(self, nik: str) -> PersonRecord | None:
        """See `PopulationRegistry.find`."""
        return _person(await self._row(nik))

    async def _row(self, nik: str) -> Mapping[str, str | None]:
        """The fields as they were entered; all None for an unknown or erased person."""
        if in_transaction():
            raise RuntimeError("the population register was called inside a transaction")
        async with self._db.read() as connection:
            query = select(_TABLE).where(_TABLE.c.nik_bidx == self._keys.blind_index("nik", nik))
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return dict.fromkeys(SEALED)
            sealed = {name: row[f"{name}_enc"] for name in SEALED}
            return await vault.open_(connection, self._keys, row["key_id"], sealed)


def _person(plain: Mapping[str, str | None]) -> PersonRecord | None:
    nik = plain["nik"]
    if nik is None:
        return None
    return PersonRecord(
        nik=nik,
        name=plain["name"] or "",
        born_on=date.fromisoformat(plain["born_on"] or ""),
        address=plain["address"] or "",
        sex=Sex(plain["sex"]) if plain["sex"] else Nik(nik).sex,
        phone=plain["phone"],
        email=plain["email"],
        citizenship=Citizenship(plain["citizenship"] or Citizenship.WNI),
        guardians=tuple((plain["guardians"] or "").split()),
    )
