"""A settlement file becomes bookings: read once to believe it, read again to book it, a thousand lines at a time.

Durable without a note of where it stood: whoever takes the work up reads the file again from its beginning, and the key
of each line says what is booked already. So it may be killed at any line, and may even run twice at once.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.crypto import CannotOpen
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id
from app.core.storage import ObjectMissing
from app.core.texts import Text
from app.services import transparency
from app.services.billing.banks import bank_profile
from app.services.billing.settlement import corrections, exceptions, posting
from app.services.billing.settlement.early_lines import SETTLE_LEFT_BEHIND
from app.services.billing.settlement.lines import BadStatement, StatementFoot, StatementHead
from app.services.billing.settlement.models import FileState, SettlementFile, SettlementStatement
from app.services.billing.settlement.posting import Place
from app.services.billing.settlement.reading import Chunk, read_file
from app.services.billing.settlement.receiving import IMPORT
from app.services.billing.settlement.survey import (
    BankOf,
    Found,
    NotTheirs,
    Survey,
    bank_of,
    gaps,
    polda_by_unit,
    series_of,
    survey,
)

IDLE = timedelta(minutes=10)
"""A file that nobody has touched for so long lost its worker."""
GAP, UNREADABLE, NOT_THEIRS, LOST = "gap", "unreadable", "not_theirs", "lost"
_LOST = Text(
    "Berkas di penyimpanan hilang atau berubah; kirimkan lagi", "The stored file is gone or was altered; send it again"
)
Watcher = Callable[[SettlementFile], None]


@dataclass(frozen=True, slots=True)
class _Work:
    """What stays the same while one file is booked."""

    file: SettlementFile
    bank: BankOf
    poldas: dict[str, str | None]
    accepted: bool


def _nobody(_file: SettlementFile) -> None:
    return None


async def import_file(house: House, file_id: str, *, watch: Watcher = _nobody) -> None:
    """Read, believe and book one file; done or refused already: nothing. `watch` is called as it goes on.

    Files of one bank pass one after the other: who finds another at work leaves, and that one starts this one at its end.
    """
    work = await _claim(house, UUID(file_id))
    if work is None:
        return
    try:
        made = await survey(house, work.file, work.bank)
    except (BadStatement, NotTheirs) as fault:
        code = UNREADABLE if isinstance(fault, BadStatement) else NOT_THEIRS
        await _refuse(house, work, code, fault.text)
        return
    except (ObjectMissing, CannotOpen):
        await _refuse(house, work, LOST, _LOST)
        return
    async with house.db.read() as connection:
        found = [] if work.accepted else await gaps(connection, work.file, made)
    if found:
        await _refuse(house, work, GAP, found[0].text)
        return
    await _book(house, work, made, watch)


async def _claim(house: House, file_id: UUID) -> _Work | None:
    async with house.db.begin(SYSTEM) as tx:
        file = await tx.one(SettlementFile, file_id)
        if file is None or file.state in (FileState.DONE, FileState.REFUSED):
            return None
        await tx.serialise(f"settlement {file.bank}")
        file = await tx.lock(SettlementFile, file_id)
        bank = await bank_of(tx.session, file.bank) if file is not None else None
        if file is None or bank is None or await _another_at_work(tx, file):
            return None
        file.state, file.touched_at = FileState.READING, tx.now
        accepted = await exceptions.gap_accepted(tx.session, file_id)
        return _Work(file, bank, await polda_by_unit(tx.session), accepted)


async def _another_at_work(tx: Tx, file: SettlementFile) -> bool:
    query = select(col(SettlementFile.id)).where(
        col(SettlementFile.bank) == file.bank,
        col(SettlementFile.id) != file.id,
        col(SettlementFile.state) == FileState.READING,
        col(SettlementFile.touched_at) > tx.now - IDLE,
    )
    return (await tx.session.execute(query.limit(1))).first() is not None


# --- the second reading -------------------------------------------------------------------------------------------


async def _book(house: House, work: _Work, made: Survey, watch: Watcher) -> None:
    done, number, place, resumed = 0, -1, None, False
    await _begin_booking(house, work, made)
    async for part in read_file(house, work.file, work.bank.profile):
        if isinstance(part, StatementHead):
            number += 1
            place, resumed = await _begin_statement(house, work, made.statements[number])
        elif isinstance(part, Chunk) and place is not None:
            done += len(part.lines)
            if not resumed or done > work.file.lines_done:
                watch(await _post_chunk(house, work, place, part, done))
        elif isinstance(part, StatementFoot) and place is not None:
            await _end_statement(house, place)
    watch(await _finish(house, work, made))


async def _begin_booking(house: House, work: _Work, made: Survey) -> None:
    async with house.db.begin(SYSTEM) as tx:
        file = await _file(tx, work.file.id)
        file.lines_total, file.touched_at = made.lines, tx.now


async def _begin_statement(house: House, work: _Work, found: Found) -> tuple[Place, bool]:
    """The statement's row: this import's own from before it was interrupted (True: its first lines may be booked), or the next version."""
    async with house.db.begin(SYSTEM) as tx:
        await tx.serialise(f"settlement {work.bank.client_id}")
        newest = await _newest_version(tx, work, found)
        resumed = newest is not None and newest.file_id == work.file.id
        if newest is None or not resumed:
            newest = _new_version(work, found, newest)
            tx.session.add(newest)
            await tx.session.flush()
    place = Place(
        file_id=work.file.id,
        bank=work.bank,
        unit=work.file.unit,
        series_id=newest.series_id,
        statement_id=newest.id,
        number=found.number,
        contract_fee=bank_profile(work.bank.profile).settlement_fee,
        poldas=work.poldas,
    )
    return place, resumed


async def _newest_version(tx: Tx, work: _Work, found: Found) -> SettlementStatement | None:
    query = select(SettlementStatement).where(
        col(SettlementStatement.bank) == work.bank.client_id,
        col(SettlementStatement.unit) == (work.file.unit or ""),
        col(SettlementStatement.account_no) == found.account_no,
        col(SettlementStatement.statement_no) == found.number,
    )
    newest = query.order_by(col(SettlementStatement.version).desc()).limit(1)
    return (await tx.session.execute(newest)).scalar_one_or_none()


def _new_version(work: _Work, found: Found, earlier: SettlementStatement | None) -> SettlementStatement:
    statement_id = new_id()
    series_id, version = series_of(statement_id, earlier)
    return SettlementStatement(
        id=statement_id,
        series_id=series_id,
        version=version,
        file_id=work.file.id,
        bank=work.bank.client_id,
        unit=work.file.unit or "",
        account_no=found.account_no,
        statement_no=found.number,
        first_day=found.first_day,
        last_day=found.last_day,
        opening=found.opening,
        closing=found.closing,
        lines=found.lines,
        gap=work.accepted,
    )


async def _post_chunk(house: House, work: _Work, place: Place, chunk: Chunk, done: int) -> SettlementFile:
    async with house.db.begin(SYSTEM) as tx:
        await tx.serialise(f"settlement {work.bank.client_id}")
        file = await _file(tx, work.file.id)
        new = await corrections.only_new(tx, place, chunk.lines)
        counts = await posting.post_lines(tx, place, new) if new else Counter[str]()
        file.touched_at, file.bytes_done = tx.now, max(file.bytes_done, chunk.bytes_done)
        file.lines_done, file.lines_new = max(file.lines_done, done), file.lines_new + len(new)
        file.counts = _added(file.counts, counts)
    return file


async def _end_statement(house: House, place: Place) -> None:
    """Undo what the corrected statement no longer has, and call it posted: the next day may follow."""
    left = corrections.BATCH
    while left == corrections.BATCH:
        async with house.db.begin(SYSTEM) as tx:
            await tx.serialise(f"settlement {place.bank.client_id}")
            await _touch(tx, place.file_id)
            left = await corrections.end_unseen(tx, place)
    async with house.db.begin(SYSTEM) as tx:
        statement = await tx.lock(SettlementStatement, place.statement_id)
        if statement is not None and statement.posted_at is None:
            statement.posted_at = tx.now
            await exceptions.day_told(tx, statement)
            if statement.version > 1:  # a line that was the second of two may be the only one now
                await tx.enqueue(SETTLE_LEFT_BEHIND)


async def _finish(house: House, work: _Work, made: Survey) -> SettlementFile:
    async with house.db.begin(SYSTEM) as tx:
        file = await _file(tx, work.file.id)
        if file.state == FileState.DONE:
            return file
        file.state, file.done_at, file.touched_at = FileState.DONE, tx.now, tx.now
        file.bytes_done, file.lines_done = file.size_bytes, made.lines
        await exceptions.gap_closed(tx, file.id)
        await tell_log(tx, file)
        await start_next(tx, file)
    return file


async def _refuse(house: House, work: _Work, code: str, why: Text) -> None:
    async with house.db.begin(SYSTEM) as tx:
        file = await _file(tx, work.file.id)
        if file.state != FileState.READING:
            return
        file.state, file.done_at, file.touched_at = FileState.REFUSED, tx.now, tx.now
        file.refusal_code, file.refusal_id, file.refusal_en = code, why.id[:500], why.en[:500]
        if code == GAP:
            await exceptions.open_gap(tx, file)
        await tell_log(tx, file)
        await start_next(tx, file)


async def start_next(tx: Tx, file: SettlementFile) -> None:
    """Queue the bank's next waiting file, oldest first."""
    query = select(col(SettlementFile.id)).where(
        col(SettlementFile.bank) == file.bank,
        col(SettlementFile.id) != file.id,
        col(SettlementFile.state) == FileState.RECEIVED,
    )
    oldest = query.order_by(col(SettlementFile.received_at), col(SettlementFile.id)).limit(1)
    following = (await tx.session.execute(oldest)).scalar_one_or_none()
    if following is not None:
        await tx.enqueue(IMPORT, str(following))


async def tell_log(tx: Tx, file: SettlementFile) -> None:
    """What became of a file is a leaf: bank, hash and counts, and no payer."""
    body: dict[str, JsonValue] = {
        "file": str(file.id),
        "bank": file.bank,
        "unit": file.unit,
        "sha256": file.sha256,
        "state": str(file.state),
        "lines": file.lines_done,
        "new": file.lines_new,
        "counts": dict(file.counts),
        "refusal": file.refusal_code,
        "sent_by": {"kind": file.sent_by_kind, "id": file.sent_by},
        "at": tx.now.isoformat(),
    }
    await transparency.append(tx, "settlement_file", body)


async def _file(tx: Tx, file_id: UUID) -> SettlementFile:
    file = await tx.lock(SettlementFile, file_id)
    if file is None:
        raise LookupError(f"the settlement file {file_id} is gone")
    return file


async def _touch(tx: Tx, file_id: UUID) -> None:
    (await _file(tx, file_id)).touched_at = tx.now


def _added(before: dict[str, JsonValue], counts: Counter[str]) -> dict[str, JsonValue]:
    total = Counter({name: int(str(count)) for name, count in before.items()}) + counts
    return dict(sorted(total.items()))
