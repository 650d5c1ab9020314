"""How good a camera's picture is, in two numbers that can be compared from day to day: a trend shows a dirty or loose lens."""

from dataclasses import dataclass

from PIL import Image, ImageStat

from app.services.documents.light import sharpness
from app.services.documents.uploads import open_upright

MEASURED_SIDE = 640
"""Pixels of the longer side to which a picture is brought first, so that cameras can be compared."""


@dataclass(frozen=True, slots=True)
class Scene:
    """`sharpness`: variance of the Laplacian in thousandths of the picture's own (see `light.sharpness`); `brightness`:
    mean of the grey values, 0 to 255."""

    sharpness: float
    brightness: float


def measure_scene(data: bytes) -> Scene:
    """Measure a picture that `check_image` has accepted. Problems: documents-not-an-image, documents-image-unreadable."""
    picture = open_upright(data, draft_side=MEASURED_SIDE)
    picture.thumbnail((MEASURED_SIDE, MEASURED_SIDE), Image.Resampling.BOX)
    sharp = sharpness(picture, (0, 0, picture.width, picture.height), side=picture.width)
    return Scene(round(sharp, 2), round(ImageStat.Stat(picture.convert("L")).mean[0], 1))
