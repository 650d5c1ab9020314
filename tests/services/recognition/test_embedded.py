"""The embedded recogniser's queue: bounded, refused with a time to come back, and free again afterwards."""

import asyncio
import subprocess
import sys

import cv2
import numpy as np
import pytest

from app.core.problems import Problem
from app.sandbox.photographs import PICTURE_WIDTH, Conditions, any_conditions, draw_photograph
from app.sandbox.plate_drawing import BLACK_ON_YELLOW
from app.services.recognition import RECOGNISER_BUSY
from app.services.recognition.backends.embedded import EmbeddedRecogniser
from app.services.reference import PlateUse


async def test_a_full_queue_says_when_to_come_back() -> None:
    recogniser = EmbeddedRecogniser(most_waiting=2)
    photograph = draw_photograph("B1234XYZ", seed=1)
    waiting = [asyncio.create_task(recogniser.read(photograph)) for _ in range(2)]
    await asyncio.sleep(0)  # lets both tasks take their place
    with pytest.raises(Problem) as refused:
        await recogniser.read(photograph)
    assert refused.value.type is RECOGNISER_BUSY
    assert int(refused.value.headers["Retry-After"]) > 0
    await asyncio.gather(*waiting)
    assert (await recogniser.read(photograph)).results[0].plate == "B1234XYZ"
    await recogniser.aclose()


async def test_a_caller_who_leaves_gives_the_place_back_when_the_thread_is_done() -> None:
    recogniser = EmbeddedRecogniser(most_waiting=1)
    left = asyncio.create_task(recogniser.read(draw_photograph("B1234XYZ", seed=1)))
    await asyncio.sleep(0)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    await recogniser.warm_up()  # runs in the same thread, so after the picture that nobody waits for
    assert (await recogniser.read(draw_photograph("D9040EFG", seed=1))).results[0].plate == "D9040EFG"
    await recogniser.aclose()


async def test_the_loop_keeps_turning_while_a_plate_is_read() -> None:
    recogniser = EmbeddedRecogniser()
    await recogniser.warm_up()
    reading = asyncio.create_task(recogniser.read(draw_photograph("B1234XYZ", seed=2)))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    await recogniser.aclose()


async def test_most_plates_in_poor_conditions_are_read_and_none_is_wrong_with_confidence() -> None:
    recogniser = EmbeddedRecogniser()
    plates = ["B1234XYZ", "D9040EFG", "L3344KM", "AB5678CD", "N812PR", "H4146HJ"]
    read = []
    for seed, plate in enumerate(plates):
        reading = await recogniser.read(draw_photograph(plate, seed=seed, conditions=any_conditions(seed)))
        read += [(plate, found) for found in reading.results[:1]]
    await recogniser.aclose()
    assert sum(found.plate == plate for plate, found in read) >= 5
    assert not [(plate, found.plate) for plate, found in read if found.plate != plate and found.confidence > 0.95]


async def test_two_vehicles_in_a_picture_are_two_plates_each_with_its_own_colours_and_validity() -> None:
    public = Conditions(paint=BLACK_ON_YELLOW, expiry="11.29")
    files = [draw_photograph("B1234XYZ", seed=1), draw_photograph("D7040EFG", seed=2, conditions=public)]
    scenes = [cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR) for file in files]
    street = bytes(cv2.imencode(".jpg", np.hstack(scenes))[1])
    recogniser = EmbeddedRecogniser()
    results = (await recogniser.read(street)).results
    again = (await recogniser.read(street)).results
    await recogniser.aclose()
    assert results == again
    found = {each.plate: each for each in results}
    assert set(found) == {"B1234XYZ", "D7040EFG"}
    assert found["B1234XYZ"].box.x_max < PICTURE_WIDTH < found["D7040EFG"].box.x_min
    looks = [found[plate].look for plate in ("B1234XYZ", "D7040EFG")]
    assert [look and look.use for look in looks] == [PlateUse.PRIVATE, PlateUse.PUBLIC]
    assert {str(each.validity) for each in results} <= {"2028-03", "2029-11", "None"}
    assert [each.confidence for each in results] == sorted((each.confidence for each in results), reverse=True)


def test_choosing_a_recogniser_loads_nothing_heavy() -> None:
    code = (
        "import sys; from app.core.config import Settings; from app.services.recognition import choose_recogniser;"
        "choose_recogniser(Settings(_env_file=None));"
        "sys.exit(any(heavy in sys.modules for heavy in ('cv2', 'onnxruntime', 'rapidocr', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
