"""The books prove themselves: what must be true of ledger, bills, payments and refunds at any moment.

Reads in one pass of queries on one snapshot and changes nothing. `loket ledger check` and the property tests call it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.house import House
from app.services.billing import days, ledger
from app.services.billing.models import Bill, LedgerEntry
from app.services.billing.settlement import proof

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


# What a payment of each bill credits to which account: of its lines, or of the one account that the bill names.
_PARTS = """(SELECT bill_id, account, SUM(amount) AS amount FROM bill_lines GROUP BY bill_id, account
    UNION ALL SELECT id, account, amount FROM bills WHERE account <> '*')"""
# Each query lists what must not exist: (fault in words, SQL giving one text per offender).
_UNREVERSED = "NOT EXISTS (SELECT 1 FROM ledger_entries r WHERE r.reverses = e.id)"
FAULTS: tuple[tuple[str, str], ...] = (
    (
        "an entry does not balance",
        "SELECT entry_id FROM ledger_lines GROUP BY entry_id HAVING SUM(amount) <> 0 OR COUNT(*) < 2",
    ),
    (
        "an entry has no lines",
        "SELECT e.id FROM ledger_entries e WHERE NOT EXISTS (SELECT 1 FROM ledger_lines l WHERE l.entry_id = e.id)",
    ),
    (
        "the lines of a bill do not sum to its amount",
        """SELECT b.id FROM bills b LEFT JOIN bill_lines l ON l.bill_id = b.id
           WHERE b.account = '*' OR l.bill_id IS NOT NULL GROUP BY b.id, b.account, b.amount
           HAVING b.account <> '*' OR COALESCE(SUM(l.amount), 0) <> b.amount""",
    ),
    (
        "a paid bill is not named by exactly one unreversed payment over its amount",
        f"""SELECT b.id FROM bills b WHERE b.state = 'paid' AND 1 <> (
            SELECT COUNT(*) FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
            WHERE e.kind = 'payment' AND {_UNREVERSED} AND l.bill_id = b.id AND l.amount = b.amount
            AND e.id = b.paid_entry_id)""",  # noqa: S608 constants
    ),
    (
        "a payment does not credit each of its bill's accounts with that account's lines",
        f"""SELECT p.bill_id FROM {_PARTS} p JOIN bills b ON b.id = p.bill_id WHERE b.state = 'paid' AND NOT EXISTS (
            SELECT 1 FROM ledger_lines l WHERE l.entry_id = b.paid_entry_id AND l.bill_id = b.id
            AND l.account = p.account AND l.amount = -p.amount)""",  # noqa: S608
    ),
    (
        "a payment credits something that its bill does not ask for",
        f"""SELECT l.entry_id FROM bills b JOIN ledger_lines l ON l.entry_id = b.paid_entry_id AND l.amount < 0
            LEFT JOIN {_PARTS} p ON p.bill_id = b.id AND p.account = l.account AND p.amount = -l.amount
            WHERE p.bill_id IS NULL""",  # noqa: S608
    ),
    (
        "a bill that is not paid is named by an unreversed payment, or a paid one by a second",
        f"""SELECT b.id FROM ledger_entries e JOIN ledger_lines l ON e.id = l.entry_id AND l.amount > 0
            JOIN bills b ON b.id = l.bill_id
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
        "a reversal undoes nothing, or what undoes something is no reversal",
        "SELECT id FROM ledger_entries WHERE (kind = 'reversal') <> (reverses IS NOT NULL)",
    ),
    (
        "a bill in whose place another stands asks for money still",
        """SELECT r.old_id FROM bill_replacements r JOIN bills b ON b.id = r.old_id WHERE b.state IN ('open', 'expired')""",
    ),
    (
        "more was taken from a bill's money than was paid",
        """SELECT l.bill_id FROM ledger_lines l JOIN ledger_accounts a ON a.code = l.account
           WHERE l.bill_id IS NOT NULL AND a.kind IN ('liability', 'revenue') AND l.account <> 'SU'
           GROUP BY l.bill_id, l.account HAVING SUM(l.amount) > 0""",
    ),
    (
        "a case is closed, and its deposit is still held: no verdict took it and nobody was owed it",
        """SELECT c.reference FROM ledger_lines l JOIN bills b ON b.id = l.bill_id JOIN cases c ON c.id = b.case_id
           WHERE l.account = 'TD' AND c.closed_at IS NOT NULL GROUP BY c.reference HAVING SUM(l.amount) <> 0""",
    ),
    (
        "a remittance is not what its entry and its parts say",
        """SELECT r.id FROM remittances r WHERE r.state <> 'withdrawn' AND (
            r.amount <> (SELECT COALESCE(SUM(p.amount), 0) FROM remittance_parts p WHERE p.remittance_id = r.id)
            OR r.state = 'confirmed' AND NOT EXISTS (SELECT 1 FROM ledger_lines l
                WHERE l.entry_id = r.entry_id AND l.account = 'BA' AND l.amount = -r.amount))""",
    ),
    (
        "money of a bill was remitted without a remittance that covers it, or covered without being remitted",
        """SELECT p.bill_id FROM remittance_parts p JOIN remittances r ON r.id = p.remittance_id
           WHERE r.state = 'confirmed' AND NOT EXISTS (SELECT 1 FROM ledger_lines l WHERE l.entry_id = r.entry_id
            AND l.bill_id = p.bill_id AND l.account = p.account AND l.amount = p.amount)
           UNION ALL SELECT l.bill_id FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id
           WHERE e.kind = 'remitted' AND l.amount > 0 AND NOT EXISTS (SELECT 1 FROM remittance_parts p
            JOIN remittances r ON r.id = p.remittance_id AND r.entry_id = e.id
            WHERE p.bill_id = l.bill_id AND p.account = l.account AND p.amount = l.amount)""",
    ),
    (
        "a refund is not what its entry says",
        """SELECT r.id FROM refunds r WHERE NOT EXISTS (
            SELECT 1 FROM ledger_lines l WHERE l.entry_id = r.owed_entry_id AND l.account = 'RF'
            AND l.amount = -r.amount AND l.bill_id = r.bill_id)""",
    ),
    (
        "a closed refund is not what its entry says",
        """SELECT r.id FROM refunds r WHERE r.state <> 'owed' AND NOT EXISTS (
            SELECT 1 FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
            WHERE e.id = r.closed_entry_id AND l.account = 'RF' AND l.amount = r.amount AND l.bill_id = r.bill_id
            AND (r.state = 'paid_out' AND e.kind = 'refund_paid' OR r.state = 'forfeited' AND e.kind = 'refund_forfeited'
             OR r.state = 'withdrawn' AND e.reverses = r.owed_entry_id))""",
    ),
    (
        "money left for a payer or the treasury without a refund that it closes",
        f"""SELECT e.id FROM ledger_entries e WHERE e.kind IN ('refund_paid', 'refund_forfeited') AND {_UNREVERSED}
            AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.closed_entry_id = e.id)""",  # noqa: S608
    ),
    (
        "a payout is not what its refund and its entries say",
        """SELECT p.id FROM payouts p JOIN refunds r ON r.id = p.refund_id WHERE p.amount <> r.amount
           OR p.state = 'paid' AND (r.closed_entry_id IS NULL OR r.closed_entry_id <> p.entry_id)
           OR p.state = 'returned' AND NOT EXISTS (
            SELECT 1 FROM ledger_entries e WHERE e.id = p.return_entry_id AND e.reverses = p.entry_id)""",
    ),
    (
        "a payment order is not the sum of its payouts",
        """SELECT o.number FROM payment_orders o LEFT JOIN payouts p ON p.order_id = o.id GROUP BY o.number, o.count, o.total
           HAVING COUNT(p.id) <> o.count OR COALESCE(SUM(p.amount), 0) <> o.total""",
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
    *proof.FAULTS,
)


async def ledger_check(house: House) -> LedgerReport:
    """Read the whole ledger and say whether it is sound. It takes as long as it takes: no time-out ends it."""
    async with house.db.read() as connection:
        if house.db.dialect == "postgresql":
            await connection.execution_options(isolation_level="REPEATABLE READ")
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
        return LedgerReport(
            entries=await _count(connection, LedgerEntry),
            bills=await _count(connection, Bill),
            balances=dict(sorted((await ledger.balances(connection)).items())),
            faults=tuple(await faults_of(connection)),
        )


async def faults_of(connection: AsyncConnection) -> list[str]:
    """Every fault, in words, as the books stand on this connection; none is good."""
    faults = [fault for what, query in FAULTS for fault in await _offenders(connection, what, query)]
    faults += await days.faults(connection)
    whole = sum((await ledger.balances(connection)).values())
    return [*faults, f"the ledger as a whole does not balance: {whole}"] if whole else faults


async def _offenders(connection: AsyncConnection, what: str, query: str) -> list[str]:
    # Of a ledger gone wrong there may be millions: no more leave the server than are shown.
    rows = (await connection.execute(text(f"SELECT * FROM ({query}) AS offender LIMIT {MOST_SHOWN}"))).scalars()  # noqa: S608
    return [f"{what}: {row}" for row in rows]


async def _count(connection: AsyncConnection, model: type[Bill] | type[LedgerEntry]) -> int:
    return int((await connection.execute(select(func.count()).select_from(model))).scalar_one())
