"""The public balanced sheet: what was received is what became fines and fees, what was given back, and what is still open.

By month and Polda and in total, from the days of the ledger. Payments out (refunds paid, money handed to the treasury)
leave the sum alone: received money keeps the name of what became of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from app.core.house import House
from app.core.money import Rupiah
from app.services import reference
from app.services.billing import days
from app.services.billing.accounts import FEES_DUE, FINE_DEPOSITS, FINES, FORFEITED, REFUNDS, SUSPENSE, is_fee_account
from app.services.billing.days import Moved
from app.services.billing.ledger import Reader
from app.services.billing.models import EntryKind

MOST_MONTHS = 60
"""Months that are shown one by one; the total has all."""
KEPT_FOR = timedelta(seconds=60)
_NOTHING = Rupiah(0)
_HANDED_ON = EntryKind.REMITTED
_PAID_BACK = EntryKind.REFUND_PAID


@dataclass(frozen=True, slots=True)
class Sheet:
    """What came in and what became of it, whole rupiah.

    ``received = fines + fees + forfeited + refunds_paid + deposits + refunds_owed + unexplained``, over all time; in a
    month the last three are what was added to them, negative where they grew less. `fines` by verdict, `fees` PNBP, tax
    and insurance; `forfeited` refunds that nobody claimed in a year; `deposits` wait for a verdict; `unexplained` is money
    that nobody knows a bill for. `handed_on` says how much of fines, fees and forfeited money the treasury has.
    """

    received: Rupiah = _NOTHING
    fines: Rupiah = _NOTHING
    fees: Rupiah = _NOTHING
    forfeited: Rupiah = _NOTHING
    refunds_paid: Rupiah = _NOTHING
    deposits: Rupiah = _NOTHING
    refunds_owed: Rupiah = _NOTHING
    unexplained: Rupiah = _NOTHING
    handed_on: Rupiah = _NOTHING

    @property
    def still_open(self) -> Rupiah:
        """What is neither the state's nor back with a payer yet."""
        return Rupiah(self.deposits + self.refunds_owed + self.unexplained)


@dataclass(frozen=True, slots=True)
class PoldaSheet:
    """One Polda's part; `unit` is empty for what belongs to none."""

    unit: str
    name: str
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class MonthSheet:
    """One month (WIB), all Poldas and each. `until` is the sheet from the beginning to the month's end."""

    month: date
    sheet: Sheet
    until: Sheet
    poldas: tuple[PoldaSheet, ...]


@dataclass(frozen=True, slots=True)
class MoneySheet:
    """The whole: since the beginning, by Polda, and by month, the newest first."""

    as_of: datetime
    total: Sheet
    poldas: tuple[PoldaSheet, ...]
    months: tuple[MonthSheet, ...]


async def money_sheet(source: Reader, *, now: datetime) -> MoneySheet:
    """The balanced sheet as the ledger has it at this moment."""
    rows = await days.moved(source)
    names = await _names(source, {row.unit for row in rows})
    months: defaultdict[date, list[Moved]] = defaultdict(list)
    for row in rows:
        months[row.day.replace(day=1)].append(row)
    made: list[MonthSheet] = []
    until = Sheet()
    for month in sorted(months):
        sheet = _sheet(months[month])
        until = _added(until, sheet)
        made.append(MonthSheet(month, sheet, until, _by_polda(months[month], names)))
    return MoneySheet(
        as_of=now, total=_sheet(rows), poldas=_by_polda(rows, names), months=tuple(reversed(made[-MOST_MONTHS:]))
    )


class MoneySheets:
    """The sheet as it was a minute ago at most: a crowd that reads it costs the database one reading."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._made: MoneySheet | None = None

    async def current(self, house: House) -> MoneySheet:
        """The sheet, read again where it is older than `KEPT_FOR`."""
        async with self._lock:
            now = house.clock.now()
            if self._made is None or not timedelta(0) <= now - self._made.as_of < KEPT_FOR:
                async with house.db.read() as connection:
                    self._made = await money_sheet(connection, now=now)
            return self._made


def _by_polda(rows: Iterable[Moved], names: Mapping[str, str]) -> tuple[PoldaSheet, ...]:
    units: defaultdict[str, list[Moved]] = defaultdict(list)
    for row in rows:
        units[row.unit].append(row)
    sheets = (PoldaSheet(unit, names.get(unit, unit), _sheet(units[unit])) for unit in sorted(units))
    return tuple(each for each in sheets if each.sheet != Sheet())


def _sheet(rows: Iterable[Moved]) -> Sheet:
    sums = dict.fromkeys((field.name for field in fields(Sheet)), 0)
    for row in rows:
        name = _column(row.account)
        if name is None:
            continue
        if row.about == _HANDED_ON:
            sums["handed_on"] += row.amount
        elif row.about == _PAID_BACK:
            sums["refunds_paid"] += row.amount
            sums[name] -= row.amount
        else:
            sums["received"] -= row.amount
            sums[name] -= row.amount
    return Sheet(**{name: Rupiah(amount) for name, amount in sums.items()})


def _added(one: Sheet, other: Sheet) -> Sheet:
    return Sheet(**{field.name: getattr(one, field.name) + getattr(other, field.name) for field in fields(Sheet)})


_COLUMNS = {
    FINE_DEPOSITS: "deposits",
    FINES: "fines",
    FORFEITED: "forfeited",
    REFUNDS: "refunds_owed",
    SUSPENSE: "unexplained",
    FEES_DUE: "fees",
}


def _column(account: str) -> str | None:
    """Where an account stands in the sheet; None for those that only say where the money lies."""
    return _COLUMNS.get(account) or ("fees" if is_fee_account(account) else None)


async def _names(source: Reader, units: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for code in sorted(units):
        unit = await reference.find_unit(source, code) if code else None
        if unit is not None:
            found[code] = unit.name
    return found
