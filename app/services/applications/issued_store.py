"""Rows of issued documents: finding and locking one, what the rest of the house sees of it, and what the log keeps of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.db import JsonValue, Tx
from app.core.texts import Text
from app.services import transparency
from app.services.applications.issued_models import IssuedDocument, IssuedDocumentRow, PrintOrder, PrintState
from app.services.applications.issued_problems import ALREADY_REVOKED, ISSUED_NOT_FOUND
from app.services.documents.issued_kinds import issued_kind

Reader = AsyncSession | AsyncConnection
TABLE: Table = IssuedDocumentRow.__table__  # type: ignore[attr-defined]


class Revocation(StrEnum):
    """Why a document is no longer good."""

    DATA_WRONG = "data_wrong"
    LOST = "lost"
    DAMAGED = "damaged"
    OBTAINED_BY_DECEIT = "obtained_by_deceit"
    COURT_ORDER = "court_order"
    CONDITIONS_LAPSED = "conditions_lapsed"
    ASKED_BY_HOLDER = "asked_by_holder"
    REPLACED = "replaced"


REVOCATIONS: Mapping[Revocation, Text] = {
    Revocation.DATA_WRONG: Text("data di dalamnya keliru", "its data is wrong"),
    Revocation.LOST: Text("dilaporkan hilang", "it was reported lost"),
    Revocation.DAMAGED: Text("rusak", "it was damaged"),
    Revocation.OBTAINED_BY_DECEIT: Text("diperoleh dengan keterangan palsu", "it was obtained by deceit"),
    Revocation.COURT_ORDER: Text("putusan pengadilan", "a court has ordered it"),
    Revocation.CONDITIONS_LAPSED: Text("syaratnya tidak terpenuhi lagi", "its conditions are no longer met"),
    Revocation.ASKED_BY_HOLDER: Text("atas permintaan pemegang", "its holder asked for it"),
    Revocation.REPLACED: Text("diganti dengan dokumen baru", "it was replaced by a new document"),
}


async def find_row(reader: Reader, document_id: UUID) -> RowMapping | None:
    """The row of a document, or None."""
    return await _first(reader, rows().where(TABLE.c.id == document_id))


async def good_row(reader: Reader, case_id: UUID, kind: str) -> RowMapping | None:
    """The one document of this kind that the case ended in and that was not revoked, or None."""
    query = rows().where(TABLE.c.case_id == case_id, TABLE.c.kind == kind, TABLE.c.revoked_at.is_(None))
    return await _first(reader, query)


async def newest_row(reader: Reader, case_id: UUID) -> RowMapping | None:
    """The good document of a case, else the one that was issued last, or None."""
    order = (TABLE.c.revoked_at.is_not(None), TABLE.c.issued_at.desc(), TABLE.c.id.desc())
    query = rows().where(TABLE.c.case_id == case_id).order_by(*order)
    return await _first(reader, query.limit(1))


async def lock_row(tx: Tx, document_id: UUID) -> IssuedDocumentRow:
    """The row, locked. Problems: applications-issued-not-found."""
    row = await tx.lock(IssuedDocumentRow, document_id)
    if row is None:
        raise ISSUED_NOT_FOUND()
    return row


async def end(tx: Tx, row: IssuedDocumentRow, why: Revocation) -> None:
    """From this transaction on the document is no longer good: the row, a leaf, and its check code say so.

    The row is locked by who calls. Problems: applications-already-revoked.
    """
    if row.revoked_at is not None:
        raise ALREADY_REVOKED(number=row.number)
    row.revoked_at, row.revoked_by, row.revoked_why = tx.now, tx.actor.id, why
    await leaf_of(tx, "document_revoked", row, why=str(why))
    await transparency.check_codes.revoke(tx, row.check_code)
    await tx.session.flush()


async def name_successor(tx: Tx, document_id: UUID, successor: UUID) -> None:
    """Note which document took the place of one that has ended."""
    (await lock_row(tx, document_id)).replaced_by = successor
    await tx.session.flush()


async def name_subject(tx: Tx, document_id: UUID, subject_bidx: str) -> None:
    """Note of what there is one good document, where that was not known when it was issued."""
    (await lock_row(tx, document_id)).subject_bidx = subject_bidx
    await tx.session.flush()


async def list_not_entered(reader: Reader, *, before: datetime, limit: int) -> list[IssuedDocument]:
    """Good sealed documents of which the registers have not learned, those first that were tried longest ago."""
    tried = func.coalesce(TABLE.c.entry_tried_at, TABLE.c.ready_at)
    query = rows().where(
        TABLE.c.entered_at.is_(None),
        TABLE.c.ready_at.is_not(None),
        TABLE.c.revoked_at.is_(None),
        TABLE.c.ready_at < before,
    )
    found = await reader.execute(query.order_by(tried, TABLE.c.id).limit(limit))
    return [seen(row) for row in found.mappings()]


async def list_unsealed(reader: Reader, *, before: datetime, limit: int) -> list[UUID]:
    """Good documents issued before this that have no file yet, newest first."""
    query = select(TABLE.c.id).where(
        TABLE.c.ready_at.is_(None), TABLE.c.revoked_at.is_(None), TABLE.c.issued_at <= before
    )
    newest_first = query.order_by(TABLE.c.issued_at.desc(), TABLE.c.id.desc()).limit(limit)
    return list((await reader.execute(newest_first)).scalars())


async def note_entered(tx: Tx, document_id: UUID) -> None:
    """The registers have learned of it."""
    (await lock_row(tx, document_id)).entered_at = tx.now


async def note_tried(tx: Tx, document_id: UUID) -> None:
    """A register is asked to take it."""
    (await lock_row(tx, document_id)).entry_tried_at = tx.now


def rows() -> Select[Any]:
    """All of them, to be narrowed."""
    return select(TABLE)


def seen(row: RowMapping) -> IssuedDocument:
    """A row as the rest of the house sees it."""
    return IssuedDocument(
        id=row["id"],
        case_id=row["case_id"],
        kind=row["kind"],
        title=issued_kind(row["kind"]).title,
        number=row["number"],
        unit=row["unit"],
        check_code=row["check_code"],
        issued_at=row["issued_at"],
        valid_until=row["valid_until"],
        ready=row["sha256"] is not None and row["forgotten_at"] is None,
        revoked_at=row["revoked_at"],
        revoked_why=REVOCATIONS[Revocation(row["revoked_why"])] if row["revoked_why"] else None,
        replaced_by=row["replaced_by"],
        print_state=PrintState(row["print_state"]) if row["print_state"] else None,
    )


def ordered(row: RowMapping) -> PrintOrder:
    """A row as the counter's printing list shows it."""
    kind = issued_kind(row["kind"])
    return PrintOrder(
        document_id=row["id"],
        case_id=row["case_id"],
        kind=kind.name,
        prints=kind.prints or kind.title,
        number=row["number"],
        unit=row["unit"],
        ordered_at=row["issued_at"],
    )


async def write_leaf(
    tx: Tx, event: str, *, document_id: UUID, case_id: UUID, kind: str, unit: str, more: Mapping[str, JsonValue]
) -> UUID:
    """What the log keeps of a document: ids, kind, unit, who acted; nothing of its holder."""
    body: dict[str, JsonValue] = {
        "document": str(document_id),
        "case": str(case_id),
        "paper": kind,
        "unit": unit,
        "actor": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
        "at": tx.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        **more,
    }
    return await transparency.append(tx, event, body)


async def leaf_of(tx: Tx, event: str, row: IssuedDocumentRow, **more: JsonValue) -> UUID:
    """The leaf of something that happened to a document."""
    return await write_leaf(tx, event, document_id=row.id, case_id=row.case_id, kind=row.kind, unit=row.unit, more=more)


async def _first(reader: Reader, query: Select[Any]) -> RowMapping | None:
    found: RowMapping | None = (await reader.execute(query)).mappings().first()
    return found
