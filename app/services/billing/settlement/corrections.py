"""A statement told again: what is the same stays, what differs is undone by an entry and booked anew.

The earlier lines stay for the auditor, ended by the version that no longer has them. What people or the bank's own
reversals have built on a line is not undone by a machine: such a line stands, and a difference tells a person.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select, text, update
from sqlmodel import col

from app.core.db import Tx
from app.services.billing import ledger
from app.services.billing.accounts import BANK, BANK_CHARGES, SUSPENSE, bank_clearing
from app.services.billing.ledger import Line
from app.services.billing.models import EntryKind
from app.services.billing.settlement import exceptions
from app.services.billing.settlement.lines import Direction, StatementLine
from app.services.billing.settlement.matching import DISMISS
from app.services.billing.settlement.models import (
    ExceptionKind,
    ExceptionState,
    Outcome,
    SettlementException,
    SettlementLine,
)
from app.services.billing.settlement.posting import Place

BATCH = 1000
CORRECTED = "dikoreksi bank / corrected by the bank"
_FIXED = (Outcome.REVERSED, Outcome.RETURNED, Outcome.PAYOUT)
"""Lines that have undone a payment, closed a difference or a refund: others have acted on it since."""
_EACH = text(
    "SELECT found.id FROM unnest(CAST(:references AS text[])) AS asked(reference) CROSS JOIN LATERAL (SELECT id FROM settlement_lines"
    " WHERE series_id = :series_id AND bank_reference = asked.reference AND ended_by IS NULL OFFSET 0) AS found"
)
"""The current lines of these references, each sought in the index by itself. `IN` leaves it to PostgreSQL's statistics, and those of a table
that is being filled know nothing of it yet: it went through all half a million lines of a series for each thousand of the file."""


async def only_new(tx: Tx, place: Place, lines: Sequence[StatementLine]) -> list[StatementLine]:
    """Those of the lines that are still to be booked. Lines that the bank now tells otherwise are undone on the way."""
    stored = await _stored(tx, place.series_id, [line.bank_reference for line in lines])
    new, same, changed = [], [], []
    for line in lines:
        row = stored.get((line.bank_reference, line.ordinal))
        if row is None:
            new.append(line)
        elif row.seen_in == place.statement_id:
            continue  # booked by this very import, before it was interrupted
        elif _says_the_same(row, line):
            same.append(row.id)
        else:
            changed.append((row, line))
    if same:
        seen = update(SettlementLine).where(col(SettlementLine.id).in_(same)).values(seen_in=place.statement_id)
        await tx.session.execute(seen)
    undone = await _end(tx, place, [row for row, _ in changed])
    return [*new, *(line for row, line in changed if row.id in undone)]


async def end_unseen(tx: Tx, place: Place) -> int:
    """Undo up to a thousand lines that the corrected statement no longer has; returns how many it looked at."""
    query = (
        select(SettlementLine)
        .where(
            col(SettlementLine.series_id) == place.series_id,
            col(SettlementLine.ended_by).is_(None),
            col(SettlementLine.seen_in) != place.statement_id,
        )
        .limit(BATCH)
        .with_for_update()  # a payment that comes late may be settling one of them
    )
    rows = (await tx.session.execute(query)).scalars().all()
    await _end(tx, place, rows)
    return len(rows)


async def _stored(tx: Tx, series_id: UUID, references: Iterable[str]) -> dict[tuple[str, int], SettlementLine]:
    wanted = list(set(references))
    query = select(SettlementLine)
    if tx.house.db.dialect == "postgresql":
        found = await tx.session.execute(_EACH, {"references": wanted, "series_id": series_id})
        query = query.where(col(SettlementLine.id).in_(found.scalars().all()))
    else:
        query = query.where(
            col(SettlementLine.series_id) == series_id,
            col(SettlementLine.ended_by).is_(None),
            col(SettlementLine.bank_reference).in_(wanted),
        )
    rows = (await tx.session.execute(query.with_for_update())).scalars()
    return {(row.bank_reference, row.ordinal): row for row in rows}


def _says_the_same(row: SettlementLine, line: StatementLine) -> bool:
    told = (line.amount, line.fee, line.direction is Direction.CREDIT, line.is_reversal)
    numbers = (line.virtual_account_no, line.payment_request_id, line.end_to_end_id)
    return (row.amount, row.fee, row.credit, row.reversal) == told and (
        row.virtual_account_no,
        row.payment_request_id,
        row.end_to_end_id,
    ) == numbers


async def _end(tx: Tx, place: Place, rows: Sequence[SettlementLine]) -> set[UUID]:
    """End these lines by one entry that mirrors what they did; returns the ids of those that could be ended."""
    if not rows:
        return set()
    of_line = await _differences(tx, [row.id for row in rows])
    ended = [row for row in rows if not _is_built_upon(row, of_line.get(row.id, []))]
    await _keep(tx, place, [row for row in rows if row not in ended])
    if not ended:
        return set()
    entry_id = await ledger.post(tx, EntryKind.SETTLEMENT_CORRECTED, place.memo, _mirror(place, ended))
    for row in ended:
        row.ended_by, row.ended_entry_id = place.statement_id, entry_id
        for each in of_line.get(row.id, []):
            if each.state != ExceptionState.CLOSED:
                await exceptions.close_by_bank(tx, each.id, entry_id, CORRECTED)
    await tx.session.flush()
    return {row.id for row in ended}


def _is_built_upon(row: SettlementLine, differences: Sequence[SettlementException]) -> bool:
    decided = any(each.state == ExceptionState.CLOSED and each.entry_id is not None for each in differences)
    return row.outcome in _FIXED or decided


async def _keep(tx: Tx, place: Place, rows: Sequence[SettlementLine]) -> None:
    """The line stands, as others have built on it; a person reads that the bank says otherwise now."""
    for row in rows:
        row.seen_in = place.statement_id
        tx.session.add(
            SettlementException(
                kind=ExceptionKind.REVERSAL,
                subject=f"{row.id} {place.statement_id}",
                bank=place.bank.client_id,
                unit=place.unit,
                file_id=place.file_id,
                line_id=row.id,
                bill_id=row.bill_id,
                suggested=DISMISS,
                facts={"statement": place.number, "corrected": True},
                opened_at=tx.now,
            )
        )
    await tx.session.flush()


def _mirror(place: Place, rows: Sequence[SettlementLine]) -> list[Line]:
    clearing, lines, cash, charges = bank_clearing(place.bank.client_id), [], 0, 0
    for row in rows:
        fee = -row.fee if row.reversal else row.fee
        cash -= (row.amount if row.credit else -row.amount) - fee
        charges -= fee
        if row.settled:
            lines.append(Line(clearing, row.settled, row.bill_id))
        if row.held:
            lines.append(Line(SUSPENSE, row.held, row.bill_id))
    return [*lines, *(Line(account, amount) for account, amount in ((BANK, cash), (BANK_CHARGES, charges)) if amount)]


async def _differences(tx: Tx, line_ids: Sequence[UUID]) -> dict[UUID, list[SettlementException]]:
    query = select(SettlementException).where(col(SettlementException.line_id).in_(line_ids))
    found: dict[UUID, list[SettlementException]] = {}
    for each in (await tx.session.execute(query)).scalars():
        if each.line_id is not None:
            found.setdefault(each.line_id, []).append(each)
    return found
