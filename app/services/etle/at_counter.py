"""Answers that staff take at the counter for a citizen, each with the citizen's own one-time code (`etle.md` 7).

The officer has the person in front of them and the form on the screen, and still cannot answer in that person's place:
the code goes to the phone or e-mail on record, is good for this one step, and the person is told afterwards. An event
names the officer, the unit and the consent.
"""

from collections.abc import Mapping
from uuid import UUID

from app.core.actor import Actor
from app.core.db import Tx
from app.core.house import House
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text
from app.services import cases
from app.services.cases import Case, FormView, Lifecycles, Move
from app.services.cases.problems import NOT_YOUR_ROLE
from app.services.etle import answers, attachments, back_office, letters
from app.services.etle.answers import LetterAnswer, OnBehalf
from app.services.etle.attachments import StoredFile
from app.services.etle.models import Party
from app.services.etle.problems import ANSWER_INCOMPLETE, NOT_AT_COUNTER
from app.services.etle.store import addressee_of, party_in_role, person_of, policy_of
from app.services.etle.views import AnswerKind
from app.services.identity import Role, consents
from app.services.identity.consents import Asked
from app.services.identity.contacts import Contact, ContactKind
from app.services.identity.problems import CONSENT_NEEDED, CONSENT_UNREACHABLE
from app.services.notifications import Medium
from app.services.reference import find_unit

STEPS: Mapping[str, Text] = {
    "confirm_self": Text("menjawab bahwa Anda sendiri mengemudi", "answer that you drove yourself"),
    "name_driver": Text("menjawab bahwa orang lain mengemudi", "answer that somebody else drove"),
    "report_sold": Text("menjawab bahwa kendaraan sudah dijual", "answer that the vehicle was sold"),
    "object": Text("mengajukan sanggahan Anda", "file your objection"),
    "accept_driving": Text("menjawab bahwa benar Anda yang mengemudi", "answer that it was you who drove"),
}
"""What an officer may do for a citizen, as the citizen reads it: 'the officer wants to ...'."""
KINDS: Mapping[str, tuple[AnswerKind, ...]] = {
    "confirm_self": ("self",),
    "name_driver": ("other_driver",),
    "report_sold": ("sold",),
    "object": ("not_mine", "object"),
}
"""The answers that a step can be; a driver's acceptance needs no further words."""
DRIVERS_STEP = "accept_driving"
PRINTING = "mencetak formulir persetujuan / printing a consent form"
ASKING = "mengirim kode persetujuan / sending a consent code"
WRONG_KIND = Text("Pilih bukan kendaraan saya, atau keberatan.", "One of: not_mine, object.")


async def ask_consent(tx: Tx, case_id: UUID, step: str) -> Asked:
    """Send the person whose step this is a code for it. The look into their contact is recorded.

    Raises CASE_NOT_FOUND (another unit's), NOT_YOUR_ROLE, NOT_AT_COUNTER, CONSENT_UNREACHABLE.
    """
    case = await back_office.case_of_unit(tx, case_id)
    _check_step(tx, case, step)
    await cases.saw(tx, case_id, ASKING)
    party = await _whose(tx, case, step)
    contact = await _contact_of(tx, party)
    if contact is None:
        raise CONSENT_UNREACHABLE(link=f"{tx.house.settings.public_url}/tilang")
    what = STEPS[step]
    about = Text(f"{what.id} (tilang {party.code})", f"{what.en} (ticket {party.code})")
    return await consents.ask_consent(tx, about=case_id, step=step, of=party.id, send_to=contact, what=about)


async def print_consent(tx: Tx, case_id: UUID, step: str) -> FormView:
    """A form for the consent of somebody who has no phone, instead of a code (`cases.paper_consents`). The look is recorded.

    Raises CASE_NOT_FOUND (another unit's), NOT_YOUR_ROLE, NOT_AT_COUNTER.
    """
    case = await back_office.case_of_unit(tx, case_id)
    _check_step(tx, case, step)
    await cases.saw(tx, case_id, PRINTING)
    party = await _whose(tx, case, step)
    name = (await person_of(tx, party))["name"]
    return await cases.print_form(
        tx, case=case, about=case_id, step=step, of=party.id, key_id=party.key_id, name=name, what=STEPS[step]
    )


async def answer_for(
    tx: Tx,
    case_id: UUID,
    step: str,
    *,
    code: str | None,
    answer: LetterAnswer | None = None,
    expected_version: int | None = None,
) -> Case | None:
    """Take one step for the citizen who told this `code`, or whose form on paper has this number; they are told of it on the
    way by which a code goes, if there is one.

    None where the code does not hold: let the transaction commit, for the try to count, and refuse with
    CONSENT_REFUSED. Raises CASE_NOT_FOUND, NOT_YOUR_ROLE, NOT_AT_COUNTER, CONSENT_NEEDED, and what the answer itself raises.
    """
    case = await back_office.case_of_unit(tx, case_id)
    _check_step(tx, case, step)
    _check_kind(step, answer)
    if not code:
        raise CONSENT_NEEDED()
    party = await _whose(tx, case, step)
    contact = await _contact_of(tx, party)
    consent = await cases.use_consent(tx, about=case_id, step=step, of=party.id, code=code)
    if consent is None:
        return None
    unit = await find_unit(tx.session, tx.actor.unit or "")
    where = unit.name if unit else (tx.actor.unit or "")
    by_staff = OnBehalf(f"Di loket {where}, dengan persetujuan warga / at the counter, with their consent", consent)
    if answer is None:
        case = await cases.move(
            tx, case_id, step, reason=by_staff.note, data=by_staff.data, expected_version=expected_version
        )
    else:
        case = await answers.answer_letter(tx, case_id, answer, by_staff=by_staff)
    if contact is not None:
        await _tell(tx, case, party, contact, step=step, where=where)
    return case


async def store_attachment(house: House, actor: Actor, case_id: UUID, data: bytes) -> StoredFile:
    """Keep a file that the citizen brought to the counter, for `attachments.attach`.

    Raises CASE_NOT_FOUND, NOT_YOUR_ROLE, and what `attachments.store` raises.
    """
    async with house.db.begin(actor) as tx:
        await back_office.case_of_unit(tx, case_id)
        _check_role(tx)
    return await attachments.store(house, actor, case_id, data)


async def check_consent(move: Move) -> None:
    """The guard: whoever holds the counter's role and no proof of their own needs a consent used for this very step.

    Raises CONSENT_NEEDED.
    """
    tx, step = move.tx, move.transition.action if move.transition else ""
    if str(Role.COUNTER) not in tx.actor.roles:
        return
    given = move.data.get("consent")
    held = isinstance(given, str) and await cases.consent_was_given(
        tx, about=move.case.id, step=step, consent=UUID(given)
    )
    if not held:
        raise CONSENT_NEEDED()


async def _whose(tx: Tx, case: Case, step: str) -> Party:
    """Whose own step this is: the named driver's, else of whoever the case is addressed to."""
    if step == DRIVERS_STEP:
        party = await party_in_role(tx, case.id, "driver")
    else:
        party = await addressee_of(tx, case.id)
    if party is None:
        raise ANSWER_INCOMPLETE(missing="addressee")
    return party


async def _contact_of(tx: Tx, party: Party) -> Contact | None:
    person = await person_of(tx, party)
    return consents.contact_on_record(person["phone"], person["email"])


async def _tell(tx: Tx, case: Case, party: Party, contact: Contact, *, step: str, where: str) -> None:
    posko = (await policy_of(tx, case)).posko
    params: letters.Params = {"step": STEPS[step], "where": where, "posko": f"{posko.name}, {posko.address}"}
    medium = Medium.SMS if contact.kind is ContactKind.PHONE else Medium.EMAIL
    await letters.tell_on(tx, case, party, "etle_answered_at_counter", params, medium=medium, address=contact.value)


def _check_role(tx: Tx) -> None:
    if str(Role.COUNTER) not in tx.actor.roles:
        raise NOT_YOUR_ROLE()


def _check_step(tx: Tx, case: Case, step: str) -> None:
    _check_role(tx)
    allowed = [each for each in cases.allowed_actions(tx.house[Lifecycles], case, tx.actor) if each in STEPS]
    if step not in allowed:
        raise NOT_AT_COUNTER(action=step, allowed=", ".join(allowed) or "-")


def _check_kind(step: str, answer: LetterAnswer | None) -> None:
    wanted = KINDS.get(step)
    if wanted is not None and (answer is None or answer.kind not in wanted):
        raise INVALID_REQUEST(errors=[FieldError("/kind", WRONG_KIND)])
