"""Draws the vehicles of the photographs, each seen from the front on a canvas of its own.

A canvas is blue-green-red with what the vehicle covers in a fourth channel.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from app.sandbox.plate_drawing import CAR, MOTORCYCLE, Blank, Picture

Colour = tuple[int, int, int]

CANVAS_WIDTH, CANVAS_HEIGHT = 1080, 860
_CENTRE = CANVAS_WIDTH // 2
_BODY_COLOURS: tuple[Colour, ...] = (
    (214, 216, 214), (168, 170, 172), (44, 44, 46), (92, 52, 36), (36, 34, 150), (120, 124, 128), (70, 92, 60)
)  # fmt: skip
_SHIRTS: tuple[Colour, ...] = ((52, 60, 66), (120, 80, 40), (40, 40, 140), (70, 110, 60), (190, 190, 186))
_GLASS: Colour = (66, 58, 50)
_TRIM: Colour = (34, 33, 32)


@dataclass(frozen=True)
class Vehicle:
    """The canvas without the plate; `plate_at` is left, top, width and height of the plate on it."""

    canvas: Picture
    blank: Blank
    plate_at: tuple[int, int, int, int]


def draw_car(chance: np.random.Generator) -> Vehicle:
    """A car, its driver and perhaps a passenger."""
    return Vehicle(_car(chance), CAR, (400, 600, 280, 88))


def draw_motorcycle(chance: np.random.Generator) -> Vehicle:
    """A motorcycle with its rider; the plate stands above the front wheel."""
    return Vehicle(_motorcycle(chance), MOTORCYCLE, (440, 500, 200, 80))


def _motorcycle(chance: np.random.Generator) -> Picture:
    canvas = np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH, 4), dtype=np.uint8)
    colour = _BODY_COLOURS[int(chance.integers(len(_BODY_COLOURS)))]
    shirt = _SHIRTS[int(chance.integers(len(_SHIRTS)))]
    dark = _shade(colour, 0.6)
    for side in (-1, 1):  # legs and arms of the rider, then mirrors
        _shape(canvas, [(side * 60, 380), (side * 130, 400), (side * 150, 640), (side * 90, 660)], (70, 56, 50))
        _shape(canvas, [(side * 70, 200), (side * 130, 230), (side * 190, 350), (side * 150, 360)], shirt)
        _shape(canvas, [(side * 190, 280), (side * 250, 270), (side * 246, 312), (side * 186, 320)], _TRIM)
    _shape(canvas, [(-96, 190), (96, 190), (112, 400), (-112, 400)], shirt)
    cv2.ellipse(canvas, (_CENTRE, 130), (62, 70), 0, 0, 360, (*_shade(colour, 0.9), 255), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, (_CENTRE, 140), (46, 26), 0, 0, 360, (*_GLASS, 255), -1, cv2.LINE_AA)
    _shape(canvas, [(-200, 344), (200, 344), (200, 362), (-200, 362)], _TRIM)
    cv2.ellipse(canvas, (_CENTRE, 730), (38, 120), 0, 0, 360, (28, 28, 30, 255), -1, cv2.LINE_AA)
    for side in (-1, 1):
        _shape(canvas, [(side * 44, 560), (side * 60, 560), (side * 58, 760), (side * 46, 760)], (140, 142, 144))
        _shape(canvas, [(side * 60, 470), (side * 132, 440), (side * 112, 620), (side * 66, 690)], dark)
    _shape(canvas, [(-120, 350), (120, 350), (150, 440), (110, 600), (-110, 600), (-150, 440)], colour)
    _shape(canvas, [(-62, 590), (62, 590), (48, 700), (-48, 700)], _shade(colour, 1.15))
    _shape(canvas, [(-84, 390), (84, 390), (64, 470), (-64, 470)], (228, 226, 220))
    gloss = np.linspace(1.1, 0.8, CANVAS_HEIGHT, dtype=np.float32)[:, None, None]
    canvas[..., :3] = np.clip(canvas[..., :3] * gloss, 0, 255).astype(np.uint8)
    return canvas


def _car(chance: np.random.Generator) -> Picture:
    car = np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH, 4), dtype=np.uint8)
    colour = _BODY_COLOURS[int(chance.integers(len(_BODY_COLOURS)))]
    dark, light = _shade(colour, 0.55), _shade(colour, 1.18)
    for side in (-1, 1):
        _shape(car, [(side * 400, 700), (side * 300, 700), (side * 300, 835), (side * 385, 835)], (26, 26, 28))
        _shape(car, [(side * 452, 330), (side * 388, 320), (side * 380, 372), (side * 446, 378)], dark)
    _shape(car, [(-300, 60), (300, 60), (352, 110), (412, 360), (-412, 360), (-352, 110)], colour)
    _shape(car, [(-282, 88), (282, 88), (318, 122), (372, 336), (-372, 336), (-318, 122)], _GLASS)
    _reflection(car)
    _people(car, chance)
    _shape(car, [(-412, 345), (412, 345), (452, 470), (466, 760), (-466, 760), (-452, 470)], colour)
    _shape(car, [(-400, 350), (400, 350), (436, 452), (-436, 452)], light)
    for side in (-1, 1):
        _shape(car, [(side * 440, 470), (side * 270, 486), (side * 290, 546), (side * 446, 536)], (214, 210, 204))
        _shape(car, [(side * 424, 482), (side * 330, 490), (side * 340, 532), (side * 428, 526)], (250, 248, 242))
        _shape(car, [(side * 440, 690), (side * 350, 690), (side * 360, 734), (side * 440, 734)], _TRIM)
    _shape(car, [(-262, 486), (262, 486), (236, 572), (-236, 572)], _TRIM)
    for y in range(500, 566, 16):
        _shape(car, [(-246, y), (246, y), (246, y + 5), (-246, y + 5)], (120, 120, 120))
    _shape(car, [(-466, 578), (466, 578), (466, 590), (-466, 590)], dark)
    _shape(car, [(-330, 706), (330, 706), (306, 758), (-306, 758)], _TRIM)
    gloss = np.linspace(1.1, 0.8, CANVAS_HEIGHT, dtype=np.float32)[:, None, None]
    car[..., :3] = np.clip(car[..., :3] * gloss, 0, 255).astype(np.uint8)
    return car


def _reflection(car: Picture) -> None:
    sky = car[88:336, :, :3].astype(np.float32)
    glass = (car[88:336, :, :3] == np.array(_GLASS, dtype=np.uint8)).all(axis=2)
    fade = np.linspace(88, 10, sky.shape[0], dtype=np.float32)[:, None, None]
    car[88:336, :, :3] = np.where(glass[..., None], np.clip(sky + fade, 0, 255), sky).astype(np.uint8)


def _people(car: Picture, chance: np.random.Generator) -> None:
    """A driver, in Indonesia on the right of the car and so on the left of the picture, and perhaps a
    passenger."""
    for x in (-170, 170) if chance.random() < 0.5 else (-170,):
        _shape(car, [(x - 90, 336), (x - 62, 268), (x + 62, 268), (x + 90, 336)], (58, 50, 46))
        cv2.ellipse(car, (_CENTRE + x, 228), (34, 44), 0, 0, 360, (62, 66, 78, 255), -1, cv2.LINE_AA)


def _shape(car: Picture, corners: list[tuple[int, int]], colour: Colour) -> None:
    """A solid on the car's canvas; x counts from its middle."""
    path = np.array([(_CENTRE + x, y) for x, y in corners], dtype=np.int32)
    cv2.fillPoly(car, [path], (*colour, 255), cv2.LINE_AA)


def _shade(colour: Colour, factor: float) -> Colour:
    blue, green, red = (min(255, round(part * factor)) for part in colour)
    return blue, green, red
