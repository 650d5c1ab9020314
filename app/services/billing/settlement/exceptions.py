"""Differences as the machine opens and closes them; what people do about them is in `decisions.py`.

The machine closes only what the bank itself has mended: a line that came late, money that it took back, a day that it
told after all.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Row, select
from sqlmodel import col

from app.core.crypto import CannotOpen
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.services import reference, transparency
from app.services.billing.ledger import Reader, insert_once
from app.services.billing.models import Bill, SnapPayment
from app.services.billing.settlement.lines import StatementLine
from app.services.billing.settlement.matching import ACCEPT, DISMISS, REVERSE
from app.services.billing.settlement.models import (
    ExceptionKind,
    ExceptionState,
    SettlementException,
    SettlementFile,
    SettlementLine,
    SettlementStatement,
    SettlementStep,
)
from app.services.billing.snap.client_jobs import ASK_STATUS, SETTLEMENT
from app.services.billing.snap.times import WIB, bank_day

ASK_AT_MOST = 20
"""Questions to the bank for one chunk: a file that is strange throughout is asked about by telephone."""
MISSING_AFTER_DAYS = 3
"""A payment that no file has by the third day is missing; until then it is pending: files come a day late."""
WATCHED = timedelta(days=60)
FOUND_AT_ONCE = 500
Seen: TypeAlias = tuple[datetime, UUID]
"""A payment that was looked at: when it was received, and its id."""
SYSTEM_ID = "system"


# --- the bank's remittance text -----------------------------------------------------------------------------------


def seal_text(house: House, exception_id: UUID, text: str) -> str | None:
    """The bank's words may name a payer, so they are kept sealed."""
    return house.keys.seal("personal", text.encode(), _place(exception_id)) if text else None


def open_text(house: House, row: SettlementException) -> str | None:
    """The bank's words; None where there are none any more."""
    try:
        return house.keys.open("personal", row.text_enc, _place(row.id)).decode() if row.text_enc else None
    except CannotOpen:
        return None


def _place(exception_id: UUID) -> bytes:
    return f"settlement_exceptions:{exception_id}".encode()


# --- what the machine opens ---------------------------------------------------------------------------------------


async def ask_bank(tx: Tx, bank: str, lines: Sequence[StatementLine]) -> None:
    """Have the bank asked what became of these payments (SNAP service 26); its answer stands beside the difference."""
    for line in lines[:ASK_AT_MOST]:
        subject = line.payment_request_id or line.virtual_account_no
        if subject:
            await tx.enqueue(ASK_STATUS, bank, subject, SETTLEMENT, line.virtual_account_no)


async def open_gap(tx: Tx, file: SettlementFile) -> None:
    """The file waits until the missing statement has come, or until two persons agree that there is none."""
    facts: dict[str, JsonValue] = {"id": file.refusal_id, "en": file.refusal_en}
    await insert_once(
        tx,
        SettlementException,
        kind=ExceptionKind.GAP,
        subject=str(file.id),
        bank=file.bank,
        unit=file.unit,
        file_id=file.id,
        suggested=ACCEPT,
        facts=facts,
        opened_at=tx.now,
    )


async def open_missing(tx: Tx, bank: str, *, after: Seen | None = None) -> Seen | None:
    """Payments of a bank that no file has by the third day, `FOUND_AT_ONCE` of them; returns the last that was looked at,
    None when there are no more. A day without any statement may hold thousands: behind them others are looked for.

    A day that no statement has told of is one difference, not one for each of its payments.
    """
    today = bank_day(tx.now)
    told = await _days_told(tx, bank)
    rows = await _unsettled(tx, bank, after)
    poldas = {unit: await _polda(tx, unit) for unit in {row.unit for row in rows}}
    for row in rows:
        day = bank_day(row.received_at)
        if (today - day).days < MISSING_AFTER_DAYS:
            continue
        unit = poldas[row.unit]
        common = {"bank": bank, "unit": unit, "suggested": DISMISS, "opened_at": tx.now, "facts": {"day": str(day)}}
        if any(last >= day for last, of in told if of in ("", unit)):
            key = {"kind": ExceptionKind.MISSING, "subject": str(row.id)}
            key |= {"payment_id": row.id, "bill_id": row.bill_id}
        else:
            key = {"kind": ExceptionKind.NO_STATEMENT, "subject": f"{bank} {unit} {day}"}
        await insert_once(tx, SettlementException, **key, **common)
    return (rows[-1].received_at, rows[-1].id) if len(rows) == FOUND_AT_ONCE else None


async def open_missing_now(tx: Tx, payment_id: UUID) -> None:
    """The bank itself says that it has no such payment: two persons may undo it before the third day."""
    query = (
        select(col(SnapPayment.client_id), col(SnapPayment.bill_id), col(SnapPayment.received_at), col(Bill.unit))
        .join(Bill, col(Bill.paid_entry_id) == col(SnapPayment.entry_id))
        .where(col(SnapPayment.id) == payment_id)
    )
    row = (await tx.session.execute(query)).first()
    if row is None:
        return
    await insert_once(
        tx,
        SettlementException,
        kind=ExceptionKind.MISSING,
        subject=str(payment_id),
        bank=row.client_id,
        unit=await _polda(tx, row.unit),
        payment_id=payment_id,
        bill_id=row.bill_id,
        suggested=REVERSE,
        facts={"day": str(bank_day(row.received_at)), "bank": "denies"},
        opened_at=tx.now,
    )


async def _days_told(tx: Tx, bank: str) -> list[tuple[date, str]]:
    """The last days of what was posted, and for which Polda (empty: for all)."""
    query = select(col(SettlementStatement.last_day), col(SettlementStatement.unit)).where(
        col(SettlementStatement.bank) == bank,
        col(SettlementStatement.posted_at).is_not(None),
        col(SettlementStatement.last_day) >= bank_day(tx.now - WATCHED),
    )
    return [(row.last_day, row.unit) for row in (await tx.session.execute(query)).all()]


async def _unsettled(tx: Tx, bank: str, after: Seen | None) -> Sequence[Row[UUID, UUID, datetime, str]]:
    """Payments that stand, that no line has settled, and that no open or closed difference tells of; oldest first."""
    before = datetime.combine(bank_day(tx.now), time(), WIB) - timedelta(days=MISSING_AFTER_DAYS - 1)
    settled = select(col(SettlementLine.id)).where(
        col(SettlementLine.payment_id) == col(SnapPayment.id),
        col(SettlementLine.ended_by).is_(None),
        col(SettlementLine.settled) > 0,
    )
    told = select(col(SettlementException.id)).where(
        col(SettlementException.kind) == ExceptionKind.MISSING,
        col(SettlementException.payment_id) == col(SnapPayment.id),
    )
    query = (
        select(col(SnapPayment.id), col(SnapPayment.bill_id), col(SnapPayment.received_at), col(Bill.unit))
        .join(Bill, col(Bill.id) == col(SnapPayment.bill_id))
        .where(
            col(SnapPayment.client_id) == bank,
            col(SnapPayment.received_at) < before,
            col(SnapPayment.received_at) > tx.now - WATCHED,
            col(Bill.paid_entry_id) == col(SnapPayment.entry_id),
            ~settled.exists(),
            ~told.exists(),
        )
        .order_by(col(SnapPayment.received_at), col(SnapPayment.id))
        .limit(FOUND_AT_ONCE)
    )
    if after is not None:
        at, id_ = after
        later = col(SnapPayment.received_at) > at
        query = query.where(later | ((col(SnapPayment.received_at) == at) & (col(SnapPayment.id) > id_)))
    return (await tx.session.execute(query)).all()


async def _polda(tx: Tx, unit: str) -> str:
    found = await reference.find_unit(tx.session, unit)
    return (found.polda_code if found else None) or unit


# --- what the bank has mended -------------------------------------------------------------------------------------


async def close_by_bank(tx: Tx, exception_id: UUID, entry_id: UUID | None, why: str) -> None:
    """The bank's own file has mended a difference: it closes by itself, whatever was proposed."""
    row = await tx.lock(SettlementException, exception_id)
    if row is None or row.state == ExceptionState.CLOSED:
        return
    row.state, row.held, row.entry_id = ExceptionState.CLOSED, 0, entry_id
    row.closed_by, row.closed_at = SYSTEM_ID, tx.now
    await add_step(tx, row, "closed", action=None, reason=why)


async def found_after_all(tx: Tx, bank: str, payment_ids: Collection[UUID]) -> None:
    """Payments that were missing stand in a file now."""
    query = select(col(SettlementException.id), col(SettlementException.payment_id)).where(
        col(SettlementException.bank) == bank,
        col(SettlementException.kind) == ExceptionKind.MISSING,
        col(SettlementException.state) != ExceptionState.CLOSED,
    )
    missing = (await tx.session.execute(query)).all() if payment_ids else []
    wanted = set(payment_ids)
    for row in missing:
        if row.payment_id in wanted:
            await close_by_bank(tx, row.id, None, "ada dalam berkas bank / the bank's file has it")


async def day_told(tx: Tx, statement: SettlementStatement) -> None:
    """A statement has come for days that had none."""
    query = select(SettlementException).where(
        col(SettlementException.bank) == statement.bank,
        col(SettlementException.kind) == ExceptionKind.NO_STATEMENT,
        col(SettlementException.state) != ExceptionState.CLOSED,
    )
    for row in (await tx.session.execute(query)).scalars().all():
        day = date.fromisoformat(str(row.facts["day"]))
        if statement.first_day <= day <= statement.last_day and statement.unit in ("", row.unit):
            await close_by_bank(tx, row.id, None, "rekening koran sudah datang / the statement has come")


async def gap_closed(tx: Tx, file_id: UUID) -> None:
    """The file was booked: what it waited for has come."""
    query = select(col(SettlementException.id)).where(
        col(SettlementException.kind) == ExceptionKind.GAP, col(SettlementException.subject) == str(file_id)
    )
    found = (await tx.session.execute(query)).scalar_one_or_none()
    if found is not None:
        await close_by_bank(tx, found, None, "rekening koran yang hilang sudah datang / the missing one has come")


async def gap_accepted(source: Reader, file_id: UUID) -> bool:
    """Whether two persons agreed to book this file although it does not follow upon the one before."""
    query = select(col(SettlementException.id)).where(
        col(SettlementException.kind) == ExceptionKind.GAP,
        col(SettlementException.subject) == str(file_id),
        col(SettlementException.state) == ExceptionState.CLOSED,
        col(SettlementException.action) == ACCEPT,
        col(SettlementException.closed_by) != SYSTEM_ID,
    )
    return (await source.execute(query)).first() is not None


async def add_step(tx: Tx, row: SettlementException, step: str, *, action: str | None, reason: str | None) -> None:
    """What happened to a difference, with its leaf; flushes. The reason is of staff, or of the machine."""
    body: dict[str, JsonValue] = {
        "exception": str(row.id),
        "exception_kind": str(row.kind),
        "bank": row.bank,
        "unit": row.unit,
        "step": step,
        "action": action,
        "entry": str(row.entry_id) if row.entry_id else None,
        "actor": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
        "at": tx.now.isoformat(),
        "reason": reason,
    }
    leaf_id = await transparency.append(tx, "settlement_step", body)
    tx.session.add(
        SettlementStep(
            exception_id=row.id,
            at=tx.now,
            step=step,
            action=action,
            actor_kind=str(tx.actor.kind),
            actor=tx.actor.id,
            reason=reason,
            leaf_id=leaf_id,
        )
    )
    await tx.session.flush()
