"""The line of captures: fair between cameras, bounded, patient with a recogniser that is away, and nothing is lost."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text

from app.cli import doctor
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import UPSTREAM_UNAVAILABLE
from app.main import create_app
from app.services import etle
from app.services.cameras import CaptureState
from app.services.cameras.models import Capture
from app.services.etle import turns
from app.services.etle.models import Ticket
from app.services.etle.turn_models import LEASE, ReadingTurn, TurnState
from app.services.identity.roles import Role
from app.services.recognition import NO_HINTS, Hints, PlannedRecogniser, Reading, Recogniser
from app.services.recognition.choice import builder_of
from app.services.recognition.configuration import Entry, RecogniserConfig, RecogniserFile
from tests import make
from tests.drain import drain
from tests.routers.pages.world import Browser

PAGE = "/counter/bacaan"
PICTURE = make.photograph(seed=7)
LIST = "/v1/counter/stopped-readings"


@dataclass
class Moody:
    """A recogniser that does as it is told; `asked` counts its pictures."""

    mood: str = "well"
    asked: int = 0
    seen: list[bytes] = field(default_factory=list)
    while_reading: Callable[[], Awaitable[None]] | None = None

    decodes_elsewhere = False

    async def warm_up(self) -> None: ...

    async def aclose(self) -> None: ...

    async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        self.asked += 1
        if self.while_reading is not None:
            await self.while_reading()
        if self.mood == "resting":
            raise UPSTREAM_UNAVAILABLE(name="reader", tried=False)
        if self.mood == "failing":
            raise UPSTREAM_UNAVAILABLE(name="reader")
        if self.mood == "broken":
            raise RuntimeError("a bug")
        self.seen.append(image)
        return Reading((), "moody", 1)


@pytest.fixture
def reader() -> Moody:
    return Moody()


@pytest.fixture
async def line(house: House, reader: Moody) -> House:
    """The house with that recogniser, and a short line; its workers do not rest."""
    await make.demo_set(house)
    room = etle.LineRoom(most=8, most_of_one=5, rest_s=0)
    made = replace(house, parts={**house.parts, Recogniser: reader, etle.LineRoom: room})
    house.db.move_in(made)
    return made


@pytest.fixture
async def wire(line: House) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(line)), base_url="http://test")


async def send(camera: make.Camera, house: House, number: int) -> httpx.Response:
    picture = make.photograph(seed=7)[:-2] + b"\xff\xd9" + f"{camera.key[-4:]}{number}".encode()
    return await camera.send(picture, at=house.clock.now() - timedelta(minutes=number + 1))


async def rows(house: House) -> dict[UUID, tuple[str, int]]:
    async with house.db.read() as connection:
        found = await connection.execute(select(ReadingTurn.capture_id, ReadingTurn.state, ReadingTurn.tries))
        return {id_: (state, tries) for id_, state, tries in found}


async def put_off_until_due(house: House, clock: FixedClock) -> None:
    clock.advance(turns.LONGEST_RETRY)
    await turns.give_turns(house)


async def test_a_camera_that_floods_waits_for_itself_alone(line: House, wire: httpx.AsyncClient, reader: Moody) -> None:
    noisy, quiet = await make.camera(line, wire), await make.camera(line, wire)
    for number in range(4):
        assert (await send(noisy, line, number)).status_code == 202
    assert (await send(quiet, line, 0)).status_code == 202
    assert (await drain(line)).count("etle.read_capture") == 5
    order = [("quiet" if quiet.key[-4:].encode() in picture[-9:] else "noisy") for picture in reader.seen]
    assert order.index("quiet") <= 1, order
    assert await rows(line) == {}


async def test_a_full_line_refuses_before_the_body_and_keeps_what_it_has(
    line: House, wire: httpx.AsyncClient, reader: Moody
) -> None:
    first, second, third = [await make.camera(line, wire) for _ in range(3)]
    ids = [(await send(first, line, number)).json()["id"] for number in range(5)]
    refused = await send(first, line, 5)
    assert (refused.status_code, refused.json()["code"]) == (429, "etle-camera-line-full")
    assert refused.headers["Retry-After"] == str(turns.FULL_RETRY_AFTER_S)
    ids += [(await send(second, line, number)).json()["id"] for number in range(3)]
    refused = await send(third, line, 0)
    assert (refused.status_code, refused.json()["code"]) == (503, "etle-line-full")
    assert refused.headers["Retry-After"] == str(turns.FULL_RETRY_AFTER_S)
    # The door does not wait for the body of what it will refuse.
    headers = {"X-Api-Key": first.key, "Content-Type": "multipart/form-data; boundary=x", "Content-Length": "9999999"}
    assert (await wire.post("/v1/anpr/captures", headers=headers, content=_never())).status_code in (429, 503)
    await drain(line)
    async with line.db.read() as connection:
        read = (await connection.execute(select(Capture.id).where(Capture.state != CaptureState.RECEIVED))).scalars()
        assert {str(each) for each in read} == set(ids)
    assert (await send(third, line, 0)).status_code == 202


async def _never() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


async def test_a_recogniser_that_cannot_be_asked_costs_delay_alone(
    line: House, wire: httpx.AsyncClient, reader: Moody, clock: FixedClock
) -> None:
    camera = await make.camera(line, wire)
    id_ = UUID((await send(camera, line, 0)).json()["id"])
    reader.mood = "resting"
    await drain(line)
    for _ in range(2 * turns.MOST_TRIES):
        assert await rows(line) == {id_: (TurnState.PUT_OFF, 0)}
        await put_off_until_due(line, clock)
        await drain(line)
    reader.mood = "well"
    await put_off_until_due(line, clock)
    await drain(line)
    assert await rows(line) == {}
    async with line.db.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(Ticket))).scalar_one() == 1


async def test_what_fails_again_and_again_is_a_dead_letter_that_a_person_replays(
    line: House, wire: httpx.AsyncClient, reader: Moody, clock: FixedClock
) -> None:
    camera = await make.camera(line, wire)
    ids = [(await send(camera, line, number)).json()["id"] for number in range(2)]
    reader.mood = "failing"
    for _ in range(turns.MOST_TRIES):
        await drain(line)
        await put_off_until_due(line, clock)
    assert reader.asked == 2 * turns.MOST_TRIES
    assert {state for state, _ in (await rows(line)).values()} == {TurnState.DEAD}
    assert await drain(line) == []

    officer = await make.staff_headers(line, Role.OFFICER)
    assert (await wire.get(LIST, headers=officer)).status_code == 403
    assert (await wire.get(LIST)).status_code == 401
    chief = await make.staff_headers(line, Role.SUPERVISOR)
    page = (await wire.get(LIST, params={"limit": 1}, headers=chief)).json()
    rest = (await wire.get(LIST, params={"limit": 1, "after": page["next"]}, headers=chief)).json()
    seen = [*page["readings"], *rest["readings"]]
    assert sorted(each["capture_id"] for each in seen) == sorted(ids)
    assert {(each["problem"], each["tries"]) for each in seen} == {("upstream-unavailable", turns.MOST_TRIES)}
    assert rest["next"] is None

    browser = Browser.of(create_app(line))
    await browser.sign_in_staff(line, Role.SUPERVISOR)
    assert (await browser.get(PAGE)).count("upstream-unavailable") == 2
    reader.mood = "well"
    assert (await wire.post(f"{LIST}/{ids[0]}/replay", headers=officer)).status_code == 403
    assert (await wire.post(f"{LIST}/{ids[0]}/replay", headers=chief)).json() == {"count": 1}
    assert (await wire.post(f"{LIST}/{ids[0]}/replay", headers=chief)).json()["code"] == "etle-reading-not-dead"
    assert "sudah tidak terhenti" in await browser.send({}, to=f"{PAGE}/{ids[0]}")
    assert "Berdiri lagi" in await browser.send({}, to=PAGE)
    assert "Tidak ada bacaan yang terhenti" in await browser.get(PAGE)
    assert (await wire.post(f"{LIST}/replay", headers=chief)).json() == {"count": 0}
    await drain(line)
    assert await rows(line) == {}


async def test_why_captures_are_not_read_is_said_where_the_operator_looks(
    line: House, wire: httpx.AsyncClient, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    file = RecogniserFile.of_one("snapshot", Entry(kind="plate-recognizer", url="http://127.0.0.1:9"))
    config = RecogniserConfig("snapshot", "http://127.0.0.1:9")
    planned = PlannedRecogniser({"snapshot": builder_of("plate-recognizer")(config)}, file)
    away = replace(line, parts={**line.parts, Recogniser: planned, PlannedRecogniser: planned})
    line.db.move_in(away)
    camera = await make.camera(line, wire)
    id_ = (await send(camera, line, 0)).json()["id"]
    await turns.read_next(away)
    async with line.db.read() as connection:
        assert await etle.not_read(connection) == [etle.NotRead("snapshot: no-connection", False, 1)]
    assert [(each.about, each.state) for each in await doctor._not_read(away)] == [("readings", "note")]
    assert "snapshot: no-connection" in (await doctor._not_read(away))[0].words
    [told] = [each for each in caplog.records if each.getMessage() == "a capture was not read"]
    assert (told.__dict__["capture"], told.__dict__["problem"]) == (id_, "upstream-unavailable")
    for _ in range(turns.MOST_TRIES - 1):
        await put_off_until_due(line, clock)
        await planned.aclose()
        planned.readers = {"snapshot": builder_of("plate-recognizer")(config)}  # as a breaker that closed again
        await turns.read_next(away)
    async with line.db.read() as connection:
        assert await etle.not_read(connection) == [etle.NotRead("snapshot: no-connection", True, 1)]
    chief = await make.staff_headers(line, Role.SUPERVISOR)
    [stopped] = (await wire.get(LIST, headers=chief)).json()["readings"]
    assert (stopped["problem"], stopped["cause"]) == ("upstream-unavailable", "snapshot: no-connection")
    browser = Browser.of(create_app(line))
    await browser.sign_in_staff(line, Role.SUPERVISOR)
    assert "snapshot: no-connection" in await browser.get(PAGE)
    await planned.aclose()


async def test_what_killed_its_reader_comes_to_an_end_too(
    line: House, wire: httpx.AsyncClient, reader: Moody, clock: FixedClock
) -> None:
    camera = await make.camera(line, wire)
    id_ = UUID((await send(camera, line, 0)).json()["id"])
    for _ in range(turns.MOST_TRIES):  # taken, and never heard of again
        assert await turns._take_first(line) == id_
        assert await turns._take_first(line) is None, "nobody else takes it meanwhile"
        await put_off_until_due(line, clock)
    assert await rows(line) == {id_: (TurnState.DEAD, turns.MOST_TRIES)}
    reader.mood = "broken"
    (await send(camera, line, 1)).raise_for_status()
    with pytest.raises(RuntimeError):
        await turns.read_next(line)
    assert sorted((await rows(line)).values()) == [(TurnState.DEAD, turns.MOST_TRIES), (TurnState.PUT_OFF, 1)]


async def test_a_turn_whose_job_ended_before_it_is_given_anew(
    line: House, wire: httpx.AsyncClient, reader: Moody
) -> None:
    (await send(await make.camera(line, wire), line, 0)).raise_for_status()
    queue = "dbos.workflow_status" if line.db.dialect == "postgresql" else "workflow_status"
    async with line.db.begin(SYSTEM) as tx:
        await tx.session.execute(text(f"UPDATE {queue} SET status = 'ERROR' WHERE status = 'ENQUEUED'"))
    assert await drain(line) == []
    await turns.give_turns(line)
    assert "etle.read_capture" in await drain(line)
    assert (await rows(line), reader.asked) == ({}, 1)


async def test_a_reading_of_many_pictures_keeps_its_turn_picture_by_picture(
    line: House, wire: httpx.AsyncClient, reader: Moody, clock: FixedClock
) -> None:
    camera = await make.camera(line, wire)
    files = [("image", (f"{number}.jpg", make.unlike_any_other(PICTURE), "image/jpeg")) for number in range(3)]
    at = (line.clock.now() - timedelta(minutes=1)).isoformat()
    told = json.dumps({"captured_at": at, "violation": "287-2-APILL", "location": make.LOCATION})
    sent = await wire.post("/v1/anpr/captures", headers={"X-Api-Key": camera.key}, files=files, data={"metadata": told})
    id_ = UUID(sent.json()["id"])

    async def slowly() -> None:
        clock.advance(LEASE - timedelta(seconds=1))
        await turns.give_turns(line)
        assert await rows(line) == {id_: (TurnState.PUT_OFF, 1)}, "nobody else has it meanwhile"

    reader.while_reading = slowly
    await turns.read_next(line)
    assert (await rows(line), reader.asked) == ({}, 3)


def test_retries_grow_and_spread() -> None:
    chance = random.Random(1)
    waits = [[turns.retry_after(tries, chance) for _ in range(50)] for tries in range(1, 20)]
    for tries, some in enumerate(waits, start=1):
        longest = min(turns.FIRST_RETRY * turns.RETRY_GROWTH ** (tries - 1), turns.LONGEST_RETRY)
        assert all(longest / 2 <= each <= longest for each in some)
        assert len(set(some)) > 40
