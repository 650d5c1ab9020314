"""Who applies: a signed-in citizen whose account the population register has bound to a NIK; typing a NIK is not enough."""

from uuid import UUID

from app.core.house import House
from app.core.problems import Problem
from app.services.applications.drafts import Applicant
from app.services.applications.problems import IDENTITY_NEEDED
from app.services.identity import people
from app.services.registries import Nik, PopulationRegistry, means_down


async def applicant_of(house: House, person_id: UUID) -> Applicant:
    """The citizen as applicant. Asks the population register: never inside a transaction. Raises IDENTITY_NEEDED.

    A register that does not answer now does not keep anybody from beginning: name and day of birth then follow from
    the account and the NIK itself.
    """
    async with house.db.read() as connection:
        nik = await people.find_nik(connection, house.keys, person_id)
        account = await people.find_person(connection, house.keys, person_id)
    if nik is None or account is None:
        raise IDENTITY_NEEDED()
    return await applicant_by_nik(
        house, nik, name=account.name or "", contact=account.phone or account.email, person_id=person_id
    )


async def applicant_by_nik(
    house: House, nik: str, *, name: str, contact: str | None, person_id: UUID | None
) -> Applicant:
    """An applicant by a NIK that was proved; what the register knows goes before what the account says."""
    record = await _registered(house, nik)
    if record is not None:
        return Applicant(person_id, nik, record[0], record[1], contact)
    parsed = Nik.parse(nik)
    born_on = parsed.birth_date(on=house.clock.now().date()).isoformat() if parsed is not None else ""
    return Applicant(person_id, nik, name, born_on, contact)


async def _registered(house: House, nik: str) -> tuple[str, str] | None:
    try:
        record = await house[PopulationRegistry].find(nik)
    except Problem as problem:
        if not means_down(problem):
            raise
        return None
    return None if record is None else (record.name, record.born_on.isoformat())
