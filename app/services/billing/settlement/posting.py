"""A chunk of lines booked: what they are, one balanced entry for all of them, a row for each, and what a person must see.

One entry per chunk, not per line: a million lines would be a million entries that say the same. Nothing is lost by it:
each line names its entry, and in the entry each bill's part of the clearing account stands alone, so an auditor goes from
a line to its booking and back by the bill; only the bank account and the charges are sums. What takes something back
(a reversal) is booked after the rest of its chunk, one line at a time, as it must find what it takes back.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import new_id
from app.services.billing import ledger, payouts
from app.services.billing.accounts import BANK, BANK_CHARGES, SUSPENSE, bank_clearing
from app.services.billing.bills import lock_bills
from app.services.billing.ledger import Line
from app.services.billing.models import Bill, EntryKind
from app.services.billing.refund_models import Payout
from app.services.billing.settlement import exceptions, reversals
from app.services.billing.settlement.lines import Direction, StatementLine
from app.services.billing.settlement.matching import Finding, Known, judge, look_up, unpaid_bills
from app.services.billing.settlement.models import ExceptionKind, Outcome, SettlementException, SettlementLine
from app.services.billing.settlement.survey import BankOf


@dataclass(frozen=True, slots=True)
class Place:
    """Where lines stand: the file, the statement's series and version, and whose they are."""

    file_id: UUID
    bank: BankOf
    unit: str | None
    series_id: UUID
    statement_id: UUID
    number: str
    contract_fee: int
    poldas: dict[str, str | None]

    @property
    def memo(self) -> str:
        """What the ledger entries say."""
        return f"rekening koran {self.bank.client_id} {self.number}"[:200]


async def post_lines(tx: Tx, place: Place, lines: Sequence[StatementLine]) -> Counter[str]:
    """Book lines that are not booked yet; returns how many there are of each outcome.

    Imports of one bank pass one at a time, and a payment is settled once by a unique index. Bills behind lines without a
    payment are locked with their cases: a payment that comes at this moment is seen here, or sees the line.
    """
    known = await look_up(tx.session, place.bank.client_id, place.bank.partner, lines)
    counts: Counter[str] = Counter()
    forward = [line for line in lines if not line.is_reversal]
    unpaid = unpaid_bills(known, (line for line in forward if line.direction is Direction.CREDIT))
    if unpaid:
        await lock_bills(tx, unpaid)
        known = await look_up(tx.session, place.bank.client_id, place.bank.partner, lines)
    findings = [await _judged(tx, place, known, line) for line in forward]
    await _write(tx, place, findings)
    counts.update(str(each.outcome) for each in findings)
    for line in lines:
        if line.is_reversal:
            found = await _taken_back(tx, place, known, line)
            counts[str(found.outcome)] += 1
    return counts


async def _judged(tx: Tx, place: Place, known: Known, line: StatementLine) -> Finding:
    finding = judge(known, line, contract_fee=place.contract_fee)
    if line.end_to_end_id is None or line.end_to_end_id not in known.orders:
        return finding
    return await _payout(tx, finding) or finding


async def _payout(tx: Tx, finding: Finding) -> Finding | None:
    """The line as a refund of ours that left or came back; None where it is not what was ordered."""
    line = finding.line
    told: dict[str, Any] = {
        "end_to_end_id": line.end_to_end_id or "",
        "amount": line.amount,
        "booked_on": line.booked_on,
        "settlement_line": finding.id,
    }
    if line.direction is Direction.DEBIT:
        done = await payouts.close_by_debit(tx, **told)
        column = Payout.entry_id
        key = Payout.settlement_line
    else:
        done = await payouts.reopen_by_return(tx, **told, reason=line.text or "-")
        column = Payout.return_entry_id
        key = Payout.return_line
    if done is not payouts.Outcome.BOOKED:
        return None
    entry_id = (await tx.session.execute(select(col(column)).where(col(key) == finding.id))).scalar_one()
    return replace(
        finding, outcome=Outcome.PAYOUT, bill_id=None, payment_id=None, settled=0, held=0, kind=None, own_entry=entry_id
    )


async def _taken_back(tx: Tx, place: Place, known: Known, line: StatementLine) -> Finding:
    payout = Finding(new_id(), line, Outcome.PAYOUT)
    if line.end_to_end_id in known.orders:
        found = await _payout(tx, payout)
        if found is not None:
            await _write(tx, place, [found])
            return found
    back = await reversals.take_back(tx, place.bank, known, line)
    entry_id = await _write(tx, place, [back.finding])
    if back.closes is not None:
        await exceptions.close_by_bank(tx, back.closes, entry_id, "dikembalikan bank / returned by the bank")
    return back.finding


async def _write(tx: Tx, place: Place, findings: Sequence[Finding]) -> UUID:
    """One entry for these findings, their rows and their exceptions; returns the entry."""
    if not findings:
        return place.statement_id
    entry_id = await _entry(tx, place, findings)
    rows = [_row(place, each, entry_id) for each in findings]
    await tx.session.execute(insert(SettlementLine), rows)
    await _open_exceptions(tx, place, findings)
    paid = [each.payment_id for each in findings if each.payment_id is not None and each.settled > 0]
    await exceptions.found_after_all(tx, place.bank.client_id, paid)
    return entry_id


async def _entry(tx: Tx, place: Place, findings: Sequence[Finding]) -> UUID:
    lines = entry_lines(place.bank.client_id, findings)
    if not lines:  # payouts without a charge: D's own entries have booked all of it
        return next(each.own_entry for each in findings if each.own_entry is not None)
    return await ledger.post(tx, EntryKind.SETTLEMENT, place.memo, lines)


def entry_lines(bank: str, findings: Iterable[Finding]) -> list[Line]:
    """What these lines do in the books: sums for the bank account and the charges, single lines for all else."""
    cash = charges = 0
    lines: list[Line] = []
    clearing = bank_clearing(bank)
    for each in findings:
        fee = -each.line.fee if each.line.is_reversal else each.line.fee
        charges += fee
        # A payout's own entry has moved its amount; only the bank's charge is left.
        cash += each.line.effect if each.own_entry is None else -fee
        if each.settled:
            lines.append(Line(clearing, -each.settled, each.bill_id))
        if each.held:
            lines.append(Line(SUSPENSE, -each.held, each.bill_id))
    lines += [Line(account, amount) for account, amount in ((BANK, cash), (BANK_CHARGES, charges)) if amount]
    return lines


def _row(place: Place, each: Finding, entry_id: UUID) -> dict[str, Any]:
    line = each.line
    return {
        "id": each.id,
        "series_id": place.series_id,
        "statement_id": place.statement_id,
        "seen_in": place.statement_id,
        "place": line.place,
        "bank_reference": line.bank_reference,
        "ordinal": line.ordinal,
        "credit": line.direction is Direction.CREDIT,
        "reversal": line.is_reversal,
        "amount": line.amount,
        "fee": line.fee,
        "booked_on": line.booked_on,
        "trx_at": line.trx_at[:40] if line.trx_at else None,
        "virtual_account_no": line.virtual_account_no[:40] if line.virtual_account_no else None,
        "payment_request_id": line.payment_request_id,
        "end_to_end_id": line.end_to_end_id,
        "outcome": str(each.outcome),
        "payment_id": each.payment_id,
        "bill_id": each.bill_id,
        "settled": each.settled,
        "held": each.held,
        "entry_id": each.own_entry or entry_id,
        "ended_by": None,
        "ended_entry_id": None,
    }


async def _open_exceptions(tx: Tx, place: Place, findings: Sequence[Finding]) -> None:
    wanting = [each for each in findings if each.kind is not None]
    if not wanting:
        return
    units = await _units(tx, place, [each.bill_id for each in wanting if each.bill_id])
    rows = [_exception(tx, place, each, units.get(each.bill_id) if each.bill_id else None) for each in wanting]
    tx.session.add_all(rows)
    await tx.session.flush()
    strange = [each.line for each in wanting if each.kind in (ExceptionKind.UNKNOWN, ExceptionKind.REFUSED)]
    await exceptions.ask_bank(tx, place.bank.client_id, strange)


def _exception(tx: Tx, place: Place, each: Finding, unit: str | None) -> SettlementException:
    row = SettlementException(
        kind=each.kind or ExceptionKind.UNKNOWN,
        subject=str(each.id),
        bank=place.bank.client_id,
        unit=unit or place.unit,
        file_id=place.file_id,
        line_id=each.id,
        payment_id=each.payment_id,
        bill_id=each.bill_id,
        held=each.held,
        suggested=each.suggested,
        facts={"statement": place.number, "held": each.held},
        opened_at=tx.now,
    )
    row.text_enc = exceptions.seal_text(tx.house, row.id, each.line.text)
    return row


async def _units(tx: Tx, place: Place, bill_ids: Sequence[UUID]) -> dict[UUID, str | None]:
    query = select(col(Bill.id), col(Bill.unit)).where(col(Bill.id).in_(bill_ids))
    rows = (await tx.session.execute(query)).all()
    return {row.id: place.poldas.get(row.unit) or row.unit for row in rows}
