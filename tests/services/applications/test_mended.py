"""What was handed in is judged by the terms of its day, and what is given back can always be mended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from app.services.applications.jobs import recheck
from app.services.identity.roles import Role
from app.services.registries import demo
from app.services.registries.demo import demo_vehicles
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper, registers_down

LAST_DAYS = timedelta(days=60)
"""Until Budi's licence ends."""
CAR = demo_vehicles()[0]


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


@asynccontextmanager
async def without(desk: Desk, register: str) -> AsyncIterator[Desk]:
    """The same citizen while a register is silent."""
    async with registers_down(desk.house, register) as broken:
        transport = httpx.ASGITransport(app=create_app(broken), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield replace(desk, house=broken, client=client, keys=desk.keys + 500)


async def marked(desk: Desk, service: str, *pointers: str, **form: Any) -> str:
    """Handed in, paid, and given back with these marks."""
    draft = await desk.hand_in(await desk.draft(service, **form))
    if (await desk.post(f"/v1/applications/{draft['id']}/check"))["needs_appointment"]:
        await desk.book(draft["id"], service, POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    marks = [{"pointer": each, "code": "data_mismatch"} for each in pointers]
    await desk.act(draft["id"], Role.OFFICER, "ask_correction", marks=marks)
    return str(draft["id"])


async def test_a_silent_register_makes_nobody_late(desk: Desk, clock: FixedClock) -> None:
    clock.advance(LAST_DAYS)
    await desk.sign_in()
    async with without(desk, "jkn") as waiting:
        draft = await waiting.hand_in(await waiting.draft("sim-renewal", sim_class="A"))
        assert (await waiting.put(draft["id"], "jkn_proof", paper("jkn_proof"))).status_code == 200
        assert (await waiting.submit(draft["id"]))["state"] == "manual_check", "on the licence's last day"
    clock.advance(timedelta(days=1))
    await recheck(desk.house)
    await desk.sign_in()
    assert await desk.state(draft["id"]) == "awaiting_payment"
    late = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    refused = await desk.post(f"/v1/applications/{late['id']}/submit", status=422)
    assert [each["pointer"] for each in refused["errors"]] == ["/eligibility/not-late"], "who begins today is late"


async def test_an_officers_question_makes_nobody_late(desk: Desk, clock: FixedClock) -> None:
    clock.advance(LAST_DAYS)
    await desk.sign_in()
    id = await marked(desk, "sim-renewal", "/documents/photo", sim_class="A")
    clock.advance(timedelta(days=3))
    await desk.sign_in()
    assert (await desk.put(id, "photo", paper("other photo"))).status_code == 200
    assert (await desk.submit(id))["state"] == "in_review"


async def test_a_register_that_falls_silent_later_asks_for_no_paper_that_cannot_be_given(desk: Desk) -> None:
    id = await marked(desk, "sim-renewal", "/documents/photo", sim_class="A")
    async with without(desk, "health") as waiting:
        assert (await waiting.put(id, "photo", paper("other photo"))).status_code == 200
        assert (await waiting.submit(id))["state"] == "in_review"


async def test_what_a_mended_answer_opens_can_be_given(desk: Desk) -> None:
    id = await marked(desk, "sim-replacement", "/form/reason", sim_class="A", reason="lost")
    assert (await desk.put(id, "damaged_sim", paper("damaged_sim"))).status_code == 409, "nobody asked for it"
    changed = await desk.patch(id, {"reason": "damaged"})
    assert "/documents/damaged_sim" in [each["pointer"] for each in changed["marks"]]
    refused = await desk.post(f"/v1/applications/{id}/submit", status=422)
    assert [each["pointer"] for each in refused["errors"]] == ["/documents/damaged_sim"]
    assert (await desk.put(id, "damaged_sim", paper("damaged_sim"))).status_code == 200
    assert (await desk.submit(id))["state"] == "in_review"


async def test_an_answer_that_another_one_opens_goes_along_with_it(desk: Desk) -> None:
    form = {"reason": "damaged", "lost_on": None, "police_report_no": None}
    id = await marked(desk, "sim-replacement", "/form/reason", sim_class="A", **form)
    shut = await desk.patch(id, {"lost_on": "2026-02-20"}, status=409)
    assert shut["code"] == "applications-not-open"
    lost = {"reason": "lost", "lost_on": "2026-02-20", "police_report_no": "LKH/001/II/2026"}
    await desk.patch(id, lost)
    assert (await desk.patch(id, {"address": "Jalan Lain No. 12, Jakarta"}, status=409))["code"] == shut["code"]
    assert (await desk.put(id, "police_report", paper("police_report"))).status_code == 200
    assert (await desk.submit(id))["state"] == "in_review"


async def test_an_answer_that_a_machine_refuses_is_mended_again(desk: Desk) -> None:
    id = await marked(desk, "sim-replacement", "/form/lost_on", sim_class="A", reason="lost")
    await desk.patch(id, {"lost_on": "2026-12-31"})
    refused = await desk.post(f"/v1/applications/{id}/submit", status=422)
    assert [each["pointer"] for each in refused["errors"]] == ["/eligibility/loss-not-in-future"]
    await desk.patch(id, {"lost_on": "2026-02-20"})
    assert (await desk.submit(id))["state"] == "in_review"


async def test_no_mended_answer_leads_to_what_was_not_paid_for(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    buyer = await Desk(house, client, demo.SITI).sign_in()
    form = {"plate": CAR.plate, "chassis_tail": CAR.chassis_no[-5:], "physical_check": "done_elsewhere"}
    id = await marked(buyer, "stnk-transfer", "/form/mutation", mutation="same_region", **form)
    await buyer.patch(id, {"mutation": "letter_needed"})
    refused = await buyer.post(f"/v1/applications/{id}/submit", status=422)
    assert refused["code"] == "applications-mended-price"
    assert (await buyer.get(f"/v1/applications/{id}"))["state"] == "needs_correction"
    await buyer.patch(id, {"mutation": "same_region"})
    assert (await buyer.submit(id))["state"] == "in_review"
