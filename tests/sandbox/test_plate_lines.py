"""Drawn lines: known by their number, and plates all of them but for those that are to be read as nothing."""

import numpy as np

from app.sandbox.plate_lines import LINE_HEIGHT, REGIONS, drawn_line
from app.services.recognition.lines import LINE_HEIGHT as READ_HEIGHT
from app.services.reference.plates import parse_plate, region_codes


def test_a_number_decides_every_pixel() -> None:
    for number in range(12):
        first, again = drawn_line(number), drawn_line(number)
        assert first.text == again.text
        assert np.array_equal(first.strip, again.strip)
        assert not np.array_equal(first.strip, drawn_line(number, world=1).strip)


def test_lines_are_strips_as_the_reader_cuts_them() -> None:
    assert LINE_HEIGHT == READ_HEIGHT
    for number in range(60):
        strip = drawn_line(number).strip
        assert strip.shape[0] == LINE_HEIGHT
        assert LINE_HEIGHT <= strip.shape[1] <= 900
        assert strip.dtype == np.uint8


def test_every_line_is_a_plate_or_nothing_to_be_read() -> None:
    texts = [drawn_line(number).text for number in range(200)]
    assert 4 <= texts.count("") <= 30
    for text in filter(None, texts):
        parsed = parse_plate(text)
        assert parsed is not None
        assert parsed.canonical == text


def test_the_regions_drawn_are_the_regions_known() -> None:
    assert set(REGIONS) <= set(region_codes())
