"""How sharp and how well lit a picture is, in numbers that do not depend on its size or on anybody's skin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Grey = NDArray[np.float64]
Area = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""

FACE_SIDE = 160
"""A face is brought to this width before it is measured, so that one threshold holds for all."""
_LEAST_VARIANCE = 4.0
"""Of grey values; below it there is nothing whose edge could be sharp."""


@dataclass(frozen=True, slots=True)
class Light:
    """Grey values from 0 to 255: the brightest of the picture, the middle of the face; the share of it that glares."""

    brightest: float
    face: float
    around: float
    glare: float
    colour: float


def sharpness(picture: Image.Image, area: Area, *, side: int = FACE_SIDE, smooth: float = 1.0) -> float:
    """Variance of the Laplacian as thousandths of the variance of the area itself.

    The ratio keeps a face in dim light, or a dark one, from counting as blurred; smoothing first keeps a camera's noise
    from counting as detail. On a face: 13 where it is sharp, under 2 where it is blurred by 2 % of its width.
    """
    left, top, right, bottom = area
    scale = side / max(1, right - left)
    grey = (
        picture.crop(area).convert("L").resize((side, max(8, round((bottom - top) * scale))), Image.Resampling.LANCZOS)
    )
    return _sharpness(np.asarray(grey.filter(ImageFilter.GaussianBlur(smooth)), dtype=np.float64))


def block_sharpness(grey: Image.Image, *, block: int, smooth: float = 0.7) -> list[float]:
    """The same for each block of a grey picture that has something in it."""
    pixels = np.asarray(grey.filter(ImageFilter.GaussianBlur(smooth)), dtype=np.float64)
    blocks = [
        pixels[top : top + block, left : left + block]
        for top in range(0, pixels.shape[0] - block + 1, block)
        for left in range(0, pixels.shape[1] - block + 1, block)
    ]
    return [_sharpness(each) for each in blocks if each.std() > CONTENT_SPREAD]


CONTENT_SPREAD = 8.0
"""Standard deviation of grey values from which a block holds more than blank paper."""


def measure_light(picture: Image.Image, area: Area) -> Light:
    """The light of an upright RGB picture, and of `area`, where the face is."""
    small = picture.copy()
    small.thumbnail((320, 320), Image.Resampling.BOX)
    whole = np.asarray(small.convert("L"), dtype=np.float64)
    face = np.asarray(picture.crop(area), dtype=np.float64)
    channels = np.asarray(small, dtype=np.float64)
    return Light(
        brightest=float(np.quantile(whole, 0.98)),
        face=float(np.median(face.mean(axis=2))) if face.size else 0.0,
        around=float(np.quantile(whole, 0.8)),
        glare=float((face.min(axis=2) >= 251).mean()) if face.size else 0.0,
        colour=float(np.quantile(channels.max(axis=2) - channels.min(axis=2), 0.95)),
    )


def _sharpness(grey: Grey) -> float:
    if min(grey.shape) < 3 or grey.var() < _LEAST_VARIANCE:
        return 0.0
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    return float(1000 * laplacian.var() / grey.var())
