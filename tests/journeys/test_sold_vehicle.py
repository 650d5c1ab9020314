"""A vehicle is sold: the seller reports it, the buyer has it renamed, and the vehicle register learns of both, also late."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import UPSTREAM_UNAVAILABLE
from app.services import cases
from app.services.applications import issue
from app.services.cases import Case
from app.services.registries import Owner, Registers, Stnk, Vehicle, VehicleRegistry, demo
from app.services.registries.models import VehicleRecord
from tests import make
from tests.applying import Desk, opened_unit
from tests.drain import drain

PLATE = "B1234XYZ"
TAIL = next(each for each in demo.demo_vehicles() if each.plate == PLATE).chassis_no[-5:]
CAR = {"plate": PLATE, "chassis_tail": TAIL}


class WritesNothing:
    """A register that answers questions and takes nothing in."""

    def __init__(self, register: VehicleRegistry) -> None:
        self.find = register.find

    async def change_owner(self, _registry_id: str, _request_id: str, _owner: Owner) -> None:
        raise UPSTREAM_UNAVAILABLE(name="uji")

    async def enter_stnk(self, _registry_id: str, _request_id: str, _stnk: Stnk) -> None:
        raise UPSTREAM_UNAVAILABLE(name="uji")


async def registered(house: House) -> Vehicle:
    found = await house[VehicleRegistry].find(PLATE)
    assert found is not None
    return found


async def mends(house: House, case_id: str) -> list[str | None]:
    async with house.db.read() as connection:
        return [each.note for each in await cases.tasks_of(connection, UUID(case_id)) if each.kind == cases.MEND]


async def test_from_the_sale_to_the_new_owner(house: House, client: httpx.AsyncClient, clock: FixedClock) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    seller, buyer = Desk(house, client, demo.BUDI), Desk(house, client, demo.SITI)
    await seller.sign_in()
    await buyer.sign_in()
    old = await seller.through("stnk-replacement", **CAR)
    await drain(house)
    assert (await registered(house)).stnk_no == (await seller.get(f"/v1/applications/{old}"))["issued"]["number"]
    sold = {"sold_on": "2026-03-01", "buyer_name": "Siti Misal", "buyer_nik": demo.PEOPLE[demo.SITI].nik}
    await seller.through("stnk-sale-report", **CAR, **sold)
    await drain(house)
    reported = await registered(house)
    assert reported.blocked
    assert reported.owner.nik == demo.PEOPLE[demo.BUDI].nik
    assert reported.answerable_on(date(2026, 3, 2)).nik == demo.PEOPLE[demo.SITI].nik, "the next ticket is the buyer's"
    tax = await house[Registers].find("tax", PLATE)
    assert tax is not None

    renamed = await buyer.through("stnk-transfer", **CAR)
    dead = replace(house, parts={**house.parts, VehicleRegistry: WritesNothing(house[VehicleRegistry])})
    await drain(dead, raise_errors=False)
    seen = await buyer.get(f"/v1/applications/{renamed}")
    assert (seen["state"], seen["issued"]["ready"]) == ("issued", True), (
        "a register that takes nothing in delays nothing"
    )
    await issue.tell_registers(dead)
    assert await mends(house, renamed) == [], "it is told again for a day before anybody is bothered"
    clock.advance(timedelta(hours=25))
    for _ in range(2):
        await issue.tell_registers(dead)
    [note] = await mends(house, renamed)
    assert note is not None
    assert "upstream-unavailable" in note
    assert (await registered(house)).owner.nik == demo.PEOPLE[demo.BUDI].nik

    for _ in range(2):
        await issue.tell_registers(house)
    after = await registered(house)
    assert (after.owner.nik, after.owner.name) == (demo.PEOPLE[demo.SITI].nik, "Siti Misal")
    assert after.owner.phone == demo.PEOPLE[demo.SITI].phone
    assert (after.sale, after.blocked) == (None, False)
    was = await seller.sign_in()
    issued = (await (await buyer.sign_in()).get(f"/v1/applications/{renamed}"))["issued"]
    assert after.stnk_no == issued["number"]
    paid = replace(tax.paid(), stnk_valid_until=date.fromisoformat(issued["valid_until"]))
    assert (await house[Registers].find("tax", PLATE)) == paid, "what was paid with it is entered once"
    void = (await was.get(f"/v1/applications/{old}"))["issued"]["verify"]
    assert (await client.get(f"/v1/verify/{void}")).json()["status"] == "replaced", (
        "the seller's STNK is no longer good"
    )
    async with house.db.begin(SYSTEM) as tx:
        assert (await tx.session.get(Case, UUID(old))).state == "completed"  # type: ignore[union-attr]


async def test_the_register_learns_of_a_new_vehicle_and_of_its_stnk(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    new = {"chassis_no": "MHKCNTH1JKK777777", "engine_no": "CNTH0777777"}
    id = await desk.through("stnk-new", **new)
    await drain(house)
    issued = (await desk.get(f"/v1/applications/{id}"))["issued"]
    async with house.db.read() as connection:
        bidx = house.keys.blind_index("vehicle-chassis", new["chassis_no"])
        query = select(col(VehicleRecord.plate)).where(col(VehicleRecord.chassis_bidx) == bidx)
        plate = (await connection.execute(query)).scalar_one()
    found = await house[VehicleRegistry].find(plate)
    assert found is not None
    assert (found.owner.nik, found.stnk_no, found.plate[0]) == (demo.PEOPLE[demo.BUDI].nik, issued["number"], "B")
    await issue.enter_register(house, id)
    async with house.db.read() as connection:
        assert len((await connection.execute(query)).all()) == 1, "told twice, entered once"
