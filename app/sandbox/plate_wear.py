"""What years on the road do to a plate, and what light, weather, lens and file do to its picture.

Every function takes the generator of chance first and changes nothing in place. Pictures here are float32, 0 to 255,
blue-green-red.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Chance = np.random.Generator

_MUD = np.array((74, 98, 116), dtype=np.float32)
_STICKERS = ((40, 60, 200), (200, 120, 40), (60, 200, 230), (230, 230, 230), (30, 30, 30))


def patches(chance: Chance, height: int, width: int, *, cells: int) -> Floats:
    """Smooth chance, about 0 to 1, with some `cells` patches across the width."""
    rows = max(2, round(cells * height / width))
    coarse = chance.random((rows, cells)).astype(np.float32)
    return _floats(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))


def dirty(chance: Chance, plate: Floats, amount: float) -> Floats:
    """Mud, more of it below."""
    height, width = plate.shape[:2]
    cover = 0.6 * patches(chance, height, width, cells=16) + 0.5 * patches(chance, height, width, cells=90)
    rise = np.linspace(0.1, 0.5, height, dtype=np.float32)[:, None]
    share = np.clip((cover + rise - 0.5) * amount, 0, 0.75)[..., None]
    return _floats(plate * (1 - share) + _MUD * float(chance.uniform(0.6, 1.5)) * share)


def faded(chance: Chance, plate: Floats, ground: tuple[int, int, int], amount: float) -> Floats:
    """Paint that came off the letters, in patches; what is left is the ground."""
    height, width = plate.shape[:2]
    share = np.clip(patches(chance, height, width, cells=24) * 1.6 - 0.6, 0, 1)[..., None] * amount
    return _floats(plate * (1 - share) + np.array(ground, dtype=np.float32) * share)


def bolted(chance: Chance, plate: Floats) -> Floats:
    """Bolts, screws and their holes, anywhere in the upper and lower third and between the letters."""
    done = plate.copy()
    height, width = plate.shape[:2]
    for _ in range(int(chance.integers(1, 5))):
        x, y = int(chance.uniform(0.03, 0.97) * width), int(chance.choice([0.1, 0.3, 0.45, 0.8]) * height)
        grey = float(chance.uniform(20, 235))
        radius = max(1, round(height * float(chance.uniform(0.02, 0.05))))
        cv2.circle(done, (x, y), radius, (grey, grey, grey * 0.98), -1, cv2.LINE_AA)
    return done


def stuck_over(chance: Chance, plate: Floats) -> Floats:
    """A small sticker beside the number or below it."""
    done = plate.copy()
    height, width = plate.shape[:2]
    w, h = int(chance.uniform(0.03, 0.1) * width), int(chance.uniform(0.1, 0.28) * height)
    x = int(chance.choice([0.0, 0.05, 0.4, 0.9]) * width)
    y = int(chance.choice([0.02, 0.68, 0.76]) * height)
    colour = [float(part) for part in _STICKERS[int(chance.integers(len(_STICKERS)))]]
    if chance.random() < 0.5:
        cv2.rectangle(done, (x, y), (x + w, y + h), colour, -1)
    else:
        cv2.ellipse(done, (x + w // 2, y + h // 2), (max(1, w // 2), max(1, h // 2)), 0, 0, 360, colour, -1)
    return done


def bent(chance: Chance, plate: Floats, amount: float) -> Floats:
    """Bent metal: rows rise and fall along the plate, by up to `amount` of its height."""
    height, width = plate.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    wave = np.sin(x / width * float(chance.uniform(2, 9)) + float(chance.uniform(0, 6.3)))
    ripple = np.sin(y / height * float(chance.uniform(1, 5)) + float(chance.uniform(0, 6.3)))
    rows, columns = y + _floats(wave) * amount * height, x + _floats(ripple) * amount * height * 0.6
    return _floats(cv2.remap(plate, _floats(columns), _floats(rows), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def lit(chance: Chance, plate: Floats) -> Floats:
    """Uneven light: a slope, the hard edge of a shadow, a glare; one of them or none."""
    height, width = plate.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    kind = chance.random()
    if kind < 0.35:
        turn = float(chance.uniform(0, 6.3))
        slope = 1 + float(chance.uniform(0, 0.5)) * (x * np.cos(turn) + y * np.sin(turn))
        return _floats(plate * slope[..., None])
    if kind < 0.6:
        turn, edge = float(chance.uniform(0, 6.3)), float(chance.uniform(-0.8, 0.8))
        side = np.clip((x * np.cos(turn) + y * np.sin(turn) * 0.5 - edge) * float(chance.uniform(3, 30)), 0, 1)
        return _floats(plate * (1 - float(chance.uniform(0.2, 0.75)) * side[..., None]))
    return glaring(chance, plate) if kind < 0.8 else plate


def glaring(chance: Chance, plate: Floats) -> Floats:
    """A lamp or the sun in the metal."""
    height, width = plate.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    at_x, at_y = float(chance.uniform(-1, 1)), float(chance.uniform(-1.2, 0.6))
    away = ((x - at_x) / float(chance.uniform(0.2, 0.9))) ** 2 + ((y - at_y) / float(chance.uniform(0.3, 1.2))) ** 2
    return _floats(plate + float(chance.uniform(30, 200)) * np.exp(-away)[..., None])


def rained_on(chance: Chance, picture: Floats) -> Floats:
    """Streaks and drops."""
    done = picture.copy()
    height, width = picture.shape[:2]
    lean = float(chance.uniform(-0.3, 0.3))
    for _ in range(int(chance.integers(3, 4 + width // 12))):
        x, y = int(chance.integers(0, width)), int(chance.integers(-height // 4, height))
        long = int(chance.uniform(0.2, 0.7) * height)
        grey = float(chance.uniform(150, 230))
        cv2.line(done, (x, y), (x + round(lean * long), y + long), (grey, grey, grey), 1, cv2.LINE_AA)
    return picture * 0.65 + done * 0.35


def blurred(chance: Chance, picture: Floats) -> Floats:
    """Out of focus, shaken, or both."""
    height = picture.shape[0]
    if chance.random() < 0.6:
        picture = _floats(cv2.GaussianBlur(picture, (0, 0), max(0.2, float(chance.uniform(0.2, 1.1)) * height / 30)))
    if chance.random() < 0.25:
        length = max(2, round(float(chance.uniform(0.05, 0.2)) * height))
        size = 2 * length + 1
        streak = np.zeros((size, size), dtype=np.float32)
        turn = float(chance.uniform(0, 3.15) if chance.random() < 0.4 else chance.normal(0, 0.15))
        step = length / 2 * np.array([np.cos(turn), np.sin(turn)])
        ends = [tuple(int(each) for each in np.round(length + sign * step)) for sign in (-1, 1)]
        cv2.line(streak, ends[0], ends[1], (1.0,), 1)
        picture = _floats(cv2.filter2D(picture, -1, streak / max(1.0, float(streak.sum()))))
    return picture


def exposed(chance: Chance, picture: Floats) -> Floats:
    """Exposure, contrast, tone and white balance; one in five in night infra-red, which knows no colour."""
    tone = float(np.exp(chance.normal(0, 0.3)))
    bright = float(np.exp(chance.normal(0, 0.35)))
    contrast, lift = float(chance.uniform(0.35, 1.15)), float(chance.uniform(0, 1))
    picture = _floats(255 * (np.clip(picture, 0, 255) / 255) ** tone * bright)
    picture = picture * contrast + (1 - contrast) * 255 * lift * float(chance.uniform(0.1, 0.9))
    if chance.random() < 0.2:
        grey = picture @ np.array((0.2, 0.3, 0.5), dtype=np.float32)
        picture = np.repeat(grey[..., None], 3, axis=2)
    else:
        picture = picture * chance.normal(1, 0.08, 3).astype(np.float32)
    return _floats(picture)


def sensed(chance: Chance, picture: Floats) -> NDArray[np.uint8]:
    """Grain, the camera's own sharpening, and the losses of a JPEG file."""
    noise = float(np.abs(chance.normal(0, 6)))
    picture = picture + noise * chance.standard_normal(picture.shape, dtype=np.float32)
    if chance.random() < 0.4:
        soft = _floats(cv2.GaussianBlur(picture, (0, 0), 1.2))
        picture = picture + float(chance.uniform(0.3, 1.8)) * (picture - soft)
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    if chance.random() < 0.75:
        quality = int(chance.integers(22, 96))
        _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        pixels = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)
    return pixels


def _floats(array: object) -> Floats:
    return np.asarray(array, dtype=np.float32)
