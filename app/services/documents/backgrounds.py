"""The background of an applicant's photo: its colour, whether it is plain, and whether it looks painted in.

Measured where no head or shoulder is: beside and above the face, never below the chin. Colours are judged by hue and
colourfulness in CIE Lab and hardly by lightness, so that a shadow on a blue wall stays blue (`COLOURS_SEEN`); noise of
a small camera is averaged away before a pattern is looked for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from app.services.documents.faces import Face
from app.services.documents.photo_rules import BackgroundColour

Pixels = NDArray[np.float64]
Mask = NDArray[np.bool_]

MEASURED_SIDE = 320
PLAIN_SHARE = 0.75
"""So much of the region must have the wanted colour; the rest is hair, a veil's edge, a hard shadow."""
OTHER_SHARE = 0.5
"""So much of one other colour, and the background is said to be that."""
MOST_TEXTURE = 2.6
"""Mean change of lightness (of 100) from a pixel to the next, at `MEASURED_SIDE`: a smooth wall in a phone's noise has
under 1, fine stripes and bricks 3 and more."""
MOST_EDGES = 0.05
"""Share of the region on which lightness steps by `EDGE`: the edge of a shadow or some hair takes up to 4 %,
wide stripes 5 and more."""
EDGE = 2.5
FLAT_SPREAD = 1.2
"""Standard deviation of each colour channel (of 255) below which no camera saw this wall: even a studio's cloth has 2."""
LEAST_REGION = 0.03
"""Share of the picture; where less is left beside the head, its upper corners are taken."""


@dataclass(frozen=True, slots=True)
class Background:
    """What was measured. `seen` is the colour of most of it, None where no single one prevails."""

    wanted_share: float
    seen: str | None
    texture: float
    edges: float
    spread: float
    greyish: float

    @property
    def is_wanted(self) -> bool:
        """Whether nearly all of it has the wanted colour."""
        return self.wanted_share >= PLAIN_SHARE

    @property
    def is_patterned(self) -> bool:
        """Whether something is on the wall."""
        return self.texture > MOST_TEXTURE or self.edges > MOST_EDGES

    @property
    def is_shadowed_white(self) -> bool:
        """Whether it would be white in better light."""
        return self.greyish >= PLAIN_SHARE

    @property
    def looks_edited(self) -> bool:
        """Whether it is so even that it was likely painted in. A hint for an officer, no proof."""
        return self.spread < FLAT_SPREAD


def measure_background(picture: Image.Image, face: Face | None, wanted: BackgroundColour) -> Background:
    """The background of an upright RGB picture; `face` is in shares of it, None where no face was found."""
    small = picture.copy()
    small.thumbnail((MEASURED_SIDE, MEASURED_SIDE), Image.Resampling.BOX)
    smooth = small.filter(ImageFilter.GaussianBlur(1))
    lab = _lab(np.asarray(small))
    region = _region(lab.shape[0], lab.shape[1], face)
    shares = {name: float(_of_colour(lab, name)[region].mean()) for name in _SEEN}
    seen = max(shares, key=lambda name: shares[name])
    return Background(
        wanted_share=shares[wanted],
        seen=seen if shares[seen] >= OTHER_SHARE else None,
        texture=float(_steps(lab[..., 0], region).mean()),
        edges=float((_steps(_lab(np.asarray(smooth))[..., 0], region) > EDGE).mean()),
        spread=_spread(picture, face),
        greyish=shares["white"] + shares["grey"],
    )


def _lab(pixels: NDArray[np.uint8]) -> Pixels:
    from skimage.color import rgb2lab

    lab: Pixels = rgb2lab(pixels)
    return lab


_SEEN = ("blue", "red", "yellow", "white", "grey", "green")


def _of_colour(lab: Pixels, name: str) -> Mask:
    """Hue in degrees of the ab plane, chroma and lightness from 0 to 100, by which people call a wall blue."""
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    seen: Mask
    match name:
        case "blue":  # from azure to navy; sky-pale ones are too pale, violet is another colour
            seen = (hue >= 225) & (hue <= 312) & (chroma >= 20) & (light <= 82)
        case "red":  # up to maroon; orange begins at 50, pink is lighter
            seen = ((hue >= 345) | (hue <= 50)) & (chroma >= 42) & (light <= 62)
        case "yellow":
            seen = (hue >= 78) & (hue <= 112) & (chroma >= 40) & (light >= 42)
        case "white":  # lamps tint it; a shadow takes a third of its light
            seen = (chroma <= 14) & (light >= 62)
        case "grey":
            seen = (chroma <= 14) & (light < 62)
        case _:
            seen = (hue > 112) & (hue < 200) & (chroma >= 15)
    return seen


def _region(height: int, width: int, face: Face | None) -> Mask:
    region = np.zeros((height, width), dtype=bool)
    if face is not None:
        # The face box reaches from brow to chin: hair and ears stand half a face beside it, hair nearly one above.
        left, right = face.x - 0.55 * face.width, face.x + 1.55 * face.width
        top, chin = face.y - 0.85 * face.height, face.y + 0.95 * face.height
        region[: max(0, round(chin * height)), :] = True
        region[max(0, round(top * height)) :, max(0, round(left * width)) : round(right * width)] = False
    if region.mean() < LEAST_REGION:
        region[:] = False
        region[: round(0.4 * height), : round(0.14 * width)] = True
        region[: round(0.4 * height), round(0.86 * width) :] = True
    edge = max(1, round(0.01 * width))  # a scanner's or printer's rim is no background
    region[:edge] = region[:, :edge] = region[:, -edge:] = False
    return region


def _steps(light: Pixels, region: Mask) -> Pixels:
    """How much lightness changes from each pixel of the region to the next ones."""
    down, across = np.diff(light, axis=0)[:, :-1], np.diff(light, axis=1)[:-1, :]
    inside = region[:-1, :-1] & region[1:, :-1] & region[:-1, 1:]
    steps: Pixels = np.hypot(down, across)[inside]
    return steps if steps.size else np.zeros(1)


def _spread(picture: Image.Image, face: Face | None) -> float:
    """The spread of the region's colours without its outliers (hair), at the picture's own size."""
    pixels = np.asarray(picture, dtype=np.float64)[_region(picture.height, picture.width, face)]
    if not len(pixels):
        return 255.0
    off = np.abs(pixels - np.median(pixels, axis=0)).max(axis=1)
    return float(pixels[off <= np.quantile(off, 0.8)].std(axis=0).max())
