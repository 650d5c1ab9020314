"""What one person keeps from others: of their drafts one holds, waits or asks at a time, and only so many unpaid ones hold a place."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.house import House
from app.main import create_app
from app.services import appointments
from app.services.applications.drafts import MAX_DRAFTS
from app.services.applications.slots import MOST_TAKEN
from app.services.appointments import Window
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit

KIND, SERVICE, CAR = "skck_fingerprints", "skck-new", "stnk-renewal"


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    """Budi, at a unit that is open."""
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def days_of(desk: Desk) -> dict[str, str]:
    """Days to wait for, a fortnight ahead."""
    today = desk.house.clock.now().date()
    return {"first": (today + timedelta(days=14)).isoformat(), "last": (today + timedelta(days=20)).isoformat()}


async def wait(desk: Desk, id: str) -> httpx.Response:
    path = f"/v1/applications/{id}/appointment/wait"
    return await desk.client.put(path, headers=desk.key(), json=await days_of(desk))


async def refused(answer: httpx.Response, draft: dict[str, Any]) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, "applications-one-place"), answer.text
    assert draft["reference"] in answer.json()["detail"]


async def test_plates_that_nobody_knows_hold_no_second_place(desk: Desk) -> None:
    known, *invented = [
        await desk.draft(CAR, plate=plate, owner_nik=None) for plate in ("B1234XYZ", "B7001ZZZ", "B7002ZZZ", "B7003ZZZ")
    ]
    held = await desk.book(known["id"], CAR, POLRES)
    for each in invented:
        body = {"starts_at": held["starts_at"]}
        answer = await desk.client.post(f"/v1/applications/{each['id']}/appointment", headers=desk.key(), json=body)
        await refused(answer, known)
        await refused(await wait(desk, each["id"]), known)
    dropped = await desk.client.delete(f"/v1/applications/{known['id']}/appointment", headers=desk.headers)
    assert dropped.status_code == 204
    first, second, _ = invented
    assert (await wait(desk, first["id"])).status_code == 200
    await refused(await wait(desk, second["id"]), first)
    body = {"starts_at": held["starts_at"]}
    await desk.post(f"/v1/applications/{first['id']}/appointment", body)  # who waits may choose, and waits no longer
    family = await Desk(desk.house, desk.client, demo.SITI).sign_in()
    hers = await family.draft(CAR, plate="B7004ZZZ", owner_nik=None)
    await family.post(f"/v1/applications/{hers['id']}/appointment", body)


async def test_a_draft_that_asks_for_a_drawn_day_is_the_one(desk: Desk) -> None:
    day = desk.house.clock.now().date() + timedelta(days=2)
    async with desk.house.db.begin(SYSTEM) as tx:
        known = (await appointments.windows_of(tx.session, POLRES))["vehicle_check"][0]
        same = {name: getattr(known, name) for name in Window.__slots__}
        drawn = Window(**same | {"weekday": day.isoweekday(), "drawn": True, "opens_days_before": 2})
        await appointments.set_windows(tx, POLRES, "vehicle_check", windows=[drawn])
    cars = [await desk.draft(CAR, plate=plate, owner_nik=None) for plate in ("B1234XYZ", "B7001ZZZ")]
    paths = [f"/v1/applications/{each['id']}/appointment/ask" for each in cars]
    body = {"day": day.isoformat()}
    assert (await desk.client.put(paths[0], headers=desk.key(), json=body)).status_code == 200
    await refused(await desk.client.put(paths[1], headers=desk.key(), json=body), cars[0])
    assert (await desk.client.put(paths[0], headers=desk.key(), json=body)).status_code == 200, (
        "again, it is the same lot"
    )
    assert (await desk.client.delete(paths[0], headers=desk.headers)).status_code == 204
    assert (await desk.client.put(paths[1], headers=desk.key(), json=body)).status_code == 200


async def test_what_is_handed_in_leaves_the_next_draft_its_place(desk: Desk) -> None:
    first, second = [
        await desk.hand_in(await desk.draft(SERVICE, purpose=purpose)) for purpose in ("private_employer", "school")
    ]
    held = await desk.book(first["id"], SERVICE, POLRES)
    await desk.submit(first["id"])
    path, body = f"/v1/applications/{second['id']}/appointment", {"starts_at": held["starts_at"]}
    await refused(await desk.client.post(path, headers=desk.key(), json=body), first)  # one visit is enough
    await desk.pay(first["id"])
    await desk.post(path, body)


async def test_places_that_nobody_has_paid_for_have_a_limit(desk: Desk) -> None:
    new = {"applied_by": "dealer", "owner_nik": demo.PEOPLE[demo.SITI].nik, "engine_no": "CNTH0901234"}
    made = []
    for number in range(MOST_TAKEN + 1):
        draft = await desk.hand_in(await desk.draft("stnk-new", chassis_no=f"MHKCNTH1JTK90780{number}", **new))
        made.append(draft["id"])
        if number < MOST_TAKEN:
            held = await desk.book(draft["id"], "stnk-new", POLRES)
            assert (await desk.submit(draft["id"]))["state"] == "awaiting_payment"
    path, body = f"/v1/applications/{made[-1]}/appointment", {"starts_at": held["starts_at"].replace("T08", "T11")}
    assert (await desk.post(path, body, status=409))["code"] == "applications-enough-places"
    await desk.pay(made[0])
    await desk.post(path, body)


async def test_a_crowd_of_drafts_of_one_person_gets_one_place(postgres_house: House) -> None:
    """Holding and waiting at once, from all of them: one transaction after the other counts what the person has."""
    transport = httpx.ASGITransport(app=create_app(postgres_house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await make.demo_set(postgres_house)
        await opened_unit(postgres_house)
        desk = await Desk(postgres_house, client, demo.BUDI).sign_in()
        cars = [await desk.draft(CAR, plate=f"B70{number:02d}ZZZ", owner_nik=None) for number in range(4)]
        held = await desk.book(cars[0]["id"], CAR, POLRES)
        await client.delete(f"/v1/applications/{cars[0]['id']}/appointment", headers=desk.headers)
        barrier, days = asyncio.Barrier(len(cars) * 2), await days_of(desk)

        async def one(verb: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[str, int]:
            await barrier.wait()
            answer = await client.request(verb, path, headers=headers, json=body)
            return path.split("/")[3], answer.status_code

        calls = []
        for each in cars:
            path = f"/v1/applications/{each['id']}/appointment"
            calls.append(one("POST", path, {"starts_at": held["starts_at"]}, desk.key()))
            calls.append(one("PUT", f"{path}/wait", days, desk.key()))
        answers = await asyncio.gather(*calls)
        assert {status for _, status in answers} <= {200, 409}, answers
        assert len({id for id, status in answers if status == 200}) == 1, answers


async def test_two_drafts_for_one_thing_that_are_handed_in_at_once_are_one_bill(postgres_house: House) -> None:
    transport = httpx.ASGITransport(app=create_app(postgres_house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await make.demo_set(postgres_house)
        await opened_unit(postgres_house)
        desk = await Desk(postgres_house, client, demo.BUDI).sign_in()
        twins = [await desk.hand_in(await desk.draft("sim-renewal", sim_class="A")) for _ in range(4)]
        barrier = asyncio.Barrier(len(twins))

        async def submit(id: str, headers: dict[str, str]) -> tuple[int, str]:
            await barrier.wait()
            answer = await client.post(f"/v1/applications/{id}/submit", headers=headers, json={})
            return answer.status_code, answer.json().get("code", "")

        answers = await asyncio.gather(*(submit(each["id"], desk.key()) for each in twins))
        assert Counter(answers) == {(200, ""): 1, (409, "applications-likely-duplicate"): 3}


async def test_drafts_that_are_begun_at_once_are_counted(postgres_house: House) -> None:
    transport = httpx.ASGITransport(app=create_app(postgres_house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await make.demo_set(postgres_house)
        await opened_unit(postgres_house)
        desk = await Desk(postgres_house, client, demo.BUDI).sign_in()
        body, crowd, room = {"service": "sim-renewal", "unit": POLRES}, 8, 3
        for _ in range(MAX_DRAFTS - room):
            await desk.post("/v1/applications", body, status=201)
        barrier = asyncio.Barrier(crowd)

        async def begin(headers: dict[str, str]) -> int:
            await barrier.wait()
            return (await client.post("/v1/applications", headers=headers, json=body)).status_code

        statuses = Counter(await asyncio.gather(*(begin(desk.key()) for _ in range(crowd))))
        assert statuses == {201: room, 409: crowd - room}
