"""Draws street photographs of vehicles that never were, as an enforcement camera would send them.

Tests and the demo need pictures whose plates are known and whose licence is ours. The same seed, plate and
conditions always draw the same picture. Only drawing libraries are used; nothing is loaded from files.
"""

from dataclasses import dataclass, replace

import cv2
import cv2.typing
import numpy as np
from numpy.typing import NDArray

from app.sandbox import plate_wear
from app.sandbox.plate_drawing import (
    BLACK_ON_WHITE,
    BLACK_ON_YELLOW,
    WHITE_ON_BLACK,
    Paint,
    Picture,
    draw_plate,
)
from app.sandbox.vehicle_drawing import CANVAS_HEIGHT, CANVAS_WIDTH, Colour, Vehicle, draw_car, draw_motorcycle

Floats = NDArray[np.float32]

PICTURE_WIDTH, PICTURE_HEIGHT = 1280, 960
_HORIZON = 330


@dataclass(frozen=True)
class Conditions:
    """How the vehicle was met. `distance` 1 is near (a car's plate some 260 pixels wide), 2 twice as far; `turn` is degrees
    that the vehicle faces aside, `tilt` degrees that it leans; `dirt` 0 to 1; `bend` of the plate as a share of its height;
    `glare` and `rain` are there or not; `infrared` is a night camera's light, which knows no colour; `blur` pixels of motion
    along the road; `noise` is the grain of the sensor in grey levels; `quality` is the JPEG file's."""

    paint: Paint = WHITE_ON_BLACK
    expiry: str = "03.28"
    motorcycle: bool = False
    night: bool = False
    infrared: bool = False
    distance: float = 1.0
    turn: float = 0.0
    tilt: float = 0.0
    dirt: float = 0.0
    bend: float = 0.0
    glare: bool = False
    rain: bool = False
    blur: float = 0.0
    noise: float = 3.0
    quality: int = 90


STANDARD = Conditions()
"""A private car on old stock, by day, straight on: what every recogniser must read."""

NEW_STOCK = replace(STANDARD, paint=BLACK_ON_WHITE)
"""The same with the plate of mid-2022 and later."""


def draw_photograph(plate: str, *, seed: int, conditions: Conditions = STANDARD) -> bytes:
    """A JPEG of a car with this plate on a street. The seed chooses street, colour and grain."""
    chance = np.random.default_rng(seed)
    scene = _street(chance)
    scale = 1.0 / conditions.distance
    vehicle = draw_motorcycle(chance) if conditions.motorcycle else draw_car(chance)
    _put_plate(vehicle, plate, conditions, chance)
    _place(scene, vehicle.canvas, scale, conditions, chance)
    if conditions.night or conditions.infrared:
        scene = _at_night(scene, scale, colour=not conditions.infrared)
    return _as_taken(scene, conditions, chance)


def draw_unreadable(*, seed: int) -> bytes:
    """The same street without any vehicle: a capture that a person has to look at."""
    chance = np.random.default_rng(seed)
    return _as_taken(_street(chance), STANDARD, chance)


def any_conditions(seed: int) -> Conditions:
    """Conditions as a day and a night on the road bring them, from fair to poor."""
    chance = np.random.default_rng([seed, 1])
    paints = (WHITE_ON_BLACK, WHITE_ON_BLACK, BLACK_ON_WHITE, BLACK_ON_WHITE, BLACK_ON_YELLOW)
    return Conditions(
        paint=paints[int(chance.integers(len(paints)))],
        expiry=f"{chance.integers(1, 13):02}.{chance.integers(24, 31):02}",
        night=bool(chance.random() < 0.3),
        distance=float(chance.uniform(1.0, 2.0)),
        turn=float(chance.uniform(-25, 25)),
        tilt=float(chance.uniform(-6, 6)),
        dirt=float(chance.uniform(0, 0.7)),
        blur=float(chance.uniform(0, 4)),
        noise=float(chance.uniform(2, 8)),
        bend=float(chance.uniform(0, 0.02)),
        glare=bool(chance.random() < 0.1),
        rain=bool(chance.random() < 0.1),
        infrared=bool(chance.random() < 0.1),
        motorcycle=bool(chance.random() < 0.25),
        quality=int(chance.integers(55, 96)),
    )


# The street
# ------------------------------------------------------------------------------------------------------


def _street(chance: np.random.Generator) -> Picture:
    scene = np.zeros((PICTURE_HEIGHT, PICTURE_WIDTH, 3), dtype=np.uint8)
    _fade(scene, 0, _HORIZON, (226, 206, 178), (236, 230, 222))
    _houses(scene, chance)
    _trees(scene, chance)
    scene[: _HORIZON + 10] = cv2.GaussianBlur(scene[: _HORIZON + 10], (0, 0), 2.5)
    _road(scene, chance)
    return scene


def _houses(scene: Picture, chance: np.random.Generator) -> None:
    x = -40
    while x < PICTURE_WIDTH:
        width, height = int(chance.integers(90, 210)), int(chance.integers(90, 250))
        grey = int(chance.integers(110, 190))
        tint = (grey, grey + int(chance.integers(-6, 10)), grey + int(chance.integers(-4, 22)))
        top = _HORIZON - height
        cv2.rectangle(scene, (x, top), (x + width, _HORIZON), tint, -1)
        for row in range(top + 14, _HORIZON - 26, 34):
            for column in range(x + 12, x + width - 20, 30):
                shade = int(chance.integers(50, 110))
                cv2.rectangle(scene, (column, row), (column + 15, row + 19), (shade + 18, shade + 6, shade), -1)
        x += width + int(chance.integers(0, 34))


def _trees(scene: Picture, chance: np.random.Generator) -> None:
    for _ in range(int(chance.integers(4, 8))):
        x, y = int(chance.integers(0, PICTURE_WIDTH)), _HORIZON - int(chance.integers(40, 110))
        cv2.line(scene, (x, y), (x, _HORIZON), (44, 58, 74), 9)
        for _ in range(26):
            green = int(chance.integers(70, 130))
            centre = (x + int(chance.normal(0, 30)), y + int(chance.normal(0, 22)))
            cv2.circle(scene, centre, int(chance.integers(10, 26)), (green // 2, green, green // 2 + 14), -1)


def _road(scene: Picture, chance: np.random.Generator) -> None:
    _fade(scene, _HORIZON, PICTURE_HEIGHT, (150, 150, 150), (92, 92, 94))
    vanishing = np.array([PICTURE_WIDTH / 2 + float(chance.uniform(-120, 120)), _HORIZON - 12])
    for side, kerb in ((-1, (126, 142, 138)), (1, (120, 138, 136))):
        foot = np.array([PICTURE_WIDTH / 2 + side * 900, PICTURE_HEIGHT])
        edge = np.array([PICTURE_WIDTH / 2 + side * 2600, PICTURE_HEIGHT])
        _polygon(scene, np.array([vanishing, foot, edge]), kerb)
    for lane in (-430, 430):
        foot = np.array([PICTURE_WIDTH / 2 + lane, PICTURE_HEIGHT])
        for start in np.arange(0.08, 1.0, 0.16):
            near, far = min(1.0, start + 0.08), start
            dash = [
                vanishing + (foot - vanishing) * share + np.array([offset * share, 0])
                for share, offset in ((far, -9), (far, 9), (near, 9), (near, -9))
            ]
            _polygon(scene, np.array(dash), (206, 212, 212))
    grain = chance.normal(0, 7, (PICTURE_HEIGHT - _HORIZON, PICTURE_WIDTH, 1)).astype(np.float32)
    patches = cv2.resize(chance.normal(0, 9, (20, 40)).astype(np.float32), (PICTURE_WIDTH, PICTURE_HEIGHT - _HORIZON))
    surface = scene[_HORIZON:].astype(np.float32) + cv2.GaussianBlur(grain, (0, 0), 1.2)[..., None] + patches[..., None]
    scene[_HORIZON:] = _pixels(surface)


# The vehicle, placed
# ------------------------------------------------------------------------------------------------------


def _put_plate(vehicle: Vehicle, plate: str, conditions: Conditions, chance: np.random.Generator) -> None:
    drawn = draw_plate(plate, expiry=conditions.expiry, paint=conditions.paint, blank=vehicle.blank).picture
    worn = drawn.astype(np.float32)
    if conditions.dirt > 0:
        worn = plate_wear.dirty(chance, worn, conditions.dirt)
    if conditions.bend > 0:
        worn = plate_wear.bent(chance, worn, conditions.bend)
    if conditions.glare:
        worn = plate_wear.glaring(chance, worn)
    left, top, width, height = vehicle.plate_at
    canvas = vehicle.canvas
    holder = (slice(top - 5, top + height + 5), slice(left - 5, left + width + 5))
    canvas[holder] = (52, 52, 54, 255)
    small = cv2.resize(_pixels(worn), (width, height), interpolation=cv2.INTER_AREA)
    canvas[top : top + height, left : left + width, :3] = small


def _place(scene: Picture, car: Picture, scale: float, conditions: Conditions, chance: np.random.Generator) -> None:
    """Turn the car aside and lean it, and set it on the road with its shadow."""
    width, height = CANVAS_WIDTH * scale, CANVAS_HEIGHT * scale
    x = (PICTURE_WIDTH - width) / 2 + float(chance.uniform(-50, 50))
    foot = PICTURE_HEIGHT - 40 - (1 - scale) * 330
    shadow = np.zeros((PICTURE_HEIGHT, PICTURE_WIDTH), dtype=np.float32)
    axes = (int(width * 0.47), int(height * 0.06))
    cv2.ellipse(shadow, (int(x + width / 2), int(foot - height * 0.04)), axes, 0, 0, 360, (0.62,), -1)
    shadow = _soft(shadow, 14 * scale)
    scene[:] = (scene * (1 - shadow[..., None])).astype(np.uint8)
    source = np.array([[0, 0], [CANVAS_WIDTH, 0], [CANVAS_WIDTH, CANVAS_HEIGHT], [0, CANVAS_HEIGHT]], dtype=np.float32)
    warp = cv2.getPerspectiveTransform(source, _turned_corners(x, foot, width, height, conditions))
    small = _shrunk(car, scale, warp)
    cover = small[..., 3:].astype(np.float32) / 255
    scene[:] = (scene * (1 - cover) + small[..., :3] * cover).astype(np.uint8)


def _turned_corners(x: float, foot: float, width: float, height: float, conditions: Conditions) -> Floats:
    """Where the canvas' corners come to lie: seen from `turn` degrees aside it is narrower, and its far side
    lower."""
    turn, tilt = np.radians(conditions.turn), np.radians(conditions.tilt)
    depth = 0.35 * np.sin(turn)
    corners = []
    for across, up in ((-0.5, 1.0), (0.5, 1.0), (0.5, 0.0), (-0.5, 0.0)):
        nearness = 1 + across * depth * 2
        px, py = across * np.cos(turn) * width * nearness, -(up - 0.35) * height * nearness
        px, py = px * np.cos(tilt) - py * np.sin(tilt), px * np.sin(tilt) + py * np.cos(tilt)
        corners.append((x + width / 2 + px, foot - 0.35 * height + py))
    return np.array(corners, dtype=np.float32)


def _shrunk(car: Picture, scale: float, warp: cv2.typing.MatLike) -> Picture:
    """Warped with the colours weighed by their cover, and softened first where it gets smaller, so that
    nothing jags."""
    weighed = car.astype(np.float32)
    weighed[..., :3] *= weighed[..., 3:] / 255
    if scale < 0.95:
        weighed = _soft(weighed, 0.32 / scale)
    frame = (PICTURE_WIDTH, PICTURE_HEIGHT)
    placed = np.asarray(cv2.warpPerspective(weighed, warp, frame, flags=cv2.INTER_CUBIC), dtype=np.float32)
    placed = np.clip(placed, 0, 255)
    placed[..., :3] = placed[..., :3] / np.maximum(placed[..., 3:] / 255, 1e-3)
    return _pixels(placed)


# Light, lens and sensor
# ------------------------------------------------------------------------------------------


def _at_night(scene: Picture, scale: float, *, colour: bool) -> Picture:
    """Dark and bluish, but for the flash that the camera throws on the vehicle; retro-reflecting plates
    answer it."""
    rows, columns = np.mgrid[0:PICTURE_HEIGHT, 0:PICTURE_WIDTH].astype(np.float32)
    aside = (columns - PICTURE_WIDTH / 2) / (PICTURE_WIDTH * 0.42 * max(scale, 0.6))
    down = (rows - PICTURE_HEIGHT * 0.62) / (PICTURE_HEIGHT * 0.42 * max(scale, 0.6))
    flash = 0.12 + 0.6 * np.exp(-(aside**2 + down**2))
    lit = scene.astype(np.float32) * flash[..., None]
    if colour:
        return _pixels(lit * np.array((1.08, 0.98, 0.9), dtype=np.float32))
    return _pixels(np.repeat(lit.mean(axis=2, keepdims=True), 3, axis=2))


def _as_taken(scene: Picture, conditions: Conditions, chance: np.random.Generator) -> bytes:
    taken = scene.astype(np.float32)
    if conditions.rain:
        taken = plate_wear.rained_on(chance, taken)
    if conditions.blur >= 0.5:
        length = max(3, 2 * round(conditions.blur) + 1)
        streak = np.zeros((length, length), dtype=np.float32)
        cv2.line(streak, (0, length // 2), (length - 1, length // 2 + round(length * 0.15)), (1.0,), 1)
        taken = np.asarray(cv2.filter2D(taken, -1, streak / streak.sum()), dtype=np.float32)
    taken = _soft(taken, 0.6)
    taken += chance.normal(0, conditions.noise, taken.shape).astype(np.float32)
    done, jpeg = cv2.imencode(".jpg", _pixels(taken), [cv2.IMWRITE_JPEG_QUALITY, conditions.quality])
    assert done, "a picture of our own size can always be written"
    return bytes(jpeg)


def _fade(scene: Picture, top: int, bottom: int, above: Colour, below: Colour) -> None:
    share = np.linspace(0, 1, bottom - top, dtype=np.float32)[:, None, None]
    scene[top:bottom] = (np.array(above) * (1 - share) + np.array(below) * share).astype(np.uint8)


def _polygon(scene: Picture, corners: NDArray[np.float64], colour: Colour) -> None:
    cv2.fillPoly(scene, [np.round(corners).astype(np.int32)], colour, cv2.LINE_AA)


def _soft(picture: Floats, radius: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), radius), dtype=np.float32)


def _pixels(levels: Floats) -> Picture:
    return np.clip(levels, 0, 255).astype(np.uint8)
