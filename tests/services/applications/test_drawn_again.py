"""Nobody's application waits for one officer: it is given back, or drawn again where that officer is not there."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases
from app.services.applications import jobs
from app.services.identity import staff
from app.services.identity.roles import Role
from app.services.registries import demo
from app.services.transparency.models import Leaf
from tests import make
from tests.applying import Desk, opened_unit
from tests.drain import drain

UNIT = "PMJ-POLRESTRO-JAKARTA-PUSAT"
FIRST = f"officer.{UNIT.lower()}@example.test"
SECOND = "petugas.kedua@example.test"


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    """Budi, at a unit with one officer."""
    await make.demo_set(house)
    await opened_unit(house, UNIT)
    return await Desk(house, client, demo.BUDI).sign_in()


async def in_review(desk: Desk) -> str:
    """Paid, and drawn."""
    draft = await desk.hand_in(await desk.draft("sim-renewal", UNIT, sim_class="A"))
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await settle(desk.house)
    return str(draft["id"])


async def settle(house: House) -> None:
    """Run the queue and let the announced lots fall."""
    await drain(house)
    await cases.draw_announced(house)


async def with_whom(house: House, id: str) -> str | None:
    """The officer whose case it is."""
    async with house.db.begin(SYSTEM) as tx:
        return (await cases.get_locked(tx, UUID(id))).assigned_to


async def second_officer(house: House) -> str:
    """Another officer comes to the unit; gives the id."""
    async with house.db.begin(SYSTEM) as tx:
        return str((await staff.add(tx, SECOND, roles=[Role.OFFICER], unit=UNIT)).id)


async def pools(house: House) -> list[dict[str, Any]]:
    """What the log says of who could be drawn, oldest first."""
    async with house.db.begin(SYSTEM) as tx:
        query = select(col(Leaf.body)).where(col(Leaf.kind) == "draw_pool").order_by(col(Leaf.id))
        return [json.loads(body) for body in (await tx.session.execute(query)).scalars()]


async def test_who_gives_an_application_back_is_not_drawn_again(desk: Desk) -> None:
    house, id = desk.house, await in_review(desk)
    first = await with_whom(house, id)
    alone = await desk.act(id, Role.OFFICER, "release", status=409, reason="Pemohon kerabat saya")
    assert alone["code"] == "applications-nobody-else"
    second = await second_officer(house)
    without = await desk.act(id, Role.OFFICER, "release", status=422)
    assert without["code"] == "cases-reason-needed"
    await desk.act(id, Role.OFFICER, "release", reason="Pemohon kerabat saya")
    await settle(house)
    assert await with_whom(house, id) == second
    [before, after] = await pools(house)
    assert (before["excluded"], after["excluded"]) == ([], [{"id": first, "why": "released"}])
    assert await desk.state(id) == "in_review"
    seen = await desk.get(f"/v1/applications/{id}/timeline")
    [given] = [each for each in seen["items"] if each["action"] == "release"]
    assert given["reason"] == "Pemohon kerabat saya"


async def test_what_lies_with_somebody_who_is_not_there_is_drawn_again(desk: Desk, clock: FixedClock) -> None:
    house, id = desk.house, await in_review(desk)
    first = await with_whom(house, id)
    today = clock.now().date()
    async with house.db.begin(SYSTEM) as tx:
        await staff.set_absent(tx, FIRST, first=today, last=today + timedelta(days=9))
    await jobs.draw_again(house)
    await settle(house)
    assert await with_whom(house, id) == first, "there is nobody else"
    second = await second_officer(house)
    await jobs.draw_again(house)
    await settle(house)
    assert await with_whom(house, id) == second
    drawn = len(await pools(house))
    await jobs.draw_again(house)
    assert len(await pools(house)) == drawn, "who is there keeps it"
    async with house.db.begin(SYSTEM) as tx:
        await staff.set_present(tx, FIRST)
        await staff.disable(tx, SECOND)
    await jobs.draw_again(house)
    await settle(house)
    assert await with_whom(house, id) == first
