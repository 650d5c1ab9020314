"""The draft: begun, filled in step by step on any device, priced before anything is asked for, thrown away or handed in.

Nothing typed is lost: what is wrong is named and everything else is kept, and who changed it last is told apart by a version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id, new_reference
from app.core.problems import FieldError, Problem
from app.core.texts import Lang, Text
from app.services import cases, catalogue, reference
from app.services.applications import facts as known_facts
from app.services.applications.assisting import consent_data
from app.services.applications.facts import Subject
from app.services.applications.models import Application, ApplicationDocument, ApplicationMark, Behalf
from app.services.applications.precheck import PreCheck, pre_check
from app.services.applications.problems import (
    CHANGED_MEANWHILE,
    EXEMPTION_UNKNOWN,
    FAMILY_CONSENT_NEEDED,
    FORM_INVALID,
    LIKELY_DUPLICATE,
    NOT_OFFERED,
    NOT_OPEN,
    TOO_MANY_DRAFTS,
)
from app.services.applications.store import (
    Reader,
    check_may_see,
    find_application,
    form_of,
    keep_form,
    own_locked,
    papers_of,
    person_of,
    service_of,
)
from app.services.cases import Case, paper_consents
from app.services.catalogue import Catalogue, DocumentRule, Facts, OfferState, Service, Verdict
from app.services.identity import consents, people
from app.services.identity.codes import CodePurpose
from app.services.reference import Unit
from app.services.registries import KTP_FROM_YEARS, Nik, years_between

MAX_DRAFTS = 20
PREFIX = {"stnk": "STN", "sim": "SIM", "skck": "SKC"}
OTHER_PREFIX = "PMH"
OPEN_STATES = ("manual_check", "submitted", "awaiting_payment", "paid", "in_review", "needs_correction",
               "refusal_proposed", "appointment", "attended", "no_show", "retest", "approved")  # fmt: skip
SUBJECT_FIELDS = ("plate", "chassis_no", "sim_class", "purpose")
"""By which form fields two applications of one person for one service are told apart."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies, as the population register knows them."""

    person_id: UUID | None
    nik: str = field(repr=False)
    name: str = field(repr=False)
    born_on: str = field(repr=False)
    contact: str | None = field(default=None, repr=False)
    behalf: Behalf | None = None
    """For whom of their family card the account `person_id` applies; None for itself."""
    consent: UUID | None = None
    """The adult's own, from `family.agreed`."""


def family_step(service: Service) -> str:
    """What an adult of the family card agrees to: one begun application for this service, by the account that asked."""
    return f"family {service.code}"


async def starting_form(
    house: House, service: Service, applicant: Applicant, *, unit: str, given: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """What the draft begins with: what registers know, under what was given. Asks registers: never in a transaction.

    Raises FORM_INVALID for values that were given and are wrong.
    """
    given = {name: value for name, value in catalogue.clean_form(service, given).items() if value is not None}
    faults = catalogue.form_faults(service, given, complete=False)
    if faults:
        raise FORM_INVALID(errors=faults)
    facts = await known_facts.gather(house, service, Subject(applicant.nik, unit, given))
    return {**catalogue.prefilled(service, facts), **given}


async def must_own(house: House, actor: Actor, case_id: UUID) -> None:
    """Refuse whoever may not see this application. Raises APPLICATION_NOT_FOUND."""
    async with house.db.read() as connection:
        await check_may_see(connection, actor, await find_application(connection, case_id))


async def begin(
    tx: Tx,
    service: Service,
    *,
    unit: str,
    applicant: Applicant,
    form: Mapping[str, JsonValue],
    lang: Lang = "id",
    consent: UUID | None = None,
) -> Application:
    """Begin a draft for this person at this unit, with what registers know already filled in. With a `consent` it is begun
    by the unit's counter, for somebody who may have an account of their own.

    Raises NOT_OFFERED, TOO_MANY_DRAFTS, FAMILY_CONSENT_NEEDED for an adult of the family card who has not agreed in this
    transaction, and what the reference data raises for an unknown unit.
    """
    await _check_agreed(tx, service, applicant)
    offered = await reference.unit(tx.session, unit)
    await check_offered(tx, service, offered)
    nik_bidx = tx.house.keys.blind_index("nik", applicant.nik)
    await _check_drafts(tx, nik_bidx)
    key_id = await vault.key_for_person(tx, applicant.nik)
    policy = await reference.policy(tx.session, reference.polda_of(offered), tx.now.date())
    case_id = new_id()
    case = await cases.open_case(
        tx,
        lifecycle=service.lifecycle,
        unit=unit,
        reference=new_reference(PREFIX.get(service.family, OTHER_PREFIX)),
        policy_id=policy.id,
        subject=service.code,
        data={
            "service": service.code,
            "service_version": service.version,
            **consent_data(consent or applicant.consent),
        },
        case_id=case_id,
    )
    about = {"nik": applicant.nik, "name": applicant.name, "contact": applicant.contact}
    sealed = await vault.seal(tx, key_id, about)
    application = Application(
        case_id=case.id,
        service_code=service.code,
        version_id=await catalogue.keep_version(tx, service),
        home_unit=unit,
        person_id=applicant.person_id or await people.find_by_nik(tx.session, nik_bidx),
        assisted_unit=unit if consent is not None else None,
        behalf=applicant.behalf,
        key_id=key_id,
        nik_bidx=nik_bidx,
        born_bidx=tx.house.keys.blind_index("born", applicant.born_on),
        nik_enc=sealed["nik"],
        name_enc=sealed["name"],
        contact_enc=sealed["contact"],
        lang=lang,
        created_at=tx.now,
        touched_at=tx.now,
    )
    tx.session.add(application)
    await tx.session.flush()
    if consent is not None:
        await paper_consents.belongs_to(tx, consent, case.id)
    await keep_form(tx, application, {**form})
    application.form_version = 1
    await cases.recompute_deadlines(tx, case)
    await tx.session.flush()
    return application


async def change(
    tx: Tx,
    case_id: UUID,
    patch: Mapping[str, JsonValue],
    *,
    expected_version: int,
    exemption: str | None = None,
) -> Application:
    """Merge a patch into the form (RFC 7396): null takes a field out. Wrong values are named and nothing is changed.

    What stands there already is no change, whatever the version: whoever got no answer sends the same again (RFC 9110 13.1.1).

    In `needs_correction` only marked fields may change. Raises CHANGED_MEANWHILE, NOT_OPEN, FORM_INVALID,
    EXEMPTION_UNKNOWN, and what `clean_form` raises. Locks case and application.
    """
    case, application = await own_locked(tx, case_id)
    service = await service_of(tx.session, application)
    patch = catalogue.clean_form(service, patch)
    before = await form_of(tx.session, tx.house.keys, application)
    if _stands_there(application, before, patch, exemption):
        return application
    check_version(application, expected_version)
    after: dict[str, JsonValue] = {name: value for name, value in {**before, **patch}.items() if value is not None}
    faults = catalogue.form_faults(service, after, complete=False)
    if faults:
        raise FORM_INVALID(errors=faults)
    changed = [name for name in patch if before.get(name) != after.get(name)]
    await check_open(tx, case, application, [f"/form/{name}" for name in changed], after=after)
    if exemption is not None:
        _set_exemption(application, service, exemption)
    await keep_form(tx, application, after)
    await note_changed(tx, case, [f"/form/{name}" for name in changed])
    if case.state == "draft":
        await cases.recompute_deadlines(tx, case)
    await tx.session.flush()
    return application


async def fill_in(house: House, actor: Actor, case_id: UUID) -> frozenset[str]:
    """What registers know by now, given the answers so far, is not asked for: a class leads to the number of its licence.
    Gives the questions that were filled in; a draft that somebody changes meanwhile is left to them.

    Asks registers: never inside a transaction. Whose it is, the door has asked before. It comes after a change that is made
    and must be answered, so a database that has no connection left now fills in nothing.
    """
    try:
        return await _fill_in(house, actor, case_id)
    except PoolIsEmpty:
        return frozenset()


async def _fill_in(house: House, actor: Actor, case_id: UUID) -> frozenset[str]:
    async with house.db.read() as connection:
        application = await find_application(connection, case_id)
        service = await service_of(connection, application)
        form = await form_of(connection, house.keys, application)
        person = await person_of(connection, house.keys, application)
        state = (await connection.execute(select(col(Case.state)).where(col(Case.id) == case_id))).scalar_one()
    left = [
        each.name for each in service.fields if each.prefill is not None and not catalogue.answered(form.get(each.name))
    ]
    if state != "draft" or not left:
        return frozenset()
    facts = await known_facts.gather(house, service, Subject(person["nik"], application.home_unit, form))
    known = {name: value for name, value in catalogue.prefilled(service, facts).items() if name in left}
    if not known:
        return frozenset()
    try:
        async with house.db.begin(actor) as tx:
            await change(tx, case_id, known, expected_version=application.form_version)
    except Problem as problem:
        if problem.type not in (CHANGED_MEANWHILE, NOT_OPEN):
            raise
        return frozenset()
    return frozenset(known)


async def copy(tx: Tx, case_id: UUID, forms: Sequence[Mapping[str, JsonValue]]) -> list[Application]:
    """Further drafts like this one, each with these fields changed, and with its papers: several vehicles in one go.

    What belongs to this one's vehicle alone, answers and papers, does not go along. Raises FORM_INVALID,
    TOO_MANY_DRAFTS, NOT_OFFERED, FAMILY_CONSENT_NEEDED for an adult of the family card, who agrees to each anew, also one who
    was a child when this one was begun. Locks case and application.
    """
    _, application = await own_locked(tx, case_id)
    service = await service_of(tx.session, application)
    person = await person_of(tx.session, tx.house.keys, application)
    check_still_a_child(tx, application, person)
    asked_anew = {each.name for section in service.sections if section.per_vehicle for each in section.fields}
    shared = {
        name: value
        for name, value in (await form_of(tx.session, tx.house.keys, application)).items()
        if name not in asked_anew
    }
    wanted_anew = {each.name for each in service.documents if each.per_vehicle}
    papers = [each for name, each in (await papers_of(tx.session, case_id)).items() if name not in wanted_anew]
    made = []
    for patch in (catalogue.clean_form(service, each) for each in forms):
        filled: dict[str, JsonValue] = {name: value for name, value in {**shared, **patch}.items() if value is not None}
        faults = catalogue.form_faults(service, filled, complete=False)
        if faults:
            raise FORM_INVALID(errors=faults)
        twin = await begin(
            tx,
            service,
            unit=application.home_unit,
            applicant=Applicant(
                application.person_id,
                person["nik"] or "",
                person["name"] or "",
                "",
                person["contact"],
                Behalf(application.behalf) if application.behalf else None,
            ),
            form=filled,
            lang="en" if application.lang == "en" else "id",
        )
        twin.born_bidx = application.born_bidx
        tx.session.add_all(_same_paper(paper, twin.case_id, tx.now) for paper in papers)
        made.append(twin)
    await tx.session.flush()
    return made


async def discard(tx: Tx, case_id: UUID, *, consent: UUID | None = None) -> Case:
    """The applicant no longer wants it. What may be cancelled in which state stands in the lifecycle."""
    case, _ = await own_locked(tx, case_id)
    action = "discard" if case.state in ("draft", "expired") else "cancel"
    return await cases.move(tx, case.id, action, data=consent_data(consent))


async def reopen(tx: Tx, case_id: UUID, *, consent: UUID | None = None) -> Case:
    """Back to the draft from an unpaid or lapsed bill: change what you like and submit again."""
    case, _ = await own_locked(tx, case_id)
    return await cases.move(tx, case.id, "reopen", data=consent_data(consent))


@dataclass(frozen=True, slots=True)
class Checked:
    """A pre-check of the application as it stands, with the version that was looked at. `marked` are the answers that an officer
    has given back; None for a draft."""

    result: PreCheck
    facts: Facts
    form_version: int
    service: Service
    marked: frozenset[str] | None = None

    @property
    def faults(self) -> tuple[FieldError, ...]:
        """What keeps it from being handed in. Of what was given back, no paper that a register decides: that was settled when it
        was handed in, and nothing but the marked parts can be changed."""
        if self.marked is None:
            return self.result.faults
        settled = {f"/documents/{each.name}" for each in self.service.documents if not _by_form(each)}
        return tuple(each for each in self.result.faults if each.pointer not in settled)

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """The conditions that keep it from being handed in. What a machine has passed once only an officer can refuse, so of
        what was given back those alone that a mended answer decides; nor does a mended answer go against a register."""
        if self.marked is None:
            return self.result.refused
        anew = catalogue.rules_that_hang_on(self.service, self.marked)
        return tuple(each for each in (*self.result.refused, *self.result.to_check) if each.name in anew)


async def check(house: House, case_id: UUID) -> Checked:
    """Look at an application with everything that registers say now. A draft is judged by today's terms, what was handed in by
    those of the day on which it was: neither a silent register nor an officer's question makes anybody late. Asks registers:
    never inside a transaction.

    Raises APPLICATION_NOT_FOUND. Whose it is, the door has asked before.
    """
    async with house.db.read() as connection:
        application = await find_application(connection, case_id)
        state = (await connection.execute(select(col(Case.state)).where(col(Case.id) == case_id))).scalar_one()
        marked = await _marked_answers(connection, case_id) if state == "needs_correction" else None
        service = await service_of(connection, application)
        form = await form_of(connection, house.keys, application)
        papers = await papers_of(connection, case_id)
        person = await person_of(connection, house.keys, application)
    handed_in_at = None if state == "draft" else application.submitted_at
    facts = await known_facts.gather(house, service, Subject(person["nik"], application.home_unit, form, handed_in_at))
    async with house.db.read() as connection:
        result = await pre_check(connection, service, facts, papers=list(papers), exemption=application.exemption)
    return Checked(result, facts, application.form_version, service, marked)


def check_version(application: Application, expected: int) -> None:
    """Refuse a change by somebody who saw an older version. Raises CHANGED_MEANWHILE."""
    if application.form_version != expected:
        raise CHANGED_MEANWHILE(version=application.form_version, extra={"version": application.form_version})


async def check_duplicate(tx: Tx, application: Application, form: Mapping[str, JsonValue], *, confirmed: bool) -> None:
    """A likely second application for the same thing is said, not silently made. Raises LIKELY_DUPLICATE."""
    about = "|".join([application.service_code, *(str(form.get(name) or "") for name in SUBJECT_FIELDS)])
    application.subject_bidx = tx.house.keys.blind_index("subject", f"{application.nik_bidx}|{about}")
    await tx.serialise(f"subject:{application.subject_bidx}")  # two drafts at once: the second finds the first
    query = (
        select(col(Case.reference))
        .join(Application, col(Application.case_id) == col(Case.id))
        .where(
            col(Application.subject_bidx) == application.subject_bidx,
            col(Application.case_id) != application.case_id,
            col(Case.state).in_(OPEN_STATES),
        )
        .limit(1)
    )
    other = (await tx.session.execute(query)).scalar_one_or_none()
    if other is not None and not confirmed:
        raise LIKELY_DUPLICATE(reference=other, extra={"reference": other})


async def note_changed(tx: Tx, case: Case, pointers: list[str]) -> None:
    """What an officer has marked counts as changed once it was."""
    if case.state != "needs_correction" or not pointers:
        return
    for mark in await open_marks(tx, case.id):
        if mark.pointer in pointers:
            mark.changed_at = tx.now
    await tx.session.flush()


async def open_marks(tx: Tx, case_id: UUID) -> list[ApplicationMark]:
    """The marks that are not settled, oldest first."""
    query = select(ApplicationMark).where(
        col(ApplicationMark.case_id) == case_id, col(ApplicationMark.mended_at).is_(None)
    )
    return list((await tx.session.execute(query.order_by(col(ApplicationMark.at), col(ApplicationMark.id)))).scalars())


async def check_open(
    tx: Tx,
    case: Case,
    application: Application,
    pointers: list[str],
    *,
    after: Mapping[str, JsonValue] | None = None,
) -> None:
    """A draft is open; after that only what an officer has marked, and what a mended answer makes needed; `after` is the form as
    it would be. Raises NOT_OPEN."""
    if case.state == "draft":
        return
    open_: set[str] = set()
    if case.state == "needs_correction":
        open_ = {mark.pointer for mark in await open_marks(tx, case.id)}
        open_ |= set(await opened_by_mending(tx, application, after=after))
    if not set(pointers) <= open_:
        raise NOT_OPEN(state=case.state, extra={"state": case.state, "open": sorted(open_)})


async def opened_by_mending(
    tx: Tx, application: Application, *, after: Mapping[str, JsonValue] | None = None
) -> list[str]:
    """Questions and papers that the answers, or those in `after`, make needed and that are not there: everything was whole when
    it was handed in, so a mended answer has opened them."""
    service = await service_of(tx.session, application)
    form = await form_of(tx.session, tx.house.keys, application)
    papers = await papers_of(tx.session, application.case_id)
    wanted = catalogue.wanted_documents(service, Facts(today=tx.now.date(), form=form))
    return [
        *(
            f"/form/{each.name}"
            for each in catalogue.required_fields(service, form if after is None else after)
            if not catalogue.answered(form.get(each.name))
        ),
        *(f"/documents/{each.name}" for each in wanted if _by_form(each) and each.name not in papers),
    ]


def _by_form(rule: DocumentRule) -> bool:
    """Whether the form alone decides that a paper is wanted."""
    return rule.required.roots <= {"form"}


async def _marked_answers(source: Reader, case_id: UUID) -> frozenset[str]:
    query = select(col(ApplicationMark.pointer)).where(
        col(ApplicationMark.case_id) == case_id, col(ApplicationMark.mended_at).is_(None)
    )
    pointers = (await source.execute(query)).scalars()
    return frozenset(each.removeprefix("/form/") for each in pointers if each.startswith("/form/"))


def _stands_there(
    application: Application, form: Mapping[str, JsonValue], patch: Mapping[str, JsonValue], exemption: str | None
) -> bool:
    claimed = exemption is None or exemption == (application.exemption or "")
    return claimed and bool(patch) and all(form.get(name) == value for name, value in patch.items())


def _set_exemption(application: Application, service: Service, exemption: str) -> None:
    if exemption == "":
        application.exemption = None
    elif exemption in service.exemptions:
        application.exemption = exemption
    else:
        raise EXEMPTION_UNKNOWN(grounds=", ".join(service.exemptions) or "-")


def _same_paper(paper: ApplicationDocument, case_id: UUID, now: datetime) -> ApplicationDocument:
    return ApplicationDocument(
        case_id=case_id,
        name=paper.name,
        key_id=paper.key_id,
        sha256=paper.sha256,
        digest=paper.digest,
        media_type=paper.media_type,
        size=paper.size,
        warnings=list(paper.warnings),
        reused_from=paper.id,
        given_at=now,
    )


async def check_offered(tx: Tx, service: Service, unit: Unit) -> None:
    """Raises NOT_OFFERED. A SKCK's unit is that of the applicant's address, whatever level its purpose will lead to."""
    day = tx.now.astimezone(reference.zone_of(unit)).date()
    offer = await catalogue.is_offered(tx.session, tx.house[Catalogue], unit, service.code, day)
    if offer is None or offer.state is OfferState.SUSPENDED:
        raise NOT_OFFERED(unit=unit.name, notice=(offer.notice if offer else None) or Text("", ""))


async def _check_agreed(tx: Tx, service: Service, applicant: Applicant) -> None:
    """A guard of its own: it trusts no caller's word for the consent."""
    if applicant.behalf in (None, Behalf.CHILD):
        return
    given, account = applicant.consent, applicant.person_id
    if given is None or account is None:
        raise FAMILY_CONSENT_NEEDED()
    step = family_step(service)
    if not await consents.was_given(tx, about=account, step=step, consent=given, purpose=CodePurpose.FAMILY):
        raise FAMILY_CONSENT_NEEDED()


def check_still_a_child(tx: Tx, application: Application, person: Mapping[str, str | None]) -> None:
    """Who was a child when it was begun, and is none now, agrees in person. Raises FAMILY_CONSENT_NEEDED."""
    if application.behalf == Behalf.CHILD and _of_age(person["nik"], tx.now):
        raise FAMILY_CONSENT_NEEDED()


def _of_age(nik: str | None, now: datetime) -> bool:
    """By the NIK, which is at hand in a transaction, where no register is asked."""
    parsed, today = Nik.parse(nik or ""), now.astimezone(reference.NATIONAL_ZONE).date()
    return parsed is not None and years_between(parsed.birth_date(on=today, holds_ktp=False), today) >= KTP_FROM_YEARS


async def _check_drafts(tx: Tx, nik_bidx: str) -> None:
    await tx.serialise(f"drafts:{nik_bidx}")  # begun at once, they count one after the other
    query = (
        select(func.count())
        .select_from(Application)
        .join(Case, col(Case.id) == col(Application.case_id))
        .where(col(Application.nik_bidx) == nik_bidx, col(Case.state) == "draft")
    )
    if (await tx.session.execute(query)).scalar_one() >= MAX_DRAFTS:
        raise TOO_MANY_DRAFTS(limit=MAX_DRAFTS)
