"""Files of verdicts, looked at before they are applied: only the very bytes that somebody has looked at are entered.

The file lies in the object storage by its hash, the row says who looked and who applied. Applying goes on in the
background, a verdict in its own transaction with the count of what is through: whoever takes it up after a crash goes on
from there. What a verdict on record says otherwise is reported, and never changed by a file.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, select
from sqlmodel import col

from app.core.actor import Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.problems import Problem
from app.core.texts import Text
from app.services.billing.ledger import insert_once
from app.services.etle.back_office import enter_verdict
from app.services.etle.models import VerdictFile
from app.services.etle.problems import VERDICT_FILE_FAULTY as FILE_FAULTY
from app.services.etle.problems import VERDICT_FILE_NOT_FOUND as FILE_NOT_FOUND
from app.services.etle.verdicts import BadVerdictFile, Outcome, VerdictLine, look, read_file
from app.services.identity.credentials import Reader

APPLY = "etle.apply_verdicts"
"""The job that enters a file's verdicts (`carry_out`)."""
COURT = Actor(ActorKind.SYSTEM, "court-file", frozenset({"court"}))
"""Who enters the verdicts of a file that an operator applied."""
ALL = ""
"""The unit of a file that an operator looked at: every Polda's tickets."""
NOT_ENTERED = (Outcome.OVER, Outcome.ABOVE)
"""Lines that a file does not enter, and that count as refused."""
MAX_NAME = 200
CHECKED, APPLYING, APPLIED, REFUSED = "checked", "applying", "applied", "refused"


@dataclass(frozen=True, slots=True)
class VerdictFileView:
    """A file and how far it is. The counts are of its last look; `done` lines of `lines` are through. `refused` lines are
    those that cannot be decided. `faults`: nothing of the file is taken."""

    id: UUID
    unit: str
    file_name: str
    sha256: str
    state: str
    lines: int
    done: int
    ready: int
    decided: int
    differs: int
    unknown: int
    imported: int
    refused: int
    faults: tuple[tuple[int, Text], ...]
    uploaded_at: datetime
    uploaded_by: str
    applied_at: datetime | None
    applied_by: str | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Looked:
    """A file with what each of its lines would do; none where it has faults."""

    file: VerdictFileView
    lines: tuple[VerdictLine, ...]


async def look_at(house: House, actor: Actor, data: bytes, *, name: str, unit: str) -> Looked:
    """Keep a file, and say what applying it would do; no ticket changes. The same bytes again are the same file."""
    sha256 = await house.storage.put(data)
    shown = "".join(each for each in name.replace("\\", "/").rpartition("/")[2] if each.isprintable())[:MAX_NAME]
    try:
        told = await asyncio.to_thread(read_file, data)
    except BadVerdictFile as bad:
        faults: list[JsonValue] = [{"line": each.line, "id": each.text.id, "en": each.text.en} for each in bad.faults]
        async with house.db.begin(actor) as tx:
            row = await _kept(tx, unit, sha256, shown or "-", state=REFUSED)
            row.faults = faults
            return Looked(_view(row.model_dump()), ())
    async with house.db.read() as connection:
        lines = await look(connection, told, unit=unit or None)
    async with house.db.begin(actor) as tx:
        row = await _kept(tx, unit, sha256, shown or "-", state=CHECKED)
        if row.state == CHECKED:
            _count(row, lines)
        return Looked(_view(row.model_dump()), tuple(lines))


async def look_again(house: House, actor: Actor, file_id: UUID) -> Looked:
    """A kept file, with what each of its lines would do by now. Raises FILE_NOT_FOUND."""
    async with house.db.read() as connection:
        file = await get_file(connection, actor.unit or ALL, file_id)
        if file.state == REFUSED:
            return Looked(file, ())
    told = await asyncio.to_thread(read_file, await house.storage.get(file.sha256))
    async with house.db.read() as connection:
        return Looked(file, tuple(await look(connection, told, unit=file.unit or None)))


async def apply(tx: Tx, file_id: UUID, unit: str) -> VerdictFileView:
    """Have the verdicts of a file entered that somebody has looked at. Again: nothing more happens.

    Raises FILE_NOT_FOUND, FILE_FAULTY.
    """
    row = await tx.lock(VerdictFile, file_id)
    if row is None or row.unit != unit:
        raise FILE_NOT_FOUND()
    if row.state == REFUSED:
        raise FILE_FAULTY()
    if row.state == CHECKED:
        row.state, row.applied_at, row.applied_by = APPLYING, tx.now, tx.actor.id
        row.done = row.ready = row.decided = row.differs = row.unknown = row.imported = row.refused = 0
        await tx.session.flush()
        await tx.enqueue(APPLY, str(row.id))
    return _view(row.model_dump())


async def carry_out(house: House, file_id: str) -> None:
    """Enter what is ready of an applied file, from where it stands; the job ``etle.apply_verdicts``. May run twice."""
    async with house.db.read() as connection:
        row = (await connection.execute(_FILES.where(col(VerdictFile.id) == UUID(file_id)))).mappings().one_or_none()
    if row is None or row["state"] != APPLYING:
        return
    file = _view(row)
    told = await asyncio.to_thread(read_file, await house.storage.get(file.sha256))
    async with house.db.read() as connection:
        lines = await look(connection, told[file.done :], unit=file.unit or None)
    by = COURT if file.applied_by == COURT.id else Actor(
        ActorKind.STAFF, file.applied_by or COURT.id, frozenset({"court"}), unit=file.unit
    )  # fmt: skip
    for place, line in enumerate(lines, start=file.done + 1):
        await _enter(house, by, file.id, place, line)
    async with house.db.begin(by) as tx:
        done = await tx.lock(VerdictFile, file.id)
        if done is not None and done.state == APPLYING and done.done == done.lines:
            done.state, done.finished_at = APPLIED, tx.now


async def get_file(source: Reader, unit: str, file_id: UUID) -> VerdictFileView:
    """One file of a unit. Raises FILE_NOT_FOUND."""
    query = _FILES.where(col(VerdictFile.id) == file_id, col(VerdictFile.unit) == unit)
    row = (await source.execute(query)).mappings().one_or_none()
    if row is None:
        raise FILE_NOT_FOUND()
    return _view(row)


async def find_checked(source: Reader, unit: str, sha256: str) -> VerdictFileView | None:
    """The file with these very bytes, if somebody of the unit has looked at it."""
    query = _FILES.where(col(VerdictFile.sha256) == sha256, col(VerdictFile.unit) == unit)
    row = (await source.execute(query)).mappings().one_or_none()
    return None if row is None else _view(row)


async def list_files(
    source: Reader, unit: str, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[VerdictFileView]:
    """The files of a unit, the newest first."""
    at, id_ = col(VerdictFile.uploaded_at), col(VerdictFile.id)
    query = _FILES.where(col(VerdictFile.unit) == unit)
    if after is not None:
        query = query.where((at < after[0]) | ((at == after[0]) & (id_ < after[1])))
    rows = await source.execute(query.order_by(at.desc(), id_.desc()).limit(limit))
    return [_view(row) for row in rows.mappings()]


async def _enter(house: House, by: Actor, file_id: UUID, place: int, line: VerdictLine) -> None:
    """One line, with its count, in one transaction; a verdict that the case refuses is counted, too."""
    if line.outcome is Outcome.READY and line.case_id is not None:
        try:
            async with house.db.begin(by) as tx:
                if await _through(tx, file_id, place, "imported"):
                    await enter_verdict(tx, line.case_id, fine=line.fine, cost=line.cost)
            return
        except Problem:  # it was annulled, or decided, a moment ago
            pass
    counted = "refused" if line.outcome in (Outcome.READY, *NOT_ENTERED) else str(line.outcome)
    async with house.db.begin(by) as tx:
        await _through(tx, file_id, place, counted)


async def _through(tx: Tx, file_id: UUID, place: int, counted: str) -> bool:
    """Count the line at this place as through; False where another worker has done so."""
    row = await tx.lock(VerdictFile, file_id)
    if row is None or row.done != place - 1:
        return False
    row.done = place
    setattr(row, counted, getattr(row, counted) + 1)
    await tx.session.flush()
    return True


async def _kept(tx: Tx, unit: str, sha256: str, name: str, *, state: str) -> VerdictFile:
    await insert_once(
        tx,
        VerdictFile,
        unit=unit,
        file_name=name,
        sha256=sha256,
        state=state,
        uploaded_at=tx.now,
        uploaded_by=tx.actor.id,
    )
    query = select(VerdictFile).where(col(VerdictFile.unit) == unit, col(VerdictFile.sha256) == sha256)
    return (await tx.session.execute(query.with_for_update())).scalar_one()


def _count(row: VerdictFile, lines: Sequence[VerdictLine]) -> None:
    counts = Counter(str(each.outcome) for each in lines)
    row.lines, row.refused = len(lines), sum(counts[each] for each in NOT_ENTERED)
    for name in (Outcome.READY, Outcome.DECIDED, Outcome.DIFFERS, Outcome.UNKNOWN):
        setattr(row, name, counts[name])


_FILES: Select[*tuple[Any, ...]] = select(*(col(getattr(VerdictFile, each.name)) for each in fields(VerdictFileView)))


def _view(row: RowMapping | dict[str, Any]) -> VerdictFileView:
    values = {each.name: row[each.name] for each in fields(VerdictFileView)}
    faults = tuple((int(each["line"]), Text(each["id"], each["en"])) for each in row["faults"])
    return VerdictFileView(**{**values, "faults": faults})
