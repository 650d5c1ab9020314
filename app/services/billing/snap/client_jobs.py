"""Questions to banks, from the first asking to the answer or to a person: one row per question, one per time of asking.

A due time is a row, not a sleeping job: `billing.ask_status` opens a question and asks at once, and each minute the
questions whose time has come are asked again, ever more slowly, over about a day (BCA answers for today and yesterday).
Whoever dies between asking and noting loses one answer, never the question. Nothing is booked here: what the bank says
differs from our books is left to persons (`payment_incidents`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import Select, select, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.core.money import Rupiah
from app.services.billing import incidents
from app.services.billing.bills import customer_no_is_valid
from app.services.billing.incidents import IncidentKind
from app.services.billing.ledger import Reader, insert_once
from app.services.billing.models import Bill, SnapInquiry, SnapPayment
from app.services.billing.snap.client import BankCalls, new_external_id
from app.services.billing.snap.client_answers import Question, Told
from app.services.billing.snap.models import ANSWER_LOST, BankSays, BankStatusAnswer, BankStatusQuestion
from app.services.billing.snap.numbers import VirtualAccount
from app.services.identity import connections, credentials

ASK_STATUS = "billing.ask_status"
OPEN_MISSING = "billing.open_missing"
"""The job that lets two persons undo a payment which its bank says it does not have (`settlement.jobs`)."""
SETTLEMENT = "settlement"
"""A line of a bank's file is unknown or missing: the exception that asks has its person already."""

WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""How long after each unanswered time the bank is asked again; after the last one a person is told."""
LEASE = timedelta(minutes=5)
"""A question that was handed to the queue is handed to it again after this long, should the job be lost."""
DUE_AT_ONCE = 200
MAX_SUBJECT, MAX_REASON = 128, 60
GIVEN_UP, NOT_CONNECTED, NOT_ASKABLE, REPEATED = "given_up", "not_connected", "not_askable", "repeated"
REPEATS_WITHIN = timedelta(minutes=5)
"""A bank that heard nothing repeats itself within a minute or two; only who has not by then is asked."""

ASKED = Counter(
    "loket_bank_questions_total", "Questions to banks about a payment, by what they said.", ("bank", "said")
)


@dataclass(frozen=True, slots=True)
class BankAnswer:
    """The latest that a bank said about a payment, for who works on an exception. `status` as in `BankSays`."""

    status: BankSays
    code: str | None
    amount: Rupiah | None
    fault: str | None
    asked_at: datetime
    answered_at: datetime | None
    times_asked: int
    next_at: datetime | None
    outcome: str | None


async def latest_answer(source: Reader, client_id: str, subject: str) -> BankAnswer | None:
    """What a bank said last about a payment request id or virtual account number; None when it was never asked."""
    query: Select[*tuple[Any, ...]] = (
        select(
            col(BankStatusAnswer.status),
            col(BankStatusAnswer.code),
            col(BankStatusAnswer.amount),
            col(BankStatusAnswer.fault),
            col(BankStatusAnswer.asked_at),
            col(BankStatusAnswer.answered_at),
            col(BankStatusQuestion.attempts).label("times_asked"),
            col(BankStatusQuestion.next_at),
            col(BankStatusQuestion.outcome),
        )
        .join(BankStatusQuestion, col(BankStatusQuestion.id) == col(BankStatusAnswer.question_id))
        .where(
            col(BankStatusAnswer.client_id) == client_id,
            (col(BankStatusAnswer.payment_request_id) == subject)
            | (col(BankStatusAnswer.virtual_account_no) == subject),
        )
        .order_by(col(BankStatusAnswer.asked_at).desc(), col(BankStatusAnswer.id).desc())
        .limit(1)
    )
    row = (await source.execute(query)).mappings().first()
    return None if row is None else BankAnswer(**{**row, "status": BankSays(row["status"])})


async def open_question(
    tx: Tx,
    client_id: str,
    subject: str,
    reason: str,
    virtual_account_no: str | None = None,
    *,
    at: datetime | None = None,
) -> UUID:
    """The open question about a payment request id or virtual account number, made when there is none.

    `virtual_account_no` helps where `subject` is an id that we never saw. The bank is asked from `at` on, default now.
    """
    known = await _resolve(tx, client_id, subject[:MAX_SUBJECT], virtual_account_no)
    await insert_once(
        tx,
        BankStatusQuestion,
        client_id=client_id,
        subject=subject[:MAX_SUBJECT],
        payment_request_id=known.payment_request_id,
        virtual_account_no=known.virtual_account_no,
        bill_id=known.bill_id,
        reason=reason[:MAX_REASON],
        opened_at=tx.now,
        next_at=at or tx.now,
    )
    query = select(col(BankStatusQuestion.id)).where(
        col(BankStatusQuestion.client_id) == client_id,
        col(BankStatusQuestion.subject) == subject[:MAX_SUBJECT],
        col(BankStatusQuestion.closed_at).is_(None),
    )
    return (await tx.session.execute(query)).scalar_one()


async def answer_was_lost(house: House, client_id: str, payment_request_id: str, virtual_account_no: str) -> None:
    """We told a bank nothing of a payment, or it hung up: ask it, unless it repeats itself and is answered until then."""
    async with house.db.begin(SYSTEM) as tx:
        at = tx.now + REPEATS_WITHIN
        await open_question(tx, client_id, payment_request_id, ANSWER_LOST, virtual_account_no, at=at)


async def bank_repeated(tx: Tx, client_id: str, payment_request_id: str) -> None:
    """It is being answered now: whether it heard us the last time need not be asked any more."""
    await tx.session.execute(
        update(BankStatusQuestion)
        .where(
            col(BankStatusQuestion.client_id) == client_id,
            col(BankStatusQuestion.subject) == payment_request_id,
            col(BankStatusQuestion.reason) == ANSWER_LOST,
            col(BankStatusQuestion.closed_at).is_(None),
        )
        .values(closed_at=tx.now, outcome=REPEATED, next_at=None)
        .execution_options(synchronize_session=False)
    )


async def ask_status(
    house: House, client_id: str, subject: str, reason: str, virtual_account_no: str | None = None
) -> None:
    """Open a question and ask it at once: the job ``billing.ask_status``."""
    async with house.db.begin(SYSTEM) as tx:
        question_id = await open_question(tx, client_id, subject, reason, virtual_account_no)
    await ask(house, str(question_id))


async def ask_due(house: House) -> None:
    """Hand the questions whose time has come to the queue."""
    async with house.db.begin(SYSTEM) as tx:
        query = (
            select(BankStatusQuestion)
            .where(col(BankStatusQuestion.next_at) <= tx.now)
            .order_by(col(BankStatusQuestion.next_at))
            .limit(DUE_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        for question in (await tx.session.execute(query)).scalars():
            question.next_at = tx.now + LEASE
            await tx.enqueue("billing.ask_again", str(question.id))


async def ask(house: House, question_id: str) -> None:
    """Ask an open question once, and note what came: the job ``billing.ask_again``."""
    started = await _start(house, UUID(question_id))
    if started is None:
        return
    async with house.db.read() as connection:
        bank = await connections.connection_of(connection, house.keys, started.client_id)
    if bank is None:
        told, close = Told(BankSays.SILENT, fault="not connected: loket client connect"), NOT_CONNECTED
    elif started.question is None:
        told, close = Told(BankSays.UNCLEAR, fault="its virtual account is not known"), NOT_ASKABLE
    else:
        told, close = await house[BankCalls].ask(bank, started.question, started.external_id, house.clock), None
    await _note(house, started, told, close)


@dataclass(frozen=True, slots=True)
class _Resolved:
    """What our own books know of a subject."""

    payment_request_id: str | None
    virtual_account_no: str | None
    bill_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Started:
    """One time of asking."""

    question_id: UUID
    client_id: str
    external_id: str
    asked_at: datetime
    question: Question | None


async def _start(house: House, question_id: UUID) -> _Started | None:
    """Count one more time of asking, and set the next one, before the bank is called: a crash costs one answer only."""
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(BankStatusQuestion, question_id)
        if row is None or row.closed_at is not None:
            return None
        row.attempts += 1
        row.next_at = tx.now + WAITS[min(row.attempts, len(WAITS)) - 1]
        number = row.virtual_account_no
        partner = await _partner_of(tx, row.client_id)
        asked = None
        if number and partner and number.startswith(partner):
            asked = Question(VirtualAccount(partner, number.removeprefix(partner)), row.payment_request_id)
        return _Started(row.id, row.client_id, new_external_id(tx.now), tx.now, asked)


async def _note(house: House, started: _Started, told: Told, close: str | None) -> None:
    ASKED.labels(started.client_id, told.status.value).inc()
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(BankStatusQuestion, started.question_id)
        if row is None:
            return
        tx.session.add(
            BankStatusAnswer(
                question_id=row.id,
                client_id=row.client_id,
                payment_request_id=row.payment_request_id,
                virtual_account_no=row.virtual_account_no,
                asked_at=started.asked_at,
                answered_at=None if told.code is None and told.status is BankSays.SILENT else tx.now,
                external_id=started.external_id,
                code=told.code,
                status=told.status.value,
                amount=told.amount,
                fault=told.fault,
            )
        )
        if row.closed_at is None:
            await _settle(tx, row, told, close)


async def _settle(tx: Tx, row: BankStatusQuestion, told: Told, close: str | None) -> None:
    """Close the question where it is settled or hopeless, and tell a person what differs from our books."""
    settled = told.status in (BankSays.PAID, BankSays.REFUSED, BankSays.UNKNOWN)
    outcome = told.status.value if settled else close
    if outcome is None and row.attempts > len(WAITS):
        outcome = GIVEN_UP
    if outcome is None:
        return
    row.outcome, row.closed_at, row.next_at = outcome, tx.now, None
    await tx.session.flush()
    facts: dict[str, JsonValue] = {"reason": row.reason, "asked": row.attempts, "fault": told.fault, "code": told.code}
    if outcome == GIVEN_UP:
        await _report(tx, row, IncidentKind.BANK_DOES_NOT_ANSWER, facts)
    elif row.reason != SETTLEMENT:
        booked = await _booked(tx, row) if settled else None
        kind = _difference(told, booked) if settled else IncidentKind.BANK_CANNOT_BE_ASKED
        if kind is not None:
            await _report(tx, row, kind, {**facts, "amount": told.amount, "said": told.status.value})
        if kind is IncidentKind.BANK_SAYS_NOT_PAID and booked is not None:
            await tx.enqueue(OPEN_MISSING, str(booked.id))


def _difference(told: Told, booked: SnapPayment | None) -> IncidentKind | None:
    """How the bank's word differs from our books; None where both agree."""
    if told.status is BankSays.PAID and booked is None:
        return IncidentKind.BANK_SAYS_PAID
    if told.status is BankSays.PAID and booked is not None and told.amount not in (None, booked.amount):
        return IncidentKind.BANK_SAYS_OTHER_AMOUNT
    if told.status is not BankSays.PAID and booked is not None:
        return IncidentKind.BANK_SAYS_NOT_PAID
    return None


async def _booked(tx: Tx, row: BankStatusQuestion) -> SnapPayment | None:
    """This payment of this bank as it stands in the books; None for nothing, or for what was reversed."""
    query = (
        select(SnapPayment)
        .join(Bill, col(Bill.id) == col(SnapPayment.bill_id))
        .where(
            col(SnapPayment.client_id) == row.client_id,
            col(SnapPayment.bill_id) == row.bill_id,
            col(Bill.paid_entry_id) == col(SnapPayment.entry_id),
        )
    )
    if row.payment_request_id:
        query = query.where(col(SnapPayment.payment_request_id) == row.payment_request_id)
    return (await tx.session.execute(query)).scalars().first()


async def _report(tx: Tx, row: BankStatusQuestion, kind: IncidentKind, facts: dict[str, JsonValue]) -> None:
    await incidents.report(tx, kind, row.client_id, row.subject, bill_id=row.bill_id, facts=facts)


async def _resolve(tx: Tx, client_id: str, subject: str, virtual_account_no: str | None) -> _Resolved:
    """Account, bill and payment id behind a subject: an id that we saw, one that came with its account, or an account."""
    partner = await _partner_of(tx, client_id)
    known = await _by_request_id(tx, client_id, subject)
    if known is not None:
        return _Resolved(subject, partner + known.customer_no, known.id)
    number = (virtual_account_no or subject).replace(" ", "").lstrip("0")
    customer_no = number.removeprefix(partner)
    ours = bool(partner) and number.startswith(partner) and customer_no.isascii() and customer_no.isdigit()
    if virtual_account_no is not None:
        # The bank's file names both; a number that is none of ours is asked about all the same.
        return _Resolved(subject, number if ours else None, await _bill_behind(tx, customer_no))
    if not ours or not customer_no_is_valid(customer_no):
        return _Resolved(subject, None, None)
    bill_id = await _bill_behind(tx, customer_no)
    return _Resolved(await _request_id_of(tx, client_id, bill_id), number, bill_id)


async def _bill_behind(tx: Tx, customer_no: str) -> UUID | None:
    query = select(col(Bill.id)).where(col(Bill.customer_no) == customer_no)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _by_request_id(tx: Tx, client_id: str, request_id: str) -> Bill | None:
    paid = select(col(SnapPayment.bill_id)).where(
        col(SnapPayment.client_id) == client_id, col(SnapPayment.payment_request_id) == request_id
    )
    inquired = select(col(SnapInquiry.bill_id)).where(
        col(SnapInquiry.client_id) == client_id, col(SnapInquiry.inquiry_request_id) == request_id
    )
    for known in (paid, inquired):
        bill = (await tx.session.execute(select(Bill).where(col(Bill.id).in_(known)).limit(1))).scalar_one_or_none()
        if bill is not None:
            return bill
    return None


async def _request_id_of(tx: Tx, client_id: str, bill_id: UUID | None) -> str | None:
    """The bank's own id of its payment of a bill, else of its last inquiry."""
    paid = select(col(SnapPayment.payment_request_id)).where(
        col(SnapPayment.client_id) == client_id, col(SnapPayment.bill_id) == bill_id
    )
    found = (await tx.session.execute(paid.order_by(col(SnapPayment.received_at).desc()))).scalars().first()
    if found is not None:
        return found
    inquired = select(col(SnapInquiry.inquiry_request_id)).where(
        col(SnapInquiry.client_id) == client_id, col(SnapInquiry.bill_id) == bill_id
    )
    return (await tx.session.execute(inquired.order_by(col(SnapInquiry.answered_at).desc()))).scalars().first()


async def _partner_of(tx: Tx, client_id: str) -> str:
    bank = await credentials.bank_client(tx.session, tx.house.keys, client_id)
    return bank.partner_service_id.strip() if bank else ""


JOBS: tuple[Job, ...] = (
    Job(ASK_STATUS, ask_status, queue="banks"),
    Job("billing.ask_again", ask, queue="banks"),
    Job("billing.ask_due", ask_due, attempts=1),
)
SCHEDULES: tuple[Schedule, ...] = (Schedule("ask-banks", "30 * * * * *", "billing.ask_due"),)
