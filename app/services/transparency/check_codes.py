"""Check codes: each letter, message, receipt and document carries one; anybody may ask whether it is ours.

Forged notices are a known fraud. The answer holds what the paper shows anyway: kind, unit, subject and day,
but no person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_reference, normalise_reference, reference_is_valid
from app.core.texts import Text
from app.services.transparency.models import CheckCode
from app.services.transparency.tiles import Reader

Kind = Literal["letter", "message", "receipt", "document"]
PREFIX = "CEK"  # Indonesian for "check"
RANDOM_CHARACTERS = 12  # 60 bits: not to be guessed at the speed that the public door allows


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """Something that we did send or issue. `revoked_at` is set when it is no longer good."""

    code: str
    kind: str
    unit: str
    about: Text
    issued_at: datetime
    revoked_at: datetime | None
    leaf_id: UUID | None


async def issue(tx: Tx, kind: Kind, unit: str, about: Text, leaf_id: UUID | None = None) -> str:
    """A fresh code for something that goes out from `unit`; `about` is public and names no person."""
    code = new_reference(PREFIX, RANDOM_CHARACTERS)
    row = CheckCode(
        code=code,
        kind=kind,
        unit=unit,
        about_id=about.id,
        about_en=about.en,
        leaf_id=leaf_id,
        issued_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()
    return code


async def find(reader: Reader, typed: str) -> CheckedItem | None:
    """What carries this code, however it was typed; None: never sent by us."""
    code = normalise_reference(typed)
    if not reference_is_valid(code):
        return None
    query = select(CheckCode.__table__).where(col(CheckCode.code) == code)  # type: ignore[attr-defined]
    row = (await reader.execute(query)).one_or_none()
    if row is None:
        return None
    about = Text(row.about_id, row.about_en)
    return CheckedItem(row.code, row.kind, row.unit, about, row.issued_at, row.revoked_at, row.leaf_id)


async def revoke(tx: Tx, code: str) -> None:
    """The item is no longer good, such as a document that was replaced; a first revocation's time stays."""
    still_good = (col(CheckCode.code) == code) & col(CheckCode.revoked_at).is_(None)
    await tx.session.execute(update(CheckCode).where(still_good).values(revoked_at=tx.now))
