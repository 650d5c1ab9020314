"""The cameras' map and plots, drawn by us: no tiles of anybody else's, and every figure stands in a table beside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, EDGE = 640, 420, 40
LEAST_SPAN = 0.02
"""Degrees: one camera alone does not fill the map with a single street."""

_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
_MOST_LINES = 6
_ARROW = 20
HALF_TURN = 180
PLOT_WIDTH, PLOT_HEIGHT, PLOT_LEFT, PLOT_FOOT = 640, 150, 64, 24


@dataclass(frozen=True, slots=True)
class Spot:
    """A camera on the map: its number in the table, where it is drawn, the tip of the line in which it looks, and whether
    its number stands at its left, where that line does not cross it."""

    number: int
    x: float
    y: float
    tip_x: float | None
    tip_y: float | None
    status: str
    number_left: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of latitude (across) or longitude (down) with its degrees."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Map:
    """The picture in its own units: spots, lines across and lines down."""

    spots: tuple[Spot, ...]
    across: tuple[Line, ...]
    down: tuple[Line, ...]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Place:
    """What is to be drawn: degrees, and degrees from north for where it looks."""

    number: int
    latitude: float
    longitude: float
    heading: int | None
    status: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A plot over days: pieces of a line (a day without a measure parts them), dots, and the scale with its words."""

    pieces: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    scale: tuple[Line, ...]
    zero: float | None
    width: int = PLOT_WIDTH
    height: int = PLOT_HEIGHT
    left: int = PLOT_LEFT
    bottom: int = PLOT_HEIGHT - PLOT_FOOT


def draw_map(places: Sequence[Place]) -> Map | None:
    """The map around these places, north up; None where there is no place. Equirectangular: within a Polda nobody sees
    the difference."""
    if not places:
        return None
    south, north = _widened([each.latitude for each in places])
    west, east = _widened([each.longitude for each in places])
    squeeze = max(0.1, math.cos(math.radians((south + north) / 2)))
    scale = min((WIDTH - 2 * EDGE) / ((east - west) * squeeze), (HEIGHT - 2 * EDGE) / (north - south))
    middle_x, middle_y = (east + west) / 2, (north + south) / 2

    def x_of(longitude: float) -> float:
        return round(WIDTH / 2 + (longitude - middle_x) * squeeze * scale, 1)

    def y_of(latitude: float) -> float:
        return round(HEIGHT / 2 - (latitude - middle_y) * scale, 1)

    def spot(place: Place) -> Spot:
        x, y = x_of(place.longitude), y_of(place.latitude)
        if place.heading is None:
            return Spot(place.number, x, y, None, None, place.status, number_left=False)
        turned = math.radians(place.heading)
        tip = round(x + _ARROW * math.sin(turned), 1), round(y - _ARROW * math.cos(turned), 1)
        return Spot(place.number, x, y, *tip, place.status, number_left=0 < place.heading < HALF_TURN)

    tall, wide = HEIGHT / scale / 2, WIDTH / (squeeze * scale) / 2  # degrees from the middle to the edges
    step = next((each for each in _STEPS if 2 * max(tall, wide) / each <= _MOST_LINES), _STEPS[-1])
    return Map(
        tuple(spot(each) for each in places),
        tuple(Line(y_of(each), f"{each:.6g}°") for each in _lines(middle_y, tall, step)),
        tuple(Line(x_of(each), f"{each:.6g}°") for each in _lines(middle_x, wide, step)),
    )


def draw_curve(values: Sequence[float | None], *, zero: bool = False) -> Curve | None:
    """A line over these days, oldest first; None where nothing was measured. With `zero` the scale holds 0."""
    known = [each for each in values if each is not None]
    if not known:
        return None
    low, high = (min(0.0, *known), max(0.0, *known)) if zero else (min(known), max(known))
    if high - low < 1e-9:
        low, high = low - 1, high + 1
    bottom, room = PLOT_HEIGHT - PLOT_FOOT, PLOT_HEIGHT - PLOT_FOOT - 12
    step = (PLOT_WIDTH - PLOT_LEFT - 10) / max(1, len(values) - 1)

    def y_of(value: float) -> float:
        return round(bottom - room * (value - low) / (high - low), 1)

    dots: list[tuple[float, float]] = []
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
            continue
        x, y = round(PLOT_LEFT + place * step, 1), y_of(value)
        dots.append((x, y))
        pieces[-1].append(f"{x},{y}")
    scale = tuple(Line(y_of(each), f"{each:.3g}") for each in (low, (low + high) / 2, high))
    return Curve(
        tuple(" ".join(piece) for piece in pieces if len(piece) > 1),
        tuple(dots),
        scale,
        y_of(0.0) if zero else None,
    )


def _widened(degrees: Sequence[float]) -> tuple[float, float]:
    low, high = min(degrees), max(degrees)
    missing = max(0.0, LEAST_SPAN - (high - low)) / 2
    return low - missing, high + missing


def _lines(middle: float, reach: float, step: float) -> list[float]:
    first, last = math.ceil((middle - reach) / step), math.floor((middle + reach) / step)
    return [round(number * step, 6) for number in range(first, last + 1)]
