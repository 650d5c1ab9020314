"""What every recogniser must do, whichever way it works. A new backend joins the list in `RECOGNISERS`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

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
from app.services.recognition import PICTURE_NOT_READABLE, Recogniser, RecogniserConfig
from app.services.recognition.choice import builder_of
from app.services.recognition.plate_reader import the_plate_reader
from tests.services.recognition.vendor_servers import KINDS, OPTIONS, Known, VendorServer


@asynccontextmanager
async def embedded() -> AsyncIterator[Recogniser]:
    recogniser = builder_of("embedded")(RecogniserConfig("embedded"))
    yield recogniser
    await recogniser.aclose()


def over_http(kind: str) -> Callable[[], AbstractAsyncContextManager[Recogniser]]:
    """A backend whose server really reads."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Recogniser]:
        async with VendorServer(kind, _read_for_real, token="key") as server:
            config = RecogniserConfig(kind, server.url, "key", options=OPTIONS.get(kind, {}) | IDENTIFIED.get(kind, {}))
            recogniser = builder_of(kind)(config)
            yield recogniser
            await recogniser.aclose()

    return opened


IDENTIFIED = {"open-inference": {"region": "id"}}
RECOGNISERS = {"embedded": embedded, **{kind: over_http(kind) for kind in KINDS}}
WITHOUT_REGION = {"codeproject-ai"}


@pytest.fixture(params=RECOGNISERS)
async def recogniser(request: pytest.FixtureRequest) -> AsyncIterator[Recogniser]:
    async with RECOGNISERS[request.param]() as made:
        yield made


_SEEN: dict[bytes, list[Known] | None] = {}


def _read_for_real(image: bytes) -> list[Known] | None:
    """Each picture once: what is tested is how the answer travels."""
    if image not in _SEEN:
        plates = the_plate_reader().read(image)
        _SEEN[image] = plates and [
            Known(each.plate, each.confidence, (each.box.x_min, each.box.y_min, each.box.x_max, each.box.y_max))
            for each in plates
        ]  # type: ignore[assignment]
    return _SEEN[image]


@pytest.mark.parametrize(
    ("plate", "conditions"), [("B 1234 XYZ", STANDARD), ("AB 5678 CD", NEW_STOCK)], ids=["black", "white"]
)
async def test_the_standard_plates_are_read(
    request: pytest.FixtureRequest, recogniser: Recogniser, plate: str, conditions: Conditions
) -> None:
    await recogniser.warm_up()
    reading = await recogniser.read(draw_photograph(plate, seed=11, conditions=conditions))
    best = reading.results[0]
    assert best.plate == plate.replace(" ", "")
    kind = request.node.callspec.params["recogniser"]
    assert best.region == ("" if kind in WITHOUT_REGION else "id")
    assert len(best.characters) in (0, len(best.plate))
    assert all(0 <= each <= 1 for each in best.characters)
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
    assert reading.results == ()


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
