"""Settlement files as their senders and the counter see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from app.core.actor import Actor, ActorKind
from app.core.texts import Text
from app.services.billing.ledger import Reader
from app.services.billing.settlement.models import FileState, SettlementFile
from app.services.billing.settlement.problems import FILE_NOT_FOUND


@dataclass(frozen=True, slots=True)
class FileView:
    """A file and how far it is: `lines_done` of `lines_total` (None until it was read once) are looked at, `lines_new`
    of them booked. `counts` are the booked ones by what they turned out to be. `refusal`: nothing of it was taken."""

    id: UUID
    bank: str
    unit: str | None
    kind: str
    file_name: str | None
    sha256: str
    size_bytes: int
    state: FileState
    received_at: datetime
    done_at: datetime | None
    lines_total: int | None
    lines_done: int
    lines_new: int
    counts: Mapping[str, int]
    refusal_code: str | None
    refusal: Text | None


async def list_files(
    source: Reader, actor: Actor, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[FileView]:
    """The files that somebody may see, the newest first: a bank its own, staff those of their Polda."""
    query = _FILES.where(*_theirs(actor))
    if after is not None:
        at, id_ = after
        older = col(SettlementFile.received_at) < at
        query = query.where(older | ((col(SettlementFile.received_at) == at) & (col(SettlementFile.id) < id_)))
    query = query.order_by(col(SettlementFile.received_at).desc(), col(SettlementFile.id).desc()).limit(limit)
    return [_view(row) for row in (await source.execute(query)).mappings()]


async def get_file(source: Reader, actor: Actor, file_id: UUID) -> FileView:
    """One file. Raises FILE_NOT_FOUND, also for somebody else's."""
    query = _FILES.where(col(SettlementFile.id) == file_id, *_theirs(actor))
    row = (await source.execute(query)).mappings().one_or_none()
    if row is None:
        raise FILE_NOT_FOUND()
    return _view(row)


def _theirs(actor: Actor) -> Sequence[ColumnElement[bool]]:
    if actor.kind is ActorKind.BANK:
        return [col(SettlementFile.bank) == actor.id]
    return [] if actor.unit is None else [col(SettlementFile.unit) == actor.unit]


_SHOWN = tuple(each.name for each in fields(FileView) if each.name != "refusal")
_FILES = select(
    *(col(getattr(SettlementFile, name)) for name in (*_SHOWN, "refusal_id", "refusal_en")),
)


def _view(row: Mapping[Any, Any]) -> FileView:
    values = {name: row[name] for name in _SHOWN}
    refusal = Text(row["refusal_id"], row["refusal_en"]) if row["refusal_code"] else None
    counts = {str(name): int(count) for name, count in row["counts"].items()}
    return FileView(**{**values, "state": FileState(row["state"]), "counts": counts}, refusal=refusal)
