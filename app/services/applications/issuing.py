"""Issued documents: from the decision to the sealed file, and what may become of it later.

The transaction that approves gives the paper its number, its check code and its leaf in the log (`prepare_issue`). A job then
renders and seals it, stores it under the holder's data key, and has the holder told. From the first instant the public check
knows it; from a revocation on, it says so. A file is made once: its bytes are what was sealed, and a second run of the job
changes nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import FORBIDDEN
from app.core.texts import Text
from app.services import cases, reference, transparency
from app.services.applications.issued_models import IssuedDocument, IssuedDocumentRow, PrintOrder, PrintState
from app.services.applications.issued_problems import (
    ALREADY_ISSUED,
    ISSUED_ERASED,
    ISSUED_NOT_FOUND,
    ISSUED_NOT_READY,
    ISSUED_REVOKED,
    NOT_ORDERED,
)
from app.services.applications.issued_store import (
    REVOCATIONS,
    TABLE,
    Reader,
    Revocation,
    end,
    find_row,
    good_row,
    leaf_of,
    lock_row,
    name_successor,
    newest_row,
    ordered,
    rows,
    seen,
    write_leaf,
)
from app.services.documents import CheckCode
from app.services.documents.issued import IssuedData, Issuer, PaperFacts, issued_paper, seal_name
from app.services.documents.issued_kinds import issued_kind, new_number
from app.services.documents.signing import DocumentSigner, SealNote

RENDER = "applications.render_issued"
ENTER_REGISTER = "applications.enter_register"
TELL_ISSUED = "applications.tell_issued"
TELL_REVOKED = "applications.tell_revoked"
SUPERVISOR, COUNTER = "supervisor", "counter"
SEALED_AS = "issued_pdf"
RETRY_AFTER_S = 5
NUMBER_TRIES = 5
UNHANDED, CLOSE_REVOKED = ("printed", "ready", "shipped"), "close_revoked"
MOST_ORDERS = 200
MOST_OF_CASE = 50
REPLACED = Text("Dokumen {number} diganti dengan dokumen baru", "Document {number} was replaced by a new document")


class IssuedDataSource(Protocol):
    """What a paper says of its holder and its subject; the room's part that reads forms and registers. Registered in the
    House by this type."""

    async def data_for(self, house: House, case_id: UUID) -> PaperFacts:
        """The facts of the paper that this case ends in. Called between transactions; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """What the public check of a document answers beside kind, unit and day: nothing about anybody."""

    kind: str
    title: Text
    number: str
    valid_until: date | None
    revoked_at: datetime | None
    replaced: bool

    def good_on(self, day: date) -> bool:
        """Whether it is good on this day of its unit."""
        return self.revoked_at is None and (self.valid_until is None or day <= self.valid_until)


async def prepare_issue(
    tx: Tx,
    *,
    case_id: UUID,
    key_id: UUID,
    kind: str,
    unit: str,
    valid_until: date | None,
    about: Text | None = None,
    on_paper: bool = False,
    subject_bidx: str | None = None,
) -> IssuedDocument:
    """Issue a document in the transaction that approves: number, check code, leaf, and the job that makes the file.

    `key_id` is the holder's data key, `about` what the public check calls it (names nobody). With `on_paper` the counter
    prints something. `subject_bidx` is the blind index of what there is one good document of: an earlier one, of this case
    or another, ends now. The caller holds the case's lock. Problems: applications-already-issued.
    """
    declared = issued_kind(kind)
    ended = await _end_earlier(tx, subject_bidx)
    if (earlier := await good_row(tx.session, case_id, kind)) is not None:
        raise ALREADY_ISSUED(number=earlier["number"])
    document_id, issuer = new_id(), await reference.unit(tx.session, unit)
    leaf_id = await write_leaf(
        tx,
        "document_issued",
        document_id=document_id,
        case_id=case_id,
        kind=kind,
        unit=unit,
        more={"valid_until": _iso(valid_until)},
    )
    code = await transparency.check_codes.issue(tx, "document", unit, about or declared.title, leaf_id=leaf_id)
    row: dict[str, object] = {
        "id": document_id,
        "case_id": case_id,
        "key_id": key_id,
        "kind": kind,
        "unit": unit,
        "check_code": code,
        "issued_at": tx.now,
        "valid_until": valid_until,
        "leaf_id": leaf_id,
        "print_state": PrintState.ORDERED if on_paper else None,
        "subject_bidx": subject_bidx,
    }
    await _number(tx, row, issuer)
    for earlier_id in ended:
        await name_successor(tx, earlier_id, document_id)
    await tx.enqueue(RENDER, str(document_id))
    return await get_issued(tx.session, document_id)


async def render_issued(house: House, document_id: str) -> None:
    """The job: make the file, seal it, store it, and have its holder told. A second run finds it done.

    Raises `CertificateFault` and `SealBroken` from the seal, so that a person sees it; nothing has left then.
    """
    async with house.db.read() as connection:
        row = await find_row(connection, UUID(document_id))
    if row is None or row["sha256"] is not None or row["revoked_at"] is not None:
        return
    facts = await house[IssuedDataSource].data_for(house, row["case_id"])
    data = await _data(house, row, facts)
    paper = await issued_paper(data)
    note = SealNote(f"Diterbitkan oleh {seal_name(data.issuer)}", data.issuer.city or data.issuer.name, data.check.url)
    made = await house[DocumentSigner].sign(paper, note, at=house.clock.now())
    async with house.db.begin(SYSTEM) as tx:
        sealed = await vault.seal(tx, row["key_id"], {SEALED_AS: made.pdf.hex()})
    stored = await house.storage.put((sealed[SEALED_AS] or "").encode())
    body: dict[str, JsonValue] = {
        "sha256": hashlib.sha256(made.pdf).hexdigest(),
        "certificate": made.certificate,
        "level": made.level,
        "valid_until": _iso(data.valid_until),
    }
    async with house.db.begin(SYSTEM) as tx:
        await _ready(tx, row["id"], stored, data.valid_until, body)


async def issued_pdf(house: House, case_id: UUID) -> bytes:
    """The sealed file of a case's document, for whoever may see it.

    Problems: applications-issued-not-found, -not-ready (503, with Retry-After), -revoked, -erased (410).
    """
    async with house.db.read() as connection:
        found = await newest_row(connection, case_id)
    if found is None:
        raise ISSUED_NOT_FOUND()
    if found["revoked_at"] is not None:
        raise ISSUED_REVOKED(why=REVOCATIONS[Revocation(found["revoked_why"])])
    if found["sha256"] is None:
        raise ISSUED_NOT_READY(retry_after=RETRY_AFTER_S, headers={"Retry-After": str(RETRY_AFTER_S)})
    if found["forgotten_at"] is not None:
        raise ISSUED_ERASED()
    sealed = (await house.storage.get(found["sha256"])).decode()
    async with house.db.read() as connection:
        plain = (await vault.open_(connection, house.keys, found["key_id"], {SEALED_AS: sealed}))[SEALED_AS]
    if plain is None:
        raise ISSUED_ERASED()
    return bytes.fromhex(plain)


async def issued_of(reader: Reader, case_id: UUID) -> IssuedDocument | None:
    """The document of a case: the good one, else the one that was revoked last; None before anything was issued."""
    found = await newest_row(reader, case_id)
    return None if found is None else seen(found)


async def list_issued(reader: Reader, case_id: UUID) -> tuple[IssuedDocument, ...]:
    """Every document that a case ever ended in, newest first."""
    query = rows().where(TABLE.c.case_id == case_id).order_by(TABLE.c.issued_at.desc(), TABLE.c.id.desc())
    return tuple(seen(row) for row in (await reader.execute(query.limit(MOST_OF_CASE))).mappings())


async def get_issued(reader: Reader, document_id: UUID) -> IssuedDocument:
    """One document. Problems: applications-issued-not-found."""
    row = await find_row(reader, document_id)
    if row is None:
        raise ISSUED_NOT_FOUND()
    return seen(row)


async def checked_document(reader: Reader, check_code: str) -> CheckedDocument | None:
    """What the public may know of the document with this check code; None where the code is of something else."""
    row = (await reader.execute(rows().where(TABLE.c.check_code == check_code))).mappings().first()
    if row is None:
        return None
    title = issued_kind(row["kind"]).title
    replaced = row["replaced_by"] is not None
    return CheckedDocument(row["kind"], title, row["number"], row["valid_until"], row["revoked_at"], replaced)


async def list_print_orders(reader: Reader, unit: str, *, limit: int = MOST_ORDERS) -> tuple[PrintOrder, ...]:
    """What a unit's counter is to print, oldest first: files that are ready and were not revoked."""
    query = (
        rows()
        .where(
            TABLE.c.unit == unit,
            TABLE.c.print_state == PrintState.ORDERED,
            TABLE.c.sha256.is_not(None),
            TABLE.c.revoked_at.is_(None),
        )
        .order_by(TABLE.c.issued_at, TABLE.c.id)
        .limit(min(limit, MOST_ORDERS))
    )
    return tuple(ordered(row) for row in (await reader.execute(query)).mappings())


async def mark_printed(tx: Tx, document_id: UUID) -> IssuedDocument:
    """Somebody of the counter has printed it, once: a second card would be worth money, so a further one is a replacement.

    Locks the row. Problems: not-permitted, applications-issued-not-found, -not-ordered.
    """
    if not tx.actor.roles & {COUNTER, SUPERVISOR}:
        raise FORBIDDEN()
    row = await lock_row(tx, document_id)
    if row.unit != tx.actor.unit:
        raise ISSUED_NOT_FOUND()
    if row.print_state != PrintState.ORDERED or row.sha256 is None or row.revoked_at is not None:
        raise NOT_ORDERED(number=row.number)
    row.print_state, row.printed_at, row.printed_by = PrintState.PRINTED, tx.now, tx.actor.id
    await leaf_of(tx, "document_printed", row)
    await tx.session.flush()
    return await get_issued(tx.session, document_id)


async def close_unhanded(tx: Tx, row: IssuedDocumentRow) -> None:
    """A paper that ended before anybody had it in hand is handed to nobody: its case is closed by the system."""
    case = await cases.get_locked(tx, row.case_id)
    if case.state in UNHANDED or (case.state == "issued" and row.print_state is not None):
        await cases.move(replace(tx, actor=SYSTEM), case.id, CLOSE_REVOKED)


# --- below -----------------------------------------------------------------------------------------------------------


async def _end_earlier(tx: Tx, subject_bidx: str | None) -> list[UUID]:
    """The documents that a new one takes the place of: they end, their own cases tell so, and their holders read it."""
    if subject_bidx is None:
        return []
    await tx.serialise(f"issued:{subject_bidx}")  # two approvals at once would not see each other's document
    query = select(TABLE.c.id, TABLE.c.case_id).where(
        TABLE.c.subject_bidx == subject_bidx, TABLE.c.revoked_at.is_(None)
    )
    ended = []
    for document_id, case_id in (await tx.session.execute(query.order_by(TABLE.c.id))).all():
        await cases.get_locked(tx, case_id)
        row = await lock_row(tx, document_id)
        if row.revoked_at is not None:
            continue
        await end(tx, row, Revocation.REPLACED)
        await cases.note(tx, case_id, "document_replaced", REPLACED.fill(number=row.number))
        await close_unhanded(tx, row)
        await tx.enqueue(TELL_REVOKED, str(document_id))
        ended.append(document_id)
    return ended


async def _number(tx: Tx, row: dict[str, object], issuer: reference.Unit) -> None:
    """Insert the row under a number that nobody has. Numbers are drawn, and the constraint decides."""
    kind, day = issued_kind(str(row["kind"])), tx.now.astimezone(reference.zone_of(issuer)).date()
    insert = insert_postgresql if tx.house.db.dialect == "postgresql" else insert_sqlite
    for _ in range(NUMBER_TRIES):
        statement = insert(IssuedDocumentRow).values(**row, number=new_number(kind, issuer.code, day))
        drawn = statement.on_conflict_do_nothing(index_elements=["number"]).returning(col(IssuedDocumentRow.id))
        if (await tx.session.execute(drawn)).first() is not None:
            return
    raise RuntimeError(f"{NUMBER_TRIES} numbers in a row were taken: the drawing of numbers is broken")


async def _data(house: House, row: RowMapping, facts: PaperFacts) -> IssuedData:
    """The paper's own facts, with its unit and its days."""
    async with house.db.read() as connection:
        unit = await reference.unit(connection, row["unit"])
        polda = await reference.find_unit(connection, unit.polda_code) if unit.polda_code else None
    code = row["check_code"]
    return IssuedData(
        kind=row["kind"],
        number=row["number"],
        issuer=Issuer(unit.name, unit.level, polda.name if polda else None, unit.seat),
        issued_at=row["issued_at"].astimezone(reference.zone_of(unit)),
        valid_until=row["valid_until"] or facts.valid_until,
        check=CheckCode(code, f"{house.settings.public_url}/periksa/{code}"),
        facts=facts,
    )


async def _ready(tx: Tx, document_id: UUID, stored: str, until: date | None, body: Mapping[str, JsonValue]) -> None:
    """Note the file, unless another run of the job came first."""
    row = await lock_row(tx, document_id)
    if row.sha256 is not None:
        return
    row.sealed_leaf_id = await leaf_of(tx, "document_sealed", row, **body)
    row.sha256, row.ready_at, row.valid_until = stored, tx.now, until
    await tx.session.flush()
    if row.revoked_at is None:
        await tx.enqueue(TELL_ISSUED, str(row.case_id))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
