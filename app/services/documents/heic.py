"""HEIC, the form in which iPhones and many others keep pictures (ISO/IEC 23008-12): opened, and handed on as JPEG.

libheif decodes; the number of pixels is read from the header first, and a burst or a film gives its first picture.
"""

import io

from app.services.documents.problems import IMAGE_UNREADABLE, TOO_MANY_PIXELS

# ISO/IEC 14496-12 4.3: a file begins with a box 'ftyp' that names the brands it can be read as.
BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_MOST_BRANDS = 32
QUALITY = 93


def is_heic(data: bytes) -> bool:
    """Whether the first bytes say HEIC. AVIF, which begins alike, does not."""
    if data[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(data[:4], "big"), 16 + 4 * _MOST_BRANDS)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    return bool(brands & BRANDS) and not brands & {b"avif", b"avis"}


def heic_to_jpeg(data: bytes, *, max_pixels: int) -> bytes:
    """The picture as an upright RGB JPEG without metadata.

    Problems: documents-too-many-pixels, documents-image-unreadable (422).
    """
    import pillow_heif  # a decoder of 20 MB that most processes never need

    try:
        opened = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        width, height = opened.size
    except _REFUSALS as error:
        raise IMAGE_UNREADABLE() from error
    if width * height > max_pixels:
        raise TOO_MANY_PIXELS(limit_megapixels=f"{max_pixels / 1e6:.3g}")
    try:
        picture = opened.to_pillow().convert("RGB")  # libheif has turned it already
    except _REFUSALS as error:
        raise IMAGE_UNREADABLE() from error
    out = io.BytesIO()
    picture.info.clear()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


# libheif's refusals come through as these, those of damaged Exif blocks as the last ones.
_REFUSALS = (OSError, ValueError, SyntaxError, RuntimeError, EOFError, MemoryError, IndexError, KeyError, TypeError)
