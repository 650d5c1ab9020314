"""What staff's lists show of applications: the service, its due time, and what waits to be printed or handed over.

Nothing of the applicant stands here: a list is no look, and only a look is recorded.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import Actor
from app.core.db import Tx
from app.core.house import House
from app.core.ids import normalise_reference, reference_is_valid
from app.services import cases
from app.services.applications import issuing
from app.services.applications.issued_models import IssuedDocument, PrintState
from app.services.applications.issued_problems import ISSUED_NOT_FOUND
from app.services.applications.models import Application
from app.services.applications.store import Reader
from app.services.cases import Case
from app.services.cases.models import CaseDeadline

SERVICE_DUE = "applications.service_due"
COUNTED = ("waiting", "done")
"""The service level runs, or has run out; a due time that was cancelled counts no more."""
ISSUED, PRINT = "issued", "print"
TO_HAND_OVER = ("printed", "ready", "shipped")
MOST = 200
LOOK = "mencetak dokumen / printing the document"


@dataclass(frozen=True, slots=True)
class Underway:
    """An application in a list of staff. `due_at` is the end of its service level; None while the applicant has the ball."""

    case_id: UUID
    reference: str
    service_code: str
    state: str
    entered_at: datetime
    due_at: datetime | None = None


async def underway_of(reader: Reader, case_ids: Collection[UUID]) -> Mapping[UUID, Underway]:
    """What lists show of these cases; those that are no applications are left out."""
    if not case_ids:
        return {}
    query = (
        select(*_COLUMNS, col(CaseDeadline.due_at))
        .join(Case, col(Case.id) == col(Application.case_id))
        .outerjoin(
            CaseDeadline,
            (col(CaseDeadline.case_id) == col(Case.id))
            & (col(CaseDeadline.name) == SERVICE_DUE)
            & col(CaseDeadline.status).in_(COUNTED),
        )
        .where(col(Application.case_id).in_(case_ids))
    )
    return {row[0]: Underway(*row) for row in await reader.execute(query)}


async def list_handing_over(reader: Reader, unit: str) -> Sequence[Underway]:
    """Printed documents of a unit that nobody has in hand yet, the longest waiting first."""
    query = (
        select(*_COLUMNS)
        .join(Case, col(Case.id) == col(Application.case_id))
        .where(col(Case.unit) == unit, col(Case.state).in_(TO_HAND_OVER))
        .order_by(col(Case.entered_at), col(Case.id))
        .limit(MOST)
    )
    return [Underway(*row) for row in await reader.execute(query)]


async def find_by_reference(reader: Reader, typed: str) -> UUID | None:
    """The application of a reference as a person types it; None where there is none, or where it was mistyped."""
    wanted = normalise_reference(typed)
    if not reference_is_valid(wanted):
        return None
    query = (
        select(col(Case.id))
        .join(Application, col(Application.case_id) == col(Case.id))
        .where(col(Case.reference) == wanted)
    )
    found: UUID | None = (await reader.execute(query)).scalar_one_or_none()
    return found


async def note_printed(tx: Tx, document_id: UUID, *, expected_version: int | None = None) -> Case:
    """Somebody of the counter has printed a document: noted once, and its case moves on with it, both or neither.

    A document that replaces an earlier one is printed while its case has long gone on, and leaves it where it is. Locks
    case and document. Raises what `issuing.mark_printed` and the move raise.
    """
    document = await issuing.get_issued(tx.session, document_id)
    case = await cases.get_locked(tx, document.case_id)
    await issuing.mark_printed(tx, document_id)
    if case.state != ISSUED:
        return case
    return await cases.move(tx, case.id, PRINT, expected_version=expected_version)


async def open_to_print(house: House, actor: Actor, document_id: UUID) -> tuple[IssuedDocument, bytes]:
    """The sealed file of a document of the actor's unit, for the printer. The look is recorded first, and the applicant
    reads it. Raises what `issuing.get_issued` and `issuing.issued_pdf` raise."""
    async with house.db.begin(actor) as tx:
        document = await issuing.get_issued(tx.session, document_id)
        if document.unit != actor.unit:
            raise ISSUED_NOT_FOUND()
        await cases.saw(tx, document.case_id, LOOK)
    return document, await issuing.issued_pdf(house, document.case_id)


async def mark_printed_with(tx: Tx, case_id: UUID) -> None:
    """The move `print` of a case marks the document that was ordered, so that no second card is printed from the list."""
    found = await issuing.issued_of(tx.session, case_id)
    if found is not None and found.print_state is PrintState.ORDERED:
        await issuing.mark_printed(tx, found.id)


_COLUMNS = (
    col(Application.case_id),
    col(Case.reference),
    col(Application.service_code),
    col(Case.state),
    col(Case.entered_at),
)
