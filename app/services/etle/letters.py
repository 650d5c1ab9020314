"""The confirmation letter and every message of the case: written, dispatched within the quota, and proven to have arrived.

The legal clock runs from *proven* delivery, per channel and by policy, never from sending (`etle.md` 7). The PDF is
made when somebody opens it: what it says is all in the case, and no copy with a name on it lies in the object store.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import Tx
from app.core.house import House
from app.core.problems import Problem
from app.core.texts import Text
from app.services import cases, documents, notifications, transparency
from app.services.cases import Case
from app.services.cases.models import WorkItem
from app.services.etle.models import DispatchDay, Letter, LetterMessage, Party, Ticket
from app.services.etle.problems import QUOTA_REACHED
from app.services.etle.store import (
    addressee_of,
    answer_days,
    drop_objects,
    latest_letter,
    parties_of,
    party_in_role,
    person_of,
    policy_of,
    ticket_of,
)
from app.services.etle.times import local_day
from app.services.notifications import Medium
from app.services.reference import Channel, DeliveryProof, parse_plate

LETTER_ABOUT = Text("Surat konfirmasi tilang elektronik (ETLE)", "Confirmation letter of an electronic ticket (ETLE)")
MESSAGE_ABOUT = Text("Pemberitahuan tilang elektronik (ETLE)", "Notice about an electronic ticket (ETLE)")
DISPATCH_BATCH = 1000
SECOND_LOOK = "second_look"
"""The work item of the second officer; no letter leaves while it is open."""
CAUSE_REVIEW = "cause_review"
"""The work item of whoever looks again at cases of one cause; no letter leaves while it is open."""
PRINT = "etle.print_letter"
POST = Actor(ActorKind.SYSTEM, "post", frozenset({"post"}))
ROLE_WORDS = {
    "owner": Text("pemilik", "owner"),
    "driver": Text("pengemudi", "driver"),
    "buyer": Text("pembeli", "buyer"),
}
Params = Mapping[str, str | int | Text]


_WAITING = and_(
    col(Case.lifecycle) == "etle",
    or_(
        col(Case.state).in_(("verified", "redirected")),
        and_(col(Case.state) == "undelivered", col(Ticket.resend).is_(True)),
    ),
    ~exists().where(
        col(WorkItem.case_id) == col(Case.id),
        col(WorkItem.kind).in_((SECOND_LOOK, CAUSE_REVIEW)),
        col(WorkItem.closed_at).is_(None),
    ),
)
"""Cases whose letter waits to leave. One that waits for a second officer is none: a thousand of them, being old, would fill
every batch, and nothing younger would ever be sent."""


# --- dispatch --------------------------------------------------------------------------------------------------------


async def dispatch_waiting(house: House) -> None:
    """Job: send letters, for each Polda the oldest violation first, until the day's quota is used up."""
    async with house.db.begin(SYSTEM) as tx:
        poldas = await _poldas_waiting(tx)
    for polda in poldas:  # one by one: a Polda whose quota is full must not stand in the way of the others
        async with house.db.begin(SYSTEM) as tx:
            waiting = await _waiting(tx, polda)
        for case_id, state in waiting:
            try:
                async with house.db.begin(SYSTEM) as tx:
                    await cases.move(tx, case_id, "dispatch" if state == "verified" else "resend")
            except Problem as problem:
                if problem.type is QUOTA_REACHED:
                    break
                if problem.type.status >= 500:
                    raise
                # Anything else: a second officer is awaited, or somebody moved the case meanwhile; its state tells.


async def _poldas_waiting(tx: Tx) -> list[str]:
    query = select(col(Ticket.polda_code)).join(Case, col(Case.id) == col(Ticket.case_id)).where(_WAITING)
    return sorted((await tx.session.execute(query.distinct())).scalars())


async def _waiting(tx: Tx, polda: str) -> list[tuple[UUID, str]]:
    query = (
        select(col(Case.id), col(Case.state))
        .join(Ticket, col(Ticket.case_id) == col(Case.id))
        .where(_WAITING, col(Ticket.polda_code) == polda)
        .order_by(col(Ticket.occurred_at), col(Case.id))
        .limit(DISPATCH_BATCH)
    )
    return [(row.id, row.state) for row in await tx.session.execute(query)]


async def take_quota(tx: Tx, case: Case) -> None:
    """Count one letter of this Polda's local day, or raise QUOTA_REACHED; the row's lock makes it exact."""
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    day = local_day(tx.as_of, ticket.zone).date()
    insert = postgresql.insert if tx.house.db.dialect == "postgresql" else sqlite.insert
    fresh = insert(DispatchDay).values(polda_code=ticket.polda_code, day=day, sent=0)
    await tx.session.execute(fresh.on_conflict_do_nothing())
    taken = await tx.session.execute(
        update(DispatchDay)
        .where(
            col(DispatchDay.polda_code) == ticket.polda_code,
            col(DispatchDay.day) == day,
            col(DispatchDay.sent) < policy.dispatch_per_day,
        )
        .values(sent=col(DispatchDay.sent) + 1)
        .returning(col(DispatchDay.sent))
    )
    if taken.first() is None:
        raise QUOTA_REACHED(polda=ticket.polda_code, sent=policy.dispatch_per_day)


async def count_letter(tx: Tx, case: Case) -> None:
    """Count a letter that is owed to somebody who waits for it: it leaves whatever the day has room for, and what it took
    is missing for the first letters, which may leave tomorrow."""
    ticket = await ticket_of(tx, case.id)
    insert = postgresql.insert if tx.house.db.dialect == "postgresql" else sqlite.insert
    day = local_day(tx.as_of, ticket.zone).date()
    one = insert(DispatchDay).values(polda_code=ticket.polda_code, day=day, sent=1)
    await tx.session.execute(
        one.on_conflict_do_update(
            index_elements=[col(DispatchDay.polda_code), col(DispatchDay.day)],
            set_={"sent": col(DispatchDay.sent) + 1},
        )
    )


async def dispatch(tx: Tx, case: Case) -> None:
    """Write the letter to the present addressee and hand it to the policy's channels; his time has not begun yet."""
    party = await addressee_of(tx, case.id)
    if party is None:
        raise ValueError(f"case {case.reference} has nobody to write to")
    ticket = await ticket_of(tx, case.id)
    ticket.delivered_at, ticket.resend = None, False
    await _write(tx, case, party, "etle_letter_sent")


async def write_to_driver(tx: Tx, case: Case) -> None:
    """A letter and a code of his own to the person whom the owner named."""
    driver = await party_in_role(tx, case.id, "driver")
    if driver is not None:
        await count_letter(tx, case)
        await _write(tx, case, driver, "etle_driver_named")


async def ask_owner_again(tx: Tx, case: Case) -> None:
    """Tell the owner that the named driver did not take it; the time to answer runs anew from this letter's delivery."""
    owner = await party_in_role(tx, case.id, "buyer") or await party_in_role(tx, case.id, "owner")
    if owner is not None:
        owner.addressee = True
        (await ticket_of(tx, case.id)).delivered_at = None
        await count_letter(tx, case)
        await _write(tx, case, owner, "etle_driver_declined")


async def _write(tx: Tx, case: Case, party: Party, template: str) -> Letter:
    """A letter with its check code, handed to every channel of the policy on which this person can be reached."""
    code = await transparency.check_codes.issue(tx, "letter", case.unit, LETTER_ABOUT)
    letter = Letter(case_id=case.id, party_id=party.id, check_code=code, written_at=tx.now)
    tx.session.add(letter)
    await tx.session.flush()
    person = await person_of(tx, party)
    channels: list[str] = []
    for rule in (await policy_of(tx, case)).channels:
        address = _address_on(rule.channel, person)
        if address is None:
            continue
        channels.append(str(rule.channel))
        if rule.channel is Channel.POST:  # paper is rendered first, which takes a moment: a job does it
            await tx.enqueue(PRINT, str(letter.id))
        else:
            await _send(tx, case, party, template, medium=Medium(rule.channel), address=address, letter=letter)
    letter.channels = channels
    await tx.session.flush()
    return letter


async def post_letter(tx: Tx, letter_id: UUID, document: str) -> None:
    """Hand a printed letter to the post, once; `document` is the stored PDF's SHA-256. One that was printed anew takes the place of
    the one before, as long as the post has not taken that."""
    letter = await tx.lock(Letter, letter_id)
    if letter is None:
        return
    carrying = await _carried_by(tx, letter_id, Medium.POST)
    if carrying is not None:
        before = await notifications.replace_paper(tx, carrying, document)
        if before is not None:
            await drop_objects(tx, {before} - {document})
        return
    case, party = await tx.session.get(Case, letter.case_id), await tx.session.get(Party, letter.party_id)
    if case is None or party is None:
        return
    person = await person_of(tx, party)
    address = "\n".join(filter(None, (person["name"], person["address"])))
    await _send(
        tx, case, party, "etle_letter_sent", medium=Medium.POST, address=address, letter=letter, document=document
    )


async def print_anew(tx: Tx, case_id: UUID) -> None:
    """Have the letters of a case printed anew that the post has not taken: what was covered in a picture since is not to leave
    with them. Those that have left keep the picture that they were written with."""
    query = (
        select(col(Letter.id), col(LetterMessage.message_id))
        .join(LetterMessage, col(LetterMessage.letter_id) == col(Letter.id))
        .where(col(Letter.case_id) == case_id, col(LetterMessage.channel) == str(Medium.POST))
    )
    for letter_id, message_id in (await tx.session.execute(query)).all():
        if await notifications.is_with_us(tx.session, message_id):
            await tx.enqueue(PRINT, str(letter_id))


async def _carried_by(tx: Tx, letter_id: UUID, medium: Medium) -> UUID | None:
    query = select(col(LetterMessage.message_id)).where(
        col(LetterMessage.letter_id) == letter_id, col(LetterMessage.channel) == str(medium)
    )
    found: UUID | None = (await tx.session.execute(query)).scalars().first()
    return found


# --- messages --------------------------------------------------------------------------------------------------------


async def tell_addressee(tx: Tx, case: Case, template: str, params: Params) -> None:
    """A message to whom the case is addressed to now."""
    party = await addressee_of(tx, case.id)
    if party is not None:
        await _tell(tx, case, party, template, params)


async def tell_owner(tx: Tx, case_id: UUID, template: str, params: Params) -> None:
    """A message to the registered owner: a block concerns the vehicle, whoever drove."""
    case, party = await tx.session.get(Case, case_id), await party_in_role(tx, case_id, "owner")
    if case is not None and party is not None:
        await _tell(tx, case, party, template, params)


async def tell_all(tx: Tx, case: Case, template: str, params: Params) -> None:
    """A message to everybody who was written to: owner, named driver, buyer."""
    written = select(col(Letter.party_id)).where(col(Letter.case_id) == case.id)
    told = set((await tx.session.execute(written)).scalars())
    for party in await parties_of(tx, case.id):
        if party.id in told:
            await _tell(tx, case, party, template, params)


async def tell_on(
    tx: Tx, case: Case, party: Party, template: str, params: Params, *, medium: Medium, address: str
) -> None:
    """A message to one person on a given medium, whatever the policy sends letters on."""
    await _send(tx, case, party, template, medium=medium, address=address, params=params)


async def _tell(tx: Tx, case: Case, party: Party, template: str, params: Params) -> None:
    """By the first message channel of the policy for which there is an address; paper is for letters alone."""
    person = await person_of(tx, party)
    for rule in (await policy_of(tx, case)).channels:
        address = None if rule.channel is Channel.POST else _address_on(rule.channel, person)
        if address is not None:
            await _send(tx, case, party, template, medium=Medium(rule.channel), address=address, params=params)
            return


async def _send(
    tx: Tx,
    case: Case,
    party: Party,
    template: str,
    *,
    medium: Medium,
    address: str,
    params: Params = MappingProxyType({}),
    letter: Letter | None = None,
    document: str | None = None,
) -> None:
    """Queue one message. One that carries a letter bears the letter's check code, and its arrival is told to us."""
    message_id = await notifications.send(
        tx,
        to=notifications.Recipient(party.key_id, medium, address),
        template=template,
        params={**await _usual_params(tx, case, party), **params},
        unit=case.unit,
        about=LETTER_ABOUT if letter else MESSAGE_ABOUT,
        case_id=case.id,
        document=document,
        check_code=letter.check_code if letter else None,
        tell="etle.note_delivery" if letter else None,
    )
    if letter is not None:
        tx.session.add(LetterMessage(message_id=message_id, letter_id=letter.id, channel=str(medium)))
        await tx.session.flush()


async def _usual_params(tx: Tx, case: Case, party: Party) -> dict[str, str | int | Text]:
    """What nearly every message names. Never a name: whoever reads over a shoulder learns no more than the plate."""
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    plate = parse_plate(ticket.plate or "")
    return {
        "reference": party.code,
        "plate": plate.shown if plate else (ticket.plate or ""),
        "link": f"{tx.house.settings.public_url}/tilang?ref={party.code}",
        "violation": Text(ticket.title_id, ticket.title_en),
        "occurred_at": shown_moment(ticket.occurred_at, ticket.zone),
        "place": ticket.location,
        "register_no": ticket.register_no or "-",
        "role": ROLE_WORDS[party.role],
        "answer_rule": documents.answer_rule(*answer_days(policy, party)),
    }


def shown_moment(at: datetime, zone: str) -> str:
    """``02.03.2026 10.15 WIB``."""
    return f"{local_day(at, zone):%d.%m.%Y %H.%M} {zone}"


def _address_on(channel: Channel, person: Mapping[str, str | None]) -> str | None:
    field = {Channel.POST: "address", Channel.EMAIL: "email"}.get(channel, "phone")
    return person.get(field)


# --- proof of delivery -----------------------------------------------------------------------------------------------


async def note_delivery(house: House, message_id: str, state: str) -> None:
    """Job: what became of a message that carries a letter. Delivered proves (if the policy says so); when every
    channel has failed, the letter has come back."""
    async with house.db.begin(SYSTEM) as tx:
        carried = await tx.lock(LetterMessage, UUID(message_id))
        if carried is None or carried.settled:
            return
        carried.settled = True
        letter = await tx.session.get(Letter, carried.letter_id)
        if letter is None:
            return
        message = await notifications.find_message(tx.session, carried.message_id)
        if state == notifications.MessageState.DELIVERED:
            paper = carried.channel == Medium.POST
            proof = DeliveryProof.CARRIER_RECEIPT if paper else DeliveryProof.PROVIDER_RECEIPT
            at = (message.delivered_at if message else None) or tx.now
            await prove_delivery(tx, letter, at=at, channel=carried.channel, proof=proof)
        elif await _all_failed(tx, letter):
            await _return(tx, letter)


async def prove_delivery(tx: Tx, letter: Letter, *, at: datetime, channel: str | None, proof: DeliveryProof) -> bool:
    """Note that a letter has arrived, if the policy takes this as proof on this channel; the owner's time runs from `at`.

    Returns whether it counted. The first proof counts, later ones change nothing.
    """
    case = await cases.get_locked(tx, letter.case_id, bound=False)
    policy = await policy_of(tx, case)
    rules = [rule for rule in policy.channels if channel is None or rule.channel == channel]
    if letter.delivered_at is not None or not any(proof in rule.proofs for rule in rules):
        return False
    letter.delivered_at, letter.proof = at, f"{proof} {channel or ''}".strip()
    ticket, party = await ticket_of(tx, letter.case_id), await addressee_of(tx, letter.case_id)
    if party is not None and party.id == letter.party_id and ticket.delivered_at is None:
        ticket.delivered_at = at
    await tx.session.flush()
    await cases.recompute_deadlines(tx, case)
    return True


async def opened(tx: Tx, case_id: UUID, party_id: UUID) -> None:
    """Somebody opened the case with the reference that stands on this person's letter: it has arrived."""
    letter = await latest_letter(tx, case_id, party_id)
    if letter is not None:
        await prove_delivery(tx, letter, at=tx.now, channel=None, proof=DeliveryProof.OPENED)


async def _all_failed(tx: Tx, letter: Letter) -> bool:
    """Whether each channel had its message and none has brought it. The paper has none until it is printed: it is on its
    way as long, whatever was quicker to fail."""
    query = select(col(LetterMessage.channel)).where(
        col(LetterMessage.letter_id) == letter.id, col(LetterMessage.settled).is_(True)
    )
    settled = set((await tx.session.execute(query)).scalars())
    return letter.delivered_at is None and settled.issuperset(letter.channels)


async def _return(tx: Tx, letter: Letter) -> None:
    """No channel brought it: the case goes to a person who looks for another address."""
    letter.returned_at = tx.now
    case = await cases.get_locked(tx, letter.case_id, bound=False)
    newest = await latest_letter(tx, letter.case_id)
    if case.state == "letter_sent" and newest is not None and newest.id == letter.id:
        as_post = Tx(session=tx.session, now=tx.now, as_of=tx.as_of, actor=POST, house=tx.house)
        await cases.move(as_post, case.id, "return_letter")
