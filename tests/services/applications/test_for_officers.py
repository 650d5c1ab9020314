"""Where a register says otherwise than the applicant, an officer looks before anybody pays, and nobody's word overrules it."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import cases
from app.services.applications.jobs import recheck
from app.services.identity.roles import Role
from app.services.registries import Licence, LicenceStatus, Registers, SimClass, demo
from app.services.registries.models import VehicleRecord
from tests import make
from tests.applying import Desk, opened_unit

REGISTERED = demo.demo_vehicles()[1]


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def new_vehicle(desk: Desk, chassis_no: str) -> dict[str, Any]:
    """A draft for a vehicle whose number a dealer has rubbed: nobody needs to come."""
    form = {"chassis_no": chassis_no, "engine_no": "CNTH0901234", "physical_check": "dealer_rubbing"}
    return await desk.hand_in(await desk.draft("stnk-new", **form))


async def work(house: House, id: str) -> list[str]:
    async with house.db.read() as connection:
        return [each.kind for each in await cases.tasks_of(connection, UUID(id))]


@pytest.mark.parametrize("typed", [REGISTERED.chassis_no, REGISTERED.chassis_no.lower()])
async def test_a_registered_chassis_number_is_an_officers_work_and_no_bill(desk: Desk, typed: str) -> None:
    draft = await new_vehicle(desk, typed)
    checked = await desk.post(f"/v1/applications/{draft['id']}/check")
    assert [each["name"] for each in checked["eligibility"] if each["outcome"] == "to_check"] == ["not-registered-yet"]
    handed_in = await desk.submit(draft["id"])
    assert (handed_in["state"], handed_in["bill"]) == ("manual_check", None)
    assert await work(desk.house, draft["id"]) == ["check_by_hand"]
    await recheck(desk.house)
    assert await desk.state(draft["id"]) == "manual_check", "it waits for the officer"
    refused = await desk.act(draft["id"], Role.OFFICER, "pass_by_hand", status=409, reason="Fakturnya benar")
    assert refused["code"] == "applications-register-disagrees"
    await desk.act(draft["id"], Role.OFFICER, "hand_back", reason="Nomor rangka salah ketik; lihat faktur")
    back = await desk.get(f"/v1/applications/{draft['id']}")
    assert (back["state"], back["form"]) == ("draft", draft["form"])


async def test_once_the_register_is_mended_it_goes_on_by_itself(desk: Desk) -> None:
    draft = await new_vehicle(desk, REGISTERED.chassis_no)
    await desk.submit(draft["id"])
    async with desk.house.db.begin(SYSTEM) as tx:
        mended = update(VehicleRecord).where(col(VehicleRecord.registry_id) == REGISTERED.registry_id)
        await tx.session.execute(mended.values(chassis_bidx="another", chassis_tail_bidx="another"))
    await recheck(desk.house)
    assert await desk.state(draft["id"]) == "awaiting_payment"
    assert await work(desk.house, draft["id"]) == []


async def test_an_old_licence_that_the_register_lacks_is_entered_and_sends_nobody_to_the_satpas(desk: Desk) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="C"))
    assert (await desk.submit(draft["id"]))["state"] == "manual_check"
    today = desk.house.clock.now().date()
    licence = Licence(SimClass.C, "990000000077", today.replace(year=today.year - 5), today, LicenceStatus.ACTIVE)
    await desk.house[Registers].record("licences", demo.PEOPLE[demo.BUDI].nik, licence, request_id="entered-by-hand")
    await recheck(desk.house)
    assert await desk.state(draft["id"]) == "awaiting_payment"


async def test_who_waits_for_an_officer_may_stop(desk: Desk) -> None:
    draft = await new_vehicle(desk, REGISTERED.chassis_no)
    await desk.submit(draft["id"])
    assert (await desk.post(f"/v1/applications/{draft['id']}/cancel"))["state"] == "cancelled"
    assert await work(desk.house, draft["id"]) == []


async def test_what_is_mended_does_not_go_against_a_register(desk: Desk) -> None:
    draft = await new_vehicle(desk, "MHKCNTH1JTK905555")
    id = draft["id"]
    await desk.submit(id)
    await desk.pay(id)
    mark = {"pointer": "/form/chassis_no", "code": "data_mismatch"}
    await desk.act(id, Role.OFFICER, "ask_correction", marks=[mark])
    await desk.patch(id, {"chassis_no": REGISTERED.chassis_no})
    refused = await desk.post(f"/v1/applications/{id}/submit", status=422)
    assert [each["pointer"] for each in refused["errors"]] == ["/eligibility/not-registered-yet"]
    await desk.patch(id, {"chassis_no": "MHKCNTH1JTK905556"})
    assert (await desk.submit(id))["state"] == "in_review"
