"""What a citizen or an officer is shown of a photograph: the crop of the plate, and the scene with every face and everyone
else's plate made unreadable (`design.md`: evidence is served with every other plate blurred).

Boxes are (x_min, y_min, x_max, y_max) in pixels of the upright picture, as recognisers give them. The
evidence original is never changed; these are copies, as JPEG without any metadata.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image, ImageFilter

from app.services.documents.uploads import as_jpeg, open_upright

Box: TypeAlias = tuple[int, int, int, int]

EVIDENCE_MAX_SIDE = 1600
THUMBNAIL_MAX_SIDE = 320
BLUR_MARGIN = 0.15  # recognisers box the characters tightly; the plate is a little larger
CROP_MARGIN, FACE_MARGIN = 0.25, 0.35  # a detector boxes brow to chin; hair and ears tell who it is as well
MOSAIC_CELLS = (4, 2)  # so few that no plate can be worked back from them, as it can from a plain blur
FACE_CELLS = (3, 4)


@dataclass(frozen=True, slots=True)
class CoveredScene:
    """A scene as it may be shown, and the crop of the plate that it is about; how many faces and plates were covered in it."""

    photo: bytes
    crop: bytes | None
    faces: int
    plates: int


def cover_scene(
    data: bytes,
    own: Box | None,
    others: Iterable[Box],
    find_faces: Callable[[Image.Image], Iterable[Box]],
    *,
    by_hand: Iterable[Sequence[int]] = (),
    max_side: int = EVIDENCE_MAX_SIDE,
    quality: int = 82,
) -> CoveredScene:
    """The scene with every box of `others`, every face, and every area of `by_hand` (left, top, right, bottom in thousandths of the
    picture) turned into a few squares of colour, `own` left as it was, and at most `max_side` pixels a side. A box of `others` that
    is mostly `own` is the same plate read twice and stays.

    What is covered is painted over before the picture is made smaller and written anew: nothing of it is left to be worked
    back. Problems: documents-image-unreadable. Boxes outside the picture are passed over.
    """
    image = open_upright(data)
    kept = _overlap(_rounded(own), _whole(image)) if own else None
    plate = image.crop(kept) if kept else None
    faces, plates = list(find_faces(image)), 0
    for face in faces:
        _cover(image, _grown(face, FACE_MARGIN), FACE_CELLS)
    for box in others:
        if own and _share_covered(_rounded(box), _rounded(own)) > 0.5:
            continue
        plates += _cover(image, _grown(box, BLUR_MARGIN), MOSAIC_CELLS)
    for area in by_hand:
        _cover(image, _scaled(area, image), MOSAIC_CELLS)
    if plate and kept:
        image.paste(plate, kept)
    around = _overlap(_grown(own, CROP_MARGIN), _whole(image)) if own and kept else None
    crop = as_jpeg(image.crop(around), quality=90) if around else None
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return CoveredScene(as_jpeg(image, quality=quality), crop, len(faces), plates)


def thumbnail(data: bytes, *, max_side: int = THUMBNAIL_MAX_SIDE, quality: int = 80) -> bytes:
    """A small upright JPEG for lists.

    Problems: documents-not-an-image, documents-image-unreadable.
    """
    image = open_upright(data, draft_side=max_side)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return as_jpeg(image, quality=quality)


def _cover(image: Image.Image, box: Box, cells: tuple[int, int]) -> bool:
    area = _overlap(box, _whole(image))
    if area:
        image.paste(_mosaic(image.crop(area), cells), area)
    return area is not None


def _mosaic(part: Image.Image, into: tuple[int, int]) -> Image.Image:
    cells = part.resize(into, Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
    return cells.filter(ImageFilter.GaussianBlur(max(1, part.width // 20)))


def _scaled(area: Sequence[int], image: Image.Image) -> Box:
    left, top, right, bottom = area
    across, down = image.width / 1000, image.height / 1000
    return (int(left * across), int(top * down), math.ceil(right * across), math.ceil(bottom * down))


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


def _share_covered(box: Box, by: Box) -> float:
    shared = _overlap(box, by)
    return _area(shared) / max(1, _area(box)) if shared else 0.0


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
