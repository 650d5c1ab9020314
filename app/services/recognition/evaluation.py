"""How good a recogniser is on pictures whose plates are known: figures with their uncertainty, never a percentage alone.

A share comes with its 95 % interval by Wilson's score (E. B. Wilson, 1927), which stays honest for few pictures and near 0 and 1. A threshold that
was chosen on the same pictures looks better here than it is on others: keep a set apart.
"""

import asyncio
import math
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from app.core.problems import BUSY, Problem
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_BUSY
from app.services.recognition.reading import Box, Reading, Recogniser
from app.services.reference import parse_plate

THRESHOLDS = (*(step / 20 for step in range(20)), 0.97, 0.98, 0.99)
PROMISED = (0.95, 0.99)
"""Precisions for which `evaluate` seeks a threshold."""

_FOLDS = 5
_MOST_TRIES = 6
_MOST_WAIT_S = 60
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture file and the plate that stands on it; `kind` groups pictures."""

    file: str
    plate: str
    kind: str = "all"


@dataclass(frozen=True, slots=True)
class Measured:
    """One picture: what stands on the plate, what was read (empty: nothing), how sure, where, how long it took, and the refusal if there
    was one."""

    file: str
    kind: str
    plate: str
    read: str
    confidence: float
    ms: float
    box: Box | None = None
    problem: str | None = None

    @property
    def exact(self) -> bool:
        """Whether the whole plate is right."""
        return self.plate == self.read


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the interval in which the true share lies 19 times of 20."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """0 to 1; 0 of nothing is 0."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval, 95 %; of nothing all is possible."""
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n)) / (1 + _Z**2 / n)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Were readings accepted from this confidence on: `coverage` of all pictures would be, and so much of it (`precision`) right."""

    threshold: float
    coverage: Share
    precision: Share


@dataclass(frozen=True, slots=True)
class Promise:
    """What a threshold sought for the precision `asked` is worth on plates that it was not sought on: five times it is sought on four
    fifths of the plates and tried on the fifth. `threshold` is that of all pictures, None when no confidence gives the precision."""

    asked: float
    threshold: float | None
    coverage: Share
    precision: Share


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a recogniser on one set of pictures. Times in milliseconds, memory in MiB."""

    recogniser: str
    pictures: int
    exact: Share
    by_kind: dict[str, Share]
    character_error_rate: float
    nothing_read: int
    refused: int
    ms_p50: float
    ms_p95: float
    peak_memory_mib: float
    thresholds: tuple[AtThreshold, ...]
    promises: tuple[Promise, ...]
    worst: tuple[Measured, ...]


async def measure(recogniser: Recogniser, labelled: Labelled, image: bytes) -> Measured:
    """Read one picture. One that cannot be opened counts as not read. A recogniser that is full is asked again after the time
    that it names; that it is away (503) or refuses us (502: its token, its licence) is raised, for it says nothing about the picture."""
    reading, ms, problem = await _patiently(recogniser, image)
    best = next(iter(reading.results), None) if reading else None
    wanted = parse_plate(labelled.plate)
    plate = wanted.canonical if wanted else "".join(labelled.plate.upper().split())
    read, confidence, box = (best.plate, best.confidence, best.box) if best else ("", 0.0, None)
    return Measured(labelled.file, labelled.kind, plate, read, confidence, ms, box, problem)


async def _patiently(recogniser: Recogniser, image: bytes) -> tuple[Reading | None, float, str | None]:
    """The reading, the milliseconds of the try that gave it, and why there is none."""
    for patience in range(_MOST_TRIES, 0, -1):
        started = time.perf_counter()
        try:
            return await recogniser.read(image), _ms_since(started), None
        except Problem as refused:
            if refused.type is PICTURE_NOT_READABLE:
                return None, _ms_since(started), refused.type.code
            if patience == 1 or refused.type not in (RECOGNISER_BUSY, BUSY):
                raise
            await asyncio.sleep(min(_MOST_WAIT_S, int(refused.headers.get("Retry-After", "1"))))
    raise AssertionError("the last try returns or raises")


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


def evaluate(recogniser: str, measured: Sequence[Measured]) -> Evaluation:
    """The figures, and all that went wrong, the most confident mistake first: it is the one that would pass unseen."""
    kinds = sorted({each.kind for each in measured})
    times = sorted(each.ms for each in measured)
    return Evaluation(
        recogniser=recogniser,
        pictures=len(measured),
        exact=_exact(measured),
        by_kind={kind: _exact([each for each in measured if each.kind == kind]) for kind in kinds},
        character_error_rate=_character_error_rate(measured),
        nothing_read=sum(not each.read for each in measured),
        refused=sum(each.problem is not None for each in measured),
        ms_p50=_percentile(times, 0.5),
        ms_p95=_percentile(times, 0.95),
        peak_memory_mib=peak_memory_mib(),
        thresholds=tuple(_at(threshold, measured) for threshold in THRESHOLDS),
        promises=tuple(promise(asked, measured) for asked in PROMISED),
        worst=tuple(sorted((each for each in measured if not each.exact), key=lambda each: -each.confidence)),
    )


def peak_memory_mib() -> float:
    """The most memory that this process has held so far. Of a server that reads elsewhere it tells nothing."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _exact(measured: Sequence[Measured]) -> Share:
    return Share(sum(each.exact for each in measured), len(measured))


def _at(threshold: float, measured: Sequence[Measured]) -> AtThreshold:
    taken = [each for each in measured if each.read and each.confidence >= threshold]
    return AtThreshold(threshold, Share(len(taken), len(measured)), _exact(taken))


def promise(asked: float, measured: Sequence[Measured]) -> Promise:
    """See `Promise`. Pictures of one plate are always on the same side."""
    fold = {plate: place % _FOLDS for place, plate in enumerate(sorted({each.plate for each in measured}))}
    taken: list[Measured] = []
    for left_out in range(_FOLDS):
        threshold = _threshold(asked, [each for each in measured if fold[each.plate] != left_out])
        if threshold is not None:
            tried = (each for each in measured if fold[each.plate] == left_out and each.read)
            taken += [each for each in tried if each.confidence >= threshold]
    return Promise(asked, _threshold(asked, measured), Share(len(taken), len(measured)), _exact(taken))


def _threshold(asked: float, measured: Sequence[Measured]) -> float | None:
    """The lowest confidence from which on at least the share `asked` of what was read is right."""
    read = sorted((each for each in measured if each.read), key=lambda each: -each.confidence)
    found, right = None, 0
    for count, each in enumerate(read, start=1):
        right += each.exact
        is_last_of_its_confidence = count == len(read) or read[count].confidence < each.confidence
        if is_last_of_its_confidence and right >= asked * count:
            found = each.confidence
    return found


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: a time that was really measured."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _character_error_rate(measured: Sequence[Measured]) -> float:
    """Characters to insert, drop or change for each character that stands there; may exceed 1."""
    return sum(_distance(each.read, each.plate) for each in measured) / sum(len(each.plate) for each in measured)


def _distance(one: str, other: str) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        above = row
        row = [i]
        for j, b in enumerate(other, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]
