"""Every service, from its catalogue page to the issued document, over HTTP; and the ways on which it may go wrong."""

from typing import Any

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.house import House
from app.services.identity.roles import Role
from app.services.registries import demo
from app.services.registries.demo import demo_vehicles
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.drain import drain

VEHICLES = {each.plate: each for each in demo_vehicles()}


def vehicle(plate: str) -> dict[str, Any]:
    """The fields by which a vehicle is named."""
    return {"plate": plate, "chassis_tail": VEHICLES[plate].chassis_no[-5:], "owner_nik": None}


ELSEWHERE = {"sim-international": "KORLANTAS"}
"""Services of one unit for the whole country."""
JOURNEYS: dict[str, tuple[int, dict[str, Any]]] = {
    "stnk-annual": (demo.BUDI, vehicle("B1234XYZ")),
    "stnk-renewal": (demo.SITI, vehicle("B5678ABC")),
    "stnk-new": (demo.BUDI, {}),
    "stnk-replacement": (demo.BUDI, vehicle("B1234XYZ")),
    "stnk-transfer": (demo.SITI, vehicle("B1234XYZ")),
    "stnk-sale-report": (demo.BUDI, vehicle("B1234XYZ")),
    "sim-new": (demo.RINA, {"sim_class": "C"}),
    "sim-replacement": (demo.BUDI, {"sim_class": "A"}),
    "sim-upgrade": (demo.SITI, {"sim_class": "CI"}),
    "sim-international": (demo.BUDI, {"sim_class": "A"}),
    "skck-renewal": (demo.BUDI, {"purpose": "private_employer"}),
    "sim-renewal": (demo.BUDI, {"sim_class": "A"}),
    "skck-new": (demo.BUDI, {"purpose": "private_employer"}),
}


@pytest.mark.parametrize("service", JOURNEYS)
async def test_a_service_from_its_page_to_the_issued_document(
    service: str, house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    unit = ELSEWHERE.get(service, POLRES)
    await opened_unit(house, unit)
    person, form = JOURNEYS[service]
    desk = await Desk(house, client, person).sign_in()
    draft = await desk.hand_in(await desk.draft(service, unit, **form))
    checked = await desk.post(f"/v1/applications/{draft['id']}/check")
    assert checked["faults"] == [], checked
    assert [each for each in checked["eligibility"] if each["outcome"] == "refused"] == []
    if checked["needs_appointment"]:
        await desk.book(draft["id"], service, unit)
    handed_in = await desk.submit(draft["id"])
    if checked["amount"]:
        assert handed_in["state"] == "awaiting_payment"
        assert handed_in["bill"]["amount"] == checked["amount"]
        await desk.pay(draft["id"])
    assert await desk.state(draft["id"]) == "in_review"
    if checked["needs_appointment"]:
        await desk.act(draft["id"], Role.OFFICER, "call_in")
        await desk.act(draft["id"], Role.COUNTER, "attend")
    await desk.act(draft["id"], Role.OFFICER, "approve")
    await drain(house)
    seen = await desk.get(f"/v1/applications/{draft['id']}")
    assert seen["state"] == "issued"
    assert seen["issued"]["ready"]
    pdf = await client.get(f"/v1/applications/{draft['id']}/document.pdf", headers=desk.headers)
    assert pdf.content.startswith(b"%PDF")
    public = await client.get(f"/v1/verify/{seen['issued']['verify']}")
    assert public.json()["genuine"] is True
