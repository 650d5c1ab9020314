"""Differences as the counter sees them: what waits for whom, and one of them with all that is known of it.

The bank's remittance text may name a payer: it is opened for who works on the difference, and that look is a step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.core.actor import Actor
from app.core.db import Tx
from app.core.money import Rupiah
from app.core.texts import Text
from app.services.billing.bills import customer_no_is_valid
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, SnapPayment
from app.services.billing.problems import BILL_NOT_FOUND
from app.services.billing.settlement import actions, exceptions
from app.services.billing.settlement.actions import ACTIONS, Action
from app.services.billing.settlement.matching import OFFSET, customer_no
from app.services.billing.settlement.models import (
    ExceptionKind,
    ExceptionState,
    SettlementException,
    SettlementLine,
    SettlementStep,
)
from app.services.billing.settlement.problems import EXCEPTION_NOT_FOUND
from app.services.billing.settlement.scope import may_see
from app.services.billing.snap.client_jobs import BankAnswer, latest_answer
from app.services.cases.models import Case
from app.services.identity.models import Credential

LOOKED = "looked"
MOST_OPPOSITES = 20
MOST_STEPS = 200
MOST_DIGITS = 40

KINDS: dict[str, Text] = {
    ExceptionKind.UNKNOWN: Text("Tidak dikenal", "Unknown to us"),
    ExceptionKind.REFUSED: Text("Ditolak tetapi disimpan bank", "Refused, and kept by the bank"),
    ExceptionKind.DUPLICATE: Text("Baris kedua untuk satu pembayaran", "A second line for one payment"),
    ExceptionKind.AMOUNT: Text("Jumlah atau biaya berbeda", "Another amount or fee"),
    ExceptionKind.DEBIT: Text("Uang keluar tanpa penjelasan", "Money that left unexplained"),
    ExceptionKind.REVERSAL: Text("Ditarik bank setelah dipakai", "Taken back after it was used"),
    ExceptionKind.MISSING: Text("Tidak ada dalam berkas bank", "Missing at the bank"),
    ExceptionKind.NO_STATEMENT: Text("Hari tanpa rekening koran", "A day without a statement"),
    ExceptionKind.GAP: Text("Rekening koran terputus", "A gap between statements"),
}


class Wanted(StrEnum):
    """Which differences a list shows: those that still want somebody, or those that are closed."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One difference in a list. `held` is what suspense has for it, in rupiah (negative: owed to us)."""

    id: UUID
    kind: ExceptionKind
    state: ExceptionState
    bank: str
    bank_name: str
    unit: str | None
    held: int
    suggested: str
    opened_at: datetime
    case_id: UUID | None
    reference: str | None
    action: str | None
    proposed_by: str | None
    proposed_at: datetime | None
    closed_by: str | None
    closed_at: datetime | None
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class LineView:
    """The bank's line that it is about."""

    bank_reference: str
    payment_request_id: str | None
    virtual_account_no: str | None
    amount: Rupiah
    fee: Rupiah
    credit: bool
    reversal: bool
    booked_on: date
    trx_at: str | None


@dataclass(frozen=True, slots=True)
class BillSeen:
    """The bill that it is, or may be, about."""

    id: UUID
    customer_no: str
    title: str
    state: str
    amount: Rupiah


@dataclass(frozen=True, slots=True)
class StepView:
    """What somebody did about it; `actor` is an opaque id."""

    at: datetime
    step: str
    action: str | None
    actor_kind: str
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class DifferencePage:
    """One difference with everything for one decision. `text` is what the bank wrote beside the money.

    `day` and `told` are of what no line tells: the day without a statement, and how a statement does not follow.
    `possible` are the actions that make sense, the suggested one first; `opposites` what it may be set off against.
    """

    difference: DifferenceView
    line: LineView | None
    bill: BillSeen | None
    action_bill: BillSeen | None
    payment_request_id: str | None
    text: str | None
    day: str | None
    told: Text | None
    bank_says: BankAnswer | None
    possible: tuple[Action, ...]
    opposites: tuple[DifferenceView, ...]
    steps: tuple[StepView, ...]


async def list_differences(
    source: Reader, actor: Actor, wanted: Wanted, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[DifferenceView]:
    """What this member of staff may see: open ones the longest waiting first, closed ones the newest first."""
    at, id_ = col(SettlementException.opened_at), col(SettlementException.id)
    query = _LIST.where(*_theirs(actor))
    if wanted is Wanted.OPEN:
        query = query.where(col(SettlementException.state) != ExceptionState.CLOSED).order_by(at, id_)
        later = None if after is None else (at > after[0]) | ((at == after[0]) & (id_ > after[1]))
    else:
        query = query.where(col(SettlementException.state) == ExceptionState.CLOSED).order_by(at.desc(), id_.desc())
        later = None if after is None else (at < after[0]) | ((at == after[0]) & (id_ < after[1]))
    if later is not None:
        query = query.where(later)
    return [_view(row) for row in (await source.execute(query.limit(limit))).mappings()]


async def open_difference(tx: Tx, exception_id: UUID) -> DifferencePage:
    """One difference. The first look of each person at the bank's text is a step. Raises EXCEPTION_NOT_FOUND."""
    row = await tx.one(SettlementException, exception_id)
    if row is None or not may_see(tx.actor, row.unit):
        raise EXCEPTION_NOT_FOUND()
    shown = (await tx.session.execute(_LIST.where(col(SettlementException.id) == row.id))).mappings().one()
    text = exceptions.open_text(tx.house, row)
    if text is not None:
        await _note_look(tx, row)
    line = await tx.one(SettlementLine, row.line_id) if row.line_id is not None else None
    payment = await tx.one(SnapPayment, row.payment_id) if row.payment_id is not None else None
    subject = (line and (line.payment_request_id or line.virtual_account_no)) or (
        payment and payment.payment_request_id
    )
    told = Text(str(row.facts["id"]), str(row.facts["en"])) if row.kind == ExceptionKind.GAP else None
    open_now = row.state != ExceptionState.CLOSED
    possible = actions.possible(row) if open_now else []
    return DifferencePage(
        difference=_view(shown),
        line=None if line is None else _line(line),
        bill=await _bill(tx, row.bill_id),
        action_bill=await _bill(tx, row.action_bill_id),
        payment_request_id=payment.payment_request_id if payment else None,
        text=text,
        day=str(row.facts["day"]) if "day" in row.facts else None,
        told=told,
        bank_says=await latest_answer(tx.session, row.bank, subject) if subject else None,
        possible=tuple(ACTIONS[name] for name in possible),
        opposites=await _opposites(tx, row) if OFFSET in possible else (),
        steps=await _steps(tx, row.id),
    )


async def bill_named(source: Reader, bank: str, text: str) -> UUID:
    """The bill that somebody names by its number: with the bank's prefix as payers type it, or without.

    Raises BILL_NOT_FOUND.
    """
    digits = "".join(text.split())[:MOST_DIGITS]
    query = select(col(_Bank.partner_service_id)).where(col(_Bank.client_id) == bank)
    partner = ((await source.execute(query)).scalar_one_or_none() or "").strip()
    numbers = [digits, customer_no(partner, digits) or digits]
    found = select(col(Bill.id)).where(
        col(Bill.customer_no).in_([each for each in numbers if customer_no_is_valid(each)])
    )
    bill_id = (await source.execute(found.limit(1))).scalar_one_or_none()
    if bill_id is None:
        raise BILL_NOT_FOUND()
    return bill_id


async def _note_look(tx: Tx, row: SettlementException) -> None:
    query = select(col(SettlementStep.id)).where(
        col(SettlementStep.exception_id) == row.id,
        col(SettlementStep.step) == LOOKED,
        col(SettlementStep.actor) == tx.actor.id,
    )
    if (await tx.session.execute(query.limit(1))).first() is None:
        await exceptions.add_step(tx, row, LOOKED, action=None, reason=None)


async def _bill(tx: Tx, bill_id: UUID | None) -> BillSeen | None:
    bill = await tx.one(Bill, bill_id) if bill_id is not None else None
    return None if bill is None else BillSeen(bill.id, bill.customer_no, bill.title, bill.state, Rupiah(bill.amount))


async def _opposites(tx: Tx, row: SettlementException) -> tuple[DifferenceView, ...]:
    query = _LIST.where(
        *_theirs(tx.actor),
        col(SettlementException.bank) == row.bank,
        col(SettlementException.state) == ExceptionState.OPEN,
        col(SettlementException.held) == -row.held,
        col(SettlementException.id) != row.id,
    ).order_by(col(SettlementException.opened_at), col(SettlementException.id))
    return tuple(_view(each) for each in (await tx.session.execute(query.limit(MOST_OPPOSITES))).mappings())


async def _steps(tx: Tx, exception_id: UUID) -> tuple[StepView, ...]:
    query = (
        select(SettlementStep)
        .where(col(SettlementStep.exception_id) == exception_id)
        .order_by(col(SettlementStep.at), col(SettlementStep.id))
        .limit(MOST_STEPS)
    )
    rows: Sequence[SettlementStep] = (await tx.session.execute(query)).scalars().all()
    return tuple(StepView(each.at, each.step, each.action, each.actor_kind, each.actor, each.reason) for each in rows)


def _line(line: SettlementLine) -> LineView:
    return LineView(
        bank_reference=line.bank_reference,
        payment_request_id=line.payment_request_id,
        virtual_account_no=line.virtual_account_no,
        amount=Rupiah(line.amount),
        fee=Rupiah(line.fee),
        credit=line.credit,
        reversal=line.reversal,
        booked_on=line.booked_on,
        trx_at=line.trx_at,
    )


def _theirs(actor: Actor) -> Sequence[ColumnElement[bool]]:
    return [] if actor.unit is None else [col(SettlementException.unit) == actor.unit]


_Bank = aliased(Credential)
_OWN = tuple(
    col(getattr(SettlementException, name))
    for name in (
        "id", "kind", "state", "bank", "unit", "held", "suggested", "opened_at", "action", "proposed_by", "proposed_at",
        "closed_by", "closed_at", "entry_id",
    )
)  # fmt: skip
_LIST: Select[*tuple[Any, ...]] = (
    select(*_OWN, col(_Bank.name).label("bank_name"), col(Case.id).label("case_id"), col(Case.reference))
    .outerjoin(_Bank, col(_Bank.client_id) == col(SettlementException.bank))
    .outerjoin(Bill, col(Bill.id) == col(SettlementException.bill_id))
    .outerjoin(Case, col(Case.id) == col(Bill.case_id))
)


def _view(row: RowMapping | Mapping[str, Any]) -> DifferenceView:
    values = dict(row)
    return DifferenceView(
        **{
            **values,
            "kind": ExceptionKind(values["kind"]),
            "state": ExceptionState(values["state"]),
            "bank_name": values["bank_name"] or values["bank"],
        }
    )
