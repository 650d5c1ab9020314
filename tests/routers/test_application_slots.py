"""The day to come over JSON: the waiting list, the draw of a scarce day, changed hours, and the unit that decides."""

from datetime import timedelta

import httpx

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import appointments
from app.services.appointments import Window
from app.services.identity.roles import Role
from app.services.notifications import list_outbox
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.drain import drain

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


async def test_who_is_booked_outside_of_changed_hours_is_told_with_the_next_free_time(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    path = f"/v1/applications/{(await desk.draft('skck-new'))['id']}/appointment"
    booked = await desk.book(path.split("/")[3], "skck-new", POLRES)
    day = booked["starts_at"][:10]
    assert (await desk.get(path))["misfit"] is None
    chief = await desk.staff(Role.SUPERVISOR, POLRES)
    closed = await client.put(f"/v1/counter/closures/{day}", json={"why": "Apel besar"}, headers=chief)
    assert len(closed.json()["conflicts"]) == 1, closed.text
    await drain(house)
    async with house.db.read() as connection:
        sent = [each.text for each in await list_outbox(connection, house.keys, to=demo.PEOPLE[demo.BUDI].phone)]
    [told] = [each for each in sent if "tidak bisa dilayani" in each]
    days = {"from": day, "to": (house.clock.now() + timedelta(days=10)).date().isoformat()}
    listed = await desk.get(f"/v1/units/{POLRES}/slots", service="skck-new", **days)
    free = next(each["starts_at"] for each in listed["slots"] if each["free"])
    assert f"{free[8:10]}.{free[5:7]}.{free[:4]} {free[11:13]}.{free[14:16]} WIB" in told
    assert (await desk.get(path))["misfit"] == "closed", "nobody is moved without being asked"
    await desk.post(path, {"starts_at": free})
    assert (await desk.get(path))["misfit"] is None


async def test_the_appointment_is_at_the_unit_that_decides(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="work_abroad"))
    assert draft["appointment_unit"] == POLRES, "the Polda takes nobody, so the prints are made at the own Polres"
    path = f"/v1/applications/{draft['id']}"
    assert (await desk.book(draft["id"], "skck-new", POLRES))["unit"] == POLRES
    async with house.db.begin(SYSTEM) as tx:
        known = (await appointments.windows_of(tx.session, POLRES))[KIND]
        await appointments.set_windows(tx, "PMJ", KIND, windows=known)
    assert (await desk.get(path))["appointment_unit"] == "PMJ"
    refused = await client.post(f"{path}/submit", headers=desk.key(), json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "applications-slot-elsewhere")
    assert (await desk.book(draft["id"], "skck-new", "PMJ"))["unit"] == "PMJ"
    submitted = await desk.submit(draft["id"])
    assert (submitted["unit"], submitted["appointment"]["unit"]) == ("PMJ", "PMJ")
    home = await desk.get(
        f"/v1/units/{POLRES}/slots",
        service="skck-new",
        **{"from": submitted["appointment"]["starts_at"][:10], "to": submitted["appointment"]["starts_at"][:10]},
    )
    assert {each["free"] for each in home["slots"]} == {2}, "the place at the Polres is free again"
