"""Services that a Polda wrote by itself: a file in a directory and nothing else, from its page to the issued document."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from app.services import appointments
from app.services.appointments import Window
from app.services.identity.roles import Role
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.conftest import open_house
from tests.drain import drain

DATA = Path(__file__).parents[1] / "data"
POLDA = "PMJ"
CAR = demo.demo_vehicles()[0]


@pytest.fixture
def own_services(tmp_path: Path) -> Path:
    """A directory with files that were dropped into it."""
    folder = tmp_path / "layanan"
    folder.mkdir()
    for file in (*(DATA / "catalogue_odd").glob("*.yaml"), DATA / "catalogue_extra" / "band-permit.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture
async def house(engine_url: str, tmp_path: Path, clock: FixedClock, own_services: Path) -> AsyncIterator[House]:
    async with open_house(engine_url, tmp_path, clock, catalogue=own_services) as made:
        yield made


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    """Budi, and two units with staff and hours; the talk about security is a kind of appointment of their own."""
    await make.demo_set(house)
    for unit in (POLRES, POLDA):
        await opened_unit(house, unit)
        async with house.db.begin(SYSTEM) as tx:
            hours = [
                Window(
                    weekday=day, opens=9 * 60, closes=11 * 60, minutes=30, rooms=1, staff=1, opens_days_before=30,
                    valid_from=date(2026, 1, 1),
                )
                for day in range(1, 6)
            ]  # fmt: skip
            await appointments.set_windows(tx, unit, "crowd_talk", windows=hours)
    transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield await Desk(house, client, demo.BUDI).sign_in()


def event(clock: FixedClock, *, days: int = 30, **form: Any) -> dict[str, Any]:
    begins = (clock.now() + timedelta(days=days)).date()
    return {"begins_on": begins.isoformat(), "ends_on": (begins + timedelta(days=1)).isoformat(), **form}


async def through(desk: Desk, service: str, unit: str, place: str = "", **form: Any) -> dict[str, Any]:
    """To the issued document; `place` is where the appointment is. Gives the application at its end."""
    draft = await desk.hand_in(await desk.draft(service, unit, **form))
    checked = await desk.post(f"/v1/applications/{draft['id']}/check")
    assert (checked["faults"], checked["needs_appointment"]) == ([], bool(place)), checked
    if place:
        await desk.book(draft["id"], service, place)
    await desk.submit(draft["id"])
    if checked["amount"]:
        await desk.pay(draft["id"])
    if place:
        await desk.act(draft["id"], Role.OFFICER, "call_in")
        await desk.act(draft["id"], Role.COUNTER, "attend")
    await desk.act(draft["id"], Role.OFFICER, "approve")
    await drain(desk.house)
    ended: dict[str, Any] = await desk.get(f"/v1/applications/{draft['id']}")
    verified = (await desk.client.get(f"/v1/verify/{ended['issued']['verify']}")).json()
    assert (ended["state"], verified["status"]) == ("issued", "valid")
    return ended


async def test_the_least_that_is_needed_is_a_service_from_end_to_end(desk: Desk) -> None:
    draft = await desk.draft("band-permit")
    await desk.submit(draft["id"])
    await desk.act(draft["id"], Role.OFFICER, "approve")
    ended = await desk.get(f"/v1/applications/{draft['id']}")
    assert (ended["state"], ended.get("issued")) == ("issued", None)


@pytest.mark.parametrize(
    ("visitors", "unit", "place"), [(200, POLRES, ""), (3000, POLRES, POLRES), (6000, POLDA, POLDA)]
)
async def test_an_event_goes_to_the_unit_and_the_talk_that_its_size_wants(
    desk: Desk, clock: FixedClock, visitors: int, unit: str, place: str
) -> None:
    form = event(clock, visitors=visitors, closes_road=False, road=None)
    ended = await through(desk, "street-event", POLRES, place, **form)
    assert ended["unit"] == unit
    assert ended["issued"]["valid_until"] == form["ends_on"], "an end that the form says"
    assert [each["name"] for each in ended["documents"] if each["state"] == "accepted"] == (
        ["ktp"] if visitors < 500 else ["sketch", "ktp"]
    )


@pytest.mark.parametrize(("days", "more", "sentence"), [
    (5, {}, "fourteen-days-before"),
    (30, {"ends_on": "2026-03-01"}, "ends-after-it-begins"),
])  # fmt: skip
async def test_its_own_sentences_refuse_before_anything_is_handed_in(
    desk: Desk, clock: FixedClock, days: int, more: dict[str, str], sentence: str
) -> None:
    draft = await desk.hand_in(await desk.draft("street-event", **{**event(clock, days=days, visitors=100), **more}))
    answer = await desk.client.post(f"/v1/applications/{draft['id']}/submit", headers=desk.key(), json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "applications-not-eligible")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/eligibility/{sentence}"]


async def test_a_new_colour_is_paid_by_wheels_looked_at_and_printed(desk: Desk) -> None:
    vehicle = {"plate": CAR.plate, "chassis_tail": CAR.chassis_no[-5:], "new_colour": "Putih"}
    same = await desk.hand_in(await desk.draft("vehicle-colour", **{**vehicle, "new_colour": CAR.colour.upper()}))
    answer = await desk.client.post(f"/v1/applications/{same['id']}/submit", headers=desk.key(), json={})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/eligibility/another-colour"]
    ended = await through(desk, "vehicle-colour", POLRES, POLRES, **vehicle)
    assert ended["amount"] == 200_000
    await desk.act(ended["id"], Role.COUNTER, "print")
    assert await desk.state(ended["id"]) == "printed"


async def test_a_choice_of_numbers_is_answered_and_leads_to_price_and_unit(desk: Desk) -> None:
    needs = (await desk.client.get("/v1/services/escort/needs", params={"answer": "rank:1"})).json()
    assert (needs["price"]["from"]["amount"], needs["documents"][0]["need"]) == (80_000, "needed")
    ended = await through(desk, "escort", POLRES, vehicles=12, rank=2)
    assert (ended["unit"], ended["amount"]) == (POLDA, 30_000 + 143_000)
    assert ended["form"]["contact"] == {"name": "Budi"}


async def test_pages_and_figures_know_them_too(desk: Desk) -> None:
    page = await desk.client.get("/layanan/street-event", headers={"accept": "text/html"})
    assert page.status_code == 200
    for words in ("Izin keramaian", "Rencana pengamanan dibicarakan.", "Rp0"):
        assert words in page.text
    listed = (await desk.client.get("/v1/services")).json()["items"]
    assert {"band-permit", "escort", "street-event", "vehicle-colour"} < {each["code"] for each in listed}
