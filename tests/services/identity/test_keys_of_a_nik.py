"""One data key per NIK: tickets hang on it, so nothing that an account does or leaves undone may destroy it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from app.core import vault
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.vault import DataKey
from app.services.etle.models import Party
from app.services.etle.store import person_of
from app.services.identity import people
from app.services.identity.people import RegisteredPerson
from app.services.identity.retention import CODES_KEPT, forget_expired
from tests import make
from tests.signing_in import last_code

PHONE = "+6281200000001"
ACCUSED = RegisteredPerson(make.VEHICLE.owner_nik or "", "Budi Contoh", PHONE)
SPOUSE = RegisteredPerson("3174014503909902", "Siti Misal", PHONE)


async def account(house: House) -> UUID:
    """A signed-in account that is bound to nobody yet."""
    async with house.db.begin(SYSTEM) as tx:
        key_id = await vault.key_for_person(tx, None)
        person = people.Person(id=people.new_id(), key_id=key_id, created_at=tx.now)
        tx.session.add(person)
        await tx.session.flush()
        return person.id


async def claim(house: House, person_id: UUID, who: RegisteredPerson) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await people.begin_binding(tx, person_id, who)


async def bind(house: House, person_id: UUID, who: RegisteredPerson) -> None:
    await claim(house, person_id, who)
    code = await last_code(house)
    async with house.db.begin(SYSTEM) as tx:
        assert await people.confirm_binding(tx, person_id, code)


async def owner_name(house: House, case_id: UUID) -> str | None:
    async with house.db.begin(SYSTEM) as tx:
        party = (await tx.session.execute(select(Party).where(Party.case_id == case_id))).scalars().first()
        assert party is not None
        return (await person_of(tx, party))["name"]


async def test_a_code_that_nobody_used_does_not_erase_the_person(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:  # a person of a case, without an account
        key_id = await vault.key_for_person(tx, SPOUSE.nik)
        sealed = await vault.seal(tx, key_id, {"name": SPOUSE.name})
    await claim(house, await account(house), SPOUSE)
    clock.advance(CODES_KEPT + timedelta(hours=1))
    async with house.db.begin(SYSTEM) as tx:
        await forget_expired(tx)
        opened = await vault.open_(tx.session, house.keys, key_id, sealed)
    assert opened["name"] == SPOUSE.name


async def test_an_account_that_is_bound_to_another_nik_leaves_the_first_ones_data(
    house: House, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    name = await owner_name(house, case_id)
    person_id = await account(house)
    await bind(house, person_id, ACCUSED)
    clock.advance(timedelta(minutes=10))
    await bind(house, person_id, SPOUSE)
    assert name
    assert await owner_name(house, case_id) == name


async def test_the_key_of_an_account_of_nobody_goes_when_it_is_bound(house: House) -> None:
    person_id = await account(house)
    async with house.db.begin(SYSTEM) as tx:
        person = await tx.session.get(people.Person, person_id)
        assert person is not None
        first = person.key_id
    await bind(house, person_id, SPOUSE)
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.session.get(DataKey, first)
        assert row is not None
        assert row.wrapped is None
