"""Drawn photographs: the same every time, and different where it matters."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from app.sandbox.photographs import (
    NEW_STOCK,
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    STANDARD,
    any_conditions,
    draw_photograph,
    draw_unreadable,
)
from app.sandbox.plate_drawing import CAR, MOTORCYCLE, WHITE_ON_BLACK, Blank, draw_plate
from app.sandbox.plate_glyphs import GLYPHS, OTHER_SHAPES


def test_a_photograph_is_a_jpeg_of_the_camera_s_size() -> None:
    photograph = draw_photograph("B 1234 XYZ", seed=1)
    assert photograph.startswith(b"\xff\xd8\xff")
    picture = cv2.imdecode(np.frombuffer(photograph, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (PICTURE_HEIGHT, PICTURE_WIDTH, 3)


def test_seed_plate_and_conditions_decide_every_byte() -> None:
    first = draw_photograph("b1234xyz", seed=4, conditions=any_conditions(4))
    assert draw_photograph("B 1234 XYZ", seed=4, conditions=any_conditions(4)) == first
    others = [
        draw_photograph("B 1234 XYZ", seed=5, conditions=any_conditions(4)),
        draw_photograph("B 1234 XYY", seed=4, conditions=any_conditions(4)),
        draw_photograph("B 1234 XYZ", seed=4, conditions=any_conditions(5)),
        draw_unreadable(seed=4),
    ]
    assert first not in others
    assert len(set(others)) == len(others)


def test_night_is_darker_and_new_stock_brighter() -> None:
    def light(photograph: bytes) -> float:
        return float(cv2.imdecode(np.frombuffer(photograph, np.uint8), cv2.IMREAD_GRAYSCALE).mean())

    day = light(draw_photograph("D 77 AB", seed=2))
    assert light(draw_photograph("D 77 AB", seed=2, conditions=replace(STANDARD, night=True))) < 0.6 * day
    assert light(draw_photograph("D 77 AB", seed=2, conditions=NEW_STOCK)) > day


def test_every_letter_and_digit_has_a_shape_of_its_own() -> None:
    assert set(GLYPHS) == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    drawn = {
        letter: draw_plate(f"B1{letter}", expiry="01.27", paint=WHITE_ON_BLACK).picture.tobytes()
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    }
    assert len(set(drawn.values())) == len(drawn)
    longest = draw_plate("AB 8888 WMW", expiry="12.30", paint=WHITE_ON_BLACK)
    assert longest.picture.shape == (270, 860, 3)
    assert set(OTHER_SHAPES) <= set(GLYPHS)


@pytest.mark.parametrize("blank", [CAR, MOTORCYCLE])
@pytest.mark.parametrize("plate", ["B 1 A", "AB 8888 WMW"])
def test_number_and_expiry_stand_on_the_metal_and_apart(blank: Blank, plate: str) -> None:
    drawn = draw_plate(plate, expiry="12.30", paint=WHITE_ON_BLACK, blank=blank, pixels_per_mm=1.0)
    for left, top, right, bottom in (drawn.number, drawn.expiry):
        assert 0 < left < right < blank.width
        assert 0 < top < bottom < blank.height
    assert drawn.number[3] < drawn.expiry[1]


def test_a_motorcycle_is_another_vehicle_and_infrared_knows_no_colour() -> None:
    motorcycle = replace(STANDARD, motorcycle=True)
    assert draw_photograph("G 77 AB", seed=2, conditions=motorcycle) != draw_photograph("G 77 AB", seed=2)
    infrared = draw_photograph("G 77 AB", seed=2, conditions=replace(motorcycle, infrared=True, noise=0.0))
    picture = cv2.imdecode(np.frombuffer(infrared, np.uint8), cv2.IMREAD_COLOR)
    assert np.ptp(picture.astype(int), axis=2).max() <= 8  # what the JPEG file adds


@pytest.mark.parametrize("text", ["", "1234", "B 12345 A", "Ø 1 A"])
def test_what_is_no_plate_is_not_drawn(text: str) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        draw_plate(text, expiry="01.27", paint=WHITE_ON_BLACK)
