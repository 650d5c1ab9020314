"""The papers of an application: checked at once, kept sealed, replaced, used again in another application.

A file is checked before anything is stored, and refused with the rule and an example of a good one. What a machine is unsure
of is kept as a warning for the officer.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.problems import FieldError, Problem
from app.core.texts import Text
from app.services import documents
from app.services.applications import drafts
from app.services.applications.models import Application, ApplicationDocument, Behalf
from app.services.applications.problems import (
    DOCUMENT_NOT_GIVEN,
    DOCUMENT_REFUSED,
    DOCUMENT_UNKNOWN,
    FAMILY_CONSENT_NEEDED,
)
from app.services.applications.retention import DROP_FILE
from app.services.applications.store import (
    Reader,
    check_may_see,
    find_application,
    form_of,
    own_locked,
    papers_of,
    service_of,
    touch,
    vehicle_of,
)
from app.services.catalogue import DocumentRule, Service
from app.services.documents import PhotoProblem, PhotoRule, PhotoRules, SignatureRule, off_loop

SEALED_AS = "paper"
REUSABLE_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CheckedPaper:
    """A file that may be kept: normalised, sealed and stored, with what the machine was unsure of."""

    rule: DocumentRule
    sha256: str
    digest: str
    media_type: str
    size: int
    warnings: tuple[JsonValue, ...]


@dataclass(frozen=True, slots=True)
class _LookedAt:
    problems: tuple[PhotoProblem, ...]
    warnings: tuple[str, ...]
    kept: documents.Kept


async def rule_for(house: House, actor: Actor, case_id: UUID, name: str) -> DocumentRule:
    """What the service wants of this paper. Raises APPLICATION_NOT_FOUND, DOCUMENT_UNKNOWN."""
    async with house.db.read() as connection:
        application = await find_application(connection, case_id)
        await check_may_see(connection, actor, application)
        return _rule(await service_of(connection, application), name)


async def take(house: House, actor: Actor, case_id: UUID, name: str, data: bytes) -> ApplicationDocument:
    """`checked` and `keep` in one."""
    paper = await checked(house, actor, case_id, name, data)
    async with house.db.begin(actor) as tx:
        return await keep(tx, case_id, paper)


async def checked(house: House, actor: Actor, case_id: UUID, name: str, data: bytes) -> CheckedPaper:
    """Check a file against its rule, and store it sealed.

    Raises APPLICATION_NOT_FOUND, DOCUMENT_UNKNOWN, DOCUMENT_REFUSED (with each fault and an example of a good one), and what
    `documents` raises for a file that is not what it says.
    """
    rule = await rule_for(house, actor, case_id, name)
    photo_rule = house[PhotoRules].get(rule.rule) if rule.rule else None
    looked_at = await off_loop(_look_at, data, rule, photo_rule)
    if looked_at.problems:
        raise _refused(name, looked_at.problems)
    async with house.db.begin(actor) as tx:
        application = await tx.session.get_one(Application, case_id)
        sealed = await seal_bytes(tx, application.key_id, looked_at.kept.data)
    return CheckedPaper(
        rule,
        await house.storage.put(sealed),
        hashlib.sha256(looked_at.kept.data).hexdigest(),
        looked_at.kept.media_type,
        len(looked_at.kept.data),
        looked_at.warnings,
    )


async def keep(tx: Tx, case_id: UUID, paper: CheckedPaper, *, reused_from: UUID | None = None) -> ApplicationDocument:
    """Note a checked paper; the one of the same name before it is replaced. The same bytes again change nothing.

    Raises NOT_OPEN. Locks case and application.
    """
    case, application = await own_locked(tx, case_id)
    pointer = f"/documents/{paper.rule.name}"
    await drafts.check_open(tx, case, application, [pointer])
    query = select(ApplicationDocument).where(
        col(ApplicationDocument.case_id) == case_id,
        col(ApplicationDocument.name) == paper.rule.name,
        col(ApplicationDocument.replaced_at).is_(None),
    )
    earlier = (await tx.session.execute(query)).scalar_one_or_none()
    if earlier is not None and earlier.digest == paper.digest:
        await tx.enqueue(DROP_FILE, paper.sha256)  # sealed anew, and named by nothing
        return earlier
    if earlier is not None:
        earlier.replaced_at = tx.now
        await tx.session.flush()
    made = ApplicationDocument(
        case_id=case_id,
        name=paper.rule.name,
        key_id=application.key_id,
        sha256=paper.sha256,
        digest=paper.digest,
        media_type=paper.media_type,
        size=paper.size,
        warnings=list(paper.warnings),
        reused_from=reused_from,
        given_at=tx.now,
    )
    tx.session.add(made)
    touch(tx, application)
    await drafts.note_changed(tx, case, [pointer])
    await tx.session.flush()
    return made


async def reuse(tx: Tx, case_id: UUID, name: str, document_id: UUID) -> ApplicationDocument:
    """Use a paper again that the same person gave in another application, within the time that its rule allows; what belongs to
    one vehicle, for that vehicle alone.

    Raises DOCUMENT_UNKNOWN, DOCUMENT_NOT_GIVEN, NOT_OPEN, FAMILY_CONSENT_NEEDED for an adult of the family card who never
    agreed.
    """
    _, application = await own_locked(tx, case_id)
    if application.behalf == Behalf.UNPROVED:
        raise FAMILY_CONSENT_NEEDED()
    rule = _rule(await service_of(tx.session, application), name)
    source = await tx.session.get(ApplicationDocument, document_id)
    owner = await tx.session.get(Application, source.case_id) if source else None
    too_old = source is not None and source.given_at < tx.now - timedelta(days=rule.reuse_days)
    if source is None or owner is None or owner.nik_bidx != application.nik_bidx or too_old or not _fits(rule, source):
        raise DOCUMENT_NOT_GIVEN(name=name)
    if rule.per_vehicle and not await _same_vehicle(tx.session, tx.house, application, [owner]):
        raise DOCUMENT_NOT_GIVEN(name=name)
    paper = CheckedPaper(rule, source.sha256, source.digest, source.media_type, source.size, tuple(source.warnings))
    return await keep(tx, case_id, paper, reused_from=source.id)


async def reusable(house: House, actor: Actor, case_id: UUID) -> Mapping[str, list[ApplicationDocument]]:
    """Papers that this person gave elsewhere and may use here, newest first, by the name of the paper wanted here; none of an
    adult of the family card who never agreed."""
    async with house.db.read() as connection:
        application = await find_application(connection, case_id)
        await check_may_see(connection, actor, application)
        if application.behalf == Behalf.UNPROVED:
            return {}
        service = await service_of(connection, application)
        table = ApplicationDocument.__table__  # type: ignore[attr-defined]
        query = (
            select(table)
            .join(Application, col(Application.case_id) == table.c.case_id)
            .where(
                col(Application.nik_bidx) == application.nik_bidx,
                table.c.case_id != case_id,
                table.c.replaced_at.is_(None),
            )
            .order_by(table.c.given_at.desc())
            .limit(REUSABLE_SHOWN)
        )
        given = [ApplicationDocument(**row) for row in (await connection.execute(query)).mappings()]
        of_vehicles = {each.name for each in service.documents if each.per_vehicle and each.reuse_days > 0}
        others = {each.case_id for each in given if each.name in of_vehicles}
        owners = [await find_application(connection, case_id) for case_id in others]
        of_this = await _same_vehicle(connection, house, application, owners)
    given = [each for each in given if each.name not in of_vehicles or each.case_id in of_this]
    now = house.clock.now()
    return {
        rule.name: [
            each for each in given if _fits(rule, each) and each.given_at >= now - timedelta(days=rule.reuse_days)
        ]
        for rule in service.documents
        if rule.reuse_days > 0
    }


async def open_paper(house: House, actor: Actor, case_id: UUID, name: str) -> tuple[bytes, str]:
    """The bytes of a paper and their media type, for its owner. Raises APPLICATION_NOT_FOUND, DOCUMENT_NOT_GIVEN."""
    async with house.db.read() as connection:
        application = await find_application(connection, case_id)
        await check_may_see(connection, actor, application)
        found = (await papers_of(connection, case_id)).get(name)
    if found is None:
        raise DOCUMENT_NOT_GIVEN(name=name)
    return await bytes_of(house, found), found.media_type


async def bytes_of(house: House, paper: ApplicationDocument) -> bytes:
    """The bytes of a paper, for whoever may see it. Raises DOCUMENT_NOT_GIVEN once the person was erased."""
    return await open_bytes(house, paper.key_id, paper.sha256, name=paper.name)


async def seal_bytes(tx: Tx, key_id: UUID, data: bytes) -> bytes:
    """Bytes as they may lie in the object store: unreadable once the person's key is destroyed."""
    return await vault.seal_bytes(tx.session, tx.house.keys, key_id, data, name=SEALED_AS)


async def open_bytes(house: House, key_id: UUID, sha256: str, *, name: str) -> bytes:
    """The reverse of `seal_bytes`. Raises DOCUMENT_NOT_GIVEN once the person was erased."""
    sealed = await house.storage.get(sha256)
    async with house.db.read() as connection:
        plain = await vault.open_bytes(connection, house.keys, key_id, sealed, name=SEALED_AS)
    if plain is None:
        raise DOCUMENT_NOT_GIVEN(name=name)
    return plain


async def _same_vehicle(
    source: Reader, house: House, application: Application, others: Sequence[Application]
) -> set[UUID]:
    """Which of these applications are about the vehicle that this one is about; none while it names none."""
    own = vehicle_of(await form_of(source, house.keys, application)) if others else None
    if own is None:
        return set()
    return {each.case_id for each in others if vehicle_of(await form_of(source, house.keys, each)) == own}


def _fits(rule: DocumentRule, paper: ApplicationDocument) -> bool:
    return paper.name == rule.name and paper.media_type in rule.media_types


def _rule(service: Service, name: str) -> DocumentRule:
    found = next((each for each in service.documents if each.name == name), None)
    if found is None:
        raise DOCUMENT_UNKNOWN(name=name)
    return found


def _look_at(data: bytes, rule: DocumentRule, photo_rule: PhotoRule | SignatureRule | None) -> _LookedAt:
    """Synchronous and heavy. Raises what `documents.check_applicant_document` raises."""
    verdict = documents.check_applicant_document(
        data, photo_rule, max_bytes=rule.max_kb * 1024, wanted=rule.media_types
    )
    warnings = tuple(each.code for each in verdict.warnings)
    if verdict.problems:
        return _LookedAt(verdict.problems, warnings, documents.Kept(b"", verdict.media_type))
    return _LookedAt((), warnings, documents.normalised(data, verdict.media_type))


def _refused(name: str, problems: Sequence[PhotoProblem]) -> Problem:
    """Every fault at once, each with what a good one looks like."""
    said = [Text(f"{each.says.id} {each.example.id}", f"{each.says.en} {each.example.en}") for each in problems]
    return DOCUMENT_REFUSED(
        why=said[0],
        errors=[FieldError(f"/documents/{name}", each) for each in said],
        extra={"codes": [each.code for each in problems]},
    )
