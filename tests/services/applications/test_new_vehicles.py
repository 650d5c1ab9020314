"""A vehicle is registered once: two applications for one meet a person, and one of them is approved."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.house import House
from app.services import cases
from app.services.identity.roles import Role
from app.services.registries import demo
from tests import make
from tests.applying import Desk, opened_unit
from tests.drain import drain

NEW = {"chassis_no": "MHKCNTH1JTK901234", "engine_no": "CNTH0901234"}


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def handed_in(desk: Desk, **form: Any) -> str:
    draft = await desk.hand_in(await desk.draft("stnk-new", **{**NEW, **form}))
    if (await desk.post(f"/v1/applications/{draft['id']}/check"))["needs_appointment"]:
        await desk.book(draft["id"], "stnk-new", "PMJ-POLRESTRO-JAKARTA-SELATAN")
    return str(draft["id"])


async def ready_to_approve(desk: Desk, id: str) -> str:
    await desk.submit(id)
    await desk.pay(id)
    if (await desk.get(f"/v1/applications/{id}"))["appointment"]:
        await desk.act(id, Role.OFFICER, "call_in")
        await desk.act(id, Role.COUNTER, "attend")
    await drain(desk.house)
    await cases.draw_announced(desk.house)
    return id


async def test_two_people_for_one_vehicle_meet_a_person_and_one_is_refused(house: House, desk: Desk) -> None:
    other = await Desk(house, desk.client, demo.SITI).sign_in()
    first = await ready_to_approve(desk, await handed_in(desk))
    second = await ready_to_approve(other, await handed_in(other, chassis_no=NEW["chassis_no"].lower()))
    references = [
        (await each.get(f"/v1/applications/{id}"))["reference"] for each, id in ((desk, first), (other, second))
    ]
    headers = await desk.staff(Role.OFFICER, "PMJ-POLRESTRO-JAKARTA-SELATAN")
    for id, named in ((first, references[1]), (second, references[0])):
        case = (
            await desk.client.get(
                f"/v1/counter/cases/{id}", headers=headers, params={"purpose": "memeriksa permohonan"}
            )
        ).json()
        warned = [each for each in case["eligibility"] if each["name"] == "chassis-applied-for-twice"]
        assert [each["outcome"] for each in warned] == ["warned"]
        assert named in warned[0]["says"]
    await desk.act(first, Role.OFFICER, "approve")
    refused = await other.act(second, Role.OFFICER, "approve", status=409)
    assert refused["code"] == "applications-chassis-taken"
    assert refused["reference"] == references[0]
    await drain(house)
    await other.act(second, Role.OFFICER, "propose_refusal", code="identity", reason="nomor rangka milik orang lain")
    await other.act(second, Role.SUPERVISOR, "confirm_refusal", reason="setuju")
    seen = await other.get(f"/v1/applications/{second}")
    assert seen["state"] == "rejected"
    assert sum(each["amount"] for each in seen["refunds"]) == seen["amount"] > 0


async def test_two_that_are_approved_at_once_give_one_document(house: House, desk: Desk) -> None:
    other = await Desk(house, desk.client, demo.SITI).sign_in()
    ids = [await ready_to_approve(each, await handed_in(each)) for each in (desk, other)]
    calls = []
    for id in ids:
        async with house.db.read() as connection:
            officer = (await cases.tasks_of(connection, UUID(id)))[0].assigned_to
        calls.append((id, await desk.staff(Role.OFFICER, "PMJ-POLRESTRO-JAKARTA-SELATAN", officer)))
    for id, headers in calls:
        await desk.client.get(f"/v1/counter/cases/{id}", headers=headers, params={"purpose": "memeriksa permohonan"})
    barrier = asyncio.Barrier(len(calls))

    async def approve(id: str, headers: dict[str, str]) -> int:
        await barrier.wait()
        url = f"/v1/counter/cases/{id}/actions"
        return (await desk.client.post(url, headers=headers, json={"action": "approve"})).status_code

    assert sorted(await asyncio.gather(*(approve(*each) for each in calls))) == [200, 409]


async def test_a_dealer_registers_several_vehicles_and_none_of_them_twice(desk: Desk) -> None:
    dealer = {"applied_by": "dealer", "owner_nik": demo.PEOPLE[demo.SITI].nik}
    first = await handed_in(desk, chassis_no="MHKCNTH1JTK907701", **dealer)
    assert (await desk.submit(first))["state"] == "awaiting_payment"
    second = await handed_in(desk, chassis_no="MHKCNTH1JTK907702", **dealer)
    draft = await desk.draft("stnk-new", **{**NEW, "chassis_no": "MHKCNTH1JTK907701", **dealer})
    again = (await desk.hand_in(draft))["id"]
    with pytest.raises(AssertionError, match="applications-one-place"):  # one draft at a time holds a place
        await desk.book(again, "stnk-new", "PMJ-POLRESTRO-JAKARTA-SELATAN")
    assert (await desk.submit(second))["state"] == "awaiting_payment"
    with pytest.raises(AssertionError, match="applications-one-place"):  # nor does this vehicle hold a second one
        await desk.book(again, "stnk-new", "PMJ-POLRESTRO-JAKARTA-SELATAN")
    answer = await desk.client.post(f"/v1/applications/{again}/submit", headers=desk.key(), json={})
    assert answer.json()["code"] == "applications-likely-duplicate"
