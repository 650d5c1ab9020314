"""From character probabilities to plates: a CTC beam search that can only write Indonesian plates.

A general text reader prints `B I234 XY2`. Searching its probabilities under the grammar of plates (Perpol
7/2021) finds the plate that explains them best, instead of mending the printed text afterwards. Plates without a
region code (`RI 1`, `CD 12 35`, `1234-00`) are in the grammar too: otherwise they would be forced onto one.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from string import ascii_uppercase, digits

import numpy as np
from numpy.typing import NDArray

from app.services.reference.plates import diplomatic_splits, parse_plate, region_codes

Floats = NDArray[np.float32]

_SYMBOLS = ascii_uppercase + digits
_MARK = "-"
"""A gap or hyphen that is part of the number: it tells CD 12 35 from CD 123 5."""

_COLUMN = {symbol: column for column, symbol in enumerate(_SYMBOLS + _MARK)}
_SHAPE = re.compile(r"([A-Z]*)([0-9]*)([A-Z]*)")
_STATE = re.compile(r"RI([0-9]*)")
_DIPLOMATIC = re.compile(r"C([DCH]?)([0-9]*)(-?)([0-9]*)")
_FORCE = re.compile(r"([0-9]+)(-?)([0-9]*|[IVX]*)")
_WHOLE_STATE = re.compile(r"RI[1-9][0-9]{0,2}")
_WHOLE_DIPLOMATIC = re.compile(r"C[DCH][1-9][0-9]{1,2}-[0-9]{1,3}")

# Two digits and two digits are the validity that stands on every plate, so a police or TNI plate with so short a number is
# not read as one.
_WHOLE_FORCE = re.compile(r"[0-9]{3,6}-[0-9]{2}|[0-9]{1,6}-[IVX]{1,4}")

_BEAM = 12
_LEAST_PROBABILITY = 1e-5
_LEAST_STEP = 3e-4
_LEAST_GAP = 1e-4
_PLAIN_GAP = 0.9995

# How rare a plate with so many digits or series letters is (natural logarithm, against the usual four and
# two).
_DIGITS_PRIOR = {1: -2.5, 2: -2.0, 3: -1.2, 4: 0.0}
_SERIES_PRIOR = {0: -6.0, 1: -1.0, 2: 0.0, 3: -0.1}

# Plates without a region code, as rare as the rarest civil shape. None stood on the labelled pictures: these are no figures.
_STATE_PRIOR, _DIPLOMATIC_PRIOR, _FORCE_PRIOR = -4.0, -4.0, -6.0

_GAPS = " ·.-'’,:•_~*"

# What the general reader prints for what stands on a plate, and how much of its belief goes over. The plate
# font's O is slashed, its 4 open, its Q hardly tailed. Weights were chosen on labelled pictures, the pairs by
# looking at them.
_SEEN_FOR: dict[str, dict[str, float]] = {
    "0": {"O": 0.3, "Q": 0.2, "D": 0.15, "U": 0.05, "Ø": 0.3},
    "1": {"I": 0.3, "L": 0.1, "l": 0.3, "J": 0.05, "T": 0.05, "|": 0.2},
    "2": {"Z": 0.3},
    "4": {"A": 0.1},
    "5": {"S": 0.3},
    "6": {"G": 0.2, "b": 0.3},
    "7": {"T": 0.1, "Y": 0.05},
    "8": {"B": 0.3},
    "9": {"g": 0.3, "q": 0.3, "P": 0.05},
    "A": {"4": 0.15},
    "B": {"8": 0.4, "6": 0.05, "3": 0.05},
    "C": {"0": 0.03, "G": 0.05},
    "D": {"0": 0.1, "O": 0.08},
    "G": {"6": 0.25, "C": 0.05},
    "H": {"M": 0.03, "N": 0.05},
    "I": {"1": 0.4, "l": 0.4, "|": 0.4, "J": 0.03},
    "L": {"I": 0.03},
    "N": {"H": 0.05},
    "O": {"0": 0.6, "Ø": 1.0, "ø": 1.0, "8": 0.1, "Q": 0.1, "D": 0.03},
    "P": {"9": 0.05, "F": 0.03},
    "Q": {"0": 0.15, "O": 0.15},
    "S": {"5": 0.3},
    "T": {"7": 0.1},
    "U": {"V": 0.03},
    "V": {"U": 0.03},
    "W": {"H": 0.03, "V": 0.02, "N": 0.02},
    "X": {"K": 0.03},
    "Z": {"2": 0.3},
}
_SMALL_LETTER = 0.8
_SMALL_LETTERS_APART = "LQBG"
"""Letters whose small form looks like another character (l, q, b, g)."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A plate text with its score: the logarithm of its probability and of how usual its shape is."""

    plate: str
    score: float


@dataclass(frozen=True, slots=True)
class Decoding:
    """What one line of text may say: hypotheses, best first (none when no plate fits), the score of the free reading, and what the
    reader would print without any grammar, with its confidence in all of that (0 to 1)."""

    hypotheses: tuple[Hypothesis, ...]
    free_score: float
    free_text: str
    free_confidence: float = 0.0


class PlateDecoder:
    """Decodes one reader's probabilities; `alphabet` names its columns, the CTC blank first. `taught` names those of a second
    reader of the same line, one that knows plates."""

    def __init__(self, alphabet: Sequence[str], taught: str = " " + _SYMBOLS) -> None:
        first: dict[str, int] = {}
        for column, character in enumerate(alphabet):
            first.setdefault(character, column)
        self._alphabet = alphabet
        self._sources = [_sources_of(symbol, first) for symbol in _SYMBOLS]
        self._marks = [first[gap] for gap in _GAPS if gap in first]
        self._gaps = [0, *self._marks]
        self._taught = [taught.index(symbol) for symbol in _SYMBOLS]

    def decode(self, probabilities: Floats, taught: Floats | None = None) -> Decoding:
        """The plates that `probabilities` (time, alphabet) may spell. With what the second reader makes of the same line, `taught`
        (time, its columns), both have to believe in a character: the square root of the product counts."""
        beliefs, gaps, marks = (part(probabilities) for part in (self._beliefs, self._gap_beliefs, self._mark_beliefs))
        surest = probabilities.max(axis=1)
        printed = math.exp(float(np.log(np.maximum(surest, 1e-6)).sum()))
        if taught is not None:
            beliefs = np.sqrt(beliefs * np.maximum(taught[:, self._taught], _LEAST_PROBABILITY))
            taught_gap = np.maximum(taught[:, 0], _LEAST_GAP)
            gaps, marks = np.sqrt(gaps * taught_gap), np.sqrt(marks * taught_gap)
            surest = np.sqrt(surest * taught.max(axis=1))
        free_score = float(np.log(np.maximum(surest, 1e-6)).sum())
        hypotheses = _search(np.column_stack([beliefs, marks]), gaps)
        return Decoding(hypotheses, free_score, self._free_text(probabilities), printed)

    def _beliefs(self, probabilities: Floats) -> Floats:
        beliefs = np.full((len(probabilities), len(_SYMBOLS)), _LEAST_PROBABILITY, dtype=np.float32)
        for column, sources in enumerate(self._sources):
            for source, weight in sources:
                np.maximum(beliefs[:, column], probabilities[:, source] * weight, out=beliefs[:, column])
        return beliefs

    def _gap_beliefs(self, probabilities: Floats) -> Floats:
        likeliest = probabilities[:, self._gaps].max(axis=1)
        return np.asarray(np.maximum(likeliest, _LEAST_GAP), dtype=np.float32)

    def _mark_beliefs(self, probabilities: Floats) -> Floats:
        if not self._marks:
            return np.zeros(len(probabilities), dtype=np.float32)
        return np.asarray(probabilities[:, self._marks].max(axis=1), dtype=np.float32)

    def _free_text(self, probabilities: Floats) -> str:
        best = probabilities.argmax(axis=1)
        kept = [c for before, c in pairwise([0, *best]) if c and c != before]
        return "".join(self._alphabet[c] for c in kept)


def _sources_of(symbol: str, first: dict[str, int]) -> list[tuple[int, float]]:
    weights = {symbol: 1.0, **_SEEN_FOR.get(symbol, {})}
    if symbol.isalpha() and symbol not in _SMALL_LETTERS_APART:
        weights.setdefault(symbol.lower(), _SMALL_LETTER)
    return [(first[character], weight) for character, weight in weights.items() if character in first]


def _search(beliefs: Floats, gaps: Floats) -> tuple[Hypothesis, ...]:
    # CTC prefix search: per prefix the probability of ending in a gap and of ending in its last character,
    # kept near one by a running scale so that long lines do not underflow.
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    scale = 0.0
    for belief, gap in zip(beliefs.tolist(), gaps.tolist(), strict=True):
        if gap > _PLAIN_GAP:
            beams = {prefix: ((ended + open_) * gap, 0.0) for prefix, (ended, open_) in beams.items()}
            continue
        ranked = sorted(_step(beams, belief, gap).items(), key=lambda item: -sum(item[1]))[:_BEAM]
        total = sum(ranked[0][1])
        if total <= 0:
            return ()
        scale += math.log(total)
        beams = {prefix: (ended / total, open_ / total) for prefix, (ended, open_) in ranked}
    scored: dict[str, float] = {}
    for prefix, (ended, open_) in beams.items():
        if ended + open_ > 0:
            for plate, prior in _plates_of(prefix):
                score = math.log(ended + open_) + scale + prior
                scored[plate] = float(np.logaddexp(scored[plate], score)) if plate in scored else score
    found = (Hypothesis(plate, score) for plate, score in scored.items())
    return tuple(sorted(found, key=lambda hypothesis: -hypothesis.score))


def _step(beams: dict[str, tuple[float, float]], belief: list[float], gap: float) -> dict[str, tuple[float, float]]:
    after: dict[str, tuple[float, float]] = {}
    for prefix, (ended, open_) in beams.items():
        here_ended, here_open = after.get(prefix, (0.0, 0.0))
        repeated = open_ * belief[_COLUMN[prefix[-1]]] if prefix else 0.0
        after[prefix] = (here_ended + (ended + open_) * gap, here_open + repeated)
        for symbol in _followers(prefix):
            probability = belief[_COLUMN[symbol]]
            if probability > _LEAST_STEP:
                origin = ended if prefix[-1:] == symbol else ended + open_
                next_ended, next_open = after.get(prefix + symbol, (0.0, 0.0))
                after[prefix + symbol] = (next_ended, next_open + origin * probability)
    return after


@lru_cache(maxsize=50_000)
def _followers(prefix: str) -> str:
    """The characters that may follow the beginning of a plate."""
    if prefix.startswith("C"):
        return _followers_of_mission(prefix)
    if prefix.startswith("RI"):
        number = _matched(_STATE, prefix)[0]
        return (digits if number else digits[1:]) if len(number) < 3 else ""
    if prefix[:1].isdigit():
        return _followers_of_force(prefix)
    region, number, series = _parts(prefix)
    if series:
        return ascii_uppercase if len(series) < 3 else ""
    if number:
        return ascii_uppercase + (digits if len(number) < 4 else "")
    if not region:
        return "".join(sorted({code[0] for code in region_codes()})) + "C" + digits
    second = [letter for letter in ascii_uppercase if region + letter in region_codes() or region + letter == "RI"]
    return "".join(second) + (digits[1:] if region in region_codes() else "")


def _followers_of_mission(prefix: str) -> str:
    kind, country, mark, number = _matched(_DIPLOMATIC, prefix)
    if not kind:
        return "CDH"
    if mark:
        return digits if len(number) < 3 else ""
    # Where no gap is seen all digits come in one, and both splits are told afterwards.
    return (digits if country else digits[1:]) * (len(country) < 6) + _MARK * (len(country) in (2, 3))


def _followers_of_force(prefix: str) -> str:
    number, mark, unit = _matched(_FORCE, prefix)
    if not mark:
        return digits * (len(number) < 6) + _MARK
    if not unit:
        return digits + "IVX"
    return (digits if len(unit) < 2 else "") if unit.isdigit() else ("IVX" if len(unit) < 4 else "")


@lru_cache(maxsize=50_000)
def _plates_of(text: str) -> tuple[tuple[str, float], ...]:
    """The plates, in canonical form, that a whole text stands for, each with the logarithm of how usual it is; none for what is only
    a beginning."""
    if text.startswith("C"):
        whole = _WHOLE_DIPLOMATIC.fullmatch(text) and parse_plate(text)
        splits = (whole,) if whole else diplomatic_splits(text)
        return tuple((plate.canonical, _DIPLOMATIC_PRIOR - math.log(len(splits))) for plate in splits)
    if text.startswith("RI"):
        return ((text, _STATE_PRIOR),) if _WHOLE_STATE.fullmatch(text) else ()
    if text[:1].isdigit():
        return ((text, _FORCE_PRIOR),) if _WHOLE_FORCE.fullmatch(text) else ()
    region, number, series = _parts(text)
    if not region or not number:
        return ()
    return ((text, _DIGITS_PRIOR[len(number)] + _SERIES_PRIOR[len(series)]),)


def _parts(text: str) -> tuple[str, ...]:
    return _matched(_SHAPE, text)


def _matched(shape: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = shape.fullmatch(text)
    assert found is not None, "prefixes are built by the grammar"
    return found.groups()
