"""Handing money on: one person records a remittance with its numbers, another confirms it, and then it is booked.

``PF -> BA`` (and RV, TR; for other payees their own account): money leaves the bank account and is owed no more. Until
the confirmation nothing is booked; a remittance recorded by mistake is withdrawn and its money waits again. `paid` and
`remitted` are two facts of a bill: the first is our payment entry, the second a confirmed remittance with its NTPN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.db import Tx
from app.core.money import Rupiah, show_rupiah
from app.core.problems import FieldError
from app.services.billing import ledger
from app.services.billing.accounts import BANK
from app.services.billing.ledger import Line, Reader
from app.services.billing.models import Bill, EntryKind, LedgerLine
from app.services.billing.snap.times import WIB, bank_day
from app.services.billing.treasury import debits, numbers
from app.services.billing.treasury.models import Remittance, RemittancePart, RemittanceState
from app.services.billing.treasury.problems import (
    REMITTANCE_CLOSED,
    REMITTANCE_DAY,
    REMITTANCE_DIFFERS,
    REMITTANCE_EMPTY,
    REMITTANCE_KNOWN,
    REMITTANCE_NOT_FOUND,
    REMITTANCE_NUMBER,
    REMITTANCE_OWN,
    REMITTANCE_STALE,
    REMITTANCE_TAKEN,
    REMITTANCE_TOO_MANY,
)
from app.services.billing.treasury.waiting import MAX_PARTS, TREASURY, Part, parts_waiting, payee_is_known, payee_of

MEMO = "disetor / remitted"
MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class Numbers:
    """What proves a remittance, in checked form: three numbers for the treasury, one transfer for others."""

    billing_code: str | None = None
    ntb: str | None = None
    ntpn: str | None = None
    transfer_no: str | None = None
    mended: bool = False


@dataclass(frozen=True, slots=True)
class RemittanceView:
    """A remittance as the treasurer sees it; `bills` is how many bills it covers."""

    id: UUID
    payee: str
    amount: Rupiah
    billing_code: str | None
    ntb: str | None
    ntpn: str | None
    transfer_no: str | None
    remitted_on: date
    state: RemittanceState
    recorded_at: datetime
    recorded_by: str
    closed_at: datetime | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class Remitted:
    """Money of one bill that is with its payee: `ntpn` is the treasury's proof of it."""

    payee: str
    account: str
    amount: Rupiah
    remitted_on: date
    billing_code: str | None
    ntb: str | None
    ntpn: str | None
    transfer_no: str | None


def read_numbers(
    payee: str, *, billing_code: str = "", ntb: str = "", ntpn: str = "", transfer_no: str = ""
) -> Numbers:
    """The numbers as typed, in checked form. Raises REMITTANCE_NUMBER with the field that is wrong."""
    try:
        if payee != TREASURY:
            return Numbers(transfer_no=numbers.read_transfer_no(transfer_no))
        proof = numbers.read_ntpn(ntpn)
        return Numbers(numbers.read_billing_code(billing_code), numbers.read_ntb(ntb), proof.text, mended=proof.mended)
    except numbers.BadNumber as wrong:
        raise REMITTANCE_NUMBER(errors=[FieldError(f"/{wrong.field}", wrong.wanted)]) from None


async def record(tx: Tx, unit: str, payee: str, proof: Numbers, *, amount: int, remitted_on: date, until: date) -> UUID:
    """Record that everything that came to wait until the end of a day (WIB) was remitted as one amount.

    Raises REMITTANCE_DAY for a day to come, REMITTANCE_EMPTY, REMITTANCE_DIFFERS with what the books hold,
    REMITTANCE_TOO_MANY, and what `record_parts` raises.
    """
    if not payee_is_known(payee):
        raise REMITTANCE_NOT_FOUND()
    if until > bank_day(tx.now):
        raise REMITTANCE_DAY()
    before = datetime.combine(until + timedelta(days=1), time(), WIB)
    parts = await parts_waiting(tx.session, unit, payee, before=before)
    if len(parts) > MAX_PARTS:
        raise REMITTANCE_TOO_MANY(most=MAX_PARTS)
    held = sum(part.amount for part in parts)
    if not parts:
        raise REMITTANCE_EMPTY()
    if held != amount:
        raise REMITTANCE_DIFFERS(held=show_rupiah(Rupiah(held)), bills=len({part.bill_id for part in parts}))
    return await record_parts(tx, unit, proof, parts, remitted_on=remitted_on)


async def record_parts(tx: Tx, unit: str, proof: Numbers, parts: Sequence[Part], *, remitted_on: date) -> UUID:
    """Record a remittance that covers these parts of bills; waits for a second person. Returns its id.

    Raises REMITTANCE_DAY, REMITTANCE_KNOWN for a number used before, REMITTANCE_TAKEN for money covered meanwhile.
    """
    if remitted_on > bank_day(tx.now):
        raise REMITTANCE_DAY()
    remittance = Remittance(
        unit=unit,
        payee=payee_of(parts[0].account),
        amount=sum(part.amount for part in parts),
        billing_code=proof.billing_code,
        ntb=proof.ntb,
        ntpn=proof.ntpn,
        transfer_no=proof.transfer_no,
        remitted_on=remitted_on,
        recorded_at=tx.now,
        recorded_by=tx.actor.id,
    )
    tx.session.add(remittance)
    try:
        await tx.session.flush()
    except IntegrityError as error:
        raise REMITTANCE_KNOWN() from error
    rows = [
        {"bill_id": part.bill_id, "account": part.account, "remittance_id": remittance.id, "amount": part.amount}
        for part in parts
    ]
    try:
        await tx.session.execute(insert(RemittancePart), rows)
    except IntegrityError as error:
        raise REMITTANCE_TAKEN() from error
    await debits.suggest(tx, remittance)
    return remittance.id


async def confirm(tx: Tx, remittance_id: UUID, unit: str) -> UUID:
    """A second person has seen the proof: book it. Returns the entry's id.

    Locks the remittance and its bills. Raises REMITTANCE_NOT_FOUND, REMITTANCE_CLOSED, REMITTANCE_OWN, and
    REMITTANCE_STALE where a bill's money has gone elsewhere since.
    """
    remittance = await _lock(tx, remittance_id, unit)
    if remittance.recorded_by == tx.actor.id:
        raise REMITTANCE_OWN()
    parts = await _parts_to_book(tx, remittance.id)
    lines = [Line(part.account, part.amount, part.bill_id) for part in parts]
    entry_id = await ledger.post(tx, EntryKind.REMITTED, MEMO, [*lines, Line(BANK, -remittance.amount)])
    remittance.state, remittance.entry_id = RemittanceState.CONFIRMED, entry_id
    remittance.closed_at, remittance.closed_by = tx.now, tx.actor.id
    await tx.session.flush()
    return entry_id


async def withdraw(tx: Tx, remittance_id: UUID, unit: str) -> None:
    """It was recorded by mistake: its money waits again. Raises REMITTANCE_NOT_FOUND, REMITTANCE_CLOSED."""
    remittance = await _lock(tx, remittance_id, unit)
    await tx.session.execute(delete(RemittancePart).where(col(RemittancePart.remittance_id) == remittance.id))
    remittance.state = RemittanceState.WITHDRAWN
    remittance.closed_at, remittance.closed_by = tx.now, tx.actor.id
    await tx.session.flush()


async def list_remittances(source: Reader, unit: str, *, limit: int = MAX_LISTED) -> list[RemittanceView]:
    """The remittances of a unit: those that wait for a second person first, then the newest."""
    waits = (col(Remittance.state) == RemittanceState.RECORDED).desc()
    query = (
        select(*(col(getattr(Remittance, name)) for name in RemittanceView.__slots__))
        .where(col(Remittance.unit) == unit)
        .order_by(waits, col(Remittance.recorded_at).desc(), col(Remittance.id).desc())
        .limit(min(limit, MAX_LISTED))
    )
    rows = (await source.execute(query)).mappings()
    return [RemittanceView(**{**row, "state": RemittanceState(row["state"])}) for row in rows]


async def remitted_of(source: Reader, bill_id: UUID) -> list[Remitted]:
    """What of a bill's money is with its payees, by confirmed remittances."""
    query = (
        select(
            col(Remittance.payee),
            col(RemittancePart.account),
            col(RemittancePart.amount),
            col(Remittance.remitted_on),
            col(Remittance.billing_code),
            col(Remittance.ntb),
            col(Remittance.ntpn),
            col(Remittance.transfer_no),
        )
        .join(Remittance, col(Remittance.id) == col(RemittancePart.remittance_id))
        .where(col(RemittancePart.bill_id) == bill_id, col(Remittance.state) == RemittanceState.CONFIRMED)
        .order_by(col(Remittance.remitted_on), col(RemittancePart.account))
    )
    return [Remitted(**row) for row in (await source.execute(query)).mappings()]


async def _lock(tx: Tx, remittance_id: UUID, unit: str) -> Remittance:
    remittance = await tx.lock(Remittance, remittance_id)
    if remittance is None or remittance.unit != unit:
        raise REMITTANCE_NOT_FOUND()
    if remittance.state != RemittanceState.RECORDED:
        raise REMITTANCE_CLOSED()
    return remittance


async def _parts_to_book(tx: Tx, remittance_id: UUID) -> list[RemittancePart]:
    """The parts, with their bills locked, each still held as it was recorded."""
    covered = col(RemittancePart.remittance_id) == remittance_id
    ids = select(col(RemittancePart.bill_id)).where(covered)
    # Bills alone, in the order in which other work locks several: whoever holds a case's lock never waits for ours.
    locking = select(col(Bill.id)).where(col(Bill.id).in_(ids)).order_by(col(Bill.opened_at), col(Bill.id))
    await tx.session.execute(locking.with_for_update())
    parts = list((await tx.session.execute(select(RemittancePart).where(covered))).scalars())
    held = {
        (row.bill_id, row.account): -row.amount
        for row in await tx.session.execute(
            select(col(LedgerLine.bill_id), col(LedgerLine.account), func.sum(LedgerLine.amount).label("amount"))
            .where(col(LedgerLine.bill_id).in_(ids))
            .group_by(col(LedgerLine.bill_id), col(LedgerLine.account))
        )
    }
    stale = [part for part in parts if held.get((part.bill_id, part.account), 0) != part.amount]
    if stale:
        raise REMITTANCE_STALE(bills=len(stale))
    return parts
