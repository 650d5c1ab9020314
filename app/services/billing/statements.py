"""The closing statement of a day: what one bank took for one Polda, what it settled, and what is still on its way.

Every figure is a sum of the ledger's lines on the bank's clearing account, so opening, movements and closing agree by
themselves, and the closing of a day is the opening of the next. What came with the bank's files (charges, money without a
home, refunds paid) is added up from their lines, which name their entries.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from sqlalchemy import TextClause, bindparam, text

from app.core.actor import Actor
from app.core.db import UtcDateTime
from app.core.problems import FORBIDDEN
from app.services import reference
from app.services.billing import days
from app.services.billing.accounts import bank_clearing
from app.services.billing.days import Moved, day_begins
from app.services.billing.ledger import Reader
from app.services.billing.models import EntryKind
from app.services.billing.problems import STATEMENT_BANK_UNKNOWN, STATEMENT_NO_SUCH_DAY
from app.services.billing.snap.times import bank_day
from app.services.identity import credentials
from app.services.identity.credentials import CredentialKind, CredentialView
from app.services.reference import Unit

NATIONAL_LEVEL = "MABES"
FIRST_DAY = date(2020, 1, 1)
"""Before any entry."""
MOST_DAYS = 92
"""Days in one list: a quarter."""
_SETTLING = (EntryKind.SETTLEMENT, EntryKind.SETTLEMENT_CORRECTED, EntryKind.SETTLEMENT_CLOSED)


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A day on a bank's clearing account, in whole rupiah; none is negative unless the books are.

    ``opening + payments - reversals - settled + other = closing``. `closing` is what the bank still has to settle.
    """

    opening: int = 0
    payments_count: int = 0
    payments: int = 0
    reversals_count: int = 0
    reversals: int = 0
    settled_count: int = 0
    settled: int = 0
    other: int = 0
    closing: int = 0


@dataclass(frozen=True, slots=True)
class FileFigures:
    """What the bank's files brought on that day besides, in whole rupiah.

    `suspense_in` is money that nobody knows a bill for, `suspense_out` what the bank took back of it or took without our
    knowing why. `refunds` are payouts that left, `refunds_returned` those that came back.
    """

    fees: int = 0
    suspense_in: int = 0
    suspense_out: int = 0
    refunds_count: int = 0
    refunds: int = 0
    refunds_returned: int = 0


@dataclass(frozen=True, slots=True)
class ClosingStatement:
    """The statement of one bank, for one Polda or (`unit` None) for all, on one WIB day.

    `final` is False while the day goes on. `made_at` is when it was read.
    """

    day: date
    bank: str
    client_id: str
    unit: str | None
    unit_name: str
    final: bool
    made_at: datetime
    clearing: DayFigures
    files: FileFigures


@dataclass(frozen=True, slots=True)
class StatementDay:
    """One line of the list: a day on which something moved at a bank."""

    day: date
    bank: str
    client_id: str
    clearing: DayFigures


async def closing_statement(
    source: Reader, *, bank: str, unit: str | None, day: date, now: datetime
) -> ClosingStatement:
    """The statement of `bank` (its name or client id) for a Polda, or for all. Days are those of WIB.

    Raises STATEMENT_BANK_UNKNOWN, STATEMENT_NO_SUCH_DAY, and reference-unit-not-found.
    """
    if not FIRST_DAY <= day <= bank_day(now):
        raise STATEMENT_NO_SUCH_DAY(day=day.isoformat())
    found = await _bank(source, bank)
    name = (await reference.unit(source, unit)).name if unit else "Semua Polda"
    account = bank_clearing(found.client_id)
    opening = await days.balances_before(source, day, account)
    moved = await days.moved(source, first=day, last=day, account=account)
    return ClosingStatement(
        day=day,
        bank=found.name,
        client_id=found.client_id,
        unit=unit,
        unit_name=name,
        final=bank_day(now) > day,
        made_at=now,
        clearing=_figures(sum(opening.values()) if unit is None else opening.get(unit, 0), _of_unit(moved, unit)),
        files=await _file_figures(source, found.client_id, unit, day),
    )


async def statement_days(
    source: Reader, *, unit: str | None, first: date, last: date, bank: str | None = None
) -> list[StatementDay]:
    """Days on which something moved, the newest first, at one bank or at each. At most `MOST_DAYS` days."""
    if last < FIRST_DAY:
        return []
    first = max(first, FIRST_DAY, last - timedelta(days=MOST_DAYS - 1))
    banks = [await _bank(source, bank)] if bank else await _banks(source)
    found: list[StatementDay] = []
    for each in banks:
        account = bank_clearing(each.client_id)
        opening = await days.balances_before(source, first, account)
        moved = _of_unit(await days.moved(source, first=first, last=last, account=account), unit)
        balance = sum(opening.values()) if unit is None else opening.get(unit, 0)
        for day in sorted({row.day for row in moved}):
            figures = _figures(balance, [row for row in moved if row.day == day])
            balance = figures.closing
            found.append(StatementDay(day, each.name, each.client_id, figures))
    return sorted(found, key=lambda each: (each.day, each.bank), reverse=True)


async def unit_for(source: Reader, actor: Actor, wanted: str | None) -> str | None:
    """The Polda whose statements this member of staff may see: their own; any, or all (None), for units of Mabes.

    Raises FORBIDDEN for another one.
    """
    own = await reference.find_unit(source, actor.unit or "")
    if own is None:
        raise FORBIDDEN()
    if own.level == NATIONAL_LEVEL:
        return (await reference.unit(source, wanted)).code if wanted else None
    polda = _polda(own)
    if wanted not in (None, "", polda):
        raise FORBIDDEN()
    return polda


def statement_csv(statement: ClosingStatement) -> str:
    """The statement as CSV: a header line and one line of figures."""
    row = _row(statement)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return out.getvalue()


def _row(statement: ClosingStatement) -> dict[str, str | int]:
    row: dict[str, str | int] = {
        "day": statement.day.isoformat(),
        "bank": _plain(statement.bank),
        "client_id": statement.client_id,
        "unit": statement.unit or "",
        "final": "yes" if statement.final else "no",
        "currency": "IDR",
    }
    for part in (statement.clearing, statement.files):
        row |= {field.name: getattr(part, field.name) for field in fields(part)}
    return row


def _plain(text: str) -> str:
    """A bank's name must not become a formula in whoever's spreadsheet opens this."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _polda(unit: Unit) -> str:
    return unit.polda_code or unit.code


def _of_unit(moved: Iterable[Moved], unit: str | None) -> list[Moved]:
    return [row for row in moved if unit is None or row.unit == unit]


def _figures(opening: int, moved: Sequence[Moved]) -> DayFigures:
    payments = [row for row in moved if row.kind == EntryKind.PAYMENT]
    reversals = [row for row in moved if row.kind == EntryKind.REVERSAL and row.undone == EntryKind.PAYMENT]
    settled = [row for row in moved if row.kind in _SETTLING]
    told = (*payments, *reversals, *settled)
    return DayFigures(
        opening=opening,
        payments_count=sum(row.lines for row in payments),
        payments=sum(row.amount for row in payments),
        reversals_count=sum(row.lines for row in reversals),
        reversals=-sum(row.amount for row in reversals),
        settled_count=sum(row.lines for row in settled),
        settled=-sum(row.amount for row in settled),
        other=sum(row.amount for row in moved if row not in told),
        closing=opening + sum(row.amount for row in moved),
    )


async def _file_figures(source: Reader, client_id: str, unit: str | None, day: date) -> FileFigures:
    """What lines booked on the day said, less what a corrected file took back on it."""
    units = None if unit is None else await _units_of(source, unit)
    given = {"bank": client_id, "first": day_begins(day), "end": day_begins(day + days.ONE_DAY)}
    totals = dict.fromkeys((field.name for field in fields(FileFigures)), 0)
    for query, sign in ((_BOOKED, 1), (_ENDED, -1)):
        for row in (await source.execute(query, given)).mappings():
            if units is None or row["unit"] in units:
                for name in totals:
                    totals[name] += sign * int(row[name])
    return FileFigures(**totals)


def _lines_by(entry: str) -> TextClause:
    """Sums over the lines of a bank that an entry of the day booked (`entry_id`) or took back (`ended_entry_id`)."""
    return text(
        f"""SELECT COALESCE(b.unit, s.unit) AS unit,
            SUM(CASE WHEN l.reversal THEN -l.fee ELSE l.fee END) AS fees,
            SUM(CASE WHEN l.held > 0 THEN l.held ELSE 0 END) AS suspense_in,
            SUM(CASE WHEN l.held < 0 THEN -l.held ELSE 0 END) AS suspense_out,
            SUM(CASE WHEN l.outcome = 'payout' AND NOT l.credit THEN 1 ELSE 0 END) AS refunds_count,
            SUM(CASE WHEN l.outcome = 'payout' AND NOT l.credit THEN l.amount ELSE 0 END) AS refunds,
            SUM(CASE WHEN l.outcome = 'payout' AND l.credit THEN l.amount ELSE 0 END) AS refunds_returned
            FROM ledger_entries e JOIN settlement_lines l ON l.{entry} = e.id
            JOIN settlement_statements s ON s.id = l.statement_id LEFT JOIN bills b ON b.id = l.bill_id
            WHERE e.at >= :first AND e.at < :end AND s.bank = :bank GROUP BY COALESCE(b.unit, s.unit)"""  # noqa: S608
    ).bindparams(bindparam("first", type_=UtcDateTime), bindparam("end", type_=UtcDateTime))


_BOOKED, _ENDED = _lines_by("entry_id"), _lines_by("ended_entry_id")


async def _units_of(source: Reader, polda: str) -> set[str]:
    units = await reference.list_units(source, polda=polda, limit=reference.MOST_UNITS)
    return {polda, *(unit.code for unit in units)}


async def _bank(source: Reader, name: str) -> CredentialView:
    for bank in await _banks(source):
        if name in (bank.name, bank.client_id):
            return bank
    raise STATEMENT_BANK_UNKNOWN(bank=name[:80])


async def _banks(source: Reader) -> list[CredentialView]:
    return await credentials.list_(source, kind=CredentialKind.BANK)
