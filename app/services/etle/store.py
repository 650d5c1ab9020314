"""Loading what a case is about: its ticket, its policy, its people."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.db import Tx
from app.core.ids import new_reference
from app.services import cameras, reference
from app.services.cases import Case
from app.services.etle.models import Answer, Letter, Party, Ticket
from app.services.etle.problems import TICKET_NOT_FOUND
from app.services.reference import EtlePolicy, policy_by_id

FINISH_DELETIONS = "etle.finish_deletions"
PERSON_FIELDS = ("name", "nik", "address", "phone", "email", "sim")


async def drop_objects(tx: Tx, names: Collection[str]) -> None:
    """Have these objects go from the store after the commit, unless something else names them by then."""
    await cameras.doom(tx, names)
    await tx.enqueue(FINISH_DELETIONS)


async def ticket_of(tx: Tx, case_id: UUID) -> Ticket:
    """The ticket of a case; raises TICKET_NOT_FOUND."""
    found = await tx.session.get(Ticket, case_id)
    if found is None:
        raise TICKET_NOT_FOUND()
    return found


async def policy_of(tx: Tx, case: Case) -> EtlePolicy:
    """The policy that the case was stamped with when it was opened."""
    if case.policy_id is None:
        raise ValueError(f"case {case.reference} was opened without a policy")
    return (await policy_by_id(tx.session, case.policy_id)).etle


def answer_days(policy: EtlePolicy, party: Party) -> tuple[int | None, int]:
    """This person's time to answer: days from the violation (None: it does not count), and from proven delivery.

    A named driver is asked late and for the first time: his time runs from his own letter alone (`driver_answer_due`).
    """
    if party.role == "driver":
        return None, policy.driver_answer_days
    return policy.answer_days_from_violation, policy.answer_min_days_from_delivery


async def parties_of(tx: Tx, case_id: UUID) -> list[Party]:
    """Everybody who is or was a person of this case, oldest first."""
    query = select(Party).where(col(Party.case_id) == case_id).order_by(col(Party.created_at), col(Party.id))
    return list((await tx.session.execute(query)).scalars())


async def addressee_of(tx: Tx, case_id: UUID) -> Party | None:
    """Whom the case is addressed to now."""
    return next((each for each in await parties_of(tx, case_id) if each.addressee), None)


async def party_in_role(tx: Tx, case_id: UUID, role: str) -> Party | None:
    """The latest person in this role who has not been superseded."""
    people = [each for each in await parties_of(tx, case_id) if each.role == role and each.superseded_at is None]
    return people[-1] if people else None


async def latest_answer(tx: Tx, case_id: UUID) -> Answer | None:
    """The answer that was given last."""
    query = select(Answer).where(col(Answer.case_id) == case_id).order_by(col(Answer.at).desc(), col(Answer.id).desc())
    return (await tx.session.execute(query.limit(1))).scalar_one_or_none()


async def latest_letter(tx: Tx, case_id: UUID, party_id: UUID | None = None) -> Letter | None:
    """The letter written last, to anybody or to this person."""
    query = select(Letter).where(col(Letter.case_id) == case_id)
    if party_id is not None:
        query = query.where(col(Letter.party_id) == party_id)
    query = query.order_by(col(Letter.written_at).desc(), col(Letter.id).desc()).limit(1)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def latest_owner_letter(tx: Tx, case_id: UUID) -> Letter | None:
    """The letter written last to an owner or buyer."""
    query = (
        select(Letter)
        .join(Party, col(Party.id) == col(Letter.party_id))
        .where(col(Letter.case_id) == case_id, col(Party.role) != "driver")
        .order_by(col(Letter.written_at).desc(), col(Letter.id).desc())
    )
    return (await tx.session.execute(query.limit(1))).scalar_one_or_none()


async def add_party(
    tx: Tx, case_id: UUID, role: str, person: Mapping[str, str | None], *, addressee: bool, code: str | None = None
) -> Party:
    """Store a person of the case, sealed under that person's own data key. An earlier one in the role is superseded."""
    for earlier in await parties_of(tx, case_id):
        if earlier.role == role and earlier.superseded_at is None:
            earlier.superseded_at, earlier.addressee = tx.now, False
    nik = person.get("nik")
    key_id = await vault.key_for_person(tx, nik)
    sealed = await vault.seal(tx, key_id, {name: person.get(name) for name in PERSON_FIELDS})
    party = Party(
        case_id=case_id,
        role=role,
        key_id=key_id,
        nik_bidx=tx.house.keys.blind_index("nik", nik) if nik else None,
        name_enc=sealed["name"],
        nik_enc=sealed["nik"],
        address_enc=sealed["address"],
        phone_enc=sealed["phone"],
        email_enc=sealed["email"],
        sim_enc=sealed["sim"],
        code=code or new_reference("ETX"),
        addressee=addressee,
        created_at=tx.now,
    )
    tx.session.add(party)
    if addressee:
        await address_to(tx, case_id, party)
    await tx.session.flush()
    return party


async def address_to(tx: Tx, case_id: UUID, party: Party) -> None:
    """Make this person the one whom the case is addressed to."""
    for each in await parties_of(tx, case_id):
        each.addressee = each.id == party.id
    party.addressee = True


async def person_of(tx: Tx, party: Party) -> dict[str, str | None]:
    """The person's plain fields; all None once they were erased."""
    sealed = {name: getattr(party, f"{name}_enc") for name in PERSON_FIELDS}
    return await vault.open_(tx.session, tx.house.keys, party.key_id, sealed)


async def polda_seen_from(source: AsyncConnection | AsyncSession, unit: str | None) -> str | None:
    """Whose captures a member of staff sees to: those of their Polda, or of all (None) from Mabes."""
    return reference.polda_of(await reference.unit(source, unit or ""))
