"""What is forgotten of issued documents and of signed forms of consent, by time: the sealed files, and whose they were.

How long an issued document is kept after it has ended stands with its kind (`issued_documents.yaml`, `keep_days`); how long a
form, in the policy that the Polda of its unit has today. Number, check code, validity and revocation stay, so that whoever holds
a paper still hears what became of it. A case on which somebody has work is left alone.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Exists, and_, exists, or_, select, update
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import cases, reference
from app.services.applications.issued_models import IssuedDocumentRow, RevocationProposal
from app.services.cases.models import WorkItem
from app.services.documents.issued_kinds import issued_kinds

BATCH = 200
"""Documents, or forms, of one transaction."""


async def forget_documents(house: House, drop_file: str) -> int:
    """Delete the files of documents that ended long enough ago, by the days of their kinds; how many. `drop_file` is the job that
    removes a file."""
    kinds = {name: kind.keep_days for name, kind in issued_kinds().items()}
    count = 0
    while True:
        async with house.db.begin(SYSTEM) as tx:
            done = await _forget_documents(tx, kinds, drop_file)
        count += done
        if done < BATCH:
            return count


async def forget_consents(house: House, drop_file: str) -> int:
    """Delete the scans of forms whose case, or who themselves, ended long enough ago, and whose they were; how many."""
    today = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
    async with house.db.read() as connection:
        units = await cases.units_with_forms(connection)
    count = 0
    for code in units:
        async with house.db.begin(SYSTEM) as tx:
            unit = await reference.unit(tx.session, code)
            rules = (await reference.policy(tx.session, reference.polda_of(unit), today)).etle
            dropped = await cases.forget_forms(
                tx,
                code,
                used_before=tx.now - timedelta(days=rules.keep_consent_days),
                unused_before=tx.now - timedelta(days=rules.keep_unused_consent_days),
            )
            for sha256 in sorted(filter(None, dropped)):
                await tx.enqueue(drop_file, sha256)
            count += len(dropped)
    return count


async def _forget_documents(tx: Tx, kinds: Mapping[str, int], drop_file: str) -> int:
    row, today = IssuedDocumentRow, tx.now.astimezone(reference.NATIONAL_ZONE).date()
    due = [and_(col(row.kind) == kind, _ended(tx, today, days)) for kind, days in kinds.items()]
    query = (
        select(col(row.id), col(row.sha256))
        .where(col(row.forgotten_at).is_(None), col(row.ready_at).is_not(None), or_(*due), ~_busy())
        .order_by(col(row.issued_at), col(row.id))
        .limit(BATCH)
    )
    found = (await tx.session.execute(query)).all()
    if not found:
        return 0
    ids = [each.id for each in found]
    nobody = await vault.key_for_person(tx, None)
    await vault.destroy(tx, nobody)
    blank = {"key_id": nobody, "subject_bidx": None, "forgotten_at": tx.now}
    await tx.session.execute(update(row).where(col(row.id).in_(ids)).values(**blank))
    words = update(RevocationProposal).where(col(RevocationProposal.document_id).in_(ids))
    await tx.session.execute(words.values(words_enc=None))
    for sha256 in sorted({str(each.sha256) for each in found}):
        await tx.enqueue(drop_file, sha256)
    return len(ids)


def _ended(tx: Tx, today: date, days: int) -> ColumnElement[bool]:
    """Revoked, or past its last good day, so long ago; one without an end was issued so long ago."""
    row, before, at = IssuedDocumentRow, today - timedelta(days=days), tx.now - timedelta(days=days)
    return or_(
        col(row.revoked_at) < at,
        col(row.valid_until) < before,
        and_(col(row.valid_until).is_(None), col(row.issued_at) < at),
    )


def _busy() -> Exists:
    return exists().where(col(WorkItem.case_id) == col(IssuedDocumentRow.case_id), col(WorkItem.closed_at).is_(None))
