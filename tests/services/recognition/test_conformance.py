"""What every recogniser must do, whichever way it works. A new backend joins the list in `RECOGNISERS`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from starlette.responses import JSONResponse, Response

from app.core.config import Settings
from app.core.problems import Problem
from app.sandbox.photographs import (
    NEW_STOCK,
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    STANDARD,
    Conditions,
    draw_photograph,
    draw_unreadable,
)
from app.services.recognition import PICTURE_NOT_READABLE, Recogniser, choose_recogniser
from app.services.recognition.plate_reader import the_plate_reader
from tests.services.recognition.snapshot_server import SnapshotServer, result


@asynccontextmanager
async def embedded() -> AsyncIterator[Recogniser]:
    recogniser = choose_recogniser(Settings(_env_file=None, recogniser="embedded"))
    yield recogniser
    await recogniser.aclose()


@asynccontextmanager
async def over_http() -> AsyncIterator[Recogniser]:
    async with SnapshotServer(_read_for_real) as server:
        recogniser = choose_recogniser(Settings(_env_file=None, recogniser=server.url))
        yield recogniser
        await recogniser.aclose()


RECOGNISERS = {"embedded": embedded, "http": over_http}


@pytest.fixture(params=RECOGNISERS)
async def recogniser(request: pytest.FixtureRequest) -> AsyncIterator[Recogniser]:
    opened: AbstractAsyncContextManager[Recogniser] = RECOGNISERS[request.param]()
    async with opened as made:
        yield made


async def _read_for_real(image: bytes) -> Response:
    plates = await asyncio.to_thread(the_plate_reader().read, image)
    if plates is None:
        return JSONResponse({"detail": "not an image"}, status_code=400)
    results = [
        result(
            plate.plate.lower(),
            plate.confidence,
            box={side.replace("_", ""): getattr(plate.box, side) for side in ("x_min", "y_min", "x_max", "y_max")},
        )
        for plate in plates
    ]
    return JSONResponse({"processing_time": 1.0, "results": results}, status_code=201)


@pytest.mark.parametrize(
    ("plate", "conditions"), [("B 1234 XYZ", STANDARD), ("AB 5678 CD", NEW_STOCK)], ids=["black", "white"]
)
async def test_the_standard_plates_are_read(recogniser: Recogniser, plate: str, conditions: Conditions) -> None:
    await recogniser.warm_up()
    reading = await recogniser.read(draw_photograph(plate, seed=11, conditions=conditions))
    best = reading.results[0]
    assert best.plate == plate.replace(" ", "")
    assert best.region == "id"
    assert best.raw
    assert 0.5 < best.confidence <= 1
    assert 0 <= best.box.x_min < best.box.x_max <= PICTURE_WIDTH
    assert 0 <= best.box.y_min < best.box.y_max <= PICTURE_HEIGHT
    assert best.box.x_max - best.box.x_min < PICTURE_WIDTH / 2
    assert all(0 <= other.confidence <= best.confidence and other.plate != best.plate for other in best.alternatives)
    assert [r.confidence for r in reading.results] == sorted((r.confidence for r in reading.results), reverse=True)
    assert reading.backend
    assert reading.elapsed_ms >= 0


async def test_a_street_without_a_vehicle_has_no_trustworthy_plate(recogniser: Recogniser) -> None:
    reading = await recogniser.read(draw_unreadable(seed=3))
    assert all(found.confidence < 0.3 for found in reading.results)


@pytest.mark.parametrize(
    "image", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + b"\0" * 50], ids=["empty", "text", "stump"]
)
async def test_what_is_no_picture_is_refused(recogniser: Recogniser, image: bytes) -> None:
    with pytest.raises(Problem) as refused:
        await recogniser.read(image)
    assert refused.value.type is PICTURE_NOT_READABLE


async def test_several_pictures_at_once_get_each_their_own_answer(recogniser: Recogniser) -> None:
    plates = ["B1234XYZ", "D9040EFG", "L3344KM"]
    readings = await asyncio.gather(*(recogniser.read(draw_photograph(plate, seed=8)) for plate in plates))
    assert [reading.results[0].plate for reading in readings] == plates
