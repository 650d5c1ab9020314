"""A picture as a server far away can take it: within its limit of bytes, and upright.

Most pictures go out as they came: only the header is looked at. One that is too large, or that is turned by its EXIF alone (which
many readers overlook), is made anew, smaller where needed; boxes in it are measured in the picture that was handed in.
"""

import io
from dataclasses import dataclass

from PIL import Image

from app.core.problems import Problem
from app.services.documents import off_loop
from app.services.documents.uploads import ORIENTATION_TAG, as_jpeg, open_upright
from app.services.recognition.problems import PICTURE_NOT_READABLE
from app.services.recognition.reading import Box

_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 88
_SHRINK = 0.75
_LEAST_SIDE = 320
_DIMENSION_TURNED = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes to send. `width` and `height` are those of the picture handed in, as people see it; `scale` is how many of its pixels one
    of `data` covers."""

    data: bytes
    width: int
    height: int
    scale: float = 1.0

    def box(self, x_min: float, y_min: float, x_max: float, y_max: float) -> Box:
        """A box in `data` as a box in the picture handed in: whole pixels, inside, at least one wide and high."""
        left, right = sorted((self._within(x_min, self.width), self._within(x_max, self.width)))
        top, bottom = sorted((self._within(y_min, self.height), self._within(y_max, self.height)))
        return Box(min(left, self.width - 1), min(top, self.height - 1), max(right, left + 1), max(bottom, top + 1))

    def _within(self, edge: float, most: int) -> int:
        return max(0, min(most, round(edge * self.scale)))


async def prepared(image: bytes, *, most_bytes: int) -> Picture:
    """Problem: PICTURE_NOT_READABLE when the bytes are no JPEG, PNG or WebP, or cannot be made small enough."""
    try:
        with Image.open(io.BytesIO(image), formats=_FORMATS) as header:
            (width, height), turned = header.size, header.getexif().get(ORIENTATION_TAG, 1)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PICTURE_NOT_READABLE() from error
    if turned in _DIMENSION_TURNED:
        width, height = height, width
    if len(image) <= most_bytes and turned in (0, 1):
        return Picture(image, width, height)
    try:
        data, sent_width = await off_loop(_made_anew, image, most_bytes)
    except Problem as problem:
        raise PICTURE_NOT_READABLE() from problem
    return Picture(data, width, height, width / sent_width)


def _made_anew(image: bytes, most_bytes: int) -> tuple[bytes, int]:
    picture = open_upright(image)
    while True:
        data = as_jpeg(picture, quality=_QUALITY)
        if len(data) <= most_bytes:
            return data, picture.width
        if max(picture.size) * _SHRINK < _LEAST_SIDE:
            raise PICTURE_NOT_READABLE()
        picture = picture.resize(tuple(max(1, round(side * _SHRINK)) for side in picture.size))  # type: ignore[arg-type]
