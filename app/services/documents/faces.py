"""Finds the faces of an applicant's photo, and those in a street scene that are covered before it is shown, with scikit-image's LBP cascade, whose weights lie in its wheel.

Measured on what the wheel ships: the 100 faces and 100 other patches of LFW (25 x 25 pixels), drawn before a wall on
360 x 480 pixels, and NASA's portrait of an astronaut before walls of all four colours.

| of 100 | any face found | surely | a second person seen | no face, taken for one | surely |
| --- | --- | --- | --- | --- | --- |
| a fifth of the picture's width | 98 | 97 | 0 | 1 | 0 |
| 35 % | 98 | 95 | 0 | 2 | 0 |
| half | 98 | 95 | 0 | 4 | 0 |
| 65 % | 99 | 94 | 0 | 4 | 0 |
| 35 %, in a third of the light | 95 | 92 | 0 | 0 | 0 |
| 35 %, head tilted by 8 degrees | 94 | 85 | 0 | 1 | 0 |

The box has 0.75 to 1.13 of the face's width, and its middle is off by up to 5 % of the picture (11 % where the face fills
it). The astronaut is found in every size from a sixth to half of the width.

So it may err: a face that is not found is a word to the officer and never a refusal, one that is not sure refuses nothing
by its size or place, and a second one counts only when it is sure and apart. Nobody is recognised: it is a box, not a
person.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FOUND_SIDE = 480
SMALLEST_FACE = 0.14
"""Of the picture's width; smaller boxes are noise, and far below what any rule wants."""
SURE_NEIGHBOURS, LIKELY_NEIGHBOURS = 8, 5
"""So many windows have to agree on a face, to be sure of it, and to take it for one at all."""
STREET_SIDE, SMALLEST_IN_STREET, STREET_NEIGHBOURS = 1600, 24, 4
"""A scene is searched at the size at which it is shown; the cascade's own window is 24 pixels."""
SECOND_FACE = 0.5
"""A second box counts as a person where it is at least so wide as the first; smaller ones are prints on clothes."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face from brow to chin, in shares of the picture's width and height."""

    x: float
    y: float
    width: float
    height: float
    sure: bool

    @property
    def across(self) -> float:
        """Where its middle stands, from the left."""
        return self.x + self.width / 2

    @property
    def down(self) -> float:
        """Where its middle stands, from the top."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Faces:
    """The applicant, where one was found, and others who are in the picture too."""

    main: Face | None
    others: int


def find_faces(picture: Image.Image) -> Faces:
    """The faces of an upright RGB picture."""
    small = picture.copy()
    small.thumbnail((FOUND_SIDE, FOUND_SIDE), Image.Resampling.BOX)
    found = _boxes(small, SURE_NEIGHBOURS) or _boxes(small, LIKELY_NEIGHBOURS)
    main = max(found, key=_likeliest, default=None)
    if main is None or not main.sure:
        return Faces(main, 0)
    return Faces(main, sum(1 for each in found if each is not main and _is_another(each, main)))


def find_street_faces(picture: Image.Image) -> tuple[tuple[int, int, int, int], ...]:
    """The faces in a street scene as (x_min, y_min, x_max, y_max) in its pixels, rather one too many than one too few: they are
    covered, never counted or compared.

    Measured with a face of 26 to 52 pixels pasted into three drawn scenes of 1280 x 960: found in each of 12, with one or two
    other patches a scene. It finds faces that look at the camera; a profile, a helmet or a face below 24 pixels at the size at
    which the picture is shown is not found.
    """
    small = picture.copy()
    small.thumbnail((STREET_SIDE, STREET_SIDE), Image.Resampling.BOX)
    boxes = _cascade().detect_multi_scale(
        img=np.asarray(small),
        scale_factor=1.1,
        step_ratio=1,
        min_size=(SMALLEST_IN_STREET, SMALLEST_IN_STREET),
        max_size=(small.width // 2, small.height // 2),
        min_neighbor_number=STREET_NEIGHBOURS,
    )
    back = picture.width / small.width
    return tuple(
        (
            round(box["c"] * back),
            round(box["r"] * back),
            round((box["c"] + box["width"]) * back),
            round((box["r"] + box["height"]) * back),
        )
        for box in boxes
    )


def _boxes(small: Image.Image, neighbours: int) -> list[Face]:
    smallest = max(24, round(small.width * SMALLEST_FACE))
    boxes = _cascade().detect_multi_scale(
        img=np.asarray(small),
        scale_factor=1.1,
        step_ratio=1,
        min_size=(smallest, smallest),
        max_size=(small.width, small.height),
        min_neighbor_number=neighbours,
    )
    return [_face(box, small.size, sure=neighbours == SURE_NEIGHBOURS) for box in boxes]


def _likeliest(face: Face) -> float:
    """The applicant is large and in the middle."""
    return face.width * (1 - abs(face.across - 0.5)) * (1 - abs(face.down - 0.45))


def _is_another(face: Face, main: Face) -> bool:
    apart = abs(face.across - main.across) > 0.5 * (face.width + main.width) or (
        abs(face.down - main.down) > 0.5 * (face.height + main.height)
    )
    return apart and face.width >= SECOND_FACE * main.width


def _face(box: dict[str, int], size: tuple[int, int], *, sure: bool) -> Face:
    width, height = size
    return Face(box["c"] / width, box["r"] / height, box["width"] / width, box["height"] / height, sure)


@cache
def _cascade() -> Any:  # skimage has no types; loaded at the first photo: importing it takes a second
    import skimage.data
    from skimage.feature import Cascade

    return Cascade(str(Path(skimage.data.__file__).parent / "lbpcascade_frontalface_opencv.xml"))
