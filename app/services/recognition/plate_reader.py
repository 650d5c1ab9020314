"""The embedded recogniser's work on one picture: find lines, read them under the plate grammar, let the best
win.

Imports OpenCV and onnxruntime: only the recogniser's own worker thread imports this module.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.services.recognition.appearance import Printed, look_of, validity_of
from app.services.recognition.decoding import Decoding, PlateDecoder
from app.services.recognition.lines import Line, Picture, find_lines, rectify, whole_picture
from app.services.recognition.networks import LineReader, PlateFont, TextDetector
from app.services.recognition.opening import opened
from app.services.recognition.reading import Alternative, Box, PlateReading

_THREADS = 2
_SIDE = 832
_CROP_SIDE = 624
_SECOND_LOOKS = (1120, 499)
_WIDE_CROP = 2.0
"""A picture this much wider than high is a plate cut out already."""

_UPPER_SHARES = (0.72, 1.0)
"""A plate cut out: its upper part without the validity row, and all of it."""

_MOST_LINES = 14
_MOST_PLATES = 3
_MOST_ALTERNATIVES = 4
_LEAST_CONFIDENCE = 0.05
"""Below this a line is a shop sign far more often than a plate."""

_PLACES_SIDE, _MOST_PLACES, _LEAST_FIT = 1248, 40, -9.0
"""Where plates are looked for to cover them: larger than to read one, and down to lines that a plate explains badly."""

_PLATE_ASPECTS = (2.2, 12.0)
_COUNTRY = "id"


@dataclass(frozen=True)
class _ReadLine:
    """A line, perhaps a plate (one with hypotheses). `fit` says how well a plate explains it (0 is perfectly), `share` how much
    of the belief its best plate has, `clarity` how sure the reader was of what it saw, plate or not (0 is
    perfectly)."""

    line: Line
    decoding: Decoding

    @property
    def plate(self) -> str:
        return self.decoding.hypotheses[0].plate

    @property
    def fit(self) -> float:
        return self.decoding.hypotheses[0].score - self.decoding.free_score

    @property
    def share(self) -> float:
        return self.share_of(0)

    def share_of(self, rank: int) -> float:
        best = self.decoding.hypotheses[0].score
        weights = [math.exp(hypothesis.score - best) for hypothesis in self.decoding.hypotheses]
        return weights[rank] / sum(weights)

    def characters(self) -> tuple[float, ...]:
        """For each character of the plate the belief of all hypotheses that have it there."""
        likely = [(each.plate, self.share_of(rank)) for rank, each in enumerate(self.decoding.hypotheses)]
        return tuple(
            sum(share for other, share in likely if other[place : place + 1] == character)
            for place, character in enumerate(self.plate)
        )

    @property
    def clarity(self) -> float:
        return self.decoding.free_score

    @property
    def rank(self) -> float:
        """Evidence that this line is the plate: explained well, long, big in the picture, of a plate's
        shape."""
        shaped = _PLATE_ASPECTS[0] < self.line.aspect < _PLATE_ASPECTS[1]
        size = math.log(max(self.line.height, 1.0))
        return self.fit + 0.0875 * self.clarity + 0.9 * len(self.plate) + size - (0.0 if shaped else 3.0)

    @property
    def is_sure(self) -> bool:
        return self.fit > -1.5 and self.share > 0.8 and self.clarity > -1.5 and len(self.plate) >= 6

    @property
    def confidence(self) -> float:
        fit = math.exp(max(-20.0, min(0.0, self.fit + 0.5)) * 0.25)
        return self.share * fit * math.exp(max(-20.0, self.clarity) * 0.12)


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
        """The plates in a picture, best first. A larger and a smaller look follow only when the first is
        unsure."""
        height, width = picture.shape[:2]
        is_crop = width / height > _WIDE_CROP
        found: list[_ReadLine] = []
        printed: list[Printed] = []
        for side in (_CROP_SIDE if is_crop else _SIDE, *_SECOND_LOOKS):
            lines = find_lines(picture, self._detector.score_map, side=side, most=_MOST_LINES)
            if is_crop and not found:
                lines += [whole_picture(picture, upper=share) for share in _UPPER_SHARES]
            read = self._read_lines(picture, lines)
            printed += [Printed(each.line, each.decoding.free_text, each.decoding.free_confidence) for each in read]
            found = sorted([*found, *(each for each in read if each.decoding.hypotheses)], key=lambda each: -each.rank)
            if found and found[0].is_sure:
                break
        return tuple(
            replace(plate, look=look_of(picture, line), validity=validity_of(line, printed))
            for line, plate in _plates(found, width=width, height=height)
        )

    def _read_lines(self, picture: Picture, lines: list[Line]) -> list[_ReadLine]:
        strips = [(line, rectify(picture, line)) for line in lines]
        whole = [(line, strip) for line, strip in strips if strip is not None]
        if not whole:
            return []
        beliefs = self._reader.probabilities([strip for _, strip in whole])
        decodings = [self._decoder.decode(belief, self._font.beliefs(belief)) for belief in beliefs]
        pairs = zip((line for line, _ in whole), decodings, strict=True)
        return [_ReadLine(line, decoding) for line, decoding in pairs]


def _plates(found: list[_ReadLine], *, width: int, height: int) -> list[tuple[Line, PlateReading]]:
    """One answer per place: what overlaps a better line is that line again."""
    plates: list[tuple[Line, PlateReading]] = []
    for read in found:
        box = _box(read.line.quad, width=width, height=height)
        if read.confidence < _LEAST_CONFIDENCE or any(box.overlaps(taken.box) for _, taken in plates):
            continue
        plates.append((read.line, _reading(read, box)))
        if len(plates) == _MOST_PLATES:
            break
    return plates


def _reading(read: _ReadLine, box: Box) -> PlateReading:
    others = read.decoding.hypotheses[1:_MOST_ALTERNATIVES]
    scale = read.confidence / read.share
    return PlateReading(
        plate=read.plate,
        confidence=round(read.confidence, 4),
        box=box,
        region=_COUNTRY,
        alternatives=tuple(
            Alternative(other.plate, round(scale * read.share_of(rank), 4))
            for rank, other in enumerate(others, start=1)
        ),
        raw=read.decoding.free_text,
        characters=tuple(round(min(1.0, scale * share), 4) for share in read.characters()),
    )


def _box(quad: NDArray[np.float32], *, width: int, height: int) -> Box:
    (left, top), (right, bottom) = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    return Box(max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom)))
