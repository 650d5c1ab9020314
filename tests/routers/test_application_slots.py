"""The citizen's JSON doors to the day to come: the waiting list, and the draw of a scarce day."""

from datetime import timedelta

import httpx

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import appointments
from app.services.appointments import Window
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit

KIND = "skck_fingerprints"


async def test_who_finds_no_place_waits_and_leaves_the_list_again(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    path = f"/v1/applications/{(await desk.draft('skck-new'))['id']}/appointment"
    assert (await client.get(f"{path}/wait", headers=desk.headers)).json()["code"] == "appointments-not-waiting"
    first, last = ((clock.now() + timedelta(days=days)).date().isoformat() for days in (40, 60))
    wanted = {"first": first, "last": last}
    made = await client.put(f"{path}/wait", headers=desk.key(), json=wanted)
    assert made.status_code == 200, made.text
    assert made.json() == wanted | {"unit": POLRES, "kind": KIND, "state": "waiting", "ahead": 0}
    assert await desk.get(f"{path}/wait") == made.json()
    for wrong, code in (
        ({"first": last, "last": first}, "appointments-wait-range"),
        ({"first": first, "last": "9999-12-31"}, "appointments-wait-range"),
        ({"first": first}, "request-invalid"),
    ):
        refused = await client.put(f"{path}/wait", headers=desk.headers, json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    stranger = await Desk(house, client, demo.SITI).sign_in()
    for verb in ("GET", "DELETE"):
        for door in ("wait", "ask"):
            assert (await client.request(verb, f"{path}/{door}", headers=stranger.headers)).status_code == 404
    assert (await client.delete(f"{path}/wait", headers=desk.headers)).status_code == 204
    assert (await client.delete(f"{path}/wait", headers=desk.headers)).status_code == 409
    online = await desk.draft("stnk-annual", owner_nik=None)
    nowhere = await client.put(f"/v1/applications/{online['id']}/appointment/wait", headers=desk.headers, json=wanted)
    assert nowhere.json()["code"] == "applications-no-appointment"
    naive = await client.post(path, headers=desk.key(), json={"starts_at": f"{first}T08:00:00"})
    assert (naive.status_code, naive.json()["errors"][0]["pointer"]) == (422, "/starts_at")


async def test_a_scarce_day_is_asked_for_with_wishes_that_can_change(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    async with house.db.begin(SYSTEM) as tx:
        known = (await appointments.windows_of(tx.session, POLRES))[KIND][0]
        same = {name: getattr(known, name) for name in Window.__slots__}
        drawn = [Window(**same | {"weekday": day, "drawn": True, "opens_days_before": 3}) for day in range(1, 8)]
        await appointments.set_windows(tx, POLRES, KIND, windows=drawn)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    path = f"/v1/applications/{(await desk.draft('skck-new'))['id']}/appointment/ask"
    today = house.clock.now().date()
    days = {"from": today.isoformat(), "to": (today + timedelta(days=6)).isoformat()}
    listed = await desk.get(f"/v1/units/{POLRES}/slots", service="skck-new", **days)
    day = next(each["day"] for each in listed["days"] if each["state"] == "drawn")
    starts = [each["starts_at"] for each in listed["slots"] if each["starts_at"].startswith(day)]
    assert (await client.get(path, headers=desk.headers)).json()["code"] == "appointments-not-asked"
    once = desk.key()
    body = {"day": day, "wishes": starts[:1]}
    asked = await client.put(path, headers=once, json=body)
    assert asked.status_code == 200, asked.text
    assert (await client.put(path, headers=once, json=body)).json() == asked.json()
    again = await client.put(path, headers=desk.headers, json={"day": day})
    assert (again.json()["id"], again.json()["wishes"], len(asked.json()["wishes"])) == (asked.json()["id"], [], 1)
    public = await desk.get(f"/v1/transparency/slot-draws/{asked.json()['draw']}")
    assert (public["day"], again.json()["open"]) == (day, True)
    for wrong, status in (
        ({"day": day, "wishes": ["2026-01-01T08:00:00+07:00"]}, 409),
        ({"day": day, "wishes": ["0001-01-01T00:00:00+14:00"]}, 409),
        ({"day": day, "wishes": starts[:1] * 13}, 422),
        ({"day": day, "wishes": [f"{day}T08:00:00"]}, 422),
        ({"day": "9999-12-31"}, 409),
    ):
        refused = await client.put(path, headers=desk.headers, json=wrong)
        assert refused.status_code == status, (wrong, refused.text)
    assert (await client.delete(path, headers=desk.headers)).status_code == 204
    assert (await client.get(path, headers=desk.headers)).status_code == 409
