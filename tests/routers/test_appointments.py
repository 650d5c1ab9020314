"""The doors of appointments: free slots for all, hours for the supervisor, drawn days for whoever draws again."""

import dataclasses
from datetime import timedelta
from uuid import uuid4

import pytest

from app.core.actor import SYSTEM
from app.core.ids import new_id
from app.main import create_app
from app.services import appointments
from app.services.appointments import KindOf, slot_draw
from app.services.identity.roles import Role
from tests import make
from tests.services.appointments.world import KIND, MONDAY, UNIT, WEDNESDAY, at, book, fitted, hours, new_cases, window

WINDOWS, SLOTS = "/v1/counter/windows", f"/v1/units/{UNIT}/slots"
ASKED = {"service": "skck-new", "from": "2026-03-02", "to": "2026-03-08"}
BODY = {
    "weekday": 3,
    "opens": "08:00",
    "closes": "09:00",
    "minutes": 30,
    "rooms": 2,
    "staff": 3,
    "opens_days_before": 14,
    "valid_from": "2026-01-01",
}


@pytest.fixture
def desk(house, client):
    made = fitted(house)
    client._transport.app = create_app(made)
    return made


@pytest.fixture
async def chief(desk):
    await make.demo_set(desk)
    return await make.staff_headers(desk, Role.SUPERVISOR)


async def test_a_supervisor_sets_the_hours_and_everybody_sees_the_slots(client, desk, chief):
    answer = await client.put(WINDOWS, json={"kind": KIND, "windows": [BODY]}, headers=chief)
    assert (answer.status_code, answer.json()["conflicts"]) == (200, [])
    listed = (await client.get(WINDOWS, headers=chief)).json()
    assert listed["kinds"] == [
        {"kind": KIND, "version": answer.json()["version"], "windows": [BODY | {"drawn": False, "valid_until": None}]}
    ]
    seen = await client.get(SLOTS, params=ASKED)
    body = seen.json()
    assert (body["unit"], body["zone"], body["kind"], body["minutes"]) == (UNIT, "Asia/Jakarta", KIND, 10)
    assert [each["state"] for each in body["days"]] == ["closed", "closed", "open", *["closed"] * 4]
    assert body["slots"] == [
        {
            "starts_at": f"2026-03-04T{start}:00+07:00",
            "ends_at": f"2026-03-04T{end}:00+07:00",
            "places": 2,
            "free": 2,
        }
        for start, end in (("08:00", "08:30"), ("08:30", "09:00"))
    ]
    assert seen.headers["cache-control"] == "no-cache"
    again = await client.get(SLOTS, params=ASKED, headers={"If-None-Match": seen.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")
    [case_id] = await new_cases(desk)
    await book(desk, case_id)
    changed = await client.get(SLOTS, params=ASKED, headers={"If-None-Match": seen.headers["etag"]})
    assert [each["free"] for each in changed.json()["slots"]] == [1, 2]


async def test_what_is_asked_wrongly_is_said(client, desk, chief):
    for params, status, code in (
        (ASKED | {"service": "stnk-annual"}, 404, "appointments-no-appointment"),
        (ASKED | {"to": "2026-04-02"}, 422, "appointments-days-refused"),
        (ASKED | {"to": "2026-03-01"}, 422, "appointments-days-refused"),
        (ASKED | {"from": "9999-12-01", "to": "9999-12-31"}, 422, "appointments-days-refused"),
        (ASKED | {"from": "x"}, 422, "request-invalid"),
    ):
        answer = await client.get(SLOTS, params=params)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    nowhere = await client.get("/v1/units/NOWHERE/slots", params=ASKED)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "reference-unit-not-found")
    for wrong, pointer in (
        ({"closes": "25:00"}, "/windows/0/closes"),
        ({"closes": "07:00"}, "/windows/0"),
        ({"rooms": 0}, "/windows/0/rooms"),
    ):
        answer = await client.put(WINDOWS, json={"kind": KIND, "windows": [BODY | wrong]}, headers=chief)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_conflicts_are_answered_and_whoever_was_slower_is_refused(client, desk, chief):
    await hours(desk, window())
    case_id, other = await new_cases(desk, 2)
    await book(desk, case_id)
    await book(desk, other, "08:30")
    version = (await client.get(WINDOWS, headers=chief)).json()["kinds"][0]["version"]
    shut = {"kind": KIND, "windows": [BODY | {"opens": "08:30"}], "version": version}
    once = {**chief, "Idempotency-Key": "k1"}
    answer = await client.put(WINDOWS, json=shut, headers=once)
    [conflict] = answer.json()["conflicts"]
    assert (conflict["case_id"], conflict["why"], conflict["starts_at"]) == (
        str(case_id),
        "no_window",
        "2026-03-04T08:00:00+07:00",
    )
    assert (await client.put(WINDOWS, json=shut, headers=once)).json() == answer.json()
    slower = await client.put(WINDOWS, json=shut, headers=chief)
    assert (slower.status_code, slower.json()["code"]) == (409, "appointments-windows-changed")
    closed = await client.put("/v1/counter/closures/2026-03-04", json={"why": "Apel besar"}, headers=chief)
    assert {each["why"] for each in closed.json()["conflicts"]} == {"closed"}
    listed = (await client.get(WINDOWS, headers=chief)).json()
    assert listed["closures"] == [{"day": "2026-03-04", "why": "Apel besar"}]
    assert len(listed["conflicts"]) == 2
    assert (await client.delete("/v1/counter/closures/2026-03-04", headers=chief)).status_code == 204


async def test_only_the_units_supervisor_sets_hours(client, desk, chief):
    officer = await make.staff_headers(desk, Role.OFFICER)
    body = {"kind": KIND, "windows": [BODY]}
    assert (await client.put(WINDOWS, json=body)).status_code == 401
    assert (await client.put(WINDOWS, json=body, headers=officer)).status_code == 403
    assert (
        await client.put("/v1/counter/closures/2026-03-04", json={"why": "Apel"}, headers=officer)
    ).status_code == 403
    assert (await client.get(WINDOWS, headers=officer)).status_code == 200


async def test_a_drawn_day_can_be_drawn_again_by_anybody(client, desk):
    desk.clock.set(at(MONDAY, "09:15"))
    await hours(desk, window(opens_days_before=2, drawn=True))
    for case_id in await new_cases(desk, 5):
        async with desk.db.begin(SYSTEM) as tx:
            await appointments.ask(tx, case_id, unit=UNIT, kind=KIND, day=WEDNESDAY)
    days = (await client.get(SLOTS, params=ASKED)).json()["days"]
    assert days[2]["state"] == "drawn"
    assert days[2]["closes_at"] == "2026-03-02T10:00:00+07:00"
    desk.clock.advance(timedelta(hours=1))
    await slot_draw.draw_days(desk)
    listed = (await client.get("/v1/transparency/slot-draws", params={"unit": UNIT})).json()
    [line] = listed["draws"]
    assert (line["status"], line["day"], listed["next"]) == ("drawn", "2026-03-04", None)
    paper = (await client.get(f"/v1/transparency/slot-draws/{line['draw']}")).json()
    verdict = appointments.verify_slot_draw(paper)
    assert (verdict.fault, len(verdict.drawn)) == ("", 5)
    missing = await client.get(f"/v1/transparency/slot-draws/{new_id()}")
    assert (missing.status_code, missing.json()["code"]) == (404, "appointments-draw-not-found")


async def test_a_house_without_a_catalogue_has_no_appointments(client, house):
    parts = {**house.parts, KindOf: appointments.no_appointments}
    client._transport.app = create_app(dataclasses.replace(house, parts=parts))
    answer = await client.get(SLOTS, params=ASKED | {"service": f"x{uuid4().hex[:8]}"})
    assert (answer.status_code, answer.json()["code"]) == (404, "appointments-no-appointment")
