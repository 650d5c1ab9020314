"""Is this a signature that can be printed on a licence: dark ink on plain white paper, whole, without shadow or lines?

The paper is what is left when thin dark strokes are filled in; ink is what is much darker than the paper around it, so
that one lamp or a grey photo of white paper does not matter. Ruled paper shows as straight faint lines from edge to edge.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from app.services.documents import photo_problems as say
from app.services.documents.applicant_photos import LEAST_SIDE, PhotoVerdict
from app.services.documents.file_kinds import PICTURES
from app.services.documents.opening import open_picture
from app.services.documents.photo_problems import Finding
from app.services.documents.photo_rules import SignatureRule
from app.services.documents.uploads import MAX_ATTACHMENT_BYTES

MEASURED_SIDE = 900
PAPER_SIDE = 90
"""The paper is looked at this small: strokes vanish there, shadows do not."""
INK_BELOW = 0.62
"""Of the paper's light around it: ink. A pencil's line on paper has 0.7 and more."""
TRACE_BELOW = 0.93
"""A printed line of an exercise book is at least so much darker than its paper."""
SPECK = 0.00004
"""Share of the picture; smaller dark spots are dust."""
RIM = 0.012
"""Share of the short side. Ink there is cut off, if it is more than a few pixels."""
MOST_STROKES = 80
"""Separate pieces of ink: a signature with the name below it has 40, a letter hundreds."""
WHITE_FROM, COLOUR_TO = 120.0, 45.0
"""The paper's median grey value, and how far its channels may lie apart: a lamp tints white paper by up to 40."""
EVEN_FROM = 0.6
"""The paper's darkest twentieth as a share of its brightest: below it lies a shadow."""
LINE_LENGTH = 0.88
"""Share of width or height that a straight line takes where it belongs to the paper and not to the hand."""
LINE_SIDE = 450
TILT, TILT_STEP = 8, 0.5
"""Degrees by which a photo is held askew at most."""
THIN = 6
"""Rows, at `LINE_SIDE`; what is dark so far above and below as well is a shadow or a broad stroke."""
INK_COLOUR = 60.0
"""How far the channels of the ink lie apart where it is not black."""
FAINT_FROM = 0.5
"""Median of the ink as a share of the paper's light; black pens have 0.2, blue ones 0.35."""
FAINT_TRACE = 0.85
"""A stroke at all, be it a pencil's."""

Grey = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A picture taken apart: the light of the paper everywhere, and each pixel as a share of it."""

    paper: Grey
    share: Grey
    ink: Mask
    strokes: int
    pixels: NDArray[np.float64]


def check_signature(
    data: bytes,
    rule: SignatureRule,
    *,
    max_bytes: int = MAX_ATTACHMENT_BYTES,
    wanted: Collection[str] = PICTURES,
) -> PhotoVerdict:
    """Holds a photographed or drawn signature against its rule.

    Problems (what is no whole picture at all): as `open_picture`.
    """
    opened = open_picture(data, side=MEASURED_SIDE, max_bytes=max_bytes, wanted=wanted)
    found: list[Finding] = []
    if opened.width < rule.min_width or opened.height < rule.min_height:
        least = {"min_width": rule.min_width, "min_height": rule.min_height}
        found.append(Finding(say.TOO_SMALL(rule.good, width=opened.width, height=opened.height, **least)))
    if min(opened.width, opened.height) >= LEAST_SIDE:
        sheet = _taken_apart(opened.picture)
        paper = list(_of_paper(sheet, rule))
        # The edge of a shadow is dark as well; once that is said, nothing is said of the ink at the rim.
        shadowed = any(each.what.code == say.SHADOW.code for each in paper)
        found += [*paper, *_of_ink(sheet, rule, rim=not shadowed)]
    return PhotoVerdict(
        problems=tuple(each.what for each in found if each.refuses),
        warnings=tuple(each.what for each in found if not each.refuses),
        width=opened.width,
        height=opened.height,
        media_type=opened.media_type,
    )


def _of_paper(sheet: _Sheet, rule: SignatureRule) -> Iterator[Finding]:
    dark, bright = np.quantile(sheet.paper, [0.05, 0.95])
    channels = np.median(sheet.pixels[~sheet.ink], axis=0) if (~sheet.ink).any() else np.zeros(3)
    if np.median(sheet.paper) < WHITE_FROM or channels.max() - channels.min() > COLOUR_TO:
        yield Finding(say.DARK_PAPER(rule.good))
    elif dark < EVEN_FROM * bright:
        yield Finding(say.SHADOW(rule.good))
    if _has_lines(sheet.share < TRACE_BELOW):
        yield Finding(say.LINED_PAPER(rule.good))


def _of_ink(sheet: _Sheet, rule: SignatureRule, *, rim: bool) -> Iterator[Finding]:
    inked = float(sheet.ink.mean())
    if inked < rule.ink[0]:
        # A pencil's stroke is no ink, but a stroke: the citizen is told what is wrong with it.
        faint = float((sheet.share < FAINT_TRACE).mean()) >= rule.ink[0]
        yield Finding((say.FAINT_INK if faint else say.NO_INK)(rule.good))
        return
    if inked > rule.ink[1] or sheet.strokes > MOST_STROKES:
        yield Finding(say.MUCH_INK(rule.good))
    if rim and _touches_edge(sheet.ink):
        yield Finding(say.CUT_OFF(rule.good))
    if float(np.median(sheet.share[sheet.ink])) > FAINT_FROM:
        yield Finding(say.FAINT_INK(rule.good))
    colours = np.median(sheet.pixels[sheet.ink], axis=0)
    if colours.max() - colours.min() > INK_COLOUR:
        yield Finding(say.COLOURED_INK(rule.good), refuses=False)


FAINT_TRACE = 0.85


def _taken_apart(picture: Image.Image) -> _Sheet:
    grey = picture.convert("L")
    scale = PAPER_SIDE / max(grey.size)
    small = grey.resize((max(3, round(grey.width * scale)), max(3, round(grey.height * scale))), Image.Resampling.BOX)
    # The brightest pixel around, and then the darkest of those: strokes are filled in, larger shapes keep their size.
    filled = small.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.MinFilter(9)).filter(ImageFilter.GaussianBlur(2))
    paper = np.asarray(filled.resize(grey.size, Image.Resampling.BILINEAR), dtype=np.float64).clip(1)
    share = np.asarray(grey, dtype=np.float64) / paper
    ink, strokes = _without_specks(share < INK_BELOW)
    return _Sheet(paper, share, ink, strokes, np.asarray(picture, dtype=np.float64))


def _without_specks(ink: Mask) -> tuple[Mask, int]:
    """The ink without dust, and the number of pieces that are left."""
    from skimage.measure import label

    labels: NDArray[np.int64] = label(ink)  # type: ignore[no-untyped-call]  # skimage has no types
    sizes = np.bincount(labels.ravel())
    large = sizes >= max(4, SPECK * ink.size)
    large[0] = False
    return large[labels], int(large.sum())


def _touches_edge(ink: Mask) -> bool:
    rim: int = max(2, round(RIM * min(ink.shape)))
    return int(ink.sum()) - int(ink[rim:-rim, rim:-rim].sum()) > 3 * rim


def _has_lines(traces: Mask) -> bool:
    """Whether a straight trace runs nearly from edge to edge, level or upright, at up to `TILT` degrees."""
    small = _reduced(traces, max(1, round(max(traces.shape) / LINE_SIDE)))
    return _longest_line(small) >= LINE_LENGTH or _longest_line(small.T) >= LINE_LENGTH


def _reduced(traces: Mask, by: int) -> Mask:
    height, width = traces.shape[0] // by * by, traces.shape[1] // by * by
    small = traces[:height, :width].reshape(height // by, by, width // by, by)
    return np.asarray(small.any(axis=(1, 3)), dtype=bool)


def _longest_line(traces: Mask) -> float:
    """The share of the width that the best nearly level line covers: columns are shifted as a slope would shift them,
    and each row is then counted."""
    height, width = traces.shape
    columns, best = np.arange(width), 0.0
    for degrees in np.arange(-TILT, TILT + TILT_STEP, TILT_STEP):
        shift = np.round((columns - width / 2) * np.tan(np.radians(degrees))).astype(int)
        rows = (np.arange(height)[:, None] + shift[None, :]).clip(0, height - 1)
        level = traces[rows, columns]
        covered = (level | np.roll(level, 1, axis=0) | np.roll(level, -1, axis=0)).mean(axis=1)
        thin = covered - np.minimum(np.roll(covered, THIN), np.roll(covered, -THIN))
        best = max(best, float(thin[THIN:-THIN].max(initial=0.0)))
    return best
