"""What a bank said that a person must look at: two things about one payment, money for what had ended, or a foreign name.

Each is left once, however often the bank repeats itself, and closed by somebody with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import col

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text
from app.services import reference, transparency
from app.services.billing.ledger import Reader, insert_once
from app.services.billing.models import Bill, PaymentIncident
from app.services.billing.settlement.problems import INCIDENT_NOT_FOUND
from app.services.cases.models import Case
from app.services.identity.models import Credential

MAX_REASON = 1000
MAX_SUBJECT = 128
REASON_MISSING = Text("Tuliskan apa yang ditemukan.", "Write what was found.")


class IncidentKind(StrEnum):
    """What happened."""

    SAME_PAYMENT_OTHER_AMOUNT = "same_payment_other_amount"
    SAME_PAYMENT_OTHER_ACCOUNT = "same_payment_other_account"
    REPEATED_AFTER_REVERSAL = "payment_repeated_after_reversal"
    PAID_AFTER_CANCEL = "paid_after_cancel"
    PAID_AFTER_SENT_BACK = "paid_after_sent_back"
    ACCOUNT_OF_ANOTHER_BANK = "account_of_another_bank"
    NAME_OF_ANOTHER_BANK = "name_of_another_bank"
    PAYMENT_REVERSED = "payment_reversed"
    BANK_SAYS_PAID = "bank_says_paid"
    BANK_SAYS_OTHER_AMOUNT = "bank_says_other_amount"
    BANK_SAYS_NOT_PAID = "bank_says_not_paid"
    BANK_DOES_NOT_ANSWER = "bank_does_not_answer"
    BANK_CANNOT_BE_ASKED = "bank_cannot_be_asked"
    PAID_NOT_REMITTED = "paid_not_remitted"
    QRIS_NOT_MADE = "qris_not_made"


TREASURY = "treasury"
"""Stands where other incidents name a bank: nobody but we let this money lie. Its subject begins with the Polda."""
TITLES: dict[str, Text] = {
    IncidentKind.SAME_PAYMENT_OTHER_AMOUNT: Text(
        "Satu pembayaran, dua jumlah; yang pertama berlaku", "One payment, two amounts; the first one stands"
    ),
    IncidentKind.SAME_PAYMENT_OTHER_ACCOUNT: Text(
        "Satu nomor pembayaran untuk dua tagihan; yang kedua ditolak",
        "One payment id for two bills; the second was refused",
    ),
    IncidentKind.REPEATED_AFTER_REVERSAL: Text(
        "Pembayaran yang sudah ditarik bank diberitahukan lagi; ditolak",
        "A payment that was taken back was told again; refused",
    ),
    IncidentKind.PAID_AFTER_CANCEL: Text(
        "Dibayar setelah tagihan dibatalkan; uangnya menjadi pengembalian",
        "Paid after the bill was cancelled; the money is owed back",
    ),
    IncidentKind.PAID_AFTER_SENT_BACK: Text(
        "Diberitahukan setelah uangnya dikembalikan; ditolak", "Told after its money had gone back; refused"
    ),
    IncidentKind.ACCOUNT_OF_ANOTHER_BANK: Text(
        "Bank bertanya tentang rekening virtual bank lain", "A bank asked about another bank's virtual accounts"
    ),
    IncidentKind.NAME_OF_ANOTHER_BANK: Text(
        "Bank memanggil dengan X-PARTNER-ID yang bukan miliknya",
        "A bank called with an X-PARTNER-ID that is not its own",
    ),
    IncidentKind.PAYMENT_REVERSED: Text(
        "Bank menarik kembali pembayaran; tagihan berlaku lagi", "The bank took a payment back; its bill asks again"
    ),
    IncidentKind.BANK_SAYS_PAID: Text(
        "Bank menyatakan dibayar, di sini tidak ada", "The bank says it was paid, we have nothing"
    ),
    IncidentKind.BANK_SAYS_OTHER_AMOUNT: Text("Bank menyatakan jumlah lain", "The bank says another amount"),
    IncidentKind.BANK_SAYS_NOT_PAID: Text(
        "Di sini dibayar, bank menyatakan tidak", "We have it as paid, the bank says it was not"
    ),
    IncidentKind.BANK_DOES_NOT_ANSWER: Text(
        "Bank tidak menjawab selama sehari; telepon bank itu", "The bank did not answer for a day; call it"
    ),
    IncidentKind.BANK_CANNOT_BE_ASKED: Text(
        "Bank tidak dapat ditanyai; telepon bank itu", "The bank cannot be asked; call it"
    ),
    IncidentKind.PAID_NOT_REMITTED: Text(
        "Uang negara belum disetor melewati batas; setor, lalu ini tertutup sendiri",
        "State money waits beyond its time; remit it, and this closes by itself",
    ),
    IncidentKind.QRIS_NOT_MADE: Text(
        "Kode QRIS tagihan tidak dibuat atau tidak benar; tidak ditampilkan",
        "A bill's QRIS code was not made, or was wrong; it is not shown",
    ),
}


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident; `subject` is what the bank named: a payment id, an account, a partner id."""

    id: UUID
    at: datetime
    kind: str
    client_id: str
    bank_name: str
    subject: str
    facts: dict[str, JsonValue]
    case_id: UUID | None
    reference: str | None
    closed_at: datetime | None
    closed_by: str | None
    closed_why: str | None

    @property
    def closes_by_itself(self) -> bool:
        """Whether nobody need close it: it stands as long as the fact does."""
        return self.kind == IncidentKind.PAID_NOT_REMITTED

    @property
    def title(self) -> Text:
        """What happened, in words."""
        return TITLES.get(self.kind) or Text(self.kind, self.kind)


async def report(
    tx: Tx,
    kind: IncidentKind,
    client_id: str,
    subject: str,
    *,
    bill_id: UUID | None = None,
    facts: dict[str, JsonValue] | None = None,
) -> None:
    """Leave an incident for a person; once, however often the bank repeats itself."""
    await insert_once(
        tx,
        PaymentIncident,
        at=tx.now,
        kind=kind.value,
        client_id=client_id,
        subject=subject[:MAX_SUBJECT],
        bill_id=bill_id,
        facts=facts or {},
    )


async def list_incidents(
    source: Reader, actor: Actor, *, closed: bool, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[IncidentView]:
    """Incidents of the bills of this actor's Polda, and those of a bank that are about no bill; the newest first."""
    query = _INCIDENTS.where(*await _theirs(source, actor), col(PaymentIncident.closed_at).is_not(None) == closed)
    if after is not None:
        at, id_ = after
        older = col(PaymentIncident.at) < at
        query = query.where(older | ((col(PaymentIncident.at) == at) & (col(PaymentIncident.id) < id_)))
    query = query.order_by(col(PaymentIncident.at).desc(), col(PaymentIncident.id).desc()).limit(limit)
    return [_view(row) for row in (await source.execute(query)).mappings()]


async def get_incident(source: Reader, actor: Actor, incident_id: UUID) -> IncidentView:
    """One incident. Raises INCIDENT_NOT_FOUND, also for another Polda's."""
    query = _INCIDENTS.where(*await _theirs(source, actor), col(PaymentIncident.id) == incident_id)
    row = (await source.execute(query)).mappings().one_or_none()
    if row is None:
        raise INCIDENT_NOT_FOUND()
    return _view(row)


async def close(tx: Tx, incident_id: UUID, reason: str) -> None:
    """Somebody has looked, and says what was found.

    Raises INCIDENT_NOT_FOUND, also for one that is closed or closes by itself; INVALID_REQUEST.
    """
    why = reason.strip()
    printable = all(character.isprintable() or character in "\n\r\t" for character in why)
    if not why or len(why) > MAX_REASON or not printable:
        raise INVALID_REQUEST(errors=[FieldError("/reason", REASON_MISSING)])
    await get_incident(tx.session, tx.actor, incident_id)
    row = await tx.lock(PaymentIncident, incident_id)
    if row is None or row.closed_at is not None or row.kind == IncidentKind.PAID_NOT_REMITTED:
        raise INCIDENT_NOT_FOUND()
    row.closed_at, row.closed_by, row.closed_why = tx.now, tx.actor.id, why
    body: dict[str, JsonValue] = {
        "incident": str(row.id),
        "incident_kind": row.kind,
        "bank": row.client_id,
        "actor": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
        "at": tx.now.isoformat(),
    }
    await transparency.append(tx, "payment_incident_closed", body)
    await tx.session.flush()


async def _theirs(source: Reader, actor: Actor) -> Sequence[ColumnElement[bool]]:
    if actor.unit is None:
        return []
    units = await reference.list_units(source, polda=actor.unit, limit=reference.MOST_UNITS)
    codes = [actor.unit, *(unit.code for unit in units)]
    of_bank = col(PaymentIncident.bill_id).is_(None) & (col(PaymentIncident.client_id) != TREASURY)
    unremitted = col(PaymentIncident.subject).startswith(f"{actor.unit} ", autoescape=True)
    return [or_(of_bank, col(Bill.unit).in_(codes), unremitted & (col(PaymentIncident.client_id) == TREASURY))]


def _view(row: Mapping[Any, Any]) -> IncidentView:
    return IncidentView(**{**row, "bank_name": row["bank_name"] or row["client_id"]})


_SHOWN = tuple(each.name for each in fields(IncidentView) if each.name not in ("bank_name", "case_id", "reference"))
_INCIDENTS = (
    select(
        *(col(getattr(PaymentIncident, name)) for name in _SHOWN),
        col(Credential.name).label("bank_name"),
        col(Case.id).label("case_id"),
        col(Case.reference),
    )
    .outerjoin(Credential, col(Credential.client_id) == col(PaymentIncident.client_id))
    .outerjoin(Bill, col(Bill.id) == col(PaymentIncident.bill_id))
    .outerjoin(Case, col(Case.id) == col(Bill.case_id))
)
