"""Draws an Indonesian plate: strokes of our own for its lettering, with the slashed O and the open 4.

Car plates measure 430 by 135 mm, the number above, month and year of expiry below, a line around (Perpol
7/2021). Returned pictures are blue-green-red, as OpenCV wants them.
"""

import math
import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = list[tuple[float, float]]

WIDTH, HEIGHT = 860, 270
"""Pixels of a drawn plate: two for a millimetre."""

_PARTS = re.compile(r"([A-Z]{1,2})([0-9]{1,4})([A-Z]{0,3})")
_NUMBER_HEIGHT, _NUMBER_TOP = 132, 40
_EXPIRY_HEIGHT, _EXPIRY_TOP = 40, 199
_GLYPH_WIDTH, _GLYPH_GAP, _PART_GAP = 0.5, 0.17, 0.48
_WIDE_GLYPHS = {"M": 0.58, "W": 0.64}
_STROKE = 0.14
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Paint:
    """Ground and letters, blue-green-red."""

    ground: tuple[int, int, int]
    letters: tuple[int, int, int]


WHITE_ON_BLACK = Paint((22, 20, 20), (226, 230, 232))
BLACK_ON_WHITE = Paint((226, 228, 226), (28, 24, 24))
BLACK_ON_YELLOW = Paint((30, 190, 236), (22, 22, 22))


def draw_plate(plate: str, *, expiry: str, paint: Paint) -> Picture:
    """The plate, flat and clean, `HEIGHT` by `WIDTH`. `plate` is written in any spacing; `expiry` is
    `MM.YY`."""
    parts = _PARTS.fullmatch(re.sub(r"[\s.-]+", "", plate.upper()))
    if parts is None:
        raise ValueError(f"cannot draw {plate!r}: give region, number and series, such as B 1234 XYZ")
    surface = np.empty((HEIGHT, WIDTH, 3), dtype=np.uint8)
    surface[:] = paint.ground
    _frame(surface, paint)
    ink = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    _write(ink, [part for part in parts.groups() if part], top=_NUMBER_TOP, height=_NUMBER_HEIGHT)
    _write(ink, expiry.split("."), top=_EXPIRY_TOP, height=_EXPIRY_HEIGHT)
    cv2.circle(ink, (WIDTH // 2, _EXPIRY_TOP + _EXPIRY_HEIGHT // 2), 4, (255,), -1, cv2.LINE_AA)
    return _emboss(surface, ink, paint)


def _frame(surface: Picture, paint: Paint) -> None:
    cv2.rectangle(surface, (9, 9), (WIDTH - 10, HEIGHT - 10), paint.letters, 5, cv2.LINE_AA)
    for x in (WIDTH // 4, 3 * WIDTH // 4):
        cv2.circle(surface, (x, 218), 11, (120, 122, 124), -1, cv2.LINE_AA)
        cv2.circle(surface, (x, 218), 11, (60, 60, 62), 2, cv2.LINE_AA)


def _write(ink: Picture, parts: list[str], *, top: float, height: float) -> None:
    """Write the parts in one row, centred; long numbers are set narrower, as the presses do."""
    letters = "".join(parts)
    units = sum(_glyph_width(character) for character in letters)
    units += (len(letters) - len(parts)) * _GLYPH_GAP + (len(parts) - 1) * _PART_GAP
    squeeze = min(1.0, (WIDTH - 76) / (units * height))
    across = height * squeeze
    x = (WIDTH - units * across) / 2
    for place, part in enumerate(parts):
        for character in part:
            _stroke(ink, character, x=x, top=top, width=across * _glyph_width(character), height=height)
            x += across * (_glyph_width(character) + _GLYPH_GAP)
        x += across * (_PART_GAP - _GLYPH_GAP) if place < len(parts) - 1 else 0


def _glyph_width(character: str) -> float:
    return _WIDE_GLYPHS.get(character, _GLYPH_WIDTH)


def _stroke(ink: Picture, character: str, *, x: float, top: float, width: float, height: float) -> None:
    thickness = max(2, round(height * _STROKE))
    inset = thickness / 2
    for line in GLYPHS[character]:
        points = [
            (
                round((x + inset + px * (width - thickness)) * 2**_SUBPIXEL_BITS),
                round((top + inset + py * (height - thickness)) * 2**_SUBPIXEL_BITS),
            )
            for px, py in line
        ]
        path = np.array(points, dtype=np.int32)
        cv2.polylines(ink, [path], isClosed=False, color=(255,), thickness=thickness, lineType=cv2.LINE_AA,
                      shift=_SUBPIXEL_BITS)  # fmt: skip


def _emboss(surface: Picture, ink: Picture, paint: Paint) -> Picture:
    """Letters are pressed out of the metal: a lit edge above, a shaded one below."""
    cover = ink.astype(np.float32)[..., None] / 255
    relief = cv2.GaussianBlur(ink, (0, 0), 2.2).astype(np.float32) / 255
    edge = np.roll(relief, 3, axis=0) - np.roll(relief, -3, axis=0)
    colour = surface * (1 - cover) + np.array(paint.letters, dtype=np.float32) * cover
    return np.clip(colour - 34 * edge[..., None], 0, 255).astype(np.uint8)


def _arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> Points:  # noqa: PLR0917 - as ellipses are written
    """Points of an elliptic arc; degrees clockwise from the right, as the picture's y grows downwards."""
    steps = max(4, round(abs(end - start) / 12))
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(cx + rx * math.cos(angle), cy + ry * math.sin(angle)) for angle in angles]


# Corners are rounded by these radii, in glyph widths and heights.
_RX, _RY = 0.42, 0.2


def _ring(left: float = 0.0, top: float = 0.0, right: float = 1.0, bottom: float = 1.0) -> Points:
    rx, ry = _RX * (right - left), _RY
    return [
        *_arc(right - rx, top + ry, rx, ry, -90, 0),
        *_arc(right - rx, bottom - ry, rx, ry, 0, 90),
        *_arc(left + rx, bottom - ry, rx, ry, 90, 180),
        *_arc(left + rx, top + ry, rx, ry, 180, 270),
        (right - rx, top),
    ]


def _bowl(top: float, bottom: float, *, right: float = 1.0, rx: float = _RX) -> Points:
    """From the stem at the left, round the right side, and back to the stem."""
    ry = min(_RY, (bottom - top) / 2)
    return [
        (0, top),
        *_arc(right - rx, top + ry, rx, ry, -90, 0),
        *_arc(right - rx, bottom - ry, rx, ry, 0, 90),
        (0, bottom),
    ]


_STEM: Points = [(0, 0), (0, 1)]
_FAR_STEM: Points = [(1, 0), (1, 1)]

GLYPHS: dict[str, list[Points]] = {
    "A": [[(0, 1), (0.38, 0), (0.62, 0), (1, 1)], [(0.15, 0.68), (0.85, 0.68)]],
    "B": [_STEM, _bowl(0, 0.47, right=0.94), _bowl(0.47, 1)],
    "C": [[*_arc(1 - _RX, _RY, _RX, _RY, 0, -90), *_arc(_RX, _RY, _RX, _RY, -90, -180),
           *_arc(_RX, 1 - _RY, _RX, _RY, 180, 90), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 90, 0)]],
    "D": [_STEM, _bowl(0, 1)],
    "E": [_STEM, [(0, 0), (1, 0)], [(0, 0.48), (0.82, 0.48)], [(0, 1), (1, 1)]],
    "F": [_STEM, [(0, 0), (1, 0)], [(0, 0.48), (0.82, 0.48)]],
    "G": [[*_arc(1 - _RX, _RY, _RX, _RY, 0, -90), *_arc(_RX, _RY, _RX, _RY, -90, -180),
           *_arc(_RX, 1 - _RY, _RX, _RY, 180, 90), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 90, 0), (1, 0.55),
           (0.55, 0.55)]],
    "H": [_STEM, _FAR_STEM, [(0, 0.48), (1, 0.48)]],
    "I": [[(0.5, 0), (0.5, 1)]],
    "J": [[(0.95, 0), (0.95, 1 - _RY), *_arc(0.95 - _RX, 1 - _RY, _RX, _RY, 0, 170)]],
    "K": [_STEM, [(0.98, 0), (0.04, 0.56)], [(0.34, 0.38), (1, 1)]],
    "L": [[(0, 0), (0, 1), (1, 1)]],
    "M": [[(0, 1), (0, 0), (0.5, 0.55), (1, 0), (1, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "O": [_ring(), [(0.2, 0.78), (0.8, 0.22)]],
    "P": [_STEM, _bowl(0, 0.54)],
    "Q": [_ring(), [(0.58, 0.72), (1.02, 1.02)]],
    "R": [_STEM, _bowl(0, 0.52), [(0.45, 0.52), (1, 1)]],
    "S": [[*_arc(1 - _RX, _RY, _RX, _RY, -5, -90), *_arc(_RX, _RY, _RX, _RY, -90, -180),
           *_arc(_RX, 0.29, _RX, 0.18, 180, 90), *_arc(1 - _RX, 0.67, _RX, 0.2, -90, 0),
           *_arc(1 - _RX, 1 - _RY, _RX, _RY, 0, 90), *_arc(_RX, 1 - _RY, _RX, _RY, 90, 175)]],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "U": [[(0, 0), *_arc(_RX, 1 - _RY, _RX, _RY, 180, 90), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 90, 0), (1, 0)]],
    "V": [[(0, 0), (0.5, 1), (1, 0)]],
    "W": [[(0, 0), (0.22, 1), (0.5, 0.3), (0.78, 1), (1, 0)]],
    "X": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "Y": [[(0, 0), (0.5, 0.5), (1, 0)], [(0.5, 0.5), (0.5, 1)]],
    "Z": [[(0, 0), (1, 0), (0, 1), (1, 1)]],
    "0": [_ring()],
    "1": [[(0.24, 0.16), (0.56, 0), (0.56, 1)]],
    "2": [[*_arc(_RX, _RY, _RX, _RY, 180, 270), *_arc(1 - _RX, _RY, _RX, _RY, 270, 360), (1, 0.36), (0, 1), (1, 1)]],
    "3": [[*_arc(_RX, _RY, _RX, _RY, 190, 270), *_arc(1 - _RX, _RY, _RX - 0.04, _RY, -90, 0),
           *_arc(1 - _RX, 0.29, _RX - 0.04, 0.18, 0, 90), (0.42, 0.47)],
          [(0.42, 0.47), *_arc(1 - _RX, 0.67, _RX, 0.2, -90, 0), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 0, 90),
           *_arc(_RX, 1 - _RY, _RX, _RY, 90, 170)]],
    "4": [[(0.34, 0), (0, 0.7), (1, 0.7)], [(0.7, 0.36), (0.7, 1)]],
    "5": [[(0.96, 0), (0.06, 0), (0.02, 0.42), (0.58, 0.42), *_arc(1 - _RX, 0.62, _RX, 0.2, -90, 0),
           *_arc(1 - _RX, 1 - _RY, _RX, _RY, 0, 90), *_arc(_RX, 1 - _RY, _RX, _RY, 90, 170)]],
    "6": [[*_arc(1 - _RX, _RY, _RX, _RY, -10, -90), *_arc(_RX, _RY, _RX, _RY, -90, -180), (0, 0.8)],
          _ring(top=0.44)],
    "7": [[(0, 0), (1, 0), (0.36, 1)]],
    "8": [_ring(left=0.04, right=0.96, bottom=0.47), _ring(top=0.47)],
    "9": [[(1, 0.2), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 0, 90), *_arc(_RX, 1 - _RY, _RX, _RY, 90, 170)],
          _ring(bottom=0.56)],
}  # fmt: skip
