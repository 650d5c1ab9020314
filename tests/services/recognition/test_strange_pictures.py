"""Pictures that no camera should send: each gets a reading or a plain refusal, and the same one again for the same bytes."""

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from app.core.problems import Problem
from app.sandbox.photographs import draw_photograph
from app.services.recognition import PICTURE_NOT_READABLE
from app.services.recognition.backends.embedded import EmbeddedRecogniser
from app.services.recognition.reading import PlateReading

PLATE = "B1234XYZ"


def _pillow(change: Callable[[Image.Image], Image.Image], file: str, **options: object) -> bytes:
    with Image.open(io.BytesIO(draw_photograph(PLATE, seed=1))) as picture:
        out = io.BytesIO()
        change(picture).save(out, file, **options)
        return out.getvalue()


def _sixteen_bit() -> bytes:
    levels = cv2.imdecode(np.frombuffer(draw_photograph(PLATE, seed=1), np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".png", levels.astype(np.uint16) * 257)[1])


def _large() -> bytes:
    return _pillow(lambda picture: picture.resize((8192, 6144)), "JPEG")


READABLE = {
    "grey": lambda: _pillow(lambda picture: picture.convert("L"), "JPEG"),
    "CMYK": lambda: _pillow(lambda picture: picture.convert("CMYK"), "JPEG"),
    "with transparency": lambda: _pillow(lambda picture: picture.convert("RGBA"), "PNG"),
    "16-bit": _sixteen_bit,
    "50 megapixels": _large,
    "half turned by its EXIF": lambda: _pillow(
        lambda picture: picture.rotate(180),
        "JPEG",
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0",
    ),
}

HOPELESS = {
    "one pixel": lambda: _pillow(lambda picture: picture.resize((1, 1)), "PNG"),
    "a hair": lambda: _pillow(lambda picture: picture.resize((6000, 1)), "PNG"),
    "a mast": lambda: _pillow(lambda picture: picture.resize((1, 6000)), "PNG"),
    "cut off": lambda: draw_photograph(PLATE, seed=1)[:30_000],
    "cut off early": lambda: draw_photograph(PLATE, seed=1)[:300],
    "animated": lambda: _pillow(
        lambda picture: picture.resize((64, 48)), "WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48))]
    ),
}


async def _read(recogniser: EmbeddedRecogniser, image: bytes) -> tuple[PlateReading, ...] | None:
    """The plates, or None for the one refusal that is allowed."""
    try:
        return (await recogniser.read(image)).results
    except Problem as refused:
        if refused.type is not PICTURE_NOT_READABLE:
            raise
        return None


@pytest.mark.parametrize("name", READABLE)
async def test_an_unusual_file_is_read_all_the_same(name: str) -> None:
    recogniser = EmbeddedRecogniser()
    results = await _read(recogniser, READABLE[name]())
    assert results
    assert results[0].plate == PLATE
    await recogniser.aclose()


@pytest.mark.parametrize("name", HOPELESS)
async def test_what_cannot_be_read_is_answered_alike_each_time(name: str) -> None:
    recogniser = EmbeddedRecogniser()
    image = HOPELESS[name]()
    assert await _read(recogniser, image) == await _read(recogniser, image)
    await recogniser.aclose()
