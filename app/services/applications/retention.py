"""What is forgotten of applications, and when: drafts, papers, answers, and in the end who it was (UU 27/2022 art. 42-44).

How long stands in the policy under which an application was begun (`keep_...` in `etle_policies.yaml`), which an operator
changes; the law names no days. What stays names nobody: events, books, figures, the log's leaves. An application on which
somebody has work is left alone, and so is one that has not ended. How much went is recorded and put into the public log.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, update
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.services import appointments, cases, catalogue, reference, transparency
from app.services.applications import paper_retention
from app.services.applications.issued_models import IssuedDocumentRow
from app.services.applications.models import (
    Application,
    ApplicationDocument,
    ApplicationMark,
    ApplicationMessage,
)
from app.services.applications.retention_models import RetentionCount
from app.services.applications.upload_models import UploadPiece
from app.services.billing.models import Bill, Refund, RefundState
from app.services.cases import Case
from app.services.cases.models import PaperConsent, WorkItem
from app.services.catalogue import DocumentKind, Service
from app.services.reference import EtlePolicy

FORGET, DROP_FILE = "applications.forget", "applications.drop_file"
BATCH = 200
"""Applications, or papers, of one transaction."""
DRAFTS, PAPERS, ANSWERS, APPLICATIONS, NUMBERS = "drafts", "papers", "answers", "applications", "queue_numbers"
DOCUMENTS, CONSENTS = "issued_documents", "consent_forms"
OF_FACES = (DocumentKind.PHOTO, DocumentKind.SIGNATURE)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Group:
    """Applications of one version of a service that were begun under one policy."""

    policy_id: UUID
    version_id: UUID
    policy: EtlePolicy
    service: Service


async def forget(house: House) -> None:
    """Job, each night."""
    await forget_due(house)


async def forget_due(house: House) -> Counter[str]:
    """Forget what the policies no longer keep, in small transactions; how much of what it was."""
    gone: Counter[str] = Counter()
    for group in await _groups(house):
        for what, step in _steps(group):
            while done := await _in_transaction(house, step):
                gone[what] += done
                if done < BATCH:
                    break
        async with house.db.begin(SYSTEM) as tx:
            before = tx.now - timedelta(days=group.policy.keep_access_log_days)
            lifecycle = group.service.lifecycle
            await cases.forget_looks(tx, lifecycle=lifecycle, policy_id=group.policy_id, before=before)
    gone[NUMBERS] = await _forget_numbers(house)
    gone[DOCUMENTS] = await paper_retention.forget_documents(house, DROP_FILE)
    gone[CONSENTS] = await paper_retention.forget_consents(house, DROP_FILE)
    gone = +gone
    if gone:
        async with house.db.begin(SYSTEM) as tx:
            leaf_id = await transparency.append(tx, "forgotten", {"counts": dict(gone)})
            tx.session.add_all(
                RetentionCount(what=what, count=count, at=tx.now, leaf_id=leaf_id) for what, count in gone.items()
            )
        log.info("retention has forgotten %s", ", ".join(f"{count} {what}" for what, count in sorted(gone.items())))
    return gone


async def drop_file(house: House, sha256: str) -> None:
    """Job: remove a file that nothing names any more; a paper that was used again is still named elsewhere."""
    named = (
        select(col(ApplicationDocument.id)).where(col(ApplicationDocument.sha256) == sha256),
        select(col(ApplicationMessage.id)).where(col(ApplicationMessage.file_sha256) == sha256),
        select(col(UploadPiece.id)).where(col(UploadPiece.sha256) == sha256),
        select(col(IssuedDocumentRow.id)).where(
            col(IssuedDocumentRow.sha256) == sha256, col(IssuedDocumentRow.forgotten_at).is_(None)
        ),
        select(col(PaperConsent.id)).where(col(PaperConsent.scan_sha256) == sha256),
    )
    async with house.db.read() as connection:
        for query in named:
            if (await connection.execute(query.limit(1))).first() is not None:
                return
    await house.storage.delete(sha256)


# --- what goes when ------------------------------------------------------------------------------------------------------


def _steps(group: _Group) -> Sequence[tuple[str, Callable[[Tx], Awaitable[int]]]]:
    """The short times first: what a draft held is gone before anybody asks for its papers."""
    policy = group.policy
    never, handed_in = col(Application.submitted_at).is_(None), col(Application.submitted_at).is_not(None)
    steps: list[tuple[str, Callable[[Tx], Awaitable[int]]]] = [
        (DRAFTS, lambda tx: _forget_ended(tx, group, never, policy.keep_draft_days)),
        (PAPERS, lambda tx: _forget_papers(tx, group)),
        (APPLICATIONS, lambda tx: _forget_ended(tx, group, handed_in, policy.keep_application_days)),
    ]
    if "records" in group.service.asks:
        # Who asks the criminal register asks people about crimes, too (specific data: UU 27/2022 art. 4).
        steps.insert(2, (ANSWERS, lambda tx: _forget_answers(tx, group)))
    return steps


async def _forget_ended(tx: Tx, group: _Group, which: ColumnElement[bool], days: int) -> int:
    """Applications that ended this long ago: their papers and messages are deleted, and the rest is nobody's any more."""
    query = _ended(group, tx.now - timedelta(days=days)).where(which, col(Application.nik_bidx).is_not(None))
    ids = list((await tx.session.execute(query.limit(BATCH))).scalars())
    if not ids:
        return 0
    papers = select(col(ApplicationDocument.id)).where(col(ApplicationDocument.case_id).in_(ids))
    await _delete_papers(tx, list((await tx.session.execute(papers)).scalars()))
    message = ApplicationMessage
    files = select(col(message.file_sha256)).where(col(message.case_id).in_(ids), col(message.file_sha256).is_not(None))
    dropped = set((await tx.session.execute(files)).scalars())
    for table in (ApplicationMessage, ApplicationMark):
        await tx.session.execute(delete(table).where(col(table.case_id).in_(ids)))
    # The row stays for the figures, under a key that was nobody's and is destroyed: no index leads back to a person.
    nobody = await vault.key_for_person(tx, None)
    await vault.destroy(tx, nobody)
    blank = dict.fromkeys(
        ("person_id", "assisted_unit", "nik_enc", "name_enc", "contact_enc", "nik_bidx", "born_bidx", "subject_bidx",
         "chassis_bidx", "form_enc", "tracking_no")
    )  # fmt: skip
    await tx.session.execute(
        update(Application).where(col(Application.case_id).in_(ids)).values(**blank, key_id=nobody, precheck=[])
    )
    for sha256 in sorted(str(each) for each in dropped):
        await tx.enqueue(DROP_FILE, sha256)
    return len(ids)


async def _forget_papers(tx: Tx, group: _Group) -> int:
    """Papers of ended applications: faces and signatures soon, scans later, none while its service still lets it be used
    again; what a newer one has replaced goes with the first."""
    paper, policy = ApplicationDocument, group.policy
    soon = tx.now - timedelta(days=policy.keep_photo_days)
    due = [and_(col(paper.replaced_at).is_not(None), col(Case.closed_at) < soon)]
    for rule in group.service.documents:
        days = policy.keep_photo_days if rule.kind in OF_FACES else policy.keep_paper_days
        due.append(
            and_(
                col(paper.name) == rule.name,
                col(Case.closed_at) < tx.now - timedelta(days=days),
                col(paper.given_at) < tx.now - timedelta(days=rule.reuse_days),
            )
        )
    of_group = _ended(group, soon).subquery()
    query = (
        select(col(paper.id))
        .join(Case, col(Case.id) == col(paper.case_id))
        .where(col(paper.case_id).in_(select(of_group.c.id)), or_(*due))
    )
    ids = list((await tx.session.execute(query.limit(BATCH))).scalars())
    await _delete_papers(tx, ids)
    return len(ids)


async def _forget_answers(tx: Tx, group: _Group) -> int:
    """Answers about family and crimes: so long after the paper that they led to has ended, or after a refusal."""
    before = tx.now - timedelta(days=group.policy.keep_skck_days)
    still_good = exists().where(
        col(IssuedDocumentRow.case_id) == col(Case.id),
        or_(col(IssuedDocumentRow.valid_until).is_(None), col(IssuedDocumentRow.valid_until) >= before.date()),
    )
    query = _ended(group, before).where(col(Application.form_enc).is_not(None), ~still_good)
    ids = list((await tx.session.execute(query.limit(BATCH))).scalars())
    await tx.session.execute(update(Application).where(col(Application.case_id).in_(ids)).values(form_enc=None))
    return len(ids)


async def _forget_numbers(house: House) -> int:
    """Numbers of the queue, by the policy that the unit's Polda has today."""
    today = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
    async with house.db.read() as connection:
        units = await appointments.units_with_numbers(connection, before=today)
    count = 0
    for code in units:
        async with house.db.begin(SYSTEM) as tx:
            unit = await reference.unit(tx.session, code)
            days = (await reference.policy(tx.session, reference.polda_of(unit), today)).etle.keep_queue_days
            since = timedelta(days=days)
            count += await appointments.forget_numbers(tx, code, before=today - since, scans_before=tx.now - since)
    return count


# --- below ---------------------------------------------------------------------------------------------------------------


async def _groups(house: House) -> list[_Group]:
    async with house.db.read() as connection:
        query = select(col(Case.policy_id), col(Application.version_id))
        query = query.join(Case, col(Case.id) == col(Application.case_id)).where(col(Case.closed_at).is_not(None))
        rows = (await connection.execute(query.distinct())).all()
        found = sorted((policy_id, version_id) for policy_id, version_id in rows if policy_id is not None)
        return [
            _Group(
                policy_id,
                version_id,
                (await reference.policy_by_id(connection, policy_id)).etle,
                await catalogue.service_version(connection, version_id),
            )
            for policy_id, version_id in found
        ]


def _ended(group: _Group, before: datetime) -> "Select[UUID]":
    """The group's cases that ended before then, on which nobody has work, and of which nothing is owed back any more."""
    busy = exists().where(col(WorkItem.case_id) == col(Case.id), col(WorkItem.closed_at).is_(None))
    owed = exists().where(
        col(Bill.case_id) == col(Case.id),
        col(Refund.bill_id) == col(Bill.id),
        col(Refund.state) == RefundState.OWED,
    )
    return (
        select(col(Case.id))
        .join(Application, col(Application.case_id) == col(Case.id))
        .where(
            col(Case.policy_id) == group.policy_id,
            col(Application.version_id) == group.version_id,
            col(Case.closed_at) < before,
            ~busy,
            ~owed,
        )
        .order_by(col(Case.closed_at), col(Case.id))
    )


async def _delete_papers(tx: Tx, ids: Sequence[UUID]) -> None:
    """Delete these papers; their files go after the commit, unless another application uses them."""
    paper = ApplicationDocument
    files = set((await tx.session.execute(select(col(paper.sha256)).where(col(paper.id).in_(ids)))).scalars())
    await tx.session.execute(update(paper).where(col(paper.reused_from).in_(ids)).values(reused_from=None))
    await tx.session.execute(delete(paper).where(col(paper.id).in_(ids)))
    for sha256 in sorted(files):
        await tx.enqueue(DROP_FILE, sha256)


async def _in_transaction(house: House, step: Callable[[Tx], Awaitable[int]]) -> int:
    async with house.db.begin(SYSTEM) as tx:
        return await step(tx)
