"""The door that reads one picture: the short way and the ordinary way say the same, and a deadline is kept."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import TimeoutError as PoolIsEmpty

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.limits import Limits
from app.main import create_app
from app.services.cameras.models import CameraHour
from app.services.identity import credentials
from app.services.recognition import Recogniser, choose_recogniser
from app.services.recognition.known_cameras import BELIEVED
from tests import make
from tests.loopback import Loopback, Reply

ON_SQLITE = pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
PICTURE = make.photograph()
RESULT = {
    "plate": "b1234xyz",
    "score": 0.9,
    "box": {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4},
    "region": {"code": "id", "score": 0.9},
    "candidates": [{"plate": "b1234xyz", "score": 0.9}, {"plate": "b1234xy2", "score": 0.5}],
}


class Backend:
    """A recogniser of somebody else on a loopback port, with what it was sent."""

    def __init__(self) -> None:
        self.status, self.wait_s, self.bodies = 200, 0.0, list[bytes]()

    async def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        self.bodies.append(body)
        await asyncio.sleep(self.wait_s)
        return Reply(self.status, {"results": [RESULT]})


@pytest.fixture
async def backend(house: House) -> AsyncIterator[tuple[Backend, make.Camera]]:
    answer = Backend()
    async with Loopback(answer) as server:
        recogniser = choose_recogniser(house.settings.model_copy(update={"recogniser": server.url}))
        made = replace(house, parts={**house.parts, Recogniser: recogniser})
        house.db.move_in(made)
        transport = httpx.ASGITransport(app=create_app(made), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield answer, await make.camera(made, client)
        await recogniser.aclose()


async def send(camera: make.Camera, image: bytes = PICTURE, **headers: str) -> httpx.Response:
    return await camera.client.post(
        "/v1/anpr/recognitions",
        headers=httpx.Headers({"X-Api-Key": camera.key, **headers}, encoding="latin-1"),
        files={"image": ("c.jpg", image, "image/jpeg")},
    )


@ON_SQLITE
async def test_both_ways_forward_the_same_bytes_and_answer_the_same(backend: tuple[Backend, make.Camera]) -> None:
    reader, camera = backend
    short = await send(camera)
    long = await camera.client.post(  # a second part makes it no ordinary request
        "/v1/anpr/recognitions",
        headers={"X-Api-Key": camera.key},
        data={"note": "x"},
        files={"image": ("c.jpg", PICTURE, "image/jpeg")},
    )
    large = await send(camera, PICTURE + bytes(2**21))
    for answer in (short, long, large):
        assert answer.status_code == 200, answer.text
        assert {**answer.json(), "elapsed_ms": 0} == {
            "results": [
                {
                    "plate": "B1234XYZ",
                    "confidence": 0.9,
                    "box": {"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4},
                    "region": "id",
                    "alternatives": [{"plate": "B1234XY2", "confidence": 0.5}],
                    "characters": [],
                    "look": None,
                    "validity": None,
                }
            ],
            "backend": "plate-recognizer",
            "elapsed_ms": 0,
        }
    assert short.headers["content-type"] == long.headers["content-type"]
    assert "x-request-id" in short.headers
    told = [b'name="regions"\r\n\r\nid\r\n', f'name="camera_id"\r\n\r\n{camera.key.split("_")[1]}\r\n'.encode()]
    assert all(part in body for body in reader.bodies for part in (PICTURE, *told))
    assert len(reader.bodies) == 3


@ON_SQLITE
@pytest.mark.parametrize("way", ["short", "ordinary"])
async def test_a_camera_that_only_asks_is_seen_too(
    house: House, backend: tuple[Backend, make.Camera], way: str
) -> None:
    _, camera = backend
    origin = {} if way == "short" else {"Origin": "http://localhost:8000"}
    assert (await send(camera, **origin)).status_code == 200
    async with house.db.read() as connection:
        (hour,) = (await connection.execute(select(CameraHour.__table__))).mappings()  # type: ignore[attr-defined]
    assert (hour["last_at"], hour["messages"]) == (house.clock.now(), 0)


@ON_SQLITE
async def test_what_is_not_ordinary_is_refused_in_the_ordinary_words(backend: tuple[Backend, make.Camera]) -> None:
    reader, camera = backend
    refusals = [
        (await send(camera, **{"X-Api-Key": "lk_cam-x_y"}), 401, "sign-in-needed"),
        (await send(camera, b"no picture"), 415, "documents-not-an-image"),
        (await send(camera, b"%PDF-1.7"), 415, "documents-not-an-image"),
        (await send(camera, **{"X-Deadline-Ms": "soon"}), 422, "request-invalid"),
        (await send(camera, **{"X-Deadline-Ms": "0"}), 422, "request-invalid"),
        (await send(camera, **{"X-Deadline-Ms": "²"}), 422, "request-invalid"),
    ]
    for answer, status, code in refusals:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert reader.bodies == [], "nothing of it was forwarded"
    for status, expected, code in [(429, 503, "recognition-busy"), (413, 422, "recognition-picture-not-readable")]:
        reader.status = status
        answer = await send(camera)
        assert (answer.status_code, answer.json()["code"]) == (expected, code)
    reader.status = 500
    answer = await send(camera)
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream-unavailable")
    assert answer.headers["Retry-After"].isdigit()


class _NoPlace:
    async def hit(self, *_: object) -> None:
        raise PoolIsEmpty


@ON_SQLITE
async def test_the_short_way_too_says_that_the_database_has_no_place(backend: tuple[Backend, make.Camera]) -> None:
    reader, camera = backend
    app = camera.client._transport.app  # type: ignore[attr-defined]
    app.state.house.parts[Limits] = _NoPlace()
    full = await send(camera)
    assert (full.status_code, full.json()["code"], reader.bodies) == (503, "busy", [])
    assert full.headers["Retry-After"]


@ON_SQLITE
async def test_a_deadline_ends_the_wait(backend: tuple[Backend, make.Camera]) -> None:
    reader, camera = backend
    reader.wait_s = 30
    for _ in range(6):  # as often as opens a breaker: that one camera is impatient says nothing of the recogniser
        late = await send(camera, **{"X-Deadline-Ms": "50"})
        assert (late.status_code, late.json()["code"]) == (504, "recognition-deadline-passed")
    reader.wait_s = 0
    assert (await send(camera, **{"X-Deadline-Ms": "20000"})).status_code == 200


@ON_SQLITE
async def test_a_disabled_key_opens_the_short_way_no_longer_than_it_is_believed(
    house: House, backend: tuple[Backend, make.Camera], clock: FixedClock
) -> None:
    _reader, camera = backend
    assert (await send(camera)).status_code == 200
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, credentials.split_api_key(camera.key)[0])
    clock.advance(BELIEVED)
    assert (await send(camera)).status_code == 401
