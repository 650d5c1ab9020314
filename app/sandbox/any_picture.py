"""Any photograph as a camera would send it: whatever a phone, a scanner or an archive wrote becomes a JPEG of a modest size.

The doors take JPEG, PNG and WebP up to a limit, for good reasons; somebody who tries the demonstration with a picture of
their own should not have to know them.
"""

import io

from PIL import Image, ImageOps

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 4000
"""Pixels; a 12-megapixel camera's. The recogniser looks at less."""
_SENT_AS_IT_IS = ("JPEG", "PNG", "WEBP")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


class NoPicture(ValueError):
    """The bytes are no picture that can be opened."""


def as_sent_by_a_camera(data: bytes) -> bytes:
    """The picture itself where a door takes it, else a JPEG of its first frame, upright and not larger than needed.

    Raises NoPicture.
    """
    try:
        picture = _opened(data)
        still = getattr(picture, "n_frames", 1) == 1
        small = len(data) <= MOST_BYTES and picture.width * picture.height <= MOST_PIXELS
        if picture.format in _SENT_AS_IT_IS and still and small:
            picture.load()
            return data
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture.seek(0)
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, Image.DecompressionBombError) as error:
        raise NoPicture(f"it cannot be opened as a picture ({type(error).__name__})") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    on_white, out = Image.new("RGB", upright.size, "white"), io.BytesIO()
    on_white.paste(upright, mask=upright.getchannel("A"))
    on_white.save(out, "JPEG", quality=90)
    return out.getvalue()


def _opened(data: bytes) -> Image.Image:
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        import pillow_heif  # a decoder of 20 MB that most plays never need

        picture: Image.Image = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True).to_pillow()
        return picture
    return Image.open(io.BytesIO(data))
