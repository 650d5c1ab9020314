"""Pictures that no camera should send: each gets a reading or a plain refusal, and the same one again for the same bytes."""

import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from app.core.problems import Problem
from app.sandbox.photographs import draw_photograph, draw_unreadable
from app.services.documents.uploads import ORIENTATION_TAG
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


def _sixteen_bit_grey() -> bytes:
    levels = cv2.imdecode(np.frombuffer(draw_photograph(PLATE, seed=1), np.uint8), cv2.IMREAD_GRAYSCALE)
    return bytes(cv2.imencode(".png", levels.astype(np.uint16) * 257)[1])


def _large() -> bytes:
    return _pillow(lambda picture: picture.resize((8160, 6120)), "JPEG")


def _turned(file: str, orientation: int, turn: Image.Transpose) -> bytes:
    """Stored lying, with the note that sets it upright."""
    note = Image.Exif()
    note[ORIENTATION_TAG] = orientation
    return _pillow(lambda picture: picture.transpose(turn), file, exif=note.tobytes())


READABLE = {
    "grey": lambda: _pillow(lambda picture: picture.convert("L"), "JPEG"),
    "CMYK": lambda: _pillow(lambda picture: picture.convert("CMYK"), "JPEG"),
    "with transparency": lambda: _pillow(lambda picture: picture.convert("RGBA"), "PNG"),
    "16-bit": _sixteen_bit,
    "50 megapixels": _large,
    "16-bit grey": _sixteen_bit_grey,
    "of few colours": lambda: _pillow(lambda picture: picture.quantize(64), "PNG"),
    "half turned by its EXIF": lambda: _turned("JPEG", 3, Image.Transpose.ROTATE_180),
    "moving": lambda: _pillow(
        lambda picture: picture, "PNG", save_all=True, append_images=[Image.new("RGB", (1280, 960))]
    ),
}

TURNED = {
    "to the right": ("JPEG", 6, Image.Transpose.ROTATE_90),
    "to the left": ("JPEG", 8, Image.Transpose.ROTATE_270),
    "to the right, PNG": ("PNG", 6, Image.Transpose.ROTATE_90),
    "to the left, WebP": ("WEBP", 8, Image.Transpose.ROTATE_270),
}

NO_PICTURES = {
    "nothing": lambda: b"",
    "words": lambda: b"no picture" * 100,
    "a bomb": lambda: _pillow(lambda picture: picture.convert("1").resize((8192, 8192)), "PNG"),
    "a larger bomb": lambda: _header_of(30_000, 30_000),
    "a format that nobody sends": lambda: _pillow(lambda picture: picture, "BMP"),
}


def _header_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large."""
    small = bytearray(_pillow(lambda picture: picture.resize((8, 8)), "PNG"))
    small[16:24] = struct.pack(">II", width, height)
    small[29:33] = struct.pack(">I", zlib.crc32(small[12:29]))
    return bytes(small)


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


@pytest.mark.parametrize("name", TURNED)
async def test_a_turned_picture_is_read_upright_and_its_box_is_where_people_see_it(name: str) -> None:
    recogniser = EmbeddedRecogniser()
    results = await _read(recogniser, _turned(*TURNED[name]))
    straight = await _read(recogniser, draw_photograph(PLATE, seed=1))
    assert results
    assert straight
    assert results[0].plate == PLATE
    found, wanted = results[0].box, straight[0].box
    assert abs(found.x_min - wanted.x_min) < 8
    assert abs(found.y_max - wanted.y_max) < 8
    await recogniser.aclose()


@pytest.mark.parametrize("name", NO_PICTURES)
async def test_what_is_no_picture_within_bounds_is_refused_unopened(name: str) -> None:
    recogniser = EmbeddedRecogniser()
    assert await _read(recogniser, NO_PICTURES[name]()) is None
    await recogniser.aclose()


async def test_a_street_without_a_plate_is_said_to_have_none() -> None:
    recogniser = EmbeddedRecogniser()
    assert await _read(recogniser, draw_unreadable(seed=3)) == ()
    await recogniser.aclose()


@pytest.mark.parametrize("name", HOPELESS)
async def test_what_cannot_be_read_is_answered_alike_each_time(name: str) -> None:
    recogniser = EmbeddedRecogniser()
    image = HOPELESS[name]()
    assert await _read(recogniser, image) == await _read(recogniser, image)
    await recogniser.aclose()
