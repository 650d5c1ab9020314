"""From a file's bytes to pixels, upright, within bounds; whatever cannot be opened is no picture."""

import io

import cv2
import numpy as np
from PIL import Image

from app.services.documents.uploads import MAX_PIXELS
from app.services.recognition.lines import Picture

_FORMATS = ("JPEG", "PNG", "WEBP")


def opened(image: bytes) -> Picture | None:
    """The picture as people see it (turned as its EXIF says; the first of several that move), or None when the bytes are no whole JPEG,
    PNG or WebP or it has more pixels than `MAX_PIXELS`. Its size is looked at before anything is decoded, so a bomb costs
    its header alone; other formats that OpenCV could open are left alone, for nobody sends them."""
    try:
        with Image.open(io.BytesIO(image), formats=_FORMATS) as header:
            width, height = header.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    if width * height > MAX_PIXELS:
        return None
    pixels = cv2.imdecode(np.frombuffer(image, dtype=np.uint8), cv2.IMREAD_COLOR)
    return None if pixels is None else np.asarray(pixels, dtype=np.uint8)
