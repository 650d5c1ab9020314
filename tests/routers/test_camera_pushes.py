"""Messages in vendors' forms over HTTP: kept before they are answered, understood once, an accusation only by the register."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from starlette.requests import ClientDisconnect

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.vault import DataKey
from app.sandbox import camera_forms as pushes
from app.services import cameras
from app.services.cameras import messages
from app.services.cameras.messages import forget_messages
from app.services.cameras.models import CameraHour, CameraMessage, Capture, EvidenceDeletion, EvidenceFile
from app.services.etle import LineRoom, sections
from app.services.etle.models import Ticket
from app.services.etle.pushes import take_push, take_waiting
from app.services.etle.retention import forget_ticket
from app.services.identity import credentials
from app.services.identity.camera_digests import digest_password
from app.services.identity.roles import Role
from app.services.transparency.models import Leaf
from tests import make
from tests.drain import drain
from tests.routers.pages.world import Browser
from tests.services.etle.test_passages import section

PICTURE = make.photograph()
RED_LIGHT, SPEED = "287-2-APILL", "287-5-SPEED"
SITE = cameras.Site(place=make.LOCATION, accuses=RED_LIGHT)
CERTIFICATE = cameras.Certificate("KAL/001/2026", date(2027, 3, 1))


class Device:
    """A registered camera with both kinds of key at hand."""

    def __init__(self, house: House, client: httpx.AsyncClient, made: credentials.NewCredential) -> None:
        self._client, self.house, self.client_id, self.key = client, house, made.client_id, made.secret or ""

    async def push(self, path: str, message: tuple[str, bytes], *, in_path: bool = False) -> httpx.Response:
        before, headers = (f"/k/{self.key}", {}) if in_path else ("", {"X-Api-Key": self.key})
        return await self._client.post(
            f"{before}{path}", content=message[1], headers={"Content-Type": message[0], **headers}
        )


async def register(
    house: House, client: httpx.AsyncClient, site: cameras.Site | None = SITE, *, path_only: bool = False
) -> Device:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Gerbang 1", unit="PMJ", path_only=path_only)
        if site is not None:
            await cameras.record_site(tx, made.client_id, site)
    return Device(house, client, made)


async def rows(house: House, model: Any) -> list[dict[str, Any]]:
    async with house.db.read() as connection:
        return [dict(row) for row in (await connection.execute(select(model.__table__))).mappings()]


@pytest.fixture
async def device(house: House, client: httpx.AsyncClient) -> Device:
    return await register(house, client)


async def test_each_vendor_makes_a_capture_out_of_its_own_form(house: House, device: Device) -> None:
    at = house.clock.now() - timedelta(minutes=2)
    for vendor, message in pushes.FORMS.items():
        answer = await device.push(f"/v1/anpr/hooks/{vendor}", message(at, picture=PICTURE))
        assert answer.status_code == 200, answer.text
    kept = await rows(house, CameraMessage)
    assert {each["state"] for each in kept} == {"received"}
    for each in kept:
        stored = await house.storage.get(each["stored_as"])
        assert b"Device:" not in stored, "sealed from the first byte that reaches the store"
        assert PICTURE[:40] not in stored
        async with house.db.read() as connection:
            message = await cameras.find_message(connection, each["id"])
        assert message is not None
        _, body = await cameras.read_message(house, message)
        assert PICTURE[:40] in body or each["vendor"] not in {"hikvision", "axis"}
        assert not await house.storage.exists(each["sha256"]), "and not in clear beside it"
    keys = {each["key_id"] for each in kept}
    assert len(keys) == len(kept)
    ran = await drain(house)
    assert ran.count("etle.take_push") == ran.count("etle.read_capture") == len(pushes.FORMS)
    captures = await rows(house, Capture)
    assert len(captures) == len(pushes.FORMS)
    for each in captures:
        assert (each["violation_code"], each["location"], each["state"]) == (RED_LIGHT, make.LOCATION, "read")
        assert timedelta() <= each["captured_at"] - at < timedelta(seconds=1)
    files = await rows(house, EvidenceFile)
    assert len({each["sha256"] for each in files}) == 1
    assert await make.original(house, files[0]["sha256"]) == PICTURE
    for each in await rows(house, CameraMessage):
        assert each["state"] == "taken"
        assert each["passage"]["plate"] == make.PLATE
        assert each["key_id"] is None
        assert not await house.storage.exists(each["stored_as"])
    assert keys.isdisjoint(each["id"] for each in await rows(house, DataKey)), "no backup of the store opens it again"
    hours = await rows(house, CameraHour)
    assert [each["messages"] for each in hours] == [len(pushes.FORMS)]
    assert -120 <= hours[0]["drift_s"] <= -119


async def test_one_passage_said_again_and_again_is_one_capture(house: House, device: Device) -> None:
    at = house.clock.now() - timedelta(minutes=2)
    messages = [pushes.axis(at, picture=PICTURE, state=state) for state in ("new", "new", "update", "lost")]
    for message in [*messages, messages[0]]:
        assert (await device.push("/v1/anpr/hooks/axis", message)).status_code == 200
    await drain(house)
    assert len(await rows(house, Capture)) == 1
    kept = await rows(house, CameraMessage)
    assert sorted(each["state"] for each in kept) == ["repeated", "repeated", "taken"]
    assert len({each["capture_id"] for each in kept}) == 1
    (ticket,) = await rows(house, Ticket)
    async with house.db.begin(SYSTEM) as tx:
        await forget_ticket(tx, ticket["case_id"])
    assert await rows(house, CameraMessage) == []


async def test_a_key_in_the_path_opens_the_same_doors_and_no_others(house: House, client: httpx.AsyncClient) -> None:
    device = await register(house, client, path_only=True)
    at = house.clock.now() - timedelta(minutes=2)
    alive = await client.get(f"/k/{device.key}/")
    assert alive.status_code == 200
    hook = await device.push("/v1/anpr/hooks/hikvision", pushes.hikvision(at, picture=PICTURE), in_path=True)
    root = await device.push("/NotificationInfo/TollgateInfo", pushes.dahua(at, picture=PICTURE), in_path=True)
    assert (hook.status_code, root.status_code, root.json()) == (200, 200, {"Result": True, "Message": "Success"})
    beat = ("application/json", b'{"Active":"keepAlive","DeviceID":"g1"}')
    answer = await device.push("/NotificationInfo/KeepAlive", beat, in_path=True)
    assert answer.json() == {"Active": True, "DeviceID": "g1"}
    await drain(house)
    assert len(await rows(house, Capture)) == 2
    for wrong in ("/v1/anpr/hooks/hikvision", "/NotificationInfo/TollgateInfo"):
        assert (await device.push(wrong, beat)).status_code == 401
    for path in ("/k/lk_cam-none_00/", "/k/x/", "/k/lk_a_b/v1/anpr/hooks/dahua", f"/k/{device.key}/tilang"):
        assert (await client.get(path)).status_code in {401, 404, 405}
        refused = await client.post(path, content=b"{}")
        assert refused.status_code in {401, 404, 405}
        assert device.key not in refused.text
    ordinary = await register(house, client)
    assert (await ordinary.push("/v1/anpr/hooks/dahua", beat, in_path=True)).status_code == 401


async def test_http_basic_carries_the_key_as_its_password(client: httpx.AsyncClient, device: Device) -> None:
    beat = b'{"device":"g","event":"counting"}'
    right = await client.post("/v1/anpr/hooks/milesight", content=beat, auth=("camera", device.key))
    wrong = await client.post("/v1/anpr/hooks/milesight", content=beat, auth=(device.key, "camera"))
    assert (right.status_code, wrong.status_code) == (200, 401)
    assert "Basic" in wrong.headers["www-authenticate"]
    assert (await client.post("/v1/anpr/hooks/tattile", content=beat, auth=("", device.key))).status_code == 422


async def test_a_device_with_user_and_password_alone_answers_a_digest_challenge(
    house: House, client: httpx.AsyncClient, device: Device, clock: Any
) -> None:
    """As Dahua's ITSAPI does: fixed root paths, the whole message before it knows that it is asked who it is."""
    at = house.clock.now() - timedelta(minutes=2)
    kind, body = pushes.dahua(at, picture=PICTURE)

    async def password() -> str:
        async with house.db.begin(SYSTEM) as tx:
            return await digest_password(tx.session, tx.house.keys, device.client_id)

    async def send(user: str, word: str, path: str = "/NotificationInfo/TollgateInfo") -> httpx.Response:
        auth = httpx.DigestAuth(user, word)
        return await client.post(path, content=body, headers={"Content-Type": kind}, auth=auth)

    word = await password()
    taken = await send(device.client_id, word)
    assert (taken.status_code, taken.json()) == (200, {"Result": True, "Message": "Success"})
    assert [each.status_code for each in taken.history] == [401], "it was asked first"
    second = taken.request.headers
    assert second["authorization"].startswith("Digest ")
    assert word not in str(second), "what travels opens nothing else"
    await drain(house)
    assert len(await rows(house, Capture)) == 1
    for user, wrong in ((device.client_id, device.key), (device.client_id, word + "0"), ("cam-none", word), ("", "")):
        assert (await send(user, wrong)).status_code == 401

    path = {"Content-Type": kind, "Authorization": second["authorization"]}
    again = await client.post("/NotificationInfo/TollgateInfo", content=body, headers=path)
    assert again.status_code == 200, "a device may use a challenge for its next messages"
    elsewhere = await client.post("/NotificationInfo/AlarmInfo", content=body, headers=path)
    assert elsewhere.status_code == 401, "but for the address that it signed alone"
    clock.advance(timedelta(minutes=6))
    late = await client.post("/NotificationInfo/TollgateInfo", content=body, headers=path)
    assert late.status_code == 401
    assert late.headers["www-authenticate"].startswith('Digest realm="loket", nonce=')

    async with house.db.begin(SYSTEM) as tx:
        await credentials.rotate(tx, device.client_id, grace=timedelta(hours=1))
    assert await password() != word, "another password for every key"
    assert (await send(device.client_id, word)).status_code == 200, "and the old one as long as the old key"
    clock.advance(timedelta(hours=2))
    assert (await send(device.client_id, word)).status_code == 401
    new = await password()
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, device.client_id)
    assert (await send(device.client_id, new)).status_code == 401


async def test_a_message_is_drained_before_the_challenge_and_nobody_elses(client: httpx.AsyncClient) -> None:
    async def sent_of(path: str, headers: dict[str, str]) -> int:
        pieces = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal pieces
            for _ in range(10):
                pieces += 1
                yield b"x" * 100_000

        answer = await client.post(path, content=body(), headers=headers)
        assert answer.status_code == 401
        return pieces

    assert await sent_of("/NotificationInfo/TollgateInfo", {}) == 10
    assert await sent_of("/NotificationInfo/TollgateInfo", {"Authorization": 'Digest username="x"'}) < 10
    assert await sent_of("/v1/anpr/hooks/dahua", {}) < 10


async def test_heartbeats_are_counted_and_not_kept(house: House, device: Device) -> None:
    videoloss = "<EventNotificationAlert><eventType>videoloss</eventType></EventNotificationAlert>"
    for _ in range(3):
        answer = await device.push("/v1/anpr/hooks/hikvision", ("application/xml", videoloss.encode()))
        assert answer.status_code == 200
    assert await rows(house, CameraMessage) == []
    assert await drain(house) == []
    hours = await rows(house, CameraHour)
    assert [(each["messages"], each["last_at"]) for each in hours] == [(0, house.clock.now())]


async def test_who_is_accused_of_nothing_is_forgotten_within_a_day(
    house: House, client: httpx.AsyncClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "FORGOTTEN_AT_ONCE", 1)  # more are due than one transaction takes
    at = house.clock.now() - timedelta(minutes=2)
    plain = await register(house, client, None)
    await plain.push("/v1/anpr/hooks/axis", pushes.axis(at, picture=PICTURE))
    speed = await register(house, client, cameras.Site(place=make.LOCATION, accuses=SPEED, limit_kmh=40))
    slow = await register(house, client, cameras.Site(place=make.LOCATION, accuses=SPEED, limit_kmh=50))
    async with house.db.begin(SYSTEM) as tx:
        await cameras.record_certificate(tx, speed.client_id, CERTIFICATE)
    for each in (speed, slow):
        await each.push("/v1/anpr/hooks/milesight", pushes.milesight(at, picture=PICTURE))
    await drain(house)
    captures = await rows(house, Capture)
    assert [(each["speed_kmh"], each["limit_kmh"]) for each in captures] == [(41.0, 40.0)]
    kept = {str(each["state"]): each for each in await rows(house, CameraMessage)}
    assert sorted(each["state"] for each in await rows(house, CameraMessage)) == ["passed", "passed", "taken"]
    assert not await house.storage.exists(kept["passed"]["stored_as"])
    assert kept["passed"]["key_id"] is None
    clock.advance(timedelta(hours=24, minutes=1))
    await forget_messages(house)
    deletions = await rows(house, EvidenceDeletion)
    assert [(each["kind"], each["captures"], each["hours"]) for each in deletions] == [("passage", 1, 24)] * 2
    assert all(each["leaf_id"] is not None for each in deletions), "and it is in the public log"
    assert [each["state"] for each in await rows(house, CameraMessage)] == ["taken"]


async def test_what_cannot_be_evidence_says_why_and_is_kept_as_long_as_the_policy_says(
    house: House, client: httpx.AsyncClient, device: Device, clock: Any
) -> None:
    now = house.clock.now()
    uncertified = await register(house, client, cameras.Site(place=make.LOCATION, accuses=SPEED, limit_kmh=40))
    tries: list[tuple[Device, str, tuple[str, bytes], str]] = [
        (device, "milesight", ("text/plain", b'{"plate": "B1'), "JSON"),
        (device, "hikvision", pushes.hikvision(now, picture=b""), "picture"),
        (device, "hikvision", pushes.hikvision(now, picture=PICTURE[:2000], event="2"), "picture"),
        (device, "axis", pushes.axis(now + timedelta(hours=7), picture=PICTURE), "7 hours usually mean"),
        (uncertified, "milesight", pushes.milesight(now, picture=PICTURE), "no certificate"),
    ]
    for who, vendor, message, _why in tries:
        assert (await who.push(f"/v1/anpr/hooks/{vendor}", message)).status_code == 200
    await drain(house)
    assert await rows(house, Capture) == []
    refused = await rows(house, CameraMessage)
    assert [each["state"] for each in refused] == ["refused"] * len(tries)
    for _who, _vendor, _message, why in tries:
        assert any(why in each["why"]["en"] and each["why"]["id"] for each in refused), why
    assert sum(each["refused"] for each in await rows(house, CameraHour)) == len(tries)
    assert all([await house.storage.exists(each["stored_as"]) for each in refused])
    assert None not in {each["key_id"] for each in refused}
    clock.advance(timedelta(hours=71))
    await forget_messages(house)
    assert len(await rows(house, CameraMessage)) == len(tries)
    clock.advance(timedelta(hours=1, minutes=1))
    await forget_messages(house)
    assert await rows(house, CameraMessage) == []
    [deletion] = await rows(house, EvidenceDeletion)
    assert (deletion["kind"], deletion["captures"], deletion["hours"]) == ("message", len(tries), 72)
    assert deletion["leaf_id"] is not None, "strangers were in its pictures: that it is gone is proved"
    assert not await house.storage.exists(refused[0]["stored_as"])
    assert {each["key_id"] for each in refused}.isdisjoint(each["id"] for each in await rows(house, DataKey))


async def test_once_the_camera_is_mended_a_supervisor_has_its_messages_taken_up_again(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    site = cameras.Site(place=make.LOCATION, accuses=SPEED, limit_kmh=40)
    uncertified = await register(house, client, site)
    await uncertified.push("/v1/anpr/hooks/milesight", pushes.milesight(house.clock.now(), picture=PICTURE))
    await uncertified.push("/v1/anpr/hooks/milesight", ("text/plain", b'{"plate": "B1'))
    await drain(house)
    assert await rows(house, Capture) == []
    async with house.db.begin(SYSTEM) as tx:
        await cameras.record_certificate(tx, uncertified.client_id, CERTIFICATE)
    browser = Browser(client)
    page = f"/counter/kamera/{uncertified.client_id}"
    await browser.sign_in_staff(house, Role.SENIOR_OFFICER)
    assert "Olah lagi" not in await browser.get(page)
    await browser.sign_in_staff(house, Role.SUPERVISOR)
    assert "Olah lagi" in await browser.get(page)
    await browser.send({}, to=f"{page}/pesan", status=303)
    assert "sedang diolah lagi" in await browser.get(browser.page.headers["location"])
    await drain(house)
    assert len(await rows(house, Capture)) == 1
    await browser.get(page)
    await browser.sign_in_staff(house, Role.SENIOR_OFFICER)
    await browser.send({}, to=f"{page}/pesan", status=403)
    assert sorted(each["state"] for each in await rows(house, CameraMessage)) == ["refused", "taken"]
    (told,) = [each for each in await rows(house, Leaf) if each["kind"] == "camera_messages_replayed"]
    assert json.loads(told["body"])["messages"] == 2


async def test_bought_cameras_at_both_ends_of_a_road_measure_an_average_speed(
    house: House, client: httpx.AsyncClient, clock: Any
) -> None:
    """They tell who passes and accuse nobody by the speed at the spot (41 km/h); their clock is known by what they send."""
    await make.demo_set(house)
    site = cameras.Site(place=make.LOCATION, accuses=SPEED, limit_kmh=100)
    start, end = await register(house, client, site), await register(house, client, site)
    async with house.db.begin(SYSTEM) as tx:
        for each in (start, end):
            await cameras.record_certificate(tx, each.client_id, CERTIFICATE)
    await section(house, start.client_id, end.client_id)

    async def passed(who: Device, *, ahead: int = 0) -> UUID:
        at = house.clock.now() + timedelta(seconds=ahead)
        message = pushes.hikvision(at, picture=make.unlike_any_other(PICTURE), event=f"{who.client_id}-{at}")
        assert (await who.push("/v1/anpr/hooks/hikvision", message)).status_code == 200
        known = {each["id"] for each in await rows(house, Capture)}
        clock.advance(timedelta(minutes=1))  # the worker is late: what counts is when the message came
        [waiting] = [each for each in await rows(house, CameraMessage) if each["state"] == "received"]
        await take_push(house, str(waiting["id"]))
        clock.advance(timedelta(minutes=-1))
        [made] = [each for each in await rows(house, Capture) if each["id"] not in known]
        assert (made["speed_kmh"], made["received_at"], made["clock_ahead_s"]) == (None, house.clock.now(), ahead)
        async with house.db.begin(SYSTEM) as tx:
            view = await cameras.get_capture(tx.session, made["id"])
        await make.case_of(house, view)
        return view.id

    await passed(start)
    clock.advance(timedelta(seconds=400))  # 90 km/h
    await passed(end, ahead=100)
    assert await rows(house, Ticket) == []
    clock.advance(timedelta(minutes=20))
    await passed(start)
    clock.advance(timedelta(seconds=300))  # 120 km/h; by the exit's clock 400 s
    exit_id = await passed(end, ahead=100)
    [ticket] = await rows(house, Ticket)
    assert (ticket["capture_id"], ticket["violation_code"]) == (exit_id, SPEED)
    async with house.db.read() as connection:
        measured = await sections.average_of(connection, exit_id)
    assert measured is not None
    assert (measured.kmh, measured.limit_kmh) == (118, 100)


async def test_a_message_is_kept_whole_or_not_answered(house: House, device: Device) -> None:
    at = house.clock.now()
    large = pushes.hikvision(at, picture=b"\xff\xd8" + b"x" * (25 * 1024 * 1024))
    assert (await device.push("/v1/anpr/hooks/hikvision", large)).status_code == 413

    async def hang_up() -> AsyncIterator[bytes]:
        yield large[1][:1000]
        raise ClientDisconnect

    key = {"X-Api-Key": device.key}
    cut = await device._client.post("/v1/anpr/hooks/hikvision", content=hang_up(), headers=key)
    assert cut.status_code == 400, "no fault of ours"
    assert await rows(house, CameraMessage) == []

    async def refuse(*_: object) -> str:
        raise OSError("the disk is full")

    put: Callable[..., Any] = house.storage.put_file
    house.storage.put_file = refuse  # type: ignore[method-assign]
    message = pushes.hikvision(at, picture=PICTURE)
    assert (await device.push("/v1/anpr/hooks/hikvision", message)).status_code == 500
    house.storage.put_file = put  # type: ignore[method-assign]
    assert (await device.push("/v1/anpr/hooks/hikvision", message)).status_code == 200
    assert len(await rows(house, CameraMessage)) == 1


async def test_a_full_line_is_said_before_a_message_is_kept_and_what_was_kept_is_never_forgotten(
    house: House, device: Device, clock: Any
) -> None:
    at = house.clock.now()
    parts = cast("dict[type, Any]", house.parts)
    room, parts[LineRoom] = parts[LineRoom], LineRoom(most=0)
    message = pushes.hikvision(at, picture=PICTURE)
    full = await device.push("/v1/anpr/hooks/hikvision", message)
    assert (full.status_code, full.headers["retry-after"]) == (503, "30")
    assert await rows(house, CameraMessage) == []
    beat = ("application/json", b'{"Active":"keepAlive"}')
    assert (await device.push("/NotificationInfo/KeepAlive", beat)).status_code == 200
    parts[LineRoom] = room
    assert (await device.push("/v1/anpr/hooks/hikvision", message)).status_code == 200
    late = pushes.hikvision(at, picture=PICTURE, event="2")
    assert (await device.push("/v1/anpr/hooks/hikvision", late)).status_code == 200
    parts[LineRoom] = LineRoom(most=0)
    await drain(house, raise_errors=False)
    parts[LineRoom] = room
    assert {each["state"] for each in await rows(house, CameraMessage)} == {"received"}
    clock.advance(timedelta(minutes=31))
    await take_waiting(house)
    parts[LineRoom] = LineRoom(most=1)
    await drain(house, raise_errors=False)
    parts[LineRoom] = room
    assert sorted(each["state"] for each in await rows(house, CameraMessage)) == ["received", "taken"]
    clock.advance(timedelta(days=1))
    await take_waiting(house)
    assert sorted(each["state"] for each in await rows(house, CameraMessage)) == ["refused", "taken"]
