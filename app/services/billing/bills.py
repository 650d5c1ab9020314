"""Bills and their virtual accounts: opened once per case, cancelled or expired, and shown.

One customer number per bill; each active bank's virtual account is its own prefix and that number, so that a bank
which joins later can take payment of older bills. The number is random, 10 digits (a BRIVA number has 15 with its prefix 77720) with a Luhn check digit, and never
begins with 0, because people and programs lose leading zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import luhn_digit, random_digits
from app.core.money import Rupiah
from app.services.billing.accounts import FEES_DUE, FINE_DEPOSITS
from app.services.billing.models import Bill, BillState, Purpose, Refund, RefundState
from app.services.billing.problems import AMOUNT_NOT_POSITIVE, BILL_ALREADY_OPEN, BILL_ALREADY_PAID, BILL_NOT_FOUND
from app.services.billing.snap.numbers import pad_partner
from app.services.cases.models import Case
from app.services.identity import credentials

Reader = AsyncConnection | AsyncSession

CUSTOMER_NO_DIGITS = 10
MAX_TITLE = 120
EXPIRE_AT_ONCE = 500

_ACCOUNT_OF: dict[str, str] = {
    Purpose.FINE: FINE_DEPOSITS,
    Purpose.REST: FINE_DEPOSITS,
    Purpose.FEE: FEES_DUE,
}


@dataclass(frozen=True, slots=True)
class VirtualAccountView:
    """Where to pay at one bank: `partner_service_id` as SNAP pads it, the other numbers in digits."""

    bank: str
    partner_service_id: str
    customer_no: str
    virtual_account_no: str


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill as its payer sees it. `state` is `expired` as soon as the time is over, swept or not."""

    id: UUID
    purpose: str
    title: str
    state: BillState
    amount: Rupiah
    currency: str
    virtual_accounts: tuple[VirtualAccountView, ...]
    opened_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    paid_entry_id: UUID | None
    refund_owed: Rupiah
    refund_paid: Rupiah


async def open_bill(
    tx: Tx,
    *,
    case_id: UUID | None,
    purpose: Purpose | str,
    unit: str,
    amount: int,
    expires_at: datetime,
    title: str,
    account: str | None = None,
) -> Bill:
    """Ask for money: one bill, payable at every active bank until `expires_at`.

    `account` is the liability that the payment is credited to; by default fines are deposits and fees the treasury's.
    Raises AMOUNT_NOT_POSITIVE, and BILL_ALREADY_OPEN where the case still has a payable bill. Locks the case.
    """
    if amount <= 0:
        raise AMOUNT_NOT_POSITIVE()
    if case_id is not None:
        await tx.lock(Case, case_id)
        if await _open_bill_of_case(tx, case_id) is not None:
            raise BILL_ALREADY_OPEN()
    bill = Bill(
        case_id=case_id,
        purpose=Purpose(purpose),
        account=account or _ACCOUNT_OF[Purpose(purpose)],
        unit=unit,
        title=title[:MAX_TITLE],
        amount=amount,
        customer_no=await _free_customer_no(tx),
        opened_at=tx.now,
        expires_at=expires_at,
    )
    tx.session.add(bill)
    await tx.session.flush()
    return bill


async def cancel_bill(tx: Tx, bill_id: UUID, reason: str) -> Bill:
    """Make an unpaid bill unpayable for good; cancelling twice is the same as once. Raises BILL_ALREADY_PAID."""
    bill = await lock_bill(tx, bill_id)
    if bill.state == BillState.PAID:
        raise BILL_ALREADY_PAID()
    if bill.state != BillState.CANCELLED:
        bill.state, bill.ended_at, bill.ended_why = BillState.CANCELLED, tx.now, reason
        await tx.session.flush()
    return bill


async def cancel_unpaid_bills(tx: Tx, case_id: UUID, reason: str) -> int:
    """Cancel whatever a case still has to pay, expired bills too; returns how many there were. Locks the case."""
    await tx.lock(Case, case_id)
    query = select(col(Bill.id)).where(
        col(Bill.case_id) == case_id, col(Bill.state).in_([BillState.OPEN, BillState.EXPIRED])
    )
    ids = (await tx.session.execute(query)).scalars().all()
    for bill_id in ids:
        await cancel_bill(tx, bill_id, reason)
    return len(ids)


async def expire(tx: Tx, *, limit: int = EXPIRE_AT_ONCE) -> int:
    """Mark open bills whose time is over; returns how many. Doors judge by the time itself, not by this mark."""
    overdue = (
        select(col(Bill.id))
        .where(col(Bill.state) == BillState.OPEN, col(Bill.expires_at) <= tx.as_of)
        .order_by(col(Bill.expires_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await tx.session.execute(overdue)).scalars().all()
    if ids:
        await tx.session.execute(
            update(Bill).where(col(Bill.id).in_(ids), col(Bill.state) == BillState.OPEN).values(state=BillState.EXPIRED)
        )
    return len(ids)


async def lock_bill(tx: Tx, bill_id: UUID) -> Bill:
    """The bill, fresh, with its case and itself locked. Raises BILL_NOT_FOUND.

    The case comes first, because officers' moves lock it first too and then cancel the bill: one order, no deadlock.
    """
    query = select(col(Bill.case_id)).where(col(Bill.id) == bill_id)
    found = (await tx.session.execute(query)).first()
    if found is None:
        raise BILL_NOT_FOUND()
    if found.case_id is not None:
        await tx.lock(Case, found.case_id)
    bill = await tx.lock(Bill, bill_id)
    if bill is None:
        raise BILL_NOT_FOUND()
    return bill


async def bill_of(source: Reader, case_id: UUID, *, at: datetime | None = None) -> BillView | None:
    """The latest bill of a case, with where to pay it; None when it never had one.

    With `at`, an open bill whose time is over by then is shown as expired; without, its stored state is shown.
    """
    query = _BILL.where(col(Bill.case_id) == case_id).order_by(col(Bill.opened_at).desc(), col(Bill.id).desc())
    row = (await source.execute(query.limit(1))).mappings().first()
    return None if row is None else await _view(source, row, at)


async def bills_of(source: Reader, case_id: UUID, *, at: datetime | None = None) -> list[BillView]:
    """Every bill of a case, oldest first."""
    query = _BILL.where(col(Bill.case_id) == case_id).order_by(col(Bill.opened_at), col(Bill.id))
    rows = (await source.execute(query)).mappings().all()
    return [await _view(source, row, at) for row in rows]


async def bill_by_id(source: Reader, bill_id: UUID, *, at: datetime | None = None) -> BillView:
    """One bill; raises BILL_NOT_FOUND."""
    row = (await source.execute(_BILL.where(col(Bill.id) == bill_id))).mappings().first()
    if row is None:
        raise BILL_NOT_FOUND()
    return await _view(source, row, at)


async def virtual_accounts(source: Reader, customer_no: str) -> tuple[VirtualAccountView, ...]:
    """The virtual account at each active bank, by the bank's name."""
    banks = await credentials.list_(source, kind=credentials.CredentialKind.BANK)
    return tuple(
        VirtualAccountView(
            bank=bank.name,
            partner_service_id=pad_partner(bank.partner_service_id),
            customer_no=customer_no,
            virtual_account_no=bank.partner_service_id.strip() + customer_no,
        )
        for bank in sorted(banks, key=lambda each: each.name)
        if bank.disabled_at is None and bank.partner_service_id
    )


def customer_no_is_valid(customer_no: str) -> bool:
    """Whether this could be a number of ours: length and check digit. Finds each single mistyped digit."""
    return (
        len(customer_no) == CUSTOMER_NO_DIGITS
        and customer_no.isascii()
        and customer_no.isdigit()
        and luhn_digit(customer_no[:-1]) == customer_no[-1]
    )


_SHOWN = (
    "id",
    "purpose",
    "title",
    "state",
    "amount",
    "currency",
    "opened_at",
    "expires_at",
    "paid_at",
    "paid_entry_id",
)
_BILL = select(col(Bill.customer_no), *(col(getattr(Bill, name)) for name in _SHOWN))


async def _view(source: Reader, row: RowMapping, at: datetime | None) -> BillView:
    refunds = await _refunds(source, row["id"])
    overdue = at is not None and row["state"] == BillState.OPEN and row["expires_at"] <= at
    return BillView(
        **{name: row[name] for name in _SHOWN if name != "state"},
        state=BillState.EXPIRED if overdue else BillState(row["state"]),
        virtual_accounts=await virtual_accounts(source, row["customer_no"]),
        refund_owed=Rupiah(sum(amount for state, amount in refunds if state == RefundState.OWED)),
        refund_paid=Rupiah(sum(amount for state, amount in refunds if state == RefundState.PAID_OUT)),
    )


async def _refunds(source: Reader, bill_id: UUID) -> Sequence[tuple[str, int]]:
    query = select(col(Refund.state), col(Refund.amount)).where(col(Refund.bill_id) == bill_id)
    return [(state, amount) for state, amount in (await source.execute(query)).all()]


async def _open_bill_of_case(tx: Tx, case_id: UUID) -> Bill | None:
    """The payable bill of a locked case; one whose time is over is marked expired on the way."""
    query = select(Bill).where(col(Bill.case_id) == case_id, col(Bill.state) == BillState.OPEN).with_for_update()
    bill = (await tx.session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if bill is not None and bill.expires_at <= tx.now:
        bill.state = BillState.EXPIRED
        await tx.session.flush()
        return None
    return bill


async def _free_customer_no(tx: Tx) -> str:
    while True:
        digits = random_digits(CUSTOMER_NO_DIGITS - 1)
        number = digits + luhn_digit(digits)
        taken = await tx.session.execute(select(col(Bill.id)).where(col(Bill.customer_no) == number))
        if taken.first() is None:
            return number
