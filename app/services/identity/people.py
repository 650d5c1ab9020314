"""Citizens' accounts: a contact that signs in, and a NIK that the account was bound to by the population register.

A phone is a contact, not an identity: numbers are recycled and shared. So typing a NIK binds nothing. The register must
know the NIK with that date of birth and family card, and a code must come back from the phone registered *there*. An
account that was not used for half a year gives its contact up: the number may be somebody else's by now.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor, ActorKind
from app.core.contacts import parse_mobile
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.house import House
from app.core.ids import new_id
from app.core.texts import Lang
from app.services.identity.codes import CodePurpose, RedeemedCode, new_code, redeem_latest
from app.services.identity.contacts import Contact, ContactKind
from app.services.identity.credentials import Reader
from app.services.identity.models import Person
from app.services.identity.roles import CITIZEN_SCOPES
from app.services.identity.sessions import SubjectKind, close_all_of

CONTACT_KEPT = timedelta(days=180)
TAKEN_OVER = "applications.taken_over"
"""The job that gives an account what an older account of the same person applied for, by the ids of the old and the new."""
_FIELDS = ("phone", "email", "nik", "name")


@dataclass(frozen=True, slots=True)
class RegisteredPerson:
    """What the population register holds about somebody, as far as binding an account needs it."""

    nik: str = field(repr=False)
    name: str = field(repr=False)
    phone: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PersonView:
    """An account as its holder sees it; the NIK is masked even here."""

    id: UUID
    phone: str | None
    email: str | None
    name: str | None
    nik_masked: str | None
    bound_at: datetime | None
    created_at: datetime


async def begin_sign_in(tx: Tx, contact: Contact, *, lang: Lang = "id") -> UUID:
    """Send a code for signing in with this contact; gives the code's id.

    Whether an account exists makes no difference: one is made on redeeming.
    """
    bidx = contact.index(tx.house.keys)
    known = (await tx.session.execute(select(col(Person.key_id)).where(col(Person.contact_bidx) == bidx))).scalar()
    key_id = known or await vault.key_for_person(tx, None)
    held: dict[str, str | None] = {str(contact.kind): contact.value}
    return await new_code(tx, CodePurpose.SIGN_IN, bidx, key_id=key_id, send_to=contact, held=held, lang=lang)


async def finish_sign_in(tx: Tx, redeemed: RedeemedCode) -> UUID:
    """The account of the contact that a redeemed sign-in code was sent to; made, or taken from its last holder, if needed."""
    query = select(Person).where(col(Person.contact_bidx) == redeemed.about).with_for_update()
    person = (await tx.session.execute(query)).scalar_one_or_none()
    if person is not None and tx.now >= (person.signed_in_at or person.created_at) + CONTACT_KEPT:
        await close_all_of(tx, SubjectKind.CITIZEN, person.id, why="contact may have changed hands")
        person.contact_bidx = None
        await tx.session.flush()
        person = None
    if person is None:
        key_id = redeemed.key_id if redeemed.key_id and not await _in_use(tx, redeemed.key_id) else None
        person = await _new_person(tx, redeemed, key_id or await vault.key_for_person(tx, None))
    person.signed_in_at = tx.now
    await tx.session.flush()
    return person.id


async def know_external(tx: Tx, subject: str) -> UUID:
    """The account of a citizen whom an external identity provider vouches for; `subject` is ``issuer|sub``."""
    query = select(col(Person.id)).where(col(Person.external_subject) == subject)
    found = (await tx.session.execute(query)).scalar_one_or_none()
    if found is not None:
        return found
    person = Person(
        id=new_id(), key_id=await vault.key_for_person(tx, None), external_subject=subject, created_at=tx.now
    )
    tx.session.add(person)
    await tx.session.flush()
    return person.id


async def begin_binding(tx: Tx, person_id: UUID, registered: RegisteredPerson | None, *, lang: Lang = "id") -> None:
    """Send a code to the phone in the population register, for binding the account to that NIK.

    `registered` is None when register and claim do not agree: a code is made all the same and goes nowhere, so that the
    answer, the work and the time are one and the same.
    """
    held = {"nik": registered.nik, "name": registered.name} if registered else {"nik": None, "name": None}
    key_id = await vault.key_for_person(tx, registered.nik if registered else None)
    phone = parse_mobile(registered.phone) if registered and registered.phone else None
    contact = Contact(ContactKind.PHONE, phone) if phone else None
    about = str(person_id)
    await new_code(tx, CodePurpose.BIND_IDENTITY, about, key_id=key_id, send_to=contact, held=held, lang=lang)


async def confirm_binding(tx: Tx, person_id: UUID, code: str) -> bool:
    """Bind the account to the NIK whose registered phone got this code; False for every kind of failure.

    On False the caller must let the transaction commit, for the failed try to count. An older account bound to the same
    NIK is unbound and signed out, and what it applied for goes to this one: the register's phone has just proved who it is.
    """
    redeemed = await redeem_latest(tx, CodePurpose.BIND_IDENTITY, str(person_id), code)
    person = await tx.lock(Person, person_id)
    nik = redeemed.held.get("nik") if redeemed else None
    if redeemed is None or redeemed.key_id is None or nik is None or person is None:
        return False
    bidx = tx.house.keys.blind_index("nik", nik)
    await _unbind_others(tx, person_id, bidx)
    plain = await _opened(tx.session, tx.house.keys, person)
    sealed = await vault.seal(tx, redeemed.key_id, {**plain, "nik": nik, "name": redeemed.held.get("name")})
    old_key, person.key_id = person.key_id, redeemed.key_id
    person.phone_enc, person.email_enc = sealed["phone"], sealed["email"]
    person.nik_enc, person.name_enc = sealed["nik"], sealed["name"]
    person.nik_bidx, person.bound_at = bidx, tx.now
    await tx.session.flush()
    if old_key != person.key_id and not await vault.is_somebodys(tx, old_key):
        await vault.destroy(tx, old_key)
    return True


async def find_actor(source: Reader, person_id: UUID) -> Actor | None:
    """The citizen as an actor; None for an account that is gone."""
    known = (await source.execute(select(col(Person.id)).where(col(Person.id) == person_id))).scalar_one_or_none()
    if known is None:
        return None
    return Actor(ActorKind.CITIZEN, str(person_id), roles=frozenset({"citizen"}), scopes=frozenset(CITIZEN_SCOPES))


async def find_person(source: Reader, keys: KeyRing, person_id: UUID) -> PersonView | None:
    """The account for its holder's own eyes."""
    query = select(*(col(getattr(Person, name)) for name in _COLUMNS)).where(col(Person.id) == person_id)
    row = (await source.execute(query)).one_or_none()
    if row is None:
        return None
    plain = await _opened(source, keys, row)
    nik = plain["nik"]
    masked = f"{nik[:4]}{'*' * 10}{nik[-2:]}" if nik else None
    return PersonView(row.id, plain["phone"], plain["email"], plain["name"], masked, row.bound_at, row.created_at)


async def find_nik(source: Reader, keys: KeyRing, person_id: UUID) -> str | None:
    """The NIK that an account is bound to; None while it is bound to none. For rooms that act for this citizen."""
    query = select(col(Person.key_id), col(Person.nik_enc)).where(col(Person.id) == person_id)
    row = (await source.execute(query)).one_or_none()
    if row is None or row.nik_enc is None:
        return None
    return (await vault.open_(source, keys, row.key_id, {"nik": row.nik_enc}))["nik"]


async def nik_of(house: House, person_id: UUID) -> str | None:
    """`find_nik` on a connection of its own; for doors."""
    async with house.db.read() as connection:
        return await find_nik(connection, house.keys, person_id)


async def find_nik_bidx(source: Reader, person_id: UUID) -> str | None:
    """The blind index of the bound NIK, for finding this citizen's own cases without opening anything."""
    query = select(col(Person.nik_bidx)).where(col(Person.id) == person_id)
    return (await source.execute(query)).scalar_one_or_none()


async def find_by_nik(source: Reader, nik_bidx: str) -> UUID | None:
    """The account that is bound to this NIK, by its blind index; None where nobody has bound one."""
    query = select(col(Person.id)).where(col(Person.nik_bidx) == nik_bidx)
    return (await source.execute(query)).scalar_one_or_none()


async def plant(tx: Tx, *, nik: str, name: str, phone: str) -> UUID:
    """An account that is bound already (demonstrations, testers' tokens); an existing one is given back."""
    bidx = tx.house.keys.blind_index("nik", nik)
    found = (await tx.session.execute(select(col(Person.id)).where(col(Person.nik_bidx) == bidx))).scalar_one_or_none()
    if found is not None:
        return found
    key_id = await vault.key_for_person(tx, nik)
    sealed = await vault.seal(tx, key_id, {"phone": phone, "nik": nik, "name": name})
    contact = Contact(ContactKind.PHONE, phone).index(tx.house.keys)
    taken = (await tx.session.execute(select(col(Person.id)).where(col(Person.contact_bidx) == contact))).scalar()
    person = Person(
        id=new_id(),
        key_id=key_id,
        contact_bidx=None if taken else contact,
        phone_enc=sealed["phone"],
        nik_bidx=bidx,
        nik_enc=sealed["nik"],
        name_enc=sealed["name"],
        bound_at=tx.now,
        created_at=tx.now,
        signed_in_at=tx.now,
    )
    tx.session.add(person)
    await tx.session.flush()
    return person.id


_COLUMNS = ("id", "key_id", "phone_enc", "email_enc", "nik_enc", "name_enc", "bound_at", "created_at")


async def _opened(source: Reader, keys: KeyRing, row: object) -> dict[str, str | None]:
    sealed = {name: getattr(row, f"{name}_enc") for name in _FIELDS}
    return await vault.open_(source, keys, row.key_id, sealed)  # type: ignore[attr-defined]


async def _new_person(tx: Tx, redeemed: RedeemedCode, key_id: UUID) -> Person:
    contact = {kind: redeemed.held.get(kind) for kind in ContactKind}
    sealed = await vault.seal(tx, key_id, {str(kind): value for kind, value in contact.items()})
    person = Person(
        id=new_id(),
        key_id=key_id,
        contact_bidx=redeemed.about,
        phone_enc=sealed[ContactKind.PHONE],
        email_enc=sealed[ContactKind.EMAIL],
        created_at=tx.now,
    )
    tx.session.add(person)
    return person


async def _in_use(tx: Tx, key_id: UUID) -> bool:
    return (
        await tx.session.execute(select(col(Person.id)).where(col(Person.key_id) == key_id).limit(1))
    ).scalar() is not None


async def _unbind_others(tx: Tx, person_id: UUID, nik_bidx: str) -> None:
    query = select(col(Person.id)).where(col(Person.nik_bidx) == nik_bidx, col(Person.id) != person_id)
    for other in (await tx.session.execute(query)).scalars().all():
        await close_all_of(tx, SubjectKind.CITIZEN, other, why="the NIK was bound to another account")
        await tx.session.execute(
            update(Person)
            .where(col(Person.id) == other)
            .values(nik_bidx=None, nik_enc=None, name_enc=None, bound_at=None)
        )
        await tx.enqueue(TAKEN_OVER, str(other), str(person_id))
