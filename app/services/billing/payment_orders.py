"""Refunds are paid by a payment order: one drafts it, another releases it, and only then is there a file for the bank.

Nothing goes out by one hand. A draft takes every refund of a Polda whose account is checked; each is in at most one live
order, which the database holds. The file is written from sealed data at each download and must have the hash that was
shown, and logged, at the release.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, select, update
from sqlmodel import col

from app.core import vault
from app.core.db import JsonValue, Tx
from app.core.ids import new_reference
from app.core.problems import FORBIDDEN, FieldError
from app.core.texts import Text
from app.services import cases, transparency
from app.services import reference as reference_data
from app.services.billing import pain001
from app.services.billing.models import Bill, Purpose, Refund, RefundState
from app.services.billing.order_queries import OrderView, get_order, units_of
from app.services.billing.paying import PayingAccounts
from app.services.billing.refund_models import (
    AccountState,
    OrderState,
    PaymentOrder,
    Payout,
    PayoutState,
    RefundAccount,
)
from app.services.billing.refund_problems import (
    DAY_NOT_POSSIBLE,
    NOTHING_TO_PAY,
    ORDER_CHANGED,
    ORDER_FOUR_EYES,
    ORDER_NOT_FOUND,
    ORDER_NOT_OPEN,
    ORDER_NOT_RELEASED,
    WHY_NEEDED,
)
from app.services.cases.models import Case

MOST_IN_ORDER = 200
"""Refunds in one order: each locks its case until the draft commits. The next draft takes the rest."""
MOST_DAYS_AHEAD = 14
WHY_MIN_CHARS, WHY_MAX_CHARS = 5, 300
FILE_TEXTS = {
    Purpose.FINE: "PENGEMBALIAN TITIPAN TILANG {reference}",
    Purpose.REST: "PENGEMBALIAN TITIPAN TILANG {reference}",
    Purpose.FEE: "PENGEMBALIAN BIAYA LAYANAN {reference}",
}
"""What the payee reads on the own account's statement, by what the money was paid for."""
_WORDS = {
    OrderState.DRAFT: Text("disusun", "drafted"),
    OrderState.RELEASED: Text("dilepas", "released"),
    OrderState.WITHDRAWN: Text("ditarik", "withdrawn"),
    OrderState.VOID: Text("dibatalkan", "void"),
}


@dataclass(frozen=True, slots=True)
class OrderFile:
    """The file for the bank."""

    name: str
    content: bytes
    sha256: str


# --- draft, release, end ---------------------------------------------------------------------------------------------


async def draft_order(tx: Tx, account_code: str, execute_on: date) -> OrderView:
    """Put every refund of the actor's Polda that is ready into an order, at most `MOST_IN_ORDER`, the oldest first.

    Locks their cases. Raises NO_PAYING_ACCOUNT, DAY_NOT_POSSIBLE, NOTHING_TO_PAY.
    """
    polda = polda_of_actor(tx)
    account = tx.house[PayingAccounts].get(polda, account_code)
    _check_day(tx, execute_on)
    await tx.serialise(f"payment-orders:{polda}")
    ready = await _lock_ready(tx, polda)
    if not ready:
        raise NOTHING_TO_PAY()
    order = PaymentOrder(
        number=new_reference("PO"),
        polda_code=polda,
        account_code=account.code,
        count=len(ready),
        total=sum(row["amount"] for row in ready),
        execute_on=execute_on,
        drafted_by=tx.actor.id,
        drafted_at=tx.now,
    )
    tx.session.add(order)
    await tx.session.flush()
    tx.session.add_all(_payout(tx, order, row) for row in ready)
    await tx.session.flush()
    await _recompute(tx, [row["case_id"] for row in ready])
    return await get_order(tx.session, polda, order.id)


async def release_order(tx: Tx, order_id: UUID) -> OrderView:
    """A second person releases the order: the file is written, hashed and logged, and nothing in it changes any more.

    Raises ORDER_NOT_FOUND, ORDER_NOT_OPEN, ORDER_FOUR_EYES, and ORDER_CHANGED where an account or refund is no longer
    what was drafted.
    """
    order = await _locked(tx, order_id, OrderState.DRAFT)
    if order.drafted_by == tx.actor.id:
        raise ORDER_FOUR_EYES()
    order.released_by, order.released_at = tx.actor.id, tx.now
    content = await _file(tx, order)
    order.state, order.sha256 = OrderState.RELEASED, hashlib.sha256(content).hexdigest()
    order.leaf_id = await transparency.append(tx, "payment_order", _leaf(order, "release"))
    await tx.session.flush()
    return await get_order(tx.session, order.polda_code, order.id)


async def withdraw_order(tx: Tx, order_id: UUID, why: str) -> OrderView:
    """Take a draft back, by whoever may draft; its refunds are ready again. Raises ORDER_NOT_OPEN, WHY_NEEDED."""
    return await _end(tx, await _locked(tx, order_id, OrderState.DRAFT), OrderState.WITHDRAWN, why)


async def void_order(tx: Tx, order_id: UUID, why: str) -> OrderView:
    """The bank did not take the released file, or part of it: what its statement has not shown is ready again.

    By another person than the one who released it, for this is how money could go out twice. Raises ORDER_NOT_OPEN,
    ORDER_FOUR_EYES, WHY_NEEDED.
    """
    order = await _locked(tx, order_id, OrderState.RELEASED)
    if order.released_by == tx.actor.id:
        raise ORDER_FOUR_EYES()
    return await _end(tx, order, OrderState.VOID, why)


async def download(tx: Tx, order_id: UUID) -> OrderFile:
    """The file of a released order, with a leaf for who took it. Raises ORDER_NOT_RELEASED, and ORDER_CHANGED where its
    bytes can no longer be made, as when a payee was erased."""
    order = await _order(tx, order_id)
    if order.state != OrderState.RELEASED or order.sha256 is None:
        raise ORDER_NOT_RELEASED()
    content = await _file(tx, order)
    if hashlib.sha256(content).hexdigest() != order.sha256:
        raise ORDER_CHANGED()
    await transparency.append(tx, "payment_order", _leaf(order, "download"))
    return OrderFile(f"{order.number}.xml", content, order.sha256)


def polda_of_actor(tx: Tx) -> str:
    """Orders belong to a Polda: whoever acts must work there. Raises FORBIDDEN."""
    if not tx.actor.unit:
        raise FORBIDDEN()
    return tx.actor.unit


# --- below -----------------------------------------------------------------------------------------------------------


async def _lock_ready(tx: Tx, polda: str) -> list[RowMapping]:
    """The refunds that the next order takes, with their cases locked, in one order for all."""
    units = await units_of(tx.session, polda)
    found = [row["case_id"] for row in await _ready(tx, units)]
    for case_id in sorted(set(found)):
        await tx.lock(Case, case_id)
    return [row for row in await _ready(tx, units) if row["case_id"] in set(found)]


async def _ready(tx: Tx, units: Sequence[str]) -> Sequence[RowMapping]:
    taken = select(col(Payout.refund_id)).where(col(Payout.state).in_([PayoutState.LIVE, PayoutState.PAID]))
    query: Select[*tuple[Any, ...]] = (
        select(
            col(Refund.id),
            col(Refund.amount),
            col(Bill.case_id),
            col(RefundAccount.id).label("account_id"),
        )
        .join(Bill, col(Bill.id) == col(Refund.bill_id))
        .join(RefundAccount, col(RefundAccount.key_id) == col(Refund.payee_key_id))
        .join(vault.DataKey, col(vault.DataKey.id) == col(RefundAccount.key_id))
        .where(
            col(Refund.state) == RefundState.OWED,
            col(Bill.unit).in_(units),
            col(Bill.case_id).is_not(None),
            col(RefundAccount.state) == AccountState.CHECKED,
            col(RefundAccount.replaced_at).is_(None),
            col(vault.DataKey.wrapped).is_not(None),
            col(Refund.id).not_in(taken),
        )
        .order_by(col(Refund.owed_at), col(Refund.id))
        .limit(MOST_IN_ORDER)
    )
    rows: Sequence[RowMapping] = (await tx.session.execute(query)).mappings().all()
    return rows


def _payout(tx: Tx, order: PaymentOrder, row: RowMapping) -> Payout:
    return Payout(
        order_id=order.id,
        refund_id=row["id"],
        account_id=row["account_id"],
        amount=row["amount"],
        end_to_end_id=new_reference("RF", 12),
        opened_at=tx.now,
    )


def _check_day(tx: Tx, execute_on: date) -> None:
    today = tx.now.astimezone(reference_data.NATIONAL_ZONE).date()
    last = today + timedelta(days=MOST_DAYS_AHEAD)
    if not today <= execute_on <= last:
        error = FieldError("/execute_on", Text("Pilih tanggal lain.", "Choose another day."))
        raise DAY_NOT_POSSIBLE(first=today.isoformat(), last=last.isoformat(), errors=[error])


async def _order(tx: Tx, order_id: UUID) -> PaymentOrder:
    order = await tx.lock(PaymentOrder, order_id)
    if order is None or order.polda_code != polda_of_actor(tx):
        raise ORDER_NOT_FOUND()
    return order


async def _locked(tx: Tx, order_id: UUID, wanted: OrderState) -> PaymentOrder:
    """The order in this state, with the cases of its payouts locked before it, as everywhere."""
    query: Select[Any] = (
        select(col(Bill.case_id))
        .join(Refund, col(Refund.bill_id) == col(Bill.id))
        .join(Payout, col(Payout.refund_id) == col(Refund.id))
        .where(col(Payout.order_id) == order_id)
    )
    for case_id in sorted({each for each in (await tx.session.execute(query)).scalars() if each is not None}):
        await tx.lock(Case, case_id)
    order = await _order(tx, order_id)
    if order.state != wanted:
        raise ORDER_NOT_OPEN(state=_WORDS[OrderState(order.state)])
    return order


async def _end(tx: Tx, order: PaymentOrder, state: OrderState, why: str) -> OrderView:
    text = " ".join(why.split())
    if not (WHY_MIN_CHARS <= len(text) <= WHY_MAX_CHARS and text.isprintable()):
        raise WHY_NEEDED(errors=[FieldError("/reason", Text("Tuliskan alasannya.", "Write the reason."))])
    order.state, order.ended_by, order.ended_at, order.ended_why = state, tx.actor.id, tx.now, text
    ended = (
        update(Payout)
        .where(col(Payout.order_id) == order.id, col(Payout.state) == PayoutState.LIVE)
        .values(state=PayoutState.DROPPED)
        .returning(col(Payout.refund_id))
    )
    dropped = list((await tx.session.execute(ended)).scalars())
    of_cases = select(col(Bill.case_id)).join(Refund, col(Refund.bill_id) == col(Bill.id))
    query = of_cases.where(col(Refund.id).in_(dropped))
    await _recompute(tx, [each for each in (await tx.session.execute(query)).scalars() if each is not None])
    await transparency.append(tx, "payment_order", _leaf(order, str(state)))
    await tx.session.flush()
    return await get_order(tx.session, order.polda_code, order.id)


async def _recompute(tx: Tx, case_ids: Sequence[UUID]) -> None:
    """While a payment is on its way no year runs out; the cases are locked already."""
    for case_id in sorted(set(case_ids)):
        case = await cases.get_locked(tx, case_id, bound=False)
        await cases.recompute_deadlines(tx, case)


async def _file(tx: Tx, order: PaymentOrder) -> bytes:
    account = tx.house[PayingAccounts].get(order.polda_code, order.account_code)
    if order.released_at is None:
        raise ORDER_NOT_RELEASED()
    transfers = await _transfers(tx, order)
    return pain001.write(pain001.Initiation(order.number, order.released_at, order.execute_on, account, transfers))


async def _transfers(tx: Tx, order: PaymentOrder) -> list[pain001.Transfer]:
    """The transfers with the payees' names and numbers in plain. Raises ORDER_CHANGED where one is no longer to be had."""
    query = (
        select(Payout, RefundAccount, col(Case.reference), col(Bill.purpose))
        .join(RefundAccount, col(RefundAccount.id) == col(Payout.account_id))
        .join(Refund, col(Refund.id) == col(Payout.refund_id))
        .join(Bill, col(Bill.id) == col(Refund.bill_id))
        .join(Case, col(Case.id) == col(Bill.case_id))
        .where(col(Payout.order_id) == order.id)
        .order_by(col(Payout.end_to_end_id))
    )
    transfers = []
    for payout, given, reference, purpose in (await tx.session.execute(query)).all():
        sealed = {"number": given.number_enc, "holder": given.holder_enc, "at_bank": given.at_bank_enc}
        opened = await vault.open_(tx.session, tx.house.keys, given.key_id, sealed)
        if opened["number"] is None or not (order.sha256 or _still_good(given)):
            raise ORDER_CHANGED()
        transfers.append(
            pain001.Transfer(
                end_to_end_id=payout.end_to_end_id,
                amount=payout.amount,
                bank_code=given.bank_code,
                number=opened["number"],
                name=opened["at_bank"] or opened["holder"] or "-",
                text=FILE_TEXTS[Purpose(purpose)].format(reference=reference),
            )
        )
    if (len(transfers), sum(each.amount for each in transfers)) != (order.count, order.total):
        raise ORDER_CHANGED()
    return transfers


def _still_good(account: RefundAccount) -> bool:
    return account.state == AccountState.CHECKED and account.replaced_at is None


def _leaf(order: PaymentOrder, what: str) -> Mapping[str, JsonValue]:
    return {
        "order": order.number,
        "polda": order.polda_code,
        "account": order.account_code,
        "what": what,
        "count": order.count,
        "total": order.total,
        "sha256": order.sha256,
        "drafted_by": order.drafted_by,
        "released_by": order.released_by,
    }
