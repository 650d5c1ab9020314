"""What somebody hands in: is it what it says, whole, and harmless to open?

The bytes decide and never the file name or the declared type. Every check reads the limit first, then the
first bytes, then the header, and only then decodes; so a small bomb costs its header alone. Synchronous and
pure: doors call them through `off_loop`.
"""

import io
import re
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageOps

from app.services.documents.pdf_uploads import check_pdf
from app.services.documents.problems import (
    FILE_EMPTY,
    FILE_TOO_LARGE,
    IMAGE_MOVES,
    IMAGE_UNREADABLE,
    NOT_AN_ATTACHMENT,
    NOT_AN_IMAGE,
    TOO_MANY_PIXELS,
)

ImageType = Literal["image/jpeg", "image/png", "image/webp"]
AttachmentType = Literal["image/jpeg", "image/png", "image/webp", "application/pdf"]

MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000  # a 50-megapixel phone; three bytes each is what one decode may take
MAX_SCANS = 64
"""Passes of a progressive JPEG. Each goes over all pixels and may cost 30 bytes: 100 KB with 200 of them took 20 seconds
to decode. Cameras and programs write 10."""
ORIENTATION_TAG = 0x0112

_PILLOW_FORMAT: dict[ImageType, str] = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """A picture that was decoded to its last pixel. Width and height in pixels as a person sees it (EXIF
    turned)."""

    media_type: ImageType
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """A citizen's file that may be kept. Width and height are None for a PDF."""

    media_type: AttachmentType
    width: int | None
    height: int | None


def sniff(data: bytes) -> AttachmentType | None:
    """The media type that the first bytes show, or None where it is none of the four that Loket takes."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    return None


def check_image(data: bytes, *, max_bytes: int, max_pixels: int = MAX_PIXELS) -> ImageInfo:
    """A still JPEG, PNG or WebP within `max_bytes` and `max_pixels`, decoded fully to prove it.

    Problems: documents-file-too-large (413), documents-not-an-image (415), documents-file-empty,
    documents-image-unreadable (cut off or damaged), documents-too-many-pixels (decompression bomb) and
    documents-image-moves (422).
    """
    _check_size(data, max_bytes)
    media_type = sniff(data)
    if media_type is None or media_type == "application/pdf":
        raise NOT_AN_IMAGE()
    return _decoded(data, media_type, max_pixels)


def check_attachment(
    data: bytes, *, max_bytes: int = MAX_ATTACHMENT_BYTES, max_pixels: int = MAX_PIXELS
) -> AttachmentInfo:
    """A citizen's file: a picture as in `check_image`, or a PDF without anything that runs (see `check_pdf`).

    Problems: those of `check_image`, with documents-not-an-attachment (415) for other types, and
    documents-pdf-unreadable, documents-pdf-locked and documents-pdf-active (422).
    """
    _check_size(data, max_bytes)
    media_type = sniff(data)
    if media_type is None:
        raise NOT_AN_ATTACHMENT()
    if media_type == "application/pdf":
        check_pdf(data)
        return AttachmentInfo(media_type, None, None)
    image = _decoded(data, media_type, max_pixels)
    return AttachmentInfo(image.media_type, image.width, image.height)


def reencode_image(data: bytes, *, max_side: int, quality: int = 85) -> bytes:
    """The picture as a fresh upright RGB JPEG of at most `max_side` pixels a side: EXIF, colour profiles,
    comments and anything hidden behind the picture are gone. For a picture that `check_image` has accepted;
    never for the evidence original, which is kept byte for byte.

    Problems: documents-not-an-image, documents-image-unreadable.
    """
    image = open_upright(data, draft_side=max_side)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return as_jpeg(image, quality=quality)


def open_upright(data: bytes, *, draft_side: int | None = None) -> Image.Image:
    """The decoded picture in RGB, turned as its EXIF says, transparency laid on white. With `draft_side` a
    JPEG may be decoded at a fraction of its size, never smaller than that: four times faster for a
    thumbnail."""
    media_type = sniff(data)
    if media_type is None or media_type == "application/pdf":
        raise NOT_AN_IMAGE()
    _refuse_many_scans(data, media_type)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=[_PILLOW_FORMAT[media_type]])
        if draft_side is not None:
            image.draft("RGB", (draft_side, draft_side))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return _on_white(image)
    except _PILLOW_REFUSALS as error:
        raise IMAGE_UNREADABLE() from error


def as_jpeg(image: Image.Image, *, quality: int) -> bytes:
    """The pixels alone as JPEG."""
    out = io.BytesIO()
    Image.frombytes("RGB", image.size, image.tobytes()).save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


# Pillow's decoders answer damaged bytes with many kinds of exception, its plugins having grown over thirty
# years; the two warnings are errors where warnings are (the tests), and a print elsewhere.
_PILLOW_REFUSALS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def _check_size(data: bytes, max_bytes: int) -> None:
    if len(data) > max_bytes:
        raise FILE_TOO_LARGE(limit_mb=f"{max_bytes / 1_048_576:.3g}")
    if not data:
        raise FILE_EMPTY()


def _decoded(data: bytes, media_type: ImageType, max_pixels: int) -> ImageInfo:
    _refuse_many_scans(data, media_type)
    try:
        image = Image.open(io.BytesIO(data), formats=[_PILLOW_FORMAT[media_type]])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TOO_MANY_PIXELS(limit_megapixels=f"{max_pixels / 1e6:.3g}") from error
    except _PILLOW_REFUSALS as error:
        raise IMAGE_UNREADABLE() from error
    width, height = image.size
    if width * height > max_pixels:
        raise TOO_MANY_PIXELS(limit_megapixels=f"{max_pixels / 1e6:.3g}")
    try:
        frames = 1 if media_type == "image/jpeg" else int(getattr(image, "n_frames", 1))
        if frames > 1:
            raise IMAGE_MOVES(frames=frames)
        turned = image.getexif().get(ORIENTATION_TAG, 1) in (5, 6, 7, 8)
        image.load()
    except _PILLOW_REFUSALS as error:
        raise IMAGE_UNREADABLE() from error
    return ImageInfo(media_type, height, width) if turned else ImageInfo(media_type, width, height)


_MARKER = re.compile(rb"\xff[^\x00\xff]")  # as libjpeg looks for the next one, over garbage and padding
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def _refuse_many_scans(data: bytes, media_type: ImageType) -> None:
    if media_type != "image/jpeg":
        return
    scans, marker = 0, _MARKER.search(data, 2)
    while marker is not None and scans <= MAX_SCANS:
        kind, at = data[marker.end() - 1], marker.end()
        if kind == _END_OF_IMAGE:  # what follows, a phone's film or second picture, is not decoded
            return
        if kind not in _NO_LENGTH:
            at += int.from_bytes(data[at : at + 2], "big")
        scans += kind == _START_OF_SCAN
        marker = _MARKER.search(data, at)
    if scans > MAX_SCANS:
        raise IMAGE_UNREADABLE()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    if image.mode.startswith("I"):  # 16-bit grey: convert() alone would clip it to white
        return image.point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")  # converting would copy 150 MB for nothing
