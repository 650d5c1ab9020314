"""The ways on which an application ends badly or is mended, over HTTP, for a service of each family: STNK, SIM and SKCK."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases
from app.services.identity.roles import Role
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper
from tests.drain import drain
from tests.journeys.test_applications import vehicle


@dataclass(frozen=True)
class Family:
    """A service, who gets it and how; who is refused by which condition; and the paper that an officer sends back."""

    service: str
    person: int
    form: dict[str, Any]
    refused: tuple[int, dict[str, Any], str]
    marked: tuple[str, str, str]


FAMILIES = {
    "stnk": Family(
        "stnk-renewal",
        demo.SITI,
        vehicle("B5678ABC"),
        (demo.WATI, vehicle(demo.BLOCKED_PLATE), "not-blocked"),
        ("bpkb", "unreadable", "other bpkb"),
    ),
    "sim": Family(
        "sim-renewal",
        demo.BUDI,
        {"sim_class": "A"},
        (demo.TONO, {"sim_class": "C"}, "jkn-active"),
        ("photo", "photo", "other photo"),
    ),
    "skck": Family(
        "skck-new",
        demo.BUDI,
        {"purpose": "private_employer"},
        (demo.TONO, {"purpose": "private_employer"}, "jkn-active"),
        ("ktp", "unreadable", "other ktp"),
    ),
}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


@pytest.fixture
async def opened(house: House) -> House:
    """The demo set, and a unit with people and hours."""
    await make.demo_set(house)
    await opened_unit(house)
    return house


async def handed_in(desk: Desk, family: Family) -> tuple[str, bool]:
    """Submitted and not paid; the id, and whether somebody must come."""
    draft = await desk.hand_in(await desk.draft(family.service, **family.form))
    comes = (await desk.post(f"/v1/applications/{draft['id']}/check"))["needs_appointment"]
    if comes:
        await desk.book(draft["id"], family.service, POLRES)
    assert (await desk.submit(draft["id"]))["state"] == "awaiting_payment"
    return str(draft["id"]), comes


async def test_refused_by_a_condition_before_any_money(
    opened: House, client: httpx.AsyncClient, family: Family
) -> None:
    person, form, condition = family.refused
    desk = await Desk(opened, client, person).sign_in()
    draft = await desk.hand_in(await desk.draft(family.service, **form))
    path = f"/v1/applications/{draft['id']}"
    checked = await desk.post(f"{path}/check")
    assert condition in [each["name"] for each in checked["eligibility"] if each["outcome"] == "refused"]
    said = await desk.post(f"{path}/submit", status=422)
    assert said["code"] == "applications-not-eligible"
    assert f"/eligibility/{condition}" in [each["pointer"] for each in said["errors"]]
    seen = await desk.get(path)
    assert (seen["state"], seen["bill"], seen["form"]) == ("draft", None, draft["form"]), "nothing typed is lost"


async def test_returned_mended_and_issued(opened: House, client: httpx.AsyncClient, family: Family) -> None:
    desk = await Desk(opened, client, family.person).sign_in()
    id, comes = await handed_in(desk, family)
    await desk.pay(id)
    name, code, other = family.marked
    await desk.act(id, Role.OFFICER, "ask_correction", marks=[{"pointer": f"/documents/{name}", "code": code}])
    seen = await desk.get(f"/v1/applications/{id}")
    assert [each["name"] for each in seen["documents"] if each["state"] == "marked"] == [name]
    assert (await desk.post(f"/v1/applications/{id}/submit", status=422))["code"] == "applications-not-mended"
    assert (await desk.put(id, name, paper(other))).status_code == 200
    assert (await desk.submit(id))["state"] == "in_review"
    assert (await desk.get(f"/v1/applications/{id}/bill"))["state"] == "paid", "it costs nothing again"
    if comes:
        await desk.act(id, Role.OFFICER, "call_in")
        await desk.act(id, Role.COUNTER, "attend")
    await desk.act(id, Role.OFFICER, "approve")
    await drain(opened)
    ended = await desk.get(f"/v1/applications/{id}")
    assert (ended["state"], ended["issued"]["ready"]) == ("issued", True)


async def test_refused_by_two_and_everything_goes_back(
    opened: House, client: httpx.AsyncClient, family: Family
) -> None:
    desk = await Desk(opened, client, family.person).sign_in()
    id, comes = await handed_in(desk, family)
    await desk.pay(id)
    amount = (await desk.get(f"/v1/applications/{id}/bill"))["amount"]
    await desk.act(id, Role.OFFICER, "propose_refusal", code="false_document", reason="Berkas tidak asli")
    await desk.act(id, Role.OFFICER, "confirm_refusal", status=403, reason="setuju dengan diri sendiri")
    await desk.act(id, Role.SUPERVISOR, "confirm_refusal", reason="Benar, berkas itu tidak asli")
    ended = await desk.get(f"/v1/applications/{id}")
    assert (ended["state"], ended["issued"]) == ("rejected", None)
    assert [(each["amount"], each["state"]) for each in ended["refunds"]] == [(amount, "owed")]
    if comes:
        answer = await client.get(f"/v1/applications/{id}/appointment", headers=desk.headers)
        assert answer.status_code == 404, "the place is free again"


async def test_a_bill_that_nobody_pays_lapses_and_is_made_anew(
    opened: House, client: httpx.AsyncClient, clock: FixedClock, family: Family
) -> None:
    desk = await Desk(opened, client, family.person).sign_in()
    id, comes = await handed_in(desk, family)
    first = await desk.get(f"/v1/applications/{id}/bill")
    clock.advance(timedelta(days=9))
    await cases.sweep(opened)
    await desk.sign_in()
    assert await desk.state(id) == "expired"
    reopened = await desk.post(f"/v1/applications/{id}/reopen")
    assert reopened["state"] == "draft"
    assert all(each["state"] == "accepted" for each in reopened["documents"] if each["required"]), "nothing is lost"
    if comes:
        await desk.book(id, family.service, POLRES)
    again = await desk.submit(id)
    assert (again["state"], again["bill"]["amount"]) == ("awaiting_payment", first["amount"])
    assert again["bill"]["state"] == "open"
    await desk.pay(id)
    assert await desk.state(id) == "in_review"
