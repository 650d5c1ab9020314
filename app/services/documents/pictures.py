"""What a citizen or an officer is shown of a photograph: the crop of the plate, and the scene with everyone
else's plate made unreadable (`design.md`: evidence is served with every other plate blurred).

Boxes are (x_min, y_min, x_max, y_max) in pixels of the upright picture, as recognisers give them. The
evidence original is never changed; these are copies, as JPEG without any metadata.
"""

from collections.abc import Iterable
from typing import TypeAlias

from PIL import Image, ImageFilter

from app.services.documents.problems import BOX_OUTSIDE_IMAGE
from app.services.documents.uploads import as_jpeg, open_upright

Box: TypeAlias = tuple[int, int, int, int]

EVIDENCE_MAX_SIDE = 1600
THUMBNAIL_MAX_SIDE = 320
BLUR_MARGIN = 0.15  # recognisers box the characters tightly; the plate is a little larger
MOSAIC_CELLS = (4, 2)  # so few that no plate can be worked back from them, as it can from a plain blur


def crop(data: bytes, box: Box, margin: float = 0.15, *, quality: int = 90) -> bytes:
    """The part of the picture inside `box`, with `margin` (a share of the box's own width and height) on
    each side and cut at the picture's edge.

    Problems: documents-box-outside-image where nothing of the box is in the picture;
    documents-image-unreadable.
    """
    image = open_upright(data)
    return as_jpeg(image.crop(_inside(image, _grown(box, margin))), quality=quality)


def blur_except(
    data: bytes,
    keep_box: Box | None,
    other_boxes: Iterable[Box],
    *,
    max_side: int = EVIDENCE_MAX_SIDE,
    quality: int = 85,
) -> bytes:
    """The scene with every box of `other_boxes` turned into a few grey squares, `keep_box` left as it was,
    and at most `max_side` pixels a side. A box of `other_boxes` that is mostly `keep_box` is the same plate
    read twice and stays.

    Problems: documents-image-unreadable. Boxes outside the picture are passed over.
    """
    image = open_upright(data)
    kept = _overlap(_rounded(keep_box), _whole(image)) if keep_box else None
    plate = image.crop(kept) if kept else None
    for box in other_boxes:
        if keep_box and _share_covered(_rounded(box), _rounded(keep_box)) > 0.5:
            continue
        area = _overlap(_grown(box, BLUR_MARGIN), _whole(image))
        if area:
            image.paste(_mosaic(image.crop(area)), area)
    if plate and kept:
        image.paste(plate, kept)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return as_jpeg(image, quality=quality)


def thumbnail(data: bytes, *, max_side: int = THUMBNAIL_MAX_SIDE, quality: int = 80) -> bytes:
    """A small upright JPEG for lists.

    Problems: documents-not-an-image, documents-image-unreadable.
    """
    image = open_upright(data, draft_side=max_side)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return as_jpeg(image, quality=quality)


def _mosaic(part: Image.Image) -> Image.Image:
    cells = part.resize(MOSAIC_CELLS, Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
    return cells.filter(ImageFilter.GaussianBlur(max(1, part.width // 20)))


def _whole(image: Image.Image) -> Box:
    return (0, 0, image.width, image.height)


def _rounded(box: Box) -> Box:
    x_min, y_min, x_max, y_max = (round(side) for side in box)
    return (x_min, y_min, x_max, y_max)


def _grown(box: Box, margin: float) -> Box:
    x_min, y_min, x_max, y_max = box
    dx, dy = (x_max - x_min) * margin, (y_max - y_min) * margin
    return (round(x_min - dx), round(y_min - dy), round(x_max + dx), round(y_max + dy))


def _overlap(box: Box, other: Box) -> Box | None:
    x_min, y_min = max(box[0], other[0]), max(box[1], other[1])
    x_max, y_max = min(box[2], other[2]), min(box[3], other[3])
    return (x_min, y_min, x_max, y_max) if x_min < x_max and y_min < y_max else None


def _inside(image: Image.Image, box: Box) -> Box:
    area = _overlap(box, _whole(image))
    if area is None:
        raise BOX_OUTSIDE_IMAGE(box=box, width=image.width, height=image.height)
    return area


def _share_covered(box: Box, by: Box) -> float:
    shared = _overlap(box, by)
    return _area(shared) / max(1, _area(box)) if shared else 0.0


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
