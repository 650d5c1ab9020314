"""The day to come, as an application knows it: kept, missed, undone by a late scan, taken from the list, moved by the counter."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.ids import new_id
from app.services import appointments, cases
from app.services.appointments import Outcome, Scan, Step, Window, jobs
from app.services.identity.roles import Role
from app.services.notifications import list_outbox
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.drain import drain

KIND, SERVICE = "skck_fingerprints", "skck-new"
CLERK = Actor(ActorKind.STAFF, "clerk", frozenset({"counter"}), unit=POLRES)
BUDI = demo.PEOPLE[demo.BUDI]


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    """Budi, at a unit that is open."""
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def called_in(desk: Desk) -> tuple[str, dict[str, Any]]:
    """Handed in, paid, and asked to come at the first time of the next day; the id, and the appointment."""
    draft = await desk.hand_in(await desk.draft(SERVICE, purpose="private_employer"))
    booked = await desk.book(draft["id"], SERVICE, POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await desk.act(draft["id"], Role.OFFICER, "call_in")
    return str(draft["id"]), booked


async def later(desk: Desk, clock: FixedClock, at: datetime) -> None:
    """The clock says so, deadlines are swept, jobs are run, and the citizen signs in again."""
    clock.set(at)
    await cases.sweep(desk.house)
    await jobs.close_days(desk.house)
    await drain(desk.house)
    await desk.sign_in()


async def called_in_vain(house: House) -> None:
    """Whoever is next is called three times, and nobody comes."""
    for _ in range(3):
        async with house.db.begin(CLERK) as tx:
            entry = await appointments.call_next(tx, POLRES, counter="1")
            await appointments.take_step(tx, POLRES, entry.id, Step.ABSENT)
        house.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]
    await drain(house)


async def told(house: House) -> list[str]:
    """What Budi was sent, the newest first."""
    async with house.db.read() as connection:
        return [each.text for each in await list_outbox(connection, house.keys, to=BUDI.phone)]


async def code_sent(house: House) -> str:
    """The newest code that went to Budi."""
    await drain(house)
    return next(re.findall(r"\b\d{6}\b", each)[0] for each in await told(house) if re.search(r"\b\d{6}\b", each))


async def scanned(house: House, token: str, at: datetime) -> Outcome:
    """One device sends what it scanned then."""
    [result] = await appointments.take_scans(house, CLERK, POLRES, [Scan(new_id(), token, at)])
    await drain(house)
    return result.outcome


async def test_a_scan_of_the_morning_that_arrives_the_next_day_undoes_the_no_show(
    desk: Desk, clock: FixedClock
) -> None:
    id, booked = await called_in(desk)
    starts_at = datetime.fromisoformat(booked["starts_at"])
    assert starts_at.hour < 12, "of a morning: the case knows of it before the day's bookings are closed"
    await later(desk, clock, starts_at + timedelta(days=1, minutes=1))
    assert await desk.state(id) == "no_show"
    assert await scanned(desk.house, booked["check_in_token"], starts_at - timedelta(minutes=5)) is Outcome.LATE
    assert await desk.state(id) == "attended"
    await desk.act(id, Role.OFFICER, "approve")
    assert await desk.state(id) == "issued"


async def test_who_was_checked_in_and_called_in_vain_has_not_come(desk: Desk, clock: FixedClock) -> None:
    id, booked = await called_in(desk)
    starts_at = datetime.fromisoformat(booked["starts_at"])
    clock.set(starts_at)
    assert await scanned(desk.house, booked["check_in_token"], starts_at) is Outcome.COUNTED
    await desk.sign_in()
    assert await desk.state(id) == "attended"
    await called_in_vain(desk.house)
    await desk.sign_in()
    assert await desk.state(id) == "no_show"
    assert any("tidak ada saat dipanggil" in each for each in await told(desk.house))
    assert (await desk.act(id, Role.OFFICER, "approve", status=409))["code"] == "cases-move-not-allowed"
    assert await scanned(desk.house, booked["check_in_token"], clock.now()) is Outcome.COUNTED, "back after a while"
    assert await desk.state(id) == "attended"
    await called_in_vain(desk.house)
    await desk.sign_in()
    await desk.book(id, SERVICE, POLRES)
    assert await desk.state(id) == "appointment", "who came back had missed nothing: one more date is left"


async def test_who_was_noted_as_come_before_the_papers_were_looked_at_and_left_has_not_come(
    desk: Desk, clock: FixedClock
) -> None:
    draft = await desk.hand_in(await desk.draft(SERVICE, purpose="private_employer"))
    booked = await desk.book(draft["id"], SERVICE, POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    starts_at = datetime.fromisoformat(booked["starts_at"])
    clock.set(starts_at)
    await scanned(desk.house, booked["check_in_token"], starts_at)
    await called_in_vain(desk.house)
    await desk.sign_in()
    await desk.act(draft["id"], Role.OFFICER, "call_in")
    await later(desk, clock, clock.now() + timedelta(days=2))
    assert await desk.state(draft["id"]) == "appointment", "there is time to choose another date"


async def test_staff_cannot_say_that_nobody_came_before_the_day_is_over(desk: Desk, clock: FixedClock) -> None:
    id, booked = await called_in(desk)
    early = await desk.act(id, Role.COUNTER, "miss", status=409)
    assert early["code"] == "applications-day-not-over"
    clock.set(datetime.fromisoformat(booked["starts_at"]) + timedelta(hours=20))
    await desk.act(id, Role.COUNTER, "miss")
    await desk.sign_in()
    assert await desk.state(id) == "no_show"


async def test_who_lets_a_date_go_in_time_has_not_missed_it(desk: Desk, clock: FixedClock) -> None:
    id, _ = await called_in(desk)
    path = f"/v1/applications/{id}/appointment"
    assert (await desk.client.delete(path, headers=desk.headers)).status_code == 204
    await later(desk, clock, clock.now() + timedelta(days=5))
    assert await desk.state(id) == "appointment"
    await desk.book(id, SERVICE, POLRES)


async def test_a_date_whose_day_is_over_is_missed_and_not_moved(desk: Desk, clock: FixedClock) -> None:
    id, booked = await called_in(desk)
    path = f"/v1/applications/{id}/appointment"
    clock.set(datetime.fromisoformat(booked["starts_at"]) + timedelta(hours=18))
    await desk.sign_in()
    again = await desk.book(id, SERVICE, POLRES)
    assert (again["state"], await desk.state(id)) == ("confirmed", "appointment")
    actions = [each["action"] for each in (await desk.get(f"/v1/applications/{id}/timeline"))["items"]]
    assert actions[-2:] == ["miss", "rebook"]
    clock.set(datetime.fromisoformat(again["starts_at"]) + timedelta(hours=18))
    await desk.sign_in()
    assert (await desk.client.delete(path, headers=desk.headers)).status_code == 204
    assert await desk.state(id) == "no_show", "nor is it let go afterwards"


async def test_who_missed_twice_is_paid_back_within_days(desk: Desk, clock: FixedClock) -> None:
    id, _ = await called_in(desk)
    await later(desk, clock, clock.now() + timedelta(days=3))
    await desk.book(id, SERVICE, POLRES)
    await later(desk, clock, clock.now() + timedelta(days=5))
    assert await desk.state(id) == "no_show"
    await later(desk, clock, clock.now() + timedelta(days=6))
    assert await desk.state(id) == "no_show", "a device may still tell that they came"
    await later(desk, clock, clock.now() + timedelta(days=2))
    seen = await desk.get(f"/v1/applications/{id}")
    assert (seen["state"], [each["amount"] for each in seen["refunds"]]) == ("cancelled", [30_000])


async def one_place(house: House, day: date) -> None:
    """The unit takes one person, on this day."""
    async with house.db.begin(SYSTEM) as tx:
        only = Window(
            weekday=day.isoweekday(),
            opens=8 * 60,
            closes=9 * 60,
            minutes=60,
            rooms=1,
            staff=1,
            opens_days_before=30,
            valid_from=day,
            valid_until=day,
        )
        await appointments.set_windows(tx, POLRES, KIND, windows=[only])


async def test_a_place_that_was_offered_to_who_has_paid_is_firm_once_it_is_taken(
    desk: Desk, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    house = desk.house
    id, _ = await called_in(desk)
    await later(desk, clock, clock.now() + timedelta(days=3))
    assert await desk.state(id) == "no_show"
    day = clock.now().date() + timedelta(days=4)
    await one_place(house, day)
    siti = await Desk(house, client, demo.SITI).sign_in()
    other = (await siti.draft(SERVICE))["id"]
    await siti.book(other, SERVICE, POLRES)
    path = f"/v1/applications/{id}/appointment"
    waits = await client.put(
        f"{path}/wait", headers=desk.key(), json={"first": day.isoformat(), "last": day.isoformat()}
    )
    assert waits.status_code == 200, waits.text
    assert (await client.delete(f"/v1/applications/{other}/appointment", headers=siti.headers)).status_code == 204
    await drain(house)
    offered = await desk.get(path)
    assert offered["state"] == "held"
    [said] = [each for each in await told(house) if "ditahan untuk Anda sampai" in each]
    assert f"{day:%d.%m.%Y} 08.00 WIB" in said
    taken = await desk.post(path, {"starts_at": offered["starts_at"]})
    assert (taken["state"], await desk.state(id)) == ("confirmed", "appointment")
    clock.advance(timedelta(hours=2))
    await jobs.expire_holds(house)
    await desk.sign_in()
    assert (await desk.get(path))["state"] == "confirmed"


async def test_the_counter_moves_a_date_only_with_the_applicants_code(desk: Desk) -> None:
    house, client = desk.house, desk.client
    id, booked = await called_in(desk)
    path = f"/v1/counter/assisted/applications/{id}"

    async def send(where: str, body: dict[str, Any], status: int = 200) -> Any:
        headers = await desk.staff(Role.COUNTER, POLRES)
        answer = await client.post(f"{path}/{where}", headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    await send("consents", {"step": "help"}, 201)
    await send("help", {"consent": await code_sent(house)})
    starts_at = datetime.fromisoformat(booked["starts_at"]) + timedelta(hours=1)
    wanted = {"starts_at": starts_at.isoformat()}
    refused = await send("appointment", wanted, 422)
    assert refused["code"] == "identity-consent-needed", "to be helped is not to have one's date moved"
    await send("consents", {"step": "rebook"}, 201)
    moved = await send("appointment", wanted | {"consent": await code_sent(house)})
    assert datetime.fromisoformat(moved["starts_at"]) == starts_at
    seen = await desk.get(f"/v1/applications/{id}/timeline")
    assert ("choose_date", "staff") in [(each["action"], each["by"]) for each in seen["items"]]


async def test_who_pays_when_the_place_is_gone_is_told_to_choose_another(desk: Desk, clock: FixedClock) -> None:
    draft = await desk.hand_in(await desk.draft(SERVICE, purpose="private_employer"))
    await desk.book(draft["id"], SERVICE, POLRES)
    await desk.submit(draft["id"])
    await later(desk, clock, clock.now() + timedelta(days=9))
    assert await desk.state(draft["id"]) == "expired"
    await desk.pay(draft["id"])
    await drain(desk.house)
    assert any("Pilih jadwal lain" in each for each in await told(desk.house))
    assert await desk.state(draft["id"]) == "in_review"
    assert (await desk.book(draft["id"], SERVICE, POLRES))["state"] == "confirmed"


async def test_choosing_again_does_not_lengthen_what_a_draft_holds(desk: Desk, clock: FixedClock) -> None:
    draft = await desk.draft(SERVICE)
    first = await desk.book(draft["id"], SERVICE, POLRES)
    clock.advance(timedelta(minutes=20))
    await desk.sign_in()
    starts_at = datetime.fromisoformat(first["starts_at"])
    for wanted in (starts_at, starts_at + timedelta(hours=1)):
        body = {"starts_at": wanted.isoformat()}
        again = await desk.post(f"/v1/applications/{draft['id']}/appointment", body)
        assert (datetime.fromisoformat(again["starts_at"]), again["held_until"]) == (wanted, first["held_until"])


async def test_one_person_draws_one_lot_for_one_thing(desk: Desk, clock: FixedClock) -> None:
    house, client = desk.house, desk.client
    day = clock.now().date() + timedelta(days=2)
    async with house.db.begin(SYSTEM) as tx:
        known = (await appointments.windows_of(tx.session, POLRES))[KIND][0]
        same = {name: getattr(known, name) for name in Window.__slots__}
        drawn = Window(**same | {"weekday": day.isoweekday(), "drawn": True, "opens_days_before": 2})
        await appointments.set_windows(tx, POLRES, KIND, windows=[drawn])
    first, second = [await desk.draft(SERVICE, purpose=purpose) for purpose in ("private_employer", "school")]
    asks = [f"/v1/applications/{each['id']}/appointment/ask" for each in (first, second)]
    body = {"day": day.isoformat()}
    assert (await client.put(asks[0], headers=desk.key(), json=body)).status_code == 200
    twice = await client.put(asks[1], headers=desk.key(), json=body)
    assert (twice.status_code, twice.json()["code"]) == (409, "applications-one-lot")
    assert first["reference"] in twice.json()["detail"]
    assert (await client.put(asks[0], headers=desk.key(), json=body)).status_code == 200, "again, it is the same lot"
    assert (await client.delete(asks[0], headers=desk.headers)).status_code == 204
    assert (await client.put(asks[1], headers=desk.key(), json=body)).status_code == 200


async def test_a_phone_shows_its_own_number_and_turn(desk: Desk, clock: FixedClock) -> None:
    id, booked = await called_in(desk)
    path = f"/v1/applications/{id}/queue"
    assert (await desk.client.get(path, headers=desk.headers)).status_code == 404
    clock.set(datetime.fromisoformat(booked["starts_at"]) - timedelta(minutes=10))
    await desk.sign_in()
    async with desk.house.db.begin(CLERK) as tx:
        await appointments.take_ticket(tx, POLRES, kind=KIND)
    await scanned(desk.house, booked["check_in_token"], clock.now())
    seen = await desk.get(path)
    wall = await desk.get(f"/v1/units/{POLRES}/queue")
    [same] = [each for each in wall["waiting"] if each["number"] == seen["number"]]
    assert (seen["unit"], seen["before"], seen["reason"]) == (POLRES, same["before"], "booked")
    async with desk.house.db.begin(CLERK) as tx:
        await appointments.call_next(tx, POLRES, counter="3", number=seen["number"], reason=appointments.Jump.UNWELL)
    called = await desk.get(path)
    assert (called["state"], called["counter"], called["expected_at"]) == ("called", "3", None)
    stranger = await Desk(desk.house, desk.client, demo.SITI).sign_in()
    assert (await desk.client.get(path, headers=stranger.headers)).status_code == 404


async def test_staff_see_who_comes_on_a_day(desk: Desk) -> None:
    id, booked = await called_in(desk)
    reference = (await desk.get(f"/v1/applications/{id}"))["reference"]
    headers = await desk.staff(Role.COUNTER, POLRES)
    listed = await desk.client.get("/v1/counter/visits", headers=headers, params={"day": booked["starts_at"][:10]})
    assert [(each["reference"], each["state"]) for each in listed.json()["visits"]] == [(reference, "confirmed")]
    assert (await desk.client.get("/v1/counter/visits", headers=headers)).json()["visits"] == []
    far = await desk.client.get("/v1/counter/visits", headers=headers, params={"day": "9999-12-31"})
    assert far.status_code == 422
    assert UUID(listed.json()["visits"][0]["case_id"]) == UUID(id)


async def test_who_is_near_is_told_with_the_time_that_it_will_be(desk: Desk, clock: FixedClock) -> None:
    house = desk.house
    id, booked = await called_in(desk)
    clock.set(datetime.fromisoformat(booked["starts_at"]) - timedelta(minutes=45))
    async with house.db.begin(CLERK) as tx:
        for _ in range(5):
            await appointments.take_ticket(tx, POLRES, kind=KIND)
    await scanned(house, booked["check_in_token"], clock.now())
    assert not any("orang sebelum nomor" in each for each in await told(house)), "five are before them"
    async with house.db.begin(CLERK) as tx:
        for counter in "12":
            await appointments.call_next(tx, POLRES, counter=counter)
    async with house.db.read() as connection:
        line = await appointments.line_of(connection, UUID(id), now=clock.now())
    assert isinstance(line, appointments.Line)
    await drain(house)
    [said] = [each for each in await told(house) if "orang sebelum nomor" in each]
    at = (line.expected_at + timedelta(hours=7)).strftime("%H.%M")
    assert f"3 orang sebelum nomor A006, kira-kira pukul {at} WIB" in said
