"""Is this paper one that an officer can read: a photo or a PDF of a certificate, a card, a letter?

A photo has to be large and sharp enough, and something has to stand on it. Of a PDF only the safety is judged
(`check_pdf`): what its pages look like, an officer sees.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from app.services.documents import photo_problems as say
from app.services.documents.file_kinds import SCANS, FileType, kind_of, not_wanted
from app.services.documents.light import block_sharpness
from app.services.documents.opening import Opened, check_bytes, open_picture
from app.services.documents.pdf_uploads import check_pdf
from app.services.documents.photo_problems import GOOD_SCAN, Finding, PhotoProblem
from app.services.documents.uploads import MAX_ATTACHMENT_BYTES

MEASURED_SIDE = 1200
BLOCK = 80
"""Pixels; a card's line of print is a block high."""
LONG_SIDE, SHORT_SIDE = 800, 480
"""Pixels: an identity card (85.6 x 54 mm) that fills the picture has 237 dots an inch then."""
LEAST_CONTENT = 0.02
"""Share of the blocks on which something stands."""
SHARPEST = 0.8
"""The quantile of the blocks' sharpness that counts: a table in the foreground may be blurred, the print may not."""
BLURRED_BELOW, SOFT_BELOW = 20.0, 40.0
"""Sharpness of print (`light.block_sharpness`): a photographed page has 70 and more, one that can hardly be read 15."""
DARK_BELOW = 80.0


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    """What was found. Width and height in pixels as a person sees the picture, None for a PDF."""

    problems: tuple[PhotoProblem, ...]
    warnings: tuple[PhotoProblem, ...]
    width: int | None
    height: int | None
    media_type: FileType

    @property
    def fits(self) -> bool:
        """Whether nothing is to be mended."""
        return not self.problems


def check_scan(data: bytes, *, max_bytes: int = MAX_ATTACHMENT_BYTES, wanted: Collection[str] = SCANS) -> ScanVerdict:
    """Looks at a paper. `wanted` are the media types that the service takes.

    Problems: as `open_picture`, and for PDFs documents-pdf-unreadable, documents-pdf-locked, documents-pdf-active (422).
    """
    check_bytes(data, max_bytes=max_bytes)
    if kind_of(data) == "application/pdf":
        if "application/pdf" not in wanted:
            raise not_wanted(data, wanted)
        check_pdf(data)
        return ScanVerdict((), (), None, None, "application/pdf")
    opened = open_picture(data, side=MEASURED_SIDE, max_bytes=max_bytes, wanted=wanted)
    found = list(_of_picture(opened))
    return ScanVerdict(
        problems=tuple(each.what for each in found if each.refuses),
        warnings=tuple(each.what for each in found if not each.refuses),
        width=opened.width,
        height=opened.height,
        media_type=opened.media_type,
    )


def _of_picture(opened: Opened) -> Iterator[Finding]:
    short, long = sorted((opened.width, opened.height))
    if long < LONG_SIDE or short < SHORT_SIDE:
        size = {"width": opened.width, "height": opened.height}
        yield Finding(say.SCAN_SMALL(GOOD_SCAN, **size, long_side=LONG_SIDE, short_side=SHORT_SIDE))
        return
    grey = opened.picture.convert("L")
    if float(np.quantile(np.asarray(grey), 0.98)) < DARK_BELOW:
        yield Finding(say.SCAN_DARK(GOOD_SCAN))
        return
    blocks = max(1, (grey.width // BLOCK) * (grey.height // BLOCK))
    sharp = block_sharpness(grey, block=BLOCK)
    if len(sharp) < max(2, LEAST_CONTENT * blocks):
        yield Finding(say.SCAN_BLANK(GOOD_SCAN))
        return
    best = float(np.quantile(sharp, SHARPEST))
    if best < BLURRED_BELOW:
        yield Finding(say.SCAN_BLURRED(GOOD_SCAN))
    elif best < SOFT_BELOW:
        yield Finding(say.SOFT(GOOD_SCAN), refuses=False)
