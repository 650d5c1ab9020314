"""What is owed back and for what each refund waits: an account, a person, the next order, or the bank."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.money import Rupiah
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, Refund, RefundState
from app.services.billing.refund_accounts import AccountView, seen_account
from app.services.billing.refund_models import AccountState, Payout, PayoutState, RefundAccount
from app.services.cases.models import Case

Rows: TypeAlias = Select[*tuple[Any, ...]]


class Waiting(StrEnum):
    """For what an owed refund waits."""

    ACCOUNT = "account"  # nobody gave one, or the one given is no good: the citizen is asked
    BANK = "bank"  # the bank has not yet said whose account it is
    NAMES = "names"  # a person compares the names
    READY = "ready"  # the next payment order takes it
    ORDERED = "ordered"  # it is in a payment order


@dataclass(frozen=True, slots=True)
class OwedRefund:
    """An owed refund as finance sees it. `owed_at` is when the court or the annulment made it due."""

    id: UUID
    case_id: UUID
    reference: str
    amount: Rupiah
    reason: str
    owed_at: datetime
    waiting: Waiting
    account: AccountView | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many refunds wait for the same thing, and how much they are together."""

    count: int
    total: Rupiah


_ORDERED = exists().where(col(Payout.refund_id) == col(Refund.id), col(Payout.state) == PayoutState.LIVE)
_WAITING: ColumnElement[str] = case(
    (_ORDERED, Waiting.ORDERED.value),
    (col(RefundAccount.state) == AccountState.CHECKED, Waiting.READY.value),
    (col(RefundAccount.state) == AccountState.DOUBTFUL, Waiting.NAMES.value),
    (col(RefundAccount.state) == AccountState.UNCHECKED, Waiting.BANK.value),
    else_=Waiting.ACCOUNT.value,
)


async def tally(source: Reader, units: Collection[str]) -> Mapping[Waiting, Tally]:
    """How much waits for what at these units."""
    query = _owed(select(_WAITING, func.count(), func.sum(col(Refund.amount))), units).group_by(_WAITING)
    found = {Waiting(row[0]): Tally(row[1], Rupiah(int(row[2]))) for row in (await source.execute(query)).all()}
    return {each: found.get(each, Tally(0, Rupiah(0))) for each in Waiting}


async def list_owed(
    source: Reader, keys: KeyRing, units: Collection[str], waiting: Waiting, *, limit: int, after: UUID | None = None
) -> Sequence[OwedRefund]:
    """Owed refunds of these units that wait for this, the oldest first; `after` is the last one of the page before."""
    shown = (Refund.id, Bill.case_id, Case.reference, Refund.amount, Refund.reason, Refund.owed_at)
    query = _owed(select(*(col(each) for each in shown), col(RefundAccount.id).label("account_id")), units)
    query = query.where(_WAITING.in_([waiting.value])).order_by(col(Refund.owed_at), col(Refund.id)).limit(limit)
    if after is not None:
        last = (await source.execute(select(col(Refund.owed_at)).where(col(Refund.id) == after))).scalar()
        if last is not None:
            same = and_(col(Refund.owed_at) == last, col(Refund.id) > after)
            query = query.where(or_(col(Refund.owed_at) > last, same))
    rows = (await source.execute(query)).mappings().all()
    given = {row["account_id"] for row in rows if row["account_id"]}
    accounts = {each: await seen_account(source, keys, each) for each in given}
    return [
        OwedRefund(
            **{name: row[name] for name in ("id", "case_id", "reference", "reason", "owed_at")},
            amount=Rupiah(row["amount"]),
            waiting=waiting,
            account=accounts.get(row["account_id"]),
        )
        for row in rows
    ]


async def cases_to_ask(source: Reader, lifecycle: str) -> Sequence[UUID]:
    """The cases of this life whose payee must give an account, or another one, before anything can be paid."""
    query = _owed(select(col(Bill.case_id)), None).where(_WAITING.in_([Waiting.ACCOUNT.value]))
    query = query.where(col(Case.lifecycle) == lifecycle)
    rows = (await source.execute(query.order_by(col(Refund.owed_at)))).scalars()
    return list(dict.fromkeys(rows))


async def cases_without_payee(source: Reader, lifecycle: str, *, case_id: UUID | None = None) -> Sequence[UUID]:
    """The cases of this life that owe money of which nobody has said to whom it goes; or this one alone, if it does."""
    query = _owed(select(col(Bill.case_id)), None).where(col(Refund.payee_key_id).is_(None))
    query = query.where(col(Case.lifecycle) == lifecycle)
    if case_id is not None:
        query = query.where(col(Bill.case_id) == case_id)
    return list(dict.fromkeys((await source.execute(query.order_by(col(Refund.owed_at)))).scalars()))


def _owed(query: Rows, units: Collection[str] | None) -> Rows:
    """Over owed refunds with their case and the payee's present account, of these units or of all."""
    present = and_(
        col(RefundAccount.key_id) == col(Refund.payee_key_id),
        col(RefundAccount.replaced_at).is_(None),
    )
    query = (
        query.select_from(Refund)
        .join(Bill, col(Bill.id) == col(Refund.bill_id))
        .join(Case, col(Case.id) == col(Bill.case_id))
        .outerjoin(RefundAccount, present)
        .where(col(Refund.state) == RefundState.OWED)
    )
    return query if units is None else query.where(col(Bill.unit).in_(units))
