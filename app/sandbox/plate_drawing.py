"""Draws an Indonesian plate, flat and whole: ground, frame, bolts, the number, month and year of expiry.

A car's measures 430 by 135 mm, a motorcycle's 275 by 110, the number above, the expiry below, a line around (Perpol
7/2021). Returned pictures are blue-green-red, as OpenCV wants them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from app.sandbox.plate_glyphs import GLYPHS, Glyph

Picture = NDArray[np.uint8]

_PARTS = re.compile(r"([A-Z]{1,2})([0-9]{1,4})([A-Z]{0,3})")
_WIDE_GLYPHS = {"M": 1.16, "W": 1.28}
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Paint:
    """Ground and letters, blue-green-red."""

    ground: tuple[int, int, int]
    letters: tuple[int, int, int]


WHITE_ON_BLACK = Paint((22, 20, 20), (226, 230, 232))
BLACK_ON_WHITE = Paint((226, 228, 226), (28, 24, 24))
BLACK_ON_YELLOW = Paint((30, 190, 236), (22, 22, 22))
WHITE_ON_RED = Paint((38, 30, 176), (228, 230, 230))
BLACK_ON_GREEN = Paint((96, 150, 60), (22, 24, 22))
BLUE_ON_WHITE = Paint((226, 228, 226), (150, 60, 24))
RED_ON_WHITE = Paint((226, 228, 226), (36, 30, 176))
ELECTRIC_STRIP = (168, 84, 20)


@dataclass(frozen=True)
class Blank:
    """The metal: `width` and `height` and where the rows stand on it, in millimetres from the top left. `expiry_at` is the
    middle of the expiry as a share of the width."""

    width: float
    height: float
    number_height: float
    number_top: float
    expiry_height: float
    expiry_top: float
    expiry_at: float = 0.5


CAR = Blank(430, 135, 66, 20, 20, 99.5)
MOTORCYCLE = Blank(275, 110, 46, 17, 21, 78, 0.66)


@dataclass(frozen=True)
class Lettering:
    """How the press writes. Widths and gaps are shares of the height of the letters; `spread` sets region and series to
    the edges, as most presses do, instead of all in the middle; `slant` leans the letters. `shapes` are glyphs in place of
    the usual ones; `stops` are dots between the parts."""

    stroke: float = 0.14
    width: float = 0.5
    gap: float = 0.17
    part_gap: float = 0.48
    slant: float = 0.0
    spread: float = 0.0
    margin: float = 19.0
    stops: bool = False
    shapes: Mapping[str, Glyph] = field(default_factory=dict)


USUAL = Lettering()

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class DrawnPlate:
    """The picture, and where in it the number stands and the expiry."""

    picture: Picture
    number: Box
    expiry: Box


def draw_plate(
    plate: str,
    *,
    expiry: str,
    paint: Paint,
    blank: Blank = CAR,
    lettering: Lettering = USUAL,
    pixels_per_mm: float = 2.0,
    framed: bool = True,
    electric: bool = False,
) -> DrawnPlate:
    """The plate, flat and clean. `plate` is written in any spacing; `expiry` is `MM.YY`; an `electric` vehicle's plate has a blue strip behind it. Raises ValueError for what is no
    civil plate."""
    parts = _PARTS.fullmatch(re.sub(r"[\s.-]+", "", plate.upper()))
    if parts is None:
        raise ValueError(f"cannot draw {plate!r}: give region, number and series, such as B 1234 XYZ")
    size = round(blank.height * pixels_per_mm), round(blank.width * pixels_per_mm)
    surface = np.empty((*size, 3), dtype=np.uint8)
    surface[:] = paint.ground
    if electric:
        surface[round((blank.expiry_top - 2) * pixels_per_mm) : round((blank.height - 7) * pixels_per_mm)] = (
            ELECTRIC_STRIP
        )
    pen = _Pen(np.zeros(size, dtype=np.uint8), pixels_per_mm, lettering)
    if framed:
        _frame(surface, blank, paint, pixels_per_mm)
    number = pen.write(
        [part for part in parts.groups() if part],
        top=blank.number_top,
        height=blank.number_height,
        middle=blank.width / 2,
        room=blank.width - 2 * lettering.margin,
        spread=lettering.spread,
    )
    below = pen.write(
        expiry.split("."),
        top=blank.expiry_top,
        height=blank.expiry_height,
        middle=blank.width * blank.expiry_at,
        room=blank.width / 3,
        spread=0.0,
    )
    pen.dot((below[0] + below[2]) / 2, (below[1] + below[3]) / 2, 2.0)
    scaled = [tuple(side * pixels_per_mm for side in box) for box in (number, below)]
    return DrawnPlate(_emboss(surface, pen.ink, paint, pixels_per_mm), _box(scaled[0]), _box(scaled[1]))


def _frame(surface: Picture, blank: Blank, paint: Paint, scale: float) -> None:
    inset = round(4.5 * scale)
    far = (surface.shape[1] - 1 - inset, surface.shape[0] - 1 - inset)
    cv2.rectangle(surface, (inset, inset), far, paint.letters, max(1, round(2.5 * scale)), cv2.LINE_AA)
    for x in (blank.width / 4, 3 * blank.width / 4):
        bolt = (round(x * scale), round((blank.expiry_top + 9.5) * scale))
        cv2.circle(surface, bolt, round(5.5 * scale), (120, 122, 124), -1, cv2.LINE_AA)
        cv2.circle(surface, bolt, round(5.5 * scale), (60, 60, 62), max(1, round(scale)), cv2.LINE_AA)


@dataclass(frozen=True)
class _Pen:
    ink: Picture
    scale: float
    lettering: Lettering

    def write(self, parts: list[str], *, top: float, height: float, middle: float, room: float, spread: float) -> Box:
        """Write the parts in one row; long numbers are set narrower, as the presses do. Where it stands, in millimetres."""
        style = self.lettering
        letters = sum(self._width(character) for part in parts for character in part)
        gaps = sum(len(part) - 1 for part in parts) * style.gap
        units = letters + gaps + (len(parts) - 1) * style.part_gap
        across = height * min(1.0, room / (units * height))
        between = style.part_gap * across
        if len(parts) > 1:
            between += spread * (room - units * across) / (len(parts) - 1)
        whole = (letters + gaps) * across + (len(parts) - 1) * between
        x = start = middle - whole / 2
        for place, part in enumerate(parts):
            for character in part:
                self._stroke(character, x=x, top=top, width=across * self._width(character), height=height)
                x += across * (self._width(character) + style.gap)
            x -= across * style.gap
            if place < len(parts) - 1:
                if style.stops and height > 30:
                    self.dot(x + between / 2, top + height / 2, height * 0.06)
                x += between
        return start, top, start + whole, top + height

    def dot(self, x: float, y: float, radius: float) -> None:
        """A full stop with its middle at (x, y) millimetres."""
        centre = (round(x * self.scale), round(y * self.scale))
        cv2.circle(self.ink, centre, max(1, round(radius * self.scale)), (255,), -1, cv2.LINE_AA)

    def _width(self, character: str) -> float:
        return self.lettering.width * _WIDE_GLYPHS.get(character, 1.0)

    def _stroke(self, character: str, *, x: float, top: float, width: float, height: float) -> None:
        thick = height * self.lettering.stroke
        lean = self.lettering.slant * height
        unit = self.scale * 2**_SUBPIXEL_BITS
        for line in self.lettering.shapes.get(character, GLYPHS[character]):
            points = [
                (
                    round((x + thick / 2 + px * (width - thick) + lean * (0.5 - py)) * unit),
                    round((top + thick / 2 + py * (height - thick)) * unit),
                )
                for px, py in line
            ]
            path = np.array(points, dtype=np.int32)
            thickness = max(1, round(thick * self.scale))
            cv2.polylines(self.ink, [path], isClosed=False, color=(255,), thickness=thickness, lineType=cv2.LINE_AA,
                          shift=_SUBPIXEL_BITS)  # fmt: skip


def _emboss(surface: Picture, ink: Picture, paint: Paint, scale: float) -> Picture:
    """Letters are pressed out of the metal: a lit edge above, a shaded one below."""
    relief = cv2.GaussianBlur(ink, (0, 0), 1.1 * scale).astype(np.int32)
    cover = ink.astype(np.int32)
    rise = max(1, round(1.5 * scale))
    edge = np.zeros(ink.shape, dtype=np.int32)
    edge[rise:-rise] = (relief[: -2 * rise] - relief[2 * rise :]) * 34 // 255
    embossed = np.empty_like(surface)
    for channel, letters in enumerate(paint.letters):
        ground = surface[..., channel].astype(np.int32)
        embossed[..., channel] = np.clip(ground + (letters - ground) * cover // 255 - edge, 0, 255)
    return embossed


def _box(sides: tuple[float, ...]) -> Box:
    left, top, right, bottom = sides
    return left, top, right, bottom
