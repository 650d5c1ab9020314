"""The one place where a fine becomes paid: `post_locked_payment`.

A bill is paid if and only if one unreversed ledger entry names it. What happens later with the money (the court
decides, the ticket is annulled) is in `deposits.py` and `refunds.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, literal, select, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.money import show_rupiah
from app.core.prepared import Prepared, Statement
from app.services import cases
from app.services.billing import ledger
from app.services.billing.bills import Reader, credits_of, lock_bill
from app.services.billing.models import Bill, BillState, EntryKind, SnapPayment
from app.services.billing.problems import AMOUNT_DIFFERS, BILL_ALREADY_PAID, BILL_NOT_PAID, MONEY_MOVED_ON
from app.services.identity.models import Credential

# Built once: making a statement anew for each payment costs more than running it (`make bench`).
_MAKE_PAID = Prepared(
    update(Bill.__table__)  # type: ignore[attr-defined]  # SQLModel's own lack
    .where(col(Bill.id) == bindparam("bill_id"))
    .values({name: bindparam(name) for name in ("state", "paid_at", "paid_entry_id")})
)

BILL_PAID = "bill_paid"
PAYMENT_REVERSED = "payment_reversed"


class LostRace(Exception):
    """Another transaction has just booked this very payment: roll back and judge again."""


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as its receipt names it. `received_at` is our commit's instant, not the bank's clock."""

    bank: str
    virtual_account_no: str
    payment_request_id: str
    received_at: datetime


async def post_payment(tx: Tx, bill_id: UUID, *, amount: int, debit: str, memo: str) -> UUID:
    """`post_locked_payment` for who has not locked case and bill yet. Raises BILL_NOT_FOUND, and what that raises."""
    return await post_locked_payment(tx, await lock_bill(tx, bill_id), amount=amount, debit=debit, memo=memo)


async def post_locked_payment(
    tx: Tx, bill: Bill, *, amount: int, debit: str, memo: str, proof: Callable[[UUID], Statement] | None = None
) -> UUID:
    """Book a payment in full, make its bill paid and tell the case; returns the ledger entry's id.

    One entry: the whole debited once, each of the bill's accounts credited with its part. `debit` is the account that
    now has the money, such as a bank's clearing account. The caller holds the locks of case and bill (`lock_bill`).
    Raises BILL_ALREADY_PAID and AMOUNT_DIFFERS; whether a bill that has ended may still be paid is the caller's judgement.
    The case hears `bill_paid` in this same transaction, unless another bill has taken this one's place.
    `proof` keeps, once (`ledger.once`), what the caller says of the entry; raises `LostRace` where it stands already.
    """
    if bill.paid_entry_id is not None:
        raise BILL_ALREADY_PAID()
    if amount != bill.amount:
        raise AMOUNT_DIFFERS(amount=show_rupiah(bill.amount))
    replaced = bill.state == BillState.CANCELLED and await _has_open_bill(tx, bill)
    lines = [ledger.Line(debit, amount, bill.id)]
    lines += [ledger.Line(account, -part, bill.id) for account, part in (await credits_of(tx.session, bill)).items()]
    entry_id, entry = await ledger.entry(tx, EntryKind.PAYMENT, memo, lines)
    paid = {"state": BillState.PAID, "paid_at": tx.now, "paid_entry_id": entry_id}
    proofs = [proof(entry_id)] if proof is not None else []
    written = await tx.run_all(*entry, (_MAKE_PAID, {**paid, "bill_id": bill.id}), *proofs)
    if proofs and not written[-1]:
        raise LostRace
    for name, value in paid.items():  # the row says so already: nothing is left to be written
        set_committed_value(bill, name, value)
    if bill.case_id is not None and not replaced:
        await cases.signal(
            tx, bill.case_id, BILL_PAID, {"bill_id": str(bill.id), "amount": amount, "entry_id": str(entry_id)}
        )
    return entry_id


async def reverse_payment(tx: Tx, bill_id: UUID, reason: str) -> UUID:
    """The bank took the money back: undo the entry; the bill asks for it again, unless it has ended or was replaced.

    The case hears `payment_reversed` in this same transaction; its receipt is void then.
    Locks case and bill. Raises BILL_NOT_PAID, and MONEY_MOVED_ON once a verdict or refund has used the money.
    """
    bill = await lock_bill(tx, bill_id)
    if bill.paid_entry_id is None:
        raise BILL_NOT_PAID()
    held = await ledger.held_by_account(tx.session, bill.id)
    if any(held.get(account, 0) != part for account, part in (await credits_of(tx.session, bill)).items()):
        raise MONEY_MOVED_ON()
    entry_id = await ledger.reverse(tx, bill.paid_entry_id, reason)
    if bill.ended_at is not None:
        bill.state = BillState.CANCELLED
    elif bill.expires_at <= tx.now or await _has_open_bill(tx, bill):
        bill.state = BillState.EXPIRED
    else:
        bill.state = BillState.OPEN
    bill.paid_at = bill.paid_entry_id = None
    await tx.session.flush()
    if bill.case_id is not None:
        told: dict[str, JsonValue] = {"bill_id": str(bill.id), "amount": bill.amount, "entry_id": str(entry_id)}
        await cases.signal(tx, bill.case_id, PAYMENT_REVERSED, told)
    return entry_id


async def payment_of(source: Reader, bill_id: UUID, *, entry_id: UUID | None = None) -> PaymentView | None:
    """How a bill was paid at a bank, by the entry that pays it now or by an earlier one; None where no bank told of it."""
    entry = col(Bill.paid_entry_id) if entry_id is None else literal(entry_id, Uuid())
    query = (
        select(
            col(Credential.name),
            col(Credential.partner_service_id),
            col(Bill.customer_no),
            col(SnapPayment.payment_request_id),
            col(SnapPayment.received_at),
        )
        .join(Bill, col(Bill.id) == col(SnapPayment.bill_id))
        .join(Credential, col(Credential.client_id) == col(SnapPayment.client_id))
        .where(col(SnapPayment.bill_id) == bill_id, col(SnapPayment.entry_id) == entry)
    )
    row = (await source.execute(query)).first()
    if row is None:
        return None
    number = (row.partner_service_id or "").strip() + row.customer_no
    return PaymentView(row.name, number, row.payment_request_id, row.received_at)


async def _has_open_bill(tx: Tx, bill: Bill) -> bool:
    query = select(col(Bill.id)).where(col(Bill.case_id) == bill.case_id, col(Bill.state) == BillState.OPEN)
    return bill.case_id is not None and (await tx.session.execute(query)).first() is not None
