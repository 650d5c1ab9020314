"""The books prove themselves: what must be true of ledger, bills, payments and refunds at any moment.

Reads in one pass of queries on one snapshot and changes nothing. `loket ledger check` and the property tests call it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.house import House
from app.services.billing import ledger
from app.services.billing.models import Bill, LedgerEntry

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What was counted, each account's balance (debit positive, rupiah), and every fault in words; none is good."""

    entries: int
    bills: int
    balances: Mapping[str, int]
    faults: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.faults


# Each query lists what must not exist: (fault in words, SQL giving one text per offender).
_UNREVERSED = "NOT EXISTS (SELECT 1 FROM ledger_entries r WHERE r.reverses = e.id)"
_FAULTS: tuple[tuple[str, str], ...] = (
    (
        "an entry does not balance",
        "SELECT entry_id FROM ledger_lines GROUP BY entry_id HAVING SUM(amount) <> 0 OR COUNT(*) < 2",
    ),
    (
        "an entry has no lines",
        "SELECT e.id FROM ledger_entries e WHERE NOT EXISTS (SELECT 1 FROM ledger_lines l WHERE l.entry_id = e.id)",
    ),
    (
        "a paid bill is not named by exactly one unreversed payment over its amount",
        f"""SELECT b.id FROM bills b WHERE b.state = 'paid' AND 1 <> (
            SELECT COUNT(*) FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
            WHERE e.kind = 'payment' AND {_UNREVERSED} AND l.bill_id = b.id AND l.account = b.account
            AND l.amount = -b.amount AND e.id = b.paid_entry_id)""",  # noqa: S608 constants
    ),
    (
        "a bill that is not paid is named by an unreversed payment, or a paid one by a second",
        f"""SELECT b.id FROM bills b JOIN ledger_lines l ON l.bill_id = b.id AND l.account = b.account
            JOIN ledger_entries e ON e.id = l.entry_id
            WHERE e.kind = 'payment' AND {_UNREVERSED} AND (b.paid_entry_id IS NULL OR b.paid_entry_id <> e.id)""",  # noqa: S608
    ),
    (
        "a reversal is not the mirror of what it reverses",
        """SELECT l.entry_id FROM (
            SELECT COALESCE(e.reverses, e.id) AS entry_id, l.account, SUM(l.amount) AS rest
            FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id
            WHERE e.reverses IS NOT NULL OR EXISTS (SELECT 1 FROM ledger_entries r WHERE r.reverses = e.id)
            GROUP BY COALESCE(e.reverses, e.id), l.account) l WHERE l.rest <> 0""",
    ),
    (
        "more was taken from a bill's money than was paid",
        """SELECT l.bill_id FROM ledger_lines l JOIN bills b ON b.id = l.bill_id
           WHERE l.account IN (b.account, 'RF') GROUP BY l.bill_id, l.account HAVING SUM(l.amount) > 0""",
    ),
    (
        "a refund is not what its entry says",
        """SELECT r.id FROM refunds r WHERE NOT EXISTS (
            SELECT 1 FROM ledger_lines l WHERE l.entry_id = r.owed_entry_id AND l.account = 'RF'
            AND l.amount = -r.amount AND l.bill_id = r.bill_id)""",
    ),
    (
        "open refunds of a bill are not what the refunds account holds for it",
        """SELECT l.bill_id FROM ledger_lines l WHERE l.account = 'RF' GROUP BY l.bill_id HAVING -SUM(l.amount) <>
           (SELECT COALESCE(SUM(r.amount), 0) FROM refunds r WHERE r.bill_id = l.bill_id AND r.state = 'owed')""",
    ),
    (
        "a bank's payment has no payment entry over its amount",
        """SELECT p.id FROM snap_payments p WHERE NOT EXISTS (
            SELECT 1 FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
            WHERE e.id = p.entry_id AND e.kind = 'payment' AND l.account = 'BC:' || p.client_id
            AND l.amount = p.amount AND l.bill_id = p.bill_id)""",
    ),
    (
        "a booking against a bank has no payment of that bank",
        """SELECT e.id FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
           WHERE e.kind = 'payment' AND l.account LIKE 'BC:%' AND NOT EXISTS (
            SELECT 1 FROM snap_payments p WHERE p.entry_id = e.id)""",
    ),
)


async def ledger_check(house: House) -> LedgerReport:
    """Read the whole ledger and say whether it is sound."""
    async with house.db.read() as connection:
        if house.db.dialect == "postgresql":
            await connection.execution_options(isolation_level="REPEATABLE READ")
        faults = [fault for what, query in _FAULTS for fault in await _offenders(connection, what, query)]
        balances = await ledger.balances(connection)
        if sum(balances.values()) != 0:
            faults.append(f"the ledger as a whole does not balance: {sum(balances.values())}")
        return LedgerReport(
            entries=await _count(connection, LedgerEntry),
            bills=await _count(connection, Bill),
            balances=dict(sorted(balances.items())),
            faults=tuple(faults),
        )


async def _offenders(connection: AsyncConnection, what: str, query: str) -> list[str]:
    rows = (await connection.execute(text(query))).scalars().fetchmany(MOST_SHOWN)
    return [f"{what}: {row}" for row in rows]


async def _count(connection: AsyncConnection, model: type[Bill] | type[LedgerEntry]) -> int:
    return int((await connection.execute(select(func.count()).select_from(model))).scalar_one())
