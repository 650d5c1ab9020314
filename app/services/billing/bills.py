"""Bills and their virtual accounts: opened once per case, replaced, cancelled or expired, and shown.

One customer number per bill, for ever: no bill is deleted and no number given twice, so nobody can pay another's bill by
an old number. Each active bank's virtual account is its own prefix and that number, so that a bank which joins later can
take payment of older bills. The number is random, 10 digits (a BRIVA number has 15 with its prefix 77720) with a Luhn
check digit, and never begins with 0, because people and programs lose leading zeros.

A bill asks for one thing, credited to its `account`, or for several, each with a line of its own (PNBP, PKB, SWDKLLJ).
What it asks for never changes: another amount is another bill.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, RowMapping, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.core.ids import luhn_digit, random_digits
from app.core.money import Rupiah, show_rupiah
from app.core.prepared import Prepared
from app.core.texts import Text
from app.services import reference
from app.services.billing.accounts import FEES_DUE, FINE_DEPOSITS, SEVERAL, is_fee_account
from app.services.billing.models import Bill, BillLine, BillReplacement, BillState, Purpose, Refund, RefundState
from app.services.billing.problems import (
    AMOUNT_NOT_POSITIVE,
    BILL_ALREADY_OPEN,
    BILL_ALREADY_PAID,
    BILL_CANCELLED,
    BILL_NOT_FOUND,
    LINES_DIFFER,
    LINES_REFUSED,
)
from app.services.billing.qris import codes as qris_codes
from app.services.billing.qris.models import QrisCode, QrisState
from app.services.billing.snap.numbers import pad_partner
from app.services.cases.models import Case
from app.services.identity import credentials

Reader = AsyncConnection | AsyncSession

CUSTOMER_NO_DIGITS = 10
NUMBERS_TRIED = 20
MAX_TITLE = 120
MAX_REASON = 200
MAX_LINES = 24
"""As many as SNAP BI can show (billDetails)."""
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
class LineOf:
    """One of several things that a bill asks for: a fee's code, what it is in words, and whose money it is (an account)."""

    code: str
    title: Text
    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill as its payer sees it. `state` is `expired` as soon as the time is over, swept or not.

    `lines` has at least one, and they sum to `amount`. `qris` is the payload that an acquirer made for it, while it can
    be paid.
    """

    id: UUID
    purpose: str
    title: str
    state: BillState
    amount: Rupiah
    currency: str
    lines: tuple[LineOf, ...]
    virtual_accounts: tuple[VirtualAccountView, ...]
    opened_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    paid_entry_id: UUID | None
    refund_owed: Rupiah
    refund_paid: Rupiah
    qris: str | None = None


# Built once: making a statement anew for each payment costs more than running it (`make bench`).
_CASE_OF_BILL = select(col(Bill.case_id)).where(col(Bill.id) == bindparam("bill_id"))
LOCK_CASE_OF_NUMBER = Prepared(
    select(col(Case.id))
    .where(
        col(Case.id)
        == select(col(Bill.case_id)).where(col(Bill.customer_no) == bindparam("customer_no")).scalar_subquery()
    )
    .with_for_update()
)
"""Lock the case behind a customer number, if it has one: before the bill, as `lock_bill` does. A bill keeps its case."""
LOCK_BILL_OF_NUMBER = Prepared(
    select(Bill.__table__)  # type: ignore[attr-defined]  # SQLModel's own lack
    .where(col(Bill.customer_no) == bindparam("customer_no"))
    .with_for_update()
)
"""Lock the bill behind a customer number; its row makes a bill that is there to be read (`loose`)."""


async def open_bill(
    tx: Tx,
    *,
    case_id: UUID | None,
    purpose: Purpose | str,
    unit: str,
    amount: int,
    title: str,
    expires_at: datetime | None = None,
    account: str | None = None,
    lines: Sequence[LineOf] = (),
    number: Callable[[], str] | None = None,
) -> Bill:
    """Ask for money: one bill, payable at every active bank until `expires_at`, by default as long as the unit says.

    `account` is the liability that the payment is credited to; by default fines are deposits and fees the treasury's.
    With `lines` each names its own, and they sum to `amount`. `number` draws customer numbers until one is free.
    Raises AMOUNT_NOT_POSITIVE, LINES_REFUSED, LINES_DIFFER, and BILL_ALREADY_OPEN where the case still has a payable
    bill. Locks the case.
    """
    if amount <= 0:
        raise AMOUNT_NOT_POSITIVE()
    _check_lines(amount, lines)
    if case_id is not None:
        await tx.lock(Case, case_id)
        if await _open_bill_of_case(tx, case_id) is not None:
            raise BILL_ALREADY_OPEN()
    rules = await _rules_of(tx, unit)
    bill = await _insert(
        tx,
        number or new_customer_no,
        case_id=case_id,
        purpose=Purpose(purpose),
        account=SEVERAL if lines else account or _ACCOUNT_OF[Purpose(purpose)],
        unit=unit,
        title=title[:MAX_TITLE],
        amount=amount,
        opened_at=tx.now,
        expires_at=expires_at or tx.now + timedelta(hours=rules.fee_pay_hours),
        grace_minutes=rules.payment_grace_minutes,
    )
    tx.session.add_all(
        BillLine(
            bill_id=bill.id,
            ordinal=place,
            code=line.code,
            title_id=line.title.id[:MAX_TITLE],
            title_en=line.title.en[:MAX_TITLE],
            account=line.account,
            amount=line.amount,
        )
        for place, line in enumerate(lines, start=1)
    )
    await tx.session.flush()
    await qris_codes.order_code(tx, bill)
    return bill


async def replace_bill(
    tx: Tx,
    bill_id: UUID,
    *,
    amount: int,
    reason: str,
    lines: Sequence[LineOf] = (),
    expires_at: datetime | None = None,
) -> Bill:
    """Ask for another amount: the old bill is cancelled and a new one, with a number of its own, stands in its place.

    Whoever pays the old number hears that there is no such bill; a payment whose inquiry was answered before is taken
    within the grace and owed back. By default the new bill expires with the old one. Locks case and bill. Raises
    BILL_ALREADY_PAID, BILL_CANCELLED, and what `open_bill` raises.
    """
    old = await lock_bill(tx, bill_id)
    if old.state == BillState.CANCELLED:
        raise BILL_CANCELLED()
    await cancel_bill(tx, old.id, reason[:MAX_REASON])
    new = await open_bill(
        tx,
        case_id=old.case_id,
        purpose=old.purpose,
        unit=old.unit,
        amount=amount,
        title=old.title,
        expires_at=expires_at or old.expires_at,
        account=None if old.account == SEVERAL else old.account,
        lines=lines,
    )
    tx.session.add(
        BillReplacement(old_id=old.id, new_id=new.id, at=tx.now, actor=tx.actor.id, reason=reason[:MAX_REASON])
    )
    await tx.session.flush()
    return new


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
    found = (await tx.session.execute(_CASE_OF_BILL, {"bill_id": bill_id})).first()
    if found is None:
        raise BILL_NOT_FOUND()
    if found.case_id is not None:
        await tx.lock(Case, found.case_id)
    bill = await tx.lock(Bill, bill_id)
    if bill is None:
        raise BILL_NOT_FOUND()
    return bill


async def lock_bills(tx: Tx, bill_ids: Collection[UUID]) -> None:
    """Lock these bills and their cases: all cases first, each kind in the order of its ids, so that two who lock many
    pass one after the other."""
    of_cases = select(col(Bill.case_id)).where(col(Bill.id).in_(bill_ids), col(Bill.case_id).is_not(None))
    cases = select(col(Case.id)).where(col(Case.id).in_(of_cases)).order_by(col(Case.id))
    bills = select(col(Bill.id)).where(col(Bill.id).in_(bill_ids)).order_by(col(Bill.id))
    for query in (cases, bills):
        await tx.session.execute(query.with_for_update())


async def credits_of(source: Reader, bill: Bill) -> Mapping[str, int]:
    """What a payment of this bill credits to each account; together its amount. Asks the database only for lines."""
    if bill.account != SEVERAL:
        return {bill.account: bill.amount}
    parts: dict[str, int] = {}
    for line in await _lines(source, bill.id):
        parts[line.account] = parts.get(line.account, 0) + line.amount
    return parts


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


def new_customer_no() -> str:
    """A customer number by chance, with its check digit; whether it is free the database says."""
    digits = random_digits(CUSTOMER_NO_DIGITS - 1)
    return digits + luhn_digit(digits)


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
_QRIS = (
    select(col(QrisCode.payload))
    .where(col(QrisCode.bill_id) == col(Bill.id), col(QrisCode.state) == QrisState.READY)
    .scalar_subquery()
)
_BILL = select(
    col(Bill.customer_no), col(Bill.account), _QRIS.label("qris"), *(col(getattr(Bill, name)) for name in _SHOWN)
)


async def _view(source: Reader, row: RowMapping, at: datetime | None) -> BillView:
    refunds = await _refunds(source, row["id"])
    overdue = at is not None and row["state"] == BillState.OPEN and row["expires_at"] <= at
    state = BillState.EXPIRED if overdue else BillState(row["state"])
    return BillView(
        **{name: row[name] for name in _SHOWN if name != "state"},
        state=state,
        qris=row["qris"] if state is BillState.OPEN else None,
        lines=await _shown_lines(source, row),
        virtual_accounts=await virtual_accounts(source, row["customer_no"]),
        refund_owed=Rupiah(sum(amount for state, amount in refunds if state == RefundState.OWED)),
        refund_paid=Rupiah(sum(amount for state, amount in refunds if state == RefundState.PAID_OUT)),
    )


async def _shown_lines(source: Reader, row: RowMapping) -> tuple[LineOf, ...]:
    if row["account"] != SEVERAL:
        return (LineOf(row["purpose"], Text(row["title"], row["title"]), row["account"], row["amount"]),)
    return tuple(
        LineOf(line.code, Text(line.title_id, line.title_en), line.account, line.amount)
        for line in await _lines(source, row["id"])
    )


async def _lines(source: Reader, bill_id: UUID) -> Sequence[Row[str, str, str, str, int]]:
    query = (
        select(
            col(BillLine.code),
            col(BillLine.title_id),
            col(BillLine.title_en),
            col(BillLine.account),
            col(BillLine.amount),
        )
        .where(col(BillLine.bill_id) == bill_id)
        .order_by(col(BillLine.ordinal))
    )
    return (await source.execute(query)).all()


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


def _check_lines(amount: int, lines: Sequence[LineOf]) -> None:
    if len(lines) > MAX_LINES or any(line.amount <= 0 or not is_fee_account(line.account) for line in lines):
        raise LINES_REFUSED(most=MAX_LINES)
    together = sum(line.amount for line in lines)
    if lines and together != amount:
        raise LINES_DIFFER(lines=show_rupiah(Rupiah(together)), amount=show_rupiah(Rupiah(amount)))


async def _rules_of(tx: Tx, unit: str) -> reference.EtlePolicy:
    """The policy of the unit's Polda as it stands today."""
    today = tx.now.astimezone(reference.NATIONAL_ZONE).date()
    found = await reference.find_unit(tx.session, unit)
    polda = reference.polda_of(found) if found is not None else None
    return (await reference.policy(tx.session, polda, today)).etle


async def _insert(tx: Tx, number: Callable[[], str], **values: Any) -> Bill:
    """A new bill under the first number drawn that nobody has; two at once cannot get the same one."""
    insert = insert_postgresql if tx.house.db.dialect == "postgresql" else insert_sqlite
    for _ in range(NUMBERS_TRIED):
        bill = Bill(customer_no=number(), **values)
        statement = insert(Bill).values(**bill.model_dump()).on_conflict_do_nothing(index_elements=["customer_no"])
        if (await tx.session.execute(statement.returning(col(Bill.id)))).first() is not None:
            return (await tx.session.execute(select(Bill).where(col(Bill.id) == bill.id))).scalar_one()
    raise RuntimeError(f"no free customer number in {NUMBERS_TRIED} draws")
