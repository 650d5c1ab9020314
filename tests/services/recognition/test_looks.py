"""How a picture is looked at: how often, how large, and the same for whoever asks."""

import asyncio
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from app.sandbox.photographs import draw_photograph
from app.services.recognition.backends.embedded import EmbeddedRecogniser
from app.services.recognition.lines import LINE_HEIGHT, Floats, Picture
from app.services.recognition.networks import LineReader, TextDetector
from app.services.recognition.plate_reader import PlateReader, the_plate_reader

LOOK_PIXELS = 1120 * 840
ROUNDED = 1.05
"""Sides are rounded to multiples of 32."""


def looks_at(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Width and height of each look when nothing is found in any."""
    looks: list[tuple[int, int]] = []

    def see_nothing(_: TextDetector, scaled: Picture) -> Floats:
        looks.append((scaled.shape[1], scaled.shape[0]))
        return np.zeros(scaled.shape[:2], np.float32)

    reader: PlateReader = the_plate_reader()
    monkeypatch.setattr(TextDetector, "score_map", see_nothing)
    reader.read_picture(picture)
    return looks


def grey(width: int, height: int) -> Picture:
    return np.full((height, width, 3), 128, np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "looks"),
    [
        (4000, 3000, [(832, 640), (1120, 832), (512, 384)]),
        (416, 416, [(640, 640), (832, 832), (512, 512)]),
        (200, 150, [(640, 480), (832, 640), (512, 384)]),
        (600, 190, [(640, 192), (512, 160)]),
    ],
)
def test_no_look_enlarges_what_the_camera_did_not_see(
    width: int, height: int, looks: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert looks_at(grey(width, height), monkeypatch) == looks


@pytest.mark.parametrize(
    ("width", "height"), [(3000, 3000), (2400, 3000), (7000, 7000), (1500, 1500), (2000, 6000), (1, 1), (1, 6000)]
)
def test_a_look_of_any_shape_has_no_more_pixels_than_one_at_a_photograph(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = looks_at(grey(width, height), monkeypatch)
    assert len(looks) == 3
    assert max(across * down for across, down in looks) <= LOOK_PIXELS * ROUNDED


def test_beliefs_come_a_few_lines_at_a_time_and_each_with_its_own_place(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = LineReader(threads=1)
    rng = np.random.default_rng(7)
    strips = [rng.integers(0, 255, (LINE_HEIGHT, width, 3), dtype=np.uint8) for width in (500, 170, 320, 160, 480, 200)]
    runs: list[int] = []
    run = reader._run

    def counted(some: Sequence[Picture]) -> Floats:
        runs.append(len(some))
        return run(some)

    monkeypatch.setattr(reader, "_run", counted)
    beliefs = reader.probabilities(strips)
    first = [next(beliefs) for _ in range(4)]
    assert runs == [4]
    together = dict([*first, *beliefs])
    assert sorted(together) == list(range(6))
    assert [len(together[place]) for place in (0, 4)] == [len(run([strips[0]])[0])] * 2
    assert np.allclose(together[2], run([strips[2]])[0], atol=1e-4)


def test_numbers_next_to_zero_cost_the_networks_no_time_and_stay_what_they_are_for_everybody_else() -> None:
    """Of a look for lines two thirds of the time went into them; that is all that shows it."""
    reader = the_plate_reader()
    reader.read_picture(grey(64, 64))
    for network in (reader._detector, reader._reader, reader._font):
        options = network._session.get_session_options()
        assert options.get_session_config_entry("session.set_denormal_as_zero") == "1"
    assert sys.float_info.min / 4 > 0


async def test_whichever_thread_reads_it_the_same_bytes_are_the_same_reading() -> None:
    photographs = [draw_photograph(plate, seed=seed) for seed, plate in enumerate(("B1234XYZ", "AB5678CD"))]
    recognisers = [EmbeddedRecogniser() for _ in range(3)]
    for photograph in photographs:
        readings = await asyncio.gather(*(each.read(photograph) for each in recognisers))
        assert readings[0].results
        assert readings[0].results == readings[1].results == readings[2].results
    for each in recognisers:
        await each.aclose()
