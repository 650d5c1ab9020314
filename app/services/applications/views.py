"""An application as its applicant sees it, in one call: where it stands, what is missing, what to pay, what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import normalise_reference, reference_is_valid
from app.core.texts import Text
from app.services import appointments, billing, cases, catalogue, reference
from app.services.applications import issuing, review
from app.services.applications.issued_models import IssuedDocument
from app.services.applications.models import Application
from app.services.applications.precheck import PriceLine
from app.services.applications.problems import APPLICATION_NOT_FOUND
from app.services.applications.review import MarkView
from app.services.applications.slots import MISSED_ALLOWED
from app.services.applications.store import born_index, check_may_see, form_of, papers_of, service_of
from app.services.applications.units import place_to_come
from app.services.billing import BillView, RefundView
from app.services.cases import Case, Lifecycles
from app.services.catalogue import DocumentRule, Service
from app.services.identity import people
from app.services.reference import Unit

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A paper that the service wants. `state`: ``missing``, ``accepted``, ``marked``; `problems` say what to mend."""

    rule: DocumentRule
    state: str
    required: bool
    problems: tuple[Text, ...]
    media_type: str | None
    given_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """Everything about one application. `version` is the form's, for If-Match; `deadline` when the applicant must act;
    `place` the unit where they come, if they must; `may_rebook` is false for who has missed too many dates to choose another."""

    id: UUID
    reference: str
    service: Service
    unit: str
    unit_name: str
    zone: str
    state: str
    state_title: Text
    version: int
    form: dict[str, JsonValue]
    documents: tuple[DocumentView, ...]
    exemption: str | None
    price: tuple[PriceLine, ...]
    amount: int
    marks: tuple[MarkView, ...]
    bill: BillView | None
    booking: appointments.BookingView | None
    appointment_kind: str | None
    place: Unit
    refunds: tuple[RefundView, ...]
    issued: IssuedDocument | None
    tracking_no: str | None
    actions: tuple[str, ...]
    deadline: datetime | None
    may_rebook: bool
    created_at: datetime
    submitted_at: datetime | None

    def paper(self, name: str) -> DocumentView | None:
        """One paper that the service knows, also one of which the form alone does not show that it is wanted: what a register
        says, or that it does not answer, may decide that."""
        listed = next((each for each in self.documents if each.rule.name == name), None)
        rule = self.service.find_document(name)
        if listed is not None or rule is None:
            return listed
        return DocumentView(rule, "missing", False, (), None, None)

    @property
    def has_slot(self) -> bool:
        """Whether a place is held or booked where they must come."""
        held = self.booking is not None and self.booking.state in ("held", "confirmed")
        return held and self.booking is not None and self.booking.unit == self.place.code


@dataclass(frozen=True, slots=True)
class ApplicationLine:
    """One application in a list, or in the public look-up of a status."""

    id: UUID
    reference: str
    service_code: str
    service_title: Text
    unit: str
    state: str
    state_title: Text
    created_at: datetime
    entered_at: datetime


async def application_for(house: House, actor: Actor, case_id: UUID) -> ApplicationView:
    """The application for whoever may see it. Raises APPLICATION_NOT_FOUND."""
    async with house.db.begin(actor) as tx:
        return await view_in(tx, case_id)


async def view_in(tx: Tx, case_id: UUID) -> ApplicationView:
    """The application inside a transaction, for its actor. Raises APPLICATION_NOT_FOUND."""
    application = await tx.session.get(Application, case_id)
    case = await tx.session.get(Case, case_id)
    if application is None or case is None:
        raise APPLICATION_NOT_FOUND()
    await check_may_see(tx.session, tx.actor, application)
    service = await service_of(tx.session, application)
    unit = await reference.unit(tx.session, case.unit)
    form = await form_of(tx.session, tx.house.keys, application)
    marks = await review.marks_of(tx, application)
    if case.state == "needs_correction":
        marks = (*marks, *await review.opened_of(tx, application))
    due = await cases.due_times(tx.session, case_id)
    declared = tx.house[Lifecycles].of(case)
    return ApplicationView(
        id=case.id,
        reference=case.reference,
        service=service,
        unit=case.unit,
        unit_name=unit.name,
        zone=unit.zone,
        state=case.state,
        state_title=declared.states[case.state].title,
        version=application.form_version,
        form=form,
        documents=await _documents(tx, application, service, form, marks),
        exemption=application.exemption,
        price=tuple(PriceLine.of_json(each) for each in application.price if isinstance(each, dict)),
        amount=application.amount,
        marks=marks,
        bill=await billing.bill_of(tx.session, case_id, at=tx.now),
        booking=await appointments.booking_of(tx.session, case_id, now=tx.now),
        appointment_kind=application.appointment_kind,
        place=await place_to_come(tx, case, application, service, form),
        refunds=tuple(await billing.refunds_of(tx.session, case_id)),
        issued=await issuing.issued_of(tx.session, case_id),
        tracking_no=application.tracking_no,
        actions=tuple(cases.allowed_actions(tx.house[Lifecycles], case, tx.actor)),
        deadline=min(due.values(), default=None),
        may_rebook=case.state != "no_show" or application.missed <= MISSED_ALLOWED,
        created_at=application.created_at,
        submitted_at=application.submitted_at,
    )


async def list_own(
    house: House, person_id: UUID, *, limit: int, before: Place | None = None
) -> Sequence[ApplicationLine]:
    """A citizen's applications, newest first; `before` is the last one of the page before."""
    async with house.db.read() as connection:
        nik_bidx = await people.find_nik_bidx(connection, person_id)
    own = col(Application.person_id) == person_id
    if nik_bidx is not None:  # what a counter began for them before they had an account
        own = or_(own, and_(col(Application.person_id).is_(None), col(Application.nik_bidx) == nik_bidx))
    query = _lines().where(own)
    if before is not None:
        at, case_id = before
        earlier = and_(col(Application.created_at) == at, col(Application.case_id) < case_id)
        query = query.where(or_(col(Application.created_at) < at, earlier))
    query = query.order_by(col(Application.created_at).desc(), col(Application.case_id).desc()).limit(limit)
    async with house.db.read() as connection:
        rows = (await connection.execute(query)).mappings().all()
        return [await _line(house, connection, row) for row in rows]


async def status_of(house: House, typed_reference: str, born_on: date) -> ApplicationLine | None:
    """Where an application stands, for who knows its reference and the day of birth; None for a wrong one of either.

    The same work is done for both, and nothing private is answered.
    """
    wanted = normalise_reference(typed_reference)
    known = wanted if reference_is_valid(wanted) else "-"
    query = _lines().where(col(Case.reference) == known, col(Application.born_bidx) == born_index(house.keys, born_on))
    async with house.db.read() as connection:
        row = (await connection.execute(query.limit(1))).mappings().first()
        return None if row is None else await _line(house, connection, row)


async def _documents(
    tx: Tx, application: Application, service: Service, form: dict[str, JsonValue], marks: Sequence[MarkView]
) -> tuple[DocumentView, ...]:
    papers = await papers_of(tx.session, application.case_id)
    marked = {each.pointer: each for each in marks if not each.changed}
    facts = catalogue.Facts(today=tx.now.date(), form=form)
    wanted = catalogue.wanted_documents(service, facts)
    views = []
    for rule in service.documents:
        paper, mark = papers.get(rule.name), marked.get(f"/documents/{rule.name}")
        # A paper whose condition does not hold is somebody else's business: a foreigner's permit, say. Only a plain `false`
        # means that it may be handed in.
        if rule not in wanted and paper is None and mark is None and not rule.required.constant:
            continue
        problems = () if mark is None else (_said(mark),)
        state = "missing" if paper is None else "marked" if mark else "accepted"
        views.append(
            DocumentView(
                rule,
                state,
                rule in wanted,
                problems,
                paper.media_type if paper else None,
                paper.given_at if paper else None,
            )
        )
    return tuple(views)


def _said(mark: MarkView) -> Text:
    return Text(f"{mark.says.id}. {mark.words}", f"{mark.says.en}. {mark.words}") if mark.words else mark.says


def _lines() -> "Select[*tuple[Any, ...]]":
    return select(
        col(Case.id),
        col(Case.reference),
        col(Case.unit),
        col(Case.state),
        col(Case.lifecycle),
        col(Case.entered_at),
        col(Application.service_code),
        col(Application.version_id),
        col(Application.created_at),
    ).join(Case, col(Case.id) == col(Application.case_id))


async def _line(house: House, connection: AsyncConnection, row: RowMapping) -> ApplicationLine:
    service = await catalogue.service_version(connection, row["version_id"])
    declared = house[Lifecycles].by_name[row["lifecycle"]]
    return ApplicationLine(
        row["id"],
        row["reference"],
        row["service_code"],
        service.title,
        row["unit"],
        row["state"],
        declared.states[row["state"]].title,
        row["created_at"],
        row["entered_at"],
    )
