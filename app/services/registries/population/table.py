"""The embedded population register: a table of ours, filled by file, for demonstrations and tests."""

import hmac
from datetime import date

from sqlalchemy import select

from app.core import vault
from app.core.crypto import KeyRing
from app.core.db import Database, in_transaction
from app.services.registries.models import PopulationRecord
from app.services.registries.population.port import PersonRecord

SEALED = ("nik", "name", "born_on", "kk_no", "address", "phone", "email")
_TABLE = PopulationRecord.__table__  # type: ignore[attr-defined]


class TablePopulation:
    """`PopulationRegistry` on the table `population`."""

    def __init__(self, db: Database, keys: KeyRing) -> None:
        self._db, self._keys = db, keys

    async def check(self, nik: str, born_on: date, kk_no: str) -> PersonRecord | None:
        """See `PopulationRegistry.check`."""
        if in_transaction():
            raise RuntimeError("the population register was called inside a transaction")
        async with self._db.read() as connection:
            query = select(_TABLE).where(_TABLE.c.nik_bidx == self._keys.blind_index("nik", nik))
            row = (await connection.execute(query)).mappings().one_or_none()
            plain: dict[str, str | None] = dict.fromkeys(SEALED)
            if row is not None:
                plain = await vault.open_(
                    connection, self._keys, row["key_id"], {name: row[f"{name}_enc"] for name in SEALED}
                )
        right = [_same(plain["born_on"], born_on.isoformat()), _same(plain["kk_no"], kk_no)]
        if row is None or plain["nik"] is None or not all(right):
            return None
        return PersonRecord(
            nik=plain["nik"],
            name=plain["name"] or "",
            born_on=date.fromisoformat(plain["born_on"] or ""),
            address=plain["address"] or "",
            phone=plain["phone"],
            email=plain["email"],
        )


def _same(kept: str | None, given: str) -> bool:
    return hmac.compare_digest((kept or "").encode(), given.encode("utf-8", "replace")) and kept is not None
