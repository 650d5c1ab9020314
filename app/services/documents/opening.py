"""Opens a picture that an applicant sent, whatever kind it has, and says what is kept of it.

A picture is decoded to its last pixel to prove it whole, then measured on a small copy: 50 megapixels cost their decoding
and no more.
"""

from collections.abc import Collection
from dataclasses import dataclass

from PIL import Image

from app.services.documents.file_kinds import PICTURES, FileType, PictureType, kind_of, not_wanted
from app.services.documents.heic import heic_to_jpeg, is_heic
from app.services.documents.problems import FILE_EMPTY, FILE_TOO_LARGE
from app.services.documents.uploads import (
    MAX_ATTACHMENT_BYTES,
    MAX_PIXELS,
    as_jpeg,
    check_image,
    open_upright,
)

KEPT_SIDE = 3000
KEPT_QUALITY = 88
_HEIC_GROWTH = 8
"""A HEIC's JPEG may be so many times larger; it is ours, and lives for the check alone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An upright RGB copy of at most the side that was asked for; width and height are those of the whole picture."""

    media_type: PictureType
    width: int
    height: int
    picture: Image.Image


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a file: a JPEG of its pixels and nothing else, or a PDF as it came."""

    data: bytes
    media_type: FileType


def check_bytes(data: bytes, *, max_bytes: int) -> None:
    """Problems: documents-file-too-large (413), documents-file-empty (422)."""
    if len(data) > max_bytes:
        raise FILE_TOO_LARGE(limit_mb=f"{max_bytes / 1_048_576:.3g}")
    if not data:
        raise FILE_EMPTY()


def open_picture(
    data: bytes, *, side: int, max_bytes: int = MAX_ATTACHMENT_BYTES, wanted: Collection[str] = PICTURES
) -> Opened:
    """A still JPEG, PNG, WebP or HEIC, upright, at most `side` pixels a side.

    Problems: documents-file-too-large (413), documents-type-not-wanted (415), documents-file-empty,
    documents-image-unreadable, documents-too-many-pixels and documents-image-moves (422).
    """
    check_bytes(data, max_bytes=max_bytes)
    kind = kind_of(data)
    if kind is None or kind == "application/pdf" or kind not in wanted:
        raise not_wanted(data, wanted)
    if kind == "image/heic":
        data = heic_to_jpeg(data, max_pixels=MAX_PIXELS)
    info = check_image(data, max_bytes=max_bytes * _HEIC_GROWTH)
    picture = open_upright(data, draft_side=side)
    picture.thumbnail((side, side), Image.Resampling.BOX)
    return Opened(kind, info.width, info.height, picture)


def normalised(data: bytes, media_type: str) -> Kept:
    """What is kept of a file that was checked: every picture as an upright JPEG of at most `KEPT_SIDE` pixels a side,
    without EXIF, place, profile or anything behind the picture; a PDF as it is.

    Problems: as `open_picture`.
    """
    if media_type == "application/pdf":
        return Kept(data, "application/pdf")
    if is_heic(data):
        data = heic_to_jpeg(data, max_pixels=MAX_PIXELS)
    picture = open_upright(data, draft_side=KEPT_SIDE)
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return Kept(as_jpeg(picture, quality=KEPT_QUALITY), "image/jpeg")
