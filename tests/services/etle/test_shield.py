"""The cloned-plate shield: registered once by its owner alone, compared before each letter, and a clone joins the forger's file."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.main import create_app
from app.routers.http.guards import SESSION_COOKIE
from app.services import etle
from app.services.cases.models import CaseView
from app.services.etle import Decision
from app.services.etle.back_office import COMPARING
from app.services.etle.shield_models import PlateShield
from app.services.identity import people, sessions
from app.services.identity.roles import Role
from app.services.identity.sessions import SubjectKind
from app.services.registries.demo import demo_vehicles
from tests import make
from tests.drain import drain
from tests.routers.pages.world import Browser

PHOTO, OTHER = make.photograph(seed=11), make.photograph(seed=12)
STRANGER = next(each.owner_nik for each in demo_vehicles() if each.owner_nik != make.VEHICLE.owner_nik)
PATH = "/v1/me/plate-shields"
FORM = {"plate": "b 1234 xyz", "colour": "Hitam", "marks": "Penyok di pintu kiri"}


async def citizen(house: House, nik: str) -> tuple[UUID, dict[str, str]]:
    async with house.db.begin(SYSTEM) as tx:
        person_id = await people.plant(tx, nik=nik, name="Contoh", phone=f"+62812{nik[-8:]}")
        token = await sessions.open_session(tx, SubjectKind.CITIZEN, person_id, amr=("otp",))
    return person_id, {"Cookie": f"{SESSION_COOKIE}={token}", "Origin": "http://test", "Sec-Fetch-Site": "same-origin"}


async def post(client: httpx.AsyncClient, headers: dict[str, str], **changes: str) -> httpx.Response:
    files = {"front": ("a.jpg", PHOTO, "image/jpeg"), "rear": ("b.jpg", OTHER, "image/jpeg")}
    return await client.post(PATH, headers=headers, data={**FORM, **changes}, files=files)


async def in_review(house: House, hours: int) -> UUID:
    case_id = await make.case_of(house, await make.capture(house, at=house.clock.now() - timedelta(hours=hours)))
    assert case_id is not None
    async with house.db.begin(await make.officer_of(house, case_id)) as tx:
        await etle.decide(tx, case_id, Decision(action="start_review"))
    return case_id


async def test_a_shield_is_compared_and_a_clone_joins_the_forgers_file(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    _, mine = await citizen(house, make.VEHICLE.owner_nik)
    _, stranger = await citizen(house, STRANGER)
    assert (await post(client, {})).status_code == 401
    refused = await post(client, stranger)
    unknown = await post(client, mine, plate="B 9 ZZZ")
    assert {(each.status_code, each.json()["code"]) for each in (refused, unknown)} == {(422, "etle-shield-not-yours")}
    made = await post(client, mine)
    assert made.status_code == 201, made.text
    assert (made.json()["plate"], made.json()["marks"], made.json()["sightings"]) == ("B1234XYZ", FORM["marks"], 0)
    assert (await client.get(PATH, headers=stranger)).json() == {"shields": []}
    async with house.db.read() as connection:
        row = (await connection.execute(select(PlateShield.marks_enc, PlateShield.first_sha256))).one()
    assert "Penyok" not in row.marks_enc
    assert (await house.storage.get(row.first_sha256))[:3] != b"\xff\xd8\xff", (
        "sealed, not a picture that anybody opens"
    )

    clone, own = await in_review(house, 5), await in_review(house, 9)
    officer = await make.officer_of(house, clone)
    headers = await make.staff_headers(house, Role.OFFICER, staff_id=UUID(officer.id))
    shown = (await client.get(f"/v1/counter/cases/{clone}/shield", headers=headers)).json()
    assert shown["shield"]["colour"] == "Hitam"
    photo = await client.get(shown["photos"][0].removeprefix(house.settings.public_url), headers=headers)
    assert (photo.headers["content-type"], photo.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert (await client.get(f"/v1/counter/cases/{clone}/shield/first", headers=mine)).status_code == 403
    async with house.db.begin(SYSTEM) as tx:
        told = [each.purpose for each in (await tx.session.execute(select(CaseView))).scalars()]
    assert [each for each in told if "perisai" in each] == [COMPARING] * 2, "what was shown, and one photograph"
    for said, code in ((None, "etle-shield-not-compared"), (False, "etle-shield-mismatch")):
        decision = Decision(action="verify", registry_matches=True, shield_matches=said)
        with pytest.raises(Problem) as stopped:
            async with house.db.begin(officer) as tx:
                await etle.decide(tx, clone, decision)
        assert stopped.value.type.code == code
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, clone, Decision(action="report_fake_plate", reason="Warna dan ciri berbeda."))
    own_officer = await make.officer_of(house, own)
    async with house.db.begin(own_officer) as tx:
        await etle.decide(tx, own, Decision(action="verify", registry_matches=True, shield_matches=True))
    await drain(house)
    assert [await make.state_of(house, each) for each in (clone, own)] == ["fake_plate_alert", "letter_sent"]
    file = (await client.get(f"/v1/counter/cases/{clone}/shield", headers=headers)).json()["forgers_file"]
    assert [each["case_id"] for each in file] == [str(clone)]
    [listed] = (await client.get(PATH, headers=mine)).json()["shields"]
    assert listed["sightings"] == 1

    # A new registration replaces the old one and its photographs; withdrawn, nobody compares any more.
    again = (await post(client, mine, colour="Putih")).json()
    assert [each["colour"] for each in (await client.get(PATH, headers=mine)).json()["shields"]] == ["Putih"]
    assert (await client.delete(f"{PATH}/{again['id']}", headers=stranger)).status_code == 404
    assert (await client.delete(f"{PATH}/{again['id']}", headers=mine)).status_code == 204
    await drain(house)
    assert not await house.storage.exists(row.first_sha256)
    free = await in_review(house, 13)
    async with house.db.begin(await make.officer_of(house, free)) as tx:
        await etle.decide(tx, free, Decision(action="verify", registry_matches=True))


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_the_pages_register_show_and_withdraw(house: House) -> None:
    await make.demo_set(house)
    browser = Browser.of(create_app(house))
    _, headers = await citizen(house, make.VEHICLE.owner_nik)
    browser.client.cookies.set(SESSION_COOKIE, headers["Cookie"].split("=", 1)[1])
    assert "Belum ada kendaraan" in await browser.get("/saya/perisai")
    assert "Pilih foto dari depan" in await browser.send(FORM, to="/saya/perisai", status=422)
    files = {"front": ("a.jpg", PHOTO), "rear": ("b.jpg", OTHER)}
    browser.page = await browser.client.post(
        "/saya/perisai",
        data={"_token": browser.token(), **FORM},
        files=files,
        headers={"origin": "http://test", "sec-fetch-site": "same-origin"},
    )
    assert FORM["marks"] in browser.text, browser.text[:500]
    case_id = await in_review(house, 5)
    desk = Browser.of(create_app(house))
    officer = await make.officer_of(house, case_id)
    await desk.sign_in_staff(house, Role.OFFICER, staff_id=UUID(officer.id))
    page = await desk.get(f"/counter/cases/{case_id}")
    assert "perisai pelat" in page
    assert "kendaraan yang didaftarkan pemiliknya" in page
    async with house.db.read() as connection:
        shield_id = (await connection.execute(select(PlateShield.id))).scalar_one()
    assert "Belum ada kendaraan" in await browser.send({}, to=f"/saya/perisai/{shield_id}")


async def test_a_registration_and_a_withdrawal_that_come_again_are_one(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    _, mine = await citizen(house, make.VEHICLE.owner_nik)
    first, again = [await post(client, mine | {"Idempotency-Key": "sekali"}) for _ in range(2)]
    assert (first.status_code, again.json()) == (201, first.json()), again.text
    other = await post(client, mine | {"Idempotency-Key": "sekali"}, colour="Putih")
    assert other.json()["code"] == "idempotency-key-reused", "what the form says counts"
    async with house.db.begin(SYSTEM) as tx:
        assert len((await tx.session.execute(select(PlateShield))).scalars().all()) == 1
    path, key = f"{PATH}/{first.json()['id']}", {"Idempotency-Key": "lepas"}
    for _ in range(2):
        assert (await client.delete(path, headers=mine | key)).status_code == 204
    assert (await client.delete(path, headers=mine)).status_code == 404
