"""Lines of text in a street picture: where a text detector sees them, joined where a plate was cut in
pieces."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height, width, blue-green-red."""

Floats = NDArray[np.float32]
ScoreMap = Callable[[Picture], Floats]
"""For a picture whose sides are multiples of 32, the belief per pixel that it lies inside text."""

LINE_HEIGHT = 48
"""Pixels that the reader wants a line to be high."""

_PIXEL_SCORE = 0.25
_REGION_SCORE = 0.35
_SMALLEST_SIDE = 3
_GROWTH = 1.7
_STEEPEST_DEGREES = 50.0
_MOST_PIECES = 4
_FLATTEST, _LONGEST = 1.2, 14.0
_MARGIN = 0.04
_WIDEST_LINE = 900


@dataclass(frozen=True)
class Piece:
    """One text region as a turned rectangle: `angle` in degrees, -90 to 90, along its longer side."""

    centre: tuple[float, float]
    width: float
    height: float
    angle: float
    score: float

    def corners(self) -> Floats:
        return _floats(cv2.boxPoints((self.centre, (self.width, self.height), self.angle)))


@dataclass(frozen=True)
class Line:
    """A line of text: its corners from the top left clockwise, and the detector's belief."""

    quad: Floats
    score: float

    @property
    def width(self) -> float:
        return _distance(self.quad[0], self.quad[1])

    @property
    def height(self) -> float:
        return _distance(self.quad[0], self.quad[3])

    @property
    def aspect(self) -> float:
        return self.width / max(1.0, self.height)


def find_lines(picture: Picture, score_map: ScoreMap, *, side: float, most: int) -> list[Line]:
    """The most promising lines of `picture` when its longer side is scaled to `side` pixels, at most
    `most`."""
    lines = join_pieces(find_pieces(picture, score_map, side=side))
    likely = [line for line in lines if _FLATTEST < line.aspect < _LONGEST]
    return sorted(likely, key=lambda line: -line.score * math.sqrt(min(line.width, 400.0)))[:most]


def find_pieces(picture: Picture, score_map: ScoreMap, *, side: float) -> list[Piece]:
    """The text regions of `picture`, in its own pixels."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    scaled_height, scaled_width = (max(32, round(length * scale / 32) * 32) for length in (height, width))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scores = score_map(_picture(cv2.resize(picture, (scaled_width, scaled_height), interpolation=how)))
    inside = (scores > _PIXEL_SCORE).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    stretch = (width / scaled_width, height / scaled_height)
    found = (_piece(np.asarray(contour, dtype=np.int32), scores, stretch) for contour in contours)
    return [piece for piece in found if piece is not None]


def _piece(contour: NDArray[np.int32], scores: Floats, stretch: tuple[float, float]) -> Piece | None:
    if len(contour) < 4:
        return None
    (x, y), (width, height), angle = cv2.minAreaRect(contour)
    if min(width, height) < _SMALLEST_SIDE:
        return None
    score = _mean_inside(contour, scores)
    if score < _REGION_SCORE:
        return None
    # The network marks the core of a word; grow it back as its training shrank it (DB, arXiv 1911.08947,
    # 3.4).
    growth = width * height * _GROWTH / (width + height)
    width, height = width + growth, height + growth
    if height > width:
        width, height, angle = height, width, angle - 90
    across, down = stretch
    return Piece((x * across, y * down), width * across, height * down, (angle + 90) % 180 - 90, score)


def _mean_inside(contour: NDArray[np.int32], scores: Floats) -> float:
    left, top, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), dtype=np.uint8)
    outline = (contour.reshape(-1, 2) - np.array([left, top])).astype(np.int32)
    cv2.fillPoly(mask, [outline], (1,))
    return float(cv2.mean(scores[top : top + height, left : left + width], mask)[0])


def join_pieces(pieces: Sequence[Piece]) -> list[Line]:
    """Every piece as a line of its own, and every chain of up to four that could be one line in pieces."""
    level = sorted((p for p in pieces if abs(p.angle) < _STEEPEST_DEGREES), key=lambda p: p.centre[0])
    lines = [_line([piece]) for piece in level]
    for start, first in enumerate(level):
        chain = [first]
        for piece in level[start + 1 :]:
            if len(chain) < _MOST_PIECES and _continues(chain[-1], piece):
                chain = [*chain, piece]
                lines.append(_line(chain))
    return lines


def _continues(left: Piece, right: Piece) -> bool:
    if min(left.height, right.height) / max(left.height, right.height) < 0.5:
        return False
    mean_height = (left.height + right.height) / 2
    angle = math.radians((left.angle * left.width + right.angle * right.width) / (left.width + right.width))
    across, down = right.centre[0] - left.centre[0], right.centre[1] - left.centre[1]
    along = across * math.cos(angle) + down * math.sin(angle)
    aside = -across * math.sin(angle) + down * math.cos(angle)
    gap = along - (left.width + right.width) / 2
    return abs(aside) < 0.45 * mean_height and gap < 2.6 * mean_height


def _line(chain: Sequence[Piece]) -> Line:
    score = min(piece.score for piece in chain)
    if len(chain) == 1:
        return Line(_ordered(chain[0].corners()), score)
    centre, (width, height), angle = cv2.minAreaRect(np.concatenate([piece.corners() for piece in chain]))
    if height > width:
        width, height, angle = height, width, angle - 90
    return Line(_ordered(_floats(cv2.boxPoints((centre, (width, height), angle)))), score)


def rectify(picture: Picture, line: Line) -> Picture | None:
    """The line as a level strip `LINE_HEIGHT` high, or None when it is too small to hold characters."""
    top_left, top_right, bottom_right, bottom_left = line.quad
    width = max(_distance(top_left, top_right), _distance(bottom_left, bottom_right))
    height = max(_distance(top_left, bottom_left), _distance(top_right, bottom_right))
    if height < 4 or width < 8:
        return None
    along = (top_right - top_left) / width * height * _MARGIN * 2
    down = (bottom_left - top_left) / height * height * _MARGIN
    corners = line.quad + np.stack([-along - down, along - down, along + down, down - along])
    strip = round(LINE_HEIGHT * (width + 4 * height * _MARGIN) / (height + 2 * height * _MARGIN))
    strip = max(LINE_HEIGHT, min(strip, _WIDEST_LINE))
    target = np.array([[0, 0], [strip, 0], [strip, LINE_HEIGHT], [0, LINE_HEIGHT]], dtype=np.float32)
    turn = cv2.getPerspectiveTransform(_floats(corners), target)
    return _picture(
        cv2.warpPerspective(picture, turn, (strip, LINE_HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    )


def widened(line: Line, *, left: float, right: float) -> Line:
    """The line with so many of its heights more at either end."""
    top_left, top_right, bottom_right, bottom_left = line.quad
    along = (top_right - top_left) / max(1.0, line.width) * line.height
    corners = [
        top_left - along * left,
        top_right + along * right,
        bottom_right + along * right,
        bottom_left - along * left,
    ]
    return Line(_floats(corners), line.score)


def rectify_below(picture: Picture, line: Line) -> Picture | None:
    """What is below the line, level, as wide as the line and as high: there a plate has its validity and its lower edge."""
    top_left, top_right, bottom_right, bottom_left = line.quad
    down_left, down_right = bottom_left - top_left, bottom_right - top_right
    return rectify(
        picture, Line(_floats([bottom_left, bottom_right, bottom_right + down_right, bottom_left + down_left]), 0.0)
    )


def whole_picture(picture: Picture, *, upper: float) -> Line:
    """The picture itself as a line, down to the share `upper` of its height: for pictures that are a plate
    already."""
    height, width = picture.shape[:2]
    bottom = height * upper
    return Line(np.array([[0, 0], [width, 0], [width, bottom], [0, bottom]], dtype=np.float32), 0.0)


def _ordered(corners: Floats) -> Floats:
    by_x = corners[corners[:, 0].argsort()]
    left, right = by_x[:2], by_x[2:]
    top_left, bottom_left = left[left[:, 1].argsort()]
    top_right, bottom_right = right[right[:, 1].argsort()]
    return np.stack([top_left, top_right, bottom_right, bottom_left])


def _distance(one: Floats, other: Floats) -> float:
    return float(np.linalg.norm(other - one))


def _floats(array: object) -> Floats:
    return np.asarray(array, dtype=np.float32)


def _picture(array: object) -> Picture:
    return np.asarray(array, dtype=np.uint8)
