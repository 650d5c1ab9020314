"""The doors of the queue: staff by token, the list on the wall for all."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.main import create_app
from app.services import appointments
from app.services.identity.roles import Role
from tests import make
from tests.services.appointments.world import UNIT, WEDNESDAY, at, book, fitted, hours, new_cases, window

QUEUE, BOARD = "/v1/counter/queue", f"/v1/units/{UNIT}/queue"


@pytest.fixture
def desk(house, client):
    made = fitted(house)
    client._transport.app = create_app(made)
    return made


@pytest.fixture
async def clerk(desk):
    await make.demo_set(desk)
    desk.clock.set(at(WEDNESDAY, "07:30"))
    return await make.staff_headers(desk, Role.OFFICER)


def once(headers, key=None):
    return {**headers, "Idempotency-Key": key or uuid4().hex}


async def post(client, path, body, headers):
    return await client.post(f"{QUEUE}/{path}", json=body, headers=headers)


async def test_from_the_qr_to_done(client, desk, clerk):
    desk.clock.set(at(WEDNESDAY, "07:00") - timedelta(days=1))
    await hours(desk, window())
    [case_id] = await new_cases(desk)
    token = appointments.check_in_token(desk, await book(desk, case_id))
    desk.clock.set(at(WEDNESDAY, "07:30"))
    clerk = await make.staff_headers(desk, Role.OFFICER)
    scan = {"scan_id": str(uuid4()), "token": token, "scanned_at": "2026-03-04T07:29:00+07:00"}
    junk = {"scan_id": str(uuid4()), "token": "junk", "scanned_at": "2026-03-04T07:29:00+07:00"}
    for _ in range(2):
        answer = await post(client, "scans", {"scans": [scan, junk]}, clerk)
        results = answer.json()["results"]
        assert [(each["outcome"], each["number"]) for each in results] == [("counted", "A001"), ("not_ours", None)]
    walk_in = await post(client, "tickets", {"kind": "prints", "helped": "pregnant"}, once(clerk))
    assert (walk_in.status_code, walk_in.json()["number"]) == (201, "A002")
    shown = (await client.get(QUEUE, headers=clerk)).json()
    assert [(each["number"], each["reason"], each["before"]) for each in shown["waiting"]] == [
        ("A002", "helped", 0),
        ("A001", "booked", 1),
    ]
    called = await post(client, "calls", {"counter": "3"}, once(clerk, "c1"))
    assert (called.status_code, called.json()["number"]) == (200, "A002")
    again = await post(client, "calls", {"counter": "3"}, once(clerk, "c1"))
    assert again.json() == called.json(), "pressed twice, called once"
    busy = await post(client, "calls", {"counter": "3"}, once(clerk))
    assert (busy.status_code, busy.json()["code"], busy.json()["number"]) == (409, "queue-counter-busy", "A002")
    steps = f"tickets/{called.json()['id']}/actions"
    for action, state in (("serve", "serving"), ("finish", "done")):
        answer = await post(client, steps, {"action": action}, once(clerk))
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    late = await post(client, steps, {"action": "absent"}, once(clerk))
    assert (late.status_code, late.json()["code"]) == (409, "queue-step-refused")


async def test_the_wall_shows_numbers_and_nothing_of_anybody(client, desk, clerk):
    for body in ({"kind": "prints"}, {"kind": "prints", "helped": "disabled"}):
        await post(client, "tickets", body, once(clerk))
    await post(client, "calls", {"counter": "1"}, once(clerk))
    await post(client, "tickets", {"kind": "prints"}, once(clerk))
    seen = await client.get(BOARD)
    assert seen.json() == {
        "unit": UNIT,
        "zone": "Asia/Jakarta",
        "day": "2026-03-04",
        "now": [{"number": "A001", "counter": "1", "state": "called"}],
        "waiting": [
            {
                "number": number,
                "kind": "prints",
                "before": before,
                "expected_at": expected,
                "reason": reason,
            }
            for number, before, expected, reason in (
                ("A003", 0, "2026-03-04T07:30:00+07:00", "arrival"),
                ("A002", 1, "2026-03-04T07:38:00+07:00", "helped"),
            )
        ],
        "pace": {"minutes_per_person": 8.0, "counters": 1, "measured": False},
    }
    same = await client.get(BOARD, headers={"If-None-Match": seen.headers["etag"]})
    assert same.status_code == 304
    assert (await client.get("/v1/units/NOWHERE/queue")).status_code == 404


async def test_a_jump_wants_a_reason_of_the_list(client, desk, clerk):
    for _ in range(2):
        await post(client, "tickets", {"kind": "prints"}, once(clerk))
    call = {"counter": "1", "number": "A002"}
    refused = await post(client, "calls", call, once(clerk))
    assert (refused.status_code, refused.json()["code"]) == (422, "queue-jump-needs-reason")
    assert "unwell" in refused.json()["reasons"]
    assert (await post(client, "calls", call | {"reason": "friend"}, once(clerk))).status_code == 422
    jumped = await post(client, "calls", call | {"reason": "unwell"}, once(clerk))
    assert jumped.json()["number"] == "A002"
    [first] = (await client.get(QUEUE, headers=clerk)).json()["waiting"]
    why = await post(client, f"tickets/{first['id']}/actions", {"action": "help"}, once(clerk))
    assert [each["pointer"] for each in why.json()["errors"]] == ["/helped"]
    helped = await post(client, f"tickets/{first['id']}/actions", {"action": "help", "helped": "child"}, once(clerk))
    assert helped.json()["helped"] == "child"


async def test_real_waiting_times_are_open_to_all(client, desk, clerk):
    await post(client, "tickets", {"kind": "prints"}, once(clerk))
    desk.clock.advance(timedelta(minutes=8))
    await post(client, "calls", {"counter": "1"}, once(clerk))
    days = {"from": "2026-03-01", "to": "2026-03-04"}
    times = (await client.get(f"/v1/units/{UNIT}/waiting-times", params=days)).json()["times"]
    assert times == [
        {"day": "2026-03-04", "hour": hour, "called": 1, "median_minutes": 8, "most_minutes": 8} for hour in (None, 7)
    ]
    wide = await client.get(f"/v1/units/{UNIT}/waiting-times", params={"from": "0001-01-01", "to": "9999-12-31"})
    assert (wide.status_code, wide.json()["code"]) == (422, "appointments-days-refused")


async def test_who_may_and_what_is_needed(client, desk, clerk):
    post_officer = await make.staff_headers(desk, Role.POST)
    for path, body in (
        ("tickets", {"kind": "prints"}),
        ("calls", {"counter": "1"}),
        (f"tickets/{uuid4()}/actions", {"action": "serve"}),
    ):
        assert (await post(client, path, body, {})).status_code == 401
        assert (await post(client, path, body, once(post_officer))).status_code == 403
        assert (await post(client, path, body, clerk)).json()["code"] == "idempotency-key-missing"
    assert (await post(client, "calls", {"counter": "1"}, once(clerk))).json()["code"] == "queue-nobody-waits"
    gone = await post(client, f"tickets/{uuid4()}/actions", {"action": "serve"}, once(clerk))
    assert (gone.status_code, gone.json()["code"]) == (404, "queue-number-not-found")
    for scan in (
        {"scan_id": str(uuid4()), "token": "x", "scanned_at": "0001-01-01T00:00:00+14:00"},
        {"scan_id": str(uuid4()), "token": "x", "scanned_at": "2026-03-04T07:29:00"},
    ):
        assert (await post(client, "scans", {"scans": [scan]}, clerk)).status_code == 422
