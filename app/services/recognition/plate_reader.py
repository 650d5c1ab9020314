"""The embedded recogniser's work on one picture: find lines, read them under the plate grammar, let the best
win.

Imports OpenCV and onnxruntime: only the recogniser's own worker thread imports this module.
"""

import math
import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.services.recognition.appearance import Printed, look_of, validity_of
from app.services.recognition.calibration import OF_CHARACTERS, OF_PLATES
from app.services.recognition.decoding import PlateDecoder
from app.services.recognition.lines import Line, Picture, find_lines, rectify, whole_picture, widened
from app.services.recognition.networks import LineReader, PlateFont, TextDetector
from app.services.recognition.opening import opened
from app.services.recognition.read_lines import ReadLine, agreed
from app.services.recognition.reading import Alternative, Box, PlateReading

_THREADS = 2
_FIRST_ENLARGED, _FIRST_SIDES = 1.5, (624, 832)
_SECOND_ENLARGED, _SECOND_SIDES = 2.0, (832, 1120)
"""How many times a look enlarges the picture, and how long its longer side is then, at least and at most: what the camera did not see, no
enlarging shows, and the time of a look grows with its pixels."""

_LAST_SIDE = 499
_CROP_SIDES = (624, _LAST_SIDE)
_MOST_PIXELS = 1120 * 840
"""Of one look: a square one has no more than one of the shape of a photograph, for by its largest look a reader is as big as it is."""

_WIDE_CROP, _WIDEST_BLANK = 2.0, 4.0
"""A picture this much wider than high is a plate cut out already; one that is wider than any blank (430 by 135 mm, Perpol 7/2021) with its
edges is the number alone, without the validity row."""

_UPPER_SHARE = 0.72
"""Of a plate cut out with both rows, the number's: read in one with it, the validity becomes digits."""

_MOST_LINES = 14
_MOST_PLATES = 3
_MOST_ALTERNATIVES = 4
_LEAST_CONFIDENCE = 0.1
"""Below this a line is a shop sign far more often than a plate."""

_CUT_OFF = 1.8
"""Heights of a line by which it is widened where the grammar says that something is missing. On the blank of a car two letters, the gap
to the number and the edge take 136 mm, which is that much of a line around letters 66 mm high (Perpol 7/2021)."""

_LEAST_DIGITS = 2
_NO_SIGNS = re.compile(r"[^0-9A-Z]+")
_LIKE_VALIDITY = re.compile(r"[01][0-9][^0-9A-Z]+[0-9]{2}")

_PLACES_SIDE, _MOST_PLACES, _LEAST_FIT = 1248, 40, -9.0
"""Where plates are looked for to cover them: larger than to read one, and down to lines that a plate explains badly."""

_COUNTRY = "id"


@lru_cache(maxsize=1)
def the_plate_reader() -> "PlateReader":
    """The one reader of this process: the networks take some 300 MB, and every house may share them."""
    return PlateReader(threads=_THREADS)


class PlateReader:
    """The networks with their decoder; holds no state between pictures."""

    def __init__(self, *, threads: int) -> None:
        self._detector = TextDetector(threads=threads)
        self._reader = LineReader(threads=threads)
        self._font = PlateFont(self._reader.alphabet, threads=threads)
        self._decoder = PlateDecoder(self._reader.alphabet, self._font.symbols)

    def read(self, image: bytes) -> tuple[PlateReading, ...] | None:
        """The plates in a picture file, best first; None when the bytes are no picture."""
        picture = opened(image)
        return None if picture is None else self.read_picture(picture)

    def find_places(self, image: bytes) -> tuple[Box, ...]:
        """Every place of a picture file that may bear a plate, rather one too many than one too few: what nobody but their
        owners may read is covered there. Empty when the bytes are no picture."""
        whole = opened(image)
        if whole is None:
            return ()
        height, width = whole.shape[:2]
        lines = find_lines(whole, self._detector.score_map, side=_PLACES_SIDE, most=_MOST_PLACES)
        read_lines = [read for read in self._read_lines(whole, lines) if read.decoding.hypotheses]
        found = [read for read in read_lines if read.fit > _LEAST_FIT]
        return tuple(_box(read.line.quad, width=width, height=height) for read in found)

    def read_picture(self, picture: Picture) -> tuple[PlateReading, ...]:
        """The plates in a picture, best first. A larger and a smaller look (of a plate cut out a smaller one) follow only when the
        first is unsure."""
        height, width = picture.shape[:2]
        is_crop = width / height > _WIDE_CROP
        found: list[ReadLine] = []
        printed: list[Printed] = []
        for side in _CROP_SIDES if is_crop else _sides(width=width, height=height):
            lines = find_lines(picture, self._detector.score_map, side=side, most=_MOST_LINES)
            if is_crop and not found:
                lines.append(whole_picture(picture, upper=_UPPER_SHARE if width / height < _WIDEST_BLANK else 1.0))
            read = self._read_lines(picture, lines)
            printed += [Printed(each.line, each.decoding.free_text, each.decoding.free_confidence) for each in read]
            found = sorted([*found, *(each for each in read if each.decoding.hypotheses)], key=lambda each: -each.rank)
            if found and found[0].is_sure:
                break
        return tuple(
            replace(plate, look=look_of(picture, line, plate.plate), validity=validity_of(line, printed))
            for line, plate in _plates(found, width=width, height=height)
        )

    def _read_lines(self, picture: Picture, lines: list[Line]) -> list[ReadLine]:
        """The lines as they were found, and those of which a piece was left off as they are with it. A text detector easily overlooks a
        letter that stands alone, as the region's and the series' do on many plates."""
        read = self._read_as_found(picture, lines)
        missed = [whole for each in read if (whole := _completed(each)) is not None]
        return read + self._read_as_found(picture, missed[:_MOST_LINES])

    def _read_as_found(self, picture: Picture, lines: list[Line]) -> list[ReadLine]:
        strips = [(line, rectify(picture, line)) for line in lines]
        whole = [(line, strip) for line, strip in strips if strip is not None]
        if not whole:
            return []
        beliefs = self._reader.probabilities([strip for _, strip in whole])
        decodings = {place: self._decoder.decode(belief, self._font.beliefs(belief)) for place, belief in beliefs}
        return [ReadLine(line, decodings[place]) for place, (line, _) in enumerate(whole)]


def _sides(*, width: int, height: int) -> tuple[float, ...]:
    """The longer side of each look at a picture, in order."""
    longer, shorter = max(width, height), min(width, height)
    first = _between(_FIRST_SIDES, longer * _FIRST_ENLARGED)
    second = _between(_SECOND_SIDES, longer * _SECOND_ENLARGED)
    most = math.sqrt(_MOST_PIXELS * longer / shorter)
    return tuple(min(side, most) for side in (first, second, _LAST_SIDE))


def _between(ends: tuple[float, float], side: float) -> float:
    return max(ends[0], min(side, ends[1]))


def _completed(read: ReadLine) -> Line | None:
    """The line with what the grammar says is missing: before a number that begins with a digit stands a region code, behind one
    that ends with a digit nearly always a series. None for whole lines, words, and the validity."""
    text = read.decoding.free_text.strip().upper()
    signs = _NO_SIGNS.sub("", text)
    if sum(sign.isdigit() for sign in signs) < _LEAST_DIGITS or _LIKE_VALIDITY.fullmatch(text):
        return None
    left, right = (_CUT_OFF if signs[end].isdigit() else 0.0 for end in (0, -1))
    return widened(read.line, left=left, right=right) if left or right else None


def _plates(found: list[ReadLine], *, width: int, height: int) -> list[tuple[Line, PlateReading]]:
    """One answer per place, the surest first: what overlaps a better line is that line again."""
    plates: list[tuple[Line, PlateReading]] = []
    boxes = [_box(read.line.quad, width=width, height=height) for read in found]
    for read, box in zip(agreed(found, boxes), boxes, strict=False):
        is_plate = not read.is_invented and OF_PLATES(read.belief) >= _LEAST_CONFIDENCE
        if not is_plate or any(box.overlaps(taken.box) for _, taken in plates):
            continue
        plates.append((read.line, _reading(read, box)))
        if len(plates) == _MOST_PLATES:
            break
    return sorted(plates, key=lambda plate: -plate[1].confidence)


def _reading(read: ReadLine, box: Box) -> PlateReading:
    others = read.decoding.hypotheses[1:_MOST_ALTERNATIVES]
    confidence = OF_PLATES(read.belief)
    # What is left is shared out among the others by belief: together they are never more than all.
    left = (1 - confidence) / max(1e-9, 1 - read.share)
    return PlateReading(
        plate=read.plate,
        confidence=round(confidence, 4),
        box=box,
        region=_COUNTRY,
        alternatives=tuple(
            Alternative(other.plate, round(left * read.share_of(rank), 4)) for rank, other in enumerate(others, start=1)
        ),
        raw=read.decoding.free_text,
        characters=tuple(round(OF_CHARACTERS(read.scale * share), 4) for share in read.characters()),
    )


def _box(quad: NDArray[np.float32], *, width: int, height: int) -> Box:
    (left, top), (right, bottom) = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    return Box(max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom)))
