"""Money that waits to be handed on: what the books hold for treasury, Bapenda and Jasa Raharja, bill by bill.

PNBP fees (PF) wait from the payment on, fines (RV) from the verdict, forfeited refunds (TR) from the day they were
forfeited. What a remittance covers waits no more, confirmed or not yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, or_, select, text
from sqlmodel import col

from app.core.money import Rupiah
from app.services.billing.accounts import FEES_DUE, FINES, FORFEITED, JASA_RAHARJA
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, LedgerEntry, LedgerLine
from app.services.billing.treasury.models import RemittancePart
from app.services.reference.models import UnitRow

TREASURY = "treasury"
STATE_ACCOUNTS = (FEES_DUE, FINES, FORFEITED)
"""Whose money is the state's, and goes to the treasury."""
MAX_PARTS = 10_000
"""Bills that one remittance covers at most; one transaction books them."""
_PAYEES = text("(ledger_lines.account IN ('PF', 'RV', 'TR', 'JR') OR ledger_lines.account LIKE 'BP:%')")


@dataclass(frozen=True, slots=True)
class Part:
    """Money of one bill on one account, waiting since `since`."""

    bill_id: UUID
    customer_no: str
    account: str
    amount: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a unit holds for one payee: how much, of how many bills, the oldest since when."""

    unit: str
    payee: str
    amount: Rupiah
    bills: int
    oldest: datetime


def payee_of(account: str) -> str:
    """Who is owed what an account holds: the treasury, or the office that the account is of."""
    return TREASURY if account in STATE_ACCOUNTS else account


def payee_is_known(payee: str) -> bool:
    """Whether money can be handed on to this payee."""
    return payee in (TREASURY, JASA_RAHARJA) or payee.startswith("BP:")


async def parts_waiting(
    source: Reader, unit: str, payee: str, *, before: datetime | None = None, customer_nos: Sequence[str] | None = None
) -> list[Part]:
    """What waits for a payee at a unit and the units below it, oldest first; at most `MAX_PARTS` + 1."""
    waiting = _waiting(payee).where(col(Bill.unit).in_(_units_under(unit)))
    if customer_nos is not None:
        waiting = waiting.where(col(Bill.customer_no).in_(customer_nos))
    parts = waiting.subquery()
    query = select(parts).order_by(parts.c.since, parts.c.bill_id, parts.c.account).limit(MAX_PARTS + 1)
    if before is not None:
        query = query.where(parts.c.since < before)
    return [Part(**row) for row in (await source.execute(query)).mappings()]


async def waiting_of(source: Reader, unit: str | None = None) -> list[Waiting]:
    """What waits for each payee at a unit and those below it, by unit of the bill; everywhere without `unit`."""
    query = _waiting(None).add_columns(col(Bill.unit).label("unit")).group_by(col(Bill.unit))
    if unit is not None:
        query = query.where(col(Bill.unit).in_(_units_under(unit)))
    parts = query.subquery()
    payee = case((parts.c.account.in_(STATE_ACCOUNTS), TREASURY), else_=parts.c.account).label("payee")
    grouped = select(
        parts.c.unit,
        payee,
        func.sum(parts.c.amount).label("amount"),
        func.count(parts.c.bill_id.distinct()).label("bills"),
        func.min(parts.c.since).label("oldest"),
    )
    rows = await source.execute(grouped.group_by(parts.c.unit, payee).order_by(parts.c.unit, payee))
    return [Waiting(**{**row, "amount": Rupiah(int(row["amount"]))}) for row in rows.mappings()]


def _waiting(payee: str | None) -> Select[Any]:
    """Per bill and account: what the account holds of the bill's money and no remittance covers."""
    since = func.max(case((col(LedgerLine.amount) < 0, col(LedgerEntry.at))), type_=LedgerEntry.__table__.c.at.type)  # type: ignore[attr-defined]
    query = (
        select(
            col(LedgerLine.bill_id),
            col(Bill.customer_no),
            col(LedgerLine.account),
            (-func.sum(col(LedgerLine.amount))).label("amount"),
            since.label("since"),
        )
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerLine.entry_id))
        .join(Bill, col(Bill.id) == col(LedgerLine.bill_id))
        .outerjoin(
            RemittancePart,
            (col(RemittancePart.bill_id) == col(LedgerLine.bill_id))
            & (col(RemittancePart.account) == col(LedgerLine.account)),
        )
        .where(_PAYEES, col(RemittancePart.bill_id).is_(None))
        .group_by(col(LedgerLine.bill_id), col(Bill.customer_no), col(LedgerLine.account))
        .having(func.sum(col(LedgerLine.amount)) < 0)
    )
    if payee is not None:
        accounts = STATE_ACCOUNTS if payee == TREASURY else (payee,)
        query = query.where(col(LedgerLine.account).in_(accounts))
    return query


def _units_under(unit: str) -> Select[str]:
    codes = select(col(UnitRow.code)).where(or_(col(UnitRow.code) == unit, col(UnitRow.polda_code) == unit))
    return codes.distinct()
