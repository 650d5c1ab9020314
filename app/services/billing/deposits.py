"""Deposit and verdict: what is paid before the court decides is a deposit of the maximum fine (UU 22/2009 art. 267).

The verdict (fine and cost) is then taken from it: equal, the case is settled; less, the rest must be billed; more, the
rest is owed back (art. 268).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from app.core.db import Tx
from app.core.money import Rupiah
from app.services.billing import ledger, refunds
from app.services.billing.accounts import FINE_DEPOSITS, FINES
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, EntryKind, LedgerEntry, LedgerLine
from app.services.cases.models import Case

OVERPAID = "titipan lebih dari putusan / the deposit was more than the verdict"
VERDICT_MEMO = "denda menurut putusan / fine by verdict"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a verdict did with a case's money: taken as the fine, owed back, and still to be billed (rupiah)."""

    taken: Rupiah
    refund: Rupiah
    rest: Rupiah


async def deposit_of(source: Reader, case_id: UUID) -> Rupiah:
    """What is held as deposit for a case now."""
    return await _sum_for_case(source, case_id, FINE_DEPOSITS)


async def settle_verdict(tx: Tx, case_id: UUID, due: int) -> Settlement:
    """Take fine and cost (`due`, rupiah) from the deposits of a case, and owe back what is more.

    May be called again, as when the rest has been paid: what was taken before counts. Locks the case.
    """
    await tx.lock(Case, case_id)
    missing = max(0, due - await _fine_taken(tx.session, case_id))
    taken = refund = 0
    for bill_id in await _deposit_bills(tx, case_id):
        held = await ledger.held_for_bill(tx.session, bill_id, FINE_DEPOSITS)
        part = min(held, missing)
        if part > 0:
            lines = ledger.transfer(part, debit=FINE_DEPOSITS, credit=FINES, bill_id=bill_id)
            await ledger.post(tx, EntryKind.VERDICT, VERDICT_MEMO, lines)
            missing, taken = missing - part, taken + part
        if held > part:
            await refunds.owe_refund(tx, bill_id, held - part, OVERPAID)
            refund += held - part
    return Settlement(taken=Rupiah(taken), refund=Rupiah(refund), rest=Rupiah(missing))


async def _deposit_bills(tx: Tx, case_id: UUID) -> list[UUID]:
    query = (
        select(col(Bill.id))
        .where(col(Bill.case_id) == case_id, col(Bill.account) == FINE_DEPOSITS, col(Bill.paid_entry_id).is_not(None))
        .order_by(col(Bill.opened_at), col(Bill.id))
    )
    return list((await tx.session.execute(query)).scalars())


async def _fine_taken(source: Reader, case_id: UUID) -> Rupiah:
    """What verdicts have taken from a case's money, whether it is with the treasury by now or not."""
    query = (
        select(func.coalesce(func.sum(LedgerLine.amount), 0))
        .join(Bill, col(Bill.id) == col(LedgerLine.bill_id))
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerLine.entry_id))
        .where(
            col(Bill.case_id) == case_id,
            col(LedgerLine.account) == FINES,
            col(LedgerEntry.kind) != EntryKind.REMITTED,
        )
    )
    return Rupiah(-int((await source.execute(query)).scalar_one()))


async def _sum_for_case(source: Reader, case_id: UUID, account: str) -> Rupiah:
    query = (
        select(func.coalesce(func.sum(LedgerLine.amount), 0))
        .join(Bill, col(Bill.id) == col(LedgerLine.bill_id))
        .where(col(Bill.case_id) == case_id, col(LedgerLine.account) == account)
    )
    return Rupiah(-int((await source.execute(query)).scalar_one()))
