"""Drawn lines of plates, cut out as a text detector cuts them: what a reader of plates is trained and tried with.

A line is known by its number: `drawn_line(7)` is the same line on every machine with the same libraries. One in fifteen is
no plate's number (a word, an expiry, bare metal) and has nothing to be read.
"""

from dataclasses import dataclass
from string import ascii_uppercase

import cv2
import numpy as np

from app.sandbox import plate_wear as wear
from app.sandbox.plate_drawing import (
    BLACK_ON_GREEN,
    BLACK_ON_WHITE,
    BLACK_ON_YELLOW,
    CAR,
    MOTORCYCLE,
    WHITE_ON_BLACK,
    WHITE_ON_RED,
    Box,
    DrawnPlate,
    Lettering,
    Paint,
    Picture,
    draw_plate,
)
from app.sandbox.plate_glyphs import GLYPHS, OTHER_SHAPES
from app.sandbox.plate_wear import Chance, Floats

LINE_HEIGHT = 48
"""Pixels, as the reader in the house cuts its lines."""

REGIONS = tuple(
    f"{first}{second}".strip()
    for first, seconds in {
        "A": " ABDEG",
        "B": " ABDEGHKLMNP",
        "D": " ABCDEGHKLMNPRTW",
        "E": " ABD",
        "F": " ",
        "G": " ",
        "H": " ",
        "K": " BHTU",
        "L": " ",
        "M": " ",
        "N": " ",
        "P": " ABGSTY",
        "R": " ",
        "S": " ",
        "T": " ",
        "W": " ",
        "Z": " ",
    }.items()
    for second in seconds
)
"""Region codes of civil plates (Perpol 7/2021)."""

_PAINTS = (WHITE_ON_BLACK, BLACK_ON_WHITE, BLACK_ON_YELLOW, WHITE_ON_RED, BLACK_ON_GREEN)
_PAINT_SHARES = (0.44, 0.39, 0.09, 0.05, 0.03)
_RARE_LETTERS = "OQGCID"
_PIXELS_PER_MM = 0.62
_AROUND = 22
"""Pixels of car or road drawn around the plate."""
_NO_NUMBER = 1 / 15


@dataclass(frozen=True)
class DrawnLine:
    """A strip `LINE_HEIGHT` high, blue-green-red, and the number on it; empty where there is none to be read."""

    strip: Picture
    text: str


def drawn_line(number: int, *, world: int = 0) -> DrawnLine:
    """The line with this number. `world` sets apart what is drawn for training (0) from what is drawn for trying."""
    chance = np.random.default_rng([world, number])
    if chance.random() < _NO_NUMBER:
        return DrawnLine(_no_number(chance), "")
    text = any_number(chance)
    plate, paint = _plate(chance, text)
    return DrawnLine(_taken(chance, _mounted(chance, plate, paint), _cut(chance, plate)), text)


def any_number(chance: Chance) -> str:
    """A plate's number without spaces; four digits and two letters are the rule, letters that are hard to read come often."""
    region = REGIONS[int(chance.integers(len(REGIONS)))] if chance.random() < 0.7 else "B"
    digits = int(chance.choice([4, 3, 2, 1], p=[0.84, 0.08, 0.05, 0.03]))
    number = int(chance.integers(10 ** (digits - 1), 10**digits))
    letters = int(chance.choice([2, 3, 1, 0], p=[0.54, 0.31, 0.14, 0.01]))
    pool = ascii_uppercase if chance.random() < 0.75 else ascii_uppercase + _RARE_LETTERS * 3
    return region + str(number) + "".join(pool[int(chance.integers(len(pool)))] for _ in range(letters))


def any_lettering(chance: Chance) -> Lettering:
    """A press of its own: stroke, width, spacing, and which shape each character has."""
    shapes = {
        character: others[int(chance.integers(len(others)))]
        for character, others in OTHER_SHAPES.items()
        if chance.random() < 0.5
    }
    return Lettering(
        stroke=float(chance.uniform(0.09, 0.19)),
        width=float(chance.uniform(0.4, 0.62)),
        gap=float(chance.uniform(0.09, 0.26)),
        part_gap=float(chance.uniform(0.3, 0.8)),
        slant=float(chance.normal(0, 0.02)),
        spread=float(chance.choice([0.0, 1.0, chance.uniform(0, 1)], p=[0.3, 0.4, 0.3])),
        margin=float(chance.uniform(9, 24)),
        stops=bool(chance.random() < 0.25),
        shapes=shapes,
    )


def _plate(chance: Chance, text: str) -> tuple[DrawnPlate, Paint]:
    paint = _off(chance, _PAINTS[int(chance.choice(len(_PAINTS), p=_PAINT_SHARES))])
    blank = CAR if chance.random() < 0.6 else MOTORCYCLE
    drawn = draw_plate(
        text,
        expiry=_expiry(chance),
        paint=paint,
        blank=blank,
        lettering=any_lettering(chance),
        pixels_per_mm=_PIXELS_PER_MM * CAR.number_height / blank.number_height,
        framed=bool(chance.random() < 0.8),
    )
    return drawn, paint


def _expiry(chance: Chance) -> str:
    return f"{chance.integers(1, 13):02}.{chance.integers(20, 34):02}"


def _off(chance: Chance, paint: Paint) -> Paint:
    """The same paint from another pot, and older."""

    def pot(colour: tuple[int, int, int]) -> tuple[int, int, int]:
        blue, green, red = (int(np.clip(part + chance.normal(0, 14), 0, 255)) for part in colour)
        return blue, green, red

    return Paint(pot(paint.ground), pot(paint.letters))


def _mounted(chance: Chance, plate: DrawnPlate, paint: Paint) -> Floats:
    """The plate, worn, with what is around it."""
    worn = plate.picture.astype(np.float32)
    if chance.random() < 0.3:
        worn = wear.faded(chance, worn, paint.ground, float(chance.uniform(0.2, 0.85)))
    if chance.random() < 0.6:
        worn = wear.bolted(chance, worn)
    if chance.random() < 0.2:
        worn = wear.stuck_over(chance, worn)
    if chance.random() < 0.4:
        worn = wear.dirty(chance, worn, float(chance.uniform(0.1, 1.0)))
    around = np.full((worn.shape[0] + 2 * _AROUND, worn.shape[1] + 2 * _AROUND, 3), chance.uniform(0, 235), np.float32)
    around *= chance.normal(1, 0.12, 3).astype(np.float32)
    if chance.random() < 0.5:
        around *= 0.5 + wear.patches(chance, *around.shape[:2], cells=int(chance.integers(3, 40)))[..., None]
    if chance.random() < 0.35:  # a holder around the plate
        rim, grey = int(chance.integers(2, 14)), float(chance.uniform(10, 240))
        edge = slice(_AROUND - rim, -_AROUND + rim)
        around[edge, edge] = grey
    around[_AROUND:-_AROUND, _AROUND:-_AROUND] = worn
    if chance.random() < 0.35:
        around = wear.bent(chance, around, float(chance.uniform(0.005, 0.035)))
    return around


def _cut(chance: Chance, plate: DrawnPlate) -> Box:
    """What a detector takes for the line: mostly the number with a little around, at times the plate or its upper part."""
    height, width = plate.picture.shape[:2]
    left, top, right, bottom = plate.number
    tall = bottom - top
    kind = chance.random()
    if kind < 0.76:
        aside, above = chance.uniform(-0.04, 0.45, 2) * tall, chance.uniform(-0.07, 0.26, 2) * tall
        box = left - aside[0], top - above[0], right + aside[1], bottom + above[1]
    else:
        share = 1.0 if kind < 0.88 else float(chance.uniform(0.68, 0.8))
        off = chance.normal(0, 0.05, 4) * height
        box = off[0], off[1], width + off[2], height * share + off[3]
    return box[0] + _AROUND, box[1] + _AROUND, box[2] + _AROUND, box[3] + _AROUND


def _taken(chance: Chance, scene: Floats, cut: Box) -> Picture:
    """The cut as a camera saw it, then as the reader levels it."""
    left, top, right, bottom = cut
    tall, wide = bottom - top, right - left
    seen = float(np.exp(chance.uniform(np.log(10), np.log(70))))  # pixels of the line in the photograph
    stretch = float(np.exp(chance.normal(0, 0.16)))
    height = max(8, round(seen))
    width = int(np.clip(wide / tall * seen * stretch, height * 1.2, 900 / LINE_HEIGHT * height))
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    turn = float(chance.normal(0, 0.022))
    middle = corners.mean(axis=0)
    lean = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    skew = np.array([[1.0, float(chance.normal(0, 0.1))], [0.0, 1.0]])
    corners = (corners - middle) @ (skew @ lean).T + middle + chance.normal(0, 0.03 * tall, (4, 2))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    shrink = tall / height
    if shrink > 1.2:
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.42 * shrink), dtype=np.float32)
    seen_line = cv2.warpPerspective(
        scene, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return _as_strip(chance, np.asarray(seen_line, dtype=np.float32))


def _as_strip(chance: Chance, line: Floats) -> Picture:
    line = wear.blurred(chance, wear.exposed(chance, wear.lit(chance, line)))
    if chance.random() < 0.06:
        line = wear.rained_on(chance, line)
    pixels = wear.sensed(chance, line)
    width = max(LINE_HEIGHT, round(pixels.shape[1] * LINE_HEIGHT / pixels.shape[0]))
    strip = cv2.resize(pixels, (min(width, 900), LINE_HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(strip, dtype=np.uint8)


def _no_number(chance: Chance) -> Picture:
    """A word on a shop front or a bumper, the expiry alone, or nothing but metal."""
    kind = chance.random()
    plate, paint = _plate(chance, any_number(chance))
    if kind < 0.35:
        scene = _mounted(chance, plate, paint)
        left, top, right, bottom = (side + _AROUND for side in plate.expiry)
        tall = bottom - top
        return _taken(chance, scene, (left - tall * 0.3, top - tall * 0.2, right + tall * 0.3, bottom + tall * 0.2))
    height = 66
    word = "".join(list(GLYPHS)[int(i)] for i in chance.integers(0, 26, int(chance.integers(0, 12))))
    board = np.empty((height + 60, 60 + 44 * max(2, len(word)), 3), dtype=np.uint8)
    board[:] = paint.ground
    face = int(chance.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    written = word if chance.random() < 0.5 else word.capitalize()
    letters = [float(part) for part in paint.letters]
    cv2.putText(board, written, (24, 30 + height), face, 2.2, letters, int(chance.integers(2, 10)), cv2.LINE_AA)
    return _taken(chance, board.astype(np.float32), (6.0, 16.0, board.shape[1] - 6.0, height + 44.0))
