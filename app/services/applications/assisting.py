"""Help at the counter for who has no phone or computer: the officer types, and every step needs the applicant's own code.

The code goes to the phone or e-mail that the population register or the application has on record, names the step, and is
good for that step alone; who has neither signs a form instead. An event names the officer, the unit and the consent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.core import vault
from app.core.actor import Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text
from app.services import cases
from app.services.applications.models import Application
from app.services.applications.problems import APPLICATION_NOT_FOUND, NOT_HELPED_HERE, PERSON_UNKNOWN
from app.services.applications.store import application_of, person_of
from app.services.cases import Case, FormView, Move
from app.services.cases.problems import NOT_YOUR_ROLE
from app.services.identity import Role, consents
from app.services.identity.consents import Asked
from app.services.identity.contacts import Contact
from app.services.identity.problems import CONSENT_NEEDED, CONSENT_UNREACHABLE
from app.services.registries import PersonRecord, PopulationRegistry

BEGIN, HELP, ACCOUNT = "begin", "help", "account"
STEPS: Mapping[str, Text] = {
    BEGIN: Text("memulai permohonan layanan untuk Anda", "begin an application for you"),
    HELP: Text("melanjutkan isian permohonan Anda", "go on with your application"),
    "submit": Text("mengajukan permohonan Anda", "submit your application"),
    "submit_for_check": Text("mengajukan permohonan Anda", "submit your application"),
    "resubmit": Text("mengirim perbaikan permohonan Anda", "send the mended parts of your application"),
    "discard": Text("membatalkan permohonan Anda", "cancel your application"),
    "cancel": Text("membatalkan permohonan Anda", "cancel your application"),
    "reopen": Text("membuka lagi permohonan Anda", "open your application again"),
    "rebook": Text(
        "mengatur jadwal Anda: memilih, menunggu, ikut undian, atau melepasnya",
        "arrange your date: choose it, wait for it, take part in a draw, or let it go",
    ),
    ACCOUNT: Text(
        "mencatat rekening Anda untuk pengembalian uang", "note your account, to which money that is owed to you goes"
    ),
}
"""What an officer may do for an applicant, as the applicant reads it: 'the officer wants to ...'."""
NO_SUCH_STEP = Text(
    "Salah satu dari: help, submit, resubmit, cancel, reopen, rebook, account.",
    "One of: help, submit, resubmit, cancel, reopen, rebook, account.",
)
LOOK = "membantu pemohon di loket / helping the applicant at the counter"
_SAME_CODE = {"submit_for_check": "submit", "discard": "cancel"}
"""Moves that the applicant knows as one step."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who stands at the counter, as on KTP and family card."""

    nik: str = field(repr=False)
    born_on: date = field(repr=False)
    kk_no: str = field(repr=False)


def consent_data(consent: UUID | None) -> dict[str, JsonValue]:
    """What goes into the event of a step that was taken for somebody."""
    return {} if consent is None else {"consent": str(consent)}


async def registered(house: House, claim: Claim) -> PersonRecord:
    """The person, if all three belong together. Asks the register: never inside a transaction. Raises PERSON_UNKNOWN."""
    record = await house[PopulationRegistry].check(claim.nik, claim.born_on, claim.kk_no)
    if record is None:
        raise PERSON_UNKNOWN()
    return record


async def ask_to_begin(tx: Tx, person: PersonRecord) -> Asked:
    """Send this person a code for beginning an application. Raises NOT_YOUR_ROLE, CONSENT_UNREACHABLE."""
    _check_role(tx.actor)
    key_id = await vault.key_for_person(tx, person.nik)
    contact = consents.contact_on_record(person.phone, person.email)
    return await _ask(tx, about=key_id, of=key_id, step=BEGIN, contact=contact)


async def allowed_to_begin(tx: Tx, person: PersonRecord, code: str) -> UUID | None:
    """The consent, if the code holds; None else: let the transaction commit, for the try to count."""
    _check_role(tx.actor)
    key_id = await vault.key_for_person(tx, person.nik)
    return await cases.use_consent(tx, about=key_id, step=BEGIN, of=key_id, code=code)


async def print_to_begin(tx: Tx, person: PersonRecord) -> FormView:
    """A form for the consent to beginning, for somebody who has no phone (`cases.paper_consents`). Raises NOT_YOUR_ROLE."""
    _check_role(tx.actor)
    key_id = await vault.key_for_person(tx, person.nik)
    return await cases.print_form(
        tx, case=None, about=key_id, step=BEGIN, of=key_id, key_id=key_id, name=person.name, what=STEPS[BEGIN]
    )


async def print_consent(tx: Tx, case_id: UUID, step: str) -> FormView:
    """A form for the consent to one step, for an applicant who has no phone. The look is recorded.

    Raises APPLICATION_NOT_FOUND, NOT_YOUR_ROLE, INVALID_REQUEST.
    """
    case, application = await _at_this_counter(tx, case_id)
    if step not in STEPS or step == BEGIN:
        raise INVALID_REQUEST(errors=[FieldError("/action", NO_SUCH_STEP)])
    await cases.saw(tx, case_id, LOOK)
    name = (await person_of(tx.session, tx.house.keys, application))["name"]
    step, what, key_id = _SAME_CODE.get(step, step), STEPS[step], application.key_id
    return await cases.print_form(
        tx, case=case, about=case.id, step=step, of=key_id, key_id=key_id, name=name, what=what
    )


async def ask(tx: Tx, case_id: UUID, step: str) -> Asked:
    """Send the applicant a code for one step. The look into their contact is recorded.

    Raises APPLICATION_NOT_FOUND, NOT_YOUR_ROLE, CONSENT_UNREACHABLE.
    """
    case, application = await _at_this_counter(tx, case_id)
    await cases.saw(tx, case_id, LOOK)
    contact = await _contact_of(tx, application)
    return await _ask(tx, about=case.id, of=application.key_id, step=_SAME_CODE.get(step, step), contact=contact)


async def use(tx: Tx, case_id: UUID, step: str, code: str | None) -> UUID | None:
    """The consent to this step, if the code holds; None else: let the transaction commit, for the try to count.

    Raises APPLICATION_NOT_FOUND, NOT_YOUR_ROLE, CONSENT_NEEDED.
    """
    case, application = await _at_this_counter(tx, case_id)
    if not code:
        raise CONSENT_NEEDED()
    step = _SAME_CODE.get(step, step)
    consent = await cases.use_consent(tx, about=case.id, step=step, of=application.key_id, code=code)
    if consent is not None and step == HELP:
        application.assisted_unit = tx.actor.unit
        await tx.session.flush()
    return consent


async def check_helps(house: House, actor: Actor, case_id: UUID) -> None:
    """Whether this counter may fill the application in. Raises APPLICATION_NOT_FOUND, NOT_YOUR_ROLE, NOT_HELPED_HERE."""
    async with house.db.begin(actor) as tx:
        _, application = await _at_this_counter(tx, case_id)
        if application.assisted_unit != actor.unit:
            raise NOT_HELPED_HERE()
        await cases.saw(tx, case_id, LOOK)


async def check_consent(move: Move) -> None:
    """The guard: staff need a consent that was used for this very step. Raises CONSENT_NEEDED."""
    step, given = move.transition.action if move.transition else "", move.data.get("consent")
    await must_agree(move.tx, move.case.id, step, UUID(given) if isinstance(given, str) else None)


async def must_agree(tx: Tx, case_id: UUID, step: str, consent: UUID | None) -> None:
    """Staff take an applicant's step only with their consent to it, used in this transaction; the applicant needs none.

    Raises CONSENT_NEEDED.
    """
    if tx.actor.kind is not ActorKind.STAFF:
        return
    step = _SAME_CODE.get(step, step)
    if consent is None or not await cases.consent_was_given(tx, about=case_id, step=step, consent=consent):
        raise CONSENT_NEEDED()


async def _ask(tx: Tx, *, about: UUID, of: UUID, step: str, contact: Contact | None) -> Asked:
    if contact is None:
        raise CONSENT_UNREACHABLE(link=f"{tx.house.settings.public_url}/layanan")
    return await consents.ask_consent(tx, about=about, step=step, of=of, send_to=contact, what=STEPS[step])


async def _at_this_counter(tx: Tx, case_id: UUID) -> tuple[Case, Application]:
    """A counter officer of the unit that the applicant chose, or that decides. Raises APPLICATION_NOT_FOUND, NOT_YOUR_ROLE."""
    _check_role(tx.actor)
    application = await application_of(tx, case_id)
    case = await tx.session.get(Case, case_id)
    if case is None or tx.actor.unit not in (case.unit, application.home_unit):
        raise APPLICATION_NOT_FOUND()
    return case, application


async def _contact_of(tx: Tx, application: Application) -> Contact | None:
    contact = (await person_of(tx.session, tx.house.keys, application))["contact"]
    return consents.contact_on_record(contact, contact)


def _check_role(actor: Actor) -> None:
    if str(Role.COUNTER) not in actor.roles:
        raise NOT_YOUR_ROLE()
