"""The ledger by days: what each account moved on each WIB day, for each Polda, by each kind of entry.

Finished days are rolled up into `ledger_days`, so that a statement or the public sheet does not add up years of lines; a
day that is not rolled up yet is read from the lines themselves. Both say the same, and `loket ledger check` proves it.

An entry is of the day in which its transaction began. A day is rolled up an hour after its end: no transaction lives so
long, so nothing is booked into it any more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.core.db import Tx
from app.services import reference
from app.services.billing.day_models import LedgerDay
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, LedgerEntry, LedgerLine
from app.services.billing.snap.times import WIB, bank_day

SETTLES_AFTER = timedelta(hours=1)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """What lines of one kind moved on one account on one day for one Polda (empty for none): rupiah, debit positive.

    `undone` is the kind of what a reversal undoes, else empty.
    """

    day: date
    account: str
    unit: str
    kind: str
    undone: str
    lines: int
    amount: int

    @property
    def about(self) -> str:
        """The kind of entry that this is about: a reversal is about what it undoes."""
        return self.undone or self.kind


async def roll_up(tx: Tx) -> date | None:
    """Write the next finished day that has entries, and return it; None when all are written."""
    await tx.serialise("ledger days")
    first = await _first_after(tx.session, await _rolled_until(tx.session))
    if first is None or tx.now < day_begins(first + ONE_DAY) + SETTLES_AFTER:
        return None
    rows = await _of_day(tx.session, first, await _poldas(tx.session))
    columns = ("day", "account", "unit", "kind", "undone", "lines", "amount")
    await tx.session.execute(insert(LedgerDay), [{name: getattr(row, name) for name in columns} for row in rows])
    return first


async def moved(
    source: Reader, *, first: date | None = None, last: date | None = None, account: str = ""
) -> list[Moved]:
    """Everything that moved from `first` to `last`, both included, on all accounts or on one."""
    until = await _rolled_until(source)  # asked once: a day may be written between two questions
    conditions: list[ColumnElement[bool]] = [col(LedgerDay.day) <= (until or date.min)]
    if first is not None:
        conditions.append(col(LedgerDay.day) >= first)
    if last is not None:
        conditions.append(col(LedgerDay.day) <= last)
    if account:
        conditions.append(col(LedgerDay.account) == account)
    table = LedgerDay.__table__  # type: ignore[attr-defined]
    stored = [Moved(*row) for row in (await source.execute(select(*table.c).where(*conditions))).all()]
    live = [
        row
        for row in await _unrolled(source, until, last)
        if (first is None or row.day >= first) and (not account or row.account == account)
    ]
    return [*stored, *live]


async def balances_before(source: Reader, day: date, account: str) -> Mapping[str, int]:
    """An account's balance in rupiah (debit positive) as the day began, for each Polda."""
    until = await _rolled_until(source)
    stored = (
        select(col(LedgerDay.unit), func.sum(LedgerDay.amount))
        .where(col(LedgerDay.account) == account, col(LedgerDay.day) < day, col(LedgerDay.day) <= (until or date.min))
        .group_by(col(LedgerDay.unit))
    )
    found: defaultdict[str, int] = defaultdict(int)
    for unit, amount in (await source.execute(stored)).all():
        found[unit] += int(amount)
    for row in await _unrolled(source, until, day - ONE_DAY):
        if row.account == account:
            found[row.unit] += row.amount
    return found


async def faults(source: Reader) -> list[str]:
    """What the rolled-up days say otherwise than the lines they were made from; none is good."""
    until = await _rolled_until(source)
    if until is None:
        return []
    lines = (
        select(col(LedgerLine.account), func.sum(LedgerLine.amount))
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerLine.entry_id))
        .where(col(LedgerEntry.at) < day_begins(until + ONE_DAY))
        .group_by(col(LedgerLine.account))
    )
    rolled = select(col(LedgerDay.account), func.sum(LedgerDay.amount)).group_by(col(LedgerDay.account))
    said, true = await _sums(source, rolled), await _sums(source, lines)
    return [
        f"the days of the ledger say {said.get(account, 0)} of {account}, its lines {true.get(account, 0)}"
        for account in sorted({*said, *true})
        if said.get(account, 0) != true.get(account, 0)
    ]


def day_begins(day: date) -> datetime:
    """The instant at which a bank day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=WIB)


async def _sums(source: Reader, query: Any) -> dict[str, int]:
    return {account: int(amount) for account, amount in (await source.execute(query)).all()}


async def _rolled_until(source: Reader) -> date | None:
    found: date | None = (await source.execute(select(func.max(LedgerDay.day)))).scalar_one()
    return found


async def _first_after(source: Reader, until: date | None) -> date | None:
    """The first day with entries after this one."""
    query = select(col(LedgerEntry.at)).order_by(col(LedgerEntry.at)).limit(1)
    if until is not None:
        query = query.where(col(LedgerEntry.at) >= day_begins(until + ONE_DAY))
    at = (await source.execute(query)).scalar_one_or_none()
    return None if at is None else bank_day(at)


async def _unrolled(source: Reader, until: date | None, last: date | None) -> list[Moved]:
    """What the lines say of days that are not written yet: today, and yesterday early in the morning."""
    rows: list[Moved] = []
    day = await _first_after(source, until)
    poldas = await _poldas(source) if day is not None else {}
    while day is not None and (last is None or day <= last):
        rows += await _of_day(source, day, poldas)
        day = await _first_after(source, day)
    return rows


async def _of_day(source: Reader, day: date, poldas: Mapping[str, str]) -> list[Moved]:
    undone = aliased(LedgerEntry)
    query = (
        select(
            col(LedgerLine.account),
            col(Bill.unit),
            col(LedgerEntry.kind),
            func.coalesce(col(undone.kind), ""),
            func.count(),
            func.sum(LedgerLine.amount),
        )
        .select_from(LedgerEntry)
        .join(LedgerLine, col(LedgerLine.entry_id) == col(LedgerEntry.id))
        .join(Bill, col(Bill.id) == col(LedgerLine.bill_id), isouter=True)
        .join(undone, col(undone.id) == col(LedgerEntry.reverses), isouter=True)
        .where(col(LedgerEntry.at) >= day_begins(day), col(LedgerEntry.at) < day_begins(day + ONE_DAY))
        .group_by(col(LedgerLine.account), col(Bill.unit), col(LedgerEntry.kind), col(undone.kind))
    )
    return list(_by_polda(day, (await source.execute(query)).all(), poldas))


def _by_polda(day: date, rows: Iterable[Any], poldas: Mapping[str, str]) -> Iterable[Moved]:
    sums: defaultdict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for account, unit, kind, undone, lines, amount in rows:
        total = sums[account, poldas.get(unit or "", unit or ""), kind, undone]
        total[0] += int(lines)
        total[1] += int(amount)
    for (account, unit, kind, undone), (lines, amount) in sums.items():
        yield Moved(day, account, unit, kind, undone, lines, amount)


async def _poldas(source: Reader) -> Mapping[str, str]:
    """The Polda of each unit; a unit of Mabes stands for itself."""
    found: dict[str, str] = {}
    after: str | None = None
    while page := await reference.list_units(source, after=after, limit=reference.MOST_UNITS):
        found |= {unit.code: unit.polda_code or unit.code for unit in page}
        after = page[-1].code
    return found
