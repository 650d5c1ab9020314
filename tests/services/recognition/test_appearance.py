"""Colours, use and validity of a plate: named where the picture shows them, unknown where it does not, and never another one."""

import cv2
import numpy as np
import pytest

from app.sandbox import plate_drawing as drawing
from app.sandbox import plate_wear as wear
from app.services.recognition.appearance import Printed, look_of, validity_of
from app.services.recognition.lines import Line
from app.services.reference import PlateColour, PlateUse

USES = {
    "private": (drawing.WHITE_ON_BLACK, PlateUse.PRIVATE),
    "private, new stock": (drawing.BLACK_ON_WHITE, PlateUse.PRIVATE),
    "public": (drawing.BLACK_ON_YELLOW, PlateUse.PUBLIC),
    "government": (drawing.WHITE_ON_RED, PlateUse.GOVERNMENT),
    "free trade": (drawing.BLACK_ON_GREEN, PlateUse.FREE_TRADE),
    "mission, old rule": (drawing.BLUE_ON_WHITE, PlateUse.DIPLOMATIC),
    "trial": (drawing.RED_ON_WHITE, PlateUse.TRIAL),
}
AROUND = 40


def on_a_vehicle(
    paint: drawing.Paint, body: tuple[int, int, int] = (90, 60, 150), *, electric: bool = False
) -> tuple[np.ndarray, Line]:
    """A plate on coloured metal, and where its number stands."""
    plate = drawing.draw_plate("B1234XYZ", expiry="03.28", paint=paint, pixels_per_mm=0.8, electric=electric)
    height, width = plate.picture.shape[:2]
    scene = np.full((height + 2 * AROUND, width + 2 * AROUND, 3), body, dtype=np.uint8)
    scene[AROUND:-AROUND, AROUND:-AROUND] = plate.picture
    left, top, right, bottom = (side + AROUND for side in plate.number)
    grown = 0.12 * (bottom - top)
    left, top, right, bottom = left - grown, top - grown, right + grown, bottom + grown
    return scene, Line(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32), 0.9)


def lit(scene: np.ndarray, blue: float, green: float, red: float) -> np.ndarray:
    return np.clip(scene * np.array([blue, green, red]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("paint", "use"), USES.values(), ids=USES)
@pytest.mark.parametrize("light", [(1, 1, 1), (0.45, 0.45, 0.45), (0.8, 0.94, 1.0)], ids=["day", "dusk", "warm"])
def test_each_use_is_told_by_its_colours(
    paint: drawing.Paint, use: PlateUse, light: tuple[float, float, float]
) -> None:
    scene, line = on_a_vehicle(paint)
    look = look_of(lit(scene, *light), line)
    assert look.use is use
    assert look.confidence >= 0.6
    assert not look.electric


@pytest.mark.parametrize(("paint", "use"), USES.values(), ids=USES)
def test_a_worn_plate_is_its_own_or_unknown(paint: drawing.Paint, use: PlateUse) -> None:
    named = 0
    for seed in range(20):
        chance = np.random.default_rng(seed)
        scene, line = on_a_vehicle(paint)
        worn = wear.dirty(chance, scene.astype(np.float32), float(chance.uniform(0.2, 0.9)))
        light = chance.uniform(0.35, 1.0) * np.array([chance.uniform(0.8, 1.0), 1.0, 1.0])
        taken = cv2.GaussianBlur(lit(worn, *light), (0, 0), float(chance.uniform(0.4, 2.0)))
        look = look_of(taken, line)
        assert look.use in (use, PlateUse.UNKNOWN), seed
        named += look.use is use
    assert named >= 10


@pytest.mark.parametrize("paint", [paint for paint, _ in USES.values()], ids=USES)
def test_a_picture_without_colour_tells_none(paint: drawing.Paint) -> None:
    """Under an infra-red lamp a red plate is as dark as a black one, and a yellow one as bright as a white one."""
    scene, line = on_a_vehicle(paint)
    grey = np.repeat(scene.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    look = look_of(grey, line)
    assert (look.ground, look.use, look.confidence) == (PlateColour.UNKNOWN, PlateUse.UNKNOWN, 0.0)


def test_a_missions_number_tells_more_than_its_colours() -> None:
    scene, line = on_a_vehicle(drawing.BLACK_ON_WHITE)
    assert look_of(scene, line, "CD12-35").use is PlateUse.DIPLOMATIC
    assert look_of(scene, line, "RI1").use is PlateUse.GOVERNMENT
    assert look_of(scene, line, "B1234XYZ").use is PlateUse.PRIVATE


def test_a_place_without_letters_has_no_colours() -> None:
    scene = np.full((60, 200, 3), (40, 120, 200), np.uint8)
    look = look_of(scene, Line(np.array([[20, 10], [180, 10], [180, 50], [20, 50]], np.float32), 0.9))
    assert look.ground is PlateColour.UNKNOWN


@pytest.mark.parametrize("paint", [drawing.BLACK_ON_WHITE, drawing.BLACK_ON_YELLOW, drawing.WHITE_ON_BLACK])
def test_the_blue_strip_of_an_electric_vehicle_is_seen_and_a_blue_vehicle_has_none(paint: drawing.Paint) -> None:
    scene, line = on_a_vehicle(paint, electric=True)
    assert look_of(scene, line).electric
    blue, line = on_a_vehicle(paint, body=(190, 70, 20))
    assert not look_of(blue, line).electric


def below(number: Line, *, down: float, height: float, along: float = 0.5) -> Line:
    left, top = number.quad[0]
    middle, level = left + along * number.width, top + down * number.height
    half, tall = 0.13 * number.width, height * number.height / 2
    corners = [(middle - half, level - tall), (middle + half, level - tall)]
    corners += [(middle + half, level + tall), (middle - half, level + tall)]
    return Line(np.array(corners, np.float32), 0.9)


NUMBER = Line(np.array([[100, 100], [300, 100], [300, 150], [100, 150]], np.float32), 0.9)
VALIDITY = below(NUMBER, down=1.3, height=0.4)


@pytest.mark.parametrize("text", ["03.28", "0328", "03-28", "03 28", "03•28"])
def test_the_second_line_is_month_and_year(text: str) -> None:
    read = validity_of(NUMBER, [Printed(NUMBER, "B 1234 XYZ", 0.9), Printed(VALIDITY, text, 0.8)])
    assert read is not None
    assert (str(read), read.confidence) == ("2028-03", 0.8)


@pytest.mark.parametrize(
    "printed",
    [
        Printed(VALIDITY, "13.28", 0.9),  # no month
        Printed(VALIDITY, "0034", 0.9),
        Printed(VALIDITY, "03.28X", 0.9),
        Printed(VALIDITY, "03.28", 0.3),  # hardly seen
        Printed(below(NUMBER, down=0.5, height=0.4), "03.28", 0.9),  # inside the number
        Printed(below(NUMBER, down=3.0, height=0.4), "03.28", 0.9),  # another thing below
        Printed(below(NUMBER, down=1.3, height=1.0), "03.28", 0.9),  # as large as the number
        Printed(below(NUMBER, down=1.3, height=0.4, along=1.6), "03.28", 0.9),  # the neighbour's
    ],
)
def test_what_is_no_validity_is_none(printed: Printed) -> None:
    assert validity_of(NUMBER, [printed]) is None


def test_of_two_the_surer_counts() -> None:
    read = validity_of(NUMBER, [Printed(VALIDITY, "03.26", 0.6), Printed(VALIDITY, "03.28", 0.9)])
    assert read is not None
    assert read.year == 2028
