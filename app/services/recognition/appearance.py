"""What a plate says besides its number: the colours of its ground and letters, and the month until which it is valid.

Colours tell the use of the vehicle (Perpol 7/2021 art. 45); what they cannot be told apart by is said to be unknown, for a wrong use
would set an officer against the right owner. All thresholds are shares of light that paints throw back, argued from the paints; which were
looked at again after real pictures is told in docs/plate-reader.md.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from app.services.recognition.lines import Floats, Line, Picture, rectify, rectify_below
from app.services.recognition.reading import PlateLook, Validity
from app.services.reference import PlateColour, use_of_colours, use_of_number

_BLOCKS = 8
"""Pieces of the line that are judged alone: half a plate may lie in the shade."""

_NARROWEST_BLOCK = 12
_UNDECIDED = 0.125
"""So near to half and half, what is ground and what is letters is less than sure."""

_LEAST_CONTRAST, _LEAST_SHARE = 20.0, 0.35
"""Grey levels between ground and letters, and their share of the brighter; with less neither's colour is to be had."""

_NO_COLOUR = 6.0
"""Grey levels between the channels of a picture: below it is a night camera's, and knows no colour."""

_LEAST_SURE = 0.6

_VALID = re.compile(r"(0[1-9]|1[0-2])[.\-•·, ]?([0-9]{2})")
_VALID_FROM, _VALID_TO = 0.78, 1.9
_VALID_HEIGHTS = (0.15, 0.75)
_VALID_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class Printed:
    """A line of text with what was printed there and how sure the reader was of all of it (0 to 1)."""

    line: Line
    text: str
    confidence: float


def has_colour(picture: Picture) -> bool:
    """Whether a picture knows colours at all; what an infra-red lamp lights does not."""
    some = picture[:: max(1, picture.shape[0] // 64), :: max(1, picture.shape[1] // 64)].astype(np.int16)
    return float((some.max(axis=2) - some.min(axis=2)).mean()) > _NO_COLOUR


def look_of(picture: Picture, line: Line, plate: str = "") -> PlateLook:
    """The colours of the plate whose number is `line`, and what they tell; a mission's or a state body's number tells more than they."""
    seen, told = _colours_of(picture, line), use_of_number(plate)
    return seen if told is None else replace(seen, use=told)


def _colours_of(picture: Picture, line: Line) -> PlateLook:
    strip = rectify(picture, line)
    if strip is None or not has_colour(picture):
        return PlateLook()
    blocks = np.array_split(strip.astype(np.float32), max(1, min(_BLOCKS, strip.shape[1] // _NARROWEST_BLOCK)), axis=1)
    parted = [part for part in map(_parted, blocks) if part is not None]
    if not parted:
        return PlateLook()
    light = float(np.mean([part.light for part in parted]))
    named = Counter(_colours(part, ground_is_light=light > 0.5) for part in parted)
    (ground, letters), agreed = named.most_common(1)[0]
    confidence = round(agreed / len(blocks) * min(1.0, abs(light - 0.5) / _UNDECIDED), 4)
    lit = float(np.median([part.bright.max() for part in parted]))
    if ground is PlateColour.UNKNOWN or confidence < _LEAST_SURE:
        return PlateLook(confidence=confidence)
    return PlateLook(
        ground, letters, use_of_colours(ground, letters), confidence, electric=_blue_strip(picture, line, lit)
    )


@dataclass(frozen=True, slots=True)
class _Parted:
    """A piece of the line, parted into dark and light: the colour of each, and the share of it that is light. Letters take less than
    half of a line, so what there is more of is the ground."""

    dark: Floats
    bright: Floats
    light: float


def _parted(block: Floats) -> _Parted | None:
    grey = block.mean(axis=2)
    lightest, darkest = np.percentile(grey, 95), np.percentile(grey, 5)
    if lightest - darkest < max(_LEAST_CONTRAST, _LEAST_SHARE * lightest):
        return None
    is_light = grey > (lightest + darkest) / 2
    return _Parted(np.median(block[~is_light], axis=0), np.median(block[is_light], axis=0), float(is_light.mean()))


def _colours(part: _Parted, *, ground_is_light: bool) -> tuple[PlateColour, PlateColour]:
    if ground_is_light:
        ground = _of_light_ground(part)
        return ground, _of_dark_letters(part) if ground is PlateColour.WHITE else PlateColour.BLACK
    return _of_dark_ground(part), PlateColour.WHITE


def _of_light_ground(part: _Parted) -> PlateColour:
    """White throws all light back, yellow keeps the blue, green the red and some blue."""
    blue, green, red = (float(each) for each in part.bright / max(1.0, float(part.bright.max())))
    if min(blue, green, red) > 0.7:
        return PlateColour.WHITE
    # A lamp takes from white as much between green and blue as between red and green; yellow paint takes the blue alone.
    if blue / max(green, 0.01) < 0.7 * green / max(red, 0.01) and green > 0.5 and red > 0.85:
        return PlateColour.YELLOW
    if green == 1.0 and red < 0.75 and blue < 0.9:
        return PlateColour.GREEN
    return PlateColour.UNKNOWN


def _of_dark_letters(part: _Parted) -> PlateColour:
    """Letters on white: black ones are dark in every channel, blue and red ones in two."""
    blue, green, red = (float(each) for each in part.dark / np.maximum(part.bright, 1.0))
    if blue - red > 0.3 and blue - green > 0.15:
        return PlateColour.BLUE
    if red - max(blue, green) > 0.3:
        return PlateColour.RED
    return PlateColour.BLACK


def _of_dark_ground(part: _Parted) -> PlateColour:
    """Against its white letters a red ground throws back red alone, a black one next to nothing of any."""
    blue, green, red = (float(each) for each in part.dark / np.maximum(part.bright, 1.0))
    if red - max(blue, green) > 0.22:
        return PlateColour.RED
    if max(blue, green, red) - min(blue, green, red) < 0.15:
        return PlateColour.BLACK
    return PlateColour.UNKNOWN


def _blue_strip(picture: Picture, line: Line, lit: float) -> bool:
    """Whether a blue strip ends the plate at its lower edge. One that does not end, or is much darker than what is `lit` on the plate,
    is a blue vehicle."""
    below = rectify_below(picture, line)
    if below is None:
        return False
    blue, green, red = np.moveaxis(below.astype(np.float32), 2, 0)
    is_blue = ((blue > 0.4 * lit) & (blue > 1.8 * red) & (blue > 1.4 * green)).mean(axis=1) > 0.5
    rows = int(is_blue.sum())
    return bool(rows >= len(is_blue) * 0.12 and not is_blue[-2:].any())


def validity_of(number: Line, printed: Iterable[Printed]) -> Validity | None:
    """The month and year that stand below the number (`MM.YY`), if a line there says nothing else."""
    found = [
        Validity(int(read[1]), 2000 + int(read[2]), round(each.confidence, 4))
        for each in printed
        if (read := _VALID.fullmatch(each.text.strip()))
        and each.confidence >= _VALID_LEAST
        and _is_below(number, each.line)
    ]
    return max(found, key=lambda validity: validity.confidence, default=None)


def _is_below(number: Line, line: Line) -> bool:
    """Whether a line stands where a plate has its validity: below the number, within its width, and smaller."""
    top_left, top_right, _, bottom_left = number.quad
    across, down = top_right - top_left, bottom_left - top_left
    centre = line.quad.mean(axis=0) - top_left
    along, below = (float(centre @ side / max(1.0, float(side @ side))) for side in (across, down))
    share = line.height / max(1.0, number.height)
    return 0.1 < along < 0.95 and _VALID_FROM < below < _VALID_TO and _VALID_HEIGHTS[0] < share < _VALID_HEIGHTS[1]
