"""What one person of a case learns of another: nothing that lets them act in the other's place."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import cases, etle
from app.services.documents import LetterData
from app.services.etle import papers
from app.services.etle.evidence import Picture
from app.services.etle.models import Party
from app.services.identity.roles import Role
from tests import make
from tests.banks import join_bank
from tests.drain import drain

PICTURE = Picture(b"", None)
JAKARTA = ZoneInfo("Asia/Jakarta")
FRIEND = {
    "nik": "3174014503909902",
    "name": "Siti Misal",
    "address": "Jalan Contoh No. 2, Jakarta Barat",
    "phone": "+6281200000022",
}


async def driver_named(house: House) -> UUID:
    """The owner has named somebody, whose letter is out."""
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    async with house.db.begin(make.owner_of(case_id)) as tx:
        await etle.answer_letter(tx, case_id, etle.LetterAnswer("other_driver", person=FRIEND))
    await drain(house)
    return case_id


async def party(house: House, case_id: UUID, role: str) -> Party:
    async with house.db.begin(SYSTEM) as tx:
        found = await tx.session.execute(select(Party).where(Party.case_id == case_id, Party.role == role))
        return found.scalar_one()


async def letter(house: House, case_id: UUID, party_id: UUID | None) -> LetterData:
    async with house.db.begin(SYSTEM) as tx:
        return await papers.letter_data(tx, case_id, PICTURE, party_id=party_id)


async def look_up(client: httpx.AsyncClient, reference: str) -> dict[str, str]:
    answer = await client.post("/v1/tickets/lookup", json={"reference": reference, "plate": make.PLATE})
    (found,) = answer.json()["tickets"]
    return {"Authorization": f"Bearer {found['access_token']}", "reference": found["reference"]}


async def test_the_stnk_does_not_open_the_drivers_letter(house: House) -> None:
    case_id = await driver_named(house)
    owner, driver = await party(house, case_id, "owner"), await party(house, case_id, "driver")
    assert (await letter(house, case_id, None)).reference == owner.code
    assert (await letter(house, case_id, owner.id)).reference == owner.code
    own = await letter(house, case_id, driver.id)
    assert own.reference == driver.code
    assert driver.code != owner.code


async def test_a_drivers_letter_and_message_tell_the_drivers_own_time(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    case_id = await driver_named(house)
    driver = await party(house, case_id, "driver")
    async with house.db.read() as connection:
        due = (await cases.due_times(connection, case_id))["etle.driver_answer_due"].astimezone(JAKARTA).date()
    days = (due - clock.now().astimezone(JAKARTA).date()).days
    assert days == 5, "its delivery was proven today"
    own = await letter(house, case_id, driver.id)
    assert (own.days_from_violation, own.days_from_delivery) == (None, days)
    shown = (await client.get("/sandbox/outbox.json", params={"to": FRIEND["phone"]})).json()["messages"]
    texts = [each["text"] for each in shown if "Anda disebut sebagai pengemudi" in each["text"]]
    assert texts
    assert all(f"Batas waktu: {days} hari sejak surat ini terbukti sampai" in each for each in texts)
    owners = await letter(house, case_id, None)
    assert (owners.days_from_violation, owners.days_from_delivery) == (8, 5)


async def test_who_got_no_letter_reads_nobody_elses(house: House) -> None:
    case_id = await driver_named(house)
    with pytest.raises(Problem) as refused:
        await letter(house, case_id, UUID(int=1))
    assert refused.value.type.code == "etle-no-letter"


async def test_a_named_driver_does_not_learn_the_owners_reference(house: House, client: httpx.AsyncClient) -> None:
    case_id = await driver_named(house)
    owner, driver = await party(house, case_id, "owner"), await party(house, case_id, "driver")
    found = await look_up(client, driver.code)
    assert found.pop("reference") == driver.code
    for page in ("", "/timeline", "/evidence"):
        answer = await client.get(f"/v1/tickets/{case_id}{page}", headers=found)
        assert answer.status_code == 200
        assert owner.code not in answer.text
    assert (await client.get(f"/v1/tickets/{case_id}/proof", headers=found)).status_code == 403
    declined = await client.post(
        f"/v1/tickets/{case_id}/driver-response",
        json={"action": "decline_driving"},
        headers={**found, "Idempotency-Key": "tidak-mengemudi"},
    )
    assert declined.status_code == 200
    assert owner.code not in declined.text
    mine = await look_up(client, owner.code)
    assert mine["reference"] == owner.code


async def test_the_ticket_tells_a_third_person_nothing_of_the_driver(house: House) -> None:
    case_id = await driver_named(house)
    owner, driver = await party(house, case_id, "owner"), await party(house, case_id, "driver")
    holder = make.owner_of(case_id)
    async with house.db.begin(replace(holder, id=str(driver.id), roles=frozenset({"driver"}))) as tx:
        await etle.answer_as_driver(tx, case_id, "accept_driving")
    async with house.db.begin(await make.officer_of(house, case_id)) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="issue_tilang"))
    async with house.db.begin(SYSTEM) as tx:
        full = await papers.ticket_data(tx, case_id, PICTURE, party_id=driver.id)
        bare = await papers.ticket_data(tx, case_id, PICTURE, party_id=owner.id)
    assert (full.driver_nik, full.driver_name) == (FRIEND["nik"], FRIEND["name"])
    assert (bare.driver_nik, bare.driver_sim, list(bare.driver_address)) == (None, None, [])
    assert FRIEND["name"] not in bare.driver_name
    assert driver.code not in bare.ticket_url
    assert (full.reference, bare.reference) == (driver.code, owner.code)
    async with house.db.begin(SYSTEM) as tx:  # the STNK's numbers prove nobody in particular
        by_stnk = await papers.ticket_data(tx, case_id, PICTURE)
    assert (by_stnk.driver_nik, driver.code in by_stnk.ticket_url) == (None, False)


async def test_a_drivers_papers_do_not_open_the_owners(house: House, client: httpx.AsyncClient) -> None:
    """With the owner's reference and the plate a driver would read the owner's letter, name and address."""
    bank = await (await join_bank(house, client)).sign_in()
    case_id = await driver_named(house)
    owner, driver = await party(house, case_id, "owner"), await party(house, case_id, "driver")
    found = await look_up(client, driver.code)
    headers = {"Authorization": found["Authorization"]}
    accept = {**headers, "Idempotency-Key": "saya-mengemudi"}
    path = f"/v1/tickets/{case_id}"
    assert (await client.post(f"{path}/driver-response", json={"action": "accept_driving"}, headers=accept)).is_success
    async with house.db.begin(await make.officer_of(house, case_id)) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="issue_tilang"))
    bill = (await client.get(f"{path}/bill", headers=headers)).json()
    await bank.pay(bill["virtual_accounts"][0]["customer_no"], "R1", bill["amount"])
    await drain(house)
    for part in ("", "/timeline", "/bill", "/proof", "/receipt"):
        answer = await client.get(path + part, headers=headers)
        assert answer.status_code == 200, part
        assert owner.code not in answer.text, part
    assert (await client.get(f"{path}/receipt", headers=headers)).json()["reference"] == driver.code


async def test_an_address_is_written_only_by_whose_work_it_is(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    async with house.db.begin(SYSTEM) as tx:
        post = next(iter(await make.staff.list_officers(tx.session, unit="PMJ", role=Role.POST)))
    async with house.db.begin(make.as_actor(post)) as tx:
        await cases.move(tx, case_id, "return_letter")
    officer, finance = Role.OFFICER, Role.FINANCE
    async with house.db.begin(SYSTEM) as tx:
        payer = make.as_actor((await make.staff.list_officers(tx.session, unit="PMJ", role=finance))[0])
        first = make.as_actor((await make.staff.list_officers(tx.session, unit="PMJ", role=officer))[0])
    with pytest.raises(Problem):
        async with house.db.begin(payer) as tx:
            await etle.correct_address(tx, case_id, address="Jalan Teman No. 9", phone=None)
    async with house.db.begin(first) as tx:
        await etle.correct_address(tx, case_id, address="Jalan Benar No. 1", phone=None)
    for actor in (payer, first):  # the work is done: no further change without an event
        with pytest.raises(Problem) as refused:
            async with house.db.begin(actor) as tx:
                await etle.correct_address(tx, case_id, address="Jalan Teman No. 9", phone=None)
        assert refused.value.type.code == "etle-not-undelivered"
