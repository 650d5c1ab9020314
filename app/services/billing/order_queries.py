"""Looking at payment orders: how far each is, and what it pays. No name, and of a number the last digits only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, or_, select
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.money import Rupiah
from app.services import reference as reference_data
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, Refund
from app.services.billing.refund_accounts import AccountView, seen_account
from app.services.billing.refund_models import OrderState, PaymentOrder, Payout, PayoutState
from app.services.billing.refund_problems import ORDER_NOT_FOUND
from app.services.cases.models import Case

MOST_IN_PAGE = 200


@dataclass(frozen=True, slots=True)
class OrderView:
    """A payment order as finance sees it; `open` is how many of its payouts the statement has not shown yet."""

    id: UUID
    number: str
    polda_code: str
    account_code: str
    state: OrderState
    count: int
    total: Rupiah
    open: int
    execute_on: date
    drafted_by: str
    drafted_at: datetime
    released_by: str | None
    released_at: datetime | None
    sha256: str | None
    ended_by: str | None
    ended_at: datetime | None
    ended_why: str | None


@dataclass(frozen=True, slots=True)
class PayoutView:
    """One refund in an order: no name, the account masked (None once its owner was erased)."""

    id: UUID
    case_id: UUID | None
    reference: str | None
    amount: Rupiah
    end_to_end_id: str
    state: PayoutState
    booked_on: date | None
    return_reason: str | None
    account: AccountView | None


async def list_orders(source: Reader, polda: str, *, limit: int, after: UUID | None = None) -> Sequence[OrderView]:
    """The orders of a Polda, the newest first; `after` is the last one of the page before."""
    query = _ORDERS.where(col(PaymentOrder.polda_code) == polda)
    query = query.order_by(col(PaymentOrder.drafted_at).desc(), col(PaymentOrder.id).desc()).limit(limit)
    if after is not None:
        last = (
            await source.execute(select(col(PaymentOrder.drafted_at)).where(col(PaymentOrder.id) == after))
        ).scalar()
        if last is not None:
            same = and_(col(PaymentOrder.drafted_at) == last, col(PaymentOrder.id) < after)
            query = query.where(or_(col(PaymentOrder.drafted_at) < last, same))
    rows = (await source.execute(query)).mappings().all()
    waiting = await _open_payouts(source, [row["id"] for row in rows])
    return [_view(row, waiting.get(row["id"], 0)) for row in rows]


async def get_order(source: Reader, polda: str, order_id: UUID) -> OrderView:
    """One order of this Polda. Raises ORDER_NOT_FOUND."""
    query = _ORDERS.where(col(PaymentOrder.id) == order_id, col(PaymentOrder.polda_code) == polda)
    row = (await source.execute(query)).mappings().first()
    if row is None:
        raise ORDER_NOT_FOUND()
    return _view(row, (await _open_payouts(source, [order_id])).get(order_id, 0))


async def list_payouts(source: Reader, keys: KeyRing, order_id: UUID) -> Sequence[PayoutView]:
    """What an order pays, in the order of the file; at most `MOST_IN_ORDER`."""
    rows = (await source.execute(_PAYOUTS.where(col(Payout.order_id) == order_id))).mappings().all()
    names = ("id", "case_id", "reference", "end_to_end_id", "booked_on", "return_reason")
    return [
        PayoutView(
            **{name: row[name] for name in names},
            amount=Rupiah(row["amount"]),
            state=PayoutState(row["state"]),
            account=await seen_account(source, keys, row["account_id"]),
        )
        for row in rows
    ]


async def units_of(source: Reader, polda: str) -> list[str]:
    """The codes of a Polda and of every unit below it."""
    below = await reference_data.list_units(source, polda=polda, limit=reference_data.MOST_UNITS)
    return [polda, *(each.code for each in below)]


_ORDER_FIELDS = tuple(name for name in OrderView.__dataclass_fields__ if name != "open")
_ORDERS = select(*(col(getattr(PaymentOrder, name)) for name in _ORDER_FIELDS))
_PAYOUT_FIELDS = ("id", "end_to_end_id", "amount", "state", "booked_on", "return_reason", "account_id")
_PAYOUTS = (
    select(*(col(getattr(Payout, name)) for name in _PAYOUT_FIELDS), col(Bill.case_id), col(Case.reference))
    .join(Refund, col(Refund.id) == col(Payout.refund_id))
    .join(Bill, col(Bill.id) == col(Refund.bill_id))
    .outerjoin(Case, col(Case.id) == col(Bill.case_id))
    .order_by(col(Payout.end_to_end_id))
)


async def _open_payouts(source: Reader, order_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    query = (
        select(col(Payout.order_id), func.count())
        .where(col(Payout.order_id).in_(order_ids), col(Payout.state) == PayoutState.LIVE)
        .group_by(col(Payout.order_id))
    )
    return {row[0]: row[1] for row in (await source.execute(query)).all()}


def _view(row: RowMapping, waiting: int) -> OrderView:
    values = {name: row[name] for name in _ORDER_FIELDS if name not in ("state", "total")}
    return OrderView(**values, state=OrderState(row["state"]), total=Rupiah(row["total"]), open=waiting)
