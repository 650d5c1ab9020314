"""The made-up people: each has a story, it stays true on any day, and what an application had entered is left alone."""

from datetime import date, timedelta

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import registries
from app.services.registries import Registers, SimClass, VehicleRegistry
from app.services.registries.demo import AGUS, BUDI, DEWI, HASAN, JOKO, PEOPLE, RINA, SITI, TONO, demo_records

TODAY = date(2026, 3, 2)


async def seed(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await registries.seed_demo(tx)


async def test_everybody_is_who_the_page_says(house: House) -> None:
    await seed(house)
    ask = house[Registers]

    async def licence(number: int) -> registries.Licence:
        (found,) = await ask.find("licences", PEOPLE[number].nik)
        return found

    assert (await licence(BUDI)).valid_until == TODAY + timedelta(days=60)
    assert (await licence(AGUS)).valid_until == TODAY - timedelta(days=1)
    assert (await licence(SITI)).issued_on == date(2025, 1, 30)
    assert (await licence(DEWI)).issued_on == date(2025, 3, 30)
    assert (await licence(HASAN)).status == "withheld"
    assert await ask.find("licences", PEOPLE[RINA].nik) == ()
    jkn = [each and each.active for each in [await ask.find("jkn", person.nik) for person in PEOPLE]]
    assert jkn == [number != TONO for number in range(len(PEOPLE))]
    records = [each and each.open_case for each in [await ask.find("records", person.nik) for person in PEOPLE]]
    assert [number for number, open_case in enumerate(records) if open_case] == [JOKO]
    health = await ask.find("health", PEOPLE[BUDI].nik)
    assert health is not None
    assert (health.passed, SimClass.A in health.classes) == (True, True)
    tax, five_yearly = await ask.find("tax", "B1234XYZ"), await ask.find("tax", "B5678ABC")
    assert tax is not None
    assert five_yearly is not None
    assert (tax.due_on - TODAY, tax.stnk_valid_until > tax.due_on) == (timedelta(days=30), True)
    assert five_yearly.due_on == five_yearly.stnk_valid_until
    blocked = await house[VehicleRegistry].find("B3691PQR")
    assert blocked is not None
    assert blocked.as_facts()["blocked"] is True
    assert blocked.as_facts()["chassis_tail"] == "00007"


async def test_the_stories_move_with_the_day_but_not_what_was_entered_by_request(
    house: House, clock: FixedClock
) -> None:
    await seed(house)
    tax = await house[Registers].find("tax", "B1234XYZ")
    assert tax is not None
    await house[Registers].record("tax", "B1234XYZ", tax.paid(), request_id="app-1")
    clock.advance(timedelta(days=40))
    await seed(house)
    assert await house[Registers].find("tax", "B1234XYZ") == tax.paid()
    (licence,) = await house[Registers].find("licences", PEOPLE[BUDI].nik)
    assert licence.valid_until == TODAY + timedelta(days=100)


def test_the_stories_can_be_told_on_any_day() -> None:
    for number in range(366):
        for line in demo_records(date(2028, 1, 1) + timedelta(days=number)):
            line.register.written(line.record)
