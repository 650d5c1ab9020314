"""A remittance as the bank's statement shows it: money that leaves the account, booked already when two people confirmed it.

The line is first a difference (``SU -> BA``), for nothing in it says surely what it is. That it is this remittance, two
persons say; then suspense is emptied (``BA -> SU``), and the money has left once in the books, too.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, or_, select, update
from sqlmodel import col

from app.core.db import Tx
from app.services.billing.ledger import Reader
from app.services.billing.settlement.models import ExceptionKind, ExceptionState, SettlementException, SettlementLine
from app.services.billing.treasury.models import Remittance, RemittanceDebit, RemittanceState

SUGGESTED = "remitted"


async def waiting_amounts(source: Reader, amounts: Collection[int]) -> set[int]:
    """Those of the amounts over which a remittance was recorded that no statement has shown yet."""
    if not amounts:
        return set()
    query = _unseen(select(col(Remittance.amount))).where(
        col(Remittance.amount).in_(amounts), col(Remittance.state) != RemittanceState.WITHDRAWN
    )
    return set((await source.execute(query)).scalars())


async def suggest(tx: Tx, remittance: Remittance) -> None:
    """The statement may have come first: an open debit over this amount is probably this remittance."""
    await tx.session.execute(
        update(SettlementException)
        .where(
            col(SettlementException.kind) == ExceptionKind.DEBIT,
            col(SettlementException.state) == ExceptionState.OPEN,
            col(SettlementException.held) == -remittance.amount,
            or_(col(SettlementException.unit).is_(None), col(SettlementException.unit) == remittance.unit),
        )
        .values(suggested=SUGGESTED)
        .execution_options(synchronize_session=False)
    )


async def find_remittance(tx: Tx, row: SettlementException) -> Remittance | None:
    """The confirmed remittance that a debit is, locked: over this amount, of its Polda, and shown by no statement yet.

    Of several the one whose number the line names; else the first that was remitted, as equal ones are equal in the books.
    """
    query = _unseen(select(Remittance)).where(
        col(Remittance.amount) == -row.held, col(Remittance.state) == RemittanceState.CONFIRMED
    )
    if row.unit is not None:
        query = query.where(col(Remittance.unit) == row.unit)
    rows = (await tx.session.execute(query.order_by(col(Remittance.remitted_on), col(Remittance.id)))).scalars().all()
    line = await tx.one(SettlementLine, row.line_id) if row.line_id is not None else None
    named = {line.bank_reference, line.end_to_end_id} if line is not None else set()
    found = next((each for each in rows if named & _numbers(each)), rows[0] if rows else None)
    return None if found is None else await tx.lock(Remittance, found.id)


def note(tx: Tx, remittance: Remittance, row: SettlementException) -> None:
    """The statement has shown it."""
    tx.session.add(RemittanceDebit(remittance_id=remittance.id, exception_id=row.id))


def _numbers(remittance: Remittance) -> set[str | None]:
    return {remittance.ntb, remittance.ntpn, remittance.billing_code, remittance.transfer_no} - {None}


def _unseen(query: Select[Any]) -> Select[Any]:
    seen = select(col(RemittanceDebit.remittance_id)).where(col(RemittanceDebit.remittance_id) == col(Remittance.id))
    return query.where(~seen.exists())
