"""The ways on which services part by who applies and for what: levels of the SKCK, foreigners, classes, dealers and companies; each to
the paper in hand."""

import io
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.money import Rupiah
from app.services.identity.roles import Role
from app.services.registries import demo
from app.services.registries.imports import enter_vehicle
from app.services.registries.keyed import RecordLine, VehicleTax, enter_records, kind_of
from app.services.registries.lines import VehicleLine
from app.services.registries.models import VehicleRecord
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper
from tests.drain import drain

PRINTS = {"prints_on_file": True, "fingerprint_formula": "1 U 000 8 / 1 U 000 8"}
COMPANY = VehicleLine(
    plate="B1199PTC", chassis_no="MHKCNTH1JKK001199", engine_no="CNTH0001199", make="Toyota", model="Hiace", colour="Putih",
    kind="Mobil penumpang", owner_name="PT Contoh Sejahtera", owner_address="Jalan Usaha No. 9, Jakarta", owner_nik=None,
    registry_id="CONTOH-PT",
)  # fmt: skip


async def opened(house: House, client: httpx.AsyncClient, person: int, *units: str) -> Desk:
    await make.demo_set(house)
    for unit in units or (POLRES,):
        await opened_unit(house, unit)
    return await Desk(house, client, person).sign_in()


async def said(desk: Desk, id: str) -> str:
    """What stands on the issued paper."""
    answer = await desk.client.get(f"/v1/applications/{id}/document.pdf", headers=desk.headers)
    assert answer.content.startswith(b"%PDF"), answer.text
    return PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


@pytest.mark.parametrize(
    ("person", "form", "unit", "amount"),
    [
        (demo.BUDI, {"purpose": "work_abroad"}, "PMJ", 30_000),
        (demo.BUDI, {"purpose": "adoption"}, "BAINTELKAM", 30_000),
        (demo.JOHN, {"purpose": "private_employer", "citizenship": "WNA"}, "BAINTELKAM", 60_000),
    ],
)
async def test_an_skck_is_issued_by_the_unit_that_its_purpose_leads_to(
    house: House, client: httpx.AsyncClient, person: int, form: dict[str, Any], unit: str, amount: int
) -> None:
    desk = await opened(house, client, person, POLRES, unit)
    id = await desk.through("skck-new", POLRES, **PRINTS, **form)
    await drain(house)
    ended = await desk.get(f"/v1/applications/{id}")
    assert (ended["state"], ended["unit"], ended["amount"]) == ("issued", unit, amount)
    assert ended["issued"]["number"].endswith(unit)
    sheet = await said(desk, id)
    assert demo.PEOPLE[person].name in sheet
    assert "Jakarta," in sheet, "the place of birth that was asked for"


async def test_a_heavy_licence_is_renewed_at_the_satpas_printed_and_handed_over(
    house: House, client: httpx.AsyncClient
) -> None:
    desk = await opened(house, client, demo.WATI)
    id = await desk.through("sim-renewal", sim_class="BI", delivery="pickup", pickup_by="self")
    await drain(house)
    for action, state in (("print", "printed"), ("make_ready", "ready"), ("hand_over", "handed_over")):
        await desk.act(id, Role.COUNTER, action)
        assert await desk.state(id) == state
    for foreign in ("Cara menerima", "Siapa yang mengambil"):
        assert foreign not in await said(desk, id)


async def test_an_international_permit_is_renewed_and_sent(house: House, client: httpx.AsyncClient) -> None:
    desk = await opened(house, client, demo.BUDI, "KORLANTAS")
    id = await desk.through("sim-international", "KORLANTAS", sim_class="A", kind="renewal", delivery="post")
    await drain(house)
    seen = await desk.get(f"/v1/applications/{id}")
    assert seen["amount"] == 225_000
    await desk.act(id, Role.COUNTER, "print")
    await desk.act(id, Role.COUNTER, "ship", tracking_no="POS-0001")
    await desk.act(id, Role.COUNTER, "hand_over")
    assert await desk.state(id) == "handed_over"
    assert "Jakarta," in await said(desk, id)


async def test_a_dealers_application_gives_an_stnk_in_the_owners_name_with_its_plate(
    house: House, client: httpx.AsyncClient
) -> None:
    dealer, owner = await opened(house, client, demo.BUDI), demo.PEOPLE[demo.SITI]
    form = {
        "applied_by": "dealer", "owner_nik": owner.nik, "owner_name": owner.name, "owner_address": owner.address,
        "physical_check": "dealer_rubbing", "chassis_no": "MHKCNTH1JTK904321", "engine_no": "CNTH0904321",
    }  # fmt: skip
    id = await dealer.through("stnk-new", **form)
    await drain(house)
    async with house.db.read() as connection:
        bidx = house.keys.blind_index("vehicle-chassis", form["chassis_no"])
        query = select(col(VehicleRecord.plate)).where(col(VehicleRecord.chassis_bidx) == bidx)
        plate = str((await connection.execute(query)).scalar_one())
    sheet = await said(dealer, id)
    assert plate in sheet.replace(" ", "")
    for shown in (owner.name, owner.nik, "Toyota", "Avanza 1.3 G", "04321"):
        assert shown in sheet, shown
    for hidden in (demo.PEOPLE[demo.BUDI].name, demo.PEOPLE[demo.BUDI].nik, "Siapa yang mengurus"):
        assert hidden not in sheet, hidden
    buyer = await Desk(house, client, demo.RINA).sign_in()
    async with house.db.begin(SYSTEM) as tx:
        today = house.clock.now().date()
        due = VehicleTax(today, today.replace(year=today.year + 5), Rupiah(1), Rupiah(0), Rupiah(0), Rupiah(0))
        await enter_records(tx, [RecordLine(kind_of("tax"), plate, due)])
    sold = {"plate": plate, "chassis_tail": "04321", "physical_check": "done_elsewhere"}
    await buyer.through("stnk-transfer", **sold)
    await drain(house)
    old = (await dealer.get(f"/v1/applications/{id}"))["issued"]
    assert old["revoked_at"] is not None, "the buyer's STNK took the place of the first one"


async def test_a_companys_stnk_names_the_company_and_not_who_applied(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    desk = await opened(house, client, demo.BUDI)
    today = clock.now().date()
    async with house.db.begin(SYSTEM) as tx:
        await enter_vehicle(tx, COMPANY)
        due = VehicleTax(today, today.replace(year=today.year + 2), Rupiah(1), Rupiah(0), Rupiah(0), Rupiah(0))
        await enter_records(tx, [RecordLine(kind_of("tax"), COMPANY.plate, due)])
    form = {
        "plate": COMPANY.plate, "chassis_tail": COMPANY.chassis_no[-5:], "reason": "damaged", "physical_check": "done_elsewhere",
    }  # fmt: skip
    draft = await desk.hand_in(await desk.draft("stnk-replacement", **form))
    checked = await desk.post(f"/v1/applications/{draft['id']}/check")
    assert [each["pointer"] for each in checked["faults"]] == ["/documents/power_of_attorney"]
    assert (await desk.put(draft["id"], "power_of_attorney", paper("power_of_attorney"))).status_code == 200
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await desk.act(draft["id"], Role.OFFICER, "approve")
    await drain(house)
    shown = await said(desk, draft["id"])
    assert COMPANY.owner_name in shown
    assert COMPANY.owner_address in shown
    assert demo.PEOPLE[demo.BUDI].name not in shown
