"""Among whom the officer of a ticket is drawn: those of the unit who are there."""

import json
from datetime import timedelta
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases
from app.services.cases.models import Case, Draw
from app.services.etle import jobs
from app.services.identity import staff
from app.services.identity.demo import STAFF
from app.services.identity.roles import Role
from app.services.transparency.models import Leaf
from tests import make
from tests.drain import drain

OFFICERS = [each.email for each in STAFF if each.unit == "PMJ" and each.role is Role.OFFICER]


async def away(house: House, *emails: str) -> None:
    async with house.db.begin(SYSTEM) as tx:
        for email in emails:
            day = tx.now.date()
            await staff.set_absent(tx, email, first=day, last=day + timedelta(days=2))


async def assigned(house: House, case_id: UUID | None) -> str | None:
    async with house.db.begin(SYSTEM) as tx:
        case = await tx.one(Case, case_id) if case_id else None
    assert case is not None
    return case.assigned_to


async def test_who_is_away_is_not_drawn_and_the_log_says_so(house: House) -> None:
    await make.demo_set(house)
    *absent, present = OFFICERS
    await away(house, *absent)
    case_id = await make.case_of(house, await make.capture(house))
    drawn = await assigned(house, case_id)
    async with house.db.read() as connection:
        known = {each.email: str(each.id) for each in await staff.list_(connection, house.keys)}
        pool = (await connection.execute(select(col(Leaf.body)).where(col(Leaf.kind) == "draw_pool"))).scalar_one()
    assert drawn == known[present]
    body = json.loads(pool)
    assert body["members"] == [{"id": known[present], "weight": 1}]
    assert {each["id"]: each["why"] for each in body["excluded"]} == {known[each]: "absent" for each in absent}
    assert (body["case"], body["unit"]) == (str(case_id), "PMJ")


async def test_nobody_there_it_waits_until_somebody_is(
    house: House, clock: FixedClock, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    await away(house, *OFFICERS)
    case_id = await make.undrawn(house, await make.capture(house))
    headers = await make.staff_headers(house, Role.OFFICER)

    async def shown() -> list[bool]:
        answer = (await client.get("/v1/counter/tasks", headers=headers)).json()
        assert answer["tasks"] == []
        return [each["announced"] for each in answer["being_drawn"] if each["case_id"] == str(case_id)]

    assert await shown() == [False]
    await jobs.draw_waiting(house)
    assert await cases.draw_announced(house) == 0
    assert await assigned(house, case_id) is None
    clock.advance(timedelta(days=3))
    headers = await make.staff_headers(house, Role.OFFICER)
    await jobs.draw_waiting(house)
    assert await shown() == [True]
    await jobs.draw_waiting(house)
    async with house.db.read() as connection:
        assert len((await connection.execute(select(col(Draw.id)))).all()) == 1
    await drain(house)
    assert await assigned(house, case_id) is not None


async def test_the_citizen_finds_the_proof_of_the_draw(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    numbers = {"plate": make.PLATE, "chassis_no": make.VEHICLE.chassis_no, "engine_no": make.VEHICLE.engine_no}
    [ticket] = (await client.post("/v1/tickets/lookup", json=numbers)).json()["tickets"]
    access = {"Authorization": f"Bearer {ticket['access_token']}"}
    items = (await client.get(f"/v1/tickets/{case_id}/timeline", headers=access)).json()["items"]
    [draw] = [each["draw"] for each in items if each["action"] == "draw_officer"]
    document = (await client.get(f"/v1/transparency/draws/{draw}")).json()
    verdict = cases.verify_draw(document)
    assert (verdict.fault, verdict.drawn) == ("", await assigned(house, case_id))
    assert ticket["reference"] not in json.dumps(document), "the open record does not say which ticket"
