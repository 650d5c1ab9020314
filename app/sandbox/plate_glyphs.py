"""The lettering of Indonesian plates as strokes of our own: narrow capitals, a slashed O and an open, slanted 4.

A glyph is a list of lines; x and y run from 0 to 1 over its box, y downwards. Presses and workshops differ: `OTHER_SHAPES`
holds what else stands on real plates for the same character.
"""

import math

Points = list[tuple[float, float]]
Glyph = list[Points]


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

GLYPHS: dict[str, Glyph] = {
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

OTHER_SHAPES: dict[str, list[Glyph]] = {
    "0": [[_ring(left=0.06, right=0.94)]],
    "1": [[[(0.2, 0.2), (0.52, 0), (0.52, 1)], [(0.16, 1), (0.88, 1)]], [[(0.5, 0), (0.5, 1)]],
          [[(0.3, 0.1), (0.6, 0), (0.6, 1)]]],
    "2": [[[*_arc(_RX, _RY, _RX, _RY, 180, 270), *_arc(1 - _RX, _RY, _RX, _RY, 270, 380), (0.02, 1), (1, 1)]]],
    "3": [[[(0.02, 0), (0.94, 0), (0.44, 0.42), *_arc(1 - _RX, 0.64, _RX, 0.2, -90, 0),
            *_arc(1 - _RX, 1 - _RY, _RX, _RY, 0, 90), *_arc(_RX, 1 - _RY, _RX, _RY, 90, 170)]]],
    "4": [[[(0.42, 0), (0, 0.66), (1, 0.66)], [(0.72, 0.4), (0.72, 1)]], [[(0.24, 0), (0, 0.68), (1, 0.68)],
          [(0.66, 0.3), (0.66, 1)]], [[(0.74, 1), (0.74, 0), (0, 0.7), (1, 0.7)]], [[(0.5, 0), (0.04, 0.72), (1, 0.72)],
          [(0.78, 0.44), (0.78, 1)]]],
    "6": [[[(0.66, 0), *_arc(_RX, 0.52, _RX, 0.3, -130, -180), (0, 0.8)], _ring(top=0.42)]],
    "7": [[[(0, 0), (1, 0), (0.5, 0.5), (0.42, 1)]], [[(0, 0.1), (0, 0), (1, 0), (0.34, 1)]]],
    "9": [[[(0.34, 1), *_arc(1 - _RX, 0.48, _RX, 0.3, 50, 0), (1, 0.2)], _ring(bottom=0.58)],
          [[(0.42, 0.56), (1, 0.5), (1, 0.2)], [*_ring(bottom=0.56)], [(1, 0.2), (1, 0.8),
            *_arc(1 - _RX, 1 - _RY, _RX, _RY, 0, 80)]]],
    "A": [[[(0, 1), (0.5, 0), (1, 1)], [(0.18, 0.7), (0.82, 0.7)]]],
    "C": [[[(0.98, 0.3), *_arc(1 - _RX, _RY, _RX, _RY, 0, -90), *_arc(_RX, _RY, _RX, _RY, -90, -180),
            *_arc(_RX, 1 - _RY, _RX, _RY, 180, 90), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 90, 0), (0.98, 0.7)]]],
    "G": [[[(0.98, 0.28), *_arc(1 - _RX, _RY, _RX, _RY, 0, -90), *_arc(_RX, _RY, _RX, _RY, -90, -180),
            *_arc(_RX, 1 - _RY, _RX, _RY, 180, 90), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 90, 0), (1, 0.6), (0.6, 0.6)]],
          [[*_arc(1 - _RX, _RY, _RX, _RY, 0, -90), *_arc(_RX, _RY, _RX, _RY, -90, -180),
            *_arc(_RX, 1 - _RY, _RX, _RY, 180, 90), *_arc(1 - _RX, 1 - _RY, _RX, _RY, 90, 0)], [(1, 1), (1, 0.58), (0.5, 0.58)]]],
    "I": [[[(0.5, 0), (0.5, 1)], [(0.16, 0), (0.84, 0)], [(0.16, 1), (0.84, 1)]]],
    "J": [[[(0.3, 0), (0.95, 0), (0.95, 1 - _RY), *_arc(0.95 - _RX, 1 - _RY, _RX, _RY, 0, 170)]]],
    "K": [[_STEM, [(1, 0), (0, 0.5)], [(0, 0.5), (1, 1)]]],
    "M": [[[(0, 1), (0, 0), (0.5, 0.86), (1, 0), (1, 1)]], [[(0, 1), (0.1, 0), (0.5, 0.6), (0.9, 0), (1, 1)]]],
    "O": [[_ring(), [(0.04, 0.92), (0.96, 0.08)]], [_ring(), [(0.3, 0.7), (0.7, 0.3)]]],
    "Q": [[_ring(), [(0.5, 0.66), (0.98, 0.98)]], [_ring(), [(0.6, 0.84), (1.06, 1.08)]],
          [_ring(), [(0.5, 0.8), (0.5, 1.1)]], [_ring(), [(0.4, 0.74), (0.66, 0.72), (1.0, 1.0)]]],
    "R": [[_STEM, _bowl(0, 0.5), [(0.2, 0.5), (1, 1)]]],
    "V": [[[(0, 0), (0.44, 1), (0.56, 1), (1, 0)]]],
    "W": [[[(0, 0), (0.25, 1), (0.5, 0), (0.75, 1), (1, 0)]], [[(0, 0), (0.1, 1), (0.5, 0.4), (0.9, 1), (1, 0)]]],
    "Y": [[[(0, 0), (0.5, 0.58), (1, 0)], [(0.5, 0.58), (0.5, 1)]]],
    "Z": [[[(0, 0), (0.96, 0), (0.04, 1), (1, 1)]]],
}  # fmt: skip
"""Further shapes of a character, beside the one in `GLYPHS`."""
