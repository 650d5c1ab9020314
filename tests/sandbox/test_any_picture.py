"""A photograph for the demonstration may be of any kind: what the doors take is sent as it is, the rest as a JPEG."""

import io
import random
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from app.routers.anpr import MOST_IMAGE_BYTES
from app.sandbox.any_picture import NoPicture, as_sent_by_a_camera
from app.services.documents import check_image


def picture(kind: str, size: tuple[int, int] = (320, 240), mode: str = "RGB", **more: Any) -> bytes:
    out, image = io.BytesIO(), Image.effect_noise(size, 60).convert(mode)
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(out, quality=80)
    else:
        image.save(out, kind, **more)
    return out.getvalue()


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    return made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_the_doors_take_is_sent_byte_for_byte(kind: str) -> None:
    data = picture(kind)
    assert as_sent_by_a_camera(data) == data


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (picture("HEIF"), (320, 240)),
        (picture("GIF", mode="P"), (320, 240)),
        (picture("GIF", mode="P", save_all=True, append_images=[Image.new("P", (320, 240))]), (320, 240)),
        (picture("BMP"), (320, 240)),
        (picture("TIFF", exif=exif(6)), (240, 320)),
        (picture("WEBP", save_all=True, append_images=[Image.new("RGB", (320, 240))]), (320, 240)),
        (picture("PNG", (2200, 2000)), (2200, 2000)),  # 13 MB of noise
        (picture("BMP", (8000, 1000)), (4000, 500)),
    ],
    ids=["heic", "gif", "moving-gif", "bmp", "turned-tiff", "moving-webp", "over-the-limit", "too-wide"],
)
def test_anything_else_becomes_a_jpeg_that_the_doors_take(data: bytes, size: tuple[int, int]) -> None:
    sent = as_sent_by_a_camera(data)
    info = check_image(sent, max_bytes=MOST_IMAGE_BYTES)
    assert (info.media_type, (info.width, info.height)) == ("image/jpeg", size)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", random.Random(1).randbytes(5000), picture("JPEG")[:400]])
def test_what_is_no_picture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(NoPicture, match="cannot be opened as a picture"):
        as_sent_by_a_camera(data)
