"""The day to come of somebody who is helped at the counter: the waiting list, the draw of a scarce day, letting go; with their code."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import appointments
from app.services.appointments import Window
from app.services.identity.roles import Role
from app.services.notifications import list_outbox
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.drain import drain

WHO, KIND, SERVICE = demo.PEOPLE[demo.BUDI], "skck_fingerprints", "skck-new"
ASSISTED = "/v1/counter/assisted/applications"


class Helped:
    """An application of Budi's that the counter of his unit may fill in."""

    def __init__(self, desk: Desk, id: str) -> None:
        self.desk, self.client, self.path = desk, desk.client, f"{ASSISTED}/{id}"

    async def call(self, verb: str, door: str, body: Any = None) -> httpx.Response:
        headers = await self.desk.staff(Role.COUNTER, POLRES)
        return await self.client.request(verb, f"{self.path}{door}", headers=headers, json=body)

    async def code(self, step: str = "rebook") -> str:
        """The code that Budi was sent for a step."""
        asked = await self.call("POST", "/consents", {"step": step})
        assert asked.status_code == 201, asked.text
        await drain(self.desk.house)
        async with self.desk.house.db.read() as connection:
            shown = await list_outbox(connection, self.desk.house.keys, to=WHO.phone)
        return next(code for each in shown for code in re.findall(r"\b\d{6}\b", each.text))


@pytest.fixture
async def helped(house: House, client: httpx.AsyncClient) -> Helped:
    """A draft whose applicant has agreed to be helped."""
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    draft = await desk.hand_in(await desk.draft(SERVICE, purpose="private_employer"))
    made = Helped(desk, draft["id"])
    assert (await made.call("GET", "/appointment/wait")).json()["code"] == "applications-not-helped-here"
    assert (await made.call("POST", "/help", {"consent": await made.code("help")})).status_code == 200
    return made


async def drawn_days(house: House) -> str:
    """Every day of the unit is drawn, and the second from now is asked for."""
    async with house.db.begin(SYSTEM) as tx:
        known = (await appointments.windows_of(tx.session, POLRES))[KIND][0]
        same = {name: getattr(known, name) for name in Window.__slots__}
        drawn = [Window(**same | {"weekday": day, "drawn": True, "opens_days_before": 2}) for day in range(1, 8)]
        await appointments.set_windows(tx, POLRES, KIND, windows=drawn)
    return (house.clock.now().date() + timedelta(days=2)).isoformat()


def later(house: House) -> dict[str, Any]:
    today = house.clock.now().date()
    return {"first": (today + timedelta(days=14)).isoformat(), "last": (today + timedelta(days=20)).isoformat()}


async def test_a_draft_waits_asks_and_lets_go_at_the_counter_as_online(helped: Helped) -> None:
    house, days = helped.desk.house, later(helped.desk.house)
    waits = await helped.call("PUT", "/appointment/wait", days)
    assert (waits.status_code, waits.json()["state"]) == (200, "waiting"), waits.text
    assert (await helped.call("GET", "/appointment/wait")).json() == waits.json()
    assert (await helped.call("POST", "/appointment/release", {"what": "wait"})).status_code == 204
    assert (await helped.call("GET", "/appointment/wait")).status_code == 409
    held = await helped.desk.book(helped.path.split("/")[5], SERVICE, POLRES)
    assert (await helped.call("GET", "/appointment")).json()["starts_at"] == held["starts_at"]
    assert (await helped.call("POST", "/appointment/release", {"what": "place"})).status_code == 204
    assert (await helped.call("GET", "/appointment")).status_code == 404
    body = {"day": await drawn_days(house)}
    asked = await helped.call("PUT", "/appointment/ask", body)
    assert (asked.status_code, asked.json()["open"]) == (200, True), asked.text
    assert (await helped.call("GET", "/appointment/ask")).json() == asked.json()
    own = f"/v1/applications/{helped.path.split('/')[5]}/appointment/ask"
    assert (await helped.desk.get(own))["id"] == asked.json()["id"], "the applicant sees the same"
    assert (await helped.call("POST", "/appointment/release", {"what": "ask"})).status_code == 204
    assert (await helped.call("GET", "/appointment/ask")).status_code == 409
    strangers = await helped.client.put(
        f"{helped.path}/appointment/wait",
        headers=await helped.desk.staff(Role.COUNTER, "PMJ-POLRESTRO-JAKARTA-PUSAT"),
        json=days,
    )
    assert strangers.status_code == 404


async def test_once_handed_in_each_step_takes_the_applicants_code_and_is_an_event(helped: Helped) -> None:
    desk, id, days = helped.desk, helped.path.split("/")[5], later(helped.desk.house)
    await desk.book(id, SERVICE, POLRES)
    await desk.submit(id)
    await desk.pay(id)
    without = await helped.call("POST", "/appointment/release", {"what": "place"})
    assert (without.status_code, without.json()["code"]) == (422, "identity-consent-needed"), without.text
    wrong = await helped.call("POST", "/appointment/release", {"what": "place", "consent": "000000"})
    assert wrong.json()["code"] == "identity-consent-refused"
    other = await helped.call(
        "POST", "/appointment/release", {"what": "place", "consent": await helped.code("account")}
    )
    assert other.json()["code"] == "identity-consent-refused", "a code is for its own step"
    assert (await desk.get(f"/v1/applications/{id}/appointment"))["state"] == "confirmed"
    code = await helped.code()
    dropped = await helped.call("POST", "/appointment/release", {"what": "place", "consent": code})
    assert dropped.status_code == 204, dropped.text
    used = await helped.call("PUT", "/appointment/wait", days | {"consent": code})
    assert used.json()["code"] == "identity-consent-refused", "it is good once"
    waits = await helped.call("PUT", "/appointment/wait", days | {"consent": await helped.code()})
    assert waits.status_code == 200, waits.text
    left = await helped.call("POST", "/appointment/release", {"what": "wait", "consent": await helped.code()})
    assert left.status_code == 204
    day = await drawn_days(desk.house)
    asked = await helped.call("PUT", "/appointment/ask", {"day": day, "consent": await helped.code()})
    assert asked.status_code == 200, asked.text
    withdrawn = await helped.call("POST", "/appointment/release", {"what": "ask", "consent": await helped.code()})
    assert withdrawn.status_code == 204
    seen = await desk.get(f"/v1/applications/{id}/timeline")
    steps = [each["action"] for each in seen["items"] if each["by"] == "staff" and each["action"] != "look"]
    assert steps == ["let_date_go", "wait_for_date", "stop_waiting", "ask_for_day", "withdraw_ask"]
